"""Amounts: exact, with a unit, and the same after writing and reading."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srcnet_compiler.quantity import (
    SECONDS_PER_YEAR,
    Bytes,
    DataRate,
    Period,
    format_bytes,
    format_duration,
    format_percent,
    parse_bit_rate,
    parse_bytes,
    parse_data_rate,
    parse_duration,
    parse_percent,
    parse_period,
    round_bytes,
)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0 B", 0),
        ("1 B", 1),
        ("1 kB", 10**3),
        ("4 PB", 4 * 10**15),
        ("4PB", 4 * 10**15),
        ("4.5 PB", 45 * 10**14),
        ("0.1 TB", 10**11),
        ("1 EB", 10**18),
        ("1 KiB", 2**10),
        ("1.5 KiB", 1536),
        ("4 PiB", 4 * 2**50),
        ("1 EiB", 2**60),
        ("0.001 kB", 1),
    ],
)
def test_bytes_are_exact(text, amount):
    assert parse_bytes(text) == amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1 bit/s", 1), ("100 Gbit/s", 10**11), ("2.5 Tbit/s", 25 * 10**11), ("1 kbit/s", 1000)],
)
def test_line_rates_are_exact(text, amount):
    assert parse_bit_rate(text) == amount


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1 s", 1), ("2 min", 120), ("12 h", 43_200), ("0.5 h", 1800), ("7 d", 604_800),
     ("2 weeks", 1_209_600)],
)  # fmt: skip
def test_lengths_of_time_are_exact(text, seconds):
    assert parse_duration(text) == seconds


@given(st.integers(1, 10**12))
def test_a_length_of_time_survives_writing_and_reading(seconds):
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "part", "shown"),
    [("40 %", 4000, "40 %"), ("62.5%", 6250, "62.5 %"), ("0.01 %", 1, "0.01 %"), ("0 %", 0, "0 %"),
     ("1000 %", 100_000, "1000 %")],
)  # fmt: skip
def test_parts_of_a_whole_are_exact(text, part, shown):
    assert parse_percent(text) == part
    assert format_percent(part) == shown


@pytest.mark.parametrize("text", ["40", "0.4", "0.001 %", "40 per cent"])
def test_what_is_no_part_of_a_whole_is_refused(text):
    with pytest.raises(ValueError, match=r"40 %|per cent"):
        parse_percent(text)


def test_a_year_in_a_rate_has_365_and_a_quarter_days():
    assert SECONDS_PER_YEAR == 365.25 * 86_400
    assert parse_data_rate("30 PB/yr").bytes_per_year == 30 * 10**15
    assert parse_data_rate("1 PB/d").bytes_per_year == Fraction(36525, 100) * 10**15


def test_a_rate_that_is_no_whole_number_of_bytes_is_kept_exact():
    assert parse_data_rate("0.3 B/d").bytes_per_year == Fraction(3, 10) * Fraction(36525, 100)
    assert str(DataRate(Fraction(3 * 10**15))) == "3 PB/yr"


def test_a_period_of_the_calendar_stays_what_it_is():
    assert parse_period("12 months") == Period(12, "months")
    assert parse_period("1years") == Period(1, "years")
    assert str(parse_period("2 weeks")) == "2 weeks"
    assert parse_period("1 year") == Period(1, "years")


@pytest.mark.parametrize(
    ("parse", "text", "words"),
    [
        (parse_bytes, "4", "with its unit"),
        (parse_bytes, "", "with its unit"),
        (parse_bytes, "-4 PB", "with its unit"),
        (parse_bytes, "4e3 PB", "with its unit"),
        (parse_bytes, "4 PB PB", "with its unit"),
        (parse_bytes, "4,5 PB", "with its unit"),
        (parse_bytes, "4 PB\n", "with its unit"),
        (parse_bytes, "٤ PB", "with its unit"),
        (parse_bytes, "4 pb", "unknown unit `pb`"),
        (parse_bytes, "4 Gbit/s", "unknown unit `Gbit/s`"),
        (parse_bytes, "1.5 B", "not a whole number of bytes"),
        (parse_bytes, "0.0001 kB", "not a whole number of bytes"),
        (parse_bit_rate, "100 GB/s", "unknown unit `GB/s`"),
        (parse_bit_rate, "0.5 bit/s", "not a whole number of bits per second"),
        (parse_duration, "12 months", "unknown unit `months`"),
        (parse_duration, "0.5 s", "not a whole number of seconds"),
        (parse_data_rate, "30 PB", "per year or per day"),
        (parse_data_rate, "30 PB/month", "per year or per day"),
        (parse_data_rate, "30/yr", "with its unit"),
        (parse_data_rate, "30 bananas/yr", "unknown unit `bananas`"),
        (parse_period, "12", "with its unit"),
        (parse_period, "1.5 years", "with its unit"),
        (parse_period, "12 h", "with its unit"),
    ],
)
def test_what_is_no_amount_is_said_in_words(parse, text, words):
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        parse(text)


@given(st.integers(0, 10**21))
def test_bytes_survive_writing_and_reading(amount):
    assert parse_bytes(format_bytes(Bytes(amount))) == amount


@given(st.integers(0, 10**6), st.sampled_from(["kB", "TB", "PB", "KiB", "TiB", "EiB"]))
def test_a_hundredth_is_a_hundredth(hundredths, unit):
    text = f"{hundredths // 100}.{hundredths % 100:02} {unit}"
    exact = Fraction(hundredths, 100) * parse_bytes(f"1 {unit}")
    if exact.denominator == 1:
        assert parse_bytes(text) == exact
    else:
        with pytest.raises(ValueError, match="not a whole number"):
            parse_bytes(text)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (1234, "1.23 kB"),
        (999_999, "1 MB"),
        (6_291_610_000_000_000, "6.29 PB"),
        (10**18, "1 EB"),
        (123_456 * 10**18, "123456 EB"),
        (Fraction(10**15, 3), "333 TB"),
        (Fraction(1, 3), "0 B"),
    ],
)
def test_an_amount_for_people_has_three_figures(amount, text):
    assert round_bytes(amount) == text


@given(st.integers(1, 10**22))
def test_an_amount_for_people_is_near_the_truth(amount):
    number, unit = round_bytes(amount).split(" ")
    shown = Fraction(number) * parse_bytes(f"1 {unit}")
    assert abs(shown - amount) <= Fraction(amount, 150)
    assert "e" not in number

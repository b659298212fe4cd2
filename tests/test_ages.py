"""Ages count in whole days of the calendar, forwards and backwards alike."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from srcnet_compiler.ages import day_of_age, last_born
from srcnet_compiler.quantity import Period


@pytest.mark.parametrize(
    ("created", "age", "first"),
    [
        ("2027-01-31", Period(1, "months"), "2027-02-28"),
        ("2027-01-31", Period(13, "months"), "2028-02-29"),
        ("2028-02-29", Period(1, "years"), "2029-02-28"),
        ("2027-12-01", Period(1, "months"), "2028-01-01"),
        ("2027-12-31", Period(2, "weeks"), "2028-01-14"),
        ("2027-12-31", Period(1, "d"), "2028-01-01"),
        ("2027-12-31", Period(99999, "years"), "9999-12-31"),
        ("2027-12-31", Period(10**12, "d"), "9999-12-31"),
    ],
)
def test_an_age_is_reached_on_one_day_of_the_calendar(created, age, first):
    assert day_of_age(date.fromisoformat(created), age) == date.fromisoformat(first)


@given(
    st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    st.builds(Period, st.integers(1, 40), st.sampled_from(["d", "weeks", "months", "years"])),
    st.integers(-3, 3),
)
@example(date(2027, 2, 28), Period(1, "months"), 1)
@example(date(2028, 2, 29), Period(1, "years"), 0)
def test_whoever_is_born_no_later_than_the_last_one_is_of_that_age(
    day: date, age: Period, shift: int
):
    last = last_born(day, age)
    born = last + timedelta(days=shift)
    assert (day_of_age(born, age) <= day) is (born <= last)


def test_before_the_first_year_nobody_was_born():
    assert last_born(date(2027, 1, 1), Period(3000, "years")) == date.min
    assert last_born(date(2027, 1, 1), Period(10**9, "d")) == date.min

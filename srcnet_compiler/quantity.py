"""Amounts with units as exact integers: bytes, bits per second, seconds, parts of a whole."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import NewType

Bytes = NewType("Bytes", int)
BitsPerSecond = NewType("BitsPerSecond", int)
Seconds = NewType("Seconds", int)
BasisPoints = NewType("BasisPoints", int)
"""Hundredths of a per cent."""

_NUMBER = r"[0-9]+(\.[0-9]+)?"
_BYTE_UNITS = {
    "B": 1,
    **{p + "B": 1000**n for n, p in enumerate("kMGTPE", start=1)},
    **{p + "iB": 1024**n for n, p in enumerate("KMGTPE", start=1)},
}
_BIT_UNITS = {
    "bit/s": 1,
    **{p + "bit/s": 1000**n for n, p in enumerate("kMGT", start=1)},
}
_TIME_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "weeks": 604800, "week": 604800}
_CALENDAR_UNITS = {
    **{"d": "d", "weeks": "weeks", "months": "months", "years": "years"},
    **{"week": "weeks", "month": "months", "year": "years"},
}
"""As they may be written, and what they are called here."""
_PARTS_OF_A_WHOLE = {"%": 100}
SECONDS_PER_YEAR = 31_557_600
"""A year in a rate: 365.25 days."""


def _pattern(units: tuple[str, ...] | dict[str, int]) -> str:
    return rf"^{_NUMBER} ?({'|'.join(re.escape(unit) for unit in units)})$".replace("\\/", "/")


BYTES_PATTERN = _pattern(_BYTE_UNITS)
BIT_RATE_PATTERN = _pattern(_BIT_UNITS)
DATA_RATE_PATTERN = rf"^{_NUMBER} ?({'|'.join(_BYTE_UNITS)})/(d|yr)$"
DURATION_PATTERN = _pattern(_TIME_UNITS)
PERCENT_PATTERN = _pattern(_PARTS_OF_A_WHOLE)
PERIOD_PATTERN = rf"^[0-9]+ ?({'|'.join(_CALENDAR_UNITS)})$"


@dataclass(frozen=True, slots=True)
class DataRate:
    """Bytes that arrive in one year of 365.25 days; exact, so never rounded before it is shown."""

    bytes_per_year: Fraction

    def __str__(self) -> str:
        return f"{format_bytes(Bytes(round(self.bytes_per_year)))}/yr"


@dataclass(frozen=True, slots=True)
class Period:
    """A span of the calendar such as ``12 months``; it has no length in seconds."""

    count: int
    unit: str

    def __str__(self) -> str:
        return f"{self.count} {self.unit}"


def parse_bytes(text: str) -> Bytes:
    """Read an amount such as ``4 PB`` (4·10¹⁵) or ``4 PiB`` (4·2⁵⁰).

    Raises ValueError when the unit is missing or unknown, or when the amount is
    not a whole number of bytes.

    >>> parse_bytes("1.5 TB")
    1500000000000
    """
    return Bytes(_whole(text, _BYTE_UNITS, "bytes", "4 PB"))


def parse_bit_rate(text: str) -> BitsPerSecond:
    """Read a line rate such as ``100 Gbit/s``; raises ValueError as `parse_bytes` does."""
    return BitsPerSecond(_whole(text, _BIT_UNITS, "bits per second", "100 Gbit/s"))


def parse_duration(text: str) -> Seconds:
    """Read a length of time such as ``7 d``; raises ValueError as `parse_bytes` does."""
    return Seconds(_whole(text, _TIME_UNITS, "seconds", "12 h"))


def parse_percent(text: str) -> BasisPoints:
    """Read a part of a whole such as ``12.5 %`` (1250); raises ValueError as `parse_bytes` does."""
    return BasisPoints(_whole(text, _PARTS_OF_A_WHOLE, "hundredths of a per cent", "40 %"))


def parse_data_rate(text: str) -> DataRate:
    """Read an arrival rate such as ``30 PB/yr`` or ``1 PB/d``; raises ValueError without a unit."""
    amount, _, per = text.rpartition("/")
    days = {"yr": Fraction(1), "d": Fraction(36525, 100)}.get(per)
    if days is None:
        raise ValueError(f"write the rate per year or per day, such as `30 PB/yr`, not `{text}`")
    number, unit = _split(amount, _BYTE_UNITS, "30 PB/yr")
    return DataRate(number * unit * days)


def parse_period(text: str) -> Period:
    """Read a calendar period such as ``12 months``; raises ValueError without a unit."""
    match = re.fullmatch(rf"([0-9]+) ?({'|'.join(_CALENDAR_UNITS)})", text)
    if match is None:
        raise ValueError(f"write the period with its unit, such as `12 months`, not `{text}`")
    return Period(int(match[1]), _CALENDAR_UNITS[match[2]])


def _split(text: str, units: dict[str, int], example: str) -> tuple[Fraction, int]:
    match = re.fullmatch(rf"(?P<number>{_NUMBER}) ?(?P<unit>[^\s0-9.]\S*)", text)
    if match is None:
        raise ValueError(f"write the amount with its unit, such as `{example}`, not `{text}`")
    if match["unit"] not in units:
        raise ValueError(f"unknown unit `{match['unit']}`, expected one of {', '.join(units)}")
    return Fraction(match["number"]), units[match["unit"]]


def _whole(text: str, units: dict[str, int], what: str, example: str) -> int:
    number, unit = _split(text, units, example)
    exact = number * unit
    if exact.denominator != 1:
        raise ValueError(f"`{text}` is not a whole number of {what}")
    return exact.numerator


def format_bytes(amount: Bytes) -> str:
    """Write bytes in the largest decimal unit that keeps them exact, for `parse_bytes` to read."""
    for unit in ("EB", "PB", "TB", "GB", "MB", "kB"):
        if amount and amount % _BYTE_UNITS[unit] == 0:
            return f"{amount // _BYTE_UNITS[unit]} {unit}"
    return f"{amount} B"


def format_percent(part: int) -> str:
    """Write hundredths of a per cent for people, exactly: ``12.5 %``."""
    return f"{part / 100:.10g} %"


def format_duration(amount: int) -> str:
    """Write seconds in the largest unit that keeps them exact, for `parse_duration` to read."""
    for unit in ("d", "h", "min"):
        if amount and amount % _TIME_UNITS[unit] == 0:
            return f"{amount // _TIME_UNITS[unit]} {unit}"
    return f"{amount} s"


def round_bytes(amount: int | Fraction) -> str:
    """Write an amount for people: three figures in a decimal unit, such as ``6.29 PB``.

    >>> round_bytes(6_291_610_000_000_000)
    '6.29 PB'
    """
    for unit in ("EB", "PB", "TB", "GB", "MB", "kB"):
        scaled = Fraction(amount) / _BYTE_UNITS[unit]
        if scaled >= Fraction(9995, 10_000):  # what would be 1000 of the next smaller unit
            return f"{float(scaled):.3g} {unit}" if scaled < 999 else f"{round(scaled)} {unit}"
    return f"{round(amount)} B"

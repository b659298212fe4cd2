"""Lines of cron, as Kubernetes reads them: five fields, days of the week from 0 to 6.

Source: github.com/robfig/cron, version 3, parser.go and spec.go.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple


class Field(NamedTuple):
    """One of the five: what it counts, between which numbers, and their names in order."""

    what: str
    least: int
    most: int
    names: tuple[str, ...] = ()


_MONTHS = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of the month", 1, 31),
    Field("month", 1, 12, _MONTHS),
    Field("day of the week", 0, 6, _DAYS),
)
_PART = re.compile(r"(?P<start>\*|[0-9A-Za-z]+)(-(?P<end>[0-9A-Za-z]+))?(/(?P<step>[0-9]+))?")


def wrong_in(schedule: str) -> Iterator[str]:
    """What is wrong with a line of five fields, a sentence each."""
    for text, field in zip(schedule.split(), FIELDS, strict=True):
        for part in text.split(","):
            found = _wrong(part, field)
            if found is not None:
                yield found


def _wrong(part: str, field: Field) -> str | None:
    match = _PART.fullmatch(part)
    if match is None or (match["start"] == "*" and match["end"] is not None):
        return f"`{part}` is no {field.what}, nor a range of them"
    if match["step"] is not None and int(match["step"]) == 0:
        return f"`{part}` goes in steps of nothing"
    ends = [word for word in (match["start"], match["end"]) if word not in (None, "*")]
    numbers = [_number(word, field) for word in ends]
    for word, number in zip(ends, numbers, strict=True):
        if number is None:
            return f"`{word}` is no {field.what}: they go from {field.least} to {field.most}"
    if len(numbers) == 2 and (numbers[0] or 0) > (numbers[1] or 0):
        return f"`{part}` ends before it begins"
    return None


def _number(word: str, field: Field) -> int | None:
    """The number that a word stands for; None where there is no such one."""
    if word.lower() in field.names:
        return field.names.index(word.lower()) + field.least
    number = int(word) if word.isdecimal() else -1
    return number if field.least <= number <= field.most else None

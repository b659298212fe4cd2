"""How old something is in the calendar, in whole days: no hour of the day makes data older."""

import calendar
from datetime import date, timedelta

from srcnet_compiler.quantity import Period

_DAYS = {"d": 1, "weeks": 7}
_MONTHS = {"months": 1, "years": 12}
_SHORTEST, _LONGEST = 28, 31
"""Days of a month."""


def day_of_age(born: date, age: Period) -> date:
    """The first day on which something is of that age.

    A month or year later is the same day of the month, or its last day where that is shorter.

    >>> day_of_age(date(2027, 1, 31), Period(1, "months"))
    datetime.date(2027, 2, 28)
    """
    if age.unit in _DAYS:
        days = age.count * _DAYS[age.unit]
        return born + timedelta(days=min(days, (date.max - born).days))
    return _in_month(born, _month(born) + age.count * _MONTHS[age.unit])


def last_born(day: date, age: Period) -> date:
    """The last day on which something was born that is of that age on `day`.

    >>> last_born(date(2027, 2, 28), Period(1, "months"))
    datetime.date(2027, 1, 31)
    """
    if age.unit in _DAYS:
        days = age.count * _DAYS[age.unit]
        return day - timedelta(days=min(days, (day - date.min).days))
    found = _in_month(day, _month(day) - age.count * _MONTHS[age.unit])
    for _ in range(_LONGEST - _SHORTEST):
        after = found + timedelta(days=1)
        if day_of_age(after, age) > day:
            break
        found = after
    return found


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _in_month(day: date, months: int) -> date:
    year, month = divmod(months, 12)
    if year < date.min.year:
        return date.min
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))

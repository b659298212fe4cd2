"""How old a collection is in the calendar: from which moment on one is in a later phase."""

from calendar import monthrange
from datetime import datetime, timedelta

from srcnet_compiler.quantity import Period

_DAYS = {"d": 1, "weeks": 7}
_MONTHS = {"months": 1, "years": 12}
_SHORTEST, _LONGEST = 28, 31
"""Days of a month."""


def later(moment: datetime, period: Period) -> datetime:
    """The moment a period later; the last day of a month where the day is not in it."""
    if period.unit in _DAYS:
        return moment + timedelta(days=period.count * _DAYS[period.unit])
    months = moment.year * 12 + moment.month - 1 + period.count * _MONTHS[period.unit]
    return _in_month(moment, months)


def last_over(moment: datetime, period: Period) -> datetime:
    """The last moment for which a period is over at `moment`: who was made later is younger."""
    if period.unit in _DAYS:
        return moment - timedelta(days=period.count * _DAYS[period.unit])
    months = moment.year * 12 + moment.month - 1 - period.count * _MONTHS[period.unit]
    found = _in_month(moment, months)
    for _ in range(_LONGEST - _SHORTEST):
        after = found + timedelta(days=1)
        if later(after, period) > moment:
            break
        found = after
    return found


def _in_month(moment: datetime, months: int) -> datetime:
    year, month = divmod(months, 12)
    if year < 1:
        return datetime.min
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)

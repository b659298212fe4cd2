"""In which phases data can be at once by two policies, and at which ages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from srcnet_compiler.ages import day_of_age
from srcnet_compiler.federation.data_policy import Phase
from srcnet_compiler.quantity import Period

_BORN = date(2024, 3, 1)
_LEAP_CYCLE = 1461
"""Days after which months and leap years come again, until 2100."""
_IN_DAYS = frozenset({"d", "weeks"})


@dataclass(frozen=True, slots=True)
class Together:
    """Two phases in which data are at one time, and the ages between which they are."""

    before: Phase | None
    after: Phase | None
    since: Period | None
    until: Period | None


@dataclass(frozen=True, slots=True)
class _Lasting:
    """A phase by its number, the days on which it begins and ends, and the ages on these."""

    number: int
    first: date
    end: date
    since: Period | None
    until: Period | None


def phases_together(before: Sequence[Phase], after: Sequence[Phase]) -> Iterator[Together]:
    """Every pair that some data set is in on some day, in order of age.

    Where ages are in months and in days, which comes first hangs on when the data were born.
    """
    found: dict[tuple[int, int], tuple[Period | None, Period | None]] = {}
    for days in range(_LEAP_CYCLE if _is_mixed((*before, *after)) else 1):
        born = _BORN + timedelta(days=days)
        for old in _lasting(before, born):
            for new in _lasting(after, born):
                if max(old.first, new.first) < min(old.end, new.end):
                    since = max((old, new), key=lambda each: each.first).since
                    until = min((old, new), key=lambda each: each.end).until
                    found.setdefault((old.number, new.number), (since, until))
    for (one, other), (since, until) in sorted(found.items(), key=lambda item: item[0]):
        yield Together(_at(before, one), _at(after, other), since, until)


def reached(phases: Sequence[Phase]) -> tuple[Phase, ...]:
    """The phases that some data set is in on some day."""
    pairs = (each.before for each in phases_together(phases, ()))
    return tuple(phase for phase in pairs if phase is not None)


def same_age(one: Period | None, other: Period | None) -> bool:
    """Whether two ages are the same for whatever data: twelve months are a year."""
    return _plain(one) == _plain(other)


def _plain(age: Period | None) -> Period | None:
    if age is None:
        return None
    factors = {"weeks": (7, "d"), "years": (12, "months")}
    factor, unit = factors.get(age.unit, (1, age.unit))
    return Period(age.count * factor, unit)


def _is_mixed(phases: Sequence[Phase]) -> bool:
    return len({phase.until.unit in _IN_DAYS for phase in phases if phase.until is not None}) > 1


def _at(phases: Sequence[Phase], number: int) -> Phase | None:
    return phases[number] if phases else None


def _lasting(phases: Sequence[Phase], born: date) -> Iterator[_Lasting]:
    """The phases that data born on a day come to: each until its age, the last for good."""
    ages = [phase.until for phase in phases[:-1]]
    lasting = ages.index(None) if None in ages else len(ages)
    ends = [
        (day_of_age(born, age), age, number)
        for number, age in enumerate(ages[:lasting])
        if age is not None
    ]
    turns: list[tuple[date, Period | None, int]] = [(born, None, -1)]
    for day, age, number in ends:
        if day > turns[-1][0]:
            turns.append((day, age, number))
    turns.append((date.max, None, lasting))
    for (first, since, _), (end, until, number) in pairwise(turns):
        yield _Lasting(number, first, end, since, until)

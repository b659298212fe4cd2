"""How much of a group's data must be there, and how much can be, at a moment.

What arrives all along a year arrives evenly. Of what arrives once, only the year is known: it may
be there from its first day on, and must be from its last. Phases change at the ends of years, as in
the analysis of capacity; in between, what arrived all along changes evenly. So it ends, too: what
came first, first.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from srcnet_compiler.analysis.capacity import part_left, phase_at
from srcnet_compiler.feasibility.model import Cohort, Group


def required(group: Group, at: datetime) -> list[Fraction]:
    """The bytes, one copy, that are certainly there at `at`, by phase."""
    found = [Fraction(0)] * len(group.phases)
    year, part = _part(at)
    for cohort in group.cohorts:
        for phase, share in _phases(group, cohort, year, part):
            found[phase] += share * cohort.amount
    return found


def available(group: Group, at: datetime) -> list[Fraction]:
    """The most that any phase can have by `at`, with what may be late by the deadline."""
    late = at - timedelta(seconds=group.deadline)
    found = [max(pair) for pair in zip(required(group, at), required(group, late), strict=True)]
    year, part = _part(at)
    for cohort in group.cohorts:
        if cohort.once and part:
            if cohort.year == year:
                found[0] += cohort.amount
            elif cohort.year < year:
                before, after = _ages(group, cohort, year)
                if after is not None and after != before:
                    found[after] += cohort.amount
    return found


def arrived(group: Group, at: datetime) -> Fraction:
    """The bytes, one copy, that have certainly arrived by `at`, whether or not they have ended."""
    year, part = _part(at)
    return sum(
        (
            cohort.amount * (1 if cohort.year < year else part)
            for cohort in group.cohorts
            if cohort.year < year or (cohort.year == year and not cohort.once)
        ),
        Fraction(0),
    )


def may_have_arrived(group: Group, at: datetime) -> Fraction:
    """The most that can have arrived by `at`."""
    year, part = _part(at)
    early = (c.amount for c in group.cohorts if c.once and c.year == year and part)
    return arrived(group, at) + sum(early, Fraction(0))


def _part(at: datetime) -> tuple[int, Fraction]:
    """The year that `at` lies in, and the part of it that is over."""
    begin, end = datetime(at.year, 1, 1, tzinfo=UTC), datetime(at.year + 1, 1, 1, tzinfo=UTC)
    over, whole = at - begin, end - begin
    return at.year, Fraction(int(over.total_seconds()), int(whole.total_seconds()))


def _phases(
    group: Group, cohort: Cohort, year: int, part: Fraction
) -> Iterator[tuple[int, Fraction]]:
    """In which phases what part of a cohort is, of what has not ended."""
    age = year - 1 - cohort.year + part
    left = part_left(group.first, age, once=cohort.once)
    if cohort.year == year and not cohort.once:
        yield 0, max(part + left - 1, Fraction(0))
    elif cohort.year < year:
        before, after = _ages(group, cohort, year)
        young = left if cohort.once else min(1 - part, left)
        if before is not None:
            yield before, young
        if after is not None and left > young:
            yield after, left - young


def _ages(group: Group, cohort: Cohort, year: int) -> tuple[int | None, int | None]:
    """The phases of a cohort at the beginning of a year and at its end; None: it has ended."""
    age = year - 1 - cohort.year
    return phase_at(group.first, age), phase_at(group.first, age + 1)

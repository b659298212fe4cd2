"""Time in steps: years, and finer where a downtime, a deadline or a move needs it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from srcnet_compiler.feasibility.model import Group, Move, Step
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.federation.notices import Downtime


def year_ends(years: Sequence[int]) -> tuple[Step, ...]:
    """One step for each year: enough where only space is looked at."""
    return tuple(Step(_begin(year), _begin(year + 1), frozenset()) for year in years)


def steps(
    federation: Federation,
    years: Sequence[int],
    groups: Iterable[Group],
    moves: Iterable[Move],
    more: Iterable[datetime] = (),
) -> tuple[Step, ...]:
    """All of the years, cut where something begins or ends, and at `more` moments."""
    if not years:
        return ()
    first, last = _begin(years[0]), _begin(years[-1] + 1)
    moving = tuple(d for d in federation.downtimes if _stops(federation, d) and d.start < d.end)
    cuts = {_begin(year) for year in (*years, years[-1] + 1)}
    cuts |= {moment for down in moving for moment in (down.start, down.end)}
    cuts |= {*more}
    cuts |= {moment for move in moves for moment in (move.earliest, move.latest)}
    for group in groups:
        for cohort in group.cohorts:
            if cohort.once:
                cuts.add(_begin(cohort.year + 1) + timedelta(seconds=group.deadline))
    within = sorted(moment for moment in cuts if first <= moment <= last)
    return tuple(
        Step(start, end, _down(federation, moving, start, end)) for start, end in pairwise(within)
    )


def _begin(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC)


def _stops(federation: Federation, downtime: Downtime) -> bool:
    """Whether transfers stop: one of a service or of compute leaves them alone."""
    return downtime.of in federation.sites or bool(_areas(federation, downtime.of))


def _areas(federation: Federation, name: str) -> list[str]:
    return [a.name for a in federation.areas.values() if name in (a.name, a.name_today)]


def _down(
    federation: Federation, downtimes: Iterable[Downtime], start: datetime, end: datetime
) -> frozenset[str]:
    found: set[str] = set()
    for down in downtimes:
        if down.start < end and start < down.end:
            found |= {down.of} if down.of in federation.sites else {*_areas(federation, down.of)}
    return frozenset(found)

"""By when what a change moves can be moved, beside what arrives and is recalled."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC

from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.feasibility.schedule import Pair, Schedule, schedule
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import AreaName, SiteName
from srcnet_compiler.review.movement.model import Movement


def schedules(
    head: tuple[Federation, Analysis], base: Federation, movement: Movement
) -> tuple[Schedule, ...]:
    """By what is agreed, unless what is moved rests on drafts; and with drafts where that says
    something else. None at all where nobody states anything that limits it."""
    federation, analysis = head
    areas = {**base.areas, **federation.areas}
    wanted = between_sites(movement, {name: area.site for name, area in areas.items()})
    start = movement.at.replace(tzinfo=UTC)
    found: list[Schedule] = []
    for drafts in (False, True):
        if drafts or not movement.drafts:
            one = schedule(federation, analysis, wanted, start, drafts=drafts)
            if one is not None and not (found and _same(found[0], one)):
                found.append(one)
    return tuple(found)


def between_sites(movement: Movement, sites: Mapping[AreaName, SiteName]) -> dict[Pair, int]:
    """The bytes from site to site; what is copied within one passes no link."""
    found: dict[Pair, int] = defaultdict(int)
    for (source, to), many in movement.after.copied.items():
        if many.bytes and sites[source] != sites[to]:
            found[sites[source], sites[to]] += many.bytes
    return dict(found)


def _same(one: Schedule, other: Schedule) -> bool:
    """Whether drafts add nothing that matters."""
    return (one.verdict, one.last, one.unsaid, one.unknown, one.limit) == (
        other.verdict, other.last, other.unsaid, other.unknown, other.limit,
    )  # fmt: skip

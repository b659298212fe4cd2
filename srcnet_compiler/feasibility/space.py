"""What copies need of areas, and what areas have: rows for each step's end.

The column `("held", ask, area, step)` is what an area holds then of data whose phase asks for that.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction

from srcnet_compiler.analysis.placement import domain_of
from srcnet_compiler.feasibility.model import Group
from srcnet_compiler.feasibility.program import Kind
from srcnet_compiler.feasibility.rows import Builder, Task, minus, plus
from srcnet_compiler.feasibility.volumes import available, required
from srcnet_compiler.federation.model import StorageArea
from srcnet_compiler.names import AreaName
from srcnet_compiler.quantity import SECONDS_PER_YEAR

Volumes = list[tuple[list[Fraction], list[Fraction]]]
"""For each group what must be there and what can be, by phase."""


def add(task: Task, made: Builder) -> None:
    """The rows about copies, and with `space` those about what areas have."""
    for step in range(len(task.steps)):
        volumes = [_volumes(task, group, step) for group in task.groups]
        if task.placed:
            _placed(task, made, step, volumes)
        else:
            _anywhere(task, made, step, volumes)
        if task.space and not task.placed:
            for number in range(len(task.groups)):
                _recalled(task, made, number, step)
    if task.space:
        _capacities(task, made)


def _volumes(task: Task, group: Group, step: int) -> tuple[list[Fraction], list[Fraction]]:
    """Where only space is looked at all is there that has arrived, and nothing is early or late."""
    end = task.steps[step].end
    if not task.transfers:
        needed = required(group, end)
        return needed, needed
    return required(group, end - timedelta(seconds=group.deadline)), available(group, end)


def _placed(task: Task, made: Builder, step: int, volumes: Volumes) -> None:
    """At least what the compiler's shares put on each area."""
    sums: dict[AreaName, Fraction] = defaultdict(Fraction)
    for group, (needed, _) in zip(task.groups, volumes, strict=True):
        for shares, volume in zip(group.shares, needed, strict=True):
            for name, share in shares.items():
                sums[name] += share * volume
    for name, amount in sorted(sums.items()):
        column = made.column("held", 0, name, step)
        made.add(Kind.PLACED, step, name, minus([column]), -amount, grows=True)


def _anywhere(task: Task, made: Builder, step: int, volumes: Volumes) -> None:
    """As many copies as asked on each tier, and none beside another in one domain."""
    for number, ask in enumerate(task.asks):
        needed = sum((volumes[group][0][phase] for group, phase in ask.phases), Fraction(0))
        can = sum((volumes[group][1][phase] for group, phase in ask.phases), Fraction(0))
        if not can:
            continue
        domains: dict[str, list[int]] = defaultdict(list)
        for tier, count in ask.counts.items():
            on_tier = []
            for area in task.areas:
                if area.tier == tier:
                    column = made.column("held", number, area.name, step)
                    on_tier.append(column)
                    domain = area.name if ask.apart == "area" else domain_of(area, ask.apart)
                    domains[domain].append(column)
            if needed:
                terms = minus(on_tier)
                made.add(Kind.COPIES, step, tier, terms, -count * needed, about=number, grows=True)
        for domain, columns in sorted(domains.items()):
            made.add(Kind.APART, step, domain, plus(columns), can, about=number, grows=True)


def _recalled(task: Task, made: Builder, number: int, step: int) -> None:
    """Room for what is recalled, on the tier where it goes, while it is kept."""
    group = task.groups[number]
    if is_recalling(task, group, step):
        amount = group.recall * Fraction(group.keep, SECONDS_PER_YEAR)
        areas = recall_areas(task, group)
        terms = minus([made.column("recalled", number, area.name, step) for area in areas])
        tier = str(group.recall_to)
        made.add(Kind.RECALL, step, tier, terms, -amount, about=number, grows=True)


def is_recalling(task: Task, group: Group, step: int) -> bool:
    """Whether there is anything in an archive to recall when the step begins."""
    if not group.recall:
        return False
    late = timedelta(seconds=group.deadline)
    there = required(group, task.steps[step].start - late)
    return any(
        there[number] and any(task.federation.tiers[c.tier].archive for c in phase.copies)
        for number, phase in enumerate(group.phases)
    )


def recall_areas(task: Task, group: Group) -> Iterator[StorageArea]:
    """Where recalled data may go: that tier's areas in production, whether or not they count."""
    for area in task.federation.areas.values():
        usable = area.enabled and area.environment == "production" and not area.retired
        wanted = area.tier == group.recall_to and area.role in ("data", "cache")
        known = area.pledged and not task.federation.holds_back(area.drafts, area.name, area.site)
        if usable and wanted and known:
            yield area


def _capacities(task: Task, made: Builder) -> None:
    """What lies on an area within another one lies on that one too."""
    on_area: dict[tuple[int, AreaName], list[int]] = defaultdict(list)
    for key, column in made.columns.items():
        if key[0] in ("held", "recalled"):
            name, step = key[-2], key[-1]
            assert isinstance(name, str)
            assert isinstance(step, int)
            for outer in task.federation.around(AreaName(name)):
                on_area[step, outer].append(column)
    for (step, name), columns in sorted(on_area.items()):
        pledged = task.federation.areas[name].pledged
        if pledged is not None:
            made.add(Kind.SPACE, step, name, plus(columns), pledged)

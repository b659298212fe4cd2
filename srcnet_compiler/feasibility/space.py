"""What copies need of areas, and what areas have: rows for each step's end.

The column `("held", group, phase, area, step)` is what an area holds of a group in a phase then.
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
from srcnet_compiler.federation.model import Phase, StorageArea
from srcnet_compiler.names import AreaName, TierName
from srcnet_compiler.quantity import SECONDS_PER_YEAR


def add(task: Task, made: Builder) -> None:
    """The rows about copies, and with `space` those about what areas have."""
    for number, group in enumerate(task.groups):
        for step, time in enumerate(task.steps):
            late = timedelta(seconds=group.deadline) if task.transfers else timedelta()
            needed = required(group, time.end - late)
            can = available(group, time.end) if task.transfers else needed
            for index in range(len(group.phases)):
                if not can[index]:
                    continue
                if task.placed:
                    _placed(task, made, number, index, step, needed[index])
                else:
                    _anywhere(task, made, number, index, step, (needed[index], can[index]))
            if task.space and not task.placed:
                _recalled(task, made, number, step)
    if task.space:
        _capacities(task, made)


def _placed(task: Task, made: Builder, group: int, phase: int, step: int, needed: Fraction) -> None:
    """At least what the compiler's shares put on each area."""
    for name, share in task.groups[group].shares[phase].items():
        column = made.column("held", group, phase, name, step)
        amount = share * needed
        made.add(
            Kind.PLACED, step, name, minus([column]), -amount, group=group, phase=phase, grows=True
        )


def _anywhere(
    task: Task,
    made: Builder,
    group: int,
    phase: int,
    step: int,
    volumes: tuple[Fraction, Fraction],
) -> None:
    """As many copies as asked on each tier, and none beside another in one domain."""
    needed, can = volumes
    asked = task.groups[group].phases[phase]
    domains: dict[str, list[int]] = defaultdict(list)
    for tier, count in sorted(counts(asked).items()):
        on_tier = []
        for area in task.areas:
            if area.tier == tier:
                column = made.column("held", group, phase, area.name, step)
                on_tier.append(column)
                domain = area.name if asked.apart == "area" else domain_of(area, asked.apart)
                domains[domain].append(column)
        if needed:
            terms, amount = minus(on_tier), -count * needed
            made.add(Kind.COPIES, step, tier, terms, amount, group=group, phase=phase, grows=True)
    for domain, columns in sorted(domains.items()):
        made.add(Kind.APART, step, domain, plus(columns), can, group=group, phase=phase, grows=True)


def counts(phase: Phase) -> dict[TierName, int]:
    """How many copies a phase asks of each tier."""
    found: dict[TierName, int] = defaultdict(int)
    for copies in phase.copies:
        found[copies.tier] += copies.count
    return found


def _recalled(task: Task, made: Builder, group: int, step: int) -> None:
    """Room for what is recalled, on the tier where it goes, while it is kept."""
    asked = task.groups[group]
    if is_recalling(task, asked, step):
        amount = asked.recall * Fraction(asked.keep, SECONDS_PER_YEAR)
        columns = [made.column("recalled", group, a.name, step) for a in recall_areas(task, asked)]
        made.add(
            Kind.RECALL, step, str(asked.recall_to), minus(columns), -amount, group=group,
            grows=True,
        )  # fmt: skip


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

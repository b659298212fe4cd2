"""Do the allocations fit each other, and what the sites give?"""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import combinations

from srcnet_compiler.analysis.clusters import given, no_gpu, written
from srcnet_compiler.analysis.severity import report
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.federation.compute import Allocation, Project, Resources, SlurmCluster
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.quantity import format_percent
from srcnet_compiler.span import Origin

_WHOLE = 10_000
"""In hundredths of a per cent."""


def check_allocations(federation: Federation) -> Iterator[Diagnostic]:
    """Each allocation for itself, then those that hold at the same time."""
    allocations = federation.compute.allocations
    for allocation in allocations:
        if allocation.until < allocation.start:
            yield error(
                Code.ALLOCATION_REVERSED,
                f"`{allocation.name}` ends before it begins",
                Label(allocation.origin.at("period", "until")),
                Label(allocation.origin.at("period", "from"), "the beginning"),
                subject=allocation.name,
            )
        else:
            yield from _sites(federation, allocation)
    for first, second in combinations(allocations, 2):
        yield from _overlap(federation, first, second)
    yield from _shares(federation)


# ── what sites give ───────────────────────────────────────────────────────────────────────────


def _sites(federation: Federation, allocation: Allocation) -> Iterator[Diagnostic]:
    for index, site in enumerate(allocation.sites):
        clusters = [*federation.compute.at(site)]
        if not any(cluster.in_use for cluster in clusters):
            yield report(federation, allocation.drafts, allocation.name)(
                Code.OVER_ALLOCATED,
                f"`{allocation.name}` is to hold at `{site}`, which has no cluster in use",
                Label(allocation.origin.at("sites", index)),
                help="describe the cluster in the `compute` of the site, or leave the site out",
                subject=allocation.name,
            )
        for cluster in filter(allocation.covers, clusters):
            for project in allocation.projects:
                yield from _at_a_time(federation, allocation, project, cluster)
            yield from _hours(federation, allocation, cluster)


def _at_a_time(
    federation: Federation, allocation: Allocation, project: Project, cluster: SlurmCluster
) -> Iterator[Diagnostic]:
    if project.limits is None:
        return
    say = report(federation, project.drafts, project.name, allocation.name)
    for key, amount in _amounts(project.limits):
        most = given(cluster, key)
        place = project.limits.origin.at(key)
        if key == "gpus" and amount and cluster.gpus == 0:
            message = f"`{project.name}` may use {written(key, amount)} at a time"
            yield no_gpu(cluster, message, place, say, project.name)
        elif most.amount is not None and amount > most.amount:
            yield say(
                Code.OVER_ALLOCATED,
                f"`{project.name}` may use {written(key, amount)} at a time, "
                f"but `{cluster.label}` gives {written(key, most.amount)}",
                Label(place),
                Label(most.place, "what the site gives"),
                help="lower the limit, or leave the cluster out of the allocation",
                subject=project.name,
            )


def _amounts(limits: Resources) -> Iterator[tuple[str, int]]:
    for key, amount in (("cores", limits.cores), ("memory", limits.memory), ("gpus", limits.gpus)):
        if amount is not None:
            yield key, amount


def _hours(
    federation: Federation, allocation: Allocation, cluster: SlurmCluster
) -> Iterator[Diagnostic]:
    """The hours of one project, or of all together, that the period does not have."""
    for key, thing in (("cores", "core"), ("gpus", "GPU")):
        asked = [(p, *found) for p in allocation.projects if (found := _hours_of(p, key))]
        most, total = given(cluster, key), 0
        for project, amount, origin in asked:
            total += amount
            say = report(federation, project.drafts, project.name, allocation.name)
            if key == "gpus" and amount and cluster.gpus == 0:
                message = f"`{project.name}` may use GPUs for {amount // 3600} hours"
                yield no_gpu(cluster, message, origin.at(key), say, project.name)
            elif most.amount is not None and total > most.amount * allocation.seconds:
                alone = amount > most.amount * allocation.seconds
                who = f"`{project.name}`" if alone else f"projects up to `{project.name}`"
                yield say(
                    Code.OVER_ALLOCATED,
                    f"{who} may use {(amount if alone else total) // 3600} {thing} hours, but "
                    f"`{cluster.label}` gives {most.amount * allocation.seconds // 3600}"
                    " in the period",
                    Label(origin.at(key)),
                    Label(most.place, "what the site gives at a time"),
                    help="lower the hours, or leave the cluster out of the allocation",
                    subject=project.name,
                )
                break


def _hours_of(project: Project, key: str) -> tuple[int, Origin] | None:
    hours = project.hours
    amount = None if hours is None else hours.cores if key == "cores" else hours.gpus
    return None if hours is None or amount is None else (amount, hours.origin)


# ── at the same time ──────────────────────────────────────────────────────────────────────────


def _overlap(federation: Federation, first: Allocation, second: Allocation) -> Iterator[Diagnostic]:
    """Projects that two allocations give something on one cluster on one day."""
    clusters = federation.compute.clusters
    common = [c.label for c in clusters if first.covers(c) and second.covers(c)]
    if not common or first.until < second.start or second.until < first.start:
        return
    before = {project.name: project for project in first.projects}
    for project in second.projects:
        if project.name in before:
            drafts = (*project.drafts, *before[project.name].drafts)
            yield report(federation, drafts, project.name, first.name, second.name)(
                Code.ALLOCATIONS_OVERLAP,
                f"`{second.name}` and `{first.name}` both give `{project.name}` something on "
                f"`{common[0]}` on {max(first.start, second.start)}",
                Label(project.origin.at("name"), "again here"),
                Label(before[project.name].origin.at("name"), "first here"),
                help="end the one before the other begins, or let them hold on different clusters",
                subject=project.name,
            )


def _shares(federation: Federation) -> Iterator[Diagnostic]:
    """Shares that add up to more than all there is, at the first day of each allocation."""
    said: set[tuple[Project, ...]] = set()
    compute = federation.compute
    for cluster in compute.clusters:
        for day in sorted({allocation.start for allocation in compute.allocations}):
            sharing = _sharing([*compute.allocated(cluster)], day)
            total = sum(project.share or 0 for project in sharing)
            if total > _WHOLE and sharing not in said:
                said.add(sharing)
                yield _over_whole(federation, sharing, total, cluster, day)


def _sharing(allocations: Sequence[Allocation], day: date) -> tuple[Project, ...]:
    """The projects with a share on a day, in order of their allocations."""
    return tuple(
        project
        for allocation in allocations
        if allocation.holds_on(day)
        for project in allocation.projects
        if project.share is not None
    )


def _over_whole(
    federation: Federation,
    sharing: tuple[Project, ...],
    total: int,
    cluster: SlurmCluster,
    day: date,
) -> Diagnostic:
    *others, last = sharing
    drafts = [place for project in sharing for place in project.drafts]
    return report(federation, drafts, *(project.name for project in sharing))(
        Code.SHARES_OVER_WHOLE,
        f"shares on `{cluster.label}` add up to {format_percent(total)} on {day}",
        Label(last.origin.at("share"), format_percent(last.share or 0)),
        *(Label(p.origin.at("share"), format_percent(p.share or 0)) for p in others),
        help="lower them, so that they are 100 % together at most",
        subject=last.name,
    )

"""Windows of a cluster to reservations."""

from collections.abc import Iterator
from datetime import datetime

from srcnet_compiler.federation.compute import WEEKDAYS, Queue, SlurmCluster, Window
from srcnet_compiler.hostlist import compress
from srcnet_compiler.targets.slurm.lower.places import (
    Spans,
    accepted,
    all_projects,
    all_queues,
    cluster_places,
    origins,
    queue_places,
    written,
)
from srcnet_compiler.targets.slurm.lower.scope import Scope, windows_of
from srcnet_compiler.targets.slurm.model.things import Reservation
from srcnet_compiler.targets.slurm.model.times import start_of

PURGE_AFTER = 600
"""Seconds after which nodes that nobody uses go back to others, where no start is promised."""

_REPEATS = {
    (0, 1, 2, 3, 4, 5, 6): "DAILY",
    (0, 1, 2, 3, 4): "WEEKDAY",
    (5, 6): "WEEKEND",
}
_DAY = 24 * 60
_WEEK = 7 * _DAY


def reservations(scope: Scope) -> Iterator[Reservation]:
    """One for each window, or for each of its days where Slurm has no word for them together.

    On nodes of the queue's own partition, which Slurm chooses from those that are free; else on
    nodes by name, since Slurm would take any of the cluster. A window that nobody may use is kept
    for nobody.
    """
    names = _nodes(scope)
    for window, queue in windows_of(scope):
        if scope.grants_for(queue.name) and scope.cluster.timezone is not None:
            for name, flag, day in _times(scope, window):
                yield _reservation(scope, window, queue, names[window.name], name, flag, day)


def names_of(scope: Scope, window: Window) -> tuple[str, ...]:
    """What the reservations of a window are called."""
    return tuple(name for name, _, _ in _times(scope, window))


def _times(scope: Scope, window: Window) -> Iterator[tuple[str, str, int]]:
    """Names, how they repeat, and the day of the week on which they begin."""
    name, flag = scope.name(window.name), _REPEATS.get(window.days)
    if flag is not None:
        yield name, flag, window.days[0]
        return
    for day in window.days:
        yield (name if len(window.days) == 1 else f"{name}.{WEEKDAYS[day]}"), "WEEKLY", day


def _reservation(
    scope: Scope, window: Window, queue: Queue, nodes: str, name: str, flag: str, day: int
) -> Reservation:
    """The time that a queue promises to begin in is how long jobs of others may hold its up. Then
    the window stays as long as it is written; else idle nodes go back."""
    flags = tuple(sorted((flag, "FLEX")))
    start = datetime(2024, 1, 1 + day, *divmod(window.start, 60))  # a Monday, and the days behind
    own = scope.allows("partitions")
    return Reservation(
        name=name,
        start=start_of(start, flags),
        duration=window.minutes * 60,
        nodes=None if own else nodes,
        node_count=window.nodes if own else None,
        partition=scope.name(queue.name) if own else None,
        accounts=tuple(sorted(scope.name(g.project.name) for g in scope.grants_for(queue.name))),
        flags=flags,
        max_start_delay=queue.start,
        purge_after=PURGE_AFTER if queue.start is None else None,
        drafts=tuple(dict.fromkeys((*scope.drafts_for(queue), *window.drafts))),
        origins=_origins(scope, window, queue),
    )


def _origins(scope: Scope, window: Window, queue: Queue) -> dict[str, Spans]:
    here, cluster = window.origin, scope.cluster.origin
    days = (here.at("weekly", "days"),) if here.has("weekly") else ()
    site = scope.federation.sites[scope.cluster.site].origin
    zone = (site.at("location", "timezone"),)
    ends = (written(end.origin, "window") for end in scope.federation.retired)
    given = (cluster.key("nodes"), cluster.at("nodes"), cluster.at("windows"))
    return dict(
        origins(
            {
                "name": (here.at("name"), *days),
                "StartTime": (window.place, *days, *zone),
                "Duration": (window.place,),
                "Nodes": (here.at("nodes"), *given),
                "NodeCnt": (here.at("nodes"),),
                "PartitionName": (here.at("queue"),),
                "Accounts": (*all_projects(scope),),
                "Flags": (*(days or (window.place,)),),
                "MaxStartDelay": (queue.origin.at("start"),),
                "PURGE_COMP": (queue.origin.at("start"), window.place),
            },
            (
                here.at("name"),
                here.at("queue"),
                *days,
                *written(here, "status"),
                *accepted(scope.federation, window.name),
                *queue_places(scope, queue),
                *all_queues(scope),
                *all_projects(scope),
                *cluster_places(scope),
                *(span for spans in ends for span in spans),
            ),
        )
    )


# ── nodes by name ─────────────────────────────────────────────────────────────────────────────


def _nodes(scope: Scope) -> dict[str, str]:
    """Nodes for each window, the smallest first, apart from those kept by others at its times."""
    chosen: dict[str, tuple[Window, tuple[str, ...]]] = {}
    for window, _ in windows_of(scope):
        taken = {name for other, names in chosen.values() if _meet(window, other) for name in names}
        free = [name for name in _smallest_first(scope.cluster) if name not in taken]
        chosen[window.name] = (window, tuple(free[: window.nodes]))
    return {name: compress(nodes) for name, (_, nodes) in chosen.items()}


def _smallest_first(cluster: SlurmCluster) -> list[str]:
    groups = sorted(cluster.nodes, key=lambda group: group.cores)
    return [name for group in groups for name in group.names]


def _meet(one: Window, other: Window) -> bool:
    """Whether two windows are open at the same time of some week."""
    return any(
        (start - end_start) % _WEEK < other.minutes or (end_start - start) % _WEEK < one.minutes
        for start in (day * _DAY + one.start for day in one.days)
        for end_start in (day * _DAY + other.start for day in other.days)
    )

"""Queues to partitions on the nodes that a site gives."""

from collections.abc import Iterator

from srcnet_compiler.federation.compute import Queue
from srcnet_compiler.hostlist import compress
from srcnet_compiler.targets.slurm.lower.places import (
    Spans,
    all_projects,
    all_queues,
    cluster_places,
    origins,
    queue_places,
    written,
)
from srcnet_compiler.targets.slurm.lower.scope import RANKS, Scope
from srcnet_compiler.targets.slurm.model.things import Partition


def partitions(scope: Scope) -> Iterator[Partition]:
    """One for each queue that somebody may use: a partition that names nobody lets everybody in.

    On a cluster that others use too nothing says which jobs come first on a node: a higher tier
    would come before theirs.
    """
    nodes = compress(name for group in scope.cluster.nodes for name in group.names)
    for queue in scope.queues:
        grants = scope.grants_for(queue.name)
        if grants and nodes:
            name, shared = scope.name(queue.name), scope.cluster.shared
            yield Partition(
                name=name,
                nodes=nodes,
                allow_accounts=tuple(sorted(scope.name(g.project.name) for g in grants)),
                # slurmctld does not start with a QOS that it does not know
                allow_qos=(name,) if scope.allows("accounting") else None,
                max_time=queue.walltime,
                priority_tier=None if shared else RANKS.index(queue.priority) + 1,
                over_subscribe="EXCLUSIVE" if queue.exclusive else None,
                drafts=scope.drafts_for(queue),
                origins=_origins(scope, queue),
            )


def _origins(scope: Scope, queue: Queue) -> dict[str, Spans]:
    here, cluster = queue.origin, scope.cluster.origin
    name = (scope.policy.origin.key("queues", queue.name),)
    groups = tuple(group.origin.at("names") for group in scope.cluster.nodes)
    return dict(
        origins(
            {
                "name": name,
                "Nodes": groups,
                "AllowAccounts": all_projects(scope),
                "AllowQos": name,
                "MaxTime": (here.at("walltime"),),
                "OverSubscribe": (here.at("sharing"),),
                "PriorityTier": (here.at("priority"), *written(cluster, "shared")),
            },
            (
                *queue_places(scope, queue),
                *all_projects(scope),
                *all_queues(scope),
                *cluster_places(scope),
            ),
        )
    )

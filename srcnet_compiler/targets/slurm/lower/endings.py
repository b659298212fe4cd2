"""What `Retired` documents end on a cluster."""

from collections.abc import Iterator

from srcnet_compiler.federation.notices import Retired
from srcnet_compiler.targets.slurm.lower.scope import Scope, named_by
from srcnet_compiler.targets.slurm.lower.windows import names_of
from srcnet_compiler.targets.slurm.model import SlurmModel
from srcnet_compiler.targets.slurm.model.successor import Successor
from srcnet_compiler.targets.slurm.model.things import Account, Key, Partition, Qos, Reservation


def endings(scope: Scope) -> dict[Key, Retired]:
    """Objects that go, with the document, of the kinds that the site lets us manage."""
    kinds = {
        Account.kind: "accounting",
        Qos.kind: "accounting",
        Partition.kind: "partitions",
        Reservation.kind: "reservations",
    }
    return {key: end for key, end in _all(scope) if scope.allows(kinds[key[0]])}


def successors(scope: Scope, managed: SlurmModel) -> dict[Key, Successor]:
    """What had another name before, where what has the new one is `managed` by us."""
    kinds = {"queue": (Qos.kind, Partition.kind), "project": (Account.kind,)}
    return {
        (kind, scope.name(move.before)): Successor(scope.name(move.name), move.origin.at("from"))
        for move in scope.federation.renamed
        for kind in kinds.get(move.kind, ())
        if managed.find(kind, scope.name(move.name)) is not None
    }


def _all(scope: Scope) -> Iterator[tuple[Key, Retired]]:
    cluster, policy = scope.cluster, scope.policy
    for end in scope.federation.retired:
        if end.queue is not None and end.queue in policy.queues:
            yield (Qos.kind, scope.name(end.queue)), end
            yield (Partition.kind, scope.name(end.queue)), end
        if end.project is not None:
            yield (Account.kind, scope.name(end.project)), end
        whole = end.cluster == cluster.label
        for window in cluster.windows:
            here = f"{cluster.label}/{window.name}" == end.window
            if whole or here or end.queue == window.queue:
                yield from (((Reservation.kind, n), end) for n in names_of(scope, window))
        if whole:
            yield from ((key, end) for key in _own(scope))


def _own(scope: Scope) -> Iterator[Key]:
    """All of ours on a cluster at its end but QOS, which the other clusters of its database have
    too."""
    for name in scope.policy.queues:
        yield (Partition.kind, scope.name(name))
        if not scope.together:
            yield (Qos.kind, scope.name(name))
    yield (Account.kind, scope.prefix)
    for allocation in scope.federation.compute.allocations:
        if named_by(allocation, scope.cluster):
            yield from ((Account.kind, scope.name(p.name)) for p in allocation.projects)

"""What of the federation takes part on one cluster: queues, projects, windows that are agreed."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from srcnet_compiler.federation.compute import (
    Allocation,
    ComputePolicy,
    Project,
    Queue,
    SlurmCluster,
    Window,
)
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import QueueName
from srcnet_compiler.span import Span

RANKS = ("low", "normal", "high")


@dataclass(frozen=True, slots=True)
class Grant:
    """A project with the allocation that lets it use a cluster."""

    allocation: Allocation
    project: Project

    @property
    def drafts(self) -> tuple[Span, ...]:
        return self.project.drafts


@dataclass(frozen=True, slots=True)
class Scope:
    """A cluster with all that takes part on it. Nothing here rests on a draft no waiver accepts.

    Queues are in order of name, grants in that of their projects. `together`: the clusters of its
    accounting database that the federation manages there, itself among them.
    """

    federation: Federation
    policy: ComputePolicy
    cluster: SlurmCluster
    queues: tuple[Queue, ...]
    grants: tuple[Grant, ...]
    together: tuple[SlurmCluster, ...]

    @property
    def prefix(self) -> str:
        return self.policy.prefix

    @property
    def drafts(self) -> tuple[Span, ...]:
        """Those that the cluster rests on."""
        share = self.cluster.share
        return (
            *self.policy.drafts,
            *self.cluster.drafts,
            *(share.drafts if share is not None else ()),
        )

    def allows(self, what: str) -> bool:
        """Whether the site lets us manage this; partitions need a file to stand in."""
        allowed = what in self.cluster.allows
        return allowed and (what != "partitions" or self.cluster.fragment is not None)

    def name(self, name: str) -> str:
        """What something of ours is called."""
        return f"{self.prefix}-{name}"

    def grants_for(self, queue: QueueName) -> tuple[Grant, ...]:
        """Those whose projects may use a queue."""
        return tuple(grant for grant in self.grants if queue in grant.project.queues)

    def drafts_for(self, queue: Queue) -> tuple[Span, ...]:
        """Those that a queue rests on here: of its projects only where all are drafts, since then
        nobody could use it without them."""
        grants = self.grants_for(queue.name)
        of_projects = chain.from_iterable(grant.drafts for grant in grants)
        needed = of_projects if all(grant.drafts for grant in grants) else ()
        return tuple(dict.fromkeys((*self.drafts, *queue.drafts, *needed)))


def scopes(federation: Federation) -> Iterator[Scope]:
    """One for each cluster that is ours to manage: in use, or at its end."""
    policy = federation.compute.policy
    if policy is None or federation.holds_back(policy.drafts, policy.name):
        return
    managed = [c for c in federation.compute.clusters if _is_managed(federation, c)]
    for cluster in managed:
        yield Scope(
            federation=federation,
            policy=policy,
            cluster=cluster,
            queues=queues_of(federation, policy, cluster),
            grants=tuple(_grants(federation, policy, cluster)),
            together=tuple(
                other
                for other in managed
                if other.database == cluster.database and not other.retired
            ),
        )


def _is_managed(federation: Federation, cluster: SlurmCluster) -> bool:
    """What is a draft of the share would let us in without a limit, so it holds back the whole."""
    share = cluster.share.drafts if cluster.share is not None else ()
    held = federation.holds_back((*cluster.drafts, *share), cluster.label, cluster.site)
    return cluster.enabled and not held


def queues_of(
    federation: Federation, policy: ComputePolicy, cluster: SlurmCluster
) -> tuple[Queue, ...]:
    """The queues that run on a cluster, in order of name."""
    return tuple(
        queue
        for name, queue in policy.queues.items()
        if name in cluster.queues
        and not queue.retired
        and not federation.holds_back(queue.drafts, name, policy.name)
    )


def _grants(
    federation: Federation, policy: ComputePolicy, cluster: SlurmCluster
) -> Iterator[Grant]:
    """Projects that may use a queue of the cluster.

    What is emitted does not depend on the day: of several allocations for one project the first
    in time holds, until it is taken out of the specs.
    """
    queues = {queue.name for queue in queues_of(federation, policy, cluster)}
    first: dict[str, Grant] = {}
    for allocation in sorted(federation.compute.allocations, key=lambda a: (a.start, a.name)):
        for project in allocation.projects if named_by(allocation, cluster) else ():
            held = federation.holds_back(project.drafts, project.name, allocation.name)
            if not held and not project.retired and not queues.isdisjoint(project.queues):
                first.setdefault(project.name, Grant(allocation, project))
    return (grant for _, grant in sorted(first.items()))


def named_by(allocation: Allocation, cluster: SlurmCluster) -> bool:
    """Whether an allocation names a cluster, in use or at its end."""
    named = allocation.clusters is None or cluster.name in allocation.clusters
    return named and cluster.site in allocation.sites


def windows_of(scope: Scope) -> Iterator[tuple[Window, Queue]]:
    """The windows that are kept, with their queues."""
    cluster, queues = scope.cluster, {queue.name: queue for queue in scope.queues}
    for window in cluster.windows:
        held = scope.federation.holds_back(window.drafts, window.name, cluster.label, cluster.site)
        if window.queue in queues and not window.retired and not held:
            yield window, queues[window.queue]

"""Queue classes to priorities, and where the site has Kueue, to queues that borrow and lend."""

from collections.abc import Iterator

from srcnet_compiler.analysis.sizes import ceiling_of, guarantee_of
from srcnet_compiler.change import Json
from srcnet_compiler.federation.compute import Queue
from srcnet_compiler.federation.kubernetes import Borrowing
from srcnet_compiler.span import written
from srcnet_compiler.targets.kubernetes.lower.amounts import SCRATCH
from srcnet_compiler.targets.kubernetes.lower.amounts import written as as_written
from srcnet_compiler.targets.kubernetes.lower.namespaces import services_need
from srcnet_compiler.targets.kubernetes.lower.places import together
from srcnet_compiler.targets.kubernetes.lower.scope import Scope, Startable
from srcnet_compiler.targets.kubernetes.lower.site import Body, Part
from srcnet_compiler.targets.kubernetes.model import Object
from srcnet_compiler.targets.kubernetes.model.words import (
    NAMESPACE_NAME,
    SERVICES,
    format_amount,
    object_name,
)

_RANKS = ("low", "normal", "high")
_STEP = 1000
_NO_LIMIT = 10**18
"""Kueue refuses what asks for a resource that it has no number for, and no share says how much of
the nodes' own space there is."""


def queues(cluster: Part) -> Iterator[Object]:
    """Classes of priority for pods and for what waits, and the queues that it waits in."""
    scope = cluster.scope
    for queue in scope.queues:
        part = Part(
            scope,
            "",
            group="queues",
            exists=together((scope.queue_places(queue), cluster.exists)),
            drafts=scope.drafts_of(_waiting_in(scope, queue)),
        )
        yield _priority(part, queue)
        if scope.has_queues:
            yield _waiting(part, queue)
            for use, namespace in scope.living:
                if any(each in scope.startable(use) for each in _waiting_in(scope, queue)):
                    inside = Part(scope, namespace, part.group, part.exists, part.drafts)
                    body: Body = {"spec": {"clusterQueue": scope.prefix}}
                    yield inside.make("LocalQueue", object_name(queue.name), body)
    borrowing = scope.cluster.borrowing
    if scope.queues and scope.has_queues and borrowing is not None:
        yield _cluster_queue(cluster, borrowing)


def _waiting_in(scope: Scope, queue: Queue) -> tuple[Startable, ...]:
    """The templates of a queue class; what there is for it rests on its drafts, as they do."""
    both = (*scope.sessions, *scope.jobs)
    return tuple(each for each in both if each.queue is queue)


def _priority(part: Part, queue: Queue) -> Object:
    """Never above that of others' pods, which have 0 where nobody says otherwise; on a cluster
    that others use too nobody's pod makes way for one of ours."""
    scope = part.scope
    value = (_RANKS.index(queue.priority) - len(_RANKS)) * _STEP
    body: Body = {
        "value": value,
        "preemptionPolicy": "Never" if scope.cluster.shared else "PreemptLowerPriority",
        "description": f"{queue.name} of the federation",
    }
    own = {
        "value": written(queue.origin, "priority"),
        "preemptionPolicy": written(scope.cluster.origin, "shared"),
    }
    return part.make("PriorityClass", scope.name(object_name(queue.name)), body, own)


def _waiting(part: Part, queue: Queue) -> Object:
    body: Body = {
        "value": _RANKS.index(queue.priority) * _STEP,
        "description": f"{queue.name} of the federation",
    }
    own = {"value": written(queue.origin, "priority")}
    name = part.scope.name(object_name(queue.name))
    return part.make("WorkloadPriorityClass", name, body, own)


# ── sharing ───────────────────────────────────────────────────────────────────────────────────


def _cluster_queue(part: Part, borrowing: Borrowing) -> Object:
    """The federation's part of the site's cohort: the same share as everywhere, less what its
    services have, which wait in no queue."""
    scope = part.scope
    resources, share = _resources(scope, borrowing), scope.cluster.origin.below("share")
    flavor: Json = {"name": borrowing.flavor, "resources": resources}
    covered: list[Json] = [each["name"] for each in resources]
    namespaces = [name for use, name in scope.living if use != SERVICES]
    spec: Body = {
        "cohortName": borrowing.cohort,
        "namespaceSelector": {
            "matchExpressions": [
                {"key": NAMESPACE_NAME, "operator": "In", "values": namespaces},
            ]
        },
        "preemption": {
            "withinClusterQueue": "LowerPriority" if _makes_way(scope) else "Never",
            "reclaimWithinCohort": "Any" if borrowing.lends else "Never",
            "borrowWithinCohort": {"policy": "Never"},
        },
        "resourceGroups": [{"coveredResources": covered, "flavors": [flavor]}],
    }
    here = borrowing.origin
    own = {
        "spec.cohortName": written(here, "cohort"),
        "spec.preemption": (
            *written(here, "lends"),
            *(s for q in scope.queues for s in written(q.origin, "priority", "preemptible")),
        ),
        "spec.resourceGroups": (
            *written(share, "guaranteed", "ceiling"),
            *written(here, "flavor", "lends"),
            *scope.amount_places,
        ),
    }
    queues_part = Part(scope, "", "queues", (*part.exists, here.at()), part.drafts)
    return queues_part.make("ClusterQueue", scope.prefix, {"spec": spec}, own)


def _makes_way(scope: Scope) -> bool:
    """Whether everything that another class goes before may be stopped and come later: Kueue knows
    no other kind of exception."""
    highest = max(_RANKS.index(queue.priority) for queue in scope.queues)
    lower = [q for q in scope.queues if _RANKS.index(q.priority) < highest]
    return bool(lower) and all(queue.preemptible for queue in lower)


def _resources(scope: Scope, borrowing: Borrowing) -> list[dict[str, Json]]:
    """What is guaranteed, what may be borrowed beside it, and what others may borrow of it."""
    needed = services_need(scope)[1]
    most = ceiling_of(scope.cluster.share).without(needed)
    own = guarantee_of(scope.cluster.share).without(needed).at_most(most)
    more = as_written(most.without(own))
    found: list[dict[str, Json]] = []
    for name, nominal in as_written(own).items():
        if name == SCRATCH:
            space = format_amount(_NO_LIMIT)
            found.append({"name": name, "nominalQuota": space, "lendingLimit": "0"})
            continue
        each: dict[str, Json] = {"name": name, "nominalQuota": nominal}
        if name in more:
            each["borrowingLimit"] = more[name]
        each["lendingLimit"] = nominal if borrowing.lends else "0"
        found.append(each)
    return found

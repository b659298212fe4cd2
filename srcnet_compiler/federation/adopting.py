"""What Site documents say of what people made by hand on Kubernetes clusters, to the model."""

from collections.abc import Collection, Iterator

from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.federation.adopted import (
    Adopted,
    ClusterQueue,
    LocalQueue,
    Quota,
    Stated,
    Workload,
)
from srcnet_compiler.federation.amounts import Findings
from srcnet_compiler.federation.known import known
from srcnet_compiler.federation.unique import repeated
from srcnet_compiler.names import QueueName
from srcnet_compiler.quantity import parse_bytes
from srcnet_compiler.schema import adopted as schema
from srcnet_compiler.span import Origin, Span


def read_adopted(spec: schema.Adopted | None, here: Origin, found: Findings) -> Adopted | None:
    """None where nothing is adopted."""
    if spec is None:
        return None
    return Adopted(
        tuple(
            _quota(each, here.below("quotas", index), found)
            for index, each in enumerate(spec.quotas)
        ),
        tuple(
            _cluster_queue(each, here.below("clusterQueues", index), found)
            for index, each in enumerate(spec.clusterQueues)
        ),
        tuple(
            LocalQueue(
                QueueName(each.queue),
                each.namespace,
                each.name,
                each.clusterQueue,
                here.below("queues", index),
            )
            for index, each in enumerate(spec.queues)
        ),
        tuple(
            Workload(
                each.service,
                each.kind,
                each.namespace,
                each.name,
                each.replicas,
                dict(sorted(each.images.items())),
                here.below("workloads", index),
            )
            for index, each in enumerate(spec.workloads)
        ),
        here,
    )


def unknown_in_adopted(
    adopted: Adopted, site: str, queues: Collection[str], offered: Collection[str]
) -> Iterator[Diagnostic]:
    """Queues that no policy has, and services that the site does not offer."""
    for queue in adopted.queues:
        yield from known(queue.queue, queues, "queue", queue.origin, "queue")
    for each in adopted.workloads:
        what = f"service that `{site}` offers"
        yield from known(each.service, offered, what, each.origin, "service")


def adopted_twice(adopted: Adopted) -> Iterator[Diagnostic]:
    """Objects with two entries, which would each want something else of them."""
    yield from repeated(_things(adopted), "keep one of the two")


def _things(adopted: Adopted) -> Iterator[tuple[str, Span]]:
    """Every object, and where it is named."""
    for each in adopted.quotas:
        yield f"ResourceQuota `{each.namespace}/{each.name}`", each.origin.at("name")
    for total in adopted.cluster_queues:
        yield f"ClusterQueue `{total.name}`", total.origin.at("name")
    for queue in adopted.queues:
        yield f"LocalQueue `{queue.namespace}/{queue.name}`", queue.origin.at("name")
    for workload in adopted.workloads:
        name = f"{workload.kind} `{workload.namespace}/{workload.name}`"
        yield name, workload.origin.at("name")


def _quota(spec: schema.AdoptedQuota, here: Origin, found: Findings) -> Quota:
    limits, at = spec.limits, here.below("limits")
    return Quota(
        spec.namespace,
        spec.name,
        _amounts(spec.requests, here.below("requests"), found),
        None
        if limits is None
        else Stated(limits.cores, found.amount(parse_bytes, limits.memory, at, "memory"), None, at),
        spec.short,
        here,
    )


def _cluster_queue(spec: schema.AdoptedClusterQueue, here: Origin, found: Findings) -> ClusterQueue:
    nominal = _amounts(spec.nominal, here.below("nominal"), found)
    assert nominal is not None  # the shape asks for it
    return ClusterQueue(
        spec.name,
        spec.cohort,
        spec.flavor,
        nominal,
        _amounts(spec.borrowing, here.below("borrowing"), found),
        _amounts(spec.lending, here.below("lending"), found),
        here,
    )


def _amounts(spec: schema.AdoptedAmounts | None, here: Origin, found: Findings) -> Stated | None:
    if spec is None:
        return None
    memory = found.amount(parse_bytes, spec.memory, here, "memory")
    return Stated(spec.cores, memory, spec.gpus, here)

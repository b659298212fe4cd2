"""What people made by hand, as it stands: only what the spec says of each object."""

from collections.abc import Iterator, Mapping

from srcnet_compiler.change import Json
from srcnet_compiler.federation.adopted import (
    Adopted,
    ClusterQueue,
    LocalQueue,
    Quota,
    Stated,
    Workload,
)
from srcnet_compiler.span import Origin
from srcnet_compiler.targets.kubernetes.lower.amounts import GPU
from srcnet_compiler.targets.kubernetes.lower.places import Spans, origins, together
from srcnet_compiler.targets.kubernetes.lower.scope import Scope
from srcnet_compiler.targets.kubernetes.model import OWNER, Object
from srcnet_compiler.targets.kubernetes.model.kinds import KINDS
from srcnet_compiler.targets.kubernetes.model.paths import join
from srcnet_compiler.targets.kubernetes.model.words import (
    format_amount,
    format_count,
    format_millicores,
)

GROUP = "adopted"


def adopted(scope: Scope, all_of_it: Adopted) -> Iterator[Object]:
    """Every object that the spec names, with what it says of it and nothing that follows."""
    for quota in all_of_it.quotas:
        yield _quota(scope, quota)
    for cluster_queue in all_of_it.cluster_queues:
        yield _cluster_queue(scope, cluster_queue)
    for queue in all_of_it.queues:
        yield _queue(scope, queue)
    for workload in all_of_it.workloads:
        yield _workload(scope, workload)


def _quota(scope: Scope, quota: Quota) -> Object:
    hard: dict[str, Json] = {}
    own: dict[str, Spans] = {}
    for prefix, stated in (("requests.", quota.requests), ("limits.", quota.limits)):
        for name, text, places in _written(stated):
            short = quota.short and prefix == "requests." and name != GPU
            key = name if short else f"{prefix}{name}"
            hard[key] = text
            own[join("spec.hard", key)] = (*places, *_said(quota.origin, "short"))
    body: Mapping[str, Json] = {"spec": {"hard": dict(sorted(hard.items()))}} if hard else {}
    return _object(scope, "ResourceQuota", quota.namespace, quota.name, body, own, quota.origin)


def _cluster_queue(scope: Scope, queue: ClusterQueue) -> Object:
    """Its resources are one value for the server, so that the spec says all of them or none."""
    here = queue.origin
    most = {
        key: {name: text for name, text, _ in _written(stated)}
        for key, stated in (("borrowingLimit", queue.borrowing), ("lendingLimit", queue.lending))
    }
    resources: list[Json] = []
    for name, text, _ in _written(queue.nominal):
        limits = {key: texts[name] for key, texts in most.items() if name in texts}
        resources.append({"name": name, "nominalQuota": text, **limits})
    covered: list[Json] = [name for name, _, _ in _written(queue.nominal)]
    flavor: Json = {"name": queue.flavor, "resources": resources}
    spec: dict[str, Json] = {
        **({} if queue.cohort is None else {"cohortName": queue.cohort}),
        "resourceGroups": [{"coveredResources": covered, "flavors": [flavor]}],
    }
    amounts = tuple(
        place
        for stated in (queue.nominal, queue.borrowing, queue.lending)
        for _, _, places in _written(stated)
        for place in places
    )
    own = {
        "spec.cohortName": _said(here, "cohort"),
        "spec.resourceGroups": (*amounts, here.at("flavor")),
    }
    return _object(scope, "ClusterQueue", "", queue.name, {"spec": spec}, own, here)


def _queue(scope: Scope, queue: LocalQueue) -> Object:
    body = {"spec": {"clusterQueue": queue.cluster_queue}}
    own = {"spec.clusterQueue": (queue.origin.at("clusterQueue"),)}
    return _object(scope, "LocalQueue", queue.namespace, queue.name, body, own, queue.origin)


def _workload(scope: Scope, workload: Workload) -> Object:
    here = workload.origin
    spec: dict[str, Json] = {}
    own: dict[str, Spans] = {}
    if workload.replicas is not None:
        spec["replicas"] = workload.replicas
        own["spec.replicas"] = (here.at("replicas"),)
    if workload.images:
        containers: list[Json] = [
            {"name": name, "image": image} for name, image in workload.images.items()
        ]
        spec["template"] = {"spec": {"containers": containers}}
        for name in workload.images:
            path = f"spec.template.spec.containers[name={name}]"
            own[path] = (here.at("images", name),)
    body: Mapping[str, Json] = {"spec": spec} if spec else {}
    return _object(scope, workload.kind, workload.namespace, workload.name, body, own, here)


def _written(stated: Stated | None) -> Iterator[tuple[str, str, Spans]]:
    """By the cluster's names, what is said and where; in the order in which lists have them."""
    if stated is None:
        return
    if stated.cores is not None:
        yield "cpu", format_millicores(stated.cores * 1000), (stated.origin.at("cores"),)
    if stated.memory is not None:
        yield "memory", format_amount(stated.memory), (stated.origin.at("memory"),)
    if stated.gpus is not None:
        yield GPU, format_count(stated.gpus), (stated.origin.at("gpus"),)


def _said(origin: Origin, key: str) -> Spans:
    return (origin.at(key),) if origin.has(key) else ()


def _object(
    scope: Scope,
    kind: str,
    namespace: str,
    name: str,
    body: Mapping[str, Json],
    own: Mapping[str, Spans],
    origin: Origin,
) -> Object:
    metadata: dict[str, Json] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    metadata["labels"] = {OWNER: scope.prefix}
    named = (origin.at("name"), *_said(origin, "namespace"), *_said(origin, "kind"))
    return Object(
        kind=kind,
        name=f"{namespace}/{name}" if namespace else name,
        document={"apiVersion": KINDS[kind].api, "kind": kind, "metadata": metadata, **body},
        group=GROUP,
        origins=origins(own, together((named, (origin.at(),), scope.places))),
        drafts=scope.drafts,
        standing=True,
    )

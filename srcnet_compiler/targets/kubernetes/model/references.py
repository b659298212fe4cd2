"""Which objects an object refers to: what must be there before it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from srcnet_compiler.targets.kubernetes.model import Key, KubernetesModel, Object

Guards: TypeAlias = Mapping[str, Sequence[Key]]
"""By namespace, what guards the workloads in it."""
_GUARDS = ("ResourceQuota", "LimitRange", "NetworkPolicy")
_WORKLOADS = frozenset({"Deployment", "StatefulSet", "CronJob"})


def guards(model: KubernetesModel) -> Guards:
    """What guards the workloads of each namespace."""
    found: dict[str, list[Key]] = defaultdict(list)
    for kind, name in model.objects:
        if kind in _GUARDS:
            found[name.rpartition("/")[0]].append((kind, name))
    return found


def references(thing: Object, guards: Guards) -> dict[Key, None]:
    """The kinds and names of objects that come before it, whether they exist or not."""
    return dict.fromkeys(_references(thing, guards))


def _references(thing: Object, guards: Guards) -> Iterator[Key]:
    document: Any = thing.document
    spec = document.get("spec") or {}
    space = thing.namespace
    if space:
        yield "Namespace", space
    match thing.kind:
        case "ValidatingAdmissionPolicyBinding":
            yield "ValidatingAdmissionPolicy", str(spec.get("policyName"))
        case "RoleBinding":
            yield "Role", f"{space}/{_get(document, 'roleRef', 'name')}"
            for subject in document.get("subjects") or ():
                if subject.get("kind") == "ServiceAccount":
                    yield "ServiceAccount", f"{subject.get('namespace', space)}/{subject['name']}"
        case "Cohort":
            yield "Cohort", str(spec.get("parentName"))
        case "ClusterQueue":
            yield "Cohort", str(spec.get("cohortName"))
            for group in spec.get("resourceGroups") or ():
                for flavor in group.get("flavors") or ():
                    yield "ResourceFlavor", str(flavor.get("name"))
        case "LocalQueue":
            yield "ClusterQueue", str(spec.get("clusterQueue"))
        case "PersistentVolumeClaim":
            yield "PersistentVolume", str(spec.get("volumeName"))
        case "HorizontalPodAutoscaler":
            yield (
                str(_get(spec, "scaleTargetRef", "kind")),
                f"{space}/{_get(spec, 'scaleTargetRef', 'name')}",
            )
        case "Application":
            yield "AppProject", f"{space}/{spec.get('project')}"
        case "Kustomization":
            yield "GitRepository", f"{space}/{_get(spec, 'sourceRef', 'name')}"
        case "HTTPRoute" | "Ingress":
            for name in dict.fromkeys(_backends(spec)):
                yield "Service", f"{space}/{name}"
        case kind if kind in _WORKLOADS:
            yield from _of_workload(thing, guards)
        case _:
            return


def _of_workload(thing: Object, guards: Guards) -> Iterator[Key]:
    """What its Pods need, and what guards them."""
    space = thing.namespace
    yield from guards.get(space, ())
    for key, value in _walk(thing.document):
        match key, value:
            case "serviceAccountName", str(name):
                yield "ServiceAccount", f"{space}/{name}"
            case "claimName", str(name):
                yield "PersistentVolumeClaim", f"{space}/{name}"
            case "priorityClassName", str(name):
                yield "PriorityClass", name
            case "configMap" | "configMapRef" | "configMapKeyRef", {"name": str(name)}:
                yield "ConfigMap", f"{space}/{name}"
            case _:
                continue


def _backends(spec: Any) -> Iterator[str]:  # noqa: ANN401 - a document
    for key, value in _walk(spec):
        if key == "backendRefs":
            yield from (str(each.get("name")) for each in value)
        elif key == "service" and isinstance(value, Mapping):
            yield str(value.get("name"))


def _walk(value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - a document
    """Every key with its value, however deep."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key, inner
            yield from _walk(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from _walk(inner)


def _get(document: Any, *way: str) -> str:  # noqa: ANN401 - a document
    for step in way:
        document = document.get(step) if isinstance(document, Mapping) else None
    return str(document)

"""Quotas of namespaces, and queues of Kueue, as a spec says them."""

from collections.abc import Iterator, Mapping
from typing import Any

from srcnet_compiler.importing.kubernetes.amounts import WORDS, Amounts, amounts
from srcnet_compiler.importing.kubernetes.answers import Answers
from srcnet_compiler.importing.kubernetes.said import Said
from srcnet_compiler.importing.written import Tree
from srcnet_compiler.targets.kubernetes.model.inventory import Document, Inventory

_LIMITS = ("cpu", "memory")
_MOST = {"borrowing": "borrowingLimit", "lending": "lendingLimit"}


def quotas(seen: Inventory) -> Iterator[Said]:
    """Every ResourceQuota of the namespaces."""
    for name, document in seen.of("ResourceQuota"):
        yield _quota(name, document)


def _quota(name: str, document: Document) -> Said:
    hard: Mapping[str, Any] = document.get("spec", {}).get("hard") or {}
    short = "requests.cpu" not in hard and "requests.memory" not in hard and bool(_short(hard))
    asked = _below("requests.", hard) | (_short(hard) if short else {})
    requests, most = amounts(asked), amounts(_below("limits.", hard))
    limits = {key: value for key, value in most.said.items() if key != "gpus"}
    unsaid = [key for key in sorted(hard) if not _is_said(key, requests, limits, short)]
    space, _, bare = name.partition("/")
    tree: dict[str, Tree] = {
        "namespace": space,
        "name": bare,
        **({"requests": requests.said} if requests.said else {}),
        **({"limits": limits} if limits else {}),
        **({"short": True} if short else {}),
    }
    rest = ", ".join(f"{key}={hard[key]}" for key in unsaid)
    notes = (f"ResourceQuota {name}: {rest}; it stays so",) if rest else ()
    return Said("ResourceQuota", name, tree if requests.said or limits else None, notes)


def _below(prefix: str, hard: Mapping[str, Any]) -> dict[str, Any]:
    return {key.removeprefix(prefix): v for key, v in hard.items() if key.startswith(prefix)}


def _short(hard: Mapping[str, Any]) -> dict[str, Any]:
    return {key: hard[key] for key in _LIMITS if key in hard}


def _is_said(key: str, requests: Amounts, limits: Mapping[str, Tree], short: bool) -> bool:
    kind, dot, name = key.partition(".")
    if kind == "requests" and dot:
        return WORDS.get(name) in requests.said and not (short and name in _LIMITS)
    if kind == "limits" and dot:
        return WORDS.get(name) in limits
    return short and WORDS.get(key) in requests.said


# ── Kueue ─────────────────────────────────────────────────────────────────────────────────────


def cluster_queues(seen: Inventory, answers: Answers) -> Iterator[Said]:
    """Those that are the federation's, and those that its queues lead into, with what to type."""
    led_into = {d.get("spec", {}).get("clusterQueue") for _, d in seen.of("LocalQueue")}
    for name, document in seen.of("ClusterQueue"):
        if name in answers.cluster_queues:
            yield _cluster_queue(name, document)
        elif name in led_into:
            note = f"ClusterQueue {name}: whether it is the federation's; type"
            yield Said("ClusterQueue", name, None, (f"{note} `--cluster-queue {name}`",))


def _cluster_queue(name: str, document: Document) -> Said:
    """Its resources are one value for the server: all of it can be said, or it stays as it is."""
    spec = document.get("spec", {})
    tree = _resources(spec.get("resourceGroups") or ())
    if tree is None:
        why = (
            f"ClusterQueue {name}: its quotas, which are more than whole cores, memory and NVIDIA's"
            " GPUs, in this order, of one flavor; it stays as it is"
        )
        return Said("ClusterQueue", name, None, (why,))
    cohort = spec.get("cohortName")
    head: dict[str, Tree] = {"name": name, **({"cohort": cohort} if cohort else {})}
    return Said("ClusterQueue", name, {**head, **tree}, ())


def _resources(groups: Any) -> Mapping[str, Tree] | None:  # noqa: ANN401 - a document
    if len(groups) != 1 or len(groups[0].get("flavors") or ()) != 1:
        return None
    (group,) = groups
    (flavor,) = group["flavors"]
    resources = flavor.get("resources") or ()
    names = [each.get("name") for each in resources]
    if names != [name for name in WORDS if name in names] or names != group["coveredResources"]:
        return None
    known = {"name", "nominalQuota", *_MOST.values()}
    if any(set(each) - known for each in resources):
        return None
    nominal = amounts({each["name"]: each.get("nominalQuota") for each in resources})
    most = {
        key: amounts({each["name"]: each[field] for each in resources if field in each})
        for key, field in _MOST.items()
    }
    if nominal.unsaid or any(each.unsaid for each in most.values()):
        return None
    limits = {key: each.said for key, each in most.items() if each.said}
    return {"flavor": flavor["name"], "nominal": nominal.said, **limits}


def local_queues(seen: Inventory, answers: Answers) -> Iterator[Said]:
    """Every LocalQueue of the namespaces: with the class that waits in it, or what to type."""
    for name, document in seen.of("LocalQueue"):
        where = document.get("spec", {}).get("clusterQueue")
        queue = answers.queues.get(name)
        if queue is None:
            note = f"LocalQueue {name}: whose jobs wait in it; type `--queue CLASS={name}`"
            yield Said("LocalQueue", name, None, (note,))
        elif where:
            space, _, bare = name.partition("/")
            place: dict[str, Tree] = {"queue": queue, "namespace": space, "name": bare}
            yield Said("LocalQueue", name, {**place, "clusterQueue": where}, ())

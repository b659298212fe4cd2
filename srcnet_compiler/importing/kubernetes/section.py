"""What a cluster says of itself, as a spec says it, and what of it is left to its people."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from srcnet_compiler.importing.kubernetes.answers import Answers, Login
from srcnet_compiler.importing.kubernetes.held import with_tools
from srcnet_compiler.importing.kubernetes.queues import cluster_queues, local_queues, quotas
from srcnet_compiler.importing.kubernetes.said import Said
from srcnet_compiler.importing.kubernetes.workloads import offers, workloads
from srcnet_compiler.importing.written import Tree
from srcnet_compiler.targets.kubernetes.model import OWNER
from srcnet_compiler.targets.kubernetes.model.inventory import Inventory

_LISTS = {
    "ResourceQuota": "quotas",
    "ClusterQueue": "clusterQueues",
    "LocalQueue": "queues",
    "Deployment": "workloads",
    "StatefulSet": "workloads",
}
"""By kind, the list of the spec that has them."""
_SYSTEM = ("default", "kube-")
"""Namespaces that every cluster has begin so."""


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of a site's `compute`, and `services` of the site that run there. `notes` are what
    no spec says of it, `left` what is there and is others', by kind."""

    tree: Mapping[str, Tree]
    services: tuple[Mapping[str, Tree], ...]
    notes: tuple[str, ...]
    left: Mapping[str, tuple[str, ...]]


def section(seen: Inventory, login: Login, answers: Answers, owner: str) -> Section:
    """The cluster as a spec describes it; `owner` is the value of the federation's label."""
    said = [
        with_tools(_unless_owned(seen, each, owner), seen.things[each.kind, each.name])
        for each in _said(seen, answers)
    ]
    offered = tuple(offers(seen, answers, answers.name))
    classes = {way.ingress_class for _, _, ways in offered for way in ways if way.ingress_class}
    is_served = "ingress" in seen.operators
    kubernetes: dict[str, Tree] = {
        "version": "{}.{}".format(*seen.version),
        "server": login.server,
        **({"certificateAuthority": login.certificate} if login.certificate else {}),
        "credentials": {"secretRef": {login.token[0]: login.token[1]}},
        **({"operators": list(seen.operators)} if seen.operators else {}),
        **({"ingressClass": classes.pop()} if is_served and len(classes) == 1 else {}),
        "adopted": _adopted(said),
    }
    notes = (
        *(note for each in said for note in each.notes),
        *(note for _, found, _ in offered for note in found),
        *(f"not seen: {why}" for why in seen.unseen),
    )
    return Section(
        {"name": answers.name, "kubernetes": kubernetes},
        tuple(entry for entry, _, _ in offered),
        notes,
        dict(_left(seen, answers, said)),
    )


def _said(seen: Inventory, answers: Answers) -> Iterator[Said]:
    yield from quotas(seen)
    yield from cluster_queues(seen, answers)
    yield from local_queues(seen, answers)
    yield from workloads(seen, answers)


def _unless_owned(seen: Inventory, said: Said, owner: str) -> Said:
    """What has the label of another federation is nobody else's."""
    metadata = seen.things[said.kind, said.name].get("metadata") or {}
    theirs = (metadata.get("labels") or {}).get(OWNER, owner)
    if theirs == owner:
        return said
    return said._replace(
        tree=None, notes=(f"{said.kind} {said.name}: it belongs to {theirs}, by its label {OWNER}",)
    )


def _adopted(said: Sequence[Said]) -> Mapping[str, Tree]:
    """Empty where there is nothing: that, too, says that the federation has not joined."""
    found: dict[str, list[Tree]] = defaultdict(list)
    for each in said:
        if each.tree is not None:
            found[_LISTS[each.kind]].append(each.tree)
    return {key: tuple(found[key]) for key in dict.fromkeys(_LISTS.values()) if key in found}


def _left(
    seen: Inventory, answers: Answers, said: Sequence[Said]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What nobody will touch."""
    taken = {(each.kind, each.name) for each in said if each.tree is not None}
    others = [
        name
        for name in seen.namespaces or ()
        if name not in answers.namespaces and not name.startswith(_SYSTEM)
    ]
    if others:
        yield "namespace", tuple(others)
    for kind in sorted({kind for kind, _ in seen.things}):
        names = [name for name in seen.names(kind) if (kind, name) not in taken]
        if names:
            yield kind, tuple(names)

"""Which tools hold what a spec would say of an object: a change of it has to wait for them."""

from collections.abc import Iterator, Mapping
from typing import Any

from srcnet_compiler.importing.kubernetes.said import Said
from srcnet_compiler.targets.kubernetes.model import MANAGER
from srcnet_compiler.targets.kubernetes.model.inventory import Document

_PEOPLE = ("kubectl", MANAGER)
"""What the names of managers begin with that give it up at the adoption, or are ours."""
_STATED = {
    "ResourceQuota": ("f:hard",),
    "ClusterQueue": ("f:resourceGroups", "f:cohortName"),
    "LocalQueue": ("f:clusterQueue",),
    "Deployment": ("f:replicas", "f:template"),
    "StatefulSet": ("f:replicas", "f:template"),
}
"""By kind, below `spec`, what the spec says of it."""


def with_tools(said: Said, document: Document) -> Said:
    """The same, with who else holds it among what no spec says."""
    if said.tree is None:
        return said
    names = sorted(set(_tools(said.kind, document.get("metadata") or {})))
    if not names:
        return said
    note = f"that {' and '.join(names)} set it as well; a change is refused until they let go of it"
    return said._replace(notes=(*said.notes, f"{said.kind} {said.name}: {note}"))


def _tools(kind: str, metadata: Mapping[str, Any]) -> Iterator[str]:
    for entry in metadata.get("managedFields") or ():
        manager = str(entry.get("manager") or "somebody")
        spec = (entry.get("fieldsV1") or {}).get("f:spec") or {}
        holds = any(step in spec for step in _STATED[kind])
        if holds and not manager.startswith(_PEOPLE) and entry.get("subresource") != "status":
            yield manager

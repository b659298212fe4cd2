"""Areas whose files are seen on every node to volumes and claims. Neither ever ends by itself."""

from collections.abc import Iterator

from srcnet_compiler.change import Json
from srcnet_compiler.federation.model import StorageArea
from srcnet_compiler.names import AreaName
from srcnet_compiler.span import written
from srcnet_compiler.targets.kubernetes.lower.places import area_places, together
from srcnet_compiler.targets.kubernetes.lower.pods import claim_name
from srcnet_compiler.targets.kubernetes.lower.scope import Scope
from srcnet_compiler.targets.kubernetes.lower.site import Part
from srcnet_compiler.targets.kubernetes.model import Object
from srcnet_compiler.targets.kubernetes.model.words import SERVICES, format_amount

_ANY_SIZE = format_amount(2**20)
"""No server lets such a claim ask for another size later, and an area's does change. Whatever it
asks for, it has all of its volume."""


def volumes(scope: Scope) -> Iterator[Object]:
    """For each area that a service mounts, and each way, a volume with its claim."""
    namespace = scope.namespaces.get(SERVICES)
    if namespace is not None:
        for name, read_only in sorted(_seen(scope)):
            area = scope.federation.areas[name]
            part = Part(
                scope,
                namespace,
                group="storage",
                exists=together((area_places(scope.federation, name), scope.wide_places)),
                drafts=scope.drafts_of(r for r in scope.services if r.area is area),
            )
            yield from _volume(part, area, read_only)


def _seen(scope: Scope) -> set[tuple[AreaName, bool]]:
    """The areas that services mount, and whether to read only."""
    return {
        (running.area.name, mount.read_only)
        for running in scope.services
        if running.area is not None
        for mount in running.container.mounts
        if mount.what == "area"
    }


def _volume(part: Part, area: StorageArea, read_only: bool) -> Iterator[Object]:
    """The volume is the directory that the site mounts on its nodes: where it is missing, no pod
    starts. Whatever happens to the claim, the files stay."""
    assert area.capacity is not None
    claim = claim_name(area, read_only)
    name = part.scope.name(claim)
    modes: Json = ["ReadOnlyMany" if read_only else "ReadWriteMany"]
    size = format_amount(area.capacity)
    capacity, mount = written(area.origin, "capacity"), written(area.origin, "posixMount")
    volume: Json = {
        "capacity": {"storage": size},
        "accessModes": modes,
        "persistentVolumeReclaimPolicy": "Retain",
        "claimRef": {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": part.namespace,
            "name": claim,
        },
        "hostPath": {"path": area.mount, "type": "Directory"},
    }
    own = {"spec.capacity": capacity, "spec.hostPath": mount}
    yield part.make("PersistentVolume", name, {"spec": volume}, own)
    asked: Json = {
        "accessModes": modes,
        "storageClassName": "",
        "volumeName": name,
        "resources": {"requests": {"storage": _ANY_SIZE}},
    }
    yield part.make("PersistentVolumeClaim", claim, {"spec": asked})

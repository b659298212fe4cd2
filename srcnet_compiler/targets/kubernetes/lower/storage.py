"""Areas whose files are seen on every node to volumes and claims. Neither ever ends by itself."""

from collections.abc import Iterator

from srcnet_compiler.change import Json
from srcnet_compiler.federation.model import StorageArea
from srcnet_compiler.names import AreaName
from srcnet_compiler.span import written
from srcnet_compiler.targets.kubernetes.lower.places import Spans, area_places, together
from srcnet_compiler.targets.kubernetes.lower.pods import claim_name
from srcnet_compiler.targets.kubernetes.lower.scope import Scope
from srcnet_compiler.targets.kubernetes.lower.site import Part
from srcnet_compiler.targets.kubernetes.model import Object
from srcnet_compiler.targets.kubernetes.model.words import SERVICES, format_amount

_ANY_SIZE = format_amount(2**20)
"""No server lets such a claim ask for another size later, and an area's does change. Whatever it
asks for, it has all of its volume."""


def volumes(scope: Scope) -> Iterator[Object]:
    """For each area that something mounts in a namespace, and each way, a volume with its claim."""
    for use, namespace in scope.living:
        for name, read_only in sorted(_seen(scope, use)):
            area = scope.federation.areas[name]
            seeing = [each for each in scope.living_in(use) if area in each.areas.values()]
            part = Part(
                scope,
                namespace,
                group="storage",
                exists=together(
                    (
                        area_places(scope.federation, name),
                        _readable(scope, use),
                        scope.wide_places,
                    )
                ),
                drafts=scope.drafts_of(seeing),
            )
            yield from _volume(part, use, area, read_only)


def _readable(scope: Scope, use: str) -> Spans:
    return () if use == SERVICES else scope.readable_places


def _seen(scope: Scope, use: str) -> set[tuple[AreaName, bool]]:
    """The areas that are mounted for a use, and whether to read only."""
    return {
        (each.areas[mount.path].name, mount.read_only)
        for each in scope.living_in(use)
        for mount in each.container.of_areas
    }


def _volume(part: Part, use: str, area: StorageArea, read_only: bool) -> Iterator[Object]:
    """The volume is the directory that the site mounts on its nodes: where it is missing, no pod
    starts. Whatever happens to the claim, the files stay."""
    assert area.capacity is not None
    claim = claim_name(area, read_only)
    name = _volume_name(part, use, claim)
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


def _volume_name(part: Part, use: str, claim: str) -> str:
    """A volume has one claim, in one namespace. No claim has a dot."""
    name = part.scope.name(claim)
    return name if use == SERVICES else f"{name}.{use}"

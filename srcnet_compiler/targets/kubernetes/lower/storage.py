"""Areas whose files are seen on every node to volumes and claims. Neither ever ends by itself."""

from collections.abc import Iterator

from srcnet_compiler.change import Json
from srcnet_compiler.federation.model import StorageArea
from srcnet_compiler.names import AreaName
from srcnet_compiler.span import written
from srcnet_compiler.targets.kubernetes.lower.places import area_places
from srcnet_compiler.targets.kubernetes.lower.pods import claim_name
from srcnet_compiler.targets.kubernetes.lower.scope import Running, Scope, Startable
from srcnet_compiler.targets.kubernetes.lower.site import Part
from srcnet_compiler.targets.kubernetes.model import Object
from srcnet_compiler.targets.kubernetes.model.words import SERVICES, format_amount


def volumes(cluster: Part) -> Iterator[Object]:
    """For each area that something mounts, and each way, a volume with its claim in a namespace:
    a volume serves one claim alone."""
    scope = cluster.scope
    for use, namespace in scope.living:
        for name, read_only in sorted(_seen(scope, use)):
            area = scope.federation.areas[name]
            part = Part(
                scope,
                namespace,
                group="storage",
                exists=(*area_places(scope.federation, area), *cluster.exists),
                drafts=tuple(dict.fromkeys((*scope.drafts, *area.drafts))),
            )
            yield from _volume(part, use, area, read_only)


def _seen(scope: Scope, use: str) -> set[tuple[AreaName, bool]]:
    """The areas that are mounted, and whether to read only."""
    things: tuple[Running | Startable, ...] = (
        scope.services if use == SERVICES else scope.startable(use)
    )
    return {
        (thing.area.name, mount.read_only)
        for thing in things
        if thing.area is not None
        for mount in thing.container.mounts
        if mount.what == "area"
    }


def _volume(part: Part, use: str, area: StorageArea, read_only: bool) -> Iterator[Object]:
    """The volume is the directory that the site mounts on its nodes: where it is missing, no pod
    starts. Whatever happens to the claim, the files stay."""
    assert area.capacity is not None
    claim = claim_name(area, read_only)
    name = part.scope.name(f"{use}-{claim}")
    modes: Json = ["ReadOnlyMany" if read_only else "ReadWriteMany"]
    size = format_amount(area.capacity)
    capacity, mount = written(area.origin, "capacity"), written(area.origin, "posixMount")
    volume: Json = {
        "capacity": {"storage": size},
        "accessModes": modes,
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "",
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
        "resources": {"requests": {"storage": size}},
    }
    own = {"spec.resources": capacity}
    yield part.make("PersistentVolumeClaim", claim, {"spec": asked}, own)

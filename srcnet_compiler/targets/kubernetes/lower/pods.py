"""A container of the specs to a pod: as Pod security `restricted` wants it, on every cluster alike.

Scratch ends with the pod that it was made for: cleanup is nobody's task.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from re import sub

from srcnet_compiler.analysis.sizes import LITTLE_SCRATCH, is_large, limits_of, requests_of
from srcnet_compiler.change import Json
from srcnet_compiler.federation.model import StorageArea
from srcnet_compiler.federation.services import Amounts, Container, Mount, Port, Probe
from srcnet_compiler.span import Origin, written
from srcnet_compiler.targets.kubernetes.lower.amounts import said
from srcnet_compiler.targets.kubernetes.lower.places import Spans
from srcnet_compiler.targets.kubernetes.model.paths import references
from srcnet_compiler.targets.kubernetes.model.words import (
    MAIN,
    READ_ONLY,
    content_name,
    format_amount,
    object_name,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a pod is made of. `values` stand for the words in braces; a variable with one that has
    none is left out, as nobody knows what it should hold. `areas` has those whose files it sees, by
    the path of the mount. `files` and `secrets` are the names of what holds them. `over` is what
    the site sets otherwise, at `site`; `identity` are the places of the identity."""

    app: str
    container: Container
    values: Mapping[str, str]
    areas: Mapping[str, StorageArea]
    storage_class: str | None
    over: Amounts | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    site: Origin | None = None
    identity: Spans = ()

    @property
    def kept(self) -> bool:
        """Whether large scratch is made by the site's storage class."""
        return self.storage_class is not None

    @property
    def files(self) -> str:
        """The name of what holds its files."""
        texts = "\0".join(f"{path}\0{text}" for path, text in sorted(self.container.files.items()))
        return content_name(f"{self.app}-files", texts)

    @property
    def secrets(self) -> str:
        """The name of what holds its secrets."""
        return object_name(f"{self.app}-secrets")


def claim_name(area: StorageArea, read_only: bool) -> str:
    """The claim by which an area is seen: who may only read has another than who may write."""
    return f"{object_name(area.name, 58)}{READ_ONLY if read_only else ''}"


def file_keys(container: Container) -> Mapping[str, str]:
    """A key for each file, in order of path, that tells which it is."""
    return {
        path: f"{index}-{sub(r'[^A-Za-z0-9._-]', '-', PurePosixPath(path).name)}"
        for index, path in enumerate(sorted(container.files))
    }


# ── the pod ───────────────────────────────────────────────────────────────────────────────────


def pod(wanted: Wanted, lasting: Mapping[str, Json]) -> dict[str, Json]:
    """The spec of a pod; `lasting` is how it is kept running."""
    user = wanted.container.user
    spec: dict[str, Json] = {
        **lasting,
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": user,
            "runAsGroup": user,
            "fsGroup": user,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(wanted)],
    }
    volumes = [*_volumes(wanted)]
    return {**spec, "volumes": volumes} if volumes else spec


def _container(wanted: Wanted) -> dict[str, Json]:
    container = wanted.container
    image = container.image
    found: dict[str, Json] = {
        "name": MAIN,
        "image": image.repository if image.digest is None else image.reference,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": {
            "requests": said(requests_of(container, wanted.over, wanted.kept)),
            "limits": said(limits_of(container, wanted.over, wanted.kept)),
        },
    }
    parts: dict[str, Json] = {
        "command": list(container.command),
        "args": list(container.arguments),
        "env": [*_environment(wanted)],
        "ports": [_port(port) for port in container.ports],
        "readinessProbe": _probe(container.ready),
        "livenessProbe": _probe(container.alive),
        "volumeMounts": [*_mounts(wanted)],
    }
    return {**found, **{key: part for key, part in parts.items() if part}}


def _environment(wanted: Wanted) -> Iterator[dict[str, Json]]:
    values = variables_of(wanted)
    secrets = {each.name for each in wanted.container.secrets}
    for name in _in_order({*values, *secrets}, values):
        if name in secrets:
            reference: Json = {"secretKeyRef": {"name": wanted.secrets, "key": name}}
            yield {"name": name, "valueFrom": reference}
        else:
            yield {"name": name, "value": values[name]}


def _in_order(names: Collection[str], values: Mapping[str, str]) -> Iterator[str]:
    """By name, but each behind those that its value refers to: they stand for themselves else."""
    left = sorted(names)
    while left:
        free = (n for n in left if not {*references({"value": values.get(n)})} & {*left} - {n})
        name = next(free, left[0])
        left.remove(name)
        yield name


def variables_of(wanted: Wanted) -> dict[str, str]:
    """The variables of a container that are no secrets, with their words filled in."""
    found = {**wanted.container.environment, **wanted.variables}
    filled = {name: _fill(text, wanted.values) for name, text in found.items()}
    return {name: text for name, text in filled.items() if text is not None}


WORDS = ("site", "host", "identifier", "mount")


def _fill(text: str, values: Mapping[str, str]) -> str | None:
    for word in WORDS if "{" in text else ():
        if f"{{{word}}}" in text:
            if word not in values:
                return None
            text = text.replace(f"{{{word}}}", values[word])
    return text


def _port(port: Port) -> dict[str, Json]:
    return {"name": port.name, "containerPort": port.number, "protocol": port.protocol}


def _probe(probe: Probe | None) -> dict[str, Json]:
    if probe is None:
        return {}
    asks: dict[str, Json] = (
        {"tcpSocket": {"port": probe.port}}
        if probe.path is None
        else {"httpGet": {"path": probe.path, "port": probe.port}}
    )
    return {**asks, "periodSeconds": probe.every, "failureThreshold": probe.failures}


# ── files ─────────────────────────────────────────────────────────────────────────────────────


def _mounts(wanted: Wanted) -> Iterator[dict[str, Json]]:
    for path, key in file_keys(wanted.container).items():
        yield {"name": "files", "mountPath": path, "subPath": key, "readOnly": True}
    for index, mount in enumerate(wanted.container.mounts):
        name = _volume_name(index, mount)
        if mount.what == "scratch":
            yield {"name": name, "mountPath": mount.path}
        elif mount.path in wanted.areas:
            yield {"name": name, "mountPath": mount.path, "readOnly": mount.read_only}


def _volume_name(index: int, mount: Mount) -> str:
    """Mounts of the same area to read share a volume, and so do those to write."""
    if mount.what == "scratch":
        return f"scratch-{index}"
    area = "area" if mount.tier is None else object_name(f"area-{mount.tier}", 58)
    return f"{area}{READ_ONLY}" if mount.read_only else area


def _volumes(wanted: Wanted) -> Iterator[dict[str, Json]]:
    if wanted.container.files:
        yield {"name": "files", "configMap": {"name": wanted.files}}
    seen: set[str] = set()
    for index, mount in enumerate(wanted.container.mounts):
        name = _volume_name(index, mount)
        if name not in seen and (mount.what == "scratch" or mount.path in wanted.areas):
            seen.add(name)
            yield {"name": name, **_source(wanted, mount)}


def _source(wanted: Wanted, mount: Mount) -> dict[str, Json]:
    if mount.what != "scratch":
        claim = claim_name(wanted.areas[mount.path], mount.read_only)
        return {"persistentVolumeClaim": {"claimName": claim, "readOnly": mount.read_only}}
    size = format_amount(mount.amount or LITTLE_SCRATCH)
    if not (wanted.kept and is_large(mount)):
        return {"emptyDir": {"sizeLimit": size}}
    claim_spec: Json = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": wanted.storage_class,
        "resources": {"requests": {"storage": size}},
    }
    return {"ephemeral": {"volumeClaimTemplate": {"spec": claim_spec}}}


# ── places ────────────────────────────────────────────────────────────────────────────────────


def pod_places(wanted: Wanted, at: str) -> dict[str, Spans]:
    """The places of a pod's fields, whose spec stands at the path `at`."""
    container = wanted.container
    here, main = container.origin, f"{at}.containers[name={MAIN}]"
    found: dict[str, Spans] = {
        f"{main}.image": _image(container),
        f"{main}.command": written(here, "command"),
        f"{main}.args": written(here, "arguments"),
        f"{main}.ports": tuple(port.origin.at() for port in container.ports),
        f"{main}.resources": _amounts(wanted),
        f"{main}.env": (),
        f"{at}.securityContext": written(here, "user"),
    }
    for name, probe in (("readinessProbe", container.ready), ("livenessProbe", container.alive)):
        if probe is not None:
            found[f"{main}.{name}"] = (probe.origin.at(),)
    for name in variables_of(wanted):
        found[f"{main}.env[name={name}]"] = _variable(wanted, name)
    for secret in container.secrets:
        found[f"{main}.env[name={secret.name}]"] = (secret.origin.at(),)
    for path in container.files:
        found[f"{main}.volumeMounts[mountPath={path}]"] = (here.key("files", path),)
    if container.files:
        texts = tuple(here.at("files", path) for path in sorted(container.files))
        found[f"{at}.volumes[name=files]"] = texts
    for index, mount in enumerate(container.mounts):
        place = (mount.origin.at(),)
        found[f"{main}.volumeMounts[mountPath={mount.path}]"] = place
        volume = f"{at}.volumes[name={_volume_name(index, mount)}]"
        found[volume] = (*found.get(volume, ()), *place)
    return found


def _image(container: Container) -> Spans:
    image = container.image.origin
    return (image.at("digest"), *written(image, "repository", "version"))


def _amounts(wanted: Wanted) -> Spans:
    container = wanted.container
    own = (container.amounts, container.limits, wanted.over)
    scratch = (mount.origin.at() for mount in container.mounts if mount.what == "scratch")
    return (*(each.origin.at() for each in own if each is not None), *scratch)


def _variable(wanted: Wanted, name: str) -> Spans:
    container, here = wanted.container, wanted.site
    if name in wanted.variables and here is not None:
        text, own = wanted.variables[name], here.at("env", name)
    else:
        text, own = container.environment[name], container.origin.at("env", name)
    places = [own]
    if "{host}" in text and here is not None:
        places.append(here.at("host"))
    if "{mount}" in text:
        places += [mount.origin.at() for mount in container.mounts if mount.what == "area"]
    if "{identifier}" in text:
        places += wanted.identity
    return tuple(places)

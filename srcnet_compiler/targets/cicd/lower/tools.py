"""Actions and images that pipelines cannot do without, by digest where the specs have read one."""

from srcnet_compiler.emit.yaml import Noted, Sourced
from srcnet_compiler.federation.pipelines import Pipelines
from srcnet_compiler.span import written
from srcnet_compiler.targets.cicd.model import Spans

CHECKOUT = "actions/checkout"
PYTHON = "actions/setup-python"
GO = "actions/setup-go"
UPLOAD = "actions/upload-artifact"
DOWNLOAD = "actions/download-artifact"
SYFT = "anchore/syft"
COSIGN = "ghcr.io/sigstore/cosign/cosign"
VERSIONS = {
    CHECKOUT: "v4",
    PYTHON: "v5",
    GO: "v5",
    UPLOAD: "v4",
    DOWNLOAD: "v4",
    SYFT: "v1.18.1",
    COSIGN: "v2.4.1",
    "docker": "27",
}
"""What is used where the specs do not say which."""
UNREAD = "not pinned by digest: `pins` does not say what it holds"


def action(pipelines: Pipelines, name: str) -> Sourced:
    """An action as `uses` names it."""
    pin = pipelines.pins.get(name)
    if pin is None:
        return Sourced(Noted(f"{name}@{VERSIONS[name]}", UNREAD), ())
    places = written(pin.origin, "version", "digest")
    if pin.digest is None:
        return Sourced(Noted(f"{name}@{pin.version}", UNREAD), places)
    return Sourced(Noted(f"{name}@{pin.digest}", pin.version), places)


def image(pipelines: Pipelines, name: str) -> Sourced:
    """An image as a job names it."""
    reference, places, note = _image(pipelines, name)
    return Sourced(Noted(reference, note), places)


def image_text(pipelines: Pipelines, name: str) -> Sourced:
    """An image inside a script."""
    reference, places, _ = _image(pipelines, name)
    return Sourced(reference, places)


def _image(pipelines: Pipelines, name: str) -> tuple[str, Spans, str]:
    pin = pipelines.pins.get(name)
    if pin is None:
        known = pipelines.python if name == "python" else VERSIONS[name]
        places = written(pipelines.origin, "python") if name == "python" else ()
        return f"{name}:{known}", places, UNREAD
    places = written(pin.origin, "version", "digest")
    if pin.digest is None:
        return f"{name}:{pin.version}", places, UNREAD
    return f"{name}:{pin.version}@{pin.digest}", places, pin.version


def versioned(pipelines: Pipelines, name: str, version: str, places: Spans) -> Sourced:
    """An image of a version that something else says, unless it is pinned."""
    if name in pipelines.pins:
        return image(pipelines, name)
    return Sourced(Noted(f"{name}:{version}", UNREAD), places)


def beside(pipelines: Pipelines, name: str, suffix: str) -> Sourced:
    """A variant of an image, which has a digest of its own that nobody has read."""
    pin = pipelines.pins.get(name)
    version = VERSIONS[name] if pin is None else pin.version
    places = () if pin is None else written(pin.origin, "version")
    return Sourced(Noted(f"{name}:{version}{suffix}", UNREAD), places)

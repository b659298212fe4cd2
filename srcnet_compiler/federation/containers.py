"""What documents say of a container to the model."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TypeVar

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.federation.amounts import Findings
from srcnet_compiler.federation.services import (
    Amounts,
    Container,
    Image,
    Mount,
    Port,
    Probe,
    SecretVariable,
)
from srcnet_compiler.federation.shared import draft, secret
from srcnet_compiler.names import TierName
from srcnet_compiler.quantity import Seconds, parse_bytes, parse_duration
from srcnet_compiler.schema import containers as schema
from srcnet_compiler.span import Origin

N = TypeVar("N", bound=int)


def read_container(
    spec: schema.Container, here: Origin, found: Findings, *, only_reads: bool = False
) -> Container:
    """A container; ports, variables and files in order of name.

    `only_reads`: whatever it sees of storage areas is for reading.
    """
    return Container(
        image=_image(spec.image, here.below("image")),
        command=tuple(spec.command),
        arguments=tuple(spec.arguments),
        environment=dict(sorted(spec.env.items())),
        secrets=tuple(
            SecretVariable(name, secret(each.secretRef), here.below("secrets", name))
            for name, each in sorted(spec.secrets.items())
        ),
        files=dict(sorted(spec.files.items())),
        ports=tuple(
            Port(name, port.port, port.protocol, port.routed, here.below("ports", name))
            for name, port in sorted(spec.ports.items())
        ),
        amounts=read_amounts(spec.resources, here.below("resources"), found),
        limits=read_amounts(spec.limits, here.below("limits"), found),
        mounts=tuple(_mounts(spec, here, found, only_reads)),
        ready=_probe(spec.ready, here.below("ready"), found),
        alive=_probe(spec.alive, here.below("alive"), found),
        user=spec.user,
        origin=here,
    )


def read_amounts(
    spec: schema.ContainerResources | None, here: Origin, found: Findings
) -> Amounts | None:
    """What a container gets; None where nothing is written."""
    if spec is None:
        return None
    return Amounts(
        millicores=_millicores(spec.cores, here, found),
        memory=found.amount(some(parse_bytes), spec.memory, here, "memory"),
        gpus=spec.gpus,
        scratch=found.amount(some(parse_bytes), spec.scratch, here, "scratch"),
        origin=here,
    )


def some(parse: Callable[[str], N]) -> Callable[[str], N]:
    """As `parse`, but nothing is no amount: a cluster takes it for no limit, or for its own."""

    def parsed(text: str) -> N:
        amount = parse(text)
        if amount == 0:
            raise ValueError(f"`{text}` is nothing")
        return amount

    return parsed


def _millicores(cores: float | None, here: Origin, found: Findings) -> int | None:
    if cores is None:
        return None
    exact = Decimal(repr(cores)) * 1000
    if exact != int(exact):
        found.append(
            error(
                Code.QUANTITY,
                f"`cores`: `{cores}` is no whole number of thousandths of a core",
                Label(here.at("cores")),
                help="write at most three digits behind the point",
            )
        )
    return int(exact)


def _image(image: schema.Image, here: Origin) -> Image:
    return Image(image.repository, image.digest, image.version, draft(image, here), here)


def _mounts(
    spec: schema.Container, here: Origin, found: Findings, only_reads: bool
) -> Iterator[Mount]:
    for index, mount in enumerate(spec.mounts):
        place = here.below("mounts", index)
        what = "area" if mount.scratch is None else "scratch"
        amount = found.amount(some(parse_bytes), mount.scratch, place, "scratch")
        reads = mount.readOnly or (only_reads and what == "area")
        if reads and not mount.readOnly and place.has("readOnly"):
            found.append(_would_write(place))
        tier = None if mount.tier is None else TierName(mount.tier)
        yield Mount(what, mount.at, reads, amount, place, tier)


def _would_write(place: Origin) -> Diagnostic:
    return error(
        Code.WRONG_MOUNT,
        "what people start never writes to a storage area, which others read too",
        Label(place.at("readOnly")),
        help="remove it, and for what is written add `{scratch: 20 GB, at: /scratch}`",
    )


def _probe(spec: schema.Probe | None, here: Origin, found: Findings) -> Probe | None:
    if spec is None:
        return None
    every = found.required(some(parse_duration), spec.every, here, "every", Seconds(10))
    return Probe(spec.port, spec.path, every, spec.failures, here)

"""What services and templates have in common: an image, and how a container of it runs."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from srcnet_compiler.schema.common import (
    AbsolutePath,
    Agreed,
    BytesText,
    Count,
    DurationText,
    ExactlyOne,
    SecretReference,
    Spec,
    TierName,
    Whole,
    integer,
    such_as,
    text,
)
from srcnet_compiler.schema.pipelines import Build

PortName = Annotated[
    str,
    text(
        r"^[a-z]([a-z0-9-]{0,13}[a-z0-9])?$",
        "a name of at most 15 lower-case letters, digits and `-`, a letter first",
        "http",
    ),
]
VariableName = Annotated[
    str,
    text(
        r"^[A-Za-z_][A-Za-z0-9_]*$",
        "the name of a variable, of letters, digits and `_`",
        "LOG_LEVEL",
    ),
]


Cores = Annotated[float, Field(ge=0.001, le=100_000, allow_inf_nan=False, examples=[0.5])]
PortNumber = Annotated[int, Field(ge=1, le=65535, examples=[8080]), BeforeValidator(integer)]


class Image(Agreed):
    """A container image. One whose digest nobody has read yet is a draft, and is not run."""

    repository: Annotated[
        str,
        text(
            r"^[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$",
            "a registry and a path, without `https://`, tag or digest",
            "registry.example.org/srcnet/soda",
        ),
    ]
    """Where it is kept."""
    digest: (
        Annotated[
            str,
            text(
                r"^sha256:[0-9a-f]{64}$",
                "`sha256:` and 64 hexadecimal digits",
                "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            ),
        ]
        | None
    ) = None
    """What it holds, to the byte. Without it nothing runs."""
    version: Annotated[str, such_as("1.8.2")] | None = None
    """What people call this digest."""


class Port(Spec):
    """A port that the container listens on."""

    port: PortNumber
    """Its number."""
    protocol: Literal["TCP", "UDP"] = "TCP"
    """How it is spoken to."""
    routed: bool = False
    """Whether it is reached from outside, by the host and path of the site's service."""


class ContainerResources(Spec):
    """An amount of compute for one container. What is left out is not said."""

    cores: Cores | None = None
    """Cores; thousandths count."""
    memory: Annotated[BytesText, such_as("2 GiB")] | None = None
    """Memory."""
    gpus: Annotated[Whole, such_as(1)] | None = None
    """GPUs of any type."""
    scratch: Annotated[BytesText, such_as("10 GB")] | None = None
    """Space on the node that ends with the container."""


class Probe(Spec):
    """A question to the running container."""

    port: PortName
    """The port that is asked, by its name."""
    path: Annotated[AbsolutePath, such_as("/ping")] | None = None
    """What is asked for over HTTP; without it, only whether the port is open."""
    every: Annotated[DurationText, such_as("10 s")] = "10 s"
    """How often."""
    failures: Annotated[Count, such_as(3)] = 3
    """How many bad answers in a row count."""


class Mount(ExactlyOne):
    """Files that the container sees."""

    one_of = ("storage", "scratch")

    storage: Literal["area"] | None = None
    """The storage area that the site's service names; for a template, one that is `readable` on the
    site's cluster."""
    tier: TierName | None = None
    """The tier that the area is of; any where this is left out."""
    scratch: Annotated[BytesText, such_as("50 GB")] | None = None
    """Empty space of this size, which ends with the container."""
    at: Annotated[AbsolutePath, such_as("/data")]
    """Where the container sees them."""
    readOnly: bool = False
    """Whether the container may only read; what a template sees of an area, it may only read."""


class SecretVariable(Spec):
    """A variable whose value is a secret."""

    secretRef: SecretReference
    """Where the secret is found; with `vault`, the last part of the path is its key."""


class Container(Agreed):
    """How a container runs, wherever it does."""

    image: Image
    """What runs."""
    build: Build | None = None
    """Where the image comes from; somebody else builds it where this is left out."""
    command: Annotated[list[Annotated[str, such_as("/bin/server")]], Field(default_factory=list)]
    """What is started in it; what the image says where this is left out."""
    arguments: Annotated[list[Annotated[str, such_as("--port=8080")]], Field(default_factory=list)]
    """What it is told."""
    env: Annotated[dict[VariableName, str], Field(default_factory=dict)]
    """Its environment; `{site}`, `{host}`, `{identifier}`, `{mount}` stand for the site's own."""
    secrets: Annotated[dict[VariableName, SecretVariable], Field(default_factory=dict)]
    """Variables of its environment that are secrets."""
    files: Annotated[dict[AbsolutePath, str], Field(default_factory=dict)]
    """Small files that it finds, by path."""
    ports: Annotated[dict[PortName, Port], Field(default_factory=dict)]
    """What it listens on, by name."""
    resources: ContainerResources | None = None
    """What it gets."""
    limits: ContainerResources | None = None
    """What it may have at most; what it gets where this is left out."""
    mounts: Annotated[list[Mount], Field(default_factory=list)]
    """Files that it sees."""
    ready: Probe | None = None
    """Whether it can be sent requests."""
    alive: Probe | None = None
    """Whether it has to be started again."""
    user: Annotated[Count, such_as(1000)] = 1000
    """The number of the user that it runs as; never root."""

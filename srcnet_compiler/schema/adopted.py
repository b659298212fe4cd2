"""The shape of what people made on a Kubernetes cluster by hand, kept as it stands."""

from typing import Annotated, Literal

from pydantic import Field

from srcnet_compiler.schema.common import BytesText, LowerName, Name, Spec, Whole, such_as, text

SpaceName = Annotated[
    str,
    text(
        r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        "a name of at most 63 lower-case letters, digits and `-`",
        "skao",
    ),
]
ThingName = Annotated[
    str,
    text(
        r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$",
        "a name of lower-case letters, digits, `-` and `.`",
        "compute",
    ),
]


class AdoptedAmounts(Spec):
    """Amounts as they stand on the cluster. What is left out is not ours to say."""

    cores: Annotated[Whole, such_as(64)] | None = None
    """Cores."""
    memory: Annotated[BytesText, such_as("256 GiB")] | None = None
    """Memory."""
    gpus: Annotated[Whole, such_as(4)] | None = None
    """GPUs of NVIDIA, of any type."""


class AdoptedLimits(Spec):
    """Amounts of which a cluster knows limits."""

    cores: Annotated[Whole, such_as(128)] | None = None
    """Cores."""
    memory: Annotated[BytesText, such_as("512 GiB")] | None = None
    """Memory."""


class AdoptedQuota(Spec):
    """A ResourceQuota."""

    namespace: SpaceName
    """Where it is."""
    name: ThingName
    """What it is called."""
    requests: AdoptedAmounts | None = None
    """What all there may ask for together."""
    limits: AdoptedLimits | None = None
    """What all there may have at most together."""
    short: bool = False
    """Whether it says `cpu` and `memory` for what may be asked for, without `requests.`."""


class AdoptedClusterQueue(Spec):
    """A ClusterQueue of Kueue with one flavor."""

    name: ThingName
    """What it is called."""
    cohort: ThingName | None = None
    """Whose queues lend to each other; not ours to say where this is left out."""
    flavor: ThingName
    """What stands there for the machines."""
    nominal: AdoptedAmounts
    """What it has by itself."""
    borrowing: AdoptedAmounts | None = None
    """What it may borrow at most; what is left out has no limit."""
    lending: AdoptedAmounts | None = None
    """What it lends at most; what is left out has no limit."""


class AdoptedQueue(Spec):
    """A LocalQueue of Kueue."""

    queue: LowerName
    """The queue class whose jobs wait in it."""
    namespace: SpaceName
    """Where it is."""
    name: ThingName
    """What it is called."""
    clusterQueue: ThingName
    """The ClusterQueue that it is a way into."""


class AdoptedWorkload(Spec):
    """A Deployment or StatefulSet."""

    service: Annotated[Name, such_as("soda_sync")]
    """The service of the site's `services:` that it is."""
    kind: Literal["Deployment", "StatefulSet"] = "Deployment"
    """Which of the two."""
    namespace: SpaceName
    """Where it is."""
    name: ThingName
    """What it is called."""
    replicas: Annotated[Whole, such_as(2)] | None = None
    """How many run; not ours to say where this is left out."""
    images: Annotated[dict[SpaceName, str], Field(default_factory=dict)]
    """By container, the image that runs."""


class Adopted(Spec):
    """Objects of other names than the compiler gives. Only what is written here of them is kept
    so, and nothing else is made on the cluster, until all of this is removed."""

    quotas: Annotated[list[AdoptedQuota], Field(default_factory=list)]
    """What namespaces may have."""
    clusterQueues: Annotated[list[AdoptedClusterQueue], Field(default_factory=list)]
    """What Kueue gives to queues."""
    queues: Annotated[list[AdoptedQueue], Field(default_factory=list)]
    """Where jobs of each class wait."""
    workloads: Annotated[list[AdoptedWorkload], Field(default_factory=list)]
    """What runs services."""

"""What people made on a Kubernetes cluster by hand and the federation keeps as it stands: linked,
immutable."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from srcnet_compiler.names import QueueName
from srcnet_compiler.quantity import Bytes
from srcnet_compiler.span import Origin


@dataclass(frozen=True, slots=True)
class Stated:
    """Amounts of a resource. None: not said."""

    cores: int | None
    memory: Bytes | None
    gpus: int | None
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Quota:
    """A ResourceQuota; `short`: it says `cpu` for `requests.cpu`."""

    namespace: str
    name: str
    requests: Stated | None
    limits: Stated | None
    short: bool
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ClusterQueue:
    """A ClusterQueue with one flavor. `cohort` None: not said."""

    name: str
    cohort: str | None
    flavor: str
    nominal: Stated
    borrowing: Stated | None
    lending: Stated | None
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LocalQueue:
    """Where jobs of a class wait."""

    queue: QueueName
    namespace: str
    name: str
    cluster_queue: str
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Workload:
    """What runs a service: `kind` is Deployment or StatefulSet, `images` are by container."""

    service: str
    kind: str
    namespace: str
    name: str
    replicas: int | None
    images: Mapping[str, str]
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Adopted:
    """All of it, each in the order of the spec."""

    quotas: tuple[Quota, ...]
    cluster_queues: tuple[ClusterQueue, ...]
    queues: tuple[LocalQueue, ...]
    workloads: tuple[Workload, ...]
    origin: Origin = field(compare=False, repr=False)

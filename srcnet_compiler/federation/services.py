"""Services, templates and security as the rest of the compiler sees them: linked, immutable."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from srcnet_compiler.federation.secret import Secret
from srcnet_compiler.names import GroupPath, QueueName, SiteName, TierName
from srcnet_compiler.quantity import Bytes, Seconds
from srcnet_compiler.span import Origin, Span


@dataclass(frozen=True, slots=True)
class Image:
    """A container image. `digest` None: nobody has read it yet, so nothing that runs it is made.

    `version` is for people. `drafts`: its digest is not agreed.
    """

    repository: str
    digest: str | None
    version: str | None
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)

    @property
    def reference(self) -> str:
        """How a node asks for it; ValueError without a digest."""
        if self.digest is None:
            raise ValueError(f"{self.repository} has no digest")
        return f"{self.repository}@{self.digest}"


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a container gets, or may have at most. None: not said. Cores are in thousandths."""

    millicores: int | None
    memory: Bytes | None
    gpus: int | None
    scratch: Bytes | None
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Port:
    """A port that a container listens on; `routed`: reached from outside by the site's route."""

    name: str
    number: int
    protocol: str
    routed: bool
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Probe:
    """A question to a container on the port of a name; `path` None: only whether it listens."""

    port: str
    path: str | None
    every: Seconds
    failures: int
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Mount:
    """Files that a container sees at `path`: of the site's storage area (`what` area), or scratch
    of `amount` bytes that ends with it (`what` scratch). `tier` None: an area of any."""

    what: str
    path: str
    read_only: bool
    amount: Bytes | None
    origin: Origin = field(compare=False, repr=False)
    tier: TierName | None = None


@dataclass(frozen=True, slots=True)
class SecretVariable:
    """A variable of the environment whose value is a secret, found by reference."""

    name: str
    secret: Secret
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Container:
    """What runs. Values of `environment` may hold `{site}`, `{host}`, `{identifier}`, `{mount}`.

    `files` by absolute path. `user` is a number above 0. `limits` None: as `amounts`.
    """

    image: Image
    command: tuple[str, ...]
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: tuple[SecretVariable, ...]
    files: Mapping[str, str]
    ports: tuple[Port, ...]
    amounts: Amounts | None
    limits: Amounts | None
    mounts: tuple[Mount, ...]
    ready: Probe | None
    alive: Probe | None
    user: int
    origin: Origin = field(compare=False, repr=False)

    @property
    def of_areas(self) -> tuple[Mount, ...]:
        """What it sees of storage areas."""
        return tuple(mount for mount in self.mounts if mount.what == "area")

    def port(self, name: str) -> Port | None:
        """The port of this name."""
        return next((port for port in self.ports if port.name == name), None)


@dataclass(frozen=True, slots=True)
class Scaling:
    """Between how many replicas; `load`: the part of its cores in percent at which one is added."""

    least: int
    most: int
    load: int
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Flow:
    """A connection that a service makes: to another `service` of the same cluster, or to `hosts`
    (CIDR) outside; empty hosts: anywhere. None as `port`: any."""

    service: str | None
    hosts: tuple[str, ...]
    port: int | None
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Service:
    """A long-running service of the federation, the same wherever it runs.

    `must` and `may_not` are the sites that have to run it, or are not to. `workload` is
    deployment, stateful or scheduled (then `schedule` is a cron line in UTC). `replicas` holds
    where there is no `scaling`. `needs` are services that it cannot be without on its cluster.
    `storage` is none, any or mounted: what it needs of a storage area. `path` is where its route
    begins, on every site; None: each site says it. `metrics` is the port and path at which it is
    measured. `overrides`: what sites may set otherwise, of replicas, amounts, environment.
    """

    name: str
    must: tuple[SiteName, ...]
    may_not: tuple[SiteName, ...]
    workload: str
    schedule: str | None
    replicas: int
    scaling: Scaling | None
    container: Container
    path: str | None
    storage: str
    needs: tuple[str, ...]
    flows: tuple[Flow, ...]
    metrics: tuple[str, str] | None
    overrides: tuple[str, ...]
    retired: bool
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Template:
    """What people start: a `session` that they talk to, or a `batch` job, in one queue class.

    `groups`: whose members may; empty: everybody of the federation. `lasts`: how long at most.
    """

    name: str
    runs: str
    queue: QueueName
    container: Container
    groups: tuple[GroupPath, ...]
    lasts: Seconds | None
    retired: bool
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs images, as the certificate of a signature says it."""

    issuer: str
    subject: str
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SecurityPolicy:
    """What is let in on every cluster. `registries` are beginnings of images' repositories.

    `carries`: what a workload must say of itself, of "federated identity" and "project".
    `pod_security` is restricted or baseline.
    """

    name: str
    registries: tuple[str, ...]
    digests: bool
    carries: tuple[str, ...]
    pod_security: str
    signers: tuple[Signer, ...]
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)

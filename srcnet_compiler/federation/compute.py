"""Compute as the rest of the compiler sees it: clusters, queues, allocations; linked, immutable."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from srcnet_compiler.federation.secret import Secret
from srcnet_compiler.names import AllocationName, GroupPath, ProjectName, QueueName, SiteName
from srcnet_compiler.quantity import BasisPoints, Bytes, Seconds
from srcnet_compiler.span import Origin, Span


@dataclass(frozen=True, slots=True)
class Resources:
    """An amount of compute at one moment. None: not limited."""

    cores: int | None
    memory: Bytes | None
    gpus: int | None
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class PerUser:
    """What one user may have at a time. None: not limited."""

    cores: int | None
    memory: Bytes | None
    gpus: int | None
    jobs: int | None
    origin: Origin = field(compare=False, repr=False)


# ── policy ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Queue:
    """A class of jobs. `priority` is low, normal or high; `start` None: a job waits for its turn.

    `windows`: jobs run only in the windows that sites give to this queue. `exclusive`: a job has
    its nodes alone. `drafts` are its own and those of its policy. `retired`: it ends, as a document
    says; so of windows, clusters and projects.
    """

    name: QueueName
    walltime: Seconds
    priority: str
    per_user: PerUser | None
    preemptible: bool
    start: Seconds | None
    windows: bool
    exclusive: bool
    retired: bool
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class JobScratch:
    """The scratch of a job: `per_job` is required, optional or none; `keep` 0: until it ends."""

    per_job: str
    amount: Bytes | None
    keep: Seconds
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ComputePolicy:
    """How jobs of the federation run. Names of what is ours begin with `prefix`.

    `carries`: what every job must say of itself, of "federated identity", "project" and
    "image digest", in this order.
    """

    name: str
    prefix: str
    queues: Mapping[QueueName, Queue]
    scratch: JobScratch | None
    carries: tuple[str, ...]
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)


# ── sites ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, order=True)
class SlurmVersion:
    """A version such as 24.11; `patch` -1: the spec does not say."""

    year: int
    month: int
    patch: int = -1

    def __str__(self) -> str:
        release = f"{self.year}.{self.month:02}"
        return release if self.patch < 0 else f"{release}.{self.patch}"


def parse_version(text: str) -> SlurmVersion:
    """Read a version such as ``24.11`` or ``22.05.8``, of the form that the schema asks for."""
    return SlurmVersion(*(int(part) for part in text.split(".")))


@dataclass(frozen=True, slots=True)
class Controller:
    """Where a cluster is managed, over ssh. A user of None is the one that ssh takes by itself.

    `host_key` None: whatever ssh knows; `configuration` and `commands` None: as a shell there has
    them.
    """

    host: str
    port: int
    host_key: str | None
    configuration: str | None
    commands: str | None
    user: str | None
    secret: Secret
    read_user: str | None
    read_secret: Secret
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, order=True)
class Database:
    """An accounting database, alike for clusters that share what is kept there.

    `place` is the host of its daemon, or the site or the cluster whose own it is; `name` is empty
    for a cluster's own.
    """

    place: str
    name: str


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """Nodes that are alike; amounts are those of each. None: the spec does not say."""

    names: tuple[str, ...]
    cores: int
    memory: Bytes | None
    gpus: Mapping[str, int]
    scratch: Bytes | None
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Share:
    """What the federation may have of a cluster: whenever it wants, and at most."""

    guaranteed: Resources | None
    ceiling: Resources | None
    preemptible: bool
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Window:
    """A time at which `nodes` nodes are kept for `queue`.

    `start` and `end` are minutes after midnight on the clocks of the site; an end that is not
    later than the start is on the next day. `days` are those on which it begins, Monday is 0.
    `daily`: it is written for every day, and not for days of the week.
    """

    name: str
    start: int
    end: int
    days: tuple[int, ...]
    daily: bool
    nodes: int
    queue: QueueName
    retired: bool
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)

    @property
    def minutes(self) -> int:
        """How long it lasts, on a day on which no clock is changed."""
        return (self.end - self.start - 1) % (24 * 60) + 1

    @property
    def place(self) -> Span:
        """Where its hours are written."""
        return self.origin.at("daily") if self.daily else self.origin.at("weekly", "hours")


@dataclass(frozen=True, slots=True)
class SlurmCluster:
    """A Slurm cluster, and how far its site lets the federation in.

    `name` is that of the compute in the spec, `cluster` the one that Slurm has. `allows`: of
    accounting, reservations and partitions. `scratch_resource` None: Slurm does not count scratch,
    `scratch_path` None: the site does not say where it is. `share` None: the federation may have
    all. `queues`: the classes that may run here. `site_known_as` is the name by which systems know
    the site.
    """

    site: SiteName
    site_known_as: str
    name: str
    environment: str
    enabled: bool
    timezone: str | None
    cluster: str
    version: SlurmVersion
    database: Database
    controller: Controller
    shared: bool
    allows: tuple[str, ...]
    fragment: str | None
    preemption: bool
    scratch_resource: str | None
    scratch_path: str | None
    nodes: tuple[NodeGroup, ...]
    share: Share | None
    queues: tuple[QueueName, ...]
    windows: tuple[Window, ...]
    retired: bool
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)

    @property
    def ceiling(self) -> Resources | None:
        """What the federation may have at most, where its site says so."""
        return self.share.ceiling if self.share is not None else None

    @property
    def label(self) -> str:
        """What it is called in findings and waivers."""
        return f"{self.site}/{self.name}"

    @property
    def in_use(self) -> bool:
        """Whether jobs of the federation are to run here."""
        return self.enabled and not self.retired

    @property
    def node_count(self) -> int:
        """How many nodes there are."""
        return sum(len(group.names) for group in self.nodes)

    @property
    def cores(self) -> int:
        """The cores of all nodes."""
        return sum(len(group.names) * group.cores for group in self.nodes)

    @property
    def gpus(self) -> int:
        """The GPUs of all nodes."""
        return sum(len(group.names) * sum(group.gpus.values()) for group in self.nodes)

    @property
    def memory(self) -> Bytes | None:
        """The memory of all nodes; None where some group does not say."""
        total = 0
        for group in self.nodes:
            if group.memory is None:
                return None
            total += len(group.names) * group.memory
        return Bytes(total)


@dataclass(frozen=True, slots=True)
class Scratch:
    """Space of a site that its jobs share; `keep` None: files stay until somebody removes them."""

    name: str
    site: SiteName
    path: str
    capacity: Bytes | None
    keep: Seconds | None
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)


# ── allocations ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Hours:
    """Use that adds up over a period, in seconds of one core or GPU. None: not limited."""

    cores: Seconds | None
    gpus: Seconds | None
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Project:
    """What a project may use on each cluster. `groups` are whose members work for it.

    `share` None: none of its own. `queues`: those that it may use.
    """

    name: ProjectName
    groups: tuple[GroupPath, ...]
    share: BasisPoints | None
    hours: Hours | None
    limits: Resources | None
    queues: tuple[QueueName, ...]
    retired: bool
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Allocation:
    """What projects may use from the day `start` to the day `until`, inclusive.

    It holds on each of the clusters of these names at these sites; `clusters` None: on all there.
    """

    name: AllocationName
    start: date
    until: date
    sites: tuple[SiteName, ...]
    clusters: tuple[str, ...] | None
    projects: tuple[Project, ...]
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)

    @property
    def seconds(self) -> Seconds:
        """How long it lasts."""
        return Seconds(((self.until - self.start) // timedelta(days=1) + 1) * 86_400)

    def covers(self, cluster: SlurmCluster) -> bool:
        """Whether it holds on a cluster that is in use."""
        named = self.clusters is None or cluster.name in self.clusters
        return named and cluster.site in self.sites and cluster.in_use

    def holds_on(self, day: date) -> bool:
        """Whether `day` lies in its period."""
        return self.start <= day <= self.until


@dataclass(frozen=True, slots=True)
class Compute:
    """All that the specs say about compute. `policy` None: nobody has said how jobs run.

    Clusters are in order of site and name, scratch too, allocations in order of name. `groups`
    are the groups of the identity provider that the federation knows, by what they are for.
    """

    policy: ComputePolicy | None
    clusters: tuple[SlurmCluster, ...]
    scratch: tuple[Scratch, ...]
    allocations: tuple[Allocation, ...]
    groups: Mapping[str, GroupPath]

    def at(self, site: SiteName) -> Iterator[SlurmCluster]:
        """The clusters of a site."""
        return (cluster for cluster in self.clusters if cluster.site == site)

    def allocated(self, cluster: SlurmCluster) -> Iterator[Allocation]:
        """The allocations that hold on a cluster, at whatever time."""
        return (a for a in self.allocations if a.covers(cluster))

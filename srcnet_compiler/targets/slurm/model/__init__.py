"""A Slurm cluster as this compiler manages it: the same types for what is wanted and what is there.

Each object flattens to *fields*, plain values by Slurm's own names (the words that sacctmgr,
scontrol and slurm.conf take). In a wanted object a field that is None is not ours: nobody looks at
it. In what was seen every field has a value.

Lengths of time are seconds, memory is bytes, CPUs are whole. UNLIMITED says that there is no limit,
and so does an empty mapping of resources.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias, TypeVar

from srcnet_compiler.change import Json
from srcnet_compiler.span import Span
from srcnet_compiler.targets.slurm.model.cost import Version
from srcnet_compiler.targets.slurm.model.successor import Successor
from srcnet_compiler.targets.slurm.model.times import REPEATING
from srcnet_compiler.targets.slurm.model.times import UNLIMITED as UNLIMITED
from srcnet_compiler.targets.slurm.model.tres import Tres
from srcnet_compiler.task import Task

Fields: TypeAlias = Mapping[str, Json]
Origins: TypeAlias = Mapping[str, tuple[Span, ...]]
"""The spec places that each field comes from, the most telling first."""
Key: TypeAlias = tuple[str, str]
"""Kind and name of an object."""
Limit: TypeAlias = int | None
"""A count or seconds; UNLIMITED is none, None: not ours."""
Names: TypeAlias = tuple[str, ...]
"""Names in order of the alphabet."""


@dataclass(frozen=True, slots=True)
class Account:
    """A node of the account tree, in this cluster; its limits are those of its `Association`.

    Description and organization are the database's: all its clusters share them.
    """

    kind: ClassVar[str] = "account"
    name: str
    parent: str
    description: str | None = None
    organization: str | None = None
    origins: Origins = field(default_factory=dict, compare=False, repr=False)
    drafts: tuple[Span, ...] = field(default=(), compare=False, repr=False)

    def fields(self) -> Fields:
        return _stated(
            {
                "Parent": self.parent,
                "Description": self.description,
                "Organization": self.organization,
            }
        )


@dataclass(frozen=True, slots=True)
class Association:
    """Shares and limits of an account, or of a user in it, perhaps in one partition alone.

    Only what is set here, not what is inherited. An empty `qos` or `default_qos` inherits; `qos`
    are those that may be asked for.
    """

    kind: ClassVar[str] = "association"
    account: str
    user: str = ""
    partition: str = ""
    fairshare: int | Literal["parent"] | None = None
    grp_tres: Tres | None = None
    grp_tres_mins: Tres | None = None
    grp_tres_run_mins: Tres | None = None
    grp_wall: Limit = None
    grp_jobs: Limit = None
    grp_submit: Limit = None
    max_tres: Tres | None = None
    max_wall: Limit = None
    max_jobs: Limit = None
    max_submit: Limit = None
    qos: Names | None = None
    default_qos: str | None = None
    origins: Origins = field(default_factory=dict, compare=False, repr=False)
    drafts: tuple[Span, ...] = field(default=(), compare=False, repr=False)

    @property
    def name(self) -> str:
        return "/".join(part for part in (self.account, self.user, self.partition) if part)

    def fields(self) -> Fields:
        return _stated(
            {
                "Fairshare": self.fairshare,
                "GrpTRES": self.grp_tres,
                "GrpTRESMins": self.grp_tres_mins,
                "GrpTRESRunMins": self.grp_tres_run_mins,
                "GrpWall": self.grp_wall,
                "GrpJobs": self.grp_jobs,
                "GrpSubmitJobs": self.grp_submit,
                "MaxTRESPerJob": self.max_tres,
                "MaxWall": self.max_wall,
                "MaxJobs": self.max_jobs,
                "MaxSubmitJobs": self.max_submit,
                "QosLevel": self.qos,
                "DefaultQOS": self.default_qos,
            }
        )


@dataclass(frozen=True, slots=True)
class Qos:
    """Limits and priority that a job can ask for. All clusters of a database share it."""

    kind: ClassVar[str] = "qos"
    name: str
    description: str | None = None
    priority: int | None = None
    grace: Limit = None
    preempt: Names | None = None
    preempt_mode: str | None = None
    flags: Names | None = None
    grp_tres: Tres | None = None
    grp_tres_mins: Tres | None = None
    grp_wall: Limit = None
    grp_jobs: Limit = None
    grp_submit: Limit = None
    max_tres: Tres | None = None
    max_tres_per_user: Tres | None = None
    max_tres_per_account: Tres | None = None
    max_wall: Limit = None
    max_jobs_per_user: Limit = None
    max_submit_per_user: Limit = None
    max_jobs_per_account: Limit = None
    max_submit_per_account: Limit = None
    min_tres: Tres | None = None
    origins: Origins = field(default_factory=dict, compare=False, repr=False)
    drafts: tuple[Span, ...] = field(default=(), compare=False, repr=False)

    def fields(self) -> Fields:
        return _stated(
            {
                "Description": self.description,
                "Priority": self.priority,
                "GraceTime": self.grace,
                "Preempt": self.preempt,
                "PreemptMode": self.preempt_mode,
                "Flags": self.flags,
                "GrpTRES": self.grp_tres,
                "GrpTRESMins": self.grp_tres_mins,
                "GrpWall": self.grp_wall,
                "GrpJobs": self.grp_jobs,
                "GrpSubmitJobs": self.grp_submit,
                "MaxTRESPerJob": self.max_tres,
                "MaxTRESPerUser": self.max_tres_per_user,
                "MaxTRESPerAccount": self.max_tres_per_account,
                "MaxWall": self.max_wall,
                "MaxJobsPerUser": self.max_jobs_per_user,
                "MaxSubmitJobsPerUser": self.max_submit_per_user,
                "MaxJobsPerAccount": self.max_jobs_per_account,
                "MaxSubmitJobsPerAccount": self.max_submit_per_account,
                "MinTRESPerJob": self.min_tres,
            }
        )


@dataclass(frozen=True, slots=True)
class Reservation:
    """A window on nodes that are named, or counted (of a partition).

    `start` is as `times.start_of` writes it, in the cluster's time zone: a window that repeats has
    no date. `purge_after` are the idle seconds after which it ends early.
    """

    kind: ClassVar[str] = "reservation"
    name: str
    start: str
    duration: int
    nodes: str | None = None
    node_count: int | None = None
    partition: str | None = None
    accounts: Names | None = None
    users: Names | None = None
    flags: Names = ()
    max_start_delay: int | None = None
    purge_after: int | None = None
    origins: Origins = field(default_factory=dict, compare=False, repr=False)
    drafts: tuple[Span, ...] = field(default=(), compare=False, repr=False)

    @property
    def repeats(self) -> bool:
        return not REPEATING.isdisjoint(self.flags)

    def fields(self) -> Fields:
        return _stated(
            {
                "StartTime": self.start,
                "Duration": self.duration,
                "Nodes": self.nodes,
                "NodeCnt": self.node_count,
                "PartitionName": self.partition,
                "Accounts": self.accounts,
                "Users": self.users,
                "Flags": self.flags,
                "MaxStartDelay": self.max_start_delay,
                "PURGE_COMP": self.purge_after,
            }
        )


@dataclass(frozen=True, slots=True)
class Partition:
    """A line of our fragment. An empty `allow_accounts` or `allow_qos` lets everybody in.

    `nodes` is a hostlist as `hostlist.compress` writes it. `state` is wanted only to drain: else it
    is the operators'. It is never the default partition: that is the site's.
    """

    kind: ClassVar[str] = "partition"
    name: str
    nodes: str
    allow_accounts: Names | None = None
    allow_qos: Names | None = None
    qos: str | None = None
    max_time: Limit = None
    default_time: Limit = None
    max_nodes: Limit = None
    priority_tier: int | None = None
    preempt_mode: str | None = None
    hidden: bool | None = None
    over_subscribe: str | None = None
    state: str | None = None
    origins: Origins = field(default_factory=dict, compare=False, repr=False)
    drafts: tuple[Span, ...] = field(default=(), compare=False, repr=False)

    def fields(self) -> Fields:
        return _stated(
            {
                "Nodes": self.nodes,
                "AllowAccounts": self.allow_accounts,
                "AllowQos": self.allow_qos,
                "QOS": self.qos,
                "MaxTime": self.max_time,
                "DefaultTime": self.default_time,
                "MaxNodes": self.max_nodes,
                "PriorityTier": self.priority_tier,
                "PreemptMode": self.preempt_mode,
                "Hidden": self.hidden,
                "OverSubscribe": self.over_subscribe,
                "State": self.state,
            }
        )


@dataclass(frozen=True, slots=True)
class Job:
    """A job in the queue, anybody's. A pending one may name several partitions."""

    id: str
    running: bool
    account: str
    user: str
    qos: str
    partitions: Names
    reservation: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A node as the controller knows it; `memory` in bytes, `gres` counts by name."""

    name: str
    state: Names
    cpus: int
    memory: int
    gres: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Foreign:
    """What others have made, to be seen and never changed.

    Accounts by their parent, partitions and reservations by their nodes. `users` are all of the
    database, ours too, by their default account; `members` who is in which of the others' accounts.
    """

    accounts: Mapping[str, str] = field(default_factory=dict)
    qos: frozenset[str] = frozenset()
    partitions: Mapping[str, str] = field(default_factory=dict)
    reservations: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, Names] = field(default_factory=dict)
    default_partition: str | None = None


Thing: TypeAlias = Account | Association | Qos | Reservation | Partition


@dataclass(frozen=True, slots=True)
class SlurmModel:
    """One cluster. Names are unique within a kind.

    Ours are the account `root_account` with all below it, QOS and reservations whose name begins
    with `prefix`, and the partitions of `fragment`, a file on the controller (empty: the site lets
    us have none). An empty `root_account` or `prefix` owns nothing.

    Only a wanted model has `ended`, why an object is to go, with the last day of the document that
    says so, `moved`, what has another name now, `complete`, the accounts whose members are known in
    full, so that a user who is no longer one goes, `tasks`, which are left to the
    cluster's administrators, and `origins`. Only what is seen has `version`, `settings`, `jobs`,
    `nodes`, `foreign`, and `written`: the fragment as it stands.
    """

    instance: str
    cluster: str
    prefix: str = ""
    root_account: str = ""
    fragment: str = ""
    time_zone: str = "UTC"
    site: str = field(default="", compare=False)
    accounts: Mapping[str, Account] = field(default_factory=dict)
    associations: Mapping[str, Association] = field(default_factory=dict)
    qos: Mapping[str, Qos] = field(default_factory=dict)
    partitions: Mapping[str, Partition] = field(default_factory=dict)
    reservations: Mapping[str, Reservation] = field(default_factory=dict)
    ended: Mapping[Key, str] = field(default_factory=dict)
    ended_until: Mapping[Key, str] = field(default_factory=dict)
    moved: Mapping[Key, Successor] = field(default_factory=dict)
    complete: frozenset[str] = frozenset()
    tasks: tuple[Task, ...] = field(default=(), compare=False)
    version: Version = (0, 0)
    settings: Mapping[str, str] = field(default_factory=dict)
    jobs: tuple[Job, ...] = ()
    nodes: Mapping[str, Node] = field(default_factory=dict)
    foreign: Foreign = field(default_factory=Foreign)
    written: str = ""
    origins: Origins = field(default_factory=dict, compare=False, repr=False)

    def things(self) -> Iterator[Thing]:
        """Every object that is declared, in the order in which they can be created."""
        yield from (self.qos[name] for name in _preempted_first(self.qos))
        yield from (self.accounts[name] for name in parents_first(self.accounts))
        yield from _by_name(self.associations)
        yield from _by_name(self.partitions)
        yield from _by_name(self.reservations)

    def find(self, kind: str, name: str) -> Thing | None:
        """The object of this kind and name."""
        by_kind: Mapping[str, Mapping[str, Thing]] = {
            Account.kind: self.accounts,
            Association.kind: self.associations,
            Qos.kind: self.qos,
            Partition.kind: self.partitions,
            Reservation.kind: self.reservations,
        }
        return by_kind[kind].get(name)

    def owns_name(self, name: str) -> bool:
        """Whether a QOS or reservation of this name is ours."""
        start, rest = name[: len(self.prefix)], name[len(self.prefix) :]
        return bool(self.prefix) and start == self.prefix and rest[:1] in ("", "-", "_", ".")


def parents_first(accounts: Mapping[str, Account]) -> Sequence[str]:
    """Names of accounts, each after its parent, else by name; parents in a circle come last."""
    return _after(accounts, {name: (account.parent,) for name, account in accounts.items()})


def subtree(parents: Mapping[str, str], root: str) -> frozenset[str]:
    """`root` and all accounts below it, given the parent of each."""
    if root not in parents:
        return frozenset()
    inside = {root}
    size = 0
    while size != len(inside):
        size = len(inside)
        inside |= {name for name, parent in parents.items() if parent in inside}
    return frozenset(inside)


def _preempted_first(qos: Mapping[str, Qos]) -> Sequence[str]:
    return _after(qos, {name: each.preempt or () for name, each in qos.items()})


def _after(names: Mapping[str, object], needs: Mapping[str, Names]) -> Sequence[str]:
    """The names by the alphabet, each after those it needs."""
    done: dict[str, None] = {}
    left = sorted(names)
    while left:
        ready = [name for name in left if all(n in done or n not in names for n in needs[name])]
        done |= dict.fromkeys(ready or left)
        left = [name for name in left if name not in done]
    return tuple(done)


def _stated(values: Mapping[str, object]) -> Fields:
    """Those that are not None, as plain data."""
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: object) -> Json:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):
        return dict(sorted(value.items()))
    if isinstance(value, (str, int)):
        return value
    raise TypeError(f"no plain value: {value!r}")


T = TypeVar("T")


def _by_name(things: Mapping[str, T]) -> Iterator[T]:
    return (things[name] for name in sorted(things))

"""What stands on a Slurm cluster and may be ours, one by one.

Each object flattens to *fields*, plain values by Slurm's own names (the words that sacctmgr,
scontrol and slurm.conf take). In a wanted object a field that is None is not ours: nobody looks at
it. In what was seen every field has a value.

Lengths of time are seconds, memory is bytes, CPUs are whole. UNLIMITED says that there is no limit,
and so does an empty mapping of resources.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

from srcnet_compiler.change import Json
from srcnet_compiler.span import Span
from srcnet_compiler.targets.slurm.model.times import REPEATING
from srcnet_compiler.targets.slurm.model.tres import Tres

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


Thing: TypeAlias = Account | Association | Qos | Reservation | Partition


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

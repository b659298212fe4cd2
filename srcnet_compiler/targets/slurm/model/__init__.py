"""A Slurm cluster as this compiler manages it: one type for what is wanted and what is there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from srcnet_compiler.targets.slurm.model.cost import Version
from srcnet_compiler.targets.slurm.model.successor import Successor
from srcnet_compiler.targets.slurm.model.things import (
    Account,
    Association,
    Key,
    Names,
    Origins,
    Partition,
    Qos,
    Reservation,
    Thing,
)
from srcnet_compiler.targets.slurm.model.times import UNLIMITED as UNLIMITED
from srcnet_compiler.task import Task


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


T = TypeVar("T")


def _by_name(things: Mapping[str, T]) -> Iterator[T]:
    return (things[name] for name in sorted(things))

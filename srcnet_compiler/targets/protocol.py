"""What a target is: a few functions around one model.

All but `connect`, `read` and `try_out` are pure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.artifact import Artifact
from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, Json, SystemName
from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.federation.membership import Membership
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import SiteName
from srcnet_compiler.span import Span
from srcnet_compiler.task import Task

M = TypeVar("M")
C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of the live system that could not be read; nothing under it is changed.

    An address with an empty name covers every object of its kind, with an empty kind the instance.
    """

    under: Address
    reason: str

    def covers(self, address: Address) -> bool:
        """Whether `address` lies under this gap."""
        here = self.under
        return (
            (here.target, here.instance) == (address.target, address.instance)
            and here.kind in ("", address.kind)
            and here.name in ("", address.name)
        )


@dataclass(frozen=True, slots=True)
class Reading(Generic[M]):
    """What was seen, and what could not be seen. Unseen is not the same as absent.

    `day` is the one that things are judged by whose age counts; None: their age cannot be told.
    """

    model: M
    gaps: tuple[Gap, ...] = ()
    day: date | None = None


def without_unseen(changes: Sequence[Change], gaps: Sequence[Gap]) -> tuple[Change, ...]:
    """The changes that lie under no gap, and need nothing that does: who relies on a change that
    cannot be made would find the system in between."""
    hidden = {c.address for c in changes if any(gap.covers(c.address) for gap in gaps)}
    before = -1
    while before != len(hidden):
        before = len(hidden)
        hidden |= {c.address for c in changes if not hidden.isdisjoint(c.needs)}
    return tuple(change for change in changes if change.address not in hidden)


def taking_over(
    here: Address,
    wanted: Mapping[str, Json],
    found: Mapping[str, Json],
    place: Callable[[str], Span | None],
    *,
    impact: Impact = Impact.COSMETIC,
    reason: str = "it exists already",
    drafts: tuple[Span, ...] = (),
) -> Change:
    """An object that exists becomes ours: its fields that are as wanted, and nothing else."""
    same = (
        FieldChange(name, value, value, place(name))
        for name, value in wanted.items()
        if found.get(name) == value
    )
    return Change(here, Action.ADOPT, tuple(same), impact, reason, drafts=drafts)


class UnreachableError(Exception):
    """A system cannot be reached or answers nonsense: exit 69. The text is for the user."""


class RefusedError(Exception):
    """A system refuses our credentials or rights: exit 77. The text is for the user."""


@dataclass(frozen=True, slots=True)
class Right:
    """`may` None: it could not be found out. `why` is for people. What is not `needed` saves time,
    or is root's alone.
    """

    what: str
    may: bool | None
    why: str = ""
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proven of the changes of one system, in words, and what speaks against them."""

    claims: tuple[str, ...] = ()
    objections: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of trying a change of the specs on a system that is as they were, with one of every
    kind of thing on it: so many `kinds`, of which so many would be `changed`, and in how many
    `orders` that can go on where something is taken away (0: nothing is, or nobody could look
    through them). `objections` say what would go wrong in one; empty: proven that nothing does.
    `places` are where it is promised what must not be lost."""

    kinds: int
    changed: int
    orders: int
    objections: tuple[Diagnostic, ...] = ()
    places: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Target(Generic[M, C]):
    """`M` is the target's model of one instance, `C` the client that reads it.

    `site` is whose the instance is; None: the federation's. `tasks` is what only people may do
    there. `lower` gets None where nobody asked who belongs to which group.
    `check` is what the real consumer of the artifacts would object to, `check_seen` what else is
    there, as seen, that would spoil what is wanted, `try_out` what the system itself says to these
    changes when they are tried on a copy. `connection` is how to reach
    the instance to change it, secrets included, given the environment; `reading_connection` how to
    read it, which may be by another account. `connect` raises UnreachableError and
    RefusedError. `read` looks only at what the wanted model may touch; `adoptions` takes over what
    exists, one change for each object. `whole` is a model with all its objects, those among them
    that the instance fetches by itself, for who compares what is wanted with what was wanted.
    `prove` looks at all that may come of the changes, in whatever order they are carried out and
    whatever of them fails: a plan that it objects to is refused.
    `rehearse` proves the same of the way from one model to another, on a day, without any system;
    None: there is nothing on it that could be lost.
    `postponed` is what is due and is not among the changes because a later run begins it, each with
    the reason; `overdue` what is later than the specs let it be. `as_of_day` gives changes that may
    have been planned on another day the waits of this one; it reads the system where that matters.
    `rebalancing` is the model for a plan that moves what is there so that it is shared out anew,
    and `notes` what is to be said of that.
    """

    name: str
    site: Callable[[M], SiteName | None]
    lower: Callable[[Federation, Analysis, Membership | None], Iterable[M]]
    emit: Callable[[M], tuple[Artifact, ...]]
    tasks: Callable[[M], tuple[Task, ...]]
    check: Callable[[M, Federation], Iterable[Diagnostic]]
    check_seen: Callable[[M, M], Iterable[Diagnostic]]
    connection: Callable[[Federation, M, Mapping[str, str]], Mapping[str, Json]]
    reading_connection: Callable[[Federation, M, Mapping[str, str]], Mapping[str, Json]]
    connect: Callable[[Mapping[str, Json]], C]
    read: Callable[[C, M], Reading[M]]
    diff: Callable[[M, Reading[M]], tuple[Change, ...]]
    adoptions: Callable[[M, Reading[M]], tuple[Change, ...]]
    try_out: Callable[[C, M, Reading[M], Sequence[Change]], Iterable[Diagnostic]]
    whole: Callable[[M], M]
    prove: Callable[[M, Reading[M], Sequence[Change]], Proof] = lambda wanted, seen, changes: (
        Proof()
    )
    rehearse: Callable[[M, M, date], Rehearsal | None] = lambda base, head, day: None
    postponed: Callable[[M, Reading[M]], tuple[tuple[str, str], ...]] = lambda wanted, reading: ()
    overdue: Callable[[M, Reading[M]], Iterable[Diagnostic]] = lambda wanted, reading: ()
    as_of_day: Callable[
        [M, Callable[[], Reading[M]], date | None, Sequence[Change]], Sequence[Change]
    ] = lambda wanted, read, day, changes: changes
    rebalancing: Callable[[M], M] = lambda model: model
    notes: Callable[[M, Reading[M]], tuple[str, ...]] = lambda wanted, reading: ()


class Managed(NamedTuple):
    """A system that plans may change, whose it is (None: the federation's), and the spec places
    that decide that it is one."""

    system: SystemName
    site: SiteName | None
    places: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Merged(Generic[M]):
    """A target whose files take effect where they are merged into the repository of the specs: no
    plan reaches it.

    `lower` gets the systems that the other targets manage. `read` looks at a checked-out tree, at
    the files that the wanted model names and at all that carry our header.
    """

    name: str
    lower: Callable[[Federation, Sequence[Managed]], tuple[M, ...]]
    emit: Callable[[M], tuple[Artifact, ...]]
    check: Callable[[M], Iterable[Diagnostic]]
    check_seen: Callable[[M, M], Iterable[Diagnostic]]
    read: Callable[[Path, M], Reading[M]]
    diff: Callable[[M, Reading[M]], tuple[Change, ...]]

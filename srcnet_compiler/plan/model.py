"""What will be done, in which order, and what it is bound to; what is left afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from srcnet_compiler.change import Address, Change, Impact, SystemName
from srcnet_compiler.diagnostic import Diagnostic, has_errors
from srcnet_compiler.task import Task


@dataclass(frozen=True, slots=True)
class Unseen:
    """A part of a system that could not be read when the plan was made; it is left alone."""

    under: Address
    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """Something that the specs ask for and the plan leaves out, with the reason."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Binding:
    """What was reviewed: digests of specs and artifacts, and the tool that made the plan.

    `members` is the digest of what the identity provider said; None: nobody asked it.
    """

    specs: str
    artifacts: str
    tool: str
    members: str | None = None


def title(systems: Sequence[SystemName]) -> str:
    """What some systems are called together."""
    return systems[0].instance if len(systems) == 1 else f"{len(systems)} systems"


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes in an order that honours `needs`; `wave` numbers in `waves` run one after another.

    `systems` are those that were asked for, whether anything of them changes or not. `findings` are
    about the systems as they were seen; with an error among them the plan is refused. `proven` says
    what cannot happen however it goes on, `notes` what it is good for. `tasks` is what only the
    administrators of a system may do.
    """

    systems: tuple[SystemName, ...]
    binding: Binding
    waves: tuple[tuple[Change, ...], ...]
    unseen: tuple[Unseen, ...] = ()
    held: tuple[Held, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    proven: tuple[str, ...] = ()
    tasks: Mapping[SystemName, tuple[Task, ...]] = field(default_factory=dict)
    supersedes: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What it is about, for people."""
        return title(self.systems)

    def of(self, system: SystemName) -> tuple[Change, ...]:
        """The changes of one system, in the order in which they are carried out."""
        return tuple(change for change in self.changes if change.address.system == system)

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes in the order in which they are carried out."""
        return tuple(change for wave in self.waves for change in wave)

    @property
    def only_recalls(self) -> bool:
        """Whether it makes archived data accessible, and nothing as the specs say."""
        return bool(self.waves) and all(change.recalls for change in self.changes)

    @property
    def impact(self) -> Impact:
        """The gravest impact of any change; cosmetic for an empty plan."""
        impacts = (change.impact for change in self.changes)
        return max(impacts, key=lambda i: i.rank, default=Impact.COSMETIC)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is left to do on one system, what only waits, and what could not be seen.

    `postponed` is due, and a later run begins it.
    """

    system: SystemName
    objects: int
    differences: tuple[Change, ...]
    waiting: tuple[Change, ...]
    unseen: tuple[Unseen, ...]
    findings: tuple[Diagnostic, ...]
    postponed: tuple[Held, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether something is left that this run need not, or may not, do."""
        return bool(self.waiting or self.postponed)

    @property
    def is_converged(self) -> bool:
        """Whether all could be read, nothing differs but for what waits for a fact, and nothing
        else that is there spoils what is wanted."""
        return not self.differences and not self.unseen and not has_errors(self.findings)

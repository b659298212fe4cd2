"""What will be done, in which order, and what it is bound to."""

from dataclasses import dataclass

from srcnet_compiler.change import Address, Change, Impact
from srcnet_compiler.diagnostic import Diagnostic


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
    """What was reviewed: digests of specs and artifacts, and the tool that made the plan."""

    specs: str
    artifacts: str
    tool: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes in an order that honours `needs`; `wave` numbers in `waves` run one after another.

    `findings` are about the system as it was seen; with an error among them the plan is refused.
    """

    instance: str
    binding: Binding
    waves: tuple[tuple[Change, ...], ...]
    unseen: tuple[Unseen, ...] = ()
    held: tuple[Held, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    supersedes: str | None = None

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes in the order in which they are carried out."""
        return tuple(change for wave in self.waves for change in wave)

    @property
    def impact(self) -> Impact:
        """The gravest impact of any change; cosmetic for an empty plan."""
        impacts = (change.impact for change in self.changes)
        return max(impacts, key=lambda i: i.rank, default=Impact.COSMETIC)

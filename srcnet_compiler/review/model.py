"""What there is to say about a change of the specs, for every reader of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import TypeAlias

from srcnet_compiler.change import Address, Change, Impact, Json, SystemName
from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.names import AreaName, GroupPath, QueueName, SiteName, TierName
from srcnet_compiler.quantity import BitsPerSecond, Bytes
from srcnet_compiler.review.meaning.model import Meaning
from srcnet_compiler.review.movement.model import Movement
from srcnet_compiler.span import Span
from srcnet_compiler.task import Task

_BITS_PER_BYTE = 8
_SECONDS_PER_DAY = 86_400

Lines: TypeAlias = Mapping[str, Sequence[str]]
"""The lines of each file, for those who show them."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One side of a comparison. `commit` None: the files as they stand in the folder."""

    name: str
    commit: str | None

    def __str__(self) -> str:
        if self.commit is None or self.commit.startswith(self.name):
            return self.name
        return f"{self.name} ({self.commit[:10]})"


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing that a document says otherwise; `path` as one would write the way to it, empty for
    the whole document. What is None was not said, and has no place there."""

    kind: str
    name: str
    path: str
    before: Json
    after: Json
    base: Span | None
    head: Span | None

    @property
    def place(self) -> Span:
        """Where to look: in the new text, else in the old."""
        found = self.head or self.base
        if found is None:
            raise ValueError("an edit has a place on one side at least")
        return found


@dataclass(frozen=True, slots=True)
class Effect:
    """One object of a system that would be changed, and which edits ask for that.

    `sites` are those that it is about; none: the whole federation. `places` are where the base said
    what the fields are before, by name of field.
    """

    change: Change
    sites: tuple[SiteName, ...]
    causes: tuple[int, ...]
    places: tuple[tuple[str, Span], ...] = ()


class Why(Enum):
    """Why an object stays as it is, though the specs say otherwise."""

    ABSENT = "described no more"
    FIXED = "described otherwise, and cannot be changed"


@dataclass(frozen=True, slots=True)
class Left:
    """An object that stays as it is: nothing ends by absence, and some things cannot be changed.

    `place` is where it is described: in the head, else in the base.
    """

    address: Address
    sites: tuple[SiteName, ...]
    why: Why
    place: Span | None


class Turn(Enum):
    """Which way a requirement went."""

    STRICTER = "stricter"
    LOOSER = "looser"
    OTHER = "different"


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something that a policy asks for and asked for otherwise, in words.

    `draft`: it is not agreed, so that it is analysed and nothing follows from it yet.
    """

    policy: str
    what: str
    before: str
    after: str
    turn: Turn
    impact: Impact
    base: Span | None
    head: Span | None
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """Files of an area that a template lets people read on a cluster: `gained`, or no longer.

    `groups`: whose members may start it; empty: who may use its queue. `draft`: nobody can start it
    before something is agreed. `place` is the mount, in head where it is gained, else in base.
    """

    template: str
    runs: str
    site: SiteName
    cluster: str
    area: AreaName
    tier: TierName
    capacity: Bytes | None
    path: str
    groups: tuple[GroupPath, ...]
    queue: QueueName
    gained: bool
    draft: bool
    place: Span
    embargoed: tuple[str, ...] = ()
    """Policies whose data may come there, though not everybody may read them from the beginning,
    each with for how long."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """Of an area at the end of a year, in bytes: expected of all policies together, what of it is
    agreed and not draft, and what is pledged to them; None: the spec does not say, or there is no
    such area."""

    expected: Fraction = Fraction(0)
    agreed: Fraction = Fraction(0)
    pledged: int | None = None

    @property
    def headroom(self) -> Fraction | None:
        """What is pledged and not expected to be used; below zero where it is not enough."""
        return None if self.pledged is None else self.pledged - self.expected


SLIGHT = Fraction(1, 100)
"""Of what was expected: less than this is a shift that comes of others' shares."""


@dataclass(frozen=True, slots=True)
class AreaYear:
    """What an area is expected to hold at the end of a year, before and after."""

    area: AreaName
    site: SiteName
    tier: TierName
    year: int
    before: Amounts
    after: Amounts

    @property
    def differs(self) -> bool:
        return self.before != self.after

    @property
    def is_slight(self) -> bool:
        """Whether at most so little is other than it was, and nothing of what is pledged."""
        before, after = self.before, self.after
        return before.pledged == after.pledged and all(
            one == other or abs(other - one) < SLIGHT * one
            for one, other in ((before.expected, after.expected), (before.agreed, after.agreed))
        )


@dataclass(frozen=True, slots=True)
class Flow:
    """What comes to a site and what it lets go by the end of a year, in bytes a day on average,
    before and after; net for each area, so that what passes through is not in it."""

    year: int
    arrives: tuple[Fraction, Fraction]
    leaves: tuple[Fraction, Fraction]

    def part_of(self, uplink: BitsPerSecond | None) -> tuple[Fraction, Fraction] | None:
        """What part of an uplink is taken by what arrives; None where nobody says what it is."""
        if not uplink:
            return None
        carried = Fraction(uplink, _BITS_PER_BYTE) * _SECONDS_PER_DAY
        return self.arrives[0] / carried, self.arrives[1] / carried


@dataclass(frozen=True, slots=True)
class Reach:
    """What reaches one site. `uplink` is what its network carries, None where nobody says.

    `new_tasks` is what its administrators must do that they need not do before. `impact` is the
    gravest on its systems and areas; that an area gets another share of what is to come is none.
    """

    site: SiteName
    effects: tuple[Effect, ...] = ()
    left: tuple[Left, ...] = ()
    new_tasks: tuple[tuple[SystemName, Task], ...] = ()
    years: tuple[AreaYear, ...] = ()
    flows: tuple[Flow, ...] = ()
    edits: tuple[int, ...] = ()
    uplink: BitsPerSecond | None = None
    impact: Impact = Impact.COSMETIC

    @property
    def is_touched(self) -> bool:
        """Whether anything of the site would be other than it is."""
        expects = any(year.differs for year in self.years)
        return bool(self.effects or self.left or self.new_tasks or expects)

    @property
    def is_slight(self) -> bool:
        """Whether all there is to say of it is that its areas get a slightly other share."""
        if self.effects or self.left or self.new_tasks:
            return False
        return self.is_touched and all(year.is_slight for year in self.years)


@dataclass(frozen=True, slots=True)
class Drift:
    """What a system is otherwise than the base says, by nobody's edit; `unseen`, why it could not
    be read. `site`: whose it is; None: the federation's."""

    system: SystemName
    changes: tuple[Change, ...]
    unseen: tuple[str, ...] = ()
    site: SiteName | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """Who changed which file, on the way from base to head."""

    id: str
    author: str
    title: str
    file: str


@dataclass(frozen=True, slots=True)
class Proven:
    """What came of trying the change on one system that is as the base says, with data of every
    kind that either side tells from others. As in a target's rehearsal."""

    system: SystemName
    kinds: int
    changed: int
    orders: int
    objections: tuple[Diagnostic, ...] = ()
    places: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """What `head` would do to what `base` describes.

    `reaches` has every site of either side, in order of name. `new` and `gone` are findings of one
    side alone. `refusals` is why a plan of it would be refused. `moved` are edits that the base got
    meanwhile and head does not know, where both were compared with what they come from. `drift` is
    None where no system was read.

    `pipelines` are files of the forges that would be otherwise; to merge them is what applies them,
    so that no plan has them.

    `meanings` is what policies ask otherwise, or in other words, of where copies are.

    `movement` is None where no snapshot of a catalogue was given. `proofs` say of each
    system with data on which anything is done about them whether any order of that costs a file a
    copy that it must keep.
    """

    base: Revision
    head: Revision
    edits: tuple[Edit, ...] = ()
    effects: tuple[Effect, ...] = ()
    left: tuple[Left, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    years: tuple[AreaYear, ...] = ()
    reaches: tuple[Reach, ...] = ()
    new: tuple[Diagnostic, ...] = ()
    gone: tuple[Diagnostic, ...] = ()
    refusals: tuple[Diagnostic, ...] = ()
    moved: tuple[Edit, ...] = ()
    commits: tuple[Commit, ...] = ()
    access: tuple[Access, ...] = ()
    drift: tuple[Drift, ...] | None = None
    pipelines: tuple[Effect, ...] = ()
    proofs: tuple[Proven, ...] = ()
    movement: Movement | None = None
    meanings: tuple[Meaning, ...] = ()
    base_lines: Lines = field(default_factory=dict, compare=False, repr=False)
    head_lines: Lines = field(default_factory=dict, compare=False, repr=False)

    @property
    def impact(self) -> Impact:
        """The gravest impact of all."""
        return gravest(self._impacts())

    def _impacts(self) -> Iterator[Impact]:
        yield from (effect.change.impact for effect in self.effects)
        yield from (each.impact for each in self.requirements if not each.draft)

    @property
    def touched(self) -> tuple[Reach, ...]:
        """The sites that it reaches."""
        return tuple(reach for reach in self.reaches if reach.is_touched)

    @property
    def reached(self) -> tuple[Reach, ...]:
        """Those of which there is more to say than that their share shifts slightly."""
        return tuple(reach for reach in self.touched if not reach.is_slight)

    @property
    def slight(self) -> tuple[Reach, ...]:
        """Those of which there is not."""
        return tuple(reach for reach in self.touched if reach.is_slight)

    @property
    def untouched(self) -> tuple[SiteName, ...]:
        """The sites whose artifacts are the same to the byte, and of which the same is expected."""
        return tuple(reach.site for reach in self.reaches if not reach.is_touched)

    @property
    def is_nothing(self) -> bool:
        """Whether both say the same."""
        return not (self.edits or self.effects or self.left or self.new or self.gone)


def gravest(impacts: Iterable[Impact]) -> Impact:
    """The worst of some impacts; cosmetic where there is none."""
    return max(impacts, key=lambda impact: impact.rank, default=Impact.COSMETIC)

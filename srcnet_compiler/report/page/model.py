"""What the page shows: plain data, each number with where it comes from."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from srcnet_compiler.span import Span


@dataclass(frozen=True, slots=True)
class Note:
    """Where a number comes from: the places in the specs, and the rule that leads from them to it.

    An empty rule: as it is written. `before` are places in the revision that is compared with.
    """

    rule: str
    places: tuple[Span, ...]
    before: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is said of the federation, for people, and its source.

    `value` is what tables sort by and figures draw: bytes, bit/s, copies or a mere count.
    """

    text: str
    note: Note
    value: Fraction = Fraction(0)


Words = tuple["str | Fact", ...]
"""A sentence with its facts in it."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the few numbers at the top; `remark` says what is in it, or is not."""

    name: str
    fact: Fact
    remark: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding, and the lines of the specs that it points to as text."""

    severity: str
    code: str
    message: str
    place: Span | None
    excerpt: str
    help: str


@dataclass(frozen=True, slots=True)
class Region:
    """A failure domain; `number` is that of its colour, from 0."""

    name: str
    number: int
    countries: Fact
    sites: int


@dataclass(frozen=True, slots=True)
class Put:
    """What one policy, or all together (`policy` empty), is expected to put on a place by the end
    of a year."""

    policy: str
    year: int
    amount: Fact
    draft: bool


@dataclass(frozen=True, slots=True)
class Area:
    """A storage area. What the specs do not say is None.

    `held` is what agreed policies are expected to put on it by the end of the page's year; `filled`
    the part of its pledge that this is. `idle` says why it holds no copies that count, else empty.
    """

    name: Fact
    today: str
    site: str
    region: int | None
    tier: str
    system: str
    environment: str
    capacity: Fact | None
    pledged: Fact | None
    held: Fact | None
    filled: Fact | None
    idle: str
    within: str
    puts: tuple[Put, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Something that jobs and services run on, and what its spec says of it."""

    name: Fact
    kind: str
    environment: str
    enabled: bool
    facts: tuple[tuple[str, Fact], ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """A service that a site offers."""

    name: Fact
    environment: str
    enabled: bool
    at: str
    storage: str
    address: str


@dataclass(frozen=True, slots=True)
class Site:
    """One site as its spec describes it."""

    name: str
    anchor: str
    src: str
    country: str
    region: int | None
    region_name: str
    draft: Fact | None
    description: Fact | None
    where: Fact | None
    longitude: float | None
    latitude: float | None
    uplink: Fact | None
    wan: Fact | None
    contacts: tuple[tuple[str, Fact], ...]
    pledged: Fact | None
    areas: tuple[Area, ...]
    clusters: tuple[Cluster, ...]
    scratch: tuple[tuple[str, Fact], ...]
    offers: tuple[Offer, ...]
    absent: tuple[str, ...]

    @property
    def puts(self) -> tuple[tuple[tuple[str, ...], tuple[Put, ...]], ...]:
        """What policies put on each area, by its name."""
        return tuple(((area.name.text,), area.puts) for area in self.areas if area.puts)


@dataclass(frozen=True, slots=True)
class Tier:
    """What a tier has and what policies ask it to hold; `asked` in order of policy and year."""

    name: str
    what: Words
    pledged: Fact
    capacity: Fact
    asked: tuple[Put, ...]

    def of(self, *, drafts: bool) -> tuple[Put, ...]:
        """What is asked by what is agreed alone, or by `drafts` too."""
        return tuple(put for put in self.asked if drafts or not put.draft)


@dataclass(frozen=True, slots=True)
class Share:
    """The part of the data of one phase that is expected on an area, in copies."""

    area: str
    region: int | None
    copies: Fact


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the life of a policy's data, and where it is expected to be.

    No `shares`: there are too few areas for it.
    """

    policy: str
    name: str
    draft: bool
    words: Words
    copies: Fact
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A data policy in words."""

    name: str
    anchor: str
    description: Fact | None
    draft: Fact | None
    retired: bool
    words: tuple[Words, ...]
    volumes: tuple[Words, ...]
    phases: tuple[Phase, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that is agreed, or a draft, beside data policies; in words."""

    kind: str
    name: str
    draft: bool
    words: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """Something that the specs do not say, and of what they do not."""

    what: str
    of: tuple[str, ...]
    consequence: str


@dataclass(frozen=True, slots=True)
class Page:
    """All of it. `year` is the one that `held` of areas is about; `digest` that of all specs."""

    title: str
    description: Fact | None
    verdict: str
    counts: tuple[tuple[str, int], ...]
    judged: date
    year: int
    years: tuple[int, ...]
    digest: str
    version: str
    figures: tuple[Figure, ...]
    findings: tuple[Finding, ...]
    regions: tuple[Region, ...]
    tiers: tuple[Tier, ...]
    policies: tuple[Policy, ...]
    others: tuple[Rule, ...]
    sites: tuple[Site, ...]
    absent: tuple[Absent, ...]
    drafts: tuple[str, ...]

    @property
    def areas(self) -> tuple[Area, ...]:
        """All storage areas, in order of site."""
        return tuple(area for site in self.sites for area in site.areas)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases of all policies, in order of policy."""
        return tuple(phase for policy in self.policies for phase in policy.phases)

"""What is looked at: steps of time, groups of policies, planned moves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from srcnet_compiler.federation.data_policy import DataPolicy, Phase
from srcnet_compiler.names import AreaName, PolicyName, SiteName, TierName
from srcnet_compiler.quantity import Bytes, Seconds


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of time in UTC; `end` is the first moment after it. `down` are the sites and areas
    that move nothing in it."""

    start: datetime
    end: datetime
    down: frozenset[str]

    @property
    def seconds(self) -> int:
        """How long it is."""
        return int((self.end - self.start).total_seconds())


@dataclass(frozen=True, slots=True)
class Cohort:
    """What arrives in one year, one copy: all along it, or `once`, at a time nobody has said."""

    year: int
    amount: Fraction
    once: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Policies that ask for the same: as one, since what fits them together fits each in its share.

    `ingest` are the sites at which the data come in; None: they are made where they are kept, or
    nobody knows where they come in (`unknown`). `recall` is how much is recalled in a year.
    """

    policies: tuple[PolicyName, ...]
    phases: tuple[Phase, ...]
    first: DataPolicy
    deadline: Seconds
    ingest: tuple[SiteName, ...] | None
    unknown: bool
    cohorts: tuple[Cohort, ...]
    shares: tuple[Mapping[AreaName, Fraction], ...]
    recall: Fraction
    recall_to: TierName | None
    keep: Seconds


@dataclass(frozen=True, slots=True)
class Ask:
    """Phases, each by the number of its group and its own, that ask for the same copies."""

    apart: str
    counts: Mapping[TierName, int]
    phases: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Groups, by number, whose data come in at the same sites; as in a group."""

    ingest: tuple[SiteName, ...] | None
    unknown: bool
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """So many bytes that somebody plans to bring from one site to another between two moments."""

    name: str
    source: SiteName
    target: SiteName
    amount: Bytes
    earliest: datetime
    latest: datetime

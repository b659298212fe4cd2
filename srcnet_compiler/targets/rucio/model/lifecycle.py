"""The life of the data of a policy: which phase at which age, and by which rules each is kept.

Age counts from the day on which the server first heard of a dataset, in whole days and calendar
months: so nobody can make data young again, and every dataset is in one phase on each day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from srcnet_compiler.ages import day_of_age
from srcnet_compiler.quantity import Bytes, Period, Seconds
from srcnet_compiler.span import Span
from srcnet_compiler.targets.rucio.model.requirement import Requirement
from srcnet_compiler.targets.rucio.model.rules import RuleTemplate
from srcnet_compiler.targets.rucio.model.shard import bucket_of


@dataclass(frozen=True, slots=True)
class Deal:
    """The rules of the datasets in `buckets`."""

    rules: tuple[RuleTemplate, ...]
    buckets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A rule for one copy in one place, and how large a part of the copies the place can take."""

    rule: RuleTemplate
    weight: int


@dataclass(frozen=True, slots=True)
class LifePhase:
    """`until` is the age at which the next phase begins; None: it lasts.

    Every bucket is in one of `deals`; a name in no bucket follows the largest. `places` are all
    that the phase may use: what is held already may be in the way of a deal.
    """

    requirement: Requirement
    until: Period | None
    deals: tuple[Deal, ...]
    places: tuple[Place, ...] = ()
    origins: Mapping[str, tuple[Span, ...]] = field(default_factory=dict, compare=False, repr=False)

    def deal_of(self, name: str) -> Deal:
        """What a dataset of this name is dealt."""
        bucket = bucket_of(name)
        found = (deal for deal in self.deals if bucket in deal.buckets)
        return next(found, max(self.deals, key=lambda deal: len(deal.buckets)))


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """All that becomes of the datasets that `filter` takes, in order of age.

    `end` is the age from which on no copy is kept; None: there is none, or it is not agreed.
    `deadline` is how long the first phase may take to be complete; None: for ever.
    """

    policy: str
    filter: Mapping[str, str | Sequence[str]]
    phases: tuple[LifePhase, ...]
    end: Period | None = None
    deadline: Seconds | None = None
    drafts: tuple[Span, ...] = field(default=(), compare=False, repr=False)
    origins: Mapping[str, tuple[Span, ...]] = field(default_factory=dict, compare=False, repr=False)

    def end_of(self, created: date | None) -> date | None:
        """The first day on which no copy of data of that age is kept; None where there is none, or
        it cannot be told."""
        if self.end is None or created is None:
            return None
        day = day_of_age(created, self.end)
        return day if day < date.max else None

    def phase_on(self, day: date | None, created: date | None) -> LifePhase | None:
        """The phase on the day of data of that age; None where that cannot be told. Whether they
        have ended is another matter."""
        first, *others = self.phases
        if not others:
            return first
        if day is None or created is None:
            return None
        for phase in self.phases:
            if phase.until is None or day < day_of_age(created, phase.until):
                return phase
        return self.phases[-1]


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is under way at any time for data that are there, and for how many datasets one run
    begins something; None: without a bound."""

    in_flight: Bytes | None = None
    datasets: int | None = None

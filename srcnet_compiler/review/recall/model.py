"""What somebody asks for, and what is to be done for it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from srcnet_compiler.federation.data_policy import DataPolicy
from srcnet_compiler.federation.model import StorageArea
from srcnet_compiler.federation.rates import Recall
from srcnet_compiler.names import AreaName, RegionName, SiteName


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is: at a site, or merely in a country."""

    site: SiteName | None
    country: str
    region: RegionName | None
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants data, and what for; `near` None: they have not said where they are."""

    near: Place | None
    group: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """A recall that is there: `there` of `files` have come. `id` is that of its rule."""

    id: str
    site: SiteName
    until: datetime
    there: int
    files: int

    @property
    def is_complete(self) -> bool:
        """Whether all of the data have come."""
        return 0 < self.files == self.there


@dataclass(frozen=True, slots=True)
class Accessible:
    """Nothing is to be done: all of it is there, or on its way, for long enough.

    `areas` have it without an end; a recall that runs has one.
    """

    areas: tuple[StorageArea, ...] = ()
    running: Running | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """An archive that has all of it. `seconds` at least it takes to read; None: nobody says how
    fast that goes."""

    area: StorageArea
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A copy at a site until a moment in UTC; `longer` is the recall that ends later by that.

    `passed_over` are sites that are nearer and cannot take it, with the reason.
    """

    site: SiteName
    tier: str
    until: datetime
    sources: tuple[Source, ...]
    longer: Running | None = None
    passed_over: tuple[tuple[SiteName, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Impossible:
    """Why it cannot be, and what helps."""

    why: str
    remedy: str


Outcome: TypeAlias = Accessible | Wanted | Impossible


@dataclass(frozen=True, slots=True)
class Decided:
    """What is to be done for one collection. Without a policy, or one that says how data are
    recalled, nothing can be."""

    name: str
    bytes: int
    created: datetime
    policy: DataPolicy | None
    outcome: Outcome

    @property
    def recall(self) -> Recall | None:
        """What the policy says of recalls."""
        return None if self.policy is None else self.policy.recall


@dataclass(slots=True)
class Room:
    """How many bytes areas can still take; it shrinks with what is put there.

    An area that is not in it is not there, is closed for writing, or is not for our rules.
    """

    left: dict[AreaName, int] = field(default_factory=dict)

    def take(self, areas: tuple[StorageArea, ...], amount: int) -> bool:
        """Put so much on one of the areas, that with the most room; False: none can have it."""
        best = max(areas, key=lambda area: (self.left.get(area.name, -1), area.name), default=None)
        if best is None or self.left.get(best.name, -1) < amount:
            return False
        self.left[best.name] -= amount
        return True

"""What became of the meaning of a policy, for every reader of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from srcnet_compiler.analysis.demand import Lack
from srcnet_compiler.names import AreaName, Namespace, PolicyName, RegionName, SiteName, TierName
from srcnet_compiler.quantity import Period
from srcnet_compiler.span import Span


class Relation(Enum):
    """What is asked after, against what was asked before."""

    EQUIVALENT = "equivalent"
    STRICTER = "stricter"
    LOOSER = "looser"
    INCOMPARABLE = "incomparable"
    IMPOSSIBLE = "impossible"
    """No placement can keep the one, and none the other."""


@dataclass(frozen=True, slots=True, order=True)
class DataClass:
    """Data that all policies treat alike. None: any value that no policy names."""

    namespace: Namespace
    product: str | None = None
    telescope: str | None = None
    campaign: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """An area that holds a copy of the placement, as the side describes it that the placement
    keeps."""

    area: AreaName
    site: SiteName
    region: RegionName | None
    tier: TierName


@dataclass(frozen=True, slots=True)
class Example:
    """A placement that keeps what one side asks, and what it lacks of the other's."""

    held: tuple[Held, ...]
    lack: Lack


@dataclass(frozen=True, slots=True)
class Stretch:
    """Ages in which the same is asked: from `since` on, before `until`; None: without a bound.

    `before` and `after` name the phases; none: nothing is asked. `stricter` kept it before and does
    not now; `looser` did not and does now.
    """

    since: Period | None
    until: Period | None
    before: tuple[str, ...]
    after: tuple[str, ...]
    relation: Relation
    stricter: Example | None
    looser: Example | None
    base: Span | None
    head: Span | None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What is asked for some data by the policy of either side; None: no policy is about them.

    `whole`: they are all that the policies select. `draft`: nothing follows from it yet.
    """

    before: PolicyName | None
    after: PolicyName | None
    data: tuple[DataClass, ...]
    whole: bool
    draft: bool
    stretches: tuple[Stretch, ...]

    @property
    def relation(self) -> Relation:
        """Over all ages."""
        return together(stretch.relation for stretch in self.stretches)


def together(relations: Iterable[Relation]) -> Relation:
    """What some relations make as one."""
    found = {*relations} - {Relation.EQUIVALENT}
    if len(found) > 1:
        found -= {Relation.IMPOSSIBLE}
    if len(found) > 1:
        return Relation.INCOMPARABLE
    return found.pop() if found else Relation.EQUIVALENT

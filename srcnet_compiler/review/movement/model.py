"""What is to be moved, let go and brought back, before and after a change of the specs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from srcnet_compiler.catalogue.questions import Amount
from srcnet_compiler.feasibility.schedule import Schedule
from srcnet_compiler.names import AreaName, PolicyName, SiteName
from srcnet_compiler.quantity import BitsPerSecond
from srcnet_compiler.span import Span

Link: TypeAlias = tuple[AreaName, AreaName]
"""From where to where."""


@dataclass(frozen=True, slots=True)
class Work:
    """What has to happen until every collection is where its policy wants it.

    `copied` is what new copies are made of, `released` what need not stay; `recalled` is what has
    to come from tape, `nowhere` what no whole copy is known of. `offline` are collections that can
    be read at once now and will have to be recalled then. `short` are collections, by policy, with
    fewer copies of use than its floor, before anything is done. `places` are the spec places that
    each of these rests on, by its name and key.
    """

    copied: Mapping[Link, Amount] = field(default_factory=dict)
    released: Mapping[AreaName, Amount] = field(default_factory=dict)
    recalled: Amount = field(default_factory=Amount)
    nowhere: Amount = field(default_factory=Amount)
    unplaced: Amount = field(default_factory=Amount)
    offline: Amount = field(default_factory=Amount)
    short: Mapping[PolicyName, Amount] = field(default_factory=dict)
    places: Mapping[tuple[str, ...], tuple[Span, ...]] = field(default_factory=dict, repr=False)

    @property
    def total(self) -> Amount:
        """All that is copied."""
        return sum(self.copied.values(), Amount())


@dataclass(frozen=True, slots=True)
class SiteWork:
    """What a site gets from others and gives to others; `days` at least, by its uplink: None where
    nobody says what that carries. `places`: where it says so, else where the site is described."""

    site: SiteName
    comes: Amount
    goes: Amount
    released: Amount
    uplink: BitsPerSecond | None
    days: int | None
    places: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Movement:
    """What a change moves of what a snapshot has, as of `at`.

    `before` is what has to happen by the base from the same snapshot on, `after` by the head;
    `changed` are the collections that one of them wants otherwise. `left` are those that a policy
    was about and none is now. `drafts` are policies that are not agreed, with collections.
    `schedules` say by when it can be done; empty: nobody states anything that limits it. `digest`
    is that of the snapshot; `changed_by` and `left_by` are what was and is asked of these.
    """

    instance: str
    source: str
    at: datetime
    before: Work
    after: Work
    sites: tuple[SiteWork, ...]
    changed: Amount
    left: Amount
    drafts: tuple[str, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    digest: str = ""
    changed_by: tuple[Span, ...] = ()
    left_by: tuple[Span, ...] = ()

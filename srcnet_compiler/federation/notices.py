"""What is said of things described elsewhere: downtimes, freezes, renames, ends, waivers."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from srcnet_compiler.names import AreaName
from srcnet_compiler.span import Origin


@dataclass(frozen=True, slots=True)
class Downtime:
    """When something is not available, in UTC; `end` is the first moment after it."""

    name: str
    of: str
    start: datetime
    end: datetime
    planned: bool
    reason: str
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Freeze:
    """When no data are moved or released, in UTC; `end` is the first moment after it."""

    start: datetime
    end: datetime
    reason: str
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Moved:
    """A rename of an area in the data management system."""

    area: AreaName
    before: str
    after: str
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Renamed:
    """Another name for what systems know by its name in the specs: a queue class, a project or a
    site, as `kind` says."""

    kind: Literal["queue", "project", "site"]
    name: str
    before: str
    after: str
    origin: Origin = field(compare=False, repr=False)


def likely_move_of_site(site: str, before: str) -> str:
    """What to do about a site that systems know by the name `before`, where that is the same."""
    return (
        f"where it is the same site, say so by a document `kind: Moved` with `site: {site}, from:"
        f" {before}, to: {site}`: systems go on knowing it as `{before}`, and nothing moves"
    )


@dataclass(frozen=True, slots=True)
class Retired:
    """An acknowledged end of one thing; `until` is the last day it holds.

    Windows and clusters are named as their labels are, behind the name of their site.
    """

    area: str | None
    policy: str | None
    reason: str
    until: date
    origin: Origin = field(compare=False, repr=False)
    queue: str | None = None
    project: str | None = None
    window: str | None = None
    cluster: str | None = None
    service: str | None = None
    template: str | None = None


@dataclass(frozen=True, slots=True)
class Waiver:
    """Something set aside for one object until the end of day `until`: a finding's code, drafts
    (`kind` draft) or a limit up to `up_to`."""

    name: str
    kind: str
    what: str
    up_to: int | None
    of: str
    reason: str
    until: date
    origin: Origin = field(compare=False, repr=False)

"""The page of a site's administrators, and that of the architecture group: what each decides by."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from srcnet_compiler.change import Change, Impact, SystemName
from srcnet_compiler.names import SiteName, TierName
from srcnet_compiler.review.model import (
    Access,
    Amounts,
    AreaYear,
    Commit,
    Drift,
    Edit,
    Effect,
    Flow,
    Reach,
    Requirement,
    Review,
    Turn,
)
from srcnet_compiler.task import Task


@dataclass(frozen=True, slots=True)
class SiteYear:
    """All areas of a site together at the end of a year, and what comes and goes on the way."""

    year: int
    before: Amounts
    after: Amounts
    flow: Flow


@dataclass(frozen=True, slots=True)
class Duty:
    """What only its administrators can do. `until` is the last day (ISO 8601) on which the
    documents hold that end something on the same system; None: no document sets a day."""

    system: SystemName
    task: Task
    until: str | None


@dataclass(frozen=True, slots=True)
class SitePage:
    """What reaches one site, who caused it, and what it must do.

    `years` are those in which anything differs. `daemons` counts the changes that running services
    notice by impact, mildest first; `drained` is how many compute nodes are emptied; `jobs` are the
    changes that jobs may notice, gravest first. `moved` is what the main line says otherwise of it
    since then, and `drift` what had changed on its own systems before; None: they were not read.
    """

    reach: Reach
    years: tuple[SiteYear, ...]
    daemons: tuple[tuple[Impact, int], ...]
    drained: int
    jobs: tuple[Change, ...]
    asked: tuple[Edit, ...]
    commits: tuple[Commit, ...]
    access: tuple[Access, ...]
    duties: tuple[Duty, ...]
    until: str | None
    moved: tuple[Edit, ...]
    drift: tuple[Drift, ...] | None


@dataclass(frozen=True, slots=True)
class AreaShare:
    """An area at the end of a year, with its part of all that is expected on its tier."""

    held: AreaYear
    share: tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class PolicyPage:
    """Which requirements differ, what that does to areas, and whom it reaches.

    `areas` are those of which something else is expected; `slight` those of them that in no year
    shift by more than a little.
    """

    requirements: tuple[Requirement, ...]
    turns: tuple[tuple[Turn, int], ...]
    areas: tuple[AreaShare, ...]
    slight: tuple[AreaShare, ...]


def site_page(review: Review, site: SiteName) -> SitePage:
    """The page of one site; of one that neither side has, an empty one."""
    reach = next((reach for reach in review.reaches if reach.site == site), Reach(site))
    changes = [effect.change for effect in reach.effects]
    asked = tuple(review.edits[number] for number in reach.edits)
    files = {edit.place.file for edit in asked}
    return SitePage(
        reach,
        site_years(reach),
        daemons(reach),
        sum(change.drains for change in changes),
        tuple(
            change
            for impact in (Impact.DRAINS_JOBS, Impact.RESTART)
            for change in changes
            if change.impact is impact
        ),
        asked,
        tuple(commit for commit in review.commits if commit.file in files),
        tuple(each for each in review.access if each.site == site),
        tuple(
            Duty(system, task, _until(each for each in reach.effects if _is_on(each, system)))
            for system, task in reach.new_tasks
        ),
        _until(reach.effects),
        tuple(edit for edit in review.moved if edit.kind == "Site" and edit.name == site),
        None if review.drift is None else tuple(d for d in review.drift if d.site == site),
    )


def policy_page(review: Review) -> PolicyPage:
    """The page of the architecture group."""
    turns = [(turn, sum(r.turn is turn for r in review.requirements)) for turn in Turn]
    shares = _shares(review.years)
    slight = _slight_areas(each.held for each in shares)
    return PolicyPage(
        review.requirements,
        tuple((turn, number) for turn, number in turns if number),
        tuple(each for each in shares if each.held.area not in slight),
        tuple(each for each in shares if each.held.area in slight),
    )


def site_years(reach: Reach) -> tuple[SiteYear, ...]:
    """What is expected of a site, in the years in which it differs."""
    flows = {flow.year: flow for flow in reach.flows}
    by_year: dict[int, list[AreaYear]] = defaultdict(list)
    for each in reach.years:
        by_year[each.year].append(each)
    return tuple(
        SiteYear(year, *_together(held), flows[year])
        for year, held in sorted(by_year.items())
        if any(each.differs for each in held)
    )


def daemons(reach: Reach) -> tuple[tuple[Impact, int], ...]:
    """How many changes running services notice, by impact, mildest first."""
    impacts = [effect.change.impact for effect in reach.effects]
    return tuple(
        (impact, impacts.count(impact))
        for impact in Impact
        if impact.rank >= Impact.RECONFIGURE.rank and impact in impacts
    )


def _is_on(effect: Effect, system: SystemName) -> bool:
    return effect.change.address.system == system


def _until(effects: Iterable[Effect]) -> str | None:
    days = (effect.change.until for effect in effects)
    return min((day for day in days if day is not None), default=None)


def _together(held: Sequence[AreaYear]) -> tuple[Amounts, Amounts]:
    return _sum([each.before for each in held]), _sum([each.after for each in held])


def _sum(parts: Sequence[Amounts]) -> Amounts:
    pledged = [part.pledged for part in parts if part.pledged is not None]
    return Amounts(
        sum((part.expected for part in parts), Fraction(0)),
        sum((part.agreed for part in parts), Fraction(0)),
        sum(pledged) if pledged else None,
    )


def _shares(years: Sequence[AreaYear]) -> tuple[AreaShare, ...]:
    """Each year of an area that differs, as its part of its tier."""
    tiers: dict[tuple[TierName, int], list[AreaYear]] = defaultdict(list)
    for each in years:
        tiers[each.tier, each.year].append(each)
    totals = {key: _together(held) for key, held in tiers.items()}
    return tuple(
        AreaShare(each, _part_of(each, totals[each.tier, each.year]))
        for each in years
        if each.differs
    )


def _part_of(held: AreaYear, total: tuple[Amounts, Amounts]) -> tuple[Fraction, Fraction]:
    before, after = (
        own.expected / whole.expected if whole.expected else Fraction(0)
        for own, whole in zip((held.before, held.after), total, strict=True)
    )
    return before, after


def _slight_areas(years: Iterable[AreaYear]) -> frozenset[str]:
    by_area: Mapping[str, list[AreaYear]] = defaultdict(list)
    for each in years:
        by_area[each.area].append(each)
    return frozenset(name for name, held in by_area.items() if all(each.is_slight for each in held))

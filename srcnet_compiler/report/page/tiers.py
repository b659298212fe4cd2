"""What each tier has and what policies ask it to hold, year by year."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction

from srcnet_compiler.analysis.capacity import Demand, Load, is_draft, pledging, years
from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.federation.data_policy import DataPolicy
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.names import AreaName, PolicyName, TierName
from srcnet_compiler.report.page.facts import amount, counted
from srcnet_compiler.report.page.model import Fact, Put, Tier
from srcnet_compiler.span import Span

EXPECTED = (
    "the expected share of the area, which is in proportion to what is pledged, times the volume "
    "that has arrived by the end of the year and is in the phase then"
)
"""How the analysis comes to what an area is expected to hold."""
ASKED = (
    "copies of each phase times the volume that has arrived by the end of the year and is in "
    "the phase then"
)
PLEDGED = "the pledges, else the capacities, of the areas that may hold copies that count, added up"
CAPACITY = "the capacities of the areas that may hold copies that count, added up"


def tiers(federation: Federation, analysis: Analysis) -> Iterator[Tier]:
    """Every tier whose copies count, in order of name."""
    by_tier: dict[TierName, list[StorageArea]] = defaultdict(list)
    for area in pledging(federation):
        by_tier[area.tier].append(area)
    asked: dict[TierName, list[Demand]] = defaultdict(list)
    for demand in analysis.demands:
        if demand.amount:
            asked[demand.tier].append(demand)
    for name, tier in federation.tiers.items():
        if tier.counts:
            yield Tier(
                name,
                (
                    "on tape, accessible after a recall"
                    if tier.archive
                    else "on disk, accessible at once",
                    f"; {counted(len(by_tier[name]), 'area')} may hold copies that count",
                ),
                *sizes(by_tier[name], tier.origin.key()),
                tuple(_asked(federation, demand) for demand in asked[name]),
            )


def sizes(areas: Iterable[StorageArea], otherwise: Span) -> tuple[Fact, Fact]:
    """What areas that lie in no other pledge together, and what they hold."""
    known = tuple(areas)
    pledged = sum(area.pledged or 0 for area in known)
    capacity = sum(area.capacity or area.pledged or 0 for area in known)
    return (
        amount(PLEDGED, [place_of(area) for area in known] or [otherwise], pledged),
        amount(CAPACITY, [a.origin.at("capacity") for a in known] or [otherwise], capacity),
    )


def place_of(area: StorageArea) -> Span:
    """Where it is said what copies may use of an area."""
    return area.origin.at("pledged" if area.origin.has("pledged") else "capacity")


def _asked(federation: Federation, demand: Demand) -> Put:
    policy = federation.policies[demand.policy]
    places = (*_volumes(policy, demand.year), *_copies(policy))
    fact = amount(ASKED, places, demand.amount)
    draft = is_draft(federation, demand.policy, demand.year)
    return Put(demand.policy, demand.year, fact, draft)


def _volumes(policy: DataPolicy, year: int) -> Iterator[Span]:
    """Where it is said what has arrived by then."""
    return (volume.origin.at() for volume in policy.volumes if volume.year <= year)


def _copies(policy: DataPolicy) -> Iterator[Span]:
    """Where it is said what each phase asks for."""
    return (phase.origin.at("copies") for phase in policy.phases)


def puts(federation: Federation, analysis: Analysis) -> dict[AreaName, tuple[Put, ...]]:
    """What each policy is expected to put on each area, in order of policy and year."""
    by_area: dict[AreaName, list[Put]] = defaultdict(list)
    for load in analysis.loads:
        by_area[load.area].append(_put(federation, load))
    return {area: tuple(found) for area, found in by_area.items()}


def _put(federation: Federation, load: Load) -> Put:
    policy, area = federation.policies[load.policy], federation.areas[load.area]
    places = (*_volumes(policy, load.year), *_copies(policy), place_of(area))
    draft = is_draft(federation, load.policy, load.year)
    return Put(load.policy, load.year, amount(EXPECTED, places, load.expected), draft)


def held(federation: Federation, analysis: Analysis, year: int) -> dict[AreaName, Fact]:
    """What agreed policies are expected to put on each area by the end of `year`.

    What lies on an area within another one lies on that one too.
    """
    found: dict[AreaName, list[Load]] = defaultdict(list)
    for load in analysis.loads:
        if load.year == year and not is_draft(federation, load.policy, year):
            for name in federation.around(load.area):
                found[name].append(load)
    return {
        name: amount(
            f"{EXPECTED}; all agreed policies added up",
            [*_places(federation, on_area, year), place_of(federation.areas[name])],
            sum((load.expected for load in on_area), Fraction(0)),
        )
        for name, on_area in found.items()
    }


def _places(federation: Federation, found: Iterable[Load], year: int) -> Iterator[Span]:
    names: Iterable[PolicyName] = dict.fromkeys(load.policy for load in found)
    for policy in map(federation.policies.__getitem__, names):
        yield from _volumes(policy, year)
        yield from _copies(policy)


def year_of(federation: Federation, this: int) -> int:
    """The year that `held` is about: this one, or the nearest that the analysis looks at."""
    span = years(federation)
    return min(max(this, span[0]), span[-1]) if span else this

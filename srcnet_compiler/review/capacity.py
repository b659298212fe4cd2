"""What areas and sites are expected to hold, year by year, before and after."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction

from srcnet_compiler.analysis.capacity import is_draft
from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import AreaName, SiteName
from srcnet_compiler.review.model import Amounts, AreaYear, Flow

DAYS_PER_YEAR = Fraction(36525, 100)

Key = tuple[AreaName, int]
NOTHING = Amounts()


def area_years(
    base: tuple[Federation, Analysis], head: tuple[Federation, Analysis]
) -> tuple[AreaYear, ...]:
    """Every area that a policy puts something on, or of which the pledge differs, by name and year;
    what lies on an area within another is counted on it, and not on the other again."""
    before, after = _loads(*base), _loads(*head)
    areas = {**base[0].areas, **head[0].areas}
    both = {**before, **after}
    years = sorted({year for _, year in both})
    return tuple(
        AreaYear(
            name,
            areas[name].site,
            areas[name].tier,
            year,
            _amounts(base[0], before, (name, year)),
            _amounts(head[0], after, (name, year)),
        )
        for name in sorted(areas)
        for year in years
        if (name, year) in both or _pledge(base[0], name) != _pledge(head[0], name)
    )


def flows(years: Iterable[AreaYear]) -> tuple[Flow, ...]:
    """What comes and goes each year at the areas of one site: the growth and the decline of each,
    so that what is replaced within a year is not in it."""
    by_year: dict[int, list[AreaYear]] = defaultdict(list)
    held: dict[Key, AreaYear] = {}
    for each in years:
        by_year[each.year].append(each)
        held[each.area, each.year] = each
    return tuple(
        Flow(year, _both(here, held, 1), _both(here, held, -1))
        for year, here in sorted(by_year.items())
    )


def _both(
    here: Iterable[AreaYear], held: Mapping[Key, AreaYear], sign: int
) -> tuple[Fraction, Fraction]:
    totals = [Fraction(0), Fraction(0)]
    for each in here:
        earlier = held.get((each.area, each.year - 1))
        for side in (0, 1):
            now = (each.before, each.after)[side].expected
            then = (earlier.before, earlier.after)[side].expected if earlier else Fraction(0)
            totals[side] += max(sign * (now - then), Fraction(0))
    return totals[0] / DAYS_PER_YEAR, totals[1] / DAYS_PER_YEAR


def of_site(years: Iterable[AreaYear]) -> Mapping[SiteName, tuple[AreaYear, ...]]:
    """The years by site."""
    found: dict[SiteName, list[AreaYear]] = defaultdict(list)
    for each in years:
        found[each.site].append(each)
    return {site: tuple(of) for site, of in found.items()}


def _loads(federation: Federation, analysis: Analysis) -> Mapping[Key, Amounts]:
    """What is expected of each area by the end of each year, but for what is pledged."""
    drafts = {
        key: is_draft(federation, *key)
        for key in {(load.policy, load.year) for load in analysis.loads}
    }
    found: dict[Key, Amounts] = {}
    for load in analysis.loads:
        key = load.area, load.year
        expected = load.expected
        agreed = Fraction(0) if drafts[load.policy, load.year] else expected
        if (others := found.get(key)) is not None:
            expected, agreed = others.expected + expected, others.agreed + agreed
        found[key] = Amounts(expected, agreed)
    return found


def _amounts(federation: Federation, loads: Mapping[Key, Amounts], key: Key) -> Amounts:
    load = loads.get(key, NOTHING)
    return Amounts(load.expected, load.agreed, _pledge(federation, key[0]))


def _pledge(federation: Federation, name: AreaName) -> int | None:
    area = federation.areas.get(name)
    return area.pledged if area is not None else None

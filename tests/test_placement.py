"""Placement against a slow and obvious oracle: every assignment of copies to domains, tried.

The oracle knows regions, sites, tiers and sizes from the spec's words, and nothing of draws.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from random_specs import Built, build, document, federation_spec, federations

from srcnet_compiler.analysis.placement import (
    BUCKETS,
    PhasePlacement,
    inclusion,
    place,
    sample,
)
from srcnet_compiler.federation.data_policy import Phase
from srcnet_compiler.federation.model import Federation, StorageArea


def usable(federation: Federation) -> list[StorageArea]:
    """The areas that may hold copies that count, in the words of the specs."""
    waived = {waiver.of for waiver in federation.waivers}
    return [
        area
        for area in federation.areas.values()
        if area.environment == "production"
        and area.role == "data"
        and area.enabled
        and not area.retired
        and area.endpoints
        and area.pledged
        and any(area.country in region.countries for region in federation.regions.values())
        and federation.tiers[area.tier].counts
        and (not area.drafts or waived & {area.name, area.site})
    ]


def domain(area: StorageArea, apart: str) -> str:
    return {"region": str(area.region), "site": area.site, "area": area.name}[apart]


def asked(phase: Phase) -> Counter[str]:
    counts: Counter[str] = Counter()
    for copies in phase.copies:
        counts[copies.tier] += copies.count
    return counts


def assignments(phase: Phase, areas: list[StorageArea]) -> Iterator[list[tuple[str, str]]]:
    """Every way to give each copy a domain of its own on its tier."""
    there: dict[str, set[str]] = defaultdict(set)
    for area in areas:
        there[area.tier].add(domain(area, phase.apart))

    def extend(tiers: list[tuple[str, int]], taken: set[str]) -> Iterator[list[tuple[str, str]]]:
        if not tiers:
            yield []
            return
        (tier, count), *rest = tiers
        for names in combinations(sorted(there[tier] - taken), count):
            for others in extend(rest, taken | set(names)):
                yield [*((tier, name) for name in names), *others]

    return extend(sorted(asked(phase).items()), set())


def each(built: Built) -> Iterator[tuple[PhasePlacement, list[StorageArea]]]:
    areas = usable(built.federation)
    return ((placement, areas) for placement in place(built.federation))


@given(built=federations())
def test_a_phase_is_placed_exactly_where_it_can_be(built):
    for placement, areas in each(built):
        possible = next(assignments(placement.phase, areas), None) is not None
        assert bool(placement.draws) == possible, placement


@given(built=federations())
def test_every_draw_is_one_that_the_oracle_allows(built):
    for placement, areas in each(built):
        phase = placement.phase
        if phase.apart == "area":
            assert len(placement.draws) <= 1
            for draw in placement.draws:
                assert Counter(slot.tier for slot in draw.slots) == asked(phase)
            continue
        allowed = {tuple(sorted(way)) for way in assignments(phase, areas)}
        for draw in placement.draws:
            assert tuple((slot.tier, slot.domain) for slot in draw.slots) in allowed


@given(built=federations())
def test_every_bucket_is_dealt_exactly_once(built):
    for placement, _ in each(built):
        buckets = sorted(bucket for draw in placement.draws for bucket in draw.buckets)
        assert buckets == (list(range(BUCKETS)) if placement.draws else [])


@given(built=federations())
def test_the_shares_add_up_to_the_copies_and_none_is_more_than_all(built):
    for placement, areas in each(built):
        if placement.draws:
            assert sum(placement.shares.values()) == placement.phase.count
            assert set(placement.shares) <= {area.name for area in areas}
            assert all(0 <= share <= 1 for share in placement.shares.values())


@given(built=federations())
def test_the_areas_of_a_slot_are_all_that_a_rule_may_choose(built):
    for placement, areas in each(built):
        for slot, held in placement.domains.items():
            apart = placement.phase.apart
            wanted = {
                area.name
                for area in areas
                if area.tier == slot.tier
                and (apart == "area" or domain(area, apart) == slot.domain)
            }
            assert {area.name for area in held} == wanted


def one_tier(built: Built) -> Iterator[tuple[PhasePlacement, dict[str, int]]]:
    """Placements on one tier, with what each domain pledges."""
    for placement, areas in each(built):
        tiers = asked(placement.phase)
        if placement.draws and len(tiers) == 1 and placement.phase.apart != "area":
            pledged: Counter[str] = Counter()
            for area in areas:
                if area.tier in tiers:
                    pledged[domain(area, placement.phase.apart)] += area.pledged or 0
            yield placement, dict(pledged)


@given(built=federations())
def test_on_one_tier_there_are_no_more_draws_than_domains(built):
    for placement, pledged in one_tier(built):
        assert len(placement.draws) <= len(pledged)


@given(built=federations())
def test_on_one_tier_shares_are_within_a_bucket_of_what_is_pledged(built):
    for placement, pledged in one_tier(built):
        count = placement.phase.count
        drawn = Counter(
            slot.domain for draw in placement.draws for slot in draw.slots for _ in draw.buckets
        )
        for name, share in oracle_shares(pledged, count).items():
            assert abs(Fraction(drawn[name], BUCKETS) - share) <= Fraction(1, BUCKETS)


def oracle_shares(pledged: dict[str, int], count: int) -> dict[str, Fraction]:
    """In proportion to the pledge, but none more than one: whoever would have more gets one."""
    full: set[str] = set()
    while True:
        left = {name: size for name, size in pledged.items() if name not in full}
        free = count - len(full)
        total = sum(left.values())
        over = {name for name, size in left.items() if free * size > total}
        if not over:
            shares = {name: Fraction(free * size, total) for name, size in left.items()}
            return {**shares, **dict.fromkeys(full, Fraction(1))}
        full |= over


weights = st.dictionaries(st.from_regex(r"[a-z]{1,3}", fullmatch=True), st.integers(1, 10**18))


@given(weights=weights, data=st.data())
def test_inclusion_is_what_the_oracle_says(weights, data):
    assume(weights)
    count = data.draw(st.integers(1, len(weights)))
    shares = inclusion(weights, count)
    assert shares == oracle_shares(weights, count)
    assert sum(shares.values()) == count


@given(weights=weights, data=st.data())
def test_a_sample_has_distinct_domains_in_their_shares_in_few_sets(weights, data):
    assume(weights)
    count = data.draw(st.integers(1, len(weights)))
    sets = sample(weights, count)
    assert len(sets) == BUCKETS
    assert all(len(set(names)) == count for names in sets)
    assert len(set(sets)) <= len(weights)
    drawn = Counter(name for names in sets for name in names)
    for name, share in oracle_shares(weights, count).items():
        assert abs(Fraction(drawn[name], BUCKETS) - share) <= Fraction(1, BUCKETS)


# ── cases to read ─────────────────────────────────────────────────────────────────────────────


def placed(copies: dict[str, int], areas: list[tuple[str, str, int]], apart: str = "region"):
    """The one placement of a policy that asks for `copies` by tier, given (country, tier, TB)."""
    countries = sorted({country for country, _, _ in areas})
    regions = {f"region-{country.lower()}": [country] for country in countries}
    members = {"AU": "AUSSRC", "CA": "CANSRC", "CH": "CHSRC", "GB": "UKSRC", "JP": "JPSRC"}
    files = {
        "policies/f.yaml": document("Federation", "f", federation_spec(regions, [{"name": "s"}]))
    }
    for country in countries:
        held = [
            {
                "name": f"{members[country]}-S-{'T1' if tier == 'online' else 'T2'}-N{number}",
                "tier": tier,
                "system": "xrootd",
                "capacity": f"{size} TB",
                "endpoints": [{"protocol": "davs", "host": "h", "port": number, "path": "/"}],
            }
            for number, (where, tier, size) in enumerate(areas)
            if where == country
        ]
        spec = {"src": members[country], "country": country, "storage": held}
        files[f"site-specs/{country}.yaml"] = document("Site", f"{members[country]}-S", spec)
    phase = {
        "name": "kept",
        "apart": apart,
        "copies": [{"count": count, "tier": tier} for tier, count in copies.items()],
    }
    spec = {
        "selects": {"namespaces": ["s"]},
        "arrives": {"deadline": "7 d"},
        "floor": 1,
        "phases": [phase],
        "activity": "User Subscriptions",
    }
    files["policies/data/p.yaml"] = document("DataPolicy", "p", spec)
    (found,) = place(build(files).federation)
    return {
        tuple(f"{slot.tier} {slot.domain}" for slot in draw.slots): len(draw.buckets)
        for draw in found.draws
    }


def test_two_regions_of_equal_size_have_everything():
    found = placed({"online": 2}, [("AU", "online", 5), ("CH", "online", 5)])
    assert found == {("online region-au", "online region-ch"): 100}


def test_the_largest_region_is_always_in_and_the_others_share():
    areas = [
        ("CH", "online", 330),
        ("AU", "online", 42),
        ("JP", "online", 37),
        ("CA", "online", 21),
    ]
    found = placed({"online": 2}, areas)
    assert found == {
        ("online region-au", "online region-ch"): 42,
        ("online region-ca", "online region-ch"): 21,
        ("online region-ch", "online region-jp"): 37,
    }


def test_a_tier_leaves_another_what_it_cannot_do_without():
    """Tape stands in two regions, of which disk needs one: tape must always take the other."""
    areas = [
        ("AU", "nearline", 500),
        ("CH", "nearline", 5),
        ("AU", "online", 9),
        ("GB", "online", 9),
    ]
    found = placed({"nearline": 1, "online": 2}, areas)
    assert found == {("nearline region-ch", "online region-au", "online region-gb"): 100}


def test_too_few_regions_for_all_tiers_together_are_too_few():
    areas = [("AU", "nearline", 5), ("AU", "online", 9), ("AU", "online", 9)]
    assert placed({"nearline": 1, "online": 1}, areas) == {}


def test_one_site_may_hold_two_copies_where_only_areas_must_differ():
    areas = [("AU", "online", 5), ("AU", "online", 9)]
    assert placed({"online": 2}, areas, apart="area") == {("online ", "online "): 100}
    assert placed({"online": 3}, areas, apart="area") == {}
    assert placed({"online": 2}, areas, apart="site") == {}


@pytest.mark.parametrize("apart", ["region", "site"])
def test_both_tiers_get_their_shares_where_they_do_not_meet(apart):
    areas = [("AU", "nearline", 5), ("CA", "nearline", 5), ("CH", "online", 6), ("GB", "online", 2)]
    found = placed({"nearline": 1, "online": 1}, areas, apart)
    online: Counter[str] = Counter()
    for slots, buckets in found.items():
        online.update({slots[1]: buckets})
    assert sorted(online.values()) == [25, 75]


def test_a_new_area_moves_only_what_it_takes():
    """Data sets that do not move to the new region stay as they are, but for one in each gap."""
    before = [("CH", "online", 300), ("AU", "online", 60), ("JP", "online", 40)]
    after = [*before, ("CA", "online", 10)]
    one, other = (placed({"online": 1}, areas) for areas in (before, after))
    assert other[("online region-ca",)] in (2, 3)
    for name, buckets in one.items():
        assert 0 <= buckets - other[name] <= 3

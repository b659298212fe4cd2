"""What is put where, year by year: nothing is lost, nothing is counted twice."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_specs import build, document, federation_spec, federations
from specs import TODAY

from srcnet_compiler.analysis.capacity import (
    YEARS_AHEAD,
    arrivals,
    check_areas,
    check_tiers,
    demands,
    loads,
    phase_volumes,
    years,
)
from srcnet_compiler.analysis.passes import analyse
from srcnet_compiler.analysis.placement import place
from srcnet_compiler.diagnostic import Code, Severity
from srcnet_compiler.names import AreaName
from srcnet_compiler.quantity import Bytes

PB = 10**15


def federation_of(areas, policies):
    """A federation of one site per area: `areas` are (name, capacity, further keys)."""
    spec = federation_spec(
        {"south": ["AU"], "north": ["CH"]}, [{"name": f"space-{n}"} for n in range(len(policies))]
    )
    files = {"policies/f.yaml": document("Federation", "f", spec)}
    sites = defaultdict(list)
    for name, capacity, more in areas:
        sites[name.rsplit("-", 2)[0]].append(
            {
                "name": name,
                "tier": "nearline" if "-T2" in name else "online",
                "system": "xrootd",
                "capacity": capacity,
                "endpoints": [{"protocol": "davs", "host": "h", "port": 1, "path": "/"}],
                **more,
            }
        )
    for name, storage in sites.items():
        spec = {"src": "CHSRC", "country": "AU" if "AU" in name else "CH", "storage": storage}
        files[f"site-specs/{name}.yaml"] = document("Site", name, spec)
    for number, policy in enumerate(policies):
        spec = {
            "selects": {"namespaces": [f"space-{number}"]},
            "arrives": {"deadline": "7 d"},
            "floor": 1,
            "activity": "User Subscriptions",
            **policy,
        }
        files[f"policies/data/{number}.yaml"] = document("DataPolicy", f"policy-{number}", spec)
    return build(files).federation


def kept(count=1, tier="online", **more):
    return {"name": "kept", "apart": "region", "copies": [{"count": count, "tier": tier}], **more}


def policy_of(*phases, volume):
    (policy,) = federation_of([], [{"volume": volume, "phases": list(phases)}]).policies.values()
    return policy


# ── how much there is ─────────────────────────────────────────────────────────────────────────


def test_a_rate_holds_until_the_next_entry_and_an_amount_comes_once():
    volume = [
        {"from": 2026, "amount": "5 PB"},
        {"from": 2028, "rate": "30 PB/yr"},
        {"from": 2030, "rate": "300 PB/yr"},
    ]
    policy = policy_of(kept(), volume=volume)
    found = {year: arrivals(policy, year) / PB for year in range(2025, 2032)}
    assert found == {2025: 0, 2026: 5, 2027: 0, 2028: 30, 2029: 30, 2030: 300, 2031: 300}


def test_data_move_on_to_the_next_phase_when_they_are_old_enough():
    policy = policy_of(
        kept(name="fresh", until="12 months"),
        kept(name="aged", until="36 months"),
        kept(name="old"),
        volume=[{"from": 2027, "rate": "1 PB/yr"}],
    )
    found = {
        year: [volume / PB for volume in phase_volumes(policy, year, 2027)]
        for year in (2027, 2028, 2029, 2030, 2031)
    }
    assert found == {
        2027: [1, 0, 0],
        2028: [1, 1, 0],
        2029: [1, 2, 0],
        2030: [1, 2, 1],
        2031: [1, 2, 2],
    }


@pytest.mark.parametrize("until", ["18 months", "2 years", "100 weeks", "731 d"])
def test_a_phase_that_ends_within_a_year_still_counts_for_all_of_it(until):
    policy = policy_of(
        kept(name="fresh", until=until), kept(), volume=[{"from": 2027, "amount": "1 PB"}]
    )
    in_first = [phase_volumes(policy, year, 2027)[0] / PB for year in (2027, 2028, 2029)]
    assert in_first[:2] == [1, 1]
    assert in_first[2] == (1 if until == "731 d" else 0)


@given(built=federations())
def test_no_byte_is_lost_between_phases(built):
    for policy in built.federation.policies.values():
        span = years(built.federation)
        for year in span:
            together = sum(arrivals(policy, before) for before in range(span.start, year + 1))
            there = sum(phase_volumes(policy, year, span.start))
            ended = sum(
                arrivals(policy, before)
                for before in range(span.start, year + 1)
                if policy.end is not None and year - before >= policy.end.count // 12
            )
            assert there == together - ended


@pytest.mark.parametrize(
    ("volume", "until", "there"),
    [
        ({"rate": "1 PB/yr"}, "3 months", [Fraction(1, 4)] * 4),
        ({"rate": "1 PB/yr"}, "18 months", [1, Fraction(3, 2), Fraction(3, 2), Fraction(3, 2)]),
        ({"rate": "1 PB/yr"}, "2 years", [1, 2, 2, 2]),
        ({"amount": "1 PB"}, "3 months", [1, 0, 0, 0]),
        ({"amount": "1 PB"}, "18 months", [1, 1, 0, 0]),
    ],
    ids=str,
)
def test_what_has_ended_fills_nothing(volume, until, there):
    """What arrives all along a year ends all along a year: three months of it are there."""
    ends = {"until": until, "then": "no copy is kept"}
    policy = policy_of(kept(**ends), volume=[{"from": 2027, **volume}])
    assert [sum(phase_volumes(policy, year, 2027)) / PB for year in range(2027, 2031)] == there


def test_an_area_that_would_be_full_is_not_where_data_end():
    area = ("CHSRC-A-T1", "30 TB", {})
    volume = [{"from": 2026, "rate": "100 TB/yr"}]
    stays = federation_of([area], [{"volume": volume, "phases": [kept()]}])
    ending = kept(until="3 months", then="no copy is kept")
    ends = federation_of([area], [{"volume": volume, "phases": [ending]}])
    for federation, codes in ((stays, [Code.OVER_CAPACITY]), (ends, [])):
        found = check_areas(federation, loads(federation, place(federation)), TODAY)
        assert [each.code for each in found] == codes


@given(built=federations())
def test_what_is_placed_is_what_is_asked_for(built):
    """The loads on all areas of a tier are the demand on it, where all phases could be placed."""
    federation = built.federation
    placements = tuple(place(federation))
    on_tier = Counter()
    for load in loads(federation, placements):
        on_tier[load.policy, load.year, federation.areas[load.area].tier] += load.expected
    failed = {placement.policy for placement in placements if not placement.draws}
    for demand in demands(federation):
        if demand.policy not in failed:
            assert on_tier[demand.policy, demand.year, demand.tier] == demand.amount


@given(built=federations())
def test_the_worst_case_is_no_better_than_the_expected_and_no_more_than_all(built):
    federation = built.federation
    for load in loads(federation, place(federation)):
        policy = federation.policies[load.policy]
        span = years(federation)
        together = sum(phase_volumes(policy, load.year, span.start))
        assert 0 < load.expected <= load.worst <= together


@given(built=federations())
def test_a_policy_that_is_over_asks_for_nothing(built):
    ended = {
        name: replace(policy, retired=True) for name, policy in built.federation.policies.items()
    }
    federation = replace(built.federation, policies=ended)
    assert not list(demands(federation))
    assert not list(loads(federation, place(federation)))


# ── whether it fits ───────────────────────────────────────────────────────────────────────────


def over(federation, today=TODAY):
    """The areas and tiers that are too small: (code, severity, what)."""
    found = analyse(federation, today).diagnostics
    wanted = (Code.OVER_CAPACITY, Code.TIER_OVER_CAPACITY)
    return {(d.code, d.severity, d.subject) for d in found if d.code in wanted}


TOO_SMALL = (Code.OVER_CAPACITY, Severity.ERROR, "CHSRC-S-T1-N0")
TIER = (Code.TIER_OVER_CAPACITY, Severity.WARNING, "online")


@pytest.mark.parametrize(
    ("capacity", "amount", "expected"),
    [
        ("5 PB", "5 PB", set()),
        ("5 PB", "5000000000000001 B", {TOO_SMALL, TIER}),
        ("4999999999999999 B", "5 PB", {TOO_SMALL, TIER}),
    ],
)
def test_an_area_is_full_to_the_last_byte(capacity, amount, expected):
    policy = {"volume": [{"from": 2026, "amount": amount}], "phases": [kept()]}
    assert over(federation_of([("CHSRC-S-T1-N0", capacity, {})], [policy])) == expected


def test_it_is_the_pledge_that_counts_where_there_is_one():
    policy = {"volume": [{"from": 2026, "amount": "5 PB"}], "phases": [kept()]}
    area = ("CHSRC-S-T1-N0", "9 PB", {"pledged": "4 PB"})
    assert over(federation_of([area], [policy])) == {TOO_SMALL, TIER}


@pytest.mark.parametrize(
    ("today", "severity"),
    [
        (date(2026, 12, 31), Severity.WARNING),
        (date(2027, 1, 1), Severity.ERROR),
        (date(2029, 1, 1), Severity.ERROR),
    ],
)
def test_a_year_to_come_is_a_warning_and_this_year_is_an_error(today, severity):
    policy = {"volume": [{"from": 2027, "amount": "5 PB"}], "phases": [kept()]}
    federation = federation_of([("CHSRC-S-T1-N0", "4 PB", {})], [policy])
    assert (Code.OVER_CAPACITY, severity, "CHSRC-S-T1-N0") in over(federation, today)


@pytest.mark.parametrize("where", ["policy", "volume"])
def test_a_draft_fills_no_area_but_its_tier(where):
    volume = {"from": 2026, "amount": "5 PB"}
    policy = {"volume": [volume], "phases": [kept()]}
    {"policy": policy, "volume": volume}[where]["status"] = "draft"
    assert over(federation_of([("CHSRC-S-T1-N0", "4 PB", {})], [policy])) == {TIER}


def test_an_area_within_another_is_not_counted_twice():
    """4 PB and a part of them of 3 PB are 4 PB."""
    areas = [
        ("CHSRC-S-T1-N0", "4 PB", {}),
        ("CHSRC-S-T1-N1", "3 PB", {"within": "CHSRC-S-T1-N0"}),
    ]
    policy = {"volume": [{"from": 2026, "amount": "5 PB"}], "phases": [kept()]}
    assert over(federation_of(areas, [policy])) == {TOO_SMALL, TIER}
    policy["volume"] = [{"from": 2026, "amount": "4 PB"}]
    assert over(federation_of(areas, [policy])) == set()


def test_the_message_says_how_much_is_missing_and_from_where_it_comes():
    policies = [
        {"volume": [{"from": 2026, "amount": amount}], "phases": [kept()]}
        for amount in ("3 PB", "2.5 PB")
    ]
    federation = federation_of([("CHSRC-S-T1-N0", "4 PB", {})], policies)
    (finding,) = check_areas(federation, loads(federation, place(federation)), TODAY)
    assert finding.message == (
        "by the end of 2026 `CHSRC-S-T1-N0` is expected to hold 5.5 PB, 1.5 PB more than it has"
    )
    assert [label.text for label in finding.labels] == [
        "4 PB here",
        "`policy-0` arrives",
        "`policy-1` arrives",
    ]
    (finding,) = check_tiers(federation, demands(federation))
    assert finding.message == (
        "by the end of 2026 the policies ask tier `online` to hold 5.5 PB, and 4 PB is pledged; "
        f"by the end of {2026 + YEARS_AHEAD - 1} it is 5.5 PB"
    )


@given(built=federations(), factor=st.integers(2, 10))
def test_more_of_everything_adds_no_finding(built, factor):
    federation = built.federation
    larger = {
        name: replace(
            area,
            capacity=None if area.capacity is None else Bytes(area.capacity * factor),
            pledged=None if area.pledged is None else Bytes(area.pledged * factor),
        )
        for name, area in federation.areas.items()
    }
    grown = {finding[2] for finding in over(replace(federation, areas=larger))}
    assert grown <= {finding[2] for finding in over(federation)}


@given(built=federations())
def test_the_day_changes_how_grave_a_finding_is_and_not_what_follows(built):
    early, late = (analyse(built.federation, date(year, 6, 1)) for year in (2020, 2040))
    assert early.value == late.value
    codes = (Code.OVER_CAPACITY, Code.TIER_OVER_CAPACITY)
    said = [
        sorted((d.code.value, d.message) for d in outcome.diagnostics if d.code in codes)
        for outcome in (early, late)
    ]
    assert said[0] == said[1]
    areas = [d for d in late.diagnostics if d.code is Code.OVER_CAPACITY]
    assert all(d.severity is Severity.ERROR for d in areas)


def test_amounts_are_exact_fractions():
    areas = [(f"CHSRC-S{n}-T1-N{n}", "1 PB", {}) for n in range(3)]
    policy = {"volume": [{"from": 2026, "amount": "1 PB"}], "phases": [kept()]}
    federation = federation_of(areas, [policy])
    found = {load.area: load.expected for load in loads(federation, place(federation))}
    assert found[AreaName("CHSRC-S0-T1-N0")] == Fraction(PB, 3)
    assert sum(set(found.values())) == Fraction(PB, 3)

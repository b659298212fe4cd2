"""Policies compared by meaning: which placements keep the one and not the other, at which age."""

import json
from collections.abc import Mapping
from datetime import date
from itertools import chain, combinations, permutations

import jsonschema
import pytest
from golden_scalars import FILES
from hypothesis import given, settings
from hypothesis import strategies as st
from test_review import POLICIES, SCHEMA, changed, compiled, review

from srcnet_compiler.ages import day_of_age
from srcnet_compiler.analysis.demand import Asked, Demand, can_be_kept, lack, witness
from srcnet_compiler.analysis.phases import phases_together, reached
from srcnet_compiler.analysis.placement import Slot
from srcnet_compiler.federation.data_policy import Phase
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import AreaName, TierName
from srcnet_compiler.quantity import Period
from srcnet_compiler.report.review.json import render_json, render_policy_json
from srcnet_compiler.report.review.markdown import render_markdown, render_policy_markdown
from srcnet_compiler.report.review.meaning import age, examples
from srcnet_compiler.report.review.text import render_policy, render_review
from srcnet_compiler.review.meaning.model import Meaning, Relation

TIERS = [TierName(name) for name in ("disk", "tape", "cold")]


# ── the decision, against every placement that there is ───────────────────────────────────────


@st.composite
def asked(draw: st.DrawFn, areas: list[AreaName]) -> Asked:
    """A demand, and areas of which it sees some, in a few domains or each in its own."""
    counts = {tier: draw(st.sampled_from([0, 1, 1, 2, 3])) for tier in TIERS}
    apart = draw(st.sampled_from(["region", "site", "area"]))
    spots = {
        name: Slot(
            draw(st.sampled_from(TIERS[:2] * 3 + TIERS)),
            name if apart == "area" else draw(st.sampled_from("abcd"[: draw(st.integers(1, 4))])),
        )
        for name in areas
        if draw(st.sampled_from([True, True, True, False]))
    }
    return Asked(Demand(tuple((t, n) for t, n in counts.items() if n), apart), spots)


def keeps(demand: Asked, placement: tuple[AreaName, ...]) -> bool:
    """Slow and obvious: some order of the areas is one for each copy, none in another's domain."""
    copies = [tier for tier, count in demand.demand.counts for _ in range(count)]
    held = [demand.spots[name] for name in placement if name in demand.spots]
    return any(
        [slot.tier for slot in order] == copies and len({s.domain for s in order}) == len(order)
        for order in permutations(held, len(copies))
    )


@given(st.data())
@settings(max_examples=500, deadline=None)
def test_a_witness_is_found_exactly_where_some_placement_is_one(data):
    areas = [AreaName(f"area-{number}") for number in range(data.draw(st.integers(0, 6)))]
    one, other = data.draw(asked(areas)), data.draw(asked(areas))
    placements = list(chain.from_iterable(combinations(areas, n) for n in range(len(areas) + 1)))
    differing = [p for p in placements if keeps(one, p) and not keeps(other, p)]
    found = witness(one, other, areas)
    assert (found is not None) == bool(differing)
    if found is not None:
        assert found.areas in differing
        assert len(found.areas) == min(map(len, differing))
        assert found.lack == lack(other, found.areas)
    assert can_be_kept(one) == any(keeps(one, p) for p in placements)
    for placement in placements:
        assert (lack(one, placement) is None) == keeps(one, placement)


def test_what_a_federation_of_many_sites_makes_of_a_change_is_found_without_trying_all():
    """Sites that offer the same are tried once, and what cannot suffice is not tried."""
    areas = [AreaName(f"{site}-{tier}") for site in range(200) for tier in ("disk", "tape")]
    by_site = {name: Slot(TierName(name.split("-")[1]), name.split("-")[0]) for name in areas}
    by_area = {name: Slot(slot.tier, name) for name, slot in by_site.items()}
    copies = ((TIERS[0], 2), (TIERS[1], 2))
    sites, alone = Asked(Demand(copies, "site"), by_site), Asked(Demand(copies, "area"), by_area)
    assert witness(sites, alone, areas) is None
    found = witness(alone, sites, areas)
    assert found is not None
    assert (found.lack.has, found.lack.needs) == (2, 4)


# ── ages ──────────────────────────────────────────────────────────────────────────────────────


def phases(*ages: Period | None) -> tuple[Phase, ...]:
    origin = federation().origin
    return tuple(Phase(str(number), age, "area", (), origin) for number, age in enumerate(ages))


def federation() -> Federation:
    found = compiled(FILES).federation
    assert found is not None
    return found


PERIODS = st.builds(
    Period,
    st.sampled_from([0, 1, 2, 6, 12, 28, 30, 31, 365, 366]),
    st.sampled_from(["d", "months"]),
) | st.builds(Period, st.integers(0, 2), st.sampled_from(["weeks", "years"]))


def phase_of(lives: tuple[Phase, ...], born: date, day: date) -> str:
    """As a run tells it of one data set on one day."""
    for phase in lives:
        if phase.until is None or day < day_of_age(born, phase.until):
            return phase.name
    return lives[-1].name


@given(st.lists(PERIODS, max_size=3), st.lists(PERIODS, max_size=3), st.data())
@settings(max_examples=60, deadline=None)
def test_phases_are_together_if_some_data_set_is_in_both_on_some_day(before, after, data):
    old, new = phases(*before, None), phases(*after, None)
    pairs = {
        (pair.before.name, pair.after.name)
        for pair in phases_together(old, new)
        if pair.before and pair.after
    }
    seen = set()
    births = [date(2028, 1, 29), date(2027, 12, 31), date(2029, 2, 28), date(2031, 7, 1)]
    for born in [*births, data.draw(st.dates(date(2024, 1, 1), date(2060, 1, 1)))]:
        turns = {day_of_age(born, p.until) for p in (*old, *new) if p.until is not None}
        seen |= {(phase_of(old, born, day), phase_of(new, born, day)) for day in {born, *turns}}
    assert seen <= pairs
    if not any(period.unit in ("d", "weeks") for period in (*before, *after)):
        assert seen == pairs


def test_what_is_first_of_a_month_and_thirty_days_hangs_on_the_month():
    old, new = phases(Period(30, "d"), None), phases(Period(1, "months"), None)
    found = [
        (p.before.name, p.after.name) for p in phases_together(old, new) if p.before and p.after
    ]
    assert found == [("0", "0"), ("0", "1"), ("1", "0"), ("1", "1")]


def test_a_phase_that_ends_before_it_begins_is_not_reached():
    lives = phases(Period(1, "years"), Period(12, "months"), None, Period(3, "years"), None)
    assert [phase.name for phase in reached(lives)] == ["0", "2"]


# ── whole specs ───────────────────────────────────────────────────────────────────────────────


def meanings(head: Mapping[str, str], base: Mapping[str, str] = FILES) -> tuple[Meaning, ...]:
    return review(head, base).meanings


def test_the_same_federation_means_the_same():
    assert meanings(FILES) == ()


ARCHIVE = "    - name: archive\n      apart: region"
SETTLED = (
    "    - {name: settled, until: 3 years, apart: region,\n"
    "       copies: [{count: 1, tier: nearline}, {count: 1, tier: online}]}\n"
)
DISK, TAPE = "{count: 1, tier: online}", "{count: 1, tier: nearline}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("12 months", "1 year"),
        (f"{DISK}, {TAPE}", f"{TAPE}, {DISK}"),
        ("[{count: 2, tier: online}]", f"[{DISK}, {DISK}]"),
        (ARCHIVE, SETTLED + ARCHIVE),
        ("name: fresh", "name: young"),
        ("{name: observatory-products,", "{name: other-name,"),
    ],
)
def test_other_spellings_are_equivalent(before, after):
    (found,) = meanings(changed(POLICIES, before, after))
    assert found.relation is Relation.EQUIVALENT
    assert all(not (each.stricter or each.looser) for each in found.stretches)


LOW = "in observatory (observatory, LOW, cycle0)"
PERTH, UVIC = "AUSSRC-PERTH-T1 (online, asia-pacific)", "CANSRC-UVIC-T1 (online, americas)"
JAPAN, SWISS = "JPSRC-NAOJ-T1 (online, asia-pacific)", "CHSRC-CSCS-T2 (nearline, europe)"
STRICTER, LOOSER = "enough before and too little now", "too little before and enough now"


@pytest.mark.parametrize(
    ("before", "after", "relation", "ages", "said"),
    [
        (
            "count: 2, tier: online",
            "count: 3, tier: online",
            Relation.STRICTER,
            ["younger than 12 months"],
            [f"{STRICTER}: a data set {LOW} on {PERTH} and {UVIC}, 2 of 3 regions with online"],
        ),
        (
            "apart: region",
            "apart: site",
            Relation.LOOSER,
            ["younger than 12 months"],
            [f"{LOOSER}: a data set {LOW} on {PERTH} and {JAPAN}, 1 of 2 regions with online"],
        ),
        (
            "12 months",
            "18 months",
            Relation.INCOMPARABLE,
            ["from 12 months to 18 months"],
            [
                f"{STRICTER}: a data set {LOW}, 12 months old, on {PERTH} and {SWISS}, "
                "1 of 2 regions with online",
                f"{LOOSER}: a data set {LOW}, 12 months old, on {PERTH} and {UVIC}, "
                "0 of 1 region with nearline",
            ],
        ),
        (
            "telescope: [LOW, MID]",
            "telescope: [LOW]",
            Relation.LOOSER,
            ["younger than 12 months", "from 12 months on"],
            ["nothing is asked any more", "nothing is asked any more"],
        ),
    ],
)
def test_what_differs_is_told_with_its_age_and_an_example(before, after, relation, ages, said):
    (found,) = meanings(changed(POLICIES, before, after))
    assert found.relation is relation
    differing = [s for s in found.stretches if s.relation is not Relation.EQUIVALENT]
    assert [age(stretch) for stretch in differing] == ages
    assert [line for stretch in differing for line in examples(found, stretch)] == said


EUROPE, WORLD = "site-specs/europe.yaml", "site-specs/world.yaml"


def test_an_area_that_counts_no_more_makes_every_policy_that_may_use_it_stricter():
    """Nobody wrote in a policy; what was enough is it no more."""
    new = "    - name: UKSRC-JBO-T1-NEW\n      environment: "
    found = meanings(changed(EUROPE, f"{new}production", f"{new}staging"))
    assert found
    for meaning in found:
        assert meaning.relation is Relation.STRICTER
        assert meaning.before == meaning.after
    examples_of = [s.stricter for each in found for s in each.stretches if s.stricter]
    for example in examples_of:
        assert "UKSRC-JBO-T1-NEW" in [held.area for held in example.held]


def test_a_country_in_a_region_of_its_own_makes_them_looser_and_back_again_stricter():
    """Two copies in Australia and Japan are in two regions then."""
    regions = "    asia-pacific: [AU, JP]\n"
    head = changed("policies/federation.yaml", regions, "    asia-pacific: [AU]\n    japan: [JP]\n")
    assert {each.relation for each in meanings(head)} == {Relation.LOOSER}
    assert {each.relation for each in meanings(FILES, head)} == {Relation.STRICTER}


def test_a_new_site_changes_what_no_policy_means_for_the_data_that_is_there():
    new = FILES[WORLD].split("---\n")[2].replace("CANSRC-UVIC", "CANSRC-NEW")
    new = new.replace("CASRC_XRD", "CANEW_XRD").replace("xrootd.example.ca", "new.example.ca")
    found = review({**FILES, "site-specs/new.yaml": new})
    assert found.meanings == ()
    assert "CANSRC-NEW" in [reach.site for reach in found.touched]


def test_every_reader_gets_it_and_the_json_is_of_its_schema():
    head = changed(POLICIES, "apart: region", "apart: site")
    found = review(head)
    line = f"{LOOSER}: a data set {LOW} on {PERTH} and {JAPAN}, 1 of 2 regions with online"
    assert line in render_review(found)
    assert line in render_policy(found)
    for render in (render_markdown, render_policy_markdown):
        assert "| observatory-products |  | younger than 12 months | looser |" in render(found)
    for render in (render_json, render_policy_json):
        data = json.loads(render(found))
        jsonschema.validate(data, SCHEMA)
        (meaning,) = data["meanings"]
        assert meaning["relation"] == "looser"
        assert meaning["ages"][0]["looser"]["lacks"]["needs"] == 2
        assert [each["relation"] for each in meaning["ages"]] == ["looser", "equivalent"]

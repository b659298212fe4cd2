"""Data grow old: one phase on each day, the rules that stay and those that are added, the pace."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srcnet_compiler.change import Action, Change
from srcnet_compiler.converge import held_up
from srcnet_compiler.quantity import Bytes, Period
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio.diff import diff, postponed
from srcnet_compiler.targets.rucio.diff.settle import Held, Settling
from srcnet_compiler.targets.rucio.model import Dataset, Rse, RucioModel, Rule, RuleTemplate
from srcnet_compiler.targets.rucio.model.expression import RseFacts
from srcnet_compiler.targets.rucio.model.lifecycle import (
    Deal,
    Lifecycle,
    LifePhase,
    Pace,
    Place,
    day_of_age,
)
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import Requirement, choices, objections

REGIONS = ("af", "am", "as", "eu")
ON = date(2028, 2, 29)
OLD, YOUNG = date(2027, 1, 31), date(2028, 2, 1)
FRESH = Requirement("p", "fresh", "srcnet_region", {"online": 2})
ARCHIVE = Requirement("p", "archive", "srcnet_region", {"online": 1, "nearline": 1})


def expression(region: str, tier: str = "online") -> str:
    return f"(srcnet_region={region}&srcnet_tier={tier})"


def template(wanted: Requirement, number: int, region: str, tier: str = "online") -> RuleTemplate:
    return RuleTemplate(1, expression(region, tier), f"{wanted.tag}{number}", "x")


def rse(name: str, region: str, tier: str) -> Rse:
    return Rse(RseName(name), {}, {"srcnet_region": region, "srcnet_tier": tier})


RSES = {
    each.name: each
    for region in REGIONS
    for each in (rse(f"{region}-disk", region, "online"), rse(f"{region}-tape", region, "nearline"))
}
FACTS = {name: RseFacts(attributes=each.attributes) for name, each in RSES.items()}
EVERY = tuple(range(100))
FRESH_PHASE = LifePhase(
    FRESH,
    Period(12, "months"),
    (Deal((template(FRESH, 0, "as"), template(FRESH, 1, "eu")), EVERY),),
    tuple(Place(template(FRESH, 0, region), 1) for region in REGIONS),
)
ARCHIVE_PHASE = LifePhase(
    ARCHIVE,
    None,
    (Deal((template(ARCHIVE, 0, "eu", "nearline"), template(ARCHIVE, 1, "am")), EVERY),),
    tuple(
        Place(template(ARCHIVE, 0, region, tier), 1)
        for tier in ("nearline", "online")
        for region in REGIONS
    ),
)
LIFE = Lifecycle("p", {"scope": ["^s$"], "did_type": ["DATASET"]}, (FRESH_PHASE, ARCHIVE_PHASE))
MODEL = RucioModel("test", "policy", rses=RSES, lifecycles={"p": LIFE})


def rule(name: str, region: str, tier: str = "online", **more: object) -> Rule:
    whole = Rule(name, 1, expression(region, tier), f"srcnet:p/{name}", "OK", locks_ok=1, locks=1)
    return replace(whole, **more)


def dataset(*rules: Rule, name: str = "d-00", created: date = OLD, closed: bool = True) -> Dataset:
    return Dataset("s", name, {}, closed, rules, bytes=100, created=created)


def changes(*there: Dataset, wanted: RucioModel = MODEL) -> tuple[Change, ...]:
    seen = replace(MODEL, datasets={each.did: each for each in there})
    return diff(wanted, Reading(seen, day=ON))


def short(found: Sequence[Change]) -> list[str]:
    return [f"{c.action.value} {c.address.name}{' waits' if c.waits else ''}" for c in found]


@pytest.mark.parametrize(
    ("created", "age", "first"),
    [
        ("2027-01-31", Period(1, "months"), "2027-02-28"),
        ("2027-01-31", Period(13, "months"), "2028-02-29"),
        ("2028-02-29", Period(1, "years"), "2029-02-28"),
        ("2027-12-01", Period(1, "months"), "2028-01-01"),
        ("2027-12-31", Period(2, "weeks"), "2028-01-14"),
        ("2027-12-31", Period(1, "d"), "2028-01-01"),
        ("2027-12-31", Period(99999, "years"), "9999-12-31"),
        ("2027-12-31", Period(10**12, "d"), "9999-12-31"),
    ],
)
def test_an_age_is_reached_on_one_day_of_the_calendar(created, age, first):
    assert day_of_age(date.fromisoformat(created), age) == date.fromisoformat(first)


@given(created=st.dates(date(2020, 1, 1), date(2040, 1, 1)), days=st.integers(0, 1000))
def test_data_are_in_one_phase_on_each_day_and_never_in_an_earlier_one_again(created, days):
    day = created + timedelta(days=days)
    found = [LIFE.phase_on(day + timedelta(days=n), created) for n in (0, 1)]
    assert [LIFE.phases.index(phase) for phase in found] in ([0, 0], [0, 1], [1, 1])


def test_of_data_whose_age_nobody_knows_nothing_is_changed():
    unknown = replace(dataset(rule("fresh/0", "as")), created=None)
    assert changes(unknown) == ()
    seen = replace(MODEL, datasets={"s:d-00": dataset(rule("fresh/0", "as"))})
    assert diff(MODEL, Reading(seen)) == ()


def test_the_copy_outside_the_tapes_region_stays_and_the_other_goes_when_all_is_there():
    found = changes(dataset(rule("fresh/0", "as"), rule("fresh/1", "eu")))
    assert short(found) == [
        "update s:d-00 srcnet:p/archive/0",
        "create s:d-00 srcnet:p/archive/1",
        "retire s:d-00 srcnet:p/fresh/1 waits",
    ]
    renamed, added, ended = found
    assert [(f.name, f.before, f.after) for f in renamed.fields] == [
        ("id", "fresh/0", "fresh/0"),
        ("comments", "srcnet:p/fresh/0", "srcnet:p/archive/0"),
    ]
    assert added.fields[0].after["rse_expression"] == expression("eu", "nearline")
    assert added.moves == 100
    assert json.loads(ended.waits[0].subject) == {
        **{"scope": "s", "name": "d-00", "account": "policy", "tag": "srcnet:p/archive/"},
        **{"apart": "srcnet_region", "tier": "srcnet_tier"},
        "copies": {"nearline": 1, "online": 1},
    }


def test_young_data_stay_as_they_are_and_archived_data_need_no_more():
    fresh = dataset(rule("fresh/0", "as"), rule("fresh/1", "eu"), created=YOUNG)
    other = dataset(rule("fresh/0", "af"), rule("fresh/1", "am"), name="e-00", created=YOUNG)
    archived = dataset(rule("archive/4", "af"), rule("archive/9", "as", "nearline"), name="f-00")
    assert changes(fresh, other, archived) == ()


def test_nothing_of_open_data_is_let_go():
    found = changes(dataset(rule("fresh/0", "as"), rule("fresh/1", "eu"), closed=False))
    assert {change.action for change in found} == {Action.CREATE, Action.UPDATE}


def test_a_rule_that_goes_is_not_counted_among_those_that_are_waited_for():
    """Under the phase's own name it would stand for one of the copies that are to stay."""
    three = (rule("fresh/0", "as"), rule("fresh/1", "eu"), rule("fresh/2", "am"))
    found = changes(dataset(*three, created=YOUNG))
    assert short(found) == [
        "update s:d-00 srcnet:p/leaving/fresh-2",
        "retire s:d-00 srcnet:p/leaving/fresh-2 waits",
    ]
    renamed, ended = found
    assert ended.needs == (renamed.address,)
    assert held_up(found) == (ended,)
    after = (*three[:2], replace(three[2], comments="srcnet:p/leaving/fresh-2"))
    assert changes(dataset(*after, created=YOUNG)) == (replace(ended, needs=()),)


def test_a_rule_that_rucio_moves_is_left_to_end_by_itself():
    moved = rule("fresh/1", "eu", moves=True)
    found = changes(dataset(rule("fresh/0", "as"), moved, rule("fresh/2", "eu"), created=YOUNG))
    assert found == ()


def test_between_two_runs_nothing_is_decided_anew():
    """Whatever part of the changes an interrupted run has made, the next one makes the rest."""
    before = (rule("fresh/0", "as"), rule("fresh/1", "am"))
    for number in range(100):
        name = f"d-{number:02d}"
        renamed, added, ended = changes(dataset(*before, name=name))
        kept_id, kept_name = renamed.fields[0].after, renamed.fields[1].after
        kept = [replace(r, comments=kept_name) if r.id == kept_id else r for r in before]
        new = rule("archive/0", "eu", "nearline", locks_ok=0)
        assert changes(dataset(*kept, name=name)) == (added, ended)
        assert changes(dataset(*before, new, name=name)) == (renamed, ended)
        assert changes(dataset(*kept, new, name=name)) == (ended,)


def test_where_either_copy_may_stay_both_regions_keep_their_part():
    before = (rule("fresh/0", "as"), rule("fresh/1", "af"))
    kept = [
        changes(dataset(*before, name=f"d-{number:02d}"))[0].fields[0].after
        for number in range(100)
    ]
    assert {kept.count(each.id) for each in before} == {50}


held_rules = st.lists(
    st.builds(
        Held,
        st.integers(1, 2),
        st.builds(expression, st.sampled_from(REGIONS), st.sampled_from(["online", "nearline"])),
        st.booleans(),
        st.booleans(),
    ),
    max_size=5,
)


@given(held=held_rules, bucket=st.integers(0, 99), phase=st.sampled_from(LIFE.phases))
def test_what_stays_and_what_is_added_keep_the_phase_and_no_more_could_stay(held, bucket, phase):
    found = Settling(FACTS).settle(phase, phase.deals[0], bucket, held)
    assert found is not None
    kept = [(held[i].copies, held[i].expression) for i in found.kept]
    added = [(rule.copies, rule.rse_expression) for rule in found.added]
    wanted = phase.requirement
    assert objections(wanted, choices([*kept, *added], FACTS), FACTS) == ()
    assert sum(n for n, _ in [*kept, *added]) == sum(wanted.copies.values())
    assert len(kept) == most_that_could_stay(held, phase)


def most_that_could_stay(held: Sequence[Held], phase: LifePhase) -> int:
    """By trying everything."""
    wanted = phase.requirement
    places = [(place.rule.copies, place.rule.rse_expression) for place in phase.places]
    asked = sum(wanted.copies.values())
    return max(
        len(some)
        for size in range(len(held) + 1)
        for some in combinations([(each.copies, each.expression) for each in held], size)
        for more in range(asked + 1)
        for others in combinations(places, more)
        if sum(n for n, _ in (*some, *others)) == asked
        and objections(wanted, choices([*some, *others], FACTS), FACTS) == ()
    )


@given(held=held_rules, bucket=st.integers(0, 99), phase=st.sampled_from(LIFE.phases))
def test_a_new_area_changes_nothing_for_what_is_kept_already(held, bucket, phase):
    found = Settling(FACTS).settle(phase, phase.deals[0], bucket, held)
    assert found is not None
    if found.added or len(found.kept) < len(held):
        return
    new = {RseName("new"): RseFacts(attributes=rse("new", "antarctica", "online").attributes)}
    grown = replace(phase, deals=(Deal((template(FRESH, 0, "antarctica"),), EVERY),))
    assert Settling({**FACTS, **new}).settle(grown, grown.deals[0], bucket, held) == found


def test_no_more_is_begun_than_may_be_under_way_and_the_rest_is_said():
    there = [
        dataset(rule("fresh/0", "as"), rule("fresh/1", "eu"), name=f"d-0{n}") for n in range(5)
    ]
    half = rule("archive/0", "eu", "nearline", locks_ok=1, locks=2)
    begun = dataset(rule("archive/1", "as"), half, rule("fresh/1", "eu"), name="d-99")
    paced = replace(MODEL, pace=Pace(Bytes(250)))
    seen = Reading(replace(MODEL, datasets={d.did: d for d in (*there, begun)}), day=ON)
    found = diff(paced, seen)
    assert sum(change.moves for change in found) == 200  # and 50 are under way
    assert [c.address.name for c in found if c.action is Action.RETIRE] == [
        f"s:{name} srcnet:p/fresh/1" for name in ("d-00", "d-01", "d-99")
    ]
    assert [what for what, _ in postponed(paced, seen)] == ["data sets `p`: 3 are due besides,"]
    assert postponed(MODEL, seen) == ()
    few = replace(MODEL, pace=Pace(datasets=1))
    assert sum(change.action is Action.CREATE for change in diff(few, seen)) == 1


def test_what_lacks_its_copies_comes_before_what_grows_old_and_what_is_too_large_goes_alone():
    old = dataset(rule("fresh/0", "as"), rule("fresh/1", "eu"), name="a-00")
    bare = dataset(name="z-00", created=YOUNG)
    seen = Reading(replace(MODEL, datasets={d.did: d for d in (old, bare)}), day=ON)
    found = diff(replace(MODEL, pace=Pace(Bytes(150))), seen)
    assert short(found) == ["create s:z-00 srcnet:p/fresh/0", "create s:z-00 srcnet:p/fresh/1"]


def test_two_revisions_are_told_apart_by_their_phases_and_a_server_has_none():
    later = replace(FRESH_PHASE, until=Period(18, "months"))
    wanted = replace(MODEL, lifecycles={"p": replace(LIFE, phases=(later, ARCHIVE_PHASE))})
    (found,) = diff(wanted, Reading(MODEL))
    assert (found.address.kind, found.address.name) == ("lifecycle", "p")
    assert [(f.name, f.before, f.after) for f in found.fields] == [
        ("fresh.until", "12 months", "18 months")
    ]
    assert diff(wanted, Reading(replace(MODEL, lifecycles={}))) == ()

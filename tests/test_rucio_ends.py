"""Data end: where the policy says so, when the server agrees, no sooner; then nothing is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from specs import GOLDEN, TODAY, compile_texts, texts
from test_rucio_lifecycle import FRESH, FRESH_PHASE, LIFE, MODEL, OLD, ON, dataset, rule, short

from srcnet_compiler.change import Change, Impact, SystemName, ended_data
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.plan.build import build_plan
from srcnet_compiler.plan.guard import guard, held_back
from srcnet_compiler.plan.model import Binding
from srcnet_compiler.quantity import Period, Seconds
from srcnet_compiler.report.plan import summary
from srcnet_compiler.span import Span
from srcnet_compiler.targets.protocol import Proof, Reading
from srcnet_compiler.targets.rucio import TARGET
from srcnet_compiler.targets.rucio.check.proof import prove
from srcnet_compiler.targets.rucio.diff import diff
from srcnet_compiler.targets.rucio.model import Dataset, RucioModel

FLOOR, THEN = Span("p.yaml", 7, 10, 7, 11), Span("p.yaml", 9, 13, 9, 28)
KEPT = replace(
    FRESH_PHASE,
    requirement=replace(FRESH, floor=2, floor_place=FLOOR),
    until=Period(12, "months"),
    origins={"then": (THEN,)},
)
ENDING = replace(LIFE, phases=(KEPT,), end=Period(12, "months"))
WANTED = replace(MODEL, lifecycles={"p": ENDING}, origins={"instance": (FLOOR,)})
TWO = (rule("fresh/0", "as"), rule("fresh/1", "eu"))


def planned(
    *there: Dataset, day: date | None = ON
) -> tuple[Reading[RucioModel], tuple[Change, ...]]:
    seen = Reading(replace(WANTED, datasets={each.did: each for each in there}), day=day)
    return seen, diff(WANTED, seen)


def proven(seen: Reading[RucioModel], changes: tuple[Change, ...]) -> Proof:
    return prove(WANTED, seen, changes)


def test_every_rule_is_let_go_the_pin_too_and_the_reason_is_said():
    pin = replace(rule("pin", "as"), comments="srcnet:p/arrival/pin")
    gone = rule("fresh/9", "am", released=True)
    seen, changes = planned(dataset(*TWO, pin, gone))
    assert short(changes) == [
        "retire s:d-00 srcnet:p/fresh/0 waits",
        "retire s:d-00 srcnet:p/fresh/1 waits",
        "retire s:d-00 srcnet:p/arrival/pin waits",
    ]
    assert {change.impact for change in changes} == {Impact.DELETES_DATA}
    assert {change.reason for change in changes} == {
        "policy `p` keeps no copy of it from 2028-01-31 on, at the age of 12 months"
    }
    assert {change.fields[1].origin for change in changes} == {THEN}
    assert json.loads(changes[0].waits[0].subject) == {
        **{"scope": "s", "name": "d-00", "created": "2027-01-31", "end": "2028-01-31"},
    }
    assert (
        summary(changes)
        == "3 changes (3 to retire); impact: deletes-data, 1 data set without a copy"
    )
    assert proven(seen, changes).claims == (
        "1 data set of `test` may lose every copy, since its policy keeps none at that age, and "
        "only when the server's own clock says so too",
    )


def test_what_has_ended_and_is_let_go_gets_no_rule_again():
    assert planned(dataset(), dataset(rule("fresh/0", "as", released=True), name="e-00"))[1] == ()


@given(days=st.integers(0, 1000))
def test_the_end_comes_on_its_day_and_for_good(days):
    day = OLD + timedelta(days=days)
    _, changes = planned(dataset(*TWO), day=day)
    assert bool(ended_data(changes)) == (day >= date(2028, 1, 31))


def test_nothing_ends_while_it_is_open_or_its_age_is_not_known():
    unknown = replace(dataset(*TWO, name="e-00"), created=None)
    assert planned(dataset(*TWO, closed=False), unknown)[1] == ()
    assert planned(dataset(*TWO), day=None)[1] == ()


def test_data_registered_in_the_future_or_of_a_day_at_the_end_of_time_do_not_end():
    ahead = dataset(*TWO, created=date(2150, 1, 1))
    last = dataset(*TWO, created=date.max, name="e-00")
    assert planned(ahead, last)[1] == ()
    assert planned(ahead, last, day=date.max)[1][0].address.name.startswith("s:d-00")


@pytest.mark.parametrize(
    "change",
    [
        lambda said: {**said, "end": "2028-01-30"},
        lambda said: {**said, "created": "2027-01-30"},
        lambda said: {**said, "name": "another"},
        None,
    ],
    ids=["a day sooner", "of other age", "of another data set", "no wait"],
)
def test_the_floor_holds_where_a_release_does_not_wait_for_the_end(change):
    seen, (first, *others) = planned(dataset(*TWO))
    (wait,) = first.waits
    waits = ()
    if change is not None:
        waits = (replace(wait, subject=json.dumps(change(json.loads(wait.subject)))),)
    found = proven(seen, (replace(first, waits=waits), *others))
    assert [each.code.value for each in found.objections] == ["below-floor"]
    assert found.claims == ()


def test_the_floor_holds_to_the_last_day():
    seen, changes = planned(dataset(*TWO))
    early = replace(seen, day=date(2028, 1, 30))
    assert proven(early, changes).objections


def test_the_floor_holds_where_the_policy_does_not_say_that_data_end():
    seen, changes = planned(dataset(*TWO))
    stays = replace(WANTED, lifecycles={"p": replace(ENDING, end=None)})
    assert prove(stays, seen, changes).objections


# ── how many one plan may let go ──────────────────────────────────────────────────────────────


def refused(federation: Federation, count: int, limit: int) -> list[str]:
    there = [dataset(*TWO, name=f"d-{number:02}") for number in range(count)]
    _, changes = planned(*there)
    plan = build_plan([SystemName("rucio", "test")], changes, (), frozenset(), Binding("", "", ""))
    limits = replace(federation.limits, deleted_collections=limit)
    return [found.message for found in guard(plan, replace(federation, limits=limits), TODAY)]


def test_data_sets_that_end_are_counted_not_their_rules(golden):
    assert refused(golden.federation, 3, 3) == []
    assert refused(golden.federation, 4, 3) == [
        "the plan has 4 of `deletedCollections`; one plan may have 3"
    ]


# ── drafts ────────────────────────────────────────────────────────────────────────────────────


def test_nothing_ends_by_a_draft_although_a_waiver_accepts_it_and_that_is_said():
    path = "policies/data/others.yaml"
    files = texts(GOLDEN)
    before = "phases: [{name: kept, apart: site, copies: [{count: 1, tier: nearline}]}]"
    assert before in files[path]
    after = before.replace("name: kept,", "name: kept, until: 90 d, then: no copy is kept,")
    compiled = compile_texts({**files, path: files[path].replace(before, after)}, TODAY)
    (model,) = (each.model for each in compiled.models if each.target.name == "rucio")
    assert model.lifecycles["scratch-products"].end == Period(90, "d")
    assert model.lifecycles["trial-products"].end is None
    held = [each.what for each in held_back(compiled.federation, ("rucio",))]
    assert "the end of data of policy `trial-products`" in held


# ── the deadline of arrival ───────────────────────────────────────────────────────────────────


def late(*there: Dataset, days: int, deadline: int = 7 * 86_400) -> list[str]:
    phases = tuple(replace(phase, origins={"deadline": (FLOOR,)}) for phase in LIFE.phases)
    life = replace(LIFE, phases=phases, deadline=Seconds(deadline))
    wanted = replace(MODEL, lifecycles={"p": life})
    seen = replace(MODEL, datasets={each.did: each for each in there})
    found = TARGET.overdue(wanted, Reading(seen, day=OLD + timedelta(days=days)))
    return [each.message for each in found]


PIN = replace(rule("pin", "as"), comments="srcnet:p/arrival/pin")
HALF = (rule("fresh/0", "as"), rule("fresh/1", "eu", locks_ok=0), PIN)


def test_what_arrives_for_longer_than_its_deadline_is_told_once_with_who_waits_longest():
    others = [dataset(*HALF, name=f"e-0{n}", created=OLD + timedelta(days=1)) for n in (1, 2)]
    assert late(dataset(*HALF), *others, days=9) == [
        "3 data sets of `p` are arriving for longer than 7 d: `s:d-00`, registered on 2027-01-31, "
        "has 1 of 2 copies complete"
    ]


@pytest.mark.parametrize(
    ("days", "deadline", "said"),
    [(7, 7 * 86_400, 0), (8, 7 * 86_400, 1), (1, 3600, 0), (2, 3600, 1)],
)
def test_a_deadline_is_over_at_whatever_hour_of_its_day_a_data_set_came_in(days, deadline, said):
    assert len(late(dataset(*HALF), days=days, deadline=deadline)) == said


def test_nobody_is_late_who_has_all_copies_or_is_in_a_later_phase():
    assert late(dataset(*TWO, PIN), days=30) == []
    assert late(dataset(*HALF), days=400) == []
    assert late(replace(dataset(*HALF), created=None), days=30) == []


def test_who_has_no_rule_at_all_is_late():
    assert late(dataset(), days=30)[0].endswith("has 0 of 2 copies complete")

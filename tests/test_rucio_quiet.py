"""Freezes and downtimes: what a day holds back, until when, and what it lets through."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from specs import GOLDEN, compile_texts, texts
from test_rucio_lifecycle import MODEL, ON, YOUNG, dataset, rule, short

from srcnet_compiler.change import Action, Change
from srcnet_compiler.converge import held_up
from srcnet_compiler.quantity import Bytes
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio import TARGET
from srcnet_compiler.targets.rucio.diff import as_of_day, diff
from srcnet_compiler.targets.rucio.model import Dataset, RucioModel
from srcnet_compiler.targets.rucio.model.lifecycle import Pace
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.quiet import Quiet, free_from, on_day

DAY = timedelta(days=1)
FREEZE = Quiet("the freeze is over (first light)", ON, ON + DAY)


def down(*rses: str) -> Quiet:
    return Quiet("`repair` is over", ON - DAY, ON + 3 * DAY, frozenset(map(RseName, rses)))


OLD = dataset(rule("fresh/0", "as"), rule("fresh/1", "eu"))
MISSING = dataset(rule("fresh/0", "as"), name="e-00", created=YOUNG)


def plan(*quiet: Quiet, there: tuple[Dataset, ...] = (OLD,), day: date = ON, **more: object):
    return diff(replace(MODEL, quiet=quiet, **more), seen(*there, day=day))


def seen(*there: Dataset, day: date = ON) -> Reading[RucioModel]:
    return Reading(replace(MODEL, datasets={each.did: each for each in there}), day=day)


def until(change: Change) -> list[str]:
    return [wait.text for wait in change.waits if wait.kind == "quiet"]


def away(change: Change) -> list[str]:
    (wait,) = [wait for wait in change.waits if wait.kind == "copies-valid"]
    found: list[str] = json.loads(wait.subject).get("away", [])
    return found


def test_in_a_freeze_nothing_moves_or_goes_and_names_are_given_all_the_same():
    renamed, added, ended = plan(FREEZE)
    assert renamed.waits == ()
    for change in (added, ended):
        assert until(change) == ["2028-03-02, when the freeze is over (first light)"]
    assert held_up((renamed, added, ended)) == (added, ended)
    free = plan()
    assert [change.id for change in (renamed, added, ended)] == [change.id for change in free]
    assert plan(FREEZE, day=ON + 2 * DAY) == plan(FREEZE, day=ON - DAY) == free


@pytest.mark.parametrize("floor", [0, 2])
def test_what_has_arrived_gets_its_copies_in_a_freeze_until_its_floor_is_reached(floor):
    life = MODEL.lifecycles["p"]
    phases = [
        replace(phase, requirement=replace(phase.requirement, floor=floor)) for phase in life.phases
    ]
    lives = {"p": replace(life, phases=tuple(phases))}
    bare = dataset(name="f-00", created=YOUNG)
    found = plan(FREEZE, there=(MISSING, bare), lifecycles=lives)
    waiting = {change.address.name for change in held_up(found)}
    assert short(found).count("create s:f-00 srcnet:p/fresh/0") == 1
    assert waiting == (set() if floor else {"s:e-00 srcnet:p/fresh/1"})


def test_a_rule_that_is_called_back_in_a_freeze_moves_nothing():
    ended = rule("leaving/fresh-1", "eu", released=True)
    (back,) = plan(FREEZE, there=(dataset(rule("fresh/0", "as"), ended, created=YOUNG),))
    assert (back.action, back.moves, back.waits) == (Action.CREATE, 0, ())


@pytest.mark.parametrize(
    ("rse", "waiting"),
    [
        ("eu-tape", {"create", "retire"}),  # nowhere to put the copy that is added
        ("eu-disk", {"retire"}),  # the copy that goes could not be deleted
        ("as-disk", {"retire"}),  # nor is the one that stays relied on
        ("am-disk", {"retire"}),
    ],
)
def test_a_downtime_holds_back_what_only_the_area_could_serve(rse, waiting):
    renamed, added, ended = plan(down(rse))
    assert {c.action.value for c in held_up((renamed, added, ended))} == waiting
    assert bool(until(added)) == (rse == "eu-tape")
    assert bool(until(ended)) == (rse == "eu-disk")
    assert away(ended) == [rse]


def test_where_another_area_of_the_region_can_serve_nothing_waits_for_one_that_is_down():
    other = replace(MODEL.rses[RseName("eu-tape")], name=RseName("eu-tape-2"))
    wanted = replace(MODEL, rses={**MODEL.rses, other.name: other}, quiet=(down("eu-tape"),))
    found = diff(wanted, Reading(replace(wanted, datasets={OLD.did: OLD}), day=ON))
    assert [until(change) for change in found] == [[], [], []]


def test_nothing_is_begun_whose_only_sources_are_down():
    _, added, _ = plan(down("as-disk", "eu-disk"))
    assert until(added) == ["2028-03-04, when `repair` is over"]


def test_what_the_day_lets_through_has_the_first_turn():
    """Otherwise a library that is down for weeks would stop everything."""
    late = [dataset(rule("fresh/0", "as"), rule("fresh/1", "eu"), name=f"d-0{n}") for n in range(3)]
    young = replace(MISSING, name="z-00")
    there = (*late, young)
    found = plan(down("eu-tape"), there=there, pace=Pace(Bytes(250), 2))
    created = [c for c in found if c.action is Action.CREATE]
    assert [c.address.name.split(" ")[0] for c in created] == ["s:d-00", "s:z-00"]
    assert [bool(c.waits) for c in created] == [True, False]


def test_a_plan_of_another_day_waits_as_one_of_today_would():
    there = (OLD, dataset(name="f-00", created=YOUNG))
    before, frozen = plan(there=there), plan(FREEZE, there=there)
    wanted = replace(MODEL, quiet=(FREEZE,))
    assert as_of_day(wanted, lambda: seen(*there), ON, before) == frozen
    assert as_of_day(wanted, lambda: seen(*there), ON, frozen) == frozen
    closed = plan(down("am-disk"), there=there)
    assert closed != before
    assert as_of_day(wanted, _nobody_reads, ON + 5 * DAY, frozen) == before
    assert as_of_day(wanted, _nobody_reads, ON + 5 * DAY, closed) == before


def test_what_an_ordinary_plan_has_not_is_judged_by_itself():
    """As a recall, or what restores balance."""
    found = as_of_day(replace(MODEL, quiet=(FREEZE,)), seen, ON, plan())
    assert [bool(until(change)) for change in found] == [False, True, True]
    for rse, held in (("eu-tape", True), ("am-disk", False)):
        _, added, ended = as_of_day(replace(MODEL, quiet=(down(rse),)), seen, ON, plan())
        assert bool(until(added)) is held
        assert (until(ended), away(ended)) == ([], [rse])


def _nobody_reads() -> Reading[RucioModel]:
    raise AssertionError("a day like any other")


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 6)), max_size=6),
    st.integers(0, 20),
)
def test_the_day_that_is_told_is_the_first_on_which_nothing_is_on(windows, start):
    quiet = [Quiet("x", ON + a * DAY, ON + (a + n) * DAY) for a, n in windows]
    day = ON + start * DAY
    free = free_from(quiet, day)
    assert free >= day
    assert on_day(quiet, free) == ()
    assert all(on_day(quiet, day + n * DAY) for n in range((free - day).days))


def test_freezes_and_downtimes_come_from_the_specs_and_nothing_of_them_is_emitted():
    files = texts(GOLDEN)
    federation = "policies/federation.yaml"
    freeze = "freeze: [{from: 2027-05-02T10:00Z, to: 2027-05-04T00:00Z, reason: tests}]"
    frozen = files[federation].replace("retiredAreas: 1", f"retiredAreas: 1, {freeze}")
    before, after = compile_texts(files), compile_texts({**files, federation: frozen})
    assert [(a.path, a.content) for a in after.artifacts] == [
        (a.path, a.content) for a in before.artifacts
    ]
    (then,) = [each.model for each in after.models if each.target is TARGET]
    (now,) = [each.model for each in before.models if each.target is TARGET]
    assert then == now
    (there,) = set(then.quiet) - set(now.quiet)
    assert there == Quiet("the freeze is over (tests)", date(2027, 5, 2), date(2027, 5, 3))
    (cut,) = now.quiet
    assert (cut.why, cut.first) == ("`power-cut` is over (CHSRC-CSCS is down: power)", cut.last)
    assert cut.rses is not None
    assert cut.rses > {rse.name for rse in now.rses.values() if rse.site == "CHSRC-CSCS"}
    assert cut.rses - now.rses.keys() == {"CHSRC_XRD_PROD"}  # until its rename is applied

"""What a review proves before anybody has data under the new specs: no file loses its floor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import product

from hypothesis import given, settings
from jsonschema import Draft202012Validator
from specs import GOLDEN, REAL, TODAY, compile_texts, texts
from test_law_of_floors_planned import (
    CREATED,
    Evolution,
    columns,
    evolutions,
    few,
    lets_go,
    rules_of,
)
from test_law_of_floors_proven import plans

from srcnet_compiler.cli.comparing import Texts, compile_each, sides
from srcnet_compiler.diagnostic import Outcome
from srcnet_compiler.pipeline import load_contents
from srcnet_compiler.report.page.made import Made, changed, changed_policies, make
from srcnet_compiler.report.review.json import render_json, render_policy_json
from srcnet_compiler.report.review.markdown import render_markdown, render_policy_markdown
from srcnet_compiler.report.review.text import render_policy, render_review
from srcnet_compiler.review.compare import compare
from srcnet_compiler.review.model import Proven, Review, Revision
from srcnet_compiler.targets.protocol import Reading, Rehearsal
from srcnet_compiler.targets.rucio import TARGET, check, diff
from srcnet_compiler.targets.rucio.check.floors import orders as counting
from srcnet_compiler.targets.rucio.check.floors.alike import classes
from srcnet_compiler.targets.rucio.check.floors.orders import orders
from srcnet_compiler.targets.rucio.check.floors.places import Places, come_before
from srcnet_compiler.targets.rucio.check.floors.problem import Problem
from srcnet_compiler.targets.rucio.check.floors.search import Game, State
from srcnet_compiler.targets.rucio.check.floors.shape import Shapes
from srcnet_compiler.targets.rucio.model import Dataset, RucioModel
from srcnet_compiler.targets.rucio.model.lifecycle import Pace

SCHEMA = json.loads((REAL / "schemas/review.schema.json").read_text("utf-8"))
POLICY = "policies/data/v01-campaign.yaml"
Files = Mapping[str, str]


def model(files: Files) -> RucioModel:
    found = compile_texts(files)
    assert found.federation is not None
    assert found.analysis is not None
    (only,) = TARGET.lower(found.federation, found.analysis, None)
    return only


def with_copies(count: int) -> dict[str, str]:
    files = texts(REAL)
    return {**files, POLICY: files[POLICY].replace("count: 2", f"count: {count}")}


# ── which data it is tried on ─────────────────────────────────────────────────────────────────


def test_every_policy_has_data_of_each_age_and_name_that_either_side_tells_from_others():
    base = model(texts(GOLDEN))
    seen = check.settled(base, base, TODAY).model
    for life in base.lifecycles.values():
        own = [d for d in seen.datasets.values() if d.name.startswith(f"{life.policy}-")]
        phases = {id(life.phase_on(TODAY, each.created)) for each in own}
        assert phases == {*map(id, life.phases)}
        for phase in life.phases:
            names = [d.name for d in own if life.phase_on(TODAY, d.created) is phase]
            assert {id(phase.deal_of(name)) for name in names} == {id(d) for d in phase.deals}
    assert not seen.lifecycles
    assert all(rule.is_complete for d in seen.datasets.values() for rule in d.rules)


@few
@given(case=evolutions())
def test_any_settled_data_set_is_of_a_kind_that_was_tried(case: Evolution):
    base, head = case.seen.model, replace(case.head, pace=Pace())
    tried = check.settled(base, head, TODAY)
    known = _kinds(head, tried)
    for life in base.lifecycles.values():
        for created, name in product(CREATED, ("a-03", "a-47", "a-88")):
            phase = life.phase_on(TODAY, created)
            assert phase is not None
            rules = tuple(
                replace(rule, id=f"{number}", locks=rule.copies, locks_ok=rule.copies)
                for number, rule in enumerate(rules_of(life, phase, name, pinned=False))
            )
            scope = str(life.filter["scope"][0]).strip("^$")
            one = Dataset(scope, name, columns(life), True, rules, bytes=1, created=created)
            there = replace(tried.model, datasets={one.did: one})
            assert _kinds(head, Reading(there, day=TODAY)) <= known


def _kinds(head: RucioModel, seen: Reading[RucioModel]) -> set[object]:
    changes = diff.diff(head, seen)
    return {*classes(head, seen.model, seen.day, changes, come_before(changes))}


# ── what comes of it ──────────────────────────────────────────────────────────────────────────


@few
@given(case=evolutions())
def test_any_change_is_proven_as_its_plans_are(case: Evolution):
    assert_proven(case)


@few
@given(case=evolutions(moving=True))
def test_any_change_is_proven_where_regions_change_as_well(case: Evolution):
    assert_proven(case)


def assert_proven(case: Evolution) -> None:
    found = TARGET.rehearse(case.seen.model, case.head, TODAY)
    assert found is None or [each.message for each in found.objections] == []


def test_a_copy_less_is_proven_over_all_orders_and_a_copy_more_takes_nothing():
    two, three = model(with_copies(2)), model(with_copies(3))
    more, less = TARGET.rehearse(two, three, TODAY), TARGET.rehearse(three, two, TODAY)
    assert more is not None
    assert less is not None
    assert (more.kinds, more.changed, more.orders) == (2, 2, 0)
    assert (less.changed, less.objections) == (2, ())
    assert less.orders > 0
    assert [str(place) for place in less.places] == [f"{POLICY}:13:10"]
    assert TARGET.rehearse(two, two, TODAY) is None


def hasty() -> Rehearsal:
    """What comes of changes that wait for nothing."""
    base, head = model(with_copies(3)), model(with_copies(2))
    moved = with_copies(2)
    moved[POLICY] = moved[POLICY].replace("apart: region", "apart: site")
    head = model(moved)
    seen = check.settled(base, head, TODAY)
    changes = diff.diff(head, seen)
    assert any(lets_go(change) for change in changes)
    found = check.rehearse(head, seen, [replace(c, waits=(), needs=()) for c in changes])
    assert found is not None
    return found


def test_without_waits_the_shortest_way_to_a_loss_is_told_with_its_places():
    found = hasty()
    assert found.objections
    assert "may be left with 1 of 2 valid copies" in found.objections[0].message
    assert str(found.objections[0].labels[0].span) == f"{POLICY}:13:10"


@settings(max_examples=150, deadline=None)
@given(case=plans())
def test_orders_are_counted_as_by_walking_each_of_them(case):
    wanted, seen, changes = case
    before = come_before(changes)
    for alike in classes(wanted, seen, TODAY, changes, before):
        for shape in Shapes(Places(wanted, seen, changes, before)).of(alike):
            assert_counted(shape.problem)


@cache
def assert_counted(problem: Problem) -> None:
    """Many plans come to the same problem."""
    assert orders(problem) == walked(problem)


def walked(problem: Problem) -> int:
    """One after the other, to its end; from where one has been before, as many as there were."""
    game = Game(problem)

    @cache
    def ends(state: State) -> int:
        following = [after for _, after in game.moves(state)]
        return sum(map(ends, following)) if following else 1

    return ends(game.start())


# ── as it is told ─────────────────────────────────────────────────────────────────────────────


def reviewed(before: Files, after: Files) -> tuple[Review, dict[str, str]]:
    """A review, as every reader is shown it."""
    read = [
        Texts(Revision(name, None), {n: Outcome(text.encode()) for n, text in files.items()})
        for name, files in (("main", before), ("the folder", after))
    ]
    compiled = compile_each(read, TODAY, ())
    review = compare(*sides(read[0], read[1], compiled[0], compiled[1]), TODAY)
    return review, shown(review, pages(before, after))


def pages(*sides: Files) -> list[Made]:
    """The pages of both sides."""
    read = ({n: Outcome(text.encode()) for n, text in files.items()} for files in sides)
    return [make(*load_contents(each.items()), TODAY) for each in read]


def shown(review: Review, made: list[Made]) -> dict[str, str]:
    return {
        "text": render_review(review),
        "policy text": render_policy(review),
        "markdown": render_markdown(review),
        "policy markdown": render_policy_markdown(review),
        "html": changed(review, *made),
        "policy html": changed_policies(review, *made),
        "json": render_json(review),
        "policy json": render_policy_json(review),
    }


def test_every_reader_of_a_review_is_told_what_is_proven():
    review, said = reviewed(with_copies(3), with_copies(2))
    (found,) = review.proofs
    for reader, text in said.items():
        if reader.endswith("json"):
            data = json.loads(text)
            Draft202012Validator(SCHEMA).validate(data)
            (told,) = data["proofs"]
            assert (told["proven"], told["changed"], told["kinds"]) == (True, 2, 2)
            assert told["orders"] == found.orders
            assert told["places"][0]["file"] == POLICY
        else:
            assert "Whether any file may have too few copies on the way" in text, reader
            assert f"proven for 2 of 2 kinds of data sets: none of {found.orders} orders" in text
            assert f"{POLICY}:13" in text, reader


def test_every_reader_is_told_the_way_to_a_loss_and_where_the_floor_stands():
    review, _ = reviewed(with_copies(3), with_copies(2))
    lost = hasty()
    (system,) = (each.system for each in review.proofs)
    bad = Proven(system, lost.kinds, lost.changed, lost.orders, lost.objections, lost.places)
    made = pages(with_copies(3), with_copies(2))
    for reader, text in shown(replace(review, proofs=(bad,)), made).items():
        if reader.endswith("json"):
            Draft202012Validator(SCHEMA).validate(json.loads(text))
            assert json.loads(text)["proofs"][0]["proven"] is False
        assert "may be left with 1 of 2 valid copies" in text.replace("<wbr>", ""), reader
        assert f"{POLICY}:13" in text or reader.endswith("json"), reader


def test_what_changes_no_rule_has_no_proof():
    files = texts(REAL)
    name = "site-specs/cansrc-uvic.yaml"
    other = {**files, name: files[name].replace("Canadian SRC", "the Canadian SRC")}
    review, said = reviewed(files, other)
    assert review.proofs == ()
    assert "too few copies" not in said["text"]


def test_more_states_than_anybody_looks_through_are_counted_as_none(monkeypatch):
    monkeypatch.setattr(counting, "MOST_STATES", 3)
    less = TARGET.rehearse(model(with_copies(3)), model(with_copies(2)), TODAY)
    assert less is not None
    assert less.orders == 0

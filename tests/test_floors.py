"""The proof of floors: what it accepts, what it refuses, and how it says what would happen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest

from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, SystemName, Wait
from srcnet_compiler.diagnostic import Code, has_errors
from srcnet_compiler.plan.build import build_plan
from srcnet_compiler.plan.file import from_json, to_json
from srcnet_compiler.plan.model import Binding
from srcnet_compiler.report.plan import render_plan
from srcnet_compiler.span import Span
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio import TARGET
from srcnet_compiler.targets.rucio.check.floors import Floors, prove_floors
from srcnet_compiler.targets.rucio.check.floors.problem import (
    CopiesValid,
    Kind,
    Lock,
    Owned,
    Problem,
    Spot,
    Step,
    View,
)
from srcnet_compiler.targets.rucio.model import Dataset, Rse, RucioModel, Rule, Subscription
from srcnet_compiler.targets.rucio.model.lifecycle import Lifecycle, LifePhase
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import Requirement

OWNER = "policy"
FLOOR = Span("policies/data/p.yaml", 7, 10, 7, 11)
HERE = Span("policies/federation.yaml", 3, 1, 3, 5)
ORIGIN = Span("policies/data/p.yaml", 9, 7, 9, 30)
DID = "s:d"


def rse(name: str, region: str, tier: str | None = "online", **more: str) -> Rse:
    attributes = {"srcnet_region": region, **more}
    return Rse(RseName(name), {}, attributes | ({"srcnet_tier": tier} if tier else {}))


AREAS = (
    *(rse("CH", "eu"), rse("GB", "eu"), rse("JP", "as"), rse("ZA", "af")),
    *(rse("IT-TAPE", "eu", "nearline"), rse("AU-TAPE", "au", "nearline"), rse("IN", "au", None)),
)


def rucio(*rses: Rse, floor: int = 2, apart: str | None = "srcnet_region") -> RucioModel:
    wanted = Requirement("p", "archive", apart, {"online": 1, "nearline": 1}, floor, FLOOR)
    filters = {"scope": ["^s$"], "did_type": ["DATASET"]}
    return RucioModel(
        "test",
        OWNER,
        rses={each.name: each for each in rses or AREAS},
        subscriptions={"p": Subscription("p", OWNER, filters, (), "srcnet:p/fresh", policy="p")},
        requirements={"p": wanted},
        lifecycles={"p": Lifecycle("p", filters, (LifePhase(wanted, None, ()),))},
        origins={"instance": (HERE,)},
    )


def expression(region: str, tier: str = "online") -> str:
    return f"(srcnet_region={region}&srcnet_tier={tier})"


def rule(number: int, region: str, tier: str = "online", tag: str = "fresh") -> Rule:
    return Rule(f"id{number}", 1, expression(region, tier), f"srcnet:p/{tag}/{number}", "OK")


def held(model: RucioModel, *rules: Rule, dids: Iterable[str] = ("d",)) -> RucioModel:
    each = [Dataset("s", name, {}, True, rules) for name in dids]
    return replace(model, datasets={dataset.did: dataset for dataset in each})


def at(kind: str, name: str) -> Address:
    return Address("rucio", "test", kind, name)


def of_rule(
    action: Action, comment: str, did: str = DID, **fields: tuple[object, object]
) -> Change:
    changes = tuple(FieldChange(n, *values, ORIGIN) for n, values in fields.items())
    return Change(at("rule", f"{did} {comment}"), action, changes, Impact.MOVES_DATA)


def create(region: str, tier: str, comment: str, did: str = DID) -> Change:
    template = {"copies": 1, "rse_expression": expression(region, tier), "comments": comment}
    return of_rule(Action.CREATE, comment, did, rule=(None, template))


def rename(found: Rule, comment: str, did: str = DID) -> Change:
    return of_rule(
        Action.UPDATE, comment, did, id=(found.id, found.id), comments=(found.comments, comment)
    )


def release(
    found: Rule,
    copies: Mapping[str, int],
    tag: str = "srcnet:p/archive/",
    apart: str | None = "srcnet_region",
    did: str = DID,
) -> Change:
    fact = {
        **dict(zip(("scope", "name"), did.split(":"), strict=True)),
        **{"account": OWNER, "tag": tag, "apart": apart},
        **{"tier": "srcnet_tier", "copies": dict(copies)},
    }
    wait = Wait("copies-valid", json.dumps(fact), "every file has its copies")
    change = of_rule(
        Action.RETIRE, found.comments, did, id=(found.id, found.id), released=(False, True)
    )
    return replace(change, waits=(wait,))


def moved(name: str, now: str, then: str, *, guarded: bool = True) -> Change:
    """The RSE is said to be in another region."""
    attributes = {"srcnet_region": then, "srcnet_tier": "online"}
    subject = json.dumps({"rse": name, "attributes": attributes})
    waits = (Wait("rules-moved", subject, "no rule of ours would lose it"),) if guarded else ()
    field = FieldChange("attribute.srcnet_region", now, then, ORIGIN)
    return Change(at("rse", name), Action.UPDATE, (field,), Impact.MOVES_DATA, waits=waits)


FRESH = (rule(0, "eu"), rule(1, "as"))
BOTH = {"online": 1, "nearline": 1}


def archiving(did: str = DID) -> tuple[Change, ...]:
    """One fresh copy stays under another name, one comes on tape, the other goes."""
    return (
        rename(FRESH[1], "srcnet:p/archive/0", did),
        create("eu", "nearline", "srcnet:p/archive/1", did),
        release(FRESH[0], BOTH, did=did),
    )


def said(found: Floors) -> str:
    (objection,) = found.objections
    return objection.message


def test_a_release_that_waits_for_the_copies_that_stay_costs_nothing():
    """The comments are numbered: two fresh ones, then those on tape, online, and of what ended."""
    found = prove_floors(rucio(), held(rucio(), *FRESH), archiving())
    archived = CopiesValid(frozenset({2, 3}), 0, (("nearline", 1), ("online", 1)))
    problem = Problem(
        floor=2,
        rules=(Owned(0), Owned(1), Owned(2, there=False)),
        locks=(Lock(0, 0, settled=True), Lock(1, 1, settled=True), Lock(2, 2, settled=False)),
        spots=(
            Spot((View((0,), "online", frozenset({0})),)),
            Spot((View((1,), "online", frozenset({1})),)),
            Spot((View((0,), "nearline", frozenset({2})),)),
        ),
        steps=(
            Step(Kind.NAME, at=1, comment=3),
            Step(Kind.CREATE, at=2, comment=2),
            Step(Kind.RELEASE, at=0, comment=4, guards=(archived,)),
        ),
    )
    assert found == Floors(1, (), kinds=1, changed=1, problems=(problem,), places=(FLOOR,))


def test_a_release_that_waits_for_nothing_is_refused_with_the_shortest_way_to_the_loss():
    named, made, released = archiving()
    changes = (named, made, replace(released, waits=()))
    (objection,) = prove_floors(rucio(), held(rucio(), *FRESH), changes).objections
    assert objection.message == (
        "`s:d` may be left with 1 of 2 valid copies: "
        "the copy of `srcnet:p/fresh/0` on CH is valid, "
        "then the copy of `srcnet:p/fresh/1` on JP is valid, "
        "then `srcnet:p/fresh/0` is released"
    )
    assert [label.span for label in objection.labels] == [FLOOR, ORIGIN]


def test_a_copy_too_few_in_what_is_waited_for_is_refused():
    named, made, _ = archiving()
    changes = (named, made, release(FRESH[0], {"online": 1}))
    assert said(prove_floors(rucio(), held(rucio(), *FRESH), changes)) == (
        "`s:d` may be left with 1 of 2 valid copies: "
        "the copy of `srcnet:p/fresh/0` on CH is valid, "
        "then the copy of `srcnet:p/fresh/1` on JP is valid, "
        "then `srcnet:p/fresh/1` becomes `srcnet:p/archive/0`, "
        "then what it waits for holds: `srcnet:p/fresh/0` is released, soon, "
        "then `srcnet:p/fresh/0` is released"
    )


def test_two_copies_in_one_region_are_one_where_regions_are_counted():
    """The fact is about different RSEs, and both may be in Europe."""
    kept, third = rule(0, "eu"), rule(1, "as")
    changes = (
        rename(kept, "srcnet:p/archive/0"),
        create("eu", "nearline", "srcnet:p/archive/1"),
        release(third, BOTH, apart=None),
    )
    seen = held(rucio(), kept, third)
    assert "1 of 2 valid copies" in said(prove_floors(rucio(), seen, changes))
    by_rse = rucio(apart=None)
    assert prove_floors(by_rse, held(by_rse, kept, third), changes).objections == ()


def test_a_rule_under_the_tag_that_is_waited_for_does_not_vouch_for_itself():
    """Of three under one tag two are enough for the fact; one of these two may be the one to go."""
    rules = (rule(0, "eu"), rule(1, "as"), rule(2, "af"))
    changes = (release(rules[2], {"online": 2}, tag="srcnet:p/fresh/"),)
    found = prove_floors(rucio(), held(rucio(), *rules), changes)
    assert "`srcnet:p/fresh/2` is released" in said(found)


def test_a_rule_that_gives_up_the_name_first_vouches_for_the_others_no_more():
    """Its new name and its end are changes of one object, the one before the other."""
    rules = (rule(0, "eu"), rule(1, "as"), rule(2, "af"))
    leaving = rename(rules[2], "srcnet:p/leaving/fresh-2")
    ends = release(rules[2], {"online": 2}, tag="srcnet:p/fresh/")
    ends = replace(ends, address=leaving.address, needs=(leaving.address,))
    seen = held(rucio(), *rules)
    assert prove_floors(rucio(), seen, (leaving, ends)).objections == ()
    assert prove_floors(rucio(), seen, (leaving, replace(ends, needs=()))).objections
    unguarded = (leaving, replace(ends, waits=()))
    assert "`srcnet:p/leaving/fresh-2` is released" in said(prove_floors(rucio(), seen, unguarded))


def test_two_releases_that_rely_on_each_other_are_refused_though_each_waits():
    """Both facts hold, then both take effect: an answer may come late."""
    rules = (rule(0, "eu"), rule(1, "as"), rule(2, "af"))
    one, two = (rename(each, f"srcnet:p/archive/{n}") for n, each in enumerate(rules[:2]))
    wanted = {"online": 2}
    changes = (one, two, release(rules[2], wanted))
    assert prove_floors(rucio(), held(rucio(), *rules), changes).objections == ()
    both = (*changes, release(rules[0], wanted, tag="srcnet:p/"))
    assert "released, soon" in said(prove_floors(rucio(), held(rucio(), *rules), both))


def test_a_copy_where_none_counts_is_none():
    """The pin of arrival holds a copy on an RSE without a tier: it may go, and it does not help."""
    pin = Rule("pin", 1, "srcnet_region=au", "srcnet:p/arrival/pin", "OK")
    wanted = rucio(*AREAS[:4], AREAS[-1])
    changes = (replace(release(pin, BOTH), waits=()),)
    assert prove_floors(wanted, held(wanted, *FRESH, pin), changes).objections == ()
    changes = (replace(release(FRESH[0], BOTH), waits=()),)
    assert "1 of 2" in said(prove_floors(wanted, held(wanted, *FRESH, pin), changes))


def test_a_rule_that_nobody_can_place_may_hold_a_copy_that_counts():
    broken = Rule("b", 1, "srcnet_region!=eu", "srcnet:p/fresh/1", "OK")
    changes = (replace(release(broken, BOTH), waits=()),)
    assert "1 of 2" in said(prove_floors(rucio(), held(rucio(), FRESH[0], broken), changes))


def test_an_area_that_changes_its_region_under_a_rule_must_wait():
    """Both copies are then in one region."""
    seen = held(rucio(), *FRESH)
    assert prove_floors(rucio(), seen, (moved("JP", "as", "eu"),)).objections == ()
    assert said(prove_floors(rucio(), seen, (moved("JP", "as", "eu", guarded=False),))) == (
        "`s:d` may be left with 1 of 2 valid copies: "
        "the copy of `srcnet:p/fresh/0` on CH is valid, "
        "then the copy of `srcnet:p/fresh/1` on JP is valid, "
        "then JP changes (`srcnet_region` as → eu)"
    )


def by_site(*places: tuple[str, str]) -> tuple[RucioModel, tuple[Rule, ...]]:
    """Rules that mean a site each, whatever its region."""
    areas = [rse(name, region, site=name) for name, region in places]
    rules = tuple(
        Rule(f"id{n}", 1, f"site={name}", f"srcnet:p/fresh/{n}", "OK")
        for n, (name, _) in enumerate(places)
    )
    return rucio(*areas), rules


def test_what_is_needed_first_comes_first():
    """Two sites move on by one region each: in one order they meet, in the other never."""
    wanted, rules = by_site(("A", "one"), ("B", "two"))
    seen = held(wanted, *rules)
    first, second = moved("B", "two", "three"), moved("A", "one", "two")
    ordered = (first, replace(second, needs=(first.address,)))
    assert prove_floors(wanted, seen, ordered).objections == ()
    assert "A changes" in said(prove_floors(wanted, seen, (first, second)))


def test_what_is_needed_through_others_comes_first_as_well():
    wanted, rules = by_site(("A", "one"), ("B", "two"))
    first, second = moved("B", "two", "three"), moved("A", "one", "two")
    between = Change(at("scope", "s"), Action.CREATE, (), Impact.ADDITIVE, needs=(first.address,))
    ordered = (first, between, replace(second, needs=(between.address,)))
    assert prove_floors(wanted, held(wanted, *rules), ordered).objections == ()


def test_rules_that_bring_copies_together_must_hold_nothing_there():
    """The area goes to where another copy is only when its own rule has gone."""
    wanted, rules = by_site(("A", "one"), ("B", "two"), ("C", "three"))
    seen = held(wanted, *rules[:2])
    change = still_meant("A", "one", "two", without=[])
    assert "A changes" in said(prove_floors(wanted, seen, (change,)))
    change = still_meant("A", "one", "two", without=["site=B"])
    assert "A changes" in said(prove_floors(wanted, seen, (change,)))
    change = still_meant("A", "one", "two", without=["site=A"])
    assert prove_floors(wanted, seen, (change,)).objections == ()


def still_meant(name: str, now: str, then: str, *, without: list[str]) -> Change:
    """A change of region for which rules by site have not to go, but for those of `without`."""
    change = moved(name, now, then)
    (wait,) = change.waits
    fact = {**json.loads(wait.subject), "without": without}
    fact["attributes"]["site"] = name
    return replace(change, waits=(replace(wait, subject=json.dumps(fact)),))


def test_datasets_that_are_alike_are_told_of_together_by_policy():
    seen = held(rucio(), *FRESH, dids=("d1", "d2", "d3"))
    changes = tuple(replace(release(FRESH[0], BOTH, did=did), waits=()) for did in seen.datasets)
    found = prove_floors(rucio(), seen, changes)
    assert found.datasets == 3
    assert said(found).startswith("`s:d1` and 2 more may be left with 1 of 2 valid copies: ")


def test_a_wait_for_another_dataset_proves_nothing():
    seen = held(rucio(), *FRESH, dids=("d", "e"))
    theirs = release(FRESH[0], BOTH, did="s:e").waits
    changes = tuple(
        replace(change, waits=theirs) if change.waits else change for change in archiving()
    )
    assert said(prove_floors(rucio(), seen, changes)).startswith("`s:d` may be left")


@pytest.mark.parametrize(
    "change",
    [
        of_rule(Action.UPDATE, "srcnet:p/fresh/0", id=("id0", "id0"), lifetime=(None, 60)),
        of_rule(Action.RETIRE, "srcnet:p/fresh/9", id=("id9", "id9"), released=(False, True)),
    ],
)
def test_a_change_that_nobody_knows_is_refused(change: Change):
    found = prove_floors(rucio(), held(rucio(), *FRESH), (change,))
    assert said(found).startswith(
        "nobody can say that every file keeps its copies: what rucio/test/"
    )


def test_a_file_that_has_not_its_floor_yet_loses_nothing_either():
    three = rucio(floor=3)
    changes = (replace(release(FRESH[0], BOTH), waits=()),)
    assert "may be left with 0 of 3" in said(prove_floors(three, held(three, *FRESH), changes))


def test_what_makes_or_names_rules_alone_costs_nothing():
    found = prove_floors(rucio(), held(rucio(), *FRESH), archiving()[:2])
    assert found == Floors(1, (), kinds=1, changed=1, problems=(), places=(FLOOR,))


def test_a_plan_says_what_was_proven_and_one_that_is_not_is_refused():
    seen = Reading(held(rucio(), *FRESH, dids=("d", "e")))
    good = tuple(change for did in seen.model.datasets for change in archiving(did))
    bad = tuple(replace(change, waits=()) for change in good)
    plans = {}
    for name, changes in {"good": good, "bad": bad}.items():
        proof = TARGET.prove(rucio(), seen, changes)
        plans[name] = build_plan(
            [SystemName("rucio", "test")],
            changes,
            (),
            frozenset(),
            Binding("specs", "artifacts", "0.1.0"),
            findings=proof.objections,
            proven=proof.claims,
        )
        assert from_json(to_json(plans[name])) == plans[name]
    sentence = (
        "proved: no order of 6 changes of `test`, done or failed, takes a file of 2 data sets "
        "below its floor\n"
    )
    assert sentence in render_plan(plans["good"])
    assert "proved" not in render_plan(plans["bad"])
    assert plans["good"].findings == ()
    assert [found.code for found in plans["bad"].findings] == [Code.BELOW_FLOOR]
    assert has_errors(plans["bad"].findings)


def test_nothing_is_claimed_where_nothing_changes_or_no_data_are_there():
    assert TARGET.prove(rucio(), Reading(held(rucio(), *FRESH)), ()).claims == ()
    assert TARGET.prove(rucio(), Reading(rucio()), archiving()).claims == ()

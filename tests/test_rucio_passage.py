"""Between two states of a Rucio policies hold too: what comes first, what waits, what is added."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from srcnet_compiler.change import Action, Address, Change, Impact
from srcnet_compiler.converge import held_up
from srcnet_compiler.quantity import Bytes
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio.diff import diff
from srcnet_compiler.targets.rucio.model import (
    AccountLimit,
    Dataset,
    Rse,
    RucioModel,
    Rule,
    RuleTemplate,
    Subscription,
)
from srcnet_compiler.targets.rucio.model.lifecycle import Deal, Lifecycle, LifePhase, Place
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import Requirement

OWNER = "policy"
WANTED = Requirement("p", "fresh", "srcnet_region", {"online": 2})


def rse(name: str, region: str, capacity: int = 1, **attributes: str) -> Rse:
    given = {"srcnet_region": region, "srcnet_tier": "online", **attributes}
    return Rse(RseName(name), {}, given, limits={"MaxSpaceAvailable": capacity})


def rucio(*rses: Rse, policies: Mapping[str, tuple[str, ...]], **more: object) -> RucioModel:
    """With subscriptions, by name, for these regions."""
    model = RucioModel(
        "test",
        OWNER,
        rses={each.name: each for each in rses},
        subscriptions={name: subscription(name, *regions) for name, regions in policies.items()},
        requirements=dict.fromkeys(policies, WANTED),
        lifecycles=dict([("p", life(*policies.values()))] if policies else []),
    )
    return replace(model, **more)


def life(regions: tuple[str, ...], *others: tuple[str, ...]) -> Lifecycle:
    """One phase, for which all data get the rules of the first subscription."""
    one = subscription("one", *regions)
    deal = Deal(one.rules, tuple(range(100)))
    places = tuple(Place(rule, 1) for rule in one.rules)
    return Lifecycle("p", one.filter, (LifePhase(WANTED, None, (deal,), places),))


def subscription(name: str, *regions: str) -> Subscription:
    rules = tuple(
        RuleTemplate(1, expression(region), f"srcnet:p/fresh/{number}", "User Subscriptions")
        for number, region in enumerate(regions)
    )
    wanted = {"scope": ["^s$"], "did_type": ["DATASET"]}
    return Subscription(name, OWNER, wanted, rules, "srcnet:p/fresh", policy="p")


def expression(region: str) -> str:
    return f"(srcnet_region={region}&srcnet_tier=online)"


def rule(number: int, region: str) -> Rule:
    return Rule(str(number), 1, expression(region), f"srcnet:p/fresh/{number}", "OK")


def short(changes: tuple[Change, ...]) -> list[tuple[str, list[str], bool]]:
    return [
        (f"{c.action.value} {c.address.name}", [f.name for f in c.fields], bool(c.waits))
        for c in changes
    ]


def at(kind: str, name: str) -> Address:
    return Address("rucio", "test", kind, name)


BEFORE = rucio(rse("CH", "eu"), rse("GB", "eu"), rse("JP", "as"), policies={"one": ("eu", "as")})


def test_what_rules_rely_on_waits_and_all_else_of_an_area_does_not():
    moved = rse("GB", "islands", capacity=2)
    wanted = rucio(rse("CH", "eu"), moved, rse("JP", "as"), policies={"one": ("eu", "as")})
    changes = diff(wanted, Reading(BEFORE))
    assert short(changes) == [
        ("update GB", ["limit.MaxSpaceAvailable"], False),
        ("update GB", ["attribute.srcnet_region"], True),
    ]
    (wait,) = changes[1].waits
    assert wait.kind == "rules-moved"
    assert json.loads(wait.subject) == {
        "rse": "GB",
        "attributes": {"srcnet_region": "islands", "srcnet_tier": "online"},
    }


def test_subscriptions_that_would_find_no_place_come_after_the_areas_they_mean():
    policies = {"one": ("eu", "as"), "two": ("islands", "as")}
    wanted = rucio(rse("CH", "eu"), rse("GB", "islands"), rse("JP", "as"), policies=policies)
    moved, added = diff(wanted, Reading(BEFORE))
    assert added.address == at("subscription", "two")
    assert added.needs == (at("rse", "GB"),)
    assert held_up((moved, added)) == (moved, added)


def test_subscriptions_that_keep_the_policy_already_wait_for_no_area():
    closing = rse("GB", "eu")
    closed = replace(
        closing,
        settings={"availability_write": False},
        attributes={"srcnet_region": "eu"},
    )
    wanted = rucio(rse("CH", "eu"), closed, rse("JP", "as"), policies={"two": ("as", "eu")})
    changes = diff(wanted, Reading(BEFORE))
    assert short(changes)[:2] == [
        ("retire GB", ["setting.availability_write"], False),
        ("update GB", ["attribute.srcnet_tier"], True),
    ]
    assert [(c.address.name, c.action, c.needs) for c in changes[2:]] == [
        ("two", Action.CREATE, ()),
        ("one", Action.RETIRE, (at("subscription", "two"),)),
    ]
    assert held_up(changes) == (changes[1],)


def test_an_area_that_is_new_comes_before_its_subscription_and_its_rules():
    limit = AccountLimit(OWNER, RseName("ZA"), Bytes(5))
    wanted = rucio(
        *(rse("CH", "eu"), rse("GB", "eu"), rse("JP", "as"), rse("ZA", "af")),
        policies={"one": ("af", "eu")},
        account_limits={limit.name: limit},
    )
    held = Dataset("s", "d-00", {}, closed=True, rules=(rule(1, "eu"),))
    changes = diff(wanted, Reading(replace(BEFORE, datasets={held.did: held})))
    needs = {c.address.kind: c.needs for c in changes}
    assert needs["subscription"] == (at("rse", "ZA"),)
    assert needs["rule"] == (at("rse", "ZA"), at("account-limit", "policy@ZA"))


def test_of_the_rules_of_a_policy_only_those_are_added_that_it_takes():
    wanted = rucio(
        *(rse("CH", "eu"), rse("JP", "as"), rse("ZA", "af")), policies={"one": ("af", "eu")}
    )
    kept = Dataset("s", "kept", {}, closed=True, rules=(rule(0, "as"), rule(1, "eu")))
    half = Dataset("s", "half", {}, closed=True, rules=(rule(0, "as"),))
    none = Dataset("s", "none", {}, closed=True)
    there = replace(wanted, datasets={each.did: each for each in (kept, half, none)})
    assert short(diff(wanted, Reading(there))) == [
        ("create s:half srcnet:p/fresh/1", ["rule"], False),
        ("create s:none srcnet:p/fresh/0", ["rule"], False),
        ("create s:none srcnet:p/fresh/1", ["rule"], False),
    ]


def test_an_area_goes_out_of_use_after_what_takes_its_place():
    """Else what arrives in between finds a region of the subscription empty, and gets no rule."""
    instance = BEFORE.subscriptions["one"].origins.get("name", ())
    weighted = {"srcnet_weight": "1"}
    before = rucio(
        rse("CH", "eu", **weighted), rse("JP", "as", **weighted), policies={"one": ("eu", "as")}
    )
    aside = {"set_aside": {RseName("CH"): instance}}

    same_region = rucio(
        rse("SE", "eu", **weighted),
        rse("JP", "as", **weighted),
        policies={"one": ("eu", "as")},
        **aside,
    )
    removals = [c for c in diff(same_region, Reading(before)) if c.address.name == "CH"]
    assert [c.fields[0].name for c in removals] == [
        "attribute.srcnet_weight",
        "attribute.srcnet_tier",
    ]
    assert {c.needs for c in removals} == {(at("rse", "SE"),)}

    other_region = rucio(
        rse("ZA", "af", **weighted),
        rse("JP", "as", **weighted),
        policies={"two": ("af", "as")},
        **aside,
    )
    changes = {(c.action, c.address.name): c for c in diff(other_region, Reading(before))}
    ends = changes[Action.RETIRE, "one"]
    assert ends.needs == (at("subscription", "two"),)
    assert changes[Action.CREATE, "two"].needs == (at("rse", "ZA"),)
    assert changes[Action.UPDATE, "CH"].needs == (at("subscription", "one"),)


def test_a_policy_ends_after_the_one_that_takes_its_data():
    following = replace(subscription("new", "eu", "as"), policy="q", comments="srcnet:q/fresh")
    wanted = replace(
        rucio(*BEFORE.rses.values(), policies={}),
        subscriptions={"new": following},
        requirements={"new": replace(WANTED, policy="q")},
        ended=frozenset({"p"}),
    )
    made, ended = diff(wanted, Reading(BEFORE))
    assert (made.action, ended.action) == (Action.CREATE, Action.RETIRE)
    assert ended.needs == (at("subscription", "new"),)


def test_pins_of_a_former_policy_are_let_go_as_well():
    pin = Rule("9", 1, "srcnet_role=ingest", "srcnet:former/arrival/pin", "OK")
    held = Dataset("s", "d-00", {}, closed=True, rules=(rule(0, "eu"), rule(1, "as"), pin))
    there = replace(BEFORE, datasets={held.did: held})
    (release,) = diff(BEFORE, Reading(there))
    assert release.action is Action.RETIRE
    assert release.address == at("rule", "s:d-00 srcnet:former/arrival/pin")
    assert [w.kind for w in release.waits] == ["copies-valid"]


def test_an_area_that_only_now_gets_what_rules_choose_by_moves_no_data():
    """What is taken over, or was half made when a run was killed, had no rule of ours on it."""
    bare = replace(rse("GB", "eu"), attributes={})
    half = rucio(rse("CH", "eu"), bare, rse("JP", "as"), policies={"one": ("eu", "as")})
    (gets,) = diff(BEFORE, Reading(half))
    assert {field.name for field in gets.fields} == {
        "attribute.srcnet_region",
        "attribute.srcnet_tier",
    }
    assert gets.impact is Impact.RECONFIGURE
    moved = rucio(rse("CH", "eu"), rse("GB", "as"), rse("JP", "as"), policies={"one": ("eu", "as")})
    (moves,) = diff(moved, Reading(BEFORE))
    assert moves.impact is Impact.MOVES_DATA

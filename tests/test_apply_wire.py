"""How changes are grouped into calls, and what of them travels."""

from __future__ import annotations

import json
from dataclasses import replace

from srcnet_compiler.apply.wire import as_wire, calls
from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, Wait
from srcnet_compiler.span import Span


def change(name: str, instance: str = "a") -> Change:
    return Change(Address("rucio", instance, "rse", name), Action.ADOPT, (), Impact.COSMETIC)


def grouped(*waves: tuple[Change, ...]) -> list[list[tuple[str, list[str]]]]:
    return [
        [(call.system.instance, [each.address.name for each in call.changes]) for call in group]
        for group in calls(waves)
    ]


def test_waves_of_one_system_are_one_call_in_their_order():
    assert grouped((change("1"), change("2")), (), (change("3"),)) == [[("a", ["1", "2", "3"])]]


def test_systems_that_do_not_need_each_other_get_one_call_each():
    assert grouped(
        (change("1"),),
        (change("2"), change("3", "b"), change("4")),
        (change("5"),),
        (change("6", "b"),),
    ) == [[("a", ["1", "2", "4", "5"]), ("b", ["3", "6"])]]


def test_waves_of_systems_of_which_one_needs_the_other_wait_for_each_other():
    found = grouped(
        (change("1"),),
        (change("2"), change("3", "b"), change("4")),
        (change("5"),),
        (replace(change("6", "b"), needs=(change("5").address,)),),
        (change("7", "b"),),
    )
    assert found == [
        [("a", ["1"])],
        [("a", ["2", "4"]), ("b", ["3"])],
        [("a", ["5"])],
        [("b", ["6", "7"])],
    ]


def test_nothing_to_do_is_no_call():
    assert calls(()) == ()
    assert calls(((), ())) == ()


def test_a_change_travels_without_places_and_reasons():
    whole = Change(
        Address("rucio", "a", "rse", "X"),
        Action.UPDATE,
        (FieldChange("limit.MaxSpaceAvailable", None, 4, Span("site.yaml", 1, 1, 1, 2)),),
        Impact.RECONFIGURE,
        reason="because",
        needs=(Address("rucio", "a", "account", "y"),),
        waits=(Wait("copies-valid", "{}", "all is there"),),
    )
    assert json.loads(json.dumps(as_wire(whole))) == {
        "id": whole.id,
        "address": {"target": "rucio", "instance": "a", "kind": "rse", "name": "X"},
        "action": "update",
        "fields": [{"name": "limit.MaxSpaceAvailable", "before": None, "after": 4}],
        "needs": [{"target": "rucio", "instance": "a", "kind": "account", "name": "y"}],
        "waits": [{"kind": "copies-valid", "subject": "{}", "text": "all is there"}],
        "impact": "reconfigure",
    }

"""Plans, receipts and drift in words: nothing that matters is hidden, and little is said twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from srcnet_compiler.apply.receipt import Receipt, Result, Status
from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, Json, SystemName
from srcnet_compiler.plan.model import Binding, Held, Plan, Unseen, Verdict
from srcnet_compiler.report.paint import painter
from srcnet_compiler.report.plan import markdown_plan, render_plan
from srcnet_compiler.report.proof import Proof, proof_lines
from srcnet_compiler.report.receipt import render_receipt, render_verdicts
from srcnet_compiler.span import Span

PLACE = Span("policies/a.yaml", 3, 5, 3, 9)
RULE: dict[str, Json] = {
    "copies": 1,
    "rse_expression": "(srcnet_region=americas&srcnet_tier=online)",
    "grouping": "DATASET",
    "comments": "srcnet:a/kept/0",
}
FILTER: dict[str, Json] = {"pattern": "^.*([3][012]|[012][0123456789])$", "scope": ["^library$"]}


def change(name: str, action: Action, *fields: FieldChange, kind: str = "rse") -> Change:
    address = Address("rucio", "srcnet", kind, name)
    return Change(address, action, fields, Impact.ADDITIVE)


def plan_of(*changes: Change, held: tuple[Held, ...] = ()) -> Plan:
    return Plan(
        (SystemName("rucio", "srcnet"),),
        Binding("specs", "artifacts", "0.1.0"),
        (changes,),
        held=held,
    )


def updated(before: Json, after: Json, name: str = "replication_rules") -> list[str]:
    """What an update of one field looks like, below the line of its object."""
    plan = plan_of(change("a", Action.UPDATE, FieldChange(name, before, after, PLACE)))
    return render_plan(plan).splitlines()[3:]


def test_of_a_nested_value_only_the_part_that_differs_is_shown():
    after = {**RULE, "rse_expression": "(srcnet_region=europe)"}
    assert updated([RULE], [after]) == [
        "      replication_rules[0].rse_expression: "
        "(srcnet_region=americas&srcnet_tier=online) → (srcnet_region=europe)   policies/a.yaml:3:5"
    ]
    assert updated([RULE, RULE], [after, {**RULE, "copies": 2}]) == [
        "      replication_rules:   policies/a.yaml:3:5",
        "        [0].rse_expression: "
        "(srcnet_region=americas&srcnet_tier=online) → (srcnet_region=europe)",
        "        [1].copies: 1 → 2",
    ]
    assert updated([RULE], [{**RULE, "weight": "w"}]) == [
        "      replication_rules[0].weight: nothing → w   policies/a.yaml:3:5"
    ]
    assert updated({"scope": ["a", "b"]}, {"scope": ["a", "c"]}, "filter") == [
        "      filter.scope: [a, b] → [a, c]   policies/a.yaml:3:5"
    ]


def test_long_texts_stand_below_each_other_and_are_whole():
    assert updated("a" * 100, "a" * 99 + "b", "filter") == [
        "      filter:   policies/a.yaml:3:5",
        "        from " + "a" * 100,
        "        to   " + "a" * 99 + "b",
    ]


@pytest.mark.parametrize("full", [False, True])
def test_what_is_created_is_shown_in_all_its_parts(full: bool):
    fields = (
        FieldChange("filter", None, FILTER, PLACE),
        FieldChange("replication_rules", None, [RULE], PLACE),
    )
    made = change("a", Action.CREATE, *fields, kind="subscription")
    assert render_plan(plan_of(made), full=full).splitlines()[2:] == [
        "  + create subscription a  [additive]",
        "      filter: {pattern: ^.*([3][012]|[012][0123456789])$, scope: [^library$]}"
        "   policies/a.yaml:3:5",
        "      replication_rules:   policies/a.yaml:3:5",
        "        [0].comments: srcnet:a/kept/0",
        "        [0].copies: 1",
        "        [0].grouping: DATASET",
        "        [0].rse_expression: (srcnet_region=americas&srcnet_tier=online)",
    ]


def test_many_of_one_kind_are_one_line_unless_all_are_asked_for():
    plan = plan_of(*(change(f"n{i:02}", Action.CREATE, kind="policy") for i in range(26)))
    line = "  + create 26 policies: n00, n01, n02, …   (all with --full)"
    assert line in render_plan(plan).splitlines()
    assert "--full" not in render_plan(plan, full=True)
    assert "+ create policy n25" in markdown_plan(plan)


def test_what_is_left_out_is_counted_unless_all_is_asked_for():
    held = (
        *(Held(f"data policy `p{n}`", "rests on a draft at a.yaml:1:1") for n in range(3)),
        Held("namespace `n`", "rests on a draft at a.yaml:1:1"),
    )
    brief = "Described and left out: 3 data policies, 1 namespace   (all with --full)"
    assert brief in render_plan(plan_of(held=held)).splitlines()
    assert "  . namespace `n` rests on a draft" in render_plan(plan_of(held=held), full=True)
    assert "  . data policy `p0` rests" in render_plan(plan_of(held=held[:1]))
    assert brief in [*proof_lines(Proof(plan_of(held=held), []), painter(False), full=False)]


def test_what_a_server_says_cannot_move_the_cursor():
    assert updated("\x1b[2Jgone\nand a line", "b", "city") == [
        "      city: ␛[2Jgone␊and a line → b   policies/a.yaml:3:5"
    ]


def test_colours_are_put_around_words_and_change_none():
    plan = plan_of(change("a", Action.CREATE), change("b", Action.UPDATE))
    coloured = render_plan(plan, colour=True)
    assert "\x1b[32m+ create\x1b[0m rse a" in coloured
    assert "\x1b[33m~ update\x1b[0m rse b" in coloured


# ── what became of it ─────────────────────────────────────────────────────────────────────────


def receipt(*results: Result, **more: bool) -> Receipt:
    return Receipt("p", "r", (SystemName("rucio", "srcnet"),), "t0", "t1", results, **more)  # type: ignore[arg-type]


def results(count: int, status: Status, text: str = "") -> list[Result]:
    return [Result(change(f"n{i:02}", Action.UPDATE), status, text) for i in range(count)]


def test_a_rehearsal_says_that_nothing_was_changed():
    told = render_receipt(receipt(*results(2, Status.DONE), rehearsal=True))
    assert told == "srcnet: rehearsal: 2 would be done; nothing was changed\n"
    nothing = render_receipt(receipt(rehearsal=True))
    assert nothing == "srcnet: rehearsal: nothing was to be done; nothing was changed\n"


def test_an_interrupt_lists_what_was_left_in_one_line_and_says_how_to_go_on():
    left = results(57, Status.LEFT, "interrupted")
    told = render_receipt(receipt(*results(3, Status.DONE), *left, interrupted=True))
    assert told.splitlines() == [
        "srcnet: 3 done, 57 left",
        "  left 57 changes: n00, n01, n02, …: interrupted",
        "  to go on, run the same command again",
    ]


def test_what_was_left_for_different_reasons_is_listed_by_reason():
    left = (*results(13, Status.LEFT, "not reached"), *results(1, Status.LEFT, "needs b"))
    assert render_receipt(receipt(*left)).splitlines()[1:] == [
        "  left 13 changes: n00, n01, n02, …: not reached",
        "  left rucio/srcnet/rse/n00: needs b",
    ]


def test_what_failed_is_always_listed_one_by_one():
    told = render_receipt(receipt(*results(20, Status.FAILED, "no")))
    assert told.count("  failed rucio/srcnet/rse/") == 20


def verdict(unseen: tuple[Unseen, ...] = ()) -> Verdict:
    return Verdict(SystemName("rucio", "srcnet"), 7, (), (), unseen, ())


def test_drift_says_what_could_not_be_read():
    unseen = (Unseen(Address("rucio", "srcnet", "rse", "A"), "not allowed"),)
    assert render_verdicts([verdict(unseen)]).splitlines() == [
        "srcnet: 7 objects, 0 differences, 1 not readable",
        "  ? rucio/srcnet/rse/A: not allowed",
    ]
    assert render_verdicts([verdict()]) == "srcnet: 7 objects, 0 differences\n"


def test_lengths_of_time_are_shown_as_specs_write_them():
    fields = (FieldChange("MaxWall", 86_400, 5400), FieldChange("MaxTime", 7200, -1))
    where = Address("rucio", "srcnet", "qos", "ska-batch")
    changed = Change(where, Action.UPDATE, fields, Impact.ADDITIVE)
    shown = render_plan(plan_of(changed))
    assert "      MaxWall: 1 d → 90 min\n" in shown
    assert "      MaxTime: 2 h → no limit\n" in shown


def test_what_happens_to_the_rules_of_many_data_sets_is_one_line_for_each_reason():
    ends = [
        replace(change(f"s:d-{n:02d} r", Action.RETIRE, kind="rule"), reason=f"why {n % 2}")
        for n in range(26)
    ]
    assert render_plan(plan_of(*ends)).splitlines()[2:] == [
        "  - retire 13 rules: s:d-00 r, s:d-02 r, s:d-04 r, …   (all with --full)",
        "      because why 0",
        "  - retire 13 rules: s:d-01 r, s:d-03 r, s:d-05 r, …   (all with --full)",
        "      because why 1",
    ]


def test_what_a_later_run_begins_is_said_where_nothing_differs():
    found = replace(verdict(), postponed=(Held("data sets `p`: 3 are due", "and wait"),))
    assert found.waits
    assert render_verdicts([found]).splitlines()[1:] == ["  . data sets `p`: 3 are due and wait"]

"""What convergence keeps to: freezes, downtimes, areas that end: on a real Rucio, observed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_runner import srcnet
from life_cases import TAPE, grow_old, limits, turns, whole, with_archive
from policy_cases import MOVE, Area, Case, document, kinds, said
from rucio_daemons import Daemons
from test_lifecycle_live import PAGE, settled, tiers

from srcnet_compiler.apply.receipt import Receipt, Status, exit_code
from srcnet_compiler.demo.rucio_server import RucioServer
from srcnet_compiler.report.plan import render_plan
from srcnet_compiler.targets.rucio.model.names import RseName

pytestmark = pytest.mark.live("rucio")


@pytest.fixture
def case(
    rucio_postgresql: RucioServer,
    daemons_of: Callable[[RucioServer], Daemons],
    tmp_path: Path,
) -> Case:
    """On the quicker database: what is asked of it is the same on the other."""
    return Case(rucio_postgresql, daemons_of(rucio_postgresql), tmp_path)


def days(case: Case, first: int, last: int) -> dict[str, str]:
    """From the first of these days to the end of the last, counted from the day of the case."""
    assert case.day is not None
    start, end = (case.day + timedelta(days=n) for n in (first, last + 1))
    return {"from": f"{start}T00:00Z", "to": f"{end}T00:00Z"}


def waiting(receipt: Receipt) -> Counter[str]:
    """What waits, by action."""
    return Counter(result.change.action.value for result in receipt.of(Status.WAITING))


def lasting(case: Case, names: list[str]) -> dict[str, list[str]]:
    """The expressions of the rules without an end, by data set."""
    return {
        name: [r["rse_expression"] for r in case.rules(case.scope, name) if not r["expires_at"]]
        for name in names
    }


def assert_on_page(case: Case, text: str, *parts: str) -> None:
    """The lines with these parts stand on the page, where the federation is called `ska`."""
    page = PAGE.read_text("utf-8")
    called = text.replace(case.tag, "ska").replace(case.tag.upper(), "SKA")
    for part in parts:
        lines = {line for line in called.splitlines() if part in line}
        assert lines
        assert all(line in page for line in lines), lines


def test_a_freeze_is_kept_by_new_plans_and_by_one_that_was_made_before(case: Case):
    case.describe(Area("CH", "9 TB"), Area("JP", "9 TB"), Area("ZA", "9 TB"))
    with_archive(case, "CH", "JP")
    names = [f"night-{number}0" for number in range(5)]
    settled(case, names)
    grow_old(case, 400)
    limits(case)["freeze"] = [{**days(case, 1, 2), "reason": "first light"}]
    before, there = case.plan(), lasting(case, names)
    assert not any(wait.kind == "quiet" for change in before.changes for wait in change.waits)

    grow_old(case, 401)
    frozen = case.plan()
    (text,) = {w.text for c in frozen.changes for w in c.waits if w.kind == "quiet"}
    assert text.endswith("when the freeze is over (first light)")
    for plan in (before, frozen):
        receipt = case.apply(plan)
        assert exit_code(receipt) == 6, said(receipt)
        assert waiting(receipt) == {"create": 5, "retire": 5}
    assert lasting(case, names) == there
    assert case.verify().is_converged
    case.arrive(case.rse("CH"), case.scope, ["night-99"])  # nobody ran the transmogrifier
    grow_old(case, 402)
    assert exit_code(case.apply()) == 6
    assert len(lasting(case, ["night-99"])["night-99"]) == 2
    case.settle(case.scope, ["night-99"])
    assert whole(case) == (2, 2)

    grow_old(case, 403)
    receipt = case.apply(frozen)  # what waited in it waits no more
    assert waiting(receipt) == {"retire": 5}
    list(turns(case))
    assert tiers(case, [*names, "night-99"]) == {("nearline", "online"): 6}


def test_in_a_downtime_no_copy_is_let_go_for_one_that_stands_there(case: Case):
    case.describe(Area("CH", "9 TB"), Area("JP", "9 TB"))
    with_archive(case, "CH", "JP")
    names = [f"night-{number:02d}" for number in (5, 30, 55, 80)]
    settled(case, names)
    grow_old(case, 400)
    case.apply()
    for _ in range(2):
        case.daemons.run(*MOVE)
    assert whole(case) == (3, 2)  # all are there that the archive asks for
    taped = Counter(
        rse
        for rse in (case.rse("CH", TAPE), case.rse("JP", TAPE))
        for _ in case.client.get_dataset_locks_by_rse(rse)
    )
    assert set(taped) == {case.rse("CH", TAPE), case.rse("JP", TAPE)}
    down = case.rse("JP", TAPE)
    spec: dict[str, Any] = {"of": down, **days(case, 0, 3), "reason": "a robot is replaced"}
    case.documents["policies/downtime.yaml"] = document("Downtime", "robot", **spec)

    receipt = case.apply()

    assert exit_code(receipt) == 6
    assert waiting(receipt) == {"retire": taped[down]}
    assert all(f"none of them on {down}" in each.text for each in receipt.of(Status.WAITING))
    assert sum(len(rules) for rules in lasting(case, names).values()) == 8 + taped[down]
    grow_old(case, 404)
    assert kinds(case.plan()) == {"retire rule": taped[down]}
    list(turns(case))
    assert tiers(case, names) == {("nearline", "online"): 4}


def test_what_an_area_holds_that_ends_is_moved_in_parts_and_then_nothing_means_it(case: Case):
    case.describe(Area("CH", "9 TB"), Area("GB", "9 TB"), Area("JP", "9 TB"), Area("ZA", "9 TB"))
    names = [f"night-{number:02d}" for number in range(0, 100, 8)]
    settled(case, names)
    ch = case.rse("CH")
    there = sorted(lock["name"] for lock in case.client.get_dataset_locks_by_rse(ch))
    assert len(there) > 2
    end = {"area": ch, "reason": "it is over", "approvedBy": {"group": "/oper"}}
    case.documents["policies/end.yaml"] = document("Retired", "ch", **end, until="2100-01-01")
    limits(case)["retiredAreas"] = 1
    plan = case.plan()
    assert kinds(plan)["create rule"] == len(there)
    assert_on_page(case, render_plan(plan, full=True), "rse_expression: ((", "holds data on")
    limits(case)["inFlight"] = "128 B"  # two data sets

    plan = case.plan()

    assert kinds(plan)["create rule"] == 2
    assert [each.what for each in plan.held] == [
        f"data sets `{case.tag}-products`: {len(there) - 2} are due besides,"
    ]
    list(turns(case, 6 * len(there)))
    assert not list(case.client.get_dataset_locks_by_rse(ch))
    without = rf"\srcnet_site={case.model().rses[RseName(ch)].site})"
    after = lasting(case, names)
    assert {len(rules) for rules in after.values()} == {2}
    assert whole(case) == (2, 2)
    assert {n for n in names if any(e.endswith(without) for e in after[n])} < {*there}
    attributes = case.client.list_rse_attributes(ch)
    assert not {"srcnet_tier", "srcnet_weight"} & attributes.keys()
    assert case.client.get_rse(ch)["availability_write"] is False
    assert case.verify().is_converged


def test_shares_are_restored_after_growth_when_somebody_asks_and_never_by_themselves(case: Case):
    case.describe(Area("CH", "9 TB"), Area("JP", "9 TB"))
    names = [f"night-{number:02d}" for number in range(0, 100, 10)]
    settled(case, names)
    case.add(Area("ZA", "9 TB"))
    case.converge()
    assert case.plan().changes == ()
    limits(case)["inFlight"] = "256 B"  # four data sets

    for begun in (4, 2, 0):  # a third of twenty copies, which all stand in two regions
        plan = case.plan(rebalance=True)
        assert kinds(plan)["create rule"] == begun, plan.notes
        if begun == 4:
            assert_on_page(case, render_plan(plan), "shares of")
            typed = srcnet("plan", "--rebalance", "--state", "../state", cwd=case.folder / "specs")
            assert typed.code == 0, typed
            assert all(note in typed.out for note in plan.notes)
        if begun:
            receipt = case.apply(plan)
            assert exit_code(receipt) == 6, said(receipt)
        list(turns(case))  # an ordinary run ends what was begun, and nothing else
    (note,) = plan.notes  # less than a data set is nothing that can move
    assert note.startswith(f"shares of {case.tag}-products/fresh: nothing to move, though")
    places = Counter(e for rules in lasting(case, names).values() for e in rules)
    assert sorted(places.values()) == [6, 7, 7]
    assert tiers(case, names) == {("online", "online"): 10}
    assert case.plan().changes == ()

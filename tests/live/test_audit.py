"""What a further run finds and mends on a real Rucio: lost rules, moved areas, ended policies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from policy_cases import Area, Case, document, kinds, said, words
from rucio_daemons import Daemons
from rucio_data import add_datasets, put_files

from srcnet_compiler.apply.receipt import Status, exit_code
from srcnet_compiler.demo.rucio_server import RucioServer

pytestmark = pytest.mark.live("rucio")


@pytest.fixture
def case(rucio: RucioServer, daemons: Daemons, tmp_path: Path) -> Case:
    """On each database."""
    return Case(rucio, daemons, tmp_path)


@pytest.fixture
def quick_case(
    rucio_postgresql: RucioServer,
    daemons_of: Callable[[RucioServer], Daemons],
    tmp_path: Path,
) -> Case:
    """On the quicker database, for what databases do not tell apart."""
    return Case(rucio_postgresql, daemons_of(rucio_postgresql), tmp_path)


def test_rules_that_arrival_lost_or_somebody_ended_are_added_and_all_else_is_let_be(case: Case):
    case.describe(Area("CH", "20 TB"), Area("JP", "9 TB"), Area("ZA", "6 TB"))
    case.bootstrap()
    case.converge()
    client, scope, ch = case.client, case.scope, case.rse("CH")
    japan = f"(srcnet_region={case.region('asia-pacific')}&srcnet_tier=online)"
    europe = f"(srcnet_region={case.region('europe')}&srcnet_tier=online)"

    case.arrive(ch, scope, ["whole-99", "ended-99", "cut-99"], files=2)
    case.daemons.run("transmogrifier")
    client.set_local_account_limit(case.owner, case.rse("JP"), 0)
    case.arrive(ch, scope, ["lost-99"], files=2)
    case.daemons.run("transmogrifier")
    client.set_local_account_limit(case.owner, case.rse("JP"), 9 * 10**12)
    assert [rule["rse_expression"] for rule in case.rules(scope, "lost-99")] == [europe]
    for name, change in (("ended-99", {"lifetime": 3600}), ("cut-99", {"lifetime": -1})):
        (first, _) = case.rules(scope, name)
        client.update_replication_rule(first["id"], change)
    case.daemons.run("cleaner")
    assert len(case.rules(scope, "cut-99")) == 1
    others = foreign_rules(case, "whole-99")

    plan = case.plan()

    assert [words(change) for change in plan.changes] == [
        f"create rule {scope}:{name} {case.tagged('fresh/0')}"
        for name in ("cut-99", "ended-99", "lost-99")
    ]
    for change in plan.changes:
        assert change.reason.startswith("phase `fresh` of its policy asks for this copy")
        assert change.moves == 2 * 64
        assert change.fields[0].origin is not None
        assert change.fields[0].origin.file == "policies/data/products.yaml"
    receipt = case.apply(plan)
    assert exit_code(receipt) == 0, said(receipt)
    case.settle(scope, ["whole-99", "ended-99", "cut-99", "lost-99"])
    assert set(case.held(scope).values()) == {(2, 2)}
    for name in ("cut-99", "ended-99", "lost-99"):
        found = [(r["comments"], r["rse_expression"]) for r in case.rules(scope, name)]
        assert found == [(case.tagged("fresh/0"), japan), (case.tagged("fresh/1"), europe)]
    assert case.plan().changes == ()
    assert foreign_rules(case) == others


def foreign_rules(case: Case, dataset: str | None = None) -> list[tuple[object, ...]]:
    """Rules that are none of the policy's; made on and beside `dataset` if that is given."""
    client, ch = case.client, case.rse("CH")
    elsewhere = f"{case.tag}-else"
    if dataset is not None:
        client.add_scope("root", elsewhere)
        client.set_local_account_limit("root", ch, -1)
        add_datasets(client, elsewhere, {"theirs-99": put_files(client, ch, elsewhere, ["their"])})
        for scope, name in ((case.scope, dataset), (elsewhere, "theirs-99")):
            dids = [{"scope": scope, "name": name}]
            client.add_replication_rule(dids, 1, ch, comment=case.tagged("fresh/0"))
            client.add_replication_rule(dids, 1, ch, account=case.owner, lifetime=86400)
    wanted = [(case.scope, "whole-99"), (elsewhere, "theirs-99")]
    found = [rule for did in wanted for rule in client.list_did_rules(*did)]
    keys = ("id", "account", "rse_expression", "copies", "comments", "expires_at")
    ours = {rule["id"] for rule in case.rules(case.scope, "whole-99") if rule["comments"]}
    return sorted(tuple(str(r[k]) for k in keys) for r in found if r["id"] not in ours)


def test_an_area_changes_its_region_only_when_the_rules_on_it_have_moved(quick_case: Case):
    case = quick_case
    case.describe(Area("CH", "20 TB"), Area("GB", "9 TB"), Area("JP", "9 TB"))
    case.bootstrap()
    case.converge()
    client, scope, gb = case.client, case.scope, case.rse("GB")
    names = ["one-00", "two-00", "three"]
    case.arrive(gb, scope, names)
    case.daemons.run("transmogrifier")
    case.settle(scope, names)
    regions = case.documents["policies/federation.yaml"]["spec"]["regions"]
    regions[case.region("europe")].remove("GB")
    regions[case.region("islands")] = ["GB"]
    case.site("CH")["storage"][0]["capacity"] = "25 TB"

    receipt = case.apply()

    assert exit_code(receipt) == 6, said(receipt)
    (waiting,) = (each for each in receipt.of(Status.WAITING) if each.change.address.kind == "rse")
    assert waiting.change.address.name == gb
    assert waiting.text.startswith(f"rules of ours hold 3 datasets on {gb}; that of {scope}:")
    assert client.list_rse_attributes(gb)["srcnet_region"] == case.region("europe")
    assert client.get_rse_limits(case.rse("CH"))["MaxSpaceAvailable"] == 25 * 10**12
    verdict = case.verify()
    assert verdict.is_converged, [words(change) for change in verdict.differences]
    assert verdict.waiting
    # Until then policies stand as they were: what arrives finds every region that it is meant for.
    meanwhile = [f"meanwhile-{number:02d}" for number in range(0, 100, 19)]
    case.arrive(case.rse("CH"), scope, meanwhile)
    case.daemons.run("transmogrifier")
    for name in meanwhile:
        assert len(case.rules(scope, name)) == 2, name

    expression = f"(srcnet_region={case.region('europe')}&srcnet_tier=online)\\{gb}"
    for rule in client.get_dataset_locks_by_rse(gb):
        if rule["account"] == case.owner:
            client.move_replication_rule(rule["rule_id"], expression, {})
    case.settle(scope, [*names, *meanwhile])
    for name in (*names, *meanwhile):  # the rules that were moved end once their children are OK
        for rule in case.rules(scope, name):
            if rule["expires_at"] is not None:
                client.update_replication_rule(rule["id"], {"lifetime": -1})
    case.daemons.run("cleaner")
    receipt = case.apply()
    assert exit_code(receipt) == 0, said(receipt)
    assert client.list_rse_attributes(gb)["srcnet_region"] == case.region("islands")
    assert case.verify().is_converged
    assert case.plan().changes == ()
    afterwards = ["after-00", "after-30", "after-60", "after"]
    case.arrive(case.rse("CH"), scope, afterwards)
    case.daemons.run("transmogrifier")
    for name in afterwards:
        assert len(case.rules(scope, name)) == 2, name
    case.settle(scope, [*names, *meanwhile, *afterwards])
    assert set(case.held(scope).values()) == {(2, 2)}


def test_a_region_that_somebody_changed_is_set_right_although_data_are_there(quick_case: Case):
    case = quick_case
    case.describe(Area("CH"), Area("JP"))
    case.bootstrap()
    case.converge()
    client, ch = case.client, case.rse("CH")
    case.arrive(ch, case.scope, ["here-00"])
    case.daemons.run("transmogrifier")
    client.add_rse_attribute(ch, "srcnet_region", case.region("asia-pacific"))

    case.converge()

    assert client.list_rse_attributes(ch)["srcnet_region"] == case.region("europe")


def test_a_retired_area_takes_no_more_data_while_what_is_there_moves_away(quick_case: Case):
    case = quick_case
    case.describe(Area("CH"), Area("GB"), Area("JP"))
    case.bootstrap()
    case.converge()
    client, scope, gb = case.client, case.scope, case.rse("GB")
    case.arrive(gb, scope, ["there-00"])
    case.daemons.run("transmogrifier")
    case.documents["policies/ends.yaml"] = retired("area-ends", area=gb)
    case.documents["policies/federation.yaml"]["spec"]["limits"]["retiredAreas"] = 1

    receipt = case.apply()

    assert exit_code(receipt) == 6, said(receipt)
    assert not client.get_rse(gb)["availability_write"]
    case.arrive(case.rse("JP"), scope, [f"new-{number:02d}" for number in range(12)])
    case.daemons.run("transmogrifier")
    held = {lock["name"] for lock in client.get_dataset_locks_by_rse(gb)}
    assert held == {"there-00"}


def retired(name: str, **of: str) -> dict[str, object]:
    ends = {"reason": "it is over", "approvedBy": {"group": "/oper"}, "until": "2100-01-01"}
    return document("Retired", name, **of, **ends)


def test_a_retired_policy_makes_no_more_rules_and_keeps_those_it_made(quick_case: Case):
    case = quick_case
    case.describe(Area("CH"), Area("JP"), Area("ZA"))
    case.bootstrap()
    case.converge()
    scope, names = case.scope, ["kept-00", "kept-50"]
    case.arrive(case.rse("CH"), scope, names)
    case.daemons.run("transmogrifier")
    rules = {name: case.rules(scope, name) for name in names}
    assert all(len(found) == 2 for found in rules.values())
    case.documents["policies/ends.yaml"] = retired("it-ends", policy=f"{case.tag}-products")

    plan = case.plan()

    assert set(kinds(plan)) == {"retire subscription"}
    assert {change.reason for change in plan.changes} == {
        "its policy is retired; the rules that it has made stay"
    }
    receipt = case.apply(plan)
    assert exit_code(receipt) == 0, said(receipt)
    assert case.verify().is_converged
    assert case.plan().changes == ()
    case.arrive(case.rse("CH"), scope, ["late-00"])
    case.daemons.run("transmogrifier")
    assert case.rules(scope, "late-00") == []
    assert {name: case.rules(scope, name) for name in names} == rules


def test_a_policy_that_is_merely_absent_goes_on(quick_case: Case):
    case = quick_case
    case.describe(Area("CH"), Area("JP"))
    case.bootstrap()
    case.converge()
    scope = case.scope
    before = list(case.client.list_subscriptions(account=case.owner))
    del case.documents["policies/data/products.yaml"]

    assert case.plan().changes == ()
    verdict = case.verify()

    assert verdict.is_converged
    assert list(case.client.list_subscriptions(account=case.owner)) == before
    case.arrive(case.rse("CH"), scope, ["still-00"])
    case.daemons.run("transmogrifier")
    assert len(case.rules(scope, "still-00")) == 2
    assert case.plan().changes == ()

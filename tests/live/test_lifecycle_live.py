"""Data grow old, policies change, and no file ever has fewer copies: on a real Rucio, observed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from life_cases import (
    TAPE,
    end_released,
    grow_old,
    limits,
    out_of_order,
    phase,
    policy,
    turns,
    whole,
    with_archive,
)
from policy_cases import MOVE, Area, Case, kinds, said
from rucio_daemons import Daemons

from srcnet_compiler.apply.receipt import exit_code
from srcnet_compiler.demo.rucio_server import RucioServer

pytestmark = pytest.mark.live("rucio")


@pytest.fixture
def case(
    rucio_postgresql: RucioServer,
    daemons_of: Callable[[RucioServer], Daemons],
    tmp_path: Path,
) -> Case:
    """On the quicker database: what is asked of it is the same on the other."""
    return Case(rucio_postgresql, daemons_of(rucio_postgresql), tmp_path)


def settled(case: Case, names: list[str], files: int = 1) -> None:
    """Datasets that have arrived and have all that the first phase asks for."""
    case.bootstrap()
    case.converge()
    case.arrive(case.rse("CH"), case.scope, names, files=files)
    case.daemons.run("transmogrifier")
    case.settle(case.scope, names)
    assert whole(case) == (2, 2)


def tiers(case: Case, names: list[str]) -> Counter[tuple[str, ...]]:
    """How many datasets have lasting rules on which tiers, in different regions."""
    found: Counter[tuple[str, ...]] = Counter()
    for name in names:
        lasting = [r for r in case.rules(case.scope, name) if r["expires_at"] is None]
        expressions = [rule["rse_expression"].strip("()").split("&") for rule in lasting]
        assert len({region for region, _ in expressions}) == len(expressions), lasting
        found[tuple(sorted(tier.partition("=")[2] for _, tier in expressions))] += 1
    return found


def test_data_go_into_the_archive_while_a_tape_library_is_down_and_never_lack_a_copy(case: Case):
    case.describe(Area("CH", "20 TB"), Area("JP", "9 TB"), Area("ZA", "6 TB"))
    with_archive(case, "CH", "JP")
    names = [f"night-{number:02d}" for number in range(1, 100, 5)]
    settled(case, names)
    assert case.plan().changes == ()  # all of them are fresh
    tape = case.rse("CH", TAPE)

    grow_old(case, 400)
    plan = case.plan()
    assert kinds(plan) == {"create rule": 20, "update rule": 20, "retire rule": 20}
    assert {
        change.address.name.rpartition("/")[0].rpartition("/")[2] for change in plan.changes
    } == {
        "archive",
        "fresh",
    }
    with out_of_order(case, tape):
        receipt = case.apply(plan)
        assert exit_code(receipt) == 6, said(receipt)
        for _ in range(3):
            case.daemons.run(*MOVE)
            receipt = case.apply()
            assert exit_code(receipt) == 6
            end_released(case)
            assert whole(case) >= (2, 2)
        here, there = (
            sum(lock["state"] == "OK" for lock in case.client.get_dataset_locks_by_rse(rse))
            for rse in (tape, case.rse("JP", TAPE))
        )
        assert here == 0
        assert there > 0
    for name in names:
        for rule in case.rules(case.scope, name):
            if rule["state"] == "STUCK":
                case.client.update_replication_rule(rule["id"], {"boost_rule": True})
    list(turns(case))

    assert tiers(case, names) == {("nearline", "online"): 20}
    assert whole(case) == (2, 2)
    assert case.plan().changes == ()
    assert case.verify().is_converged


def test_a_policy_that_changes_again_and_again_is_followed_without_a_copy_less(case: Case):
    case.describe(Area("CH", "9 TB"), Area("JP", "9 TB"), Area("ZA", "9 TB"), Area("CA", "9 TB"))
    with_archive(case, "CH", "JP")
    fresh = policy(case)["phases"][0]
    names = [f"night-{number:02d}" for number in range(0, 100, 2)][:42]
    settled(case, names)

    policy(case)["phases"] = [phase("fresh", online=3)]  # stricter
    list(turns(case))
    assert whole(case) == (3, 3)

    policy(case)["phases"] = [phase("fresh", online=1, nearline=1)]  # another tier, one name
    plan = case.plan()
    assert kinds(plan) == {"create rule": 42, "update rule": 84, "retire rule": 84}
    list(turns(case))
    assert tiers(case, names) == {("nearline", "online"): 42}

    policy(case)["phases"] = [phase("kept", apart="site", online=1, nearline=1)]  # looser
    plan = case.plan()
    assert kinds(plan) == {"update rule": 84}
    assert plan.changes[0].reason == (
        "it keeps what its dataset's policy asks for, under a former name"
    )
    list(turns(case))
    assert case.plan().changes == ()

    policy(case)["phases"] = [{**fresh, "until": "12 months"}]  # as it was: tape is given back
    receipts = list(turns(case))
    assert exit_code(receipts[-1]) == 0, said(receipts[-1])
    assert tiers(case, names) == {("online", "online"): 42}
    assert case.plan().changes == ()


def test_a_change_of_mind_within_the_hour_calls_rules_back_and_moves_nothing(case: Case):
    case.describe(Area("CH"), Area("JP"), Area("ZA"))
    settled(case, ["night-00"])
    policy(case)["phases"] = [phase("fresh", online=3)]
    list(turns(case))
    before = case.rules(case.scope, "night-00")
    assert len(before) == 3
    policy(case)["phases"] = [phase("fresh", online=2)]
    for _ in range(2):  # the name is given up, then the rule
        case.apply()
    ended = [r for r in case.rules(case.scope, "night-00") if r["expires_at"] is not None]
    assert [rule["comments"] for rule in ended] == [case.tagged("leaving/fresh-2")] or ended
    policy(case)["phases"] = [phase("fresh", online=3)]

    plan = case.plan()

    assert kinds(plan) == {"create rule": 1}
    assert plan.changes[0].moves == 0
    receipt = case.apply(plan)
    assert exit_code(receipt) == 0, said(receipt)
    after = case.rules(case.scope, "night-00")
    assert {rule["id"] for rule in after} == {rule["id"] for rule in before}
    assert all(rule["expires_at"] is None for rule in after)
    assert whole(case) == (3, 3)
    assert case.plan().changes == ()


def test_a_new_area_moves_nothing_of_what_is_there(case: Case):
    case.describe(Area("CH", "9 TB"), Area("JP", "9 TB"))
    with_archive(case, "CH", "JP")
    names = [f"night-{number:02d}" for number in range(0, 100, 20)]
    settled(case, names)
    grow_old(case, 400)
    list(turns(case))
    case.add(Area("ZA", "90 TB"))
    case.add(Area("CA", "90 TB"))

    plan = case.plan()

    assert not [change for change in plan.changes if change.address.kind == "rule"]
    assert case.apply(plan).trouble == ()
    assert case.plan().changes == ()


def test_nothing_of_an_open_dataset_is_let_go_and_what_it_lacks_is_added(case: Case):
    case.describe(Area("CH"), Area("JP"))
    with_archive(case, "CH", "JP")
    settled(case, ["night-00"])
    case.client.set_status(case.scope, "night-00", open=True)
    grow_old(case, 400)

    assert kinds(case.plan()) == {"create rule": 1, "update rule": 1}
    list(turns(case))

    assert len(case.rules(case.scope, "night-00")) == 3
    case.client.set_status(case.scope, "night-00", open=False)
    assert kinds(case.plan()) == {"retire rule": 1}


def test_a_run_begins_no_more_than_may_be_under_way_and_later_runs_do_the_rest(case: Case):
    case.describe(Area("CH"), Area("JP"))
    with_archive(case, "CH", "JP")
    names = [f"night-{number:02d}" for number in range(10)]
    settled(case, names, files=2)
    grow_old(case, 400)
    limits(case)["inFlight"] = "512 B"  # four datasets of two files, of 64 bytes each

    plan = case.plan()

    assert kinds(plan) == {"create rule": 4, "update rule": 4, "retire rule": 4}
    held = f"data sets `{case.tag}-products`: 6 are due besides,"
    assert [each.what for each in plan.held] == [held]
    case.apply(plan)
    assert kinds(case.plan()) == {"retire rule": 4}  # as much is under way as may be
    limits(case)["collectionsAtOnce"] = 3
    for _ in range(3):
        case.daemons.run(*MOVE)
    assert kinds(case.plan())["create rule"] == 3
    list(turns(case))
    assert tiers(case, names) == {("nearline", "online"): 10}
    assert case.plan().held == ()

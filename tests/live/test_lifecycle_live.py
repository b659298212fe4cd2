"""Data grow old, policies change, and no file ever has fewer copies: on a real Rucio, observed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from life_cases import (
    NEAR,
    TAPE,
    end_released,
    grow_old,
    limits,
    out_of_order,
    phase,
    policy,
    registered,
    turns,
    whole,
    with_archive,
)
from policy_cases import MOVE, Area, Case, file_area, kinds, now, said
from rucio_daemons import Daemons

from srcnet_compiler.apply.receipt import Status, exit_code
from srcnet_compiler.change import Action
from srcnet_compiler.demo.rucio_server import RucioServer
from srcnet_compiler.report.plan import render_plan
from srcnet_compiler.report.receipt import render_receipt

pytestmark = pytest.mark.live("rucio")
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "life-of-a-data-set.md"


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


def test_a_policy_that_asks_for_another_tier_moves_all_its_data_without_a_copy_less(case: Case):
    """Under the very same names of policy and phase."""
    case.describe(Area("CH", "9 TB"), Area("JP", "9 TB"), Area("ZA", "9 TB"), Area("CA", "9 TB"))
    with_archive(case, "CH", "JP")
    names = [f"night-{number:02d}" for number in range(0, 84, 2)]
    settled(case, names)

    policy(case)["phases"] = [phase("fresh", online=1, nearline=1)]
    plan = case.plan()
    of_rules = Counter(c.action.value for c in plan.changes if c.address.kind == "rule")
    assert of_rules == {"create": 42, "update": 42, "retire": 42}
    list(turns(case))
    assert tiers(case, names) == {("nearline", "online"): 42}

    policy(case)["phases"] = [phase("kept", apart="site", online=1, nearline=1)]  # looser
    rules = [c for c in case.plan().changes if c.address.kind == "rule"]
    assert len(rules) == 84
    assert {(change.action.value, change.reason) for change in rules} == {
        ("update", "it keeps what its dataset's policy asks for, under a former name")
    }
    list(turns(case))
    assert tiers(case, names) == {("nearline", "online"): 42}


def test_stricter_then_back_to_disks_gives_tape_back_although_the_server_locks_it(case: Case):
    case.describe(Area("CH", "9 TB"), Area("JP", "9 TB"), Area("ZA", "9 TB"))
    with_archive(case, "CH", "JP")
    names = [f"night-{number:02d}" for number in range(0, 100, 25)]
    settled(case, names)
    policy(case)["phases"] = [phase("fresh", online=2, nearline=1)]  # stricter
    list(turns(case))
    assert tiers(case, names) == {("nearline", "online", "online"): 4}
    taped = [
        rule
        for name in names
        for rule in case.rules(case.scope, name)
        if "nearline" in rule["rse_expression"]
    ]
    assert all(rule["locked"] for rule in taped)

    policy(case)["phases"] = [phase("fresh", online=2)]
    receipts = list(turns(case))

    assert exit_code(receipts[-1]) == 0, said(receipts[-1])
    assert tiers(case, names) == {("online", "online"): 4}
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
    assert [rule["comments"].partition("/")[2] for rule in ended] == ["leaving/fresh-2"]
    policy(case)["phases"] = [phase("fresh", online=3)]

    plan = case.plan()

    (back,) = [change for change in plan.changes if change.address.kind == "rule"]
    assert (back.action, back.moves) == (Action.CREATE, 0)
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


def test_data_end_when_the_policy_and_two_clocks_say_so_and_no_sooner(case: Case):
    case.describe(Area("CH"), Area("JP"))
    with_archive(case, "CH", "JP")
    names = ["night-00", "night-01"]
    settled(case, names)
    policy(case)["phases"] = [
        {**phase("fresh", online=2), "until": "90 d", "then": "no copy is kept"}
    ]
    limits(case)["deletedCollections"] = 2
    assert case.plan().changes == ()
    grow_old(case, 400)  # whoever plans has a clock that is wrong, and takes the data for old

    plan = case.plan()

    assert kinds(plan) == {"retire rule": 4}
    assert "impact: deletes-data, 2 data sets without a copy" in render_plan(plan)
    receipt = case.apply(plan)
    assert exit_code(receipt) == 6, said(receipt)
    why, *_ = (result.text for result in receipt.of(Status.WAITING))
    assert re.match(
        rf"the server says that it is {now().date()}; {case.scope}:night-0. ends on ", why
    )
    assert whole(case) == (2, 2)

    case.day = None
    registered(case, 89)
    assert case.plan().changes == ()
    registered(case, 90)
    case.client.set_status(case.scope, "night-01", open=True)
    did = {"scope": case.scope, "name": "night-00"}
    case.client.set_local_account_limit("root", case.rse("CH"), 10**6)
    (theirs,) = case.client.add_replication_rule([did], 1, case.rse("CH"), comment="we need it")

    receipt = case.apply()

    assert exit_code(receipt) == 0, said(receipt)
    assert case.plan().changes == ()
    end_released(case)
    assert [rule["id"] for rule in case.client.list_did_rules(**did)] == [theirs]
    assert len(case.rules(case.scope, "night-01")) == 2  # it still grows
    case.client.set_status(case.scope, "night-01", open=False)
    assert kinds(case.plan()) == {"retire rule": 2}
    case.apply()
    end_released(case)
    (left,) = case.client.list_dids(case.scope, {}, did_type="dataset")  # Rucio forgets the empty
    assert left == "night-00"
    assert case.plan().changes == ()
    assert case.verify().is_converged


def test_a_copy_for_some_time_comes_at_arrival_counts_for_nothing_and_goes_by_itself(case: Case):
    case.describe(Area("CH"), Area("JP"))
    classes = case.documents["policies/federation.yaml"]["spec"]["storageClasses"]
    classes[NEAR] = {"tier": "online", "role": "cache"}
    cache = case.rse("JP", NEAR)
    area = file_area(cache, case.folder / "storage", "1 TB")
    case.site("JP")["storage"].append({**area, "role": "cache"})
    policy(case)["also"] = [{"at": [f"JPSRC-{case.tag.upper()}"], "for": "30 d"}]

    settled(case, ["night-00"])  # the observer counts two copies, not three

    extra, *others = case.rules(case.scope, "night-00")
    assert extra["comments"] == case.tagged("extra/0")
    assert extra["expires_at"] - extra["created_at"] == timedelta(days=30)
    assert [lock["rse"] for lock in case.client.list_replica_locks(extra["id"])] == [cache]
    assert all(rule["expires_at"] is None for rule in others)
    assert case.assert_expressions_agree() == 3
    assert case.plan().changes == ()
    end_released(case)  # its time is over
    assert case.rules(case.scope, "night-00") == others
    assert whole(case) == (2, 2)
    assert case.plan().changes == ()  # and it is not made again
    assert case.verify().is_converged


def test_no_copy_is_let_go_for_one_that_cannot_be_read_now(case: Case):
    case.describe(Area("CH"), Area("JP"))
    with_archive(case, "CH", "JP")
    settled(case, ["night-00"])
    grow_old(case, 400)
    case.apply()
    for _ in range(2):
        case.daemons.run(*MOVE)
    (tape,) = [
        rse
        for rse in (case.rse("CH", TAPE), case.rse("JP", TAPE))
        if list(case.client.get_dataset_locks_by_rse(rse))
    ]
    assert whole(case) == (3, 2)  # the tape stands in the region of the one that is to go
    case.client.update_rse(tape, {"availability_read": False})

    receipt = case.apply()

    assert exit_code(receipt) == 6
    assert receipt.of(Status.WAITING)[0].text.startswith(
        f"1 of 1 files of {case.scope}:night-00 lack valid copies (1 nearline, 1 online"
    )
    case.client.update_rse(tape, {"availability_read": True})
    list(turns(case))
    assert tiers(case, ["night-00"]) == {("nearline", "online"): 1}


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
    assert [each.what for each in case.verify().postponed] == [held]
    limits(case)["collectionsAtOnce"] = 3
    for _ in range(3):
        case.daemons.run(*MOVE)
    assert kinds(case.plan())["create rule"] == 3
    list(turns(case))
    assert tiers(case, names) == {("nearline", "online"): 10}
    assert case.plan().held == ()


def test_the_page_on_the_life_of_a_dataset_shows_what_is_said_of_it(
    rucio_postgresql: RucioServer,
    daemons_of: Callable[[RucioServer], Daemons],
    tmp_path: Path,
):
    case = Case(rucio_postgresql, daemons_of(rucio_postgresql), tmp_path, tag="ska")
    case.describe(Area("CH", "9 TB"), Area("JP", "9 TB"), Area("ZA", "9 TB"))
    with_archive(case, "CH", "JP")
    settled(case, ["night-07"])
    grow_old(case, 400)
    plan = case.plan()
    told = [render_plan(plan), render_receipt(case.apply(plan))]
    case.daemons.run(*MOVE)
    told += [render_receipt(case.apply()), render_plan(case.plan())]
    page = PAGE.read_text("utf-8")
    for text in told:
        lines = [line for line in text.splitlines() if line]
        assert without_ids("\n".join(lines)) in page, text


def without_ids(text: str) -> str:
    """What differs from one run to the next is left out on the page."""
    return re.sub(r"[0-9a-f]{32}|20[0-9T:.+-]{20,}", "…", text)

"""Policies on a real Rucio: data that arrive get their rules, and files really move."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from policy_cases import Area, Case, kinds, said
from rucio_daemons import Daemons
from rucio_data import add_datasets, path_of, put_files

from srcnet_compiler.apply.receipt import Status, exit_code
from srcnet_compiler.converge import open_waits
from srcnet_compiler.demo.rucio_server import RucioServer

pytestmark = pytest.mark.live("rucio")


@pytest.fixture
def case(rucio: RucioServer, daemons: Daemons, tmp_path: Path) -> Case:
    """On each database."""
    return Case(rucio, daemons, tmp_path)


def test_data_that_arrive_get_their_rules_and_are_copied_into_two_regions(case: Case):
    case.describe(Area("CH", "20 TB"), Area("SE", "10 TB"), Area("JP", "9 TB"), Area("ZA", "6 TB"))
    case.bootstrap()
    case.converge()
    assert case.plan().changes == ()
    client, scope = case.client, case.scope
    case.arrive(case.rse("CH"), scope, ["night-07"], files=3)
    case.arrive(case.rse("ZA"), scope, ["night-77", "calibration"], files=2)
    client.add_dataset(scope, "later-42")
    late = put_files(client, case.rse("JP"), scope, ["late.0", "late.1"])

    case.daemons.run("transmogrifier")

    expected = {
        "night-07": ("africa", "europe"),  # shares on a line: africa .4, asia-pacific .6, europe 1
        "night-77": ("asia-pacific", "europe"),
        "later-42": ("asia-pacific", "europe"),
        "calibration": ("asia-pacific", "europe"),  # follows the largest part
    }
    for name, regions in expected.items():
        rules = [(r["comments"], r["rse_expression"]) for r in case.rules(scope, name)]
        assert rules == [
            (case.tagged(f"fresh/{n}"), f"(srcnet_region={case.region(r)}&srcnet_tier=online)")
            for n, r in enumerate(regions)
        ]
    client.attach_dids(scope, "later-42", late)
    case.settle(scope, expected)

    areas = {case.rse("CH"): "eu", case.rse("SE"): "eu", case.rse("JP"): "as", case.rse("ZA"): "af"}
    for name in expected:
        files = [f["name"] for f in client.list_files(scope, name)]
        for rule in case.rules(scope, name):
            assert (rule["copies"], rule["locks_ok_cnt"]) == (1, len(files))
            assert (rule["activity"], rule["grouping"]) == ("User Subscriptions", "DATASET")
            assert rule["expires_at"] is None
        for file, rses in case.on_disk(scope, files, areas).items():
            assert len({areas[rse] for rse in rses}) >= 2, (file, rses)
    assert case.held(scope) == dict.fromkeys(expected, (2, 2))
    verdict = case.verify()
    assert verdict.is_converged
    assert verdict.waiting == ()


def test_what_came_in_may_go_only_when_every_file_has_its_valid_copies(case: Case):
    ingest = case.rse("AU", "INGEST")
    case.describe(Area("CH"), Area("JP"), Area("AU", use="INGEST"), ingest="AU")
    case.bootstrap()
    case.converge()
    assert case.assert_expressions_agree() == 3  # two regions and the pin
    client, scope, pin = case.client, case.scope, case.tagged("arrival/pin")
    names = ["first-00", "other", "half"]
    case.arrive(ingest, scope, names, files=2)
    client.add_dataset(scope, "open-31")
    client.attach_dids(scope, "open-31", put_files(client, ingest, scope, ["open.0"]))
    source = path_of(client, ingest, scope, "half.1")
    source.rename(source.with_suffix(".away"))  # its transfer cannot work
    case.daemons.run("transmogrifier")
    for name in (*names, "open-31"):
        (kept,) = [r for r in case.rules(scope, name) if r["comments"] == pin]
        here = f"(srcnet_site=AUSSRC-{case.tag.upper()}&srcnet_role=ingest)"
        assert (kept["state"], kept["rse_expression"]) == ("OK", here)

    plan = case.plan()
    assert [change.address.name for change in plan.changes] == [
        f"{scope}:{name} {pin}" for name in sorted(names)
    ]
    receipt = case.apply(plan)
    assert exit_code(receipt) == 6
    assert [result.status for result in receipt.results] == [Status.WAITING] * 3
    text = f"2 of 2 files of {scope}:other lack valid copies (2 online, apart by srcnet_region)"
    assert receipt.results[2].text == text
    assert [wait["text"] for wait in open_waits(case.store)] == [r.text for r in receipt.results]
    assert not released(case, scope, (*names, "open-31"))

    case.settle(scope, ["first-00", "other", "open-31"])
    receipt = case.apply(plan)  # the same plan goes on
    assert exit_code(receipt) == 6
    half = [result for result in receipt.results if result.status is Status.WAITING]
    assert [result.text for result in half] == [
        f"1 of 2 files of {scope}:half lack valid copies (2 online, apart by srcnet_region)"
    ]
    assert released(case, scope, (*names, "open-31")) == {"first-00", "other"}

    source.with_suffix(".away").rename(source)
    for rule in case.rules(scope, "half"):
        client.update_replication_rule(rule["id"], {"boost_rule": True})
    case.settle(scope, ["half"])
    assert kinds(case.plan()) == {"retire rule": 1}
    receipt = case.apply()
    assert exit_code(receipt) == 0, said(receipt)
    assert released(case, scope, (*names, "open-31")) == {"first-00", "other", "half"}
    assert case.plan().changes == ()
    assert open_waits(case.store) == ()

    for name in names:  # an hour passes
        (kept,) = [r for r in case.rules(scope, name) if r["comments"] == pin]
        client.update_replication_rule(kept["id"], {"lifetime": -1})
    case.daemons.run("cleaner", "abacus-rse", "greedy-reaper")
    files = ["first-00.0", "half.1", "open.0"]
    assert case.on_disk(scope, files, [ingest]) == {
        "first-00.0": set(),
        "half.1": set(),
        "open.0": {ingest},
    }
    assert case.held(scope) == dict.fromkeys((*names, "open-31"), (2, 2))
    assert case.plan().changes == ()


def released(case: Case, scope: str, names: tuple[str, ...]) -> set[str]:
    """The datasets of which some rule of ours was given an end."""
    return {n for n in names if any(r["expires_at"] is not None for r in case.rules(scope, n))}


def test_the_producers_lifetime_does_not_take_the_only_source_away(
    rucio_postgresql: RucioServer,
    daemons_of: Callable[[RucioServer], Daemons],
    tmp_path: Path,
):
    case = Case(rucio_postgresql, daemons_of(rucio_postgresql), tmp_path)
    ingest = case.rse("AU", "INGEST")
    case.describe(Area("CH"), Area("JP"), Area("AU", use="INGEST"), ingest="AU")
    case.bootstrap()
    case.converge()
    client, scope = case.client, case.scope
    client.set_local_account_limit("root", ingest, -1)
    files = put_files(client, ingest, scope, ["brief.0"])
    add_datasets(client, scope, {"brief-00": files})
    (mine,) = client.add_replication_rule([{"scope": scope, "name": "brief-00"}], 1, ingest)
    case.daemons.run("transmogrifier")
    client.update_replication_rule(mine, {"lifetime": -1})

    case.daemons.run("cleaner", "abacus-rse", "greedy-reaper")

    assert mine not in {rule["id"] for rule in client.list_did_rules(scope, "brief-00")}
    assert path_of(client, ingest, scope, "brief.0").exists()
    case.settle(scope, ["brief-00"])
    assert case.held(scope) == {"brief-00": (2, 2)}

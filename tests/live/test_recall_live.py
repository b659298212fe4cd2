"""Archived data are made accessible for a while: on a real Rucio, typed at the command line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_runner import Ran, srcnet
from life_cases import TAPE, grow_old, phase, policy, turns, whole, with_archive
from policy_cases import Area, Case
from rucio_daemons import Daemons

from srcnet_compiler.demo.rucio_server import RucioServer

pytestmark = pytest.mark.live("rucio")
KEEP = 14


class Archive:
    """A case whose data have grown old: on tape in two regions, and nowhere else."""

    def __init__(self, case: Case) -> None:
        self.case = case

    def describe(self, **recall: object) -> None:
        """The policy recalls to disks near who asks."""
        to = {"tier": "online", "near": "requester"}
        policy(self.case)["recall"] = {"to": to, "keep": f"{KEEP} d", **recall}
        self.case.compile()

    def recall(self, *args: str, code: int = 0) -> Ran:
        """Type it in the folder of the specs, as of today."""
        ran = srcnet("recall", *args, cwd=self.case.folder / "specs")
        assert ran.code == code, ran
        return ran

    def where(self, name: str) -> str:
        args = ("where", f"{self.case.scope}:{name}", "--live")
        ran = srcnet(*args, cwd=self.case.folder / "specs")
        assert ran.code == 0, ran
        return ran.out

    def recalls(self, name: str) -> list[dict[str, Any]]:
        found = self.case.rules(self.case.scope, name)
        return [rule for rule in found if "/recall/" in (rule["comments"] or "")]

    def others(self, name: str) -> list[dict[str, Any]]:
        """All rules on it that are no recalls, as far as we could change them."""
        keys = ("id", "account", "comments", "expires_at", "rse_expression", "locked", "activity")
        rules = self.case.client.list_did_rules(self.case.scope, name)
        found = [r for r in rules if "/recall/" not in (r["comments"] or "")]
        return sorted(({key: r[key] for key in keys} for r in found), key=lambda r: str(r["id"]))


@pytest.fixture
def archive(
    rucio_postgresql: RucioServer,
    daemons_of: Callable[[RucioServer], Daemons],
    tmp_path: Path,
) -> Archive:
    case = Case(rucio_postgresql, daemons_of(rucio_postgresql), tmp_path)
    case.describe(Area("CH"), Area("JP"), Area("ZA", "1 GB"))
    with_archive(case, "CH", "JP")
    policy(case)["phases"][1] = phase("archive", nearline=2)
    made = Archive(case)
    made.describe()
    case.bootstrap()
    case.converge()
    case.arrive(case.rse("CH"), case.scope, ["night-00", "night-01"], files=2)
    case.daemons.run("transmogrifier")
    case.settle(case.scope, ["night-00", "night-01"])
    grow_old(case, 400)
    list(turns(case))
    assert whole(case) == (2, 2)
    for name in ("night-00", "night-01"):
        assert {
            r["rse_expression"].partition("srcnet_tier=")[2] for r in case.rules(case.scope, name)
        } == {"nearline)"}
    return made


def test_archived_data_come_near_who_asks_and_stay_for_as_long_as_the_policy_says(archive: Archive):
    case = archive.case
    did = f"{case.scope}:night-00"
    disks = [case.rse(country) for country in ("CH", "JP", "ZA")]
    files = ["night-00.0", "night-00.1"]
    assert not set().union(*case.on_disk(case.scope, files, disks).values())
    case.client.set_local_account_limit("root", case.rse("CH", TAPE), 10**9)
    case.client.add_replication_rule(
        [{"scope": case.scope, "name": "night-00"}], 1, case.rse("CH", TAPE)
    )
    before = archive.others("night-00")
    assert {rule["account"] for rule in before} == {"root", case.owner}

    ran = archive.recall(did, "--near", "ZA", "--reason", "the workshop", "--yes")

    site = f"ZASRC-{case.tag.upper()}"
    assert f"{did}: is to be at {site} on online, until " in ran.out
    assert "because it is asked for: the workshop" in ran.out
    (rule,) = archive.recalls("night-00")
    assert rule["comments"] == case.tagged(f"recall/{site}")
    assert rule["rse_expression"] == f"(srcnet_tier=online&srcnet_site={site})"
    left = rule["expires_at"] - case.client.get_replication_rule(rule["id"])["created_at"]
    assert timedelta(days=KEEP) < left <= timedelta(days=KEEP + 1)
    assert "on its way already, 0 of 2 files" in archive.recall(did, "--near", "ZA").out
    case.settle(case.scope, ["night-00"])
    there = case.on_disk(case.scope, files, disks)
    assert there == {file: {case.rse("ZA")} for file in files}
    assert case.plan().changes == ()
    assert case.verify().is_converged
    assert f"recalled until {rule['expires_at']:%Y-%m-%d %H:%M}" in archive.where("night-00")

    again = archive.recall(did, "--near", "CH", "--yes")
    assert f"recalled already, at {site} until " in again.out
    case.client.update_replication_rule(rule["id"], {"lifetime": 86_400})  # days have passed
    longer = archive.recall(did, "--near", "CH", "--yes")

    assert f"{did}: stays at {site} on online, until " in longer.out
    (later,) = archive.recalls("night-00")
    assert later["id"] == rule["id"]
    assert abs(later["expires_at"] - rule["expires_at"]) < timedelta(minutes=5)
    assert archive.others("night-00") == before
    assert case.plan().changes == ()

    case.client.update_replication_rule(rule["id"], {"lifetime": -1})  # its end has come
    case.daemons.run("cleaner", "abacus-rse", "greedy-reaper")
    assert not set().union(*case.on_disk(case.scope, files, disks).values())
    assert archive.others("night-00") == before
    assert case.plan().changes == ()

"""Archived data are made accessible for a while: on a real Rucio, typed at the command line."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_runner import Ran, srcnet
from life_cases import TAPE, grow_old, phase, policy, turns, whole, with_archive
from policy_cases import Area, Case
from rucio_daemons import Daemons

from srcnet_compiler.apply.ledger import BEGIN, RUN, Ledger
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.demo.rucio_server import RucioServer

pytestmark = pytest.mark.live("rucio")
KEEP = 14
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "recall.md"


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
    case = Case(rucio_postgresql, daemons_of(rucio_postgresql), tmp_path, tag="odp")
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
    """And all that is printed stands on the page of this."""
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

    why = ("--reason", "the workshop in Cape Town")
    told = [archive.recall(did, "--near", "ZA", *why, "--yes").out]

    site = f"ZASRC-{case.tag.upper()}"
    (rule,) = archive.recalls("night-00")
    assert rule["comments"] == case.tagged(f"recall/{site}")
    assert rule["rse_expression"] == f"(srcnet_tier=online&srcnet_site={site})"
    left = rule["expires_at"] - case.client.get_replication_rule(rule["id"])["created_at"]
    assert timedelta(days=KEEP) < left <= timedelta(days=KEEP + 1)
    told.append(archive.recall(did, "--near", "ZA").out)
    case.settle(case.scope, ["night-00"])
    there = case.on_disk(case.scope, files, disks)
    assert there == {file: {case.rse("ZA")} for file in files}
    assert case.plan().changes == ()
    assert case.verify().is_converged
    recalled = [line for line in archive.where("night-00").splitlines() if "recalled" in line]
    assert len(recalled) == 2  # the copy, and the rule
    told += recalled

    told.append(archive.recall(did, "--near", "CH", "--yes").out)
    case.client.update_replication_rule(rule["id"], {"lifetime": 86_400})  # days have passed
    told.append(archive.recall(did, "--near", "CH", "--yes").out)

    (later,) = archive.recalls("night-00")
    assert later["id"] == rule["id"]
    assert abs(later["expires_at"] - rule["expires_at"]) < timedelta(minutes=5)
    assert archive.others("night-00") == before
    assert archive.recalls("night-01") == []
    assert case.plan().changes == ()

    case.client.update_replication_rule(rule["id"], {"lifetime": -1})  # its end has come
    case.daemons.run("cleaner", "abacus-rse", "greedy-reaper")
    assert not set().union(*case.on_disk(case.scope, files, disks).values())
    assert archive.others("night-00") == before
    assert case.plan().changes == ()

    page = PAGE.read_text("utf-8")
    missing = [text for each in told if (text := without_days(each)) not in page]
    assert not missing, "\n\n".join(missing)
    agreed(archive)


def agreed(archive: Archive) -> None:
    """More than may be recalled unasked: refused, until somebody who is trusted has signed it."""
    case, did = archive.case, f"{archive.case.scope}:night-01"
    specs = case.folder / "specs"
    archive.describe(approvalAbove="0 TB")
    refused = archive.recall(did, "--near", "ZA", "--yes", code=3)
    assert "above 0 B somebody must agree" in refused.err
    assert "srcnet sign PLAN" in refused.err
    archive.recall(did, "--near", "ZA", "--out", "recall.json", code=3)
    assert srcnet("apply", "recall.json", cwd=specs).code == 3
    assert archive.recalls("night-01") == []
    key = srcnet("sign", "--new-key", case.folder / "key.pem", cwd=specs).out.strip()
    (specs / "srcnet.toml").write_text(f'[signatures]\ntrusted = ["{key}"]\n', "utf-8")
    signed = srcnet("sign", "recall.json", "--key", f"file:{case.folder / 'key.pem'}", cwd=specs)
    assert signed.code == 0, signed
    for _ in range(2):  # again, it is so already
        done = srcnet("apply", "recall.json", cwd=specs)
        assert done.code == 0, done
    assert len(archive.recalls("night-01")) == 1
    assert case.plan().changes == ()
    with Ledger(StateStore(specs / ".srcnet/state").ledger_path) as ledger:
        begun = [line.facts for line in ledger.lines() if line.status in (BEGIN, RUN)]
    assert len(begun) == 4
    for facts in begun:  # the rules of who may what are those of the specs that were applied last
        assert isinstance(facts, dict)
        assert "specs" not in facts
        assert facts["commit"] is None


def without_days(text: str) -> str:
    """What differs from one day to the next is left out on the page."""
    days = r"20[0-9]{2}-[0-9]{2}-[0-9]{2}([ T][0-9:]+)?"
    return re.sub(days, "…", "\n".join(line.rstrip() for line in text.splitlines())).strip()

"""`srcnet diff --live` beside a real cluster: what somebody did there is not the change's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cli_runner import srcnet
from console import PROJECT
from pages import committed, read
from specs import TODAY

from srcnet_compiler.demo import shared_cluster
from srcnet_compiler.demo.slurm_commands import ask

pytestmark = [pytest.mark.live("slurm"), pytest.mark.live("sshd")]

SITE = "CHSRC-CSCS"


def test_what_somebody_did_by_hand_stands_apart_from_the_change(tmp_path: Path):
    specs = tmp_path / "specs"
    for each in ("site-specs", "policies", "schemas"):
        shutil.copytree(PROJECT / each, specs / each)
    with shared_cluster.running(tmp_path / "cluster", lambda line: None) as shared:
        shared_cluster.describe(specs, shared)
        (specs / ".gitignore").write_text(".srcnet/\nbuild/\n")
        committed(specs)
        environment = {"ALPS_SSH_KEY": shared.server.key.read_text("ascii")}

        def run(*words: str) -> str:
            ran = srcnet(*words, "--today", str(TODAY), cwd=specs, env=environment)
            assert ran.code == 0, ran
            return ran.out

        def qos() -> set[str]:
            names = ask(shared.cluster, "sacctmgr", "-nP", "show", "qos", "format=name")
            return set(names.splitlines())

        theirs = qos()
        run("apply", "--site", SITE, "--yes")
        compared = ("diff", "HEAD", "--site", SITE, "--live")
        assert "there is no drift" in run(*compared)

        ours = min(qos() - theirs)
        ask(shared.cluster, "sacctmgr", "-i", "modify", "qos", ours, "set", "Priority=7")
        site = specs / shared_cluster.SPEC
        text = site.read_text("utf-8")
        site.write_text(text.replace("capacity: 390 TB", "capacity: 400 TB", 1), "utf-8")
        assert site.read_text("utf-8") != text
        change, _, drift = run(*compared).partition("Drift that was there before")
        assert f"update qos {ours}" in drift
        assert f"qos {ours}" not in change
        assert "390 TB → 400 TB" in change
        (found,) = json.loads(run(*compared, "--format", "json"))["drift"]
        assert [each["address"]["name"] for each in found["changes"]] == [ours]
        page = read(run(*compared, "--format", "html"))
        assert "Drift that was there before" in [each.text for each in page.all("h3")]
        assert any(f"update qos {ours}" in each.text for each in page.all("pre"))
        assert f"update qos {ours}" in run(*compared, "--format", "markdown")

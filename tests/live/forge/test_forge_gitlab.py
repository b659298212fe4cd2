"""GitLab's jobs, compiled from the same specs and run as they stand, against a real Rucio."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cli_operator import Operator, bootstrap, operator
from cli_runner import TODAY, edit
from forge_github import Job, World
from forge_gitlab import Cause, run
from forge_repository import Proposal, git, publish
from forge_server import Forge, serving
from rucio_data import connect

from srcnet_compiler.demo import rucio_server, rucio_venv
from srcnet_compiler.demo.rucio_server import RucioServer

pytestmark = pytest.mark.live("rucio")

FEDERATION, HOME = "policies/federation.yaml", "site-specs/chsrc-cscs.yaml"
COMMANDS = ("plan", "apply", "verify", "validate", "compile", "diff", "approvals", "pipelines")
RIGHTS = {"pull-requests": "write", "issues": "write"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RucioServer]:
    venv = rucio_venv.find_server_venv(Path(__file__).parents[3] / ".srcnet" / "rucio-server")
    assert venv is not None
    with rucio_server.running(
        tmp_path_factory.mktemp("gitlab") / "rucio", database="sqlite", venv=venv
    ) as server:
        yield server


@pytest.fixture(scope="module")
def forge() -> Iterator[Forge]:
    with serving("gitlab") as forge:
        yield forge


@pytest.fixture(scope="module")
def world(server: RucioServer, forge: Forge, tmp_path_factory: pytest.TempPathFactory) -> World:
    someone: Operator = operator(tmp_path_factory.mktemp("gitlab-specs"), server.url)
    bootstrap(someone, server)
    folder = tmp_path_factory.mktemp("gitlab-world")
    specs = someone.specs
    edit(specs / FEDERATION, "forges: [github, gitlab]", "forges: [gitlab]")
    edit(specs / FEDERATION, "    signingKey: SRCNET_SIGNING_KEY\n", "")
    edit(specs / FEDERATION, "state: git:origin#refs/srcnet/state", f"state: {folder / 'state'}")
    edit(specs / FEDERATION, "{from: drains-jobs, reviewers", "{from: additive, reviewers")
    days = "".join(f"[{name}]\ntoday = {TODAY}\n" for name in COMMANDS)
    (specs / "srcnet.toml").write_text(days)
    (specs / ".gitignore").write_text("build/\n.srcnet/\n")
    someone("pipelines")
    repository = publish(specs, folder, forge)
    names = ("SRCNET_FORGE_TOKEN", "SRCNET_PROPOSAL_TOKEN")
    secrets = {"": {name: forge.token(RIGHTS) for name in names}}
    return World(repository, folder / "runs", secrets)


def proposed(world: World, change: Proposal) -> Cause:
    variables = {
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_MERGE_REQUEST_IID": str(change.number),
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": change.base,
    }
    return Cause(change.head, variables)


def pushed(commit: str) -> Cause:
    return Cause(commit, {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"})


def results(jobs: dict[str, Job]) -> dict[str, str]:
    return {name.removeprefix("srcnet-"): job.result for name, job in jobs.items()}


def said(jobs: dict[str, Job]) -> str:
    return "".join(map(str, jobs.values()))


def test_a_good_change_is_shown_in_one_note_and_a_broken_one_too(world: World, forge: Forge):
    change = world.repository.propose("more", FEDERATION, "movedData: 10 PB", "movedData: 11 PB")
    for _ in range(2):
        jobs = {k: v for k, v in run(world, proposed(world, change)).items() if "links" not in k}
        assert results(jobs) == {"check": "success", "report": "success"}, said(jobs)
    (note,) = forge.comments
    assert (note["of"], note["written"]) == (change.number, 2)
    assert "10 PB → 11 PB" in note["body"]

    broken = world.repository.propose("broken", HOME, "capacity: 390.5 TB", "capacity: 390.5")
    jobs = {k: v for k, v in run(world, proposed(world, broken)).items() if "links" not in k}
    assert results(jobs) == {"check": "failure", "report": "success"}
    assert f"{HOME}:26" in forge.comments[-1]["body"]


def test_what_was_approved_is_applied_and_proven_also_where_a_runner_was_lost(
    world: World, forge: Forge, server: RucioServer
):
    change = world.repository.propose("unseen", HOME, "capacity: 390.5 TB", "capacity: 390.6 TB")
    jobs = run(world, pushed(world.repository.merge(change)))
    assert jobs["srcnet-plan-federation"].result == "failure"
    assert jobs["srcnet-apply-federation"].result == "skipped"
    assert "operators: 1 of @olga, @omar: 1 missing" in said(jobs)
    assert list(connect(server).list_rses()) == []

    change = world.repository.propose("seen", HOME, "capacity: 390.6 TB", "capacity: 390.7 TB")
    forge.approve(change.number, "olga", change.head)
    forge.approve(change.number, "carlo", change.head)
    forge.teams["@golden/chsrc"] = {"carlo"}
    merged = world.repository.merge(change)

    ledger = world.folder.parent / "state-federation/ledger.sqlite"
    lost = run(replace(world, killed=lambda: carried_out(ledger) >= 20), pushed(merged))
    assert lost["srcnet-plan-federation"].result == "success", said(lost)
    assert lost["srcnet-apply-federation"].result == "failure"
    there = carried_out(ledger)

    jobs = run(world, pushed(merged))
    assert jobs["srcnet-apply-federation"].result == "success", said(jobs)
    assert 20 <= there < carried_out(ledger)
    assert jobs["srcnet-apply-federation"].concurrency == "srcnet-apply-federation"
    assert said(jobs).count(" objects, 0 differences\n") == 2
    limits = connect(server).get_rse_limits("CHSRC-CSCS-T0")
    assert int(limits["MaxSpaceAvailable"]) == 390_700_000_000_000


def carried_out(ledger: Path) -> int:
    """How many changes a ledger knows to be done, nothing where it is just being made."""
    try:
        with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
            (count,) = db.execute("SELECT count(*) FROM entry WHERE status = 'done'").fetchone()
    except sqlite3.OperationalError:
        return 0
    return int(count)


def test_drift_is_told_by_one_issue(world: World, forge: Forge, server: RucioServer):
    connect(server).set_rse_limits("CHSRC-CSCS-T0", "MaxSpaceAvailable", 1_000_000_000_000)
    scheduled = Cause(
        git(world.repository.bare, "rev-parse", "main"),
        {"CI_PIPELINE_SOURCE": "schedule", "SRCNET_RUN": "drift"},
    )
    for _ in range(2):
        assert results(run(world, scheduled)) == {"drift-federation": "failure"}
    assert forge.open_issues() == ["Drift of federation"]
    assert "CHSRC-CSCS-T0" in forge.issues[-1]["description"]

"""GitHub's workflows, compiled from the specs and run as they stand, against a real Rucio.

The stories go on where the one before has stopped, as work on one repository does.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_operator import Operator, bootstrap, operator
from cli_runner import TODAY, edit
from forge_github import Job, World, pull_request, push, run, schedule
from forge_repository import git, publish
from forge_server import Forge, serving
from rucio_data import connect

from srcnet_compiler.demo import rucio_server, rucio_venv
from srcnet_compiler.demo.rucio_server import RucioServer

pytestmark = pytest.mark.live("rucio")

FEDERATION, HOME = "policies/federation.yaml", "site-specs/chsrc-cscs.yaml"
COMMANDS = ("plan", "apply", "verify", "validate", "compile", "diff", "approvals", "pipelines")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RucioServer]:
    venv = rucio_venv.find_server_venv(Path(__file__).parents[3] / ".srcnet" / "rucio-server")
    assert venv is not None
    with rucio_server.running(
        tmp_path_factory.mktemp("forge") / "rucio", database="sqlite", venv=venv
    ) as server:
        yield server


@pytest.fixture(scope="module")
def forge() -> Iterator[Forge]:
    with serving("github") as forge:
        yield forge


@pytest.fixture(scope="module")
def someone(server: RucioServer, tmp_path_factory: pytest.TempPathFactory) -> Operator:
    someone = operator(tmp_path_factory.mktemp("forge-specs"), server.url)
    bootstrap(someone, server)
    return someone


@pytest.fixture(scope="module")
def world(
    someone: Operator, forge: Forge, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A repository whose specs have pipelines. The state is in a ref of it, and nothing is applied
    that is not signed."""
    folder = tmp_path_factory.mktemp("forge-world")
    specs = someone.specs
    edit(specs / FEDERATION, "{from: drains-jobs, reviewers", "{from: additive, reviewers")
    days = "".join(f"[{name}]\ntoday = {TODAY}\n" for name in COMMANDS)
    key = folder / "key.pem"
    public = someone("sign", "--new-key", key).out.strip()
    trusted = f'[signatures]\nrequired = true\ntrusted = ["{public}"]\n'
    (specs / "srcnet.toml").write_text(days + trusted)
    (specs / ".gitignore").write_text("build/\n.srcnet/\n")
    someone("pipelines")
    repository = publish(specs, folder, forge)
    forge.teams["@golden/architecture-group"] = {"anna", "bert"}
    secrets = {
        "": {"SRCNET_TEAMS_TOKEN": forge.token({})},
        "golden-federation": {"SRCNET_SIGNING_KEY": key.read_text()},
    }
    return World(repository, folder / "runs", secrets)


def results(jobs: dict[str, Job]) -> dict[str, str]:
    return {name: job.result for name, job in jobs.items()}


def test_a_good_change_is_shown_in_one_comment(world: World, forge: Forge):
    change = world.repository.propose("more", FEDERATION, "movedData: 10 PB", "movedData: 11 PB")
    for _ in range(2):
        jobs = run(world, "pull-request", pull_request(world.repository, change.number))
        assert results(jobs) == {"check": "success", "report": "success"}, jobs["check"]
    (comment,) = forge.comments
    print(comment["body"])
    assert comment["body"].startswith("<!-- srcnet:diff -->")
    assert comment["written"] == 2
    assert "limits" in comment["body"]
    assert comment["body"].strip().endswith(jobs["check"].summary.strip()[-40:])
    assert forge.findings[-1]["sarif"]["runs"][0]["results"] == []
    assert forge.refused == []


def test_a_broken_spec_is_stopped_and_shown_at_its_line(world: World, forge: Forge):
    change = world.repository.propose("broken", HOME, "capacity: 390.5 TB", "capacity: 390.5")
    jobs = run(world, "pull-request", pull_request(world.repository, change.number))
    assert results(jobs) == {"check": "failure", "report": "success"}
    outcomes = {step.name: step.outcome for step in jobs["check"].steps}
    assert (outcomes["Validate"], outcomes["Compile"]) == ("failure", "skipped")
    beside = jobs["check"].step("Say it beside the lines").output
    assert f"::error file={HOME},line=26," in beside
    (found,) = forge.findings[-1]["sarif"]["runs"][0]["results"]
    assert found["ruleId"] == "wrong-shape"
    assert forge.findings[-1]["commit_sha"] == change.head
    comment = forge.comments[-1]["body"]
    assert comment.startswith("<!-- srcnet:diff -->")
    assert f"{HOME}:26" in comment


def test_a_pipeline_that_was_forgotten_stops_a_proposal(world: World):
    """Else what runs would not be what the specs say."""
    change = world.repository.propose("later", FEDERATION, "17 4 * * *", "18 4 * * *")
    jobs = run(world, "pull-request", pull_request(world.repository, change.number))
    said = jobs["check"].step("Compile").output
    assert "changed:  .github/workflows/srcnet-drift.yml" in said
    assert "`srcnet pipelines` writes them; commit them with the specs" in said
    assert jobs["check"].result == "failure"


def test_what_nobody_approved_is_not_applied(world: World, server: RucioServer):
    change = world.repository.propose("unseen", FEDERATION, "movedData: 10 PB", "movedData: 12 PB")
    merged = world.repository.merge(change)
    jobs = run(world, "merge", push(merged))
    assert results(jobs) == {"plan-federation": "failure", "apply-federation": "skipped"}
    said = jobs["plan-federation"].step("Who agreed").output
    assert "nobody has approved what was merged" in said
    assert "operators: 1 of @olga, @omar: 1 missing" in said
    assert said.endswith("exit code 3\n")
    assert list(connect(server).list_rses()) == []


def test_an_approval_of_what_stood_there_before_counts_for_nothing(world: World, forge: Forge):
    change = world.repository.propose("swapped", HOME, "capacity: 390.5 TB", "capacity: 390.6 TB")
    forge.approve(change.number, "olga", change.base)
    jobs = run(world, "merge", push(world.repository.merge(change)))
    assert results(jobs)["apply-federation"] == "skipped"


def test_a_site_is_asked_about_what_is_its_own(world: World, forge: Forge):
    change = world.repository.propose("asked", HOME, "wan: 100 Gbit/s", "wan: 200 Gbit/s")
    forge.approve(change.number, "olga", change.head)
    jobs = run(world, "merge", push(world.repository.merge(change)))
    said = jobs["plan-federation"].step("Who agreed").output
    assert "operators: 1 of @olga, @omar: agreed" in said
    assert "CHSRC-CSCS: 1 of @golden/chsrc, @chiara: 1 missing" in said
    assert results(jobs)["apply-federation"] == "skipped"


def test_what_was_approved_is_signed_applied_and_proven(
    world: World, forge: Forge, server: RucioServer
):
    change = world.repository.propose("seen", HOME, "capacity: 390.6 TB", "capacity: 390.7 TB")
    forge.approve(change.number, "olga", change.head)
    forge.approve(change.number, "carlo", change.head)
    forge.teams["@golden/chsrc"] = {"carlo"}
    jobs = run(world, "merge", push(world.repository.merge(change)))
    assert results(jobs) == {"plan-federation": "success", "apply-federation": "success"}, "".join(
        map(str, jobs.values())
    )
    assert "@golden/chsrc, @chiara: agreed" in jobs["plan-federation"].step("Who agreed").output
    assert (
        jobs["apply-federation"]
        .step("Prove it")
        .output.endswith(" objects, 0 differences\nexit code 0\n")
    )
    assert jobs["apply-federation"].concurrency == "srcnet-apply-federation"
    assert limit(server) == 390_700_000_000_000
    refs = git(world.repository.bare, "for-each-ref", "--format=%(refname)", "refs/srcnet")
    assert refs == "refs/srcnet/state-federation"


def test_drift_that_a_group_must_agree_to_is_told_by_one_issue(
    world: World, forge: Forge, server: RucioServer
):
    meddle(server)
    for _ in range(2):
        jobs = run(world, "drift", schedule(world.repository))
        assert results(jobs) == {"federation": "failure"}
    assert forge.open_issues() == ["Drift of federation"]
    assert "CHSRC-CSCS-T0" in forge.issues[-1]["body"]
    assert limit(server) == 1_000_000_000_000


def test_drift_that_nobody_must_agree_to_is_healed_and_the_issue_closed(
    world: World, forge: Forge, server: RucioServer
):
    before, after = "{from: additive, reviewers", "{from: drains-jobs, reviewers"
    change = world.repository.propose("milder", FEDERATION, before, after)
    merged = world.repository.merge(change)
    jobs = run(world, "drift", schedule(world.repository))  # nobody has agreed to what was merged
    assert results(jobs) == {"federation": "failure"}, jobs["federation"]
    forge.approve(change.number, "carlo", change.head)
    assert set(results(run(world, "merge", push(merged))).values()) == {"success"}
    meddle(server)
    jobs = run(world, "drift", schedule(world.repository))
    assert results(jobs) == {"federation": "success"}, jobs["federation"]
    assert limit(server) == 390_700_000_000_000
    run(world, "drift", schedule(world.repository))
    assert forge.open_issues() == []


def limit(server: RucioServer) -> int:
    return int(connect(server).get_rse_limits("CHSRC-CSCS-T0")["MaxSpaceAvailable"])


def meddle(server: RucioServer) -> None:
    """Somebody changes the server by hand."""
    connect(server).set_rse_limits("CHSRC-CSCS-T0", "MaxSpaceAvailable", 1_000_000_000_000)

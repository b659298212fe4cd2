"""GitHub's workflows, compiled from the specs and run as they stand, against a real Rucio.

The stories go on where the one before has stopped, as work on one repository does; the page
`docs/explanation/forge-stories.md` shows what they print.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cli_operator import Operator, bootstrap, operator, wait_until
from cli_runner import edit
from console import PROJECT
from forge_github import STAND_INS, Event, Job, World, again, pull_request, push, run, schedule
from forge_page import never_happened, shows
from forge_repository import git
from forge_rucio import copies, limit, meddle, rses
from forge_server import Forge, serving
from forge_world import FEDERATION, HOME, results, said, transcript, went_well, world_of
from rucio_data import connect

from srcnet_compiler.demo import rucio_server, rucio_venv
from srcnet_compiler.demo.rucio_server import RucioServer

pytestmark = pytest.mark.live("rucio")

STATE = "refs/srcnet/state-federation"
ELSEWHERE = "site-specs/europe.yaml"
OTHERS = "policies/data/others.yaml"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RucioServer]:
    venv = rucio_venv.find_server_venv(PROJECT / ".srcnet" / "rucio-server")
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
def world(someone: Operator, forge: Forge, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A repository whose specs have pipelines; people are asked early, and at a second site too."""
    specs = someone.specs
    edit(specs / FEDERATION, "{from: drains-jobs, reviewers", "{from: additive, reviewers")
    asked = '  src: UKSRC\n  pipelines: {reviewers: ["@jill"]}\n'
    edit(specs / ELSEWHERE, "  src: UKSRC\n", asked)
    forge.teams["@golden/architecture-group"] = {"anna", "bert"}
    forge.teams["@golden/chsrc"] = {"carlo"}
    folder = tmp_path_factory.mktemp("forge-world")
    return world_of(someone, folder, forge, {"golden-federation": {}})


def test_a_good_change_is_shown_in_one_comment(world: World, forge: Forge):
    change = world.repository.propose("more", FEDERATION, "movedData: 10 PB", "movedData: 11 PB")
    for _ in range(2):
        jobs = run(world, "pull-request", pull_request(world.repository, change.number))
        assert results(jobs) == {"check": "success", "report": "success"}, jobs["check"]
    (comment,) = forge.comments
    shows("github: the comment on a good change", comment["body"])
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
    shows("github: a broken spec, said beside its line", beside)
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
    printed = jobs["check"].step("Compile").output
    assert "changed:  .github/workflows/srcnet-drift.yml" in printed
    assert "`srcnet pipelines` writes them; commit them with the specs" in printed
    shows("github: a pipeline that was forgotten", printed)
    assert jobs["check"].result == "failure"


def test_what_nobody_approved_is_not_applied(world: World, server: RucioServer):
    change = world.repository.propose("unseen", FEDERATION, "movedData: 10 PB", "movedData: 12 PB")
    merged = world.repository.merge(change)
    jobs = run(world, "merge", push(merged))
    assert results(jobs) == {"plan-federation": "failure", "apply-federation": "skipped"}
    printed = jobs["plan-federation"].step("Who agreed").output
    assert "nobody has approved what was merged" in printed
    assert "operators: 1 of @olga, @omar: 1 missing" in printed
    assert printed.endswith("exit code 3\n")
    shows("github: nobody agreed", printed)
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
    printed = jobs["plan-federation"].step("Who agreed").output
    assert "operators: 1 of @olga, @omar: agreed" in printed
    assert "CHSRC-CSCS: 1 of @golden/chsrc, @chiara: 1 missing" in printed
    assert results(jobs)["apply-federation"] == "skipped"
    shows("github: a site is asked", printed)


def test_where_the_runner_is_killed_another_one_finishes_and_proves_it(
    world: World, forge: Forge, server: RucioServer, someone: Operator
):
    change = world.repository.propose("seen", HOME, "capacity: 390.6 TB", "capacity: 390.7 TB")
    approve(forge, change.number, change.head, "olga", "carlo", "jill")
    merged = push(world.repository.merge(change))

    lost = run(replace(world, killed=lambda: len(rses(server)) >= 4), "merge", merged)
    assert results(lost) == {"plan-federation": "success", "apply-federation": "failure"}, said(
        lost
    )
    assert "@golden/chsrc, @chiara: agreed" in lost["plan-federation"].step("Who agreed").output
    shows("github: planned, agreed to and signed", transcript(lost["plan-federation"]))
    there = rses(server)

    early = run(world, "merge", merged)
    assert results(early) == {"plan-federation": "success", "apply-federation": "failure"}
    locked = early["apply-federation"].step("Apply").output
    assert "the state is locked by srcnet apply" in locked
    assert locked.endswith("exit code 5\n")
    shows("github: too early for another runner", locked)

    a_quarter_of_an_hour_passes(world)
    status = someone("status", "--state", f"git:{world.repository.bare}#{STATE}").out
    assert "in doubt" in status
    shows("github: what the killed one has left", status)
    jobs = went_well(world, "merge", merged)
    shows("github: another runner finishes it", transcript(jobs["apply-federation"]))
    proof = jobs["apply-federation"].step("Prove it").output
    assert proof.endswith(" objects, 0 differences\nexit code 0\n")
    assert jobs["apply-federation"].concurrency == "srcnet-apply-federation"
    assert limit(server) == 390_700_000_000_000
    refs = git(world.repository.bare, "for-each-ref", "--format=%(refname)", "refs/srcnet")
    assert refs == STATE
    assert len(there) < len(rses(server))
    after = someone("status", "--state", f"git:{world.repository.bare}#{STATE}").out
    assert "in doubt" not in after


def test_of_two_merges_in_a_row_the_second_plans_when_the_first_is_applied(
    world: World, forge: Forge, server: RucioServer
):
    merges = []
    for branch, before, after in (("disks", "390.7 TB", "390.8 TB"), ("more", "390.8", "390.9")):
        change = world.repository.propose(branch, HOME, before, after)
        approve(forge, change.number, change.head, "olga", "carlo")
        merges.append(push(world.repository.merge(change)))
    first, second = merges
    world.turns.log.clear()

    with ThreadPoolExecutor() as runners:

        def begin(event: Event) -> Future[dict[str, Job]]:
            running = runners.submit(run, world, "merge", event)
            wait_until(lambda: f"merge of {event.sha} comes" in world.turns.log)
            return running

        runs = [each.result() for each in [begin(first), begin(second)]]
    for jobs in runs:
        assert set(results(jobs).values()) == {"success"}, said(jobs)
    told = [line for line in world.turns.log if not line.endswith(" comes")]
    log = "\n".join(told).replace(first.sha, "the first").replace(second.sha, "the second")
    shows("github: two merges in a row", log)
    assert told.index(f"merge of {first.sha} ends") < told.index(f"merge of {second.sha} begins")
    plan = runs[1]["plan-federation"].step("Plan").output
    shows("github: what the second plans", plan)
    assert "390800 GB → 390900 GB" in plan
    assert limit(server) == 390_900_000_000_000

    stale = again(world, "merge", first, runs[0]["apply-federation"])
    assert limit(server) == 390_900_000_000_000
    assert stale.result == "failure"
    shows("github: the first is done again", stale.step("Apply").output)
    assert stale.step("Apply").output.endswith("exit code 5\n")


def test_what_lowers_copies_the_architecture_group_must_agree_to(
    world: World, forge: Forge, server: RucioServer
):
    fewer = "copies: [{count: 1, tier: fast}]"
    change = world.repository.propose("fewer", OTHERS, "copies: [{count: 2, tier: fast}]", fewer)
    went_well(world, "pull-request", pull_request(world.repository, change.number))
    comment = forge.comments[-1]["body"]
    assert "impact: lowers-copies" in comment
    shows("github: the comment on fewer copies", comment)
    assert set(world.repository.asked(change).values()) == {
        "@golden/architecture-group @olga @omar"
    }

    approve(forge, change.number, change.head, "olga")
    merged = push(world.repository.merge(change))
    jobs = run(world, "merge", merged)
    assert results(jobs) == {"plan-federation": "failure", "apply-federation": "skipped"}
    refused = jobs["plan-federation"].step("Who agreed").output
    assert "architecture-group: 2 of @golden/architecture-group: 2 missing" in refused
    assert refused.endswith("exit code 3\n")
    shows("github: fewer copies, and who has not agreed", refused)
    assert copies(server) == 2

    approve(forge, change.number, change.head, "anna", "bert")
    jobs = went_well(world, "merge", merged)
    shows("github: fewer copies, agreed to", jobs["plan-federation"].step("Who agreed").output)
    assert copies(server) == 1


def test_who_changes_another_site_needs_one_of_that_site(
    world: World, forge: Forge, server: RucioServer
):
    """Jill looks after UKSRC-JBO. She can agree to what is her site's, and not to the other's."""
    theirs = (HOME, "capacity: 390.9 TB", "capacity: 350 TB")
    change = world.repository.propose(
        "ours", ELSEWHERE, "capacity: 700 TB", "capacity: 710 TB", theirs
    )
    asked = world.repository.asked(change)
    assert asked == {HOME: "@golden/chsrc @chiara", ELSEWHERE: "@jill"}
    shows("github: whom the forge asks", "\n".join(map(": ".join, sorted(asked.items()))))
    approve(forge, change.number, change.head, "olga", "jill")
    merged = push(world.repository.merge(change))
    jobs = run(world, "merge", merged)
    assert results(jobs) == {"plan-federation": "failure", "apply-federation": "skipped"}
    refused = jobs["plan-federation"].step("Who agreed").output
    assert "UKSRC-JBO: 1 of @jill: agreed" in refused
    assert "CHSRC-CSCS: 1 of @golden/chsrc, @chiara: 1 missing" in refused
    shows("github: another site is asked", refused)
    assert limit(server) == 390_900_000_000_000

    back = world.repository.propose("back", HOME, "capacity: 350 TB", "capacity: 390.9 TB")
    approve(forge, back.number, back.head, "olga", "jill")
    jobs = went_well(world, "merge", push(world.repository.merge(back)))
    assert "CHSRC" not in jobs["plan-federation"].step("Who agreed").output
    assert limit(server) == 390_900_000_000_000


def test_drift_that_a_group_must_agree_to_is_told_by_one_issue(
    world: World, forge: Forge, server: RucioServer
):
    meddle(server)
    for _ in range(2):
        jobs = run(world, "drift", schedule(world.repository))
        assert results(jobs) == {"federation": "failure"}
    assert forge.open_issues() == ["Drift of federation"]
    assert "CHSRC-CSCS-T0" in forge.issues[-1]["body"]
    shows("github: drift, as the issue tells it", forge.issues[-1]["body"])
    assert limit(server) == 1_000_000_000_000


def test_what_differs_besides_is_not_applied_with_what_was_reviewed(
    world: World, forge: Forge, server: RucioServer
):
    """Who agrees to other rules has not agreed to what somebody did by hand: the run of what was
    applied last puts that back, by those who are asked of that."""
    before, after = "{from: additive, reviewers", "{from: drains-jobs, reviewers"
    change = world.repository.propose("milder", FEDERATION, before, after)
    milder = push(world.repository.merge(change))
    jobs = run(world, "drift", schedule(world.repository))  # nobody has agreed to what was merged
    assert results(jobs) == {"federation": "failure"}, jobs["federation"]

    approve(forge, change.number, change.head, "carlo")
    jobs = run(world, "merge", milder)
    refused = jobs["plan-federation"].step("Who agreed").output
    assert "the plan does `reconfigure`, and what was reviewed does `cosmetic` at worst" in refused
    assert refused.endswith("exit code 3\n")
    assert results(jobs) == {"plan-federation": "failure", "apply-federation": "skipped"}
    shows("github: what differs besides", refused)
    assert limit(server) == 1_000_000_000_000

    last = forge.pulls[change.number - 2]
    applied = push(last["merge_commit_sha"])
    assert results(run(world, "merge", applied))["apply-federation"] == "skipped"
    approve(forge, last["number"], last["head"]["sha"], "carlo")
    jobs = went_well(world, "merge", applied)
    shows("github: it is put back", transcript(jobs["plan-federation"]))
    assert limit(server) == 390_900_000_000_000


def test_rules_are_changed_by_those_whom_the_old_ones_ask(world: World, forge: Forge):
    milder = forge.pulls[-1]
    merged = push(milder["merge_commit_sha"])
    jobs = run(world, "merge", merged)
    refused = jobs["plan-federation"].step("Who agreed").output
    assert "operators: 1 of @olga, @omar: 1 missing" in refused
    assert "what is asked of operators changes" in refused
    assert refused.endswith("exit code 3\n")
    shows("github: other rules, and who has not agreed", refused)

    approve(forge, milder["number"], milder["head"]["sha"], "olga")
    jobs = went_well(world, "merge", merged)
    shows("github: other rules, agreed to", jobs["plan-federation"].step("Who agreed").output)


def test_drift_that_nobody_must_agree_to_is_healed_and_the_issue_closed(
    world: World, forge: Forge, server: RucioServer
):
    meddle(server)
    jobs = run(world, "drift", schedule(world.repository))
    assert results(jobs) == {"federation": "success"}, jobs["federation"]
    shows("github: drift that is healed", jobs["federation"].step("Look, and heal or tell").output)
    assert limit(server) == 390_900_000_000_000
    run(world, "drift", schedule(world.repository))
    assert forge.open_issues() == []


def test_what_takes_the_forge_itself_has_a_stand_in_and_is_told_as_not_run(world: World):
    used = {
        line.split("uses: ")[1].split("@")[0]
        for folder in (PROJECT / "tests/golden/cicd/github", PROJECT)
        for path in (folder / ".github/workflows").glob("*.yml")
        for line in path.read_text("utf-8").splitlines()
        if "uses: " in line
    }
    assert used - STAND_INS.keys() == NEVER.keys()
    jobs = went_well(world, "merge", schedule(world.repository))
    told = Counter(line for job in jobs.values() for line in job.not_run())
    assert {line.removeprefix("a stand-in for ") for line in told} == STAND_INS.keys()
    shows("github: what was not run", "\n".join(sorted(told)))


NEVER = {"actions/setup-go": "only `checks` that ask for Go have it, and none is run here"}
"""Actions that workflows of ours may use, and that no story needs."""


def test_the_page_shows_nothing_that_did_not_happen():
    assert never_happened("github") == set()


# ── what people do ────────────────────────────────────────────────────────────────────────────


def approve(forge: Forge, number: int, head: str, *people: str) -> None:
    for name in people:
        forge.approve(number, name, head)


def a_quarter_of_an_hour_passes(world: World) -> None:
    """For the lock of one who is gone: it ends so much earlier, and nobody has to wait."""
    place: Path = world.repository.clone.with_name("lock")
    git(world.repository.bare, "clone", "--quiet", "--no-checkout", ".", str(place))
    git(place, "fetch", "--quiet", "origin", STATE)
    git(place, "checkout", "--quiet", "--detach", "FETCH_HEAD")
    lock = json.loads((place / "lock").read_text())
    ends = datetime.fromisoformat(lock["expires"]) - timedelta(minutes=15)
    (place / "lock").write_text(json.dumps({**lock, "expires": ends.isoformat()}))
    git(place, "commit", "--quiet", "--all", "--message", "later")
    git(place, "push", "--quiet", "origin", f"HEAD:{STATE}")

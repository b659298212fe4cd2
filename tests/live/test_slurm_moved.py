"""A queue and a project get another name: on real daemons, with jobs of real users in the old ones.

Slurm gives nothing another name, so there is an old one and a new one for a while. Nothing that
runs or waits in the old one notices, and another science's job beside it neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import need
from moved_specs import CYCLE, PROJECT, QUEUE, said
from slurm_apply_cases import bad, save_associations
from slurm_policy_cases import (
    ALICE,
    BOB,
    applied,
    end_all_but,
    group,
    job,
    planned,
    policy,
    runs,
)
from slurm_site import COUNTED

from srcnet_compiler.apply.receipt import exit_code
from srcnet_compiler.change import Action
from srcnet_compiler.demo import slurm_clusters, slurm_foreign
from srcnet_compiler.demo.processes import wait_until
from srcnet_compiler.demo.slurm_clusters import Cluster, ClusterSpec, CommandError, Slurm, ask
from srcnet_compiler.demo.slurm_fingerprint import fingerprint
from srcnet_compiler.demo.slurm_foreign import Foreign, state, wait_for_state
from srcnet_compiler.plan.model import Plan
from srcnet_compiler.targets.slurm import diff
from srcnet_compiler.targets.slurm.live import read
from srcnet_compiler.targets.slurm.live.runner import LocalRunner
from srcnet_compiler.targets.slurm.model import SlurmModel

pytestmark = pytest.mark.live("slurm")

MEMBERS = group(eor=(ALICE, BOB))


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    need("slurm", slurm_clusters.why_not())
    folder = tmp_path_factory.mktemp("moved")
    specs = [ClusterSpec("sited", nodes=3, settings=COUNTED), ClusterSpec("other", nodes=1)]
    with slurm_clusters.running(folder, specs) as slurm:
        yield slurm


@pytest.fixture(scope="module")
def foreign(slurm: Slurm) -> Foreign:
    return slurm_foreign.settle(slurm.cluster("sited"))


@pytest.fixture
def cluster(slurm: Slurm, foreign: Foreign, tmp_path: Path) -> Iterator[Cluster]:
    """With what the specs say before anything has another name; the other science's job runs all
    the time, and nothing of theirs is different afterwards."""
    cluster = slurm.cluster("sited")
    save_associations(cluster)
    before = fingerprint(cluster)
    assert bad(applied(cluster, policy(cluster, members=MEMBERS), tmp_path / "first")) == []
    yield cluster
    end_all_but(cluster, foreign.job)
    assert state(cluster, foreign.job) == "RUNNING"
    assert before.differences(fingerprint(cluster)) == ()


def steps(plan: Plan) -> set[tuple[str, str, str]]:
    return {(c.action.value, c.address.kind, c.address.name) for c in plan.changes}


def postponed(cluster: Cluster, model: SlurmModel) -> list[str]:
    found = diff.postponed(model, read(LocalRunner(cluster.environment), model))
    return [" ".join(each) for each in found]


def test_a_queue_has_another_name_and_its_jobs_go_on(
    cluster: Cluster, foreign: Foreign, tmp_path: Path
):
    """What runs runs on, what waits comes to run, new jobs go to the new one only; when the last
    job of the old one has ended, the next run ends it."""
    running = job(cluster, ALICE, "eor", "batch", "-n1")
    assert runs(cluster, running)
    waiting = job(cluster, BOB, "hi-survey", "batch", "-n1", "--begin=now+10")
    new = policy(cluster, *QUEUE, members=MEMBERS)
    plan = planned(cluster, new)
    made = {step for step in steps(plan) if step[0] == "create"}
    assert made == {
        ("create", "qos", "ska-production"),
        ("create", "partition", "ska-production"),
    }
    assert Action.RETIRE not in {change.action for change in plan.changes}
    assert bad(applied(cluster, new, tmp_path, plan)) == []

    assert state(cluster, running) == "RUNNING"
    for queue in ("batch", "production"):  # in whatever partition: the old QOS is closed
        with pytest.raises(CommandError, match=r"(?i)partition|qos"):
            job(cluster, ALICE, "eor", "batch", "-n1", partition=f"ska-{queue}")
    assert runs(cluster, job(cluster, ALICE, "eor", "production", "-n1"), waiting)
    assert planned(cluster, new).changes == ()
    ends = "is called ska-production now, and a later run ends it; it has 2 running and 0 pending"
    assert postponed(cluster, new) == [
        f"partition `ska-batch` {ends} jobs",
        f"qos `ska-batch` {ends} jobs",
    ]

    end_all_but(cluster, foreign.job)
    plan = planned(cluster, new)
    assert {step for step in steps(plan) if step[0] == "retire"} == {
        ("retire", "qos", "ska-batch"),
        ("retire", "partition", "ska-batch"),
    }
    assert bad(applied(cluster, new, tmp_path, plan)) == []
    assert bad(applied(cluster, new, tmp_path, plan)) == []  # again: nothing is done twice
    assert planned(cluster, new).changes == ()
    assert postponed(cluster, new) == []
    assert "ska-batch" not in ask(cluster, "sacctmgr", "-nP", "show", "assoc", "format=QOS")
    assert "ska-batch" not in ask(cluster, "scontrol", "-o", "show", "partition")
    back(cluster, foreign, new, tmp_path)


def back(cluster: Cluster, foreign: Foreign, now: SlurmModel, folder: Path) -> None:
    """As it was before, for the next test."""
    end_all_but(cluster, foreign.job)
    old = policy(cluster, members=MEMBERS)
    ended = {
        (each.kind, each.name): "of the test"
        for each in now.things()
        if old.find(each.kind, each.name) is None and each.kind != "association"
    }
    receipt = applied(cluster, replace(old, ended=ended), folder / "back")
    assert bad(receipt) == []


def test_a_queue_that_nobody_uses_has_another_name_in_one_run(
    cluster: Cluster, foreign: Foreign, tmp_path: Path
):
    new = policy(cluster, *QUEUE, members=MEMBERS)
    plan = planned(cluster, new)
    assert ("retire", "qos", "ska-batch") in steps(plan)
    assert bad(applied(cluster, new, tmp_path, plan)) == []
    assert bad(applied(cluster, new, tmp_path, plan)) == []
    assert planned(cluster, new).changes == ()
    assert runs(cluster, job(cluster, ALICE, "eor", "production", "-n1"))
    back(cluster, foreign, new, tmp_path)


def test_a_qos_that_another_cluster_of_the_database_names_is_left_until_it_does_not(
    cluster: Cluster, foreign: Foreign, tmp_path: Path
):
    add = ("sacctmgr", "-i", "add", "account", "ska-there", "cluster=other")
    ask(cluster, *add, "QosLevel=ska-batch", "DefaultQOS=ska-batch")
    new = policy(cluster, *QUEUE, members=MEMBERS)
    receipt = applied(cluster, new, tmp_path)
    assert exit_code(receipt) == 6
    (waits,) = bad(receipt)
    assert "ska-there on other may still ask for it" in waits
    ask(cluster, "sacctmgr", "-i", "delete", "account", "name=ska-there")
    assert bad(applied(cluster, new, tmp_path)) == []
    assert planned(cluster, new).changes == ()
    back(cluster, foreign, new, tmp_path)


def test_a_job_that_comes_between_plan_and_apply_is_waited_for(
    cluster: Cluster, foreign: Foreign, tmp_path: Path
):
    """Nothing that the job needs is taken from it; another plan goes on at once."""
    new = policy(cluster, *QUEUE, members=MEMBERS)
    plan = planned(cluster, new)
    late = job(cluster, ALICE, "eor", "batch", "-n1", "--begin=now+20")
    receipt = applied(cluster, new, tmp_path / "early", plan)
    assert exit_code(receipt) == 6
    assert bad(applied(cluster, new, tmp_path)) == []
    assert runs(cluster, job(cluster, ALICE, "eor", "production", "-n1"), late)
    end_all_but(cluster, foreign.job)
    assert bad(applied(cluster, new, tmp_path)) == []
    assert planned(cluster, new).changes == ()
    back(cluster, foreign, new, tmp_path)


def test_a_project_has_another_account_with_its_people_and_all_that_it_used(
    cluster: Cluster, foreign: Foreign, tmp_path: Path
):
    """Without an export of members the people of the old account are in the new one too."""
    done = job(cluster, ALICE, "eor", "batch", "-n2", script="sleep 10")
    wait_for_state(cluster, done, "COMPLETED")
    running = job(cluster, ALICE, "eor", "batch", "-n2")
    assert runs(cluster, running)
    waiting = job(cluster, BOB, "eor", "batch", "-n1", "--begin=now+15")
    wait_until(
        lambda: used(cluster, "ska-eor") >= 10,
        what="use to be counted",
        log=Path("/dev/null"),
        seconds=90,
    )
    before = used(cluster, "ska-eor")
    new = policy(cluster, *PROJECT)
    plan = planned(cluster, new)
    assert Action.RETIRE not in {change.action for change in plan.changes}
    assert {
        ("create", "account", "ska-reionisation"),
        ("create", "association", f"ska-reionisation/{ALICE}"),
        ("create", "association", f"ska-reionisation/{BOB}"),
        ("update", "account", "ska-eor"),
        ("update", "association", "ska-eor"),
    } <= steps(plan)
    assert bad(applied(cluster, new, tmp_path, plan)) == []
    assert bad(applied(cluster, new, tmp_path, plan)) == []
    assert used(cluster, "ska-reionisation") >= before

    assert state(cluster, running) == "RUNNING"
    with pytest.raises(CommandError, match=r"(?i)limit|policy"):
        job(cluster, ALICE, "eor", "batch", "-n1")
    assert runs(cluster, waiting, job(cluster, ALICE, "reionisation", "batch", "-n1"))
    assert default_of(cluster, ALICE) == "ska-reionisation"
    assert planned(cluster, new).changes == ()
    assert postponed(cluster, new) == [
        "account `ska-eor` is called ska-reionisation now, and a later run ends it; it has 2"
        " running and 0 pending jobs"
    ]

    end_all_but(cluster, foreign.job)
    plan = planned(cluster, new)
    assert ("retire", "account", "ska-eor") in steps(plan)
    assert bad(applied(cluster, new, tmp_path, plan)) == []
    assert bad(applied(cluster, new, tmp_path, plan)) == []
    assert planned(cluster, new).changes == ()
    assert "ska-eor" not in ask(cluster, "sacctmgr", "-nP", "show", "account", "format=Account")
    assert used(cluster, "ska-reionisation") >= before
    assert runs(cluster, job(cluster, BOB, "reionisation", "batch", "-n1"))


def test_an_account_that_nobody_uses_has_another_name_in_one_run(cluster: Cluster, tmp_path: Path):
    """Here the identity provider says who belongs to the project: BOB has left it."""
    left = group(eor=(ALICE,))
    edits = (
        said("{project: dawn, from: eor, to: dawn}"),
        (CYCLE, "- name: eor", "- name: dawn"),
    )
    new = policy(cluster, *edits, members=left)
    plan = planned(cluster, new)
    assert ("retire", "account", "ska-eor") in steps(plan)
    assert bad(applied(cluster, new, tmp_path, plan)) == []
    assert bad(applied(cluster, new, tmp_path, plan)) == []
    assert planned(cluster, new).changes == ()
    assert default_of(cluster, ALICE) != "ska-eor"
    assert runs(cluster, job(cluster, ALICE, "dawn", "batch", "-n1"))
    with pytest.raises(CommandError, match="Invalid account"):
        job(cluster, BOB, "dawn", "batch", "-n1")


def used(cluster: Cluster, account: str) -> int:
    """Seconds of cores, as far as they have been counted."""
    said = ask(cluster, "sshare", "-nalP", "-o", "Account,User,RawUsage").splitlines()
    rows = [line.split("|") for line in said]
    return int(next(row[2] for row in rows if (row[0].strip(), row[1]) == (account, "")))


def default_of(cluster: Cluster, user: str) -> str:
    return ask(cluster, "sacctmgr", "-nP", "show", "user", user, "format=DefaultAccount").strip()

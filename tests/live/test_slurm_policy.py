"""What is compiled does to jobs what the policy says: on real daemons, with jobs of real users.

One federation on two clusters of a site: `sited`, which another science uses too and whose jobs may
be preempted, and `lone`, which is the federation's alone and stops no job.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Thread

import pytest
from conftest import need
from slurm_apply_cases import bad, save_associations
from slurm_policy_cases import (
    ALICE,
    BOB,
    NIGHTS,
    VISUALISATION,
    applied,
    end_all_but,
    group,
    job,
    opening,
    others_job,
    planned,
    policy,
    runs,
    wait_for_reason,
    wait_until_kept,
)
from slurm_site import COUNTED, CSCS, QUEUES

from srcnet_compiler.apply.receipt import Status, exit_code
from srcnet_compiler.demo import slurm_clusters, slurm_config, slurm_foreign
from srcnet_compiler.demo.processes import clean_environment, wait_until
from srcnet_compiler.demo.slurm_clusters import Cluster, ClusterSpec, CommandError, Slurm, ask
from srcnet_compiler.demo.slurm_fingerprint import fingerprint
from srcnet_compiler.demo.slurm_foreign import Foreign, reason, state, wait_for_state
from srcnet_compiler.targets.protocol import UnreachableError
from srcnet_compiler.targets.slurm.model import SlurmModel
from srcnet_compiler.targets.slurm.model.lines import reservation_command

pytestmark = pytest.mark.live("slurm")

NO_PREEMPTION = (("PreemptType", "preempt/none"), ("PreemptMode", "OFF"))
MEMBERS = group(eor=(ALICE,))


@dataclass(frozen=True, slots=True)
class Federated:
    """The clusters, to which the policy has been applied, and the other science's job."""

    slurm: Slurm
    foreign: Foreign

    @property
    def shared(self) -> Cluster:
        return self.slurm.cluster("sited")

    @property
    def own(self) -> Cluster:
        return self.slurm.cluster("lone")


@pytest.fixture(scope="module")
def federated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federated]:
    need("slurm", slurm_clusters.why_not())
    folder = tmp_path_factory.mktemp("policy")
    specs = [
        ClusterSpec("sited", nodes=3, settings=COUNTED),
        ClusterSpec("lone", nodes=1, settings=(*COUNTED, *NO_PREEMPTION)),
    ]
    with slurm_clusters.running(folder / "clusters", specs) as slurm:
        federated = Federated(slurm, slurm_foreign.settle(slurm.cluster("sited")))
        for cluster in slurm.clusters:
            save_associations(cluster)
        before = fingerprint(federated.shared)
        for cluster in slurm.clusters:
            model = policy(cluster, members=MEMBERS)
            assert bad(applied(cluster, model, folder / cluster.name)) == []
            assert planned(cluster, model).changes == ()
        yield federated
        assert before.differences(fingerprint(federated.shared)) == ()


@pytest.fixture(autouse=True)
def alone(federated: Federated) -> Iterator[None]:
    """Ends a test's jobs; the other science's job has run all the time."""
    yield
    end_all_but(federated.shared, federated.foreign.job)
    end_all_but(federated.own)
    assert state(federated.shared, federated.foreign.job) == "RUNNING"


@pytest.fixture
def cluster(federated: Federated) -> Cluster:
    """The one that others use too."""
    return federated.shared


# ── limits ────────────────────────────────────────────────────────────────────────────────────


def test_a_job_runs_as_long_as_its_queue_lets_it_and_no_longer(cluster: Cluster):
    """`walltime: 2 h`: three hours are refused, in the queue's own partition and in the site's."""
    for partition in ("ska-development", "main"):
        with pytest.raises(CommandError, match=r"(?i)time limit|wall"):
            job(cluster, ALICE, "eor", "development", "-t3:00:00", partition=partition)
    allowed = job(cluster, ALICE, "eor", "development", "-t2:00:00")
    assert runs(cluster, allowed)


def test_who_is_not_of_the_federation_enters_no_queue_and_ours_only_those_of_their_project(
    cluster: Cluster,
):
    """`queues: [batch, development]` of hi-survey; the other science's account has none."""
    with pytest.raises(CommandError, match="Invalid qos"):
        job(cluster, BOB, "hi-survey", "interactive")
    crossing = job(cluster, BOB, "hi-survey", "batch", partition="ska-development")
    wait_for_reason(cluster, crossing, "QOS not permitted to use this partition")
    stranger = others_job(cluster, "-pska-batch")
    wait_for_reason(cluster, stranger, "not permitted to use this partition")
    assert runs(cluster, job(cluster, BOB, "hi-survey", "development", "-t5"))
    assert state(cluster, crossing) == state(cluster, stranger) == "PENDING"


def test_what_one_user_may_have_is_counted_over_all_jobs_of_that_user(cluster: Cluster):
    """`perUser: {cores: 2}`: the second job waits for the first, and runs when that has ended."""
    with pytest.raises(CommandError, match="QOS"):
        job(cluster, ALICE, "eor", "interactive", "-n3")
    first = job(cluster, ALICE, "eor", "interactive", "-n2")
    assert runs(cluster, first)
    second = job(cluster, ALICE, "eor", "interactive", "-n1")
    wait_for_reason(cluster, second, "QOSMaxCpuPerUserLimit")
    other = job(cluster, BOB, "transients", "interactive", "-n1", "-t1")
    assert runs(cluster, other)
    ask(cluster, "scancel", str(first))
    assert runs(cluster, second)


def test_the_ceiling_holds_ours_back_and_nobody_else(cluster: Cluster):
    """`ceiling: {cores: 8}` over all projects, on a cluster with room for more.

    Slurm looks at limits before it looks for jobs to stop: below a ceiling that is reached no job
    of ours makes way for another.
    """
    full = [
        job(cluster, ALICE, "eor", "batch", "-n4"),
        job(cluster, BOB, "hi-survey", "batch", "-n4"),
    ]
    assert runs(cluster, *full)
    waiting = job(cluster, BOB, "hi-survey", "development", "-n1")
    wait_for_reason(cluster, waiting, "AssocGrpCpuLimit")
    assert runs(cluster, others_job(cluster, "-n3"))
    assert reason(cluster, waiting) == "AssocGrpCpuLimit"
    urgent = job(cluster, ALICE, "eor", "interactive", "-n2")
    wait_for_reason(cluster, urgent, "AssocGrpCpuLimit")
    assert {state(cluster, each) for each in full} == {"RUNNING"}
    ask(cluster, "scancel", str(full[1]))
    assert runs(cluster, waiting)


def test_hours_that_are_used_up_start_no_job(cluster: Cluster):
    """`hours: {cores: 4 min}`: a job of four cores that ran for some seconds used up a minute."""
    one_minute = ("-n4", "-N1", "-t1")
    first = job(cluster, BOB, "transients", "batch", *one_minute, script="sleep 20")
    assert wait_for_state(cluster, first, "COMPLETED", seconds=90)
    wait_until(
        lambda: used(cluster, "ska-transients") >= 60,
        what="use to be counted",
        log=Path("/dev/null"),
        seconds=60,
    )
    second = job(cluster, BOB, "transients", "batch", *one_minute)
    wait_for_reason(cluster, second, "AssocGrpCPUMinutesLimit")
    assert runs(cluster, job(cluster, BOB, "hi-survey", "batch", *one_minute))


# ── shares and use ────────────────────────────────────────────────────────────────────────────


def shares(cluster: Cluster) -> dict[tuple[str, str], dict[str, str]]:
    """What sshare says of accounts and users."""
    header, *rows = ask(cluster, "sshare", "-alP").splitlines()
    named = [dict(zip(header.split("|"), row.split("|"), strict=True)) for row in rows]
    return {(each["Account"].strip(), each["User"]): each for each in named}


def used(cluster: Cluster, account: str) -> int:
    """Seconds of cores, as far as they have been counted."""
    return int(shares(cluster)[account, ""]["RawUsage"])


def test_shares_are_those_of_the_allocation(cluster: Cluster):
    """60 %, 30.5 % and 5 %, of what projects have among themselves."""
    said = {name: shares(cluster)[name, ""] for name in ("ska-eor", "ska-hi-survey")}
    assert said["ska-eor"]["RawShares"] == "6000"
    assert said["ska-hi-survey"]["RawShares"] == "3050"
    norm = {name: float(each["NormShares"]) for name, each in said.items()}
    assert norm["ska-eor"] / norm["ska-hi-survey"] == pytest.approx(60 / 30.5, rel=0.01)


def test_who_used_what_is_accounted_per_project_and_user(cluster: Cluster):
    """sacct names the project, the user, the queue and the cores; sshare counts the use, and
    sreport too, when the hours have been added up."""
    before, began = used(cluster, "ska-hi-survey"), time.time()
    done = job(cluster, ALICE, "hi-survey", "batch", "-n2", script="sleep 5")
    wait_for_state(cluster, done, "COMPLETED")
    row = ("sacct", "-nPX", "-j", str(done), "-o", "User,Account,QOS,AllocCPUS,State")
    wait_until(
        lambda: "COMPLETED" in ask(cluster, *row),
        what="the job to be accounted",
        log=Path("/dev/null"),
        seconds=60,
    )
    assert ask(cluster, *row) == f"{ALICE}|ska-hi-survey|ska-batch|2|COMPLETED"
    seconds = ask(cluster, *row[:-1], "CPUTimeRAW")
    assert int(seconds) >= 10
    wait_until(
        lambda: used(cluster, "ska-hi-survey") - before >= 10,
        what="use to be counted",
        log=Path("/dev/null"),
        seconds=60,
    )
    assert reported(cluster, "ska-hi-survey", ALICE, began) >= 10


def reported(cluster: Cluster, account: str, user: str, since: float) -> int:
    """Seconds of cores that sreport has for a user, in the hours from then to this one."""
    first, end = (
        time.strftime("%Y-%m-%dT%H:00:00", time.localtime(moment))
        for moment in (since, time.time() + 3600)
    )
    ask(cluster, "sacctmgr", "-i", "rollup", first, end)
    said = ask(
        cluster,
        *("sreport", "-nP", "-t", "seconds", "cluster", "AccountUtilizationByUser"),
        *(f"cluster={cluster.name}", f"start={first}", f"end={end}", "format=Account,Login,Used"),
    )
    rows = [line.split("|") for line in said.splitlines()]
    return sum(int(row[2]) for row in rows if row[:2] == [account, user])


# ── preemption ────────────────────────────────────────────────────────────────────────────────


def test_a_batch_job_of_ours_makes_way_for_an_interactive_one_and_is_queued_again(cluster: Cluster):
    """`preemptible: true` of batch, on a cluster that preempts."""
    batch = job(cluster, ALICE, "eor", "batch", "-n4", "-wd3", "--requeue")
    assert runs(cluster, batch)
    urgent = job(cluster, ALICE, "eor", "interactive", "-n2", "-wd3")
    assert runs(cluster, urgent)
    assert state(cluster, batch) == "PENDING"
    restarts = ask(cluster, "squeue", "-h", "-j", str(batch), "-O", "RestartCnt:.9").strip()
    assert restarts == "1"
    wait_for_reason(cluster, batch, "BeginTime")  # Slurm lets two minutes go by before it starts


def test_no_job_of_others_makes_way_nor_one_of_ours_that_may_not_be_stopped(cluster: Cluster):
    """Interactive and development jobs are not preemptible, and others' never are."""
    ours = job(cluster, BOB, "hi-survey", "development", "-n4", "-wd3")
    others = others_job(cluster, "-n4", "-wd2")
    assert runs(cluster, ours, others)
    for node in ("d2", "d3"):
        urgent = job(cluster, ALICE, "eor", "interactive", "-n2", f"-w{node}")
        wait_for_reason(cluster, urgent)
    ask(cluster, "scontrol", "reconfigure")
    assert state(cluster, ours) == state(cluster, others) == "RUNNING"


# ── a cluster of our own ──────────────────────────────────────────────────────────────────────


def test_a_cluster_of_our_own_is_all_ours_and_its_urgent_jobs_come_first(federated: Federated):
    """No ceiling; where nothing is stopped, a job with a higher queue is the next to start, and the
    administrators are told what would have jobs make way."""
    own = federated.own
    whole = job(own, ALICE, "eor", "batch", "-n4", "-t60")
    assert runs(own, whole)
    batch = job(own, ALICE, "eor", "batch", "-n4", "-t60")
    urgent = job(own, ALICE, "eor", "interactive", "-n2", "-t60")
    wait_for_reason(own, batch)
    wait_for_reason(own, urgent)
    assert state(own, whole) == "RUNNING"
    ask(own, "scancel", str(whole))
    assert runs(own, urgent)
    assert state(own, batch) == "PENDING"
    told = [task for task in policy(own).tasks if "PreemptType=preempt/qos" in task.lines]
    assert len(told) == 1
    assert not [task for task in policy(federated.shared).tasks if "PreemptMode" in str(task)]


# ── members ───────────────────────────────────────────────────────────────────────────────────


def test_who_leaves_a_group_loses_access_when_the_last_job_has_ended(
    cluster: Cluster, tmp_path: Path
):
    """BOB comes to eor and goes again: no job is ended for it, and no new one is let in after."""
    joined = policy(cluster, members=group(eor=(ALICE, BOB)))
    assert bad(applied(cluster, joined, tmp_path / "come")) == []
    running = job(cluster, BOB, "eor", "batch", "-n1")
    assert runs(cluster, running)

    left = policy(cluster, members=MEMBERS)
    plan = planned(cluster, left)
    assert [c.address.name for c in plan.changes] == ["ska-eor/ska-test-b"]
    receipt = applied(cluster, left, tmp_path / "go", plan)
    assert exit_code(receipt) == 6
    assert "has 1 running and 0 pending jobs" in "".join(bad(receipt))
    assert state(cluster, running) == "RUNNING"

    end_all_but(cluster, slurm_job(cluster))
    assert bad(applied(cluster, left, tmp_path / "go", plan)) == []
    with pytest.raises(CommandError, match="Invalid account"):
        job(cluster, BOB, "eor", "batch", "-n1")
    assert runs(cluster, job(cluster, BOB, "hi-survey", "batch", "-n1"))


def slurm_job(cluster: Cluster) -> int:
    """The one that the other science has had from the beginning."""
    (first, *_) = sorted(map(int, ask(cluster, "squeue", "-h", "-o", "%A").split()))
    return first


def test_without_an_export_of_members_nobody_loses_access(cluster: Cluster):
    """A missing export is no export of nobody."""
    assert planned(cluster, policy(cluster)).changes == ()
    assert runs(cluster, job(cluster, ALICE, "eor", "batch", "-n1"))


# ── daemons that are away ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("daemon", ["sited/slurmctld", "slurmdbd"])
def test_without_a_daemon_there_is_no_plan(federated: Federated, daemon: str):
    """What nobody can read is not planned for: the command line makes exit code 69 of it."""
    cluster = federated.shared
    model = policy(cluster, members=MEMBERS)
    slurm_foreign.wait_until_saved(cluster, federated.foreign.job)
    wait_until_kept(cluster, *model.reservations)
    slurm_clusters.kill(federated.slurm, daemon)
    try:
        with pytest.raises(UnreachableError, match="cluster `sited` does not answer"):
            planned(cluster, model)
    finally:
        slurm_clusters.restart(federated.slurm, daemon)
    assert planned(cluster, model).changes == ()


def test_a_database_that_goes_in_the_middle_of_an_apply_is_said_and_the_rest_is_done_later(
    federated: Federated, tmp_path: Path
):
    """It is killed when the first change is about to be made by a command."""
    cluster = federated.shared
    longer = tuple((QUEUES, f"walltime: {n} h", f"walltime: {n - 1} h") for n in (48, 8, 2))
    model = policy(cluster, *longer, members=MEMBERS)
    plan = planned(cluster, model)
    mark, go = tmp_path / "mark", tmp_path / "go"
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "sacctmgr").write_text(
        f'#!/bin/bash\n/usr/bin/sacctmgr "$@"; rc=$?\n'
        f'if [[ "$*" == *modify* && ! -e {mark} ]]; then\n'
        f"  : > {mark}; until [ -e {go} ]; do sleep 0.1; done\nfi\nexit $rc\n"
    )
    (commands / "sacctmgr").chmod(0o755)

    def break_it() -> None:
        wait_until(mark.exists, what="the apply", log=Path("/dev/null"), seconds=60)
        slurm_clusters.kill(federated.slurm, "slurmdbd")
        go.touch()

    breaking = Thread(target=break_it)
    breaking.start()
    try:
        receipt = applied(cluster, model, tmp_path / "state", plan, str(commands))
    finally:
        breaking.join()
        slurm_clusters.restart(federated.slurm, "slurmdbd")
    assert exit_code(receipt) == 69
    assert "does not answer" in "".join(bad(receipt))
    assert Status.LEFT in {result.status for result in receipt.results}
    save_associations(cluster)
    assert bad(applied(cluster, model, tmp_path / "state", plan)) == []
    assert planned(cluster, model).changes == ()
    assert bad(applied(cluster, policy(cluster, members=MEMBERS), tmp_path / "back")) == []


# ── windows ───────────────────────────────────────────────────────────────────────────────────


def test_a_window_on_busy_nodes_is_refused_in_words_and_no_job_is_ended_for_it(
    cluster: Cluster, tmp_path: Path
):
    """Others compute on every node beyond its beginning; when they have ended, it is made."""
    for window in ("visualisation", "nights"):
        ask(cluster, "scontrol", "delete", f"ReservationName=ska-{window}")
    busy = [others_job(cluster, f"-wd{number}", "-t23:00:00") for number in (1, 2, 3)]
    assert runs(cluster, *busy)
    model = policy(cluster, members=MEMBERS)
    receipt = applied(cluster, model, tmp_path)
    failed = bad(receipt)
    assert [line.split(":")[0] for line in failed] == [
        "create slurm/sited/reservation/ska-nights",
        "create slurm/sited/reservation/ska-visualisation",
    ]
    assert all("Requested nodes are busy" in line for line in failed), failed
    assert exit_code(receipt) == 1
    assert {state(cluster, each) for each in busy} == {"RUNNING"}
    end_all_but(cluster, slurm_job(cluster))
    assert bad(applied(cluster, model, tmp_path)) == []
    assert planned(cluster, model).changes == ()


def reservation(cluster: Cluster, name: str) -> dict[str, str]:
    line = ask(cluster, "scontrol", "-o", "show", "reservation", name)
    return dict(word.partition("=")[::2] for word in shlex.split(line))


def second_of(cluster: Cluster, name: str) -> int:
    """When it begins next, or has begun; in seconds since 1970, which no zone changes."""
    seconds = ("env", "SLURM_TIME_FORMAT=%s", "scontrol", "-o", "show", "reservation", name)
    return int(ask(cluster, *seconds).split()[1].removeprefix("StartTime="))


def change_of_clocks(now: float) -> str:
    """A time zone in which clocks are put forward six hours from now, and back days later."""
    change = time.gmtime(now + 6 * 3600)
    day = change.tm_yday - 1
    return f"AAA0BBB,{day}/{change.tm_hour},{(day + 3) % 365}/0"


@dataclass(frozen=True, slots=True)
class Windows:
    """What was applied so that windows open, and when the short ones begin first."""

    model: SlurmModel
    nights: str
    first: int


@pytest.fixture(scope="module")
def windows(federated: Federated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windows]:
    """Windows that open in the next minutes: two on the shared cluster, as compiled, and one on our
    own, whose controller runs where the clocks are changed tonight."""
    shared, own = federated.shared, federated.own
    folder = tmp_path_factory.mktemp("windows")
    zone = change_of_clocks(time.time())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slurm_config, "clean_environment", partial(clean_environment, TZ=zone))
        slurm_clusters.kill(federated.slurm, "lone/slurmctld")
        slurm_clusters.restart(federated.slurm, "lone/slurmctld")
    made = time.time()
    soon = 1 if made % 60 < 25 else 2
    nights = opening(made, soon, 2)
    edits = ((CSCS, VISUALISATION, opening(made, soon, 60)), (CSCS, NIGHTS, nights))
    model = policy(shared, *edits, members=MEMBERS)
    assert bad(applied(shared, model, folder)) == []
    begins = datetime.fromtimestamp(made // 60 * 60 + 60 * soon, UTC)
    there = replace(
        model.reservations["ska-nights"],
        start=f"{begins:%H:%M:%S}",
        duration=60,
        accounts=("ska-eor",),
    )
    ask(own, *shlex.split(reservation_command(there, there.start, zone)))
    yield Windows(model, nights, second_of(own, "ska-nights"))
    end_all_but(shared, federated.foreign.job)
    for name in ("ska-visualisation", "ska-nights"):
        ask(shared, "scontrol", "delete", f"ReservationName={name}")
    ask(own, "scontrol", "delete", "ReservationName=ska-nights")
    assert bad(applied(shared, policy(shared, members=MEMBERS), folder)) == []
    slurm_clusters.kill(federated.slurm, "lone/slurmctld")
    slurm_clusters.restart(federated.slurm, "lone/slurmctld")


def test_a_window_opens_lets_its_projects_in_and_outlives_the_daemon(
    federated: Federated, windows: Windows, tmp_path: Path
):
    """Jobs of the window's projects run there, nobody else's; whoever restarts the daemon, it is
    still open, and one that is open is not moved."""
    cluster = federated.shared
    view = ("--reservation=ska-visualisation", "-N1")
    early = job(cluster, ALICE, "eor", "visualisation", *view)
    wait_until(
        lambda: reservation(cluster, "ska-visualisation")["State"] == "ACTIVE",
        what="the window",
        log=Path("/dev/null"),
        seconds=150,
    )
    node = reservation(cluster, "ska-visualisation")["Nodes"]

    assert runs(cluster, early)
    assert ask(cluster, "squeue", "-h", "-j", str(early), "-o", "%N") == node
    with pytest.raises(CommandError, match="Invalid qos"):
        job(cluster, ALICE, "eor", "visualisation")  # outside of windows nobody is let in
    with pytest.raises(CommandError, match=r"(?i)access denied"):
        job(cluster, BOB, "hi-survey", "batch", *view)
    with pytest.raises(CommandError, match=r"(?i)access denied"):
        others_job(cluster, *view)
    kept_out = others_job(cluster, f"-w{node}")
    wait_for_reason(cluster, kept_out)

    ask(cluster, "scontrol", "reconfigure")
    slurm_foreign.wait_until_saved(cluster, early)
    slurm_clusters.kill(federated.slurm, "sited/slurmctld")
    slurm_clusters.restart(federated.slurm, "sited/slurmctld")
    assert reservation(cluster, "ska-visualisation")["State"] == "ACTIVE"
    assert state(cluster, early) == "RUNNING"
    assert state(cluster, kept_out) == "PENDING"

    elsewhen = policy(cluster, (CSCS, NIGHTS, windows.nights), members=MEMBERS)
    (line,) = bad(applied(cluster, elsewhen, tmp_path))
    assert "ska-visualisation: failed" in line
    assert "Reservation already started" in line
    assert state(cluster, early) == "RUNNING"


def wait_for_next(cluster: Cluster, first: int) -> None:
    wait_until(
        lambda: second_of(cluster, "ska-nights") != first,
        what="the window to end",
        log=Path("/dev/null"),
        seconds=300,
    )


def test_a_window_comes_back_the_next_day_and_nothing_is_to_be_done_for_it(
    cluster: Cluster, windows: Windows
):
    """Slurm moves it on when it has ended; what is compiled has no date, so there is no drift."""
    wait_for_next(cluster, windows.first)
    assert second_of(cluster, "ska-nights") - windows.first == 24 * 3600
    assert planned(cluster, windows.model).changes == ()


def test_a_window_keeps_its_time_by_the_clocks_of_the_controller_when_they_change(
    federated: Federated, windows: Windows
):
    """Clocks are put forward between today and tomorrow: it is the same time 23 hours later."""
    wait_for_next(federated.own, windows.first)
    assert second_of(federated.own, "ska-nights") - windows.first == 23 * 3600

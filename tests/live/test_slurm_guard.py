"""The guard in a real controller: ours say whose they are, and nothing of foreign jobs changes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
from slurm_site import COUNTED, DIGEST, SAID, Site, described, type_slurm_s_commands

from srcnet_compiler.demo import slurm_clusters, slurm_foreign
from srcnet_compiler.demo.processes import wait_until
from srcnet_compiler.demo.slurm_clusters import Cluster, ClusterSpec, ask, command
from srcnet_compiler.demo.slurm_foreign import ACCOUNT, USER, submit, wait_for_state

pytestmark = pytest.mark.live("slurm")

OURS, OTHER = "ska-eor", "ska-hi-survey"
MEMBER = "ska-test-a"  # works for us, and for the other science too, which is its default
BY_DEFAULT = "ska-test-b"  # whose default account is ours
HELD = ("-H", "-n1", "--mem=50", "-t5", "-o/dev/null")
FOREIGN_JOBS = (
    (),
    ("--comment", "fed_id=nobody image=latest"),
    ("--comment", SAID, "--gres=scratch:7"),
    ("--array=1-3", "--job-name", "ska-eor"),
    ("--wckey=ska-eor", "--reservation=astro_calibration"),
)


@dataclass(frozen=True, slots=True)
class Guarded:
    """A site with the guard; `before`: records of foreign jobs of the time when it had none."""

    site: Site
    before: Mapping[tuple[str, ...], str]

    @property
    def cluster(self) -> Cluster:
        return self.site.cluster


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    spec = ClusterSpec("sited", nodes=3, settings=COUNTED)
    with slurm_clusters.running(tmp_path_factory.mktemp("guard") / "clusters", [spec]) as slurm:
        (cluster,) = slurm.clusters
        site = described(cluster, tmp_path_factory.mktemp("files"))
        type_slurm_s_commands(cluster, site.model, "sacctmgr")
        foreign = slurm_foreign.settle(cluster)
        slurm_foreign.add_account(cluster, ACCOUNT, MEMBER)
        slurm_foreign.add_account(cluster, OURS, MEMBER, BY_DEFAULT)
        slurm_foreign.add_account(cluster, OTHER, MEMBER)
        before = {options: foreign_record(cluster, options) for options in FOREIGN_JOBS}
        site.install_guard()
        wait_until_it_is_read(cluster)
        yield Guarded(site, before)
        assert slurm_foreign.state(cluster, foreign.job) == "RUNNING"


def wait_until_it_is_read(cluster: Cluster) -> None:
    """The controller looks at the file when a job comes, by the seconds of its time."""

    def refuses() -> bool:
        done = sbatch(cluster, "-A", OURS)
        if done.returncode == 0:
            ask(cluster, "scancel", done.stdout.strip())
        return done.returncode != 0

    wait_until(refuses, what="the guard", log=cluster.slurm_conf, seconds=30)


def sbatch(cluster: Cluster, *options: str, user: str = MEMBER):
    return command(cluster, "sbatch", "--parsable", *HELD, *options, "--wrap", "true", user=user)


def record(cluster: Cluster, job: int) -> dict[str, str]:
    """What the controller has of a job, by the names of its fields; a comment has its own line."""
    found: dict[str, str] = {}
    for line in ask(cluster, "scontrol", "show", "job", str(job)).splitlines():
        whole = line.strip().partition("=")[0] in ("Comment", "AdminComment")
        for word in [line.strip()] if whole else line.split():
            name, _, value = word.partition("=")
            found.setdefault(name, value)
    return found


def foreign_record(cluster: Cluster, options: tuple[str, ...]) -> str:
    """All that the controller has of a new foreign job, but for its number and the time."""
    job = submit(cluster, "true", *HELD, *options, user=USER, account=ACCOUNT)
    text = ask(cluster, "scontrol", "show", "job", str(job))
    ask(cluster, "scancel", str(job))
    return re.sub(r"(?<=JobId=)\d+|\d{4}-\d\d-\d\dT[\d:]+", "", text)


# ── foreign jobs ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("options", FOREIGN_JOBS, ids=lambda o: " ".join(o)[:30] or "plain")
def test_a_foreign_job_is_the_same_with_the_guard_and_without(guarded: Guarded, options):
    assert f"Account={ACCOUNT}" in guarded.before[options]
    assert foreign_record(guarded.cluster, options) == guarded.before[options]


def test_a_foreign_job_is_edited_as_ever(guarded: Guarded):
    cluster = guarded.cluster
    job = submit(cluster, "true", *HELD, user=USER, account=ACCOUNT)
    for edit in ("comment=new words", "comment=", "jobname=other", "timelimit=4", "nice=5"):
        ask(cluster, "scontrol", "update", f"jobid={job}", edit, user=USER)
    now = record(cluster, job)
    assert (now["JobName"], now["TimeLimit"], now["Nice"]) == ("other", "00:04:00", "5")
    assert "AdminComment" not in now
    assert "TresPerNode" not in now


@pytest.mark.parametrize("account", [OURS, OURS.upper(), "ska", ""])
def test_no_foreign_job_becomes_one_of_ours(guarded: Guarded, account: str):
    """Nor one whose user empties its account, and is ours by default: that Slurm refuses itself."""
    cluster = guarded.cluster
    slurm_foreign.add_account(cluster, ACCOUNT, BY_DEFAULT)
    user = BY_DEFAULT if account == "" else MEMBER
    job = submit(cluster, "true", *HELD, "--comment", SAID, user=user, account=ACCOUNT)
    done = command(cluster, "scontrol", "update", f"jobid={job}", f"account={account}", user=user)
    assert done.returncode != 0
    assert record(cluster, job)["Account"] == ACCOUNT


# ── ours ──────────────────────────────────────────────────────────────────────────────────────


WITHOUT = {
    "nothing": ((), "fed_id=<"),
    "no identity": (("--comment", f"image={DIGEST}"), "fed_id=<"),
    "an empty identity": (("--comment", f"fed_id= image={DIGEST}"), "fed_id=<"),
    "no image": (("--comment", "fed_id=alice"), "image=sha256:<"),
    "a tag": (("--comment", "fed_id=alice image=casa:6.5"), "image=sha256:<"),
    "half a digest": (("--comment", SAID[:-1]), "image=sha256:<"),
    "no project": (("-A", "ska", "--comment", SAID), "--account=ska-<project>"),
}


@pytest.mark.parametrize("account", [OURS, OURS.upper()])
@pytest.mark.parametrize("case", WITHOUT)
def test_a_job_of_ours_that_says_too_little_is_told_what_to_type(guarded, case, account):
    options, says = WITHOUT[case]
    queued = ask(guarded.cluster, "squeue", "-h", "-o", "%i")
    done = sbatch(guarded.cluster, "-A", account, *options)
    assert done.returncode != 0
    assert says in done.stderr
    assert "Access/permission denied" in done.stderr
    assert ask(guarded.cluster, "squeue", "-h", "-o", "%i") == queued


@pytest.mark.parametrize("options", [(), ("--array=1-2",)], ids=str)
def test_who_is_ours_by_default_is_asked_too(guarded: Guarded, options: tuple[str, ...]):
    done = sbatch(guarded.cluster, *options, user=BY_DEFAULT)
    assert done.returncode != 0
    taken = sbatch(guarded.cluster, *options, "--comment", SAID, user=BY_DEFAULT)
    assert record(guarded.cluster, int(taken.stdout))["Account"] == OURS


@pytest.mark.parametrize("options", [(), ("--comment", SAID)], ids=["bare", "said"])
def test_no_job_passes_with_an_empty_account(guarded: Guarded, options: tuple[str, ...]):
    """One that says all is refused by Slurm itself."""
    assert sbatch(guarded.cluster, "-A", "", *options, user=BY_DEFAULT).returncode != 0


@pytest.mark.parametrize("account", [OURS, OURS.upper()])
def test_a_job_of_ours_that_says_all_is_taken_and_its_words_are_kept(guarded, account: str):
    cluster = guarded.cluster
    job = submit(cluster, "true", *HELD, "--comment", SAID, user=MEMBER, account=account)
    now = record(cluster, job)
    assert now["Account"] == OURS
    assert now["AdminComment"] == now["Comment"] == SAID
    assert now["TresPerNode"] == "gres:scratch:100"


@pytest.mark.parametrize(
    ("asked", "gets"),
    [("scratch:5", "gres:scratch:5"), ("scratch:0", "gres:scratch:0")],
)
def test_who_asks_for_scratch_gets_what_is_asked_for(guarded: Guarded, asked: str, gets: str):
    job = submit(guarded.cluster, "true", *HELD, "--comment", SAID, f"--gres={asked}",
                 user=MEMBER, account=OURS)  # fmt: skip
    assert record(guarded.cluster, job)["TresPerNode"] == gets


@pytest.mark.parametrize("program", ["srun", "salloc"])
def test_interactive_jobs_are_asked_as_well(guarded: Guarded, program: str):
    cluster = guarded.cluster
    start = (program, "-n1", "--mem=50", "-t5", "-A", OURS, "--gres=scratch:1")
    script = ("sh", "-c", "echo job=$SLURM_JOB_ID")
    refused = command(cluster, *start, *script, user=MEMBER)
    assert refused.returncode != 0
    assert "fed_id=<" in refused.stderr
    done = command(cluster, *start, f"--comment={SAID}", *script, user=MEMBER)
    (job,) = re.findall(r"job=(\d+)", done.stdout)
    assert record(cluster, int(job))["AdminComment"] == SAID


def test_each_job_of_an_array_carries_it(guarded: Guarded):
    cluster = guarded.cluster
    job = submit(cluster, "true", *HELD, "--array=1-3", "--comment", SAID,
                 user=MEMBER, account=OURS)  # fmt: skip
    ask(cluster, "scontrol", "update", f"jobid={job}_2", "nice=7", user=MEMBER)
    lines = ask(cluster, "scontrol", "-o", "show", "job", str(job)).splitlines()
    assert len(lines) == 2
    assert all(f"AdminComment={SAID} " in line for line in lines)
    done = command(cluster, "scontrol", "update", f"jobid={job}_3", "comment=x", user=MEMBER)
    assert done.returncode != 0


def test_each_part_of_a_heterogeneous_job_is_asked(guarded: Guarded):
    parts = {
        "said twice": (f"-A {OURS} --comment '{SAID}'", f"-A {OURS} --comment '{SAID}'"),
        "said by one": (f"-A {OURS} --comment '{SAID}'", f"-A {OURS} --comment other"),
        "half ours": (f"-A {ACCOUNT}", f"-A {OURS} --comment other"),
    }
    taken = {}
    for name, (first, second) in parts.items():
        script = (
            f"#!/bin/sh\n#SBATCH -H -n1 --mem=50 -t5 -o/dev/null {first}\n#SBATCH hetjob\n"
            f"#SBATCH -n1 --mem=50 -t5 {second}\ntrue\n"
        )
        done = command(guarded.cluster, "sbatch", "--parsable", user=MEMBER, stdin=script)
        taken[name] = done.returncode == 0
        assert taken[name] or "fed_id=<" in done.stderr
    assert taken == {"said twice": True, "said by one": False, "half ours": False}


# ── edits of ours ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "edit",
    ["comment=fed_id=mallory", "comment=", "admincomment=x", f"account={ACCOUNT}", "account=ska",
     "account="],
)  # fmt: skip
def test_what_says_whose_a_job_is_stays(guarded: Guarded, edit: str):
    cluster = guarded.cluster
    job = submit(cluster, "true", *HELD, "--comment", SAID, user=MEMBER, account=OURS)
    done = command(cluster, "scontrol", "update", f"jobid={job}", edit, user=MEMBER)
    assert done.returncode != 0
    assert "Access/permission denied" in done.stderr
    now = record(cluster, job)
    assert (now["Account"], now["Comment"], now["AdminComment"]) == (OURS, SAID, SAID)


def test_all_else_of_a_job_of_ours_is_its_user_s_to_edit(guarded: Guarded):
    cluster = guarded.cluster
    job = submit(cluster, "true", *HELD, "--comment", SAID, user=MEMBER, account=OURS)
    for edit in ("jobname=other", "nice=5", f"comment={SAID}", f"account={OTHER}"):
        ask(cluster, "scontrol", "update", f"jobid={job}", edit, user=MEMBER)
    now = record(cluster, job)
    assert (now["JobName"], now["Nice"], now["Account"]) == ("other", "5", OTHER)
    ask(cluster, "scontrol", "release", str(job), user=MEMBER)
    wait_for_state(cluster, job, "COMPLETED", "PENDING")
    ask(cluster, "scancel", str(job), user=MEMBER)


def test_root_may_put_right_what_nobody_else_may(guarded: Guarded):
    cluster = guarded.cluster
    job = submit(cluster, "true", *HELD, "--comment", SAID, user=MEMBER, account=OURS)
    ask(cluster, "scontrol", "update", f"jobid={job}", "comment=checked by hand")
    assert record(cluster, job)["Comment"] == "checked by hand"
    ask(cluster, "scontrol", "update", f"jobid={job}", f"account={ACCOUNT}")
    assert record(cluster, job)["Account"] == ACCOUNT

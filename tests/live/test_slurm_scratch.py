"""Scratch on real nodes, installed as the page says: ours has it while it runs, others never."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from slurm_site import COUNTED, QUEUES, SAID, Site, described, type_slurm_s_commands

from srcnet_compiler.demo import slurm_clusters, slurm_foreign
from srcnet_compiler.demo.processes import wait_until
from srcnet_compiler.demo.slurm_clusters import Cluster, ClusterSpec, ask, command
from srcnet_compiler.demo.slurm_foreign import (
    ACCOUNT,
    USER,
    Foreign,
    reason,
    state,
    submit,
    wait_for_state,
)

pytestmark = pytest.mark.live("slurm")

OURS = "ska-eor"
MEMBERS = ("ska-test-a", "ska-test-b")
SMALL = ("-n1", "--mem=50", "-t5")
LITTLE = "--gres=scratch:1"
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT")
SITE_S_OWN = '#!/bin/sh\necho "$SLURM_JOB_ID $SLURM_SCRIPT_CONTEXT" >> %s\n'


@dataclass(frozen=True, slots=True)
class Installed:
    """A site with scratch for our jobs, and hooks of its own that write into `seen`."""

    site: Site
    foreign: Foreign
    seen: Path

    @property
    def cluster(self) -> Cluster:
        return self.site.cluster

    def directory(self, job: int) -> Path:
        return self.site.scratch / f"job-{job}"

    def hooks_of(self, job: int) -> list[str]:
        """What of the site's own has run for a job."""
        lines = [line.split() for line in self.seen.read_text().splitlines()]
        return [context for number, context in lines if number == str(job)]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    spec = ClusterSpec("sited", nodes=3, settings=COUNTED)
    with slurm_clusters.running(tmp_path_factory.mktemp("scratch") / "clusters", [spec]) as slurm:
        (cluster,) = slurm.clusters
        site = described(cluster, tmp_path_factory.mktemp("files"))
        type_slurm_s_commands(cluster, site.model, "sacctmgr")
        slurm_foreign.add_account(cluster, OURS, *MEMBERS)
        foreign = slurm_foreign.settle(cluster)
        site.install_guard()
        site.install_scratch()
        seen = cluster.folder / "seen"
        for name in ("prolog.d/10-site", "epilog.d/90-site"):
            (site.etc / name).write_text(SITE_S_OWN % seen)
            (site.etc / name).chmod(0o755)
        yield Installed(site, foreign, seen)
        assert slurm_foreign.state(cluster, foreign.job) == "RUNNING"
        assert in_service(cluster)


def in_service(cluster: Cluster) -> bool:
    """Whether no node was taken out of service, which a hook that fails does."""
    return not ask(cluster, "sinfo", "-h", "-R", "-o", "%n %E")


def ours(cluster: Cluster, script: str, *options: str, user: str = MEMBERS[0]) -> int:
    """A small job of ours that asks for little scratch, with its output beside its directory."""
    out = cluster.folder / "scratch" / "out.%j"
    said = ("--comment", SAID, f"-o{out}", *SMALL, LITTLE, *options)
    return submit(cluster, script, *said, user=user, account=OURS)


def output(cluster: Cluster, job: int, *wanted: str) -> str:
    """What a job has written when it has ended as wanted."""
    assert wait_for_state(cluster, job, *ENDED) in (wanted or ("COMPLETED",))
    return (cluster.folder / "scratch" / f"out.{job}").read_text()


def wait_until_gone(path: Path) -> None:
    wait_until(
        lambda: not os.path.lexists(path), what=f"end of {path}", log=Path(os.devnull), seconds=30
    )


def wait_until_there(path: Path) -> None:
    wait_until(path.exists, what=f"{path}", log=Path(os.devnull), seconds=30)


# ── counted ───────────────────────────────────────────────────────────────────────────────────


def test_jobs_whose_scratch_does_not_fit_together_run_one_after_the_other(installed: Installed):
    """Each gets the 100 GB of the policy, which is all that a node has; foreign jobs need none."""
    cluster = installed.cluster
    options = ("--comment", SAID, "-wd2", *SMALL, "-o/dev/null")
    first, second = (
        submit(cluster, "sleep 600", *options, user=user, account=OURS) for user in MEMBERS
    )
    wait_for_state(cluster, first, "RUNNING")
    wait_until(
        lambda: reason(cluster, second) in ("Resources", "Priority"),
        what=f"job {second} to wait",
        log=Path(os.devnull),
        seconds=30,
    )
    brief = (*SMALL[:2], "-t1", "-wd2", "-o/dev/null")
    passing = submit(cluster, "true", *brief, user=USER, account=ACCOUNT)
    assert wait_for_state(cluster, passing, *ENDED) == "COMPLETED"
    assert state(cluster, second) == "PENDING"
    assert "gres/scratch=100" in ask(cluster, "scontrol", "show", "job", str(first))
    ask(cluster, "scancel", str(first))
    wait_for_state(cluster, second, "RUNNING")
    ask(cluster, "scancel", str(second))


# ── a directory while a job runs ──────────────────────────────────────────────────────────────

LOOK = (
    'cd "$SRCNET_SCRATCH" && stat -c "%U %a %n" "$PWD" && ls -A && echo "$TMPDIR"'
    " && touch here && srun -n1 sh -c 'echo \"$SRCNET_SCRATCH\"'"
)


@pytest.mark.parametrize("user", MEMBERS)
def test_a_job_of_ours_has_an_empty_directory_of_its_own(installed: Installed, user: str):
    job = ours(installed.cluster, LOOK, user=user)
    there = installed.directory(job)
    lines = [f"{user} 700 {there}", f"{there}", f"{there}"]
    assert output(installed.cluster, job).splitlines() == lines
    wait_until_gone(there)
    assert installed.hooks_of(job) == ["prolog_slurmd", "epilog_slurmd"]


def test_a_job_that_is_typed_has_it_too(installed: Installed):
    cluster = installed.cluster
    done = command(
        cluster, "srun", "-A", OURS, *SMALL, LITTLE, f"--comment={SAID}",
        "sh", "-c", 'stat -c "%U %a" "$SRCNET_SCRATCH"; echo $SLURM_JOB_ID', user=MEMBERS[0],
    )  # fmt: skip
    owner, job = done.stdout.splitlines()
    assert owner == f"{MEMBERS[0]} 700"
    wait_until_gone(installed.directory(int(job)))


def test_all_parts_of_a_heterogeneous_job_know_their_directory(installed: Installed):
    cluster = installed.cluster
    out = cluster.folder / "scratch" / "out.het"
    part = f"#SBATCH -A {OURS} {' '.join(SMALL)} {LITTLE} --comment '{SAID}'"
    tell = "sh -c 'test -w $SRCNET_SCRATCH && echo $SRCNET_SCRATCH'"
    script = (
        f"#!/bin/sh\n{part} -o{out} -wd2\n#SBATCH hetjob\n{part} -wd3\n"
        f"srun --het-group=0,1 {tell}\nsrun --het-group=1 {tell}\n"
    )
    said = ask(cluster, "sbatch", "--parsable", user=MEMBERS[0], stdin=script)
    job = int(said.partition(";")[0])
    wait_until(
        lambda: {*state(cluster, job).split()} == {"COMPLETED"},
        what="both parts",
        log=out,
        seconds=30,
    )
    assert out.read_text().splitlines() == [str(installed.directory(job))] * 3
    wait_until_gone(installed.directory(job))


def test_it_is_gone_after_a_job_is_cancelled_or_has_run_for_too_long(installed: Installed):
    """A minute is the least that Slurm allows a job."""
    cluster = installed.cluster
    late = ours(cluster, 'touch "$SRCNET_SCRATCH/x"; sleep 600', "-t1")
    job = ours(cluster, 'touch "$SRCNET_SCRATCH/x"; sleep 600')
    for each in (late, job):
        wait_until_there(installed.directory(each) / "x")
    ask(cluster, "scancel", str(job), user=MEMBERS[0])
    wait_until_gone(installed.directory(job))
    assert wait_for_state(cluster, job, *ENDED) == "CANCELLED"
    assert wait_for_state(cluster, late, *ENDED, seconds=150) == "TIMEOUT"
    wait_until_gone(installed.directory(late))


def test_nothing_beside_it_goes_and_no_link_is_followed(installed: Installed):
    cluster = installed.cluster
    treasure = cluster.folder / "scratch" / "treasure"
    neighbours = [installed.site.scratch / name for name in ("job-0", "job-", "ended-1", "job-1x")]
    for folder in (treasure, *neighbours):
        folder.mkdir()
        (folder / "kept").write_text("for years")
        os.chown(folder, pwd.getpwnam(USER).pw_uid, -1)
    other = ours(cluster, "sleep 600", user=MEMBERS[1])
    wait_until_there(installed.directory(other))
    script = (
        f'cd "$SRCNET_SCRATCH" && ln -s {treasure} link && ln -s {treasure}/kept file'
        f" && mkdir -p a/b && ln -s {installed.site.scratch} a/b/up && ln -s .. a/dots"
        ' && touch -- "-rf" "a b" && chmod 0 a/b'
    )
    job = ours(cluster, script)
    output(cluster, job)
    wait_until_gone(installed.directory(job))
    assert all((folder / "kept").exists() for folder in (treasure, *neighbours))
    assert installed.directory(other).is_dir()
    ask(cluster, "scancel", str(other))
    wait_until_gone(installed.directory(other))


def test_what_a_user_calls_a_job_is_never_run(installed: Installed):
    trap = installed.cluster.folder / "scratch" / "sprung"
    name = f"'; touch {trap}; $(touch {trap}) `touch {trap}`"
    job = ours(
        installed.cluster, 'ls -d "$SRCNET_SCRATCH"', "-J", name, "--comment", f"{SAID} {name}",
        f"--export=ALL,SLURM_JOB_ACCOUNT=$(touch {trap})",
    )  # fmt: skip
    assert output(installed.cluster, job).strip() == str(installed.directory(job))
    wait_until_gone(installed.directory(job))
    assert not trap.exists()


def test_what_another_job_of_this_number_has_left_is_not_handed_on(installed: Installed):
    cluster = installed.cluster
    job = ours(cluster, 'stat -c %U "$SRCNET_SCRATCH"; ls -A "$SRCNET_SCRATCH"', "-H")
    left = installed.directory(job)
    left.mkdir(mode=0o700)
    (left / "secret").write_text("of another user")
    os.chown(left, pwd.getpwnam(MEMBERS[1]).pw_uid, -1)
    ask(cluster, "scontrol", "release", str(job))
    assert output(cluster, job).split() == [MEMBERS[0]]


# ── foreign jobs ──────────────────────────────────────────────────────────────────────────────


def test_a_foreign_job_gets_nothing_and_nothing_is_done_for_it(installed: Installed):
    cluster = installed.cluster
    out = cluster.folder / "scratch" / "out.foreign"
    before = sorted(installed.site.scratch.iterdir())
    stamp = installed.site.scratch.stat().st_mtime_ns
    job = submit(
        cluster, f"env; ls -A {installed.site.scratch}", f"-o{out}", *SMALL, "-J", OURS,
        "--comment", SAID, user=USER, account=ACCOUNT,
    )  # fmt: skip
    assert wait_for_state(cluster, job, *ENDED) == "COMPLETED"
    wait_until(
        lambda: installed.hooks_of(job) == ["prolog_slurmd", "epilog_slurmd"],
        what="the site's own prolog and epilog",
        log=Path(os.devnull),
        seconds=30,
    )
    said = out.read_text()
    assert f"SLURM_JOB_ACCOUNT={ACCOUNT}\n" in said
    assert not [
        word for word in ("SRCNET_", f"job-{job}", str(installed.site.scratch)) if word in said
    ]
    assert sorted(installed.site.scratch.iterdir()) == before
    assert installed.site.scratch.stat().st_mtime_ns == stamp


# ── where something is wrong ──────────────────────────────────────────────────────────────────


def test_a_job_that_cannot_have_scratch_ends_and_no_node_is_lost(installed: Installed):
    """Whoever may write above the directories could have put a link there."""
    cluster = installed.cluster
    installed.site.scratch.chmod(0o1777)
    try:
        job = ours(cluster, "echo it ran", "-wd3")
        said = output(cluster, job, "FAILED")
        assert "there is no scratch for this job on d3" in said
        assert "it ran" not in said
        assert not installed.directory(job).exists()
        assert in_service(cluster)
        foreign = submit(cluster, "true", *SMALL, "-wd3", "-o/dev/null", user=USER, account=ACCOUNT)
        assert wait_for_state(cluster, foreign, *ENDED) == "COMPLETED"
    finally:
        installed.site.scratch.chmod(0o755)


HOSTILE = {
    "no account": {"SLURM_JOB_ACCOUNT": ""},
    "another account": {"SLURM_JOB_ACCOUNT": "skaters"},
    "a pattern": {"SLURM_JOB_ACCOUNT": "*"},
    "a path": {"SLURM_JOB_ID": "../treasure"},
    "a path behind a number": {"SLURM_JOB_ID": "7/../../treasure"},
    "no number": {"SLURM_JOB_ID": ""},
    "two numbers": {"SLURM_JOB_ID": "7 8"},
    "a line end": {"SLURM_JOB_ID": "7\n8"},
    "a part of a path": {"SLURM_HET_JOB_ID": "../treasure"},
    "words for a shell": {"SLURM_JOB_ID": "$(touch sprung)"},
}


@pytest.mark.parametrize("case", HOSTILE)
def test_no_environment_makes_them_fail_or_touch_anything(installed: Installed, case: str):
    root = installed.cluster.folder / "scratch"
    (root / "treasure").mkdir(exist_ok=True)
    before = sorted(path for path in root.rglob("*") if not path.name.startswith("out."))
    number = 70_000 + [*HOSTILE].index(case)
    good = {"SLURM_JOB_ACCOUNT": OURS, "SLURM_JOB_ID": f"{number}", "SLURM_JOB_UID": "1",
            "SLURM_JOB_GID": "1"}  # fmt: skip
    for name in ("prolog.sh", "epilog.sh"):
        done = subprocess.run(["/bin/sh", installed.site.folder / name], env=good | HOSTILE[case],
                              cwd=root, check=False)  # fmt: skip
        assert done.returncode == 0
        after = sorted(path for path in root.rglob("*") if not path.name.startswith("out."))
        assert after == before


def test_what_is_mounted_in_a_directory_is_left_alone(installed: Installed):
    """Such as another file system that a container of the job has shown there."""
    cluster = installed.cluster
    job = ours(cluster, 'mkdir "$SRCNET_SCRATCH/mounted"; sleep 600')
    there = installed.directory(job) / "mounted"
    wait_until_there(there)
    subprocess.run(["mount", "-t", "tmpfs", "none", there], check=True)
    try:
        (there / "kept").write_text("of others")
        ask(cluster, "scancel", str(job))
        wait_until(
            lambda: "epilog_slurmd" in installed.hooks_of(job),
            what="the epilog",
            log=Path(os.devnull),
            seconds=30,
        )
        wait_for_state(cluster, job, "CANCELLED")
        assert (there / "kept").read_text() == "of others"
        assert in_service(cluster)
    finally:
        subprocess.run(["umount", there], check=True)
        there.rmdir()
        there.parent.rmdir()


# ── kept for a while ──────────────────────────────────────────────────────────────────────────


def test_what_is_kept_is_put_aside_and_removed_by_the_line_for_cron(
    installed: Installed, tmp_path: Path
):
    kept = described(installed.cluster, tmp_path, (QUEUES, "at job end", "after 2 h"))
    job = {"SLURM_JOB_ACCOUNT": OURS, "SLURM_JOB_ID": "5", "SLURM_JOB_UID": "1",
           "SLURM_JOB_GID": "1"}  # fmt: skip
    for name in ("prolog.sh", "epilog.sh"):
        subprocess.run(["/bin/sh", kept.folder / name], env=job, check=True)
        assert (kept.scratch / "job-5").exists() == (name == "prolog.sh")
    (aside,) = kept.scratch.glob("ended-5-*")
    (running := kept.scratch / "job-6").mkdir()
    (cron,) = [t.lines[0] for t in kept.model.tasks if t.where == "crontab"]
    find = cron.split(" ", 5)[5]
    long_ago = aside.stat().st_mtime - 7300
    os.utime(running, (long_ago, long_ago))
    subprocess.run(["sh", "-c", find], check=True)
    assert aside.exists()
    os.utime(aside, (long_ago, long_ago))
    subprocess.run(["sh", "-c", find], check=True)
    assert not aside.exists()
    assert running.exists()
    running.rmdir()

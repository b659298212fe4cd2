"""The page for a site with a shared cluster, on a real one: what it shows is what happens."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from console import PROJECT, Shell, play
from specs import TODAY

from srcnet_compiler.demo import shared_cluster, slurm_clusters, slurm_foreign
from srcnet_compiler.demo.shared_cluster import ACCOUNT, MEMBER, PARTITION, Shared
from srcnet_compiler.demo.slurm_fingerprint import fingerprint

pytestmark = [pytest.mark.live("slurm"), pytest.mark.live("sshd")]

PAGE = PROJECT / "docs/tutorials/shared-cluster.md"
COMMANDS = ("VALIDATE", "COMPILE", "PLAN", "APPLY", "VERIFY")


def here(specs: Path, shared: Shared) -> None:
    """The controller of the page is that of the cluster, at the same places of the file."""
    path = specs / shared_cluster.SPEC
    text = path.read_text("utf-8")
    cluster, server = shared.cluster, shared.server
    for before, after in (
        ("slurmctl.example.ch", "127.0.0.1"),
        ("port: 22\n", f"port: {server.port}\n"),
        ("user: srcnet\n", f"user: {server.user}\n"),
        ("/etc/slurm/federation.d/srcnet.conf", str(cluster.fragment)),
    ):
        assert text.count(before) == 1
        text = text.replace(before, after)
    lines = text.splitlines(keepends=True)
    index = next(i for i, line in enumerate(lines) if "hostKey:" in line)
    lines[index] = f"          hostKey: {server.host_key}\n"
    path.write_text("".join(lines), "utf-8")


def job_of_a_member(shared: Shared) -> None:
    job = slurm_foreign.submit(
        shared.cluster,
        "sleep 600",
        *("-n1", "--mem=100", "-t20", "-o/dev/null"),
        user=MEMBER,
        account=ACCOUNT,
        partition=PARTITION,
    )
    slurm_foreign.wait_for_state(shared.cluster, job, "RUNNING")


def end_of_the_job(shared: Shared) -> None:
    jobs = slurm_clusters.ask(shared.cluster, "squeue", "-h", "-A", ACCOUNT, "-o", "%A").split()
    slurm_clusters.ask(shared.cluster, "scancel", *jobs)
    for job in map(int, jobs):
        slurm_foreign.wait_for_state(shared.cluster, job, "CANCELLED")


def test_the_page_for_a_shared_cluster_holds(tmp_path: Path):
    specs = tmp_path / "specs"
    for each in ("site-specs", "policies", "schemas"):
        shutil.copytree(PROJECT / each, specs / each)
    shared_cluster.write_members(specs / "members.json")
    day = {f"SRCNET_{command}_TODAY": str(TODAY) for command in COMMANDS}
    with shared_cluster.running(tmp_path / "cluster", lambda line: None) as shared:
        before = fingerprint(shared.cluster)
        environment = {
            **day,
            "SLURM_CONF": str(shared.cluster.slurm_conf),
            "ALPS_SSH_KEY": shared.server.key.read_text("ascii"),
        }
        happen = {
            "the controller is that of a real cluster": lambda: here(specs, shared),
            "a member submits a job": lambda: job_of_a_member(shared),
            "the job of the member ends": lambda: end_of_the_job(shared),
        }
        with Shell(specs, tmp_path / "home", environment) as shell:
            assert play(PAGE, specs, shell, happen) > 10
        assert before.differences(fingerprint(shared.cluster)) == ()

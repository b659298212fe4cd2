"""A small federation on real clusters, and jobs of its people that show what its policy does."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from slurm_apply_cases import carry_out, plan_of
from slurm_site import CSCS, QUEUES, all_wanted

from srcnet_compiler.apply.receipt import Receipt
from srcnet_compiler.demo import slurm_foreign
from srcnet_compiler.demo.processes import wait_until
from srcnet_compiler.demo.slurm_clusters import Cluster, ask
from srcnet_compiler.federation.membership import Membership
from srcnet_compiler.names import GroupPath
from srcnet_compiler.plan.model import Plan
from srcnet_compiler.targets.slurm import diff
from srcnet_compiler.targets.slurm.live import here, read
from srcnet_compiler.targets.slurm.live.runner import LocalRunner
from srcnet_compiler.targets.slurm.model import SlurmModel

EDIT = tuple[str, str, str]
CYCLE = "policies/allocation/cycle-0.yaml"
ALL = "[accounting, reservations, partitions]"
ALICE, BOB, ASTRONOMER = "ska-test-a", "ska-test-b", "astro-test-a"
SMALL = ("--mem=50", "-t30", "-o/dev/null")
ZONE = ZoneInfo("Africa/Johannesburg")
"""Its clocks are never changed: a window may begin and end at any hour of the day."""


def opening(now: float, after: int, minutes: int) -> str:
    """Hours of a day, where the site is, that begin so many minutes after that of now."""
    start = datetime.fromtimestamp(now, ZONE) + timedelta(minutes=after)
    return f'"{start:%H:%M}-{start + timedelta(minutes=minutes):%H:%M}"'


NOW = time.time()
VISUALISATION, NIGHTS = opening(NOW, 6 * 60, 9 * 60), opening(NOW, 12 * 60, 8 * 60)
"""Far from now, at whatever time of the day."""
POLICY: tuple[EDIT, ...] = (
    (CSCS, "timezone: Europe/Zurich", f"timezone: {ZONE.key}"),
    (QUEUES, "{cores: 16, memory: 64 GiB, gpus: 1, jobs: 2}", "{cores: 2}"),
    (CSCS, "ceiling: {cores: 12, memory: 8 GiB}", "ceiling: {cores: 8, memory: 8 GiB}"),
    (CSCS, "cluster: srcnet", "cluster: lone"),
    (CSCS, 'names: "sn[1-8]", cores: 64, memory: 256 GiB, gpus: {h100: 2, l40s: 1}',
     "names: e1, cores: 4"),
    (CSCS, "allows: [accounting]\n", "allows: [accounting, partitions]\n        fragment: LONE\n"),
    (CYCLE, "clusters: [common]", "clusters: [common, own]"),
    (CYCLE, "limits: {cores: 8, memory: 4 GiB}", ""),
    (CYCLE, "status: draft, source: not agreed, groups: [/projects/hi-survey], hours: {cores: 1000",
     "share: 5 %, groups: [/projects/hi-survey], hours: {cores: 4"),
    (CYCLE, "hours: {cores: 4 h}", "hours: {cores: 4 min}"),
    (CSCS, 'daily: "09:00-18:00"', f"daily: {VISUALISATION}"),
    (CSCS, 'hours: "20:00-06:00"', f"hours: {NIGHTS}"),
)  # fmt: skip


def group(*, eor: tuple[str, ...], hi_survey: tuple[str, ...] = (BOB,)) -> Membership:
    """What an identity provider says of the projects' people."""
    paths = {"projects/eor": eor, "projects/hi-survey": hi_survey}
    return Membership({GroupPath(path): names for path, names in paths.items()}, ())


def policy(
    cluster: Cluster, *more: EDIT, allows: str = ALL, members: Membership | None = None
) -> SlurmModel:
    """What is compiled for a cluster, under the name that the cluster has here."""
    fragment = (CSCS, "fragment: LONE", f"fragment: {cluster.fragment}")
    edits = (*POLICY, fragment, *more)
    models = all_wanted(allows, cluster.fragment, *edits, members=members)
    (model,) = [each for each in models if each.cluster == cluster.name]
    return replace(model, instance=cluster.name)


def planned(cluster: Cluster, model: SlurmModel) -> Plan:
    """The changes from what is there to this."""
    return plan_of(cluster, *diff.diff(model, read(LocalRunner(cluster.environment), model)))


def reached(cluster: Cluster, model: SlurmModel, commands: str | None = None) -> dict[str, Any]:
    """How the cluster is reached; `commands`: a folder of commands to use before others."""
    return {f"slurm/{cluster.name}": here(model, str(cluster.slurm_conf), commands)}


def applied(
    cluster: Cluster,
    model: SlurmModel,
    state: Path,
    plan: Plan | None = None,
    commands: str | None = None,
) -> Receipt:
    """Carry out what is missing, or a plan that was made before."""
    connections = reached(cluster, model, commands)
    plan = planned(cluster, model) if plan is None else plan
    return carry_out(cluster, plan, state, connections=connections)


def job(
    cluster: Cluster,
    user: str,
    project: str,
    queue: str,
    *options: str,
    script: str = "sleep 900",
    partition: str | None = None,
) -> int:
    """Submit a job of the federation to a queue; its number."""
    return slurm_foreign.submit(
        cluster,
        script,
        *SMALL,
        f"--qos=ska-{queue}",
        *options,
        user=user,
        account=f"ska-{project}",
        partition=partition or f"ska-{queue}",
    )


def others_job(cluster: Cluster, *options: str) -> int:
    """Submit a job of the other science; its number."""
    return slurm_foreign.submit(
        cluster, "sleep 900", *SMALL, *options, user=ASTRONOMER, account=slurm_foreign.ACCOUNT
    )


def runs(cluster: Cluster, *jobs: int) -> bool:
    """Whether jobs come to run; an error that says why where one does not."""
    return all(slurm_foreign.wait_for_state(cluster, each, "RUNNING") for each in jobs)


def wait_for_reason(cluster: Cluster, number: int, wanted: str = "") -> None:
    """Return when a job waits for a reason with these words, or for any of the scheduler's."""
    deadline = time.monotonic() + slurm_foreign.PATIENCE
    while (why := slurm_foreign.reason(cluster, number)) in ("", "None") or wanted not in why:
        assert time.monotonic() < deadline, f"{number} waits for `{why}`, not `{wanted}`"
        time.sleep(0.2)
    assert slurm_foreign.state(cluster, number) == "PENDING"


def end_all_but(cluster: Cluster, *kept: int) -> None:
    """End every job but these, and wait until they are gone."""
    ids = ask(cluster, "squeue", "-h", "-o", "%A").split()
    if going := [each for each in ids if int(each) not in kept]:
        ask(cluster, "scancel", *going)
    wait_until(
        lambda: {*map(int, ask(cluster, "squeue", "-h", "-o", "%A").split())} <= {*kept},
        what="jobs to end",
        log=Path("/dev/null"),
        seconds=60,
    )


def wait_until_kept(cluster: Cluster, *reservations: str) -> None:
    """Return when reservations would survive a `kill -9` of the controller."""
    saved = cluster.state / "resv_state"
    wait_until(
        lambda: all(name.encode() in saved.read_bytes() for name in reservations),
        what="reservations to be written down",
        log=Path("/dev/null"),
        seconds=60,
    )

"""The other science of a shared cluster: an account, a QOS, a reservation and a job that runs long.

None of it is the federation's; whoever changes the cluster for the federation must leave it as
it is. `slurm_fingerprint` says whether that was so.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from srcnet_compiler.demo.processes import ServerError, wait_until
from srcnet_compiler.demo.slurm_commands import ask
from srcnet_compiler.demo.slurm_config import FOREIGN_PARTITION, Cluster

ACCOUNT = "astro"
USER = "astro-test-a"
QOS = "astro-long"  # QOS are the whole database's
RESERVATION = "astro_calibration"
PATIENCE = 30
JOB_OPTIONS = ("-n1", "--mem=100", "-t12:00:00", "-o/dev/null")


@dataclass(frozen=True, slots=True)
class Foreign:
    """The other science on one cluster, with its running job."""

    cluster: Cluster
    job: int


def settle(cluster: Cluster) -> Foreign:
    """Give the other science its place on a new cluster; returns when its job runs."""
    add_account(cluster, ACCOUNT, USER)
    if QOS not in ask(cluster, "sacctmgr", "-nP", "show", "qos", "format=name").splitlines():
        ask(cluster, "sacctmgr", "-i", "add", "qos", QOS, "Priority=5", "MaxWall=20:00:00")
    association = ("where", f"name={ACCOUNT}", f"cluster={cluster.name}")
    ask(
        cluster,
        *("sacctmgr", "-i", "modify", "account", *association),
        *("set", f"qos=normal,{QOS}", "GrpTRES=cpu=8", "fairshare=40"),
    )
    ask(
        cluster,
        *("scontrol", "create", "reservation", f"ReservationName={RESERVATION}"),
        *("StartTime=now+7days", "Duration=02:00:00", f"Nodes={cluster.spec.node_names[0]}"),
        f"Accounts={ACCOUNT}",
    )
    # A controller writes down what it knows of accounts at a reconfigure, at its end, and rarely
    # else: without this a new cluster has no such file, which no site's cluster lacks.
    ask(cluster, "scontrol", "reconfigure")
    job = start_job(cluster)
    wait_until(
        (cluster.state / "assoc_mgr_state").exists,
        what=f"what {cluster.name} knows of accounts",
        log=Path(os.devnull),
        seconds=PATIENCE,
    )
    return Foreign(cluster, job)


def add_account(cluster: Cluster, account: str, *users: str, parent: str = "root") -> None:
    """An account with its users on one cluster; what is there is no error."""
    here = f"cluster={cluster.name}"
    if f"{account}|" not in _associations(cluster):
        ask(cluster, "sacctmgr", "-i", "add", "account", account, here, f"parent={parent}")
    missing = [user for user in users if f"{account}|{user}" not in _associations(cluster)]
    if missing:
        ask(cluster, "sacctmgr", "-i", "add", "user", ",".join(missing), f"account={account}", here)


def _associations(cluster: Cluster) -> list[str]:
    here = f"cluster={cluster.name}"
    rows = ask(cluster, "sacctmgr", "-nP", "show", "assoc", here, "format=account,user")
    return rows.splitlines()


def start_job(cluster: Cluster, *options: str, seconds: int = 40_000) -> int:
    """A foreign batch job that sleeps; returns its number when it runs."""
    job = submit(cluster, f"sleep {seconds}", *JOB_OPTIONS, *options, user=USER, account=ACCOUNT)
    wait_for_state(cluster, job, "RUNNING")
    return job


def submit(
    cluster: Cluster,
    script: str,
    *options: str,
    user: str,
    account: str,
    partition: str = FOREIGN_PARTITION,
) -> int:
    """A batch job of any user; its number. CommandError with what the user sees if refused."""
    said = ask(
        cluster,
        *("sbatch", "--parsable", "-A", account, "-p", partition, *options),
        *("--wrap", script),
        user=user,
    )
    return int(said.partition(";")[0])


def state(cluster: Cluster, job: int) -> str:
    """Such as `RUNNING`; as long as the controller remembers the job."""
    return ask(cluster, "squeue", "-h", "-t", "all", "-j", str(job), "-o", "%T")


def reason(cluster: Cluster, job: int) -> str:
    """Why a job waits, such as `QOSMaxWallDurationPerJobLimit`."""
    return ask(cluster, "squeue", "-h", "-j", str(job), "-o", "%r")


def wait_for_state(cluster: Cluster, job: int, *wanted: str, seconds: float = PATIENCE) -> str:
    """The state that a job takes of those wanted; ServerError when it takes too long."""
    deadline = time.monotonic() + seconds
    while (now := state(cluster, job)) not in wanted:
        if time.monotonic() > deadline:
            why = reason(cluster, job) if now == "PENDING" else ""
            raise ServerError(f"job {job} of {cluster.name} is {now} {why}, not {wanted[0]}")
        time.sleep(0.1)
    return now


def wait_until_saved(cluster: Cluster, job: int) -> None:
    """Return when a job's start would survive a `kill -9` of the controller: up to 6 s.

    The controller writes its jobs down now and then; what is younger is lost with it.
    """
    started = ask(cluster, "squeue", "-h", "-j", str(job), "-O", "StartTime:.40").strip()
    moment = time.mktime(time.strptime(started, "%Y-%m-%dT%H:%M:%S"))
    saved = cluster.state / "job_state"
    wait_until(
        lambda: saved.exists() and saved.stat().st_mtime > moment + 1,
        what=f"what {cluster.name} knows of job {job}",
        log=Path(os.devnull),
        seconds=PATIENCE,
    )

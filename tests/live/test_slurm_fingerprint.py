"""The fingerprint of what is foreign: our changes do not show in it, and any other does."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from srcnet_compiler.demo import slurm_foreign
from srcnet_compiler.demo.slurm_clusters import Cluster, Slurm, ask
from srcnet_compiler.demo.slurm_fingerprint import Fingerprint, fingerprint
from srcnet_compiler.demo.slurm_foreign import ACCOUNT, QOS, RESERVATION, USER, Foreign

pytestmark = pytest.mark.live("slurm")

HERE = "cluster=siteb"
ASTRO = ("where", f"name={ACCOUNT}", HERE, "set")
MAIN = ("scontrol", "update", "PartitionName=main")
NODE = ("scontrol", "update", "NodeName=b2")
RESERVED = ("scontrol", "update", f"ReservationName={RESERVATION}")
SACCTMGR = ("sacctmgr", "-i")


@pytest.fixture
def cluster(slurm: Slurm, foreign: Mapping[str, Foreign]) -> Cluster:
    return foreign["siteb"].cluster


def test_our_changes_do_not_show(fresh_slurm: Slurm):
    (cluster,) = fresh_slurm.clusters
    slurm_foreign.settle(cluster)
    before = fingerprint(cluster)
    slurm_foreign.add_account(cluster, "ska", "ska-test-a", USER)
    slurm_foreign.add_account(cluster, "hydrogen", "ska-test-b", parent="ska")
    ask(cluster, *SACCTMGR, "add", "qos", "ska-batch,ska-session", "Priority=10")
    ask(cluster, *SACCTMGR, "modify", "account", "where", "name=ska", "set", "fairshare=60")
    empty = cluster.fragment.read_text()
    cluster.fragment.write_text(f"{empty}PartitionName=ska Nodes=c1 QOS=ska-batch\n")
    ask(cluster, "scontrol", "reconfigure")
    window = ("ReservationName=ska_window", "StartTime=now", "Duration=30", "Nodes=c2")
    ask(cluster, "scontrol", "create", "reservation", *window, "Accounts=ska")
    job = slurm_foreign.submit(
        cluster,
        "sleep 300",
        *("-n1", "--mem=50", "-t5", "-o/dev/null", "--reservation=ska_window"),
        user="ska-test-a",
        account="ska",
    )
    slurm_foreign.wait_for_state(cluster, job, "RUNNING")
    assert before.differences(fingerprint(cluster)) == ()
    ask(cluster, "scancel", str(job))
    slurm_foreign.wait_for_state(cluster, job, "CANCELLED")
    ask(cluster, "scontrol", "delete", "ReservationName=ska_window")
    cluster.fragment.write_text(empty)
    ask(cluster, "scontrol", "reconfigure")
    ask(cluster, *SACCTMGR, "delete", "user", f"name={USER}", "account=ska")
    ask(cluster, *SACCTMGR, "delete", "user", "name=ska-test-a,ska-test-b")
    ask(cluster, *SACCTMGR, "delete", "account", "name=hydrogen,ska")
    ask(cluster, *SACCTMGR, "delete", "qos", "name=ska-batch,ska-session")
    # what the database has heard of a job by then names its user for ever
    books = f"wckey {cluster.name}|ska-test-a|"
    left = before.differences(fingerprint(cluster))
    assert [each for each in left if not each.startswith(books)] == []


@pytest.mark.parametrize(
    ("name", "touch", "restore"),
    [
        ("partition main", (*MAIN, "State=DRAIN"), (*MAIN, "State=UP")),
        ("partition main", (*MAIN, "MaxTime=10:00:00"), (*MAIN, "MaxTime=24:00:00")),
        ("node b2", (*NODE, "State=DRAIN", "Reason=ours"), (*NODE, "State=UNDRAIN")),
        ("node b2", (*NODE, "Weight=7"), (*NODE, "Weight=1")),
        (
            f"association {ACCOUNT}",
            (*SACCTMGR, "modify", "account", *ASTRO, "fairshare=41"),
            (*SACCTMGR, "modify", "account", *ASTRO, "fairshare=40"),
        ),
        (
            f"association {ACCOUNT} {USER}",
            (*SACCTMGR, "modify", "user", *ASTRO[:1], f"name={USER}", HERE, "set", "maxjobs=5"),
            (*SACCTMGR, "modify", "user", *ASTRO[:1], f"name={USER}", HERE, "set", "maxjobs=-1"),
        ),
        (
            f"user {USER}",
            (*SACCTMGR, "modify", "user", "where", f"name={USER}", "set", "adminlevel=operator"),
            (*SACCTMGR, "modify", "user", "where", f"name={USER}", "set", "adminlevel=none"),
        ),
        (
            f"account {ACCOUNT}",
            (*SACCTMGR, "modify", "account", *ASTRO, "description=other"),
            (*SACCTMGR, "modify", "account", *ASTRO, f"description={ACCOUNT}"),
        ),
        (
            f"qos {QOS}",
            (*SACCTMGR, "modify", "qos", "where", f"name={QOS}", "set", "priority=6"),
            (*SACCTMGR, "modify", "qos", "where", f"name={QOS}", "set", "priority=5"),
        ),
        (
            "qos astro-new",
            (*SACCTMGR, "add", "qos", "astro-new"),
            (*SACCTMGR, "delete", "qos", "astro-new"),
        ),
        (
            f"reservation {RESERVATION}",
            (*RESERVED, "Duration=03:00:00"),
            (*RESERVED, "Duration=02:00:00"),
        ),
        (
            "account skaters",  # begins as ours do, and is not
            (*SACCTMGR, "add", "account", "skaters", HERE),
            (*SACCTMGR, "delete", "account", "skaters"),  # with a cluster it would stay
        ),
    ],
)
def test_a_foreign_thing_that_is_touched_shows(
    cluster: Cluster, name: str, touch: tuple[str, ...], restore: tuple[str, ...]
):
    before = fingerprint(cluster)
    ask(cluster, *touch)
    touched = fingerprint(cluster)
    ask(cluster, *restore)
    changes = before.differences(touched)
    assert name in {line.partition(":")[0] for line in changes}
    assert before.differences(fingerprint(cluster)) == ()


def test_a_foreign_job_that_is_touched_or_ended_shows(cluster: Cluster):
    job = slurm_foreign.start_job(cluster)
    before = fingerprint(cluster)
    ask(cluster, "scontrol", "update", f"JobId={job}", "TimeLimit=11:00:00")
    assert changed(cluster, before) == {f"job {job}"}
    ask(cluster, "scontrol", "requeue", str(job))
    assert changed(cluster, before) == {f"job {job}"}
    ask(cluster, "scancel", str(job))
    slurm_foreign.wait_for_state(cluster, job, "CANCELLED")
    (line,) = before.differences(fingerprint(cluster))
    assert line.endswith("-> absent")


def test_a_byte_of_the_sites_own_files_shows(cluster: Cluster):
    before = fingerprint(cluster)
    for name in ("slurm.conf", "job_submit.lua"):
        path = cluster.slurm_conf.with_name(name)
        kept = path.read_bytes()
        path.write_bytes(kept + b"\n")
        assert changed(cluster, before) == {f"file {name}"}
        path.write_bytes(kept)
    path.chmod(0o600)
    assert changed(cluster, before) == {f"file {name}"}
    path.chmod(0o644)
    assert changed(cluster, before) == set()


def test_a_global_key_in_our_fragment_shows(cluster: Cluster):
    before = fingerprint(cluster)
    empty = cluster.fragment.read_text()
    cluster.fragment.write_text(f"{empty}EnforcePartLimits=ALL\n")
    ask(cluster, "scontrol", "reconfigure")
    assert changed(cluster, before) == {"setting EnforcePartLimits"}
    cluster.fragment.write_text(empty)
    ask(cluster, "scontrol", "reconfigure")
    assert changed(cluster, before) == set()


def changed(cluster: Cluster, before: Fingerprint) -> set[str]:
    return {line.partition(":")[0] for line in before.differences(fingerprint(cluster))}

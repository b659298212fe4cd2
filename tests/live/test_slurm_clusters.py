"""The real Slurm clusters that demo and live tests stand on: they work, and leave nothing."""

from __future__ import annotations

import os
import pwd
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from process_table import descendants, is_running, wait_for_end

from srcnet_compiler.demo import slurm_clusters, slurm_foreign, users
from srcnet_compiler.demo.processes import wait_until
from srcnet_compiler.demo.slurm_clusters import (
    Cluster,
    ClusterSpec,
    CommandError,
    ServerError,
    Slurm,
    ask,
    command,
)
from srcnet_compiler.demo.slurm_fingerprint import fingerprint
from srcnet_compiler.demo.slurm_foreign import Foreign, reason, submit, wait_for_state

pytestmark = pytest.mark.live("slurm")

SMALL = ("-n1", "--mem=50", "-t5", "-o/dev/null")


def account_of(cluster: Cluster, name: str, *names: str) -> str:
    """An account for one test, with these users."""
    slurm_foreign.add_account(cluster, name, *names)
    return name


def end_jobs(cluster: Cluster, *jobs: int) -> None:
    ask(cluster, "scancel", *map(str, jobs))
    for job in jobs:
        wait_for_state(cluster, job, "CANCELLED", "COMPLETED", "FAILED")


def test_all_nodes_are_idle_and_each_cluster_knows_its_own(fresh_slurm: Slurm, slurm: Slurm):
    (lone,) = fresh_slurm.clusters
    assert nodes(lone) == {"c1": "idle", "c2": "idle"}
    assert nodes(slurm.cluster("sitea")).keys() == {"a1", "a2", "a3"}
    assert nodes(slurm.cluster("siteb")).keys() == {"b1", "b2"}
    assert ask(lone, "squeue", "-h") == ""


def nodes(cluster: Cluster) -> dict[str, str]:
    lines = ask(cluster, "sinfo", "-h", "-N", "-o", "%N %T").splitlines()
    return dict(tuple(line.split()) for line in lines)


@pytest.mark.parametrize("user", slurm_clusters.USERS)
def test_a_job_of_each_user_runs_as_that_user_and_is_accounted(slurm: Slurm, user: str):
    cluster = slurm.cluster("sitea")
    account = account_of(cluster, "ska-runs", *slurm.users)
    out = cluster.folder / "scratch" / f"{user}.out"
    job = submit(cluster, "id -un; hostname", *SMALL, f"-o{out}", user=user, account=account)
    assert wait_for_state(cluster, job, "COMPLETED", "FAILED") == "COMPLETED"
    assert out.read_text().split()[0] == user
    assert out.stat().st_uid == pwd.getpwnam(user).pw_uid
    assert accounted(cluster, job) == f"{user}|{account}|main|COMPLETED"


def accounted(cluster: Cluster, job: int) -> str:
    """What sacct says of a job that has ended: user, account, partition, state.

    The database is told a bit later, and of a short job its end before its beginning: there is a
    row without a partition for a moment.
    """
    columns = "--format=user,account,partition,state"
    said = ""

    def is_complete() -> bool:
        nonlocal said
        said = ask(cluster, "sacct", "-nXP", "-j", str(job), columns)
        return bool(said) and said.split("|")[2] != "" and not said.endswith("ING")

    wait_until(is_complete, what=f"accounting of job {job}", log=Path(os.devnull), seconds=30)
    return said


def test_clusters_do_not_see_each_others_jobs_partitions_and_limits(slurm: Slurm):
    one, other = slurm.cluster("sitea"), slurm.cluster("siteb")
    account = account_of(one, "ska-apart", "ska-test-a")
    job = submit(one, "sleep 300", *SMALL, user="ska-test-a", account=account)
    wait_for_state(one, job, "RUNNING")
    assert str(job) in ask(one, "squeue", "-h", "-A", account, "-o", "%i")
    assert ask(other, "squeue", "-h", "-A", account, "-o", "%i") == ""
    with pytest.raises(CommandError, match="Invalid account"):
        submit(other, "true", *SMALL, user="ska-test-a", account=account)
    known = ask(other, "sacctmgr", "-nP", "show", "cluster", "format=cluster").splitlines()
    assert {"sitea", "siteb"} <= set(known)  # one database serves both
    end_jobs(one, job)


def test_an_interactive_step_runs_as_its_user(slurm: Slurm):
    cluster = slurm.cluster("siteb")
    account = account_of(cluster, "ska-steps", "ska-test-b")
    step = ("srun", "-A", account, "-n2", "-N2", "--mem=50", "-t5", "id", "-un")
    assert ask(cluster, *step, user="ska-test-b").split() == ["ska-test-b"] * 2


def test_who_has_no_association_is_refused(slurm: Slurm):
    cluster = slurm.cluster("siteb")
    account_of(cluster, "ska-closed", "ska-test-a")
    with pytest.raises(CommandError, match="Invalid account or account/partition"):
        submit(cluster, "true", *SMALL, user="ska-test-b", account="ska-closed")


def test_a_job_over_a_limit_waits_and_says_why(slurm: Slurm):
    cluster = slurm.cluster("siteb")
    account = account_of(cluster, "ska-limited", "ska-test-a")
    ask(cluster, "sacctmgr", "-i", "add", "qos", "ska-narrow", "MaxTRESPerUser=cpu=1")
    ask(cluster, *_set_account(cluster, account, "qos=ska-narrow", "defaultqos=ska-narrow"))
    first, second = (
        submit(cluster, "sleep 300", *SMALL, user="ska-test-a", account=account) for _ in range(2)
    )
    wait_for_state(cluster, first, "RUNNING")
    wait_for_reason(cluster, second, "QOSMaxCpuPerUserLimit")
    end_jobs(cluster, first, second)


def _set_account(cluster: Cluster, account: str, *limits: str) -> tuple[str, ...]:
    where = ("where", f"name={account}", f"cluster={cluster.name}")
    return ("sacctmgr", "-i", "modify", "account", *where, "set", *limits)


def wait_for_reason(cluster: Cluster, job: int, wanted: str) -> None:
    wait_until(
        lambda: reason(cluster, job) == wanted,
        what=f"{wanted} of job {job}",
        log=Path(os.devnull),
        seconds=30,
    )


def test_a_session_takes_the_nodes_of_a_batch_job_which_is_queued_again(slurm: Slurm):
    cluster = slurm.cluster("sitea")
    account = account_of(cluster, "ska-preempts", "ska-test-a", "ska-test-b")
    ask(cluster, "sacctmgr", "-i", "add", "qos", "ska-waits,ska-prompt")
    ask(cluster, *_modify_qos("ska-prompt", "Preempt=ska-waits", "Priority=100"))
    ask(cluster, *_set_account(cluster, account, "qos=ska-waits,ska-prompt"))
    whole = ("-wa3", "-n4", "--mem=50", "-t5", "-o/dev/null")
    batch = submit(
        cluster, "sleep 300", *whole, "--qos=ska-waits", user="ska-test-a", account=account
    )
    wait_for_state(cluster, batch, "RUNNING")
    prompt = submit(
        cluster, "sleep 300", *whole, "--qos=ska-prompt", user="ska-test-b", account=account
    )
    wait_for_state(cluster, prompt, "RUNNING")
    assert slurm_foreign.state(cluster, batch) == "PENDING"
    assert "Restarts=1" in ask(cluster, "scontrol", "-o", "show", "job", str(batch))
    end_jobs(cluster, batch, prompt)


def _modify_qos(name: str, *changes: str) -> tuple[str, ...]:
    return ("sacctmgr", "-i", "modify", "qos", "where", f"name={name}", "set", *changes)


def test_scratch_is_counted_and_there_is_no_more_of_it_than_a_node_has(slurm: Slurm):
    cluster = slurm.cluster("siteb")
    account = account_of(cluster, "ska-scratch", "ska-test-a")
    wide = (*SMALL, "-wb2", "--gres=scratch:60")
    first, second = (
        submit(cluster, "sleep 300", *wide, user="ska-test-a", account=account) for _ in range(2)
    )
    wait_for_state(cluster, first, "RUNNING")
    wait_for_reason(cluster, second, "Resources")
    end_jobs(cluster, first)
    wait_for_state(cluster, second, "RUNNING")
    end_jobs(cluster, second)
    accounted(cluster, first)
    used = ask(cluster, "sacct", "-nXP", "-j", str(first), "--format=alloctres")
    assert "gres/scratch=60" in used


def test_the_sites_submit_script_is_asked_and_its_words_are_seen(fresh_slurm: Slurm):
    (cluster,) = fresh_slurm.clusters
    account = account_of(cluster, "ska", "ska-test-a")
    script = cluster.slurm_conf.with_name("job_submit.lua")
    passing = script.read_text()
    refusing = 'slurm.log_user("not today"); return slurm.ERROR'
    script.write_text(passing.replace("return slurm.SUCCESS end", f"{refusing} end", 1))
    with pytest.raises(CommandError, match="not today"):
        submit(cluster, "true", *SMALL, user="ska-test-a", account=account)


def test_a_partition_of_the_fragment_runs_our_jobs_and_disturbs_no_other(
    slurm: Slurm, foreign: Mapping[str, Foreign]
):
    cluster = slurm.cluster("sitea")
    account = account_of(cluster, "ska", "ska-test-a")
    before = fingerprint(cluster)
    empty = cluster.fragment.read_text()
    cluster.fragment.write_text(f"{empty}PartitionName=ska-own Nodes=a[2-3] AllowAccounts=ska\n")
    ask(cluster, "scontrol", "reconfigure")
    job = submit(
        cluster, "sleep 300", *SMALL, user="ska-test-a", account=account, partition="ska-own"
    )
    wait_for_state(cluster, job, "RUNNING")
    assert before.differences(fingerprint(cluster)) == ()
    end_jobs(cluster, job)
    wait_until(
        lambda: ask(cluster, "squeue", "-h", "-p", "ska-own") == "",
        what="an empty partition",
        log=Path(os.devnull),
        seconds=30,
    )
    cluster.fragment.write_text(empty)
    ask(cluster, "scontrol", "reconfigure")
    assert "ska-own" not in ask(cluster, "sinfo", "-h", "-o", "%P")
    assert before.differences(fingerprint(cluster)) == ()
    assert f"job {foreign['sitea'].job}" in before.objects


def test_jobs_outlive_the_death_of_daemons(fresh_slurm: Slurm):
    (cluster,) = fresh_slurm.clusters
    job = slurm_foreign.settle(cluster).job
    slurm_foreign.wait_until_saved(cluster, job)
    before = fingerprint(cluster)

    slurm_clusters.kill(fresh_slurm, "slurmdbd")
    with pytest.raises(CommandError, match="Connection refused"):
        fingerprint(cluster)
    slurm_clusters.restart(fresh_slurm, "slurmdbd")
    assert before.differences(fingerprint(cluster)) == ()

    slurm_clusters.kill(fresh_slurm, "sitec/slurmctld")
    with pytest.raises(RuntimeError, match="is not running"):
        slurm_clusters.kill(fresh_slurm, "sitec/slurmctld")
    slurm_clusters.restart(fresh_slurm, "sitec/slurmctld")
    with pytest.raises(RuntimeError, match="is running"):
        slurm_clusters.restart(fresh_slurm, "sitec/slurmctld")
    assert before.differences(fingerprint(cluster)) == ()

    all_but_nodes = ("sitec/slurmctld", "slurmdbd", "mariadb", "munged")
    slurm_clusters.kill(fresh_slurm, *all_but_nodes)
    slurm_clusters.restart(fresh_slurm, *all_but_nodes)
    assert before.differences(fingerprint(cluster)) == ()


def test_a_node_that_dies_takes_its_jobs_along(fresh_slurm: Slurm):
    (cluster,) = fresh_slurm.clusters
    account = account_of(cluster, "ska", "ska-test-a")
    job = submit(cluster, "sleep 300", *SMALL, "-wc1", user="ska-test-a", account=account)
    wait_for_state(cluster, job, "RUNNING")
    family = family_with({slurm_clusters.pids(fresh_slurm)["sitec/slurmd-c1"]}, "sleep", "slurmd")
    slurm_clusters.kill(fresh_slurm, "sitec/slurmd-c1")
    assert not any(map(is_running, family))


def family_with(started: set[int], *names: str) -> set[int]:
    """These and what descends from them, when programs of these names are among them."""

    def is_complete() -> bool:
        return set(names) <= {name_of(pid) for pid in descendants(started)}

    # a job that the controller calls running has yet to be started
    wait_until(is_complete, what=" ".join(names), log=Path(os.devnull), seconds=30)
    return started | descendants(started)


def name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""  # gone meanwhile


def test_nothing_is_left_after_the_end(tmp_path: Path):
    with slurm_clusters.running(tmp_path / "clusters") as clusters:
        slurm_foreign.settle(clusters.clusters[0])
        ours = set(slurm_clusters.pids(clusters).values())
        family = family_with(ours, "slurmstepd", "sleep")
    for each in family:
        wait_for_end(each)  # what was killed takes a moment to die
    assert slurm_clusters.pids(clusters) == {}
    assert not clusters.home.exists()
    assert (tmp_path / "clusters" / "log" / "sitea-slurmctld.log").stat().st_size > 0


def test_they_die_with_the_process_that_started_them_jobs_included(slurm: Slurm, tmp_path: Path):
    program = (
        "import sys, time; from pathlib import Path;"
        "from srcnet_compiler.demo import slurm_clusters as clusters, slurm_foreign;"
        "spec = clusters.ClusterSpec('doomed', nodes=1);\n"
        "with clusters.running(Path(sys.argv[1]), [spec]) as slurm:\n"
        "    slurm_foreign.settle(slurm.clusters[0]);\n"
        "    print(slurm.home, *clusters.pids(slurm).values(), flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, tmp_path / "doomed"], stdout=subprocess.PIPE, text=True
    )
    with parent:
        home, *started = parent.stdout.readline().split()
        assert len(started) == 5
        family = family_with({int(each) for each in started}, "sleep", "slurmctld")
        parent.send_signal(signal.SIGKILL)
    for each in family:
        wait_for_end(each)
    assert Path(home).is_dir()  # nobody was there to remove it
    with slurm_clusters.running(tmp_path / "next", [ClusterSpec("next", nodes=1)]) as following:
        assert not Path(home).exists()
        assert following.home.is_dir()
        assert slurm.home.is_dir()  # a living one's was not


def test_users_that_were_there_before_stay_and_ours_are_removed_after_the_last():
    mine, ours = "srcnet-test-mine", "srcnet-test-ours"
    subprocess.run(["useradd", "--system", "--no-create-home", mine], check=True)
    try:
        with users.present([mine, ours]) as first:
            assert first == (ours,)
            with users.present([ours]) as second:
                assert second == (ours,)
            assert exists(ours)  # the first still needs it
    finally:
        assert exists(mine)
        subprocess.run(["userdel", mine], check=True)


def exists(user: str) -> bool:
    return any(account.pw_name == user for account in pwd.getpwall())


def test_all_listen_on_the_loopback_address_alone(slurm: Slurm):
    if not slurm.host.loopback_only:
        pytest.skip("this machine's name leads to no loopback address")
    ours = set(slurm_clusters.pids(slurm).values())
    family = ours | descendants(ours)
    sockets = {inode for pid in family for inode in sockets_of(pid)}
    listening = [row for row in tcp_table() if row["inode"] in sockets and row["state"] == "0A"]
    assert len(listening) == 2 + 2 + 5  # MariaDB, slurmdbd; controllers; nodes
    assert {row["local"][6:8] for row in listening} == {"7F"}  # 127.…, least significant first


def sockets_of(pid: int) -> Iterator[str]:
    for link in Path(f"/proc/{pid}/fd").iterdir():
        target = str(link.readlink())
        if target.startswith("socket:["):
            yield target.removeprefix("socket:[").removesuffix("]")


def tcp_table() -> Iterator[dict[str, str]]:
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            row = line.split()
            yield {"local": row[1], "state": row[3], "inode": row[9]}


def test_keys_and_passwords_are_for_their_daemon_alone_and_on_no_command_line(slurm: Slurm):
    password = slurm.database.password
    key = slurm.munge_socket.with_name("key-file").read_text()
    for path in slurm.home.rglob("*"):
        if path.is_file() and slurm.database.folder not in path.parents:
            said = path.read_bytes().decode(errors="replace")
            if password in said or key in said:
                assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for each in descendants(set(slurm_clusters.pids(slurm).values())):
        shown = Path(f"/proc/{each}/cmdline").read_bytes()
        shown += Path(f"/proc/{each}/environ").read_bytes()
        assert password.encode() not in shown
        assert key.encode() not in shown
    assert password not in repr(slurm)
    logs = "".join(path.read_text(errors="replace") for path in slurm.folder.rglob("*.log"))
    assert password not in logs


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    with (
        pytest.raises(ServerError, match="not empty"),
        slurm_clusters.running(tmp_path),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_daemon_that_does_not_come_up_says_what_its_log_says_and_leaves_nothing(tmp_path: Path):
    broken = ClusterSpec("broken", nodes=1, settings=(("SelectType", "select/nonsense"),))
    before = set(Path("/var/tmp").glob("srcnet-slurm-*"))
    with (
        pytest.raises(ServerError, match=r"broken/slurmctld ended with status 1") as caught,
        slurm_clusters.running(tmp_path / "clusters", [broken]),
    ):
        pass
    assert "nonsense" in str(caught.value)
    assert set(Path("/var/tmp").glob("srcnet-slurm-*")) <= before


def test_where_it_cannot_run_it_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "takes root" in str(slurm_clusters.why_not())
    with (
        pytest.raises(ServerError, match="takes root"),
        slurm_clusters.running(tmp_path / "clusters"),
    ):
        pass
    monkeypatch.setattr("shutil.which", lambda name, path=None: None)
    assert "munged is missing; Debian: munge" in str(slurm_clusters.why_not())
    assert not (tmp_path / "clusters").exists()


def test_a_commands_failure_is_told_with_what_it_said(slurm: Slurm):
    with pytest.raises(CommandError, match=r"`scontrol show node zz9` on sitea: .*not found"):
        ask(slurm.cluster("sitea"), "scontrol", "show", "node", "zz9")
    assert command(slurm.cluster("sitea"), "scontrol", "ping").returncode == 0

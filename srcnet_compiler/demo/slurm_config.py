"""What a test cluster is and how its daemons are told: descriptions, and the text of their files.

The cluster poses as a site's that serves other sciences: its slurm.conf, nodes and partition `main`
are the site's own; of the federation there is one `Include` line, of a fragment in a folder apart.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from srcnet_compiler.demo.mariadb import MariaDb
from srcnet_compiler.demo.processes import clean_environment

OWNER = "slurm"  # SlurmUser, made by Debian's packages; munge and MariaDB run as it too
SCHEMA = "slurm_acct_db"
FOREIGN_PARTITION = "main"
EMPTY_FRAGMENT = "# Partitions of the federation; nothing else stands here.\n"
EMPTY_GUARD = """\
-- The site's own job-submit script: it lets every job pass.
function slurm_job_submit(job_desc, part_list, submit_uid) return slurm.SUCCESS end
function slurm_job_modify(job_desc, job_rec, part_list, modify_uid) return slurm.SUCCESS end
return slurm.SUCCESS
"""


@dataclass(frozen=True, slots=True)
class Host:
    """This machine as Slurm's daemons know it: by its name, not by `localhost`."""

    name: str
    address: str
    loopback_only: bool  # False: its name is no loopback address, and daemons take every address


def this_host() -> Host:
    """Daemons that shall not listen everywhere listen where the host's name leads.

    Source: Slurm's slurm_setup_addr (NoInAddrAny, NoCtldInAddrAny).
    """
    full = socket.gethostname()
    try:
        address = socket.gethostbyname(full)
    except OSError:
        address = ""
    on_loopback = address.startswith("127.")
    return Host(full.partition(".")[0], address if on_loopback else "127.0.0.1", on_loopback)


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """A cluster that is wanted. Nodes are `a1`, `a2`, … with the last letter of the name."""

    name: str
    nodes: int = 2
    cpus: int = 4
    memory_mb: int = 4000
    scratch: int = 100  # of each node, as count-only GRES
    settings: tuple[tuple[str, str], ...] = ()  # of slurm.conf, instead of ours

    @property
    def node_names(self) -> tuple[str, ...]:
        return tuple(f"{self.name[-1]}{number}" for number in range(1, self.nodes + 1))


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster: where its files are and its daemons listen."""

    spec: ClusterSpec
    folder: Path
    controller_port: int
    node_ports: tuple[int, ...]

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def slurm_conf(self) -> Path:
        return self.folder / "etc" / "slurm.conf"

    @property
    def fragment(self) -> Path:
        """The federation's own file, which slurm.conf includes."""
        return self.folder / "federation" / "partitions.conf"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def environment(self) -> dict[str, str]:
        """For Slurm's commands and daemons: leads them to this cluster and to no other."""
        return clean_environment(SLURM_CONF=str(self.slurm_conf))


@dataclass(frozen=True, slots=True)
class Slurm:
    """Running clusters with one accounting database, and the accounts whose jobs they run."""

    folder: Path  # logs
    home: Path  # everything else
    database: MariaDb
    accounting_port: int
    clusters: tuple[Cluster, ...]
    users: tuple[str, ...]
    version: tuple[int, ...]
    host: Host

    @property
    def munge_socket(self) -> Path:
        return self.home / "munge" / "socket"

    @property
    def slurmdbd_conf(self) -> Path:
        return self.home / "accounting" / "slurmdbd.conf"

    def cluster(self, name: str) -> Cluster:
        return {each.name: each for each in self.clusters}[name]

    def log(self, daemon: str) -> Path:
        return self.folder / "log" / f"{daemon.replace('/', '-')}.log"


def write_cluster(slurm: Slurm, cluster: Cluster) -> None:
    """The site's files of one cluster, and the federation's fragment with nothing in it."""
    for name in ("etc", "federation", "spool", "state", "scratch"):
        (cluster.folder / name).mkdir(mode=0o755, parents=True)
    (cluster.folder / "scratch").chmod(0o1777)
    etc = cluster.slurm_conf.parent
    files = {
        cluster.slurm_conf: slurm_conf(slurm, cluster),
        etc / "gres.conf": gres_conf(cluster.spec),
        etc / "cgroup.conf": cgroup_conf(slurm.version),
        etc / "job_submit.lua": EMPTY_GUARD,
        cluster.fragment: EMPTY_FRAGMENT,
    }
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)


def slurm_conf(slurm: Slurm, cluster: Cluster) -> str:
    spec = cluster.spec
    host = slurm.host
    own = {
        "ClusterName": spec.name,
        "SlurmctldHost": f"{host.name}({host.address})",
        "SlurmctldPort": str(cluster.controller_port),
        **_communication(host),
        "SlurmUser": OWNER,
        "AuthType": "auth/munge",
        "CredType": "cred/munge",
        "AuthInfo": f"socket={slurm.munge_socket}",
        "StateSaveLocation": str(cluster.state),
        "SlurmdSpoolDir": str(cluster.folder / "spool" / "%n"),
        "SlurmctldPidFile": str(cluster.state / "slurmctld.pid"),
        "SlurmdPidFile": str(cluster.folder / "slurmd.%n.pid"),
        "TmpFS": str(cluster.folder / "scratch"),
        # no cgroups: they are the machine's
        "ProctrackType": "proctrack/linuxproc",
        "TaskPlugin": "task/none",
        "JobAcctGatherType": "jobacct_gather/linux",
        "JobAcctGatherFrequency": "task=1",
        "MpiDefault": "none",
        "MailProg": "/bin/true",
        "PropagateResourceLimits": "NONE",
        "SlurmdParameters": "config_overrides",  # nodes claim more CPUs than this machine has
        "ReturnToService": "2",
        "MinJobAge": "300",
        "KillWait": "5",
        # decides soon, which tests want, and often enough to be like a busy site
        "SchedulerType": "sched/backfill",
        "SchedulerParameters": "bf_interval=2,sched_interval=5,preempt_reorder_count=2",
        "SelectType": "select/cons_tres",
        "SelectTypeParameters": "CR_Core_Memory",
        "PriorityType": "priority/multifactor",
        "PriorityWeightFairshare": "10000",
        "PriorityWeightQOS": "5000",
        "PriorityWeightPartition": "1000",
        "PreemptType": "preempt/qos",
        "PreemptMode": "REQUEUE",
        "JobSubmitPlugins": "lua",
        "GresTypes": "scratch",
        "AccountingStorageType": "accounting_storage/slurmdbd",
        "AccountingStorageHost": host.address,
        "AccountingStoragePort": str(slurm.accounting_port),
        "AccountingStoragePass": str(slurm.munge_socket),  # AuthInfo is not asked for this
        "AccountingStorageEnforce": "associations,limits,qos,safe",
        "AccountingStorageTRES": "gres/scratch",
        "AccountingStoreFlags": "job_comment,job_env,job_script",
        "TrackWCKey": "yes",
    }
    nodes = [
        f"NodeName={name} NodeHostname={host.name} NodeAddr={host.address} Port={port}"
        f" CPUs={spec.cpus} RealMemory={spec.memory_mb} TmpDisk=1000 Gres=scratch:{spec.scratch}"
        " State=UNKNOWN"
        for name, port in zip(spec.node_names, cluster.node_ports, strict=True)
    ]
    partition = f"PartitionName={FOREIGN_PARTITION} Nodes=ALL Default=YES MaxTime=24:00:00 State=UP"
    include = f"Include {cluster.fragment}"
    return _lines(own | dict(spec.settings)) + "\n".join([*nodes, partition, include, ""])


def gres_conf(spec: ClusterSpec) -> str:
    return "".join(
        f"NodeName={name} Name=scratch Count={spec.scratch} Flags=CountOnly\n"
        for name in spec.node_names
    )


def cgroup_conf(version: tuple[int, ...]) -> str:
    """Asks for no cgroup; the key that says so has changed."""
    return "CgroupPlugin=disabled\n" if version >= (23, 11) else "CgroupAutomount=no\n"


def slurmdbd_conf(slurm: Slurm) -> str:
    return _lines(
        {
            "AuthType": "auth/munge",
            "AuthInfo": f"socket={slurm.munge_socket}",
            "DbdHost": "localhost",
            "DbdAddr": slurm.host.address,
            **_communication(slurm.host),
            "DbdPort": str(slurm.accounting_port),
            "SlurmUser": OWNER,
            "DebugLevel": "info",
            "PidFile": str(slurm.slurmdbd_conf.parent / "pid"),
            "StorageType": "accounting_storage/mysql",
            "StorageHost": "127.0.0.1",
            "StoragePort": str(slurm.database.port),
            "StorageUser": "slurm",
            "StoragePass": slurm.database.password,
            "StorageLoc": SCHEMA,
            "TrackWCKey": "yes",
        }
    )


def _communication(host: Host) -> dict[str, str]:
    only = {"CommunicationParameters": "NoCtldInAddrAny,NoInAddrAny"}
    return only if host.loopback_only else {}


def _lines(settings: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in settings.items())

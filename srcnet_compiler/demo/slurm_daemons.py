"""The daemons of test clusters: how each is started, and when it works."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from srcnet_compiler.demo import mariadb
from srcnet_compiler.demo.processes import clean_environment
from srcnet_compiler.demo.slurm_commands import command
from srcnet_compiler.demo.slurm_config import OWNER, Cluster, Slurm

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Daemon:
    """One of them; `user` None is root, which slurmd must be to run jobs as their users."""

    name: str
    argv: tuple[str, ...]
    user: str | None
    environment: dict[str, str]
    works: Callable[[], bool]
    has_children: bool = False  # that leave its session

    @property
    def cluster(self) -> str:
        """The cluster's name; of a daemon that serves all, nothing."""
        return self.name.rpartition("/")[0]


def stages(slurm: Slurm) -> tuple[tuple[Daemon, ...], ...]:
    """All daemons; those of a stage need those of the stages before, and not each other."""
    return (
        (_munged(slurm), _mariadb(slurm)),
        (_slurmdbd(slurm),),
        tuple(_slurmctld(cluster) for cluster in slurm.clusters),
        tuple(
            _slurmd(cluster, node) for cluster in slurm.clusters for node in cluster.spec.node_names
        ),
    )


def _munged(slurm: Slurm) -> Daemon:
    socket = slurm.munge_socket
    options = {name: socket.with_name(name) for name in ("key-file", "seed-file", "pid-file")}
    return Daemon(
        "munged",
        (
            *("munged", "--foreground", f"--socket={socket}"),
            *(f"--log-file={socket.with_name('log')}",),
            *(f"--{name}={path}" for name, path in options.items()),
        ),
        OWNER,
        clean_environment(PATH=PATH),
        partial(_succeeds, "munge", f"--socket={socket}", "--no-input"),
    )


def _mariadb(slurm: Slurm) -> Daemon:
    return Daemon(
        "mariadb",
        mariadb.command(slurm.database),
        OWNER,
        clean_environment(PATH=PATH),
        partial(mariadb.answers, slurm.database),
    )


def _slurmdbd(slurm: Slurm) -> Daemon:
    # its configuration is found beside the file that SLURM_CONF names, which need not exist
    beside = slurm.slurmdbd_conf.with_name("slurm.conf")
    return Daemon(
        "slurmdbd",
        ("slurmdbd", "-D"),
        OWNER,
        clean_environment(PATH=PATH, SLURM_CONF=str(beside)),
        partial(_says, slurm.clusters[0], "sacctmgr", "-nP", "show", "cluster"),
    )


def _slurmctld(cluster: Cluster) -> Daemon:
    return Daemon(
        f"{cluster.name}/slurmctld",
        ("slurmctld", "-D"),
        OWNER,
        cluster.environment | {"PATH": PATH},
        partial(_says, cluster, "scontrol", "ping", wanted="is UP"),
        has_children=True,
    )


def _slurmd(cluster: Cluster, node: str) -> Daemon:
    return Daemon(
        f"{cluster.name}/slurmd-{node}",
        ("slurmd", "-D", "-N", node),
        None,
        cluster.environment | {"PATH": PATH},
        partial(_is_responding, cluster, node),
        has_children=True,
    )


def _is_responding(cluster: Cluster, node: str) -> bool:
    """A node that does not answer has a `*` behind its state; whose daemon starts is unknown."""
    state = command(cluster, "sinfo", "-h", "-n", node, "-o", "%T").stdout.split()
    return bool(state) and not state[0].endswith("*") and not state[0].startswith(("unk", "down"))


def _says(cluster: Cluster, *argv: str, wanted: str = "") -> bool:
    done = command(cluster, *argv)
    return done.returncode == 0 and wanted in done.stdout


def _succeeds(*argv: str) -> bool:
    done = subprocess.run(argv, env=clean_environment(), capture_output=True, check=False, cwd="/")
    return done.returncode == 0

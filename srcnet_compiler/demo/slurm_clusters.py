"""Real Slurm clusters on this machine: from nothing, on loopback, ended with what they started.

munged, MariaDB and slurmdbd for all; for each cluster slurmctld and several slurmd with a
configuration of their own. Debian's daemons; no container, no system service, nothing in /etc.
`running` brings them up; `kill` and `restart` are for whoever wants to see what happens when one
is away. Daemons and jobs are ended by the process that started them, and die with that process.
"""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

from srcnet_compiler.demo import mariadb, users
from srcnet_compiler.demo.mariadb import MariaDb
from srcnet_compiler.demo.outside import Outside
from srcnet_compiler.demo.processes import (
    ServerError,
    clean_environment,
    end,
    free_port,
    kill_session,
    spawn,
    spawn_kept,
    wait_until,
    write_private,
)
from srcnet_compiler.demo.slurm_commands import CommandError, ask, command
from srcnet_compiler.demo.slurm_config import (
    OWNER,
    SCHEMA,
    Cluster,
    ClusterSpec,
    Slurm,
    slurmdbd_conf,
    this_host,
    write_cluster,
)
from srcnet_compiler.demo.slurm_daemons import PATH, Daemon, stages

__all__ = [
    "CLUSTERS",
    "USERS",
    "Cluster",
    "ClusterSpec",
    "CommandError",
    "ServerError",
    "Slurm",
    "ask",
    "command",
    "kill",
    "pids",
    "restart",
    "running",
    "why_not",
]

CLUSTERS = (ClusterSpec("sitea", nodes=3), ClusterSpec("siteb", nodes=2))
USERS = ("ska-test-a", "ska-test-b", "astro-test-a")  # the last is for the site's other sciences
PREFIX = "srcnet-slurm-"
PACKAGES = "munge slurmctld slurmd slurmdbd slurm-client mariadb-server-core mariadb-client-core"
PROGRAMS = ("munged", "slurmctld", "slurmd", "slurmdbd", "sacctmgr", "sbatch", "useradd", "setpriv")

# What this process has started, by home and daemon. Only what stands here is ever ended.
_started: dict[Path, dict[str, subprocess.Popen[bytes]]] = {}


def why_not() -> str | None:
    """Why clusters cannot run here; None: they can."""
    if not sys.platform.startswith("linux"):
        return "Slurm's daemons are run from Debian's packages, on Linux"
    missing = [
        name for name in (*PROGRAMS, *mariadb.PROGRAMS) if shutil.which(name, path=PATH) is None
    ]
    if missing:
        return f"Slurm is not installed ({missing[0]} is missing; Debian: {PACKAGES})"
    if os.geteuid() != 0:
        return "Slurm runs jobs as their users, which takes root"
    try:
        pwd.getpwnam(OWNER)
    except KeyError:
        return f"there is no account `{OWNER}` (Debian's Slurm packages make it)"
    return None


@contextmanager
def running(
    folder: Path,
    clusters: Sequence[ClusterSpec] = CLUSTERS,
    *,
    user_names: Sequence[str] = USERS,
    progress: Callable[[str], None] = lambda line: None,
) -> Iterator[Slurm]:
    """Bring clusters up, with idle nodes and no account; end them, and what they run, at the end.

    `folder` gets the logs; the rest is where the daemons' accounts can reach it. Only from the main
    thread. ServerError says what did not work, with the end of the log.
    """
    reason = why_not()
    if reason is not None:
        raise ServerError(reason)
    folder = folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ServerError(f"{folder} is not empty; clusters start from nothing")
    (folder / "log").mkdir(mode=0o700)
    outside = Outside.make(PREFIX, owner=pwd.getpwuid(0), mode=0o755)
    try:
        with users.present(user_names):
            slurm = _described(folder, outside.folder, clusters, tuple(user_names))
            try:
                _bring_up(slurm, progress)
                yield slurm
            finally:
                _end_all(slurm)
    finally:
        outside.remove()


def kill(slurm: Slurm, *names: str) -> None:
    """Kill -9 daemons, such as `slurmdbd` or `sitea/slurmctld`; jobs go with their slurmd."""
    for daemon in _named(slurm, names):
        if daemon.name not in pids(slurm):
            raise RuntimeError(f"{daemon.name} is not running, or not started by this process")
        process = _started[slurm.home].pop(daemon.name)
        if daemon.has_children:
            end(process, signal.SIGQUIT, seconds=30)  # tells its keeper to kill
        else:
            kill_session(process)


def restart(slurm: Slurm, *names: str) -> None:
    """After `kill`, or after their own end: start daemons again, at the same place.

    Nodes of a controller that starts anew have answered it on return.
    """
    wanted = _named(slurm, names)
    running_ones = [daemon.name for daemon in wanted if daemon.name in pids(slurm)]
    if running_ones:
        raise RuntimeError(f"{', '.join(running_ones)} is running")
    for stage in stages(slurm):
        _start(slurm, [daemon for daemon in stage if daemon.name in names])
    for cluster in slurm.clusters:
        if f"{cluster.name}/slurmctld" in names:
            nodes = [daemon for daemon in stages(slurm)[-1] if daemon.cluster == cluster.name]
            _wait_for(slurm, [daemon for daemon in nodes if daemon.name in pids(slurm)])


def _named(slurm: Slurm, names: Sequence[str]) -> list[Daemon]:
    known = {daemon.name: daemon for stage in stages(slurm) for daemon in stage}
    return [known[name] for name in names]


def pids(slurm: Slurm) -> dict[str, int]:
    """Our children that run for it, by daemon. Their own children are not listed."""
    return {
        name: process.pid
        for name, process in _started.get(slurm.home, {}).items()
        if process.poll() is None
    }


def _described(
    folder: Path, home: Path, clusters: Sequence[ClusterSpec], user_names: tuple[str, ...]
) -> Slurm:
    ports = _free_ports()
    return Slurm(
        folder=folder,
        home=home,
        database=MariaDb(home / "mariadb", OWNER, next(ports)),
        accounting_port=next(ports),
        clusters=tuple(
            Cluster(spec, home / spec.name, next(ports), tuple(islice(ports, spec.nodes)))
            for spec in clusters
        ),
        users=user_names,
        version=_version(),
        host=this_host(),
    )


def _free_ports() -> Iterator[int]:
    given: set[int] = set()
    while True:
        port = free_port()
        if port not in given:
            given.add(port)
            yield port


def _version() -> tuple[int, ...]:
    said = subprocess.run(
        ["slurmctld", "-V"],
        env=clean_environment(PATH=PATH),
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(int(number) for number in re.findall(r"\d+", said.stdout))


def _bring_up(slurm: Slurm, progress: Callable[[str], None]) -> None:
    progress("making keys, configuration and database")
    _write_files(slurm)
    mariadb.make(slurm.database, slurm.log("mariadb-install-db"))
    basis, accounting, controllers, nodes = stages(slurm)
    progress("starting munged, MariaDB and slurmdbd")
    _start(slurm, basis)
    mariadb.add_account(slurm.database, SCHEMA, slurm.log("mariadb"))
    _start(slurm, accounting)
    for cluster in slurm.clusters:
        wait_until(
            partial(_added, cluster),
            what=f"the accounting of {cluster.name}",
            log=slurm.log("slurmdbd"),
            seconds=60,
        )
    progress(f"starting {', '.join(cluster.name for cluster in slurm.clusters)}")
    _start(slurm, controllers)
    _start(slurm, nodes)


LIST_CLUSTERS = ("sacctmgr", "-nP", "show", "cluster", "format=cluster")


def _added(cluster: Cluster) -> bool:
    """Whether the database knows the cluster; one that has just come up may refuse it at first."""
    command(cluster, "sacctmgr", "-i", "add", "cluster", cluster.name)
    return cluster.name in ask(cluster, *LIST_CLUSTERS).splitlines()


def _write_files(slurm: Slurm) -> None:
    owner = pwd.getpwnam(OWNER)
    for folder in (slurm.munge_socket.parent, slurm.database.folder, slurm.slurmdbd_conf.parent):
        folder.mkdir(mode=0o755)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    key = slurm.munge_socket.with_name("key-file")
    write_private(key, secrets.token_hex(64))
    write_private(slurm.slurmdbd_conf, slurmdbd_conf(slurm))
    for cluster in slurm.clusters:
        write_cluster(slurm, cluster)
    for path in (key, slurm.slurmdbd_conf, *(cluster.state for cluster in slurm.clusters)):
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _start(slurm: Slurm, daemons: Sequence[Daemon]) -> None:
    """Start all of them, then wait until all work."""
    ours = _started.setdefault(slurm.home, {})
    for daemon in daemons:
        start = spawn_kept if daemon.has_children else spawn
        ours[daemon.name] = start(
            daemon.argv, env=daemon.environment, log=slurm.log(daemon.name), user=daemon.user
        )
    _wait_for(slurm, daemons)


def _wait_for(slurm: Slurm, daemons: Sequence[Daemon]) -> None:
    for daemon in daemons:
        wait_until(
            daemon.works,
            process=_started[slurm.home][daemon.name],
            what=daemon.name,
            log=slurm.log(daemon.name),
            seconds=120,
        )


def _end_all(slurm: Slurm) -> None:
    """Kill the nodes with their jobs, then ask the others to end, in the order of their needs."""
    ours = _started.pop(slurm.home, {})
    for stage in reversed(stages(slurm)):
        here = [ours[daemon.name] for daemon in stage if daemon.name in ours]
        for process in here:
            _tell(process, signal.SIGTERM)
        for process in here:
            end(process, signal.SIGTERM, seconds=30)


def _tell(process: subprocess.Popen[bytes], what: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(what)

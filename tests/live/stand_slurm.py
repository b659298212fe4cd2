"""Slurm in the shared suite: one of the golden clusters is real, others compute on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slurm_apply_cases import save_associations
from slurm_policy_cases import CYCLE, POLICY, wait_until_kept
from slurm_site import CHANGES, COUNTED, CSCS, QUEUES
from stand import ByHand, Edit, Ending, Ground, Lost, Owned, Stand, described, nobody

from srcnet_compiler.demo import slurm_clusters, slurm_foreign
from srcnet_compiler.demo import sshd as sshd_server
from srcnet_compiler.demo.slurm_clusters import Cluster, ClusterSpec, Slurm, ask
from srcnet_compiler.demo.slurm_fingerprint import fingerprint
from srcnet_compiler.demo.slurm_foreign import Foreign
from srcnet_compiler.demo.sshd import Sshd

QOS, LOST, ACCOUNT = "ska-interactive", "ska-visualisation", "ska-eor"
STRANGER = "astro-test-a"


@contextmanager
def running(folder: Path) -> Iterator[Ground]:
    spec = ClusterSpec("sited", nodes=3, settings=COUNTED)
    with slurm_clusters.running(folder / "slurm", [spec]) as slurm:
        (cluster,) = slurm.clusters
        foreign = slurm_foreign.settle(cluster)
        save_associations(cluster)
        environment = {"SLURM_CONF": str(cluster.slurm_conf)}
        with sshd_server.running(folder / "sshd", environment=environment) as server:
            key = server.key.read_text("ascii")
            someone = described(
                folder / "specs",
                *edits(cluster, server),
                environment={"CHSRC_SLURM_KEY": key, "CHSRC_SLURM_READING_KEY": key},
            )
            yield Ground(
                someone,
                "slurm/CHSRC-CSCS.common",
                theirs=lambda: fingerprint(cluster).objects,
                everything=lambda: fingerprint(cluster, ours="nobody").objects,
                owned=Owned(
                    "qos",
                    QOS,
                    "MaxWall",
                    (QUEUES, "walltime: 8 h, priority: high", "walltime: 7 h, priority: high"),
                    seen=lambda: qos(cluster, "maxwall"),
                    spoil=lambda: set_qos(cluster, "maxwall=00:30:00"),
                ),
                beside=ByHand(
                    lambda: set_qos(cluster, "usagefactor=2"),
                    lambda: qos(cluster, "usagefactor"),
                ),
                within=ByHand(lambda: let_in(cluster), lambda: members(cluster)),
                lost=Lost("qos", LOST, lambda: delete_qos(cluster, LOST)),
                ending=Ending(
                    "queue: development",
                    (
                        (QUEUES, "    development: {walltime: 2 h, perUser: {cores: 8}}\n", ""),
                        (CYCLE, "queues: [batch, development]", "queues: [batch]"),
                        (CSCS, "[batch, interactive, development]", "[batch, interactive]"),
                    ),
                    lambda: "ska-development" in all_qos(cluster),
                ),
                forget=lambda: None,
                stop=lambda: stop(slurm, foreign),
                start=lambda: start(slurm),
            )


STAND = Stand("slurm", ("slurm", "sshd"), running, several=True)


def edits(cluster: Cluster, server: Sshd) -> tuple[Edit, ...]:
    """The golden cluster, small, behind this sshd; nobody answers for the other one.

    Of it the site lends only its accounting: a trial of partitions takes seconds each time.
    """
    host, _, port = nobody().partition(":")
    fitting = ((name, *change) for name, changes in CHANGES.items() for change in changes)
    return (
        *fitting,
        *POLICY,
        (CSCS, "[accounting, reservations, partitions]", "[accounting]"),
        (CSCS, "fragment: LONE", f"fragment: {cluster.fragment.with_name('lone.conf')}"),
        (CSCS, "/etc/slurm/federation.d/srcnet.conf", str(cluster.fragment)),
        (CSCS, 'version: "22.05.8"', f'version: "{version(cluster)}"'),
        (
            CSCS,
            "          host: slurmctl.example.ch\n          port: 22\n          user: srcnet\n",
            f"          host: 127.0.0.1\n          port: {server.port}\n"
            f"          user: {server.user}\n          hostKey: {server.host_key}\n",
        ),
        (CSCS, "user: srcnet-reader", f"user: {server.user}"),
        (CSCS, "host: srcnet.example.ch, port: 2222", f"host: {host}, port: {port}"),
    )


def version(cluster: Cluster) -> str:
    return ask(cluster, "scontrol", "--version").split()[-1]


def qos(cluster: Cluster, column: str) -> str:
    return ask(cluster, "sacctmgr", "-nP", "show", "qos", f"name={QOS}", f"format={column}")


def set_qos(cluster: Cluster, change: str) -> None:
    ask(cluster, "sacctmgr", "-i", "modify", "qos", "where", f"name={QOS}", "set", change)


def delete_qos(cluster: Cluster, name: str) -> None:
    """Slurm takes it out of all that name it."""
    ask(cluster, "sacctmgr", "-i", "delete", "qos", f"name={name}")


def all_qos(cluster: Cluster) -> list[str]:
    return ask(cluster, "sacctmgr", "-nP", "show", "qos", "format=name").splitlines()


def let_in(cluster: Cluster) -> None:
    """Somebody who is no member of the federation, under one of its accounts."""
    slurm_foreign.add_account(cluster, ACCOUNT, STRANGER)


def members(cluster: Cluster) -> str:
    where = (f"account={ACCOUNT}", f"user={STRANGER}")
    return ask(cluster, "sacctmgr", "-nP", "show", "assoc", *where, "format=account,user,share")


def stop(slurm: Slurm, foreign: Foreign) -> None:
    """Both daemons that are asked. What a controller has not written down dies with it, whoever
    made it: what is not ours must be safe before."""
    slurm_foreign.wait_until_saved(foreign.cluster, foreign.job)
    wait_until_kept(foreign.cluster, slurm_foreign.RESERVATION)
    slurm_clusters.kill(slurm, f"{foreign.cluster.name}/slurmctld", "slurmdbd")


def start(slurm: Slurm) -> None:
    (cluster,) = slurm.clusters
    slurm_clusters.restart(slurm, "slurmdbd", f"{cluster.name}/slurmctld")
    save_associations(cluster)

"""What an administrator is told to type is what srcnet would have made: on a real cluster."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm_site import COUNTED, type_slurm_s_commands, wanted

from srcnet_compiler.demo import slurm_clusters
from srcnet_compiler.demo.slurm_clusters import Cluster, ClusterSpec, ask
from srcnet_compiler.targets.slurm import check, diff
from srcnet_compiler.targets.slurm.live import reading
from srcnet_compiler.targets.slurm.live.runner import LocalRunner
from srcnet_compiler.targets.slurm.model.lines import reservation_command

pytestmark = pytest.mark.live("slurm")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    spec = ClusterSpec("sited", nodes=3, settings=COUNTED)
    with slurm_clusters.running(tmp_path / "clusters", [spec]) as slurm:
        yield slurm.clusters[0]


def test_who_types_the_lines_has_what_srcnet_would_have_made(cluster: Cluster):
    """Without partitions, which would choose the nodes of a window otherwise."""
    kept = wanted("[]", cluster.fragment)
    type_slurm_s_commands(cluster, kept, "sacctmgr", "env")
    ours = wanted("[accounting, reservations]", cluster.fragment)
    seen = reading.read(LocalRunner(cluster.environment), ours)
    assert seen.gaps == ()
    assert [(str(c.address), c.fields) for c in diff.diff(ours, seen)] == []
    assert [*check.check_seen(ours, seen.model)] == []


def test_lines_of_partitions_are_taken_and_read_back(cluster: Cluster):
    kept = wanted("[]", cluster.fragment)
    (task,) = [t for t in kept.tasks if any(x.startswith("PartitionName") for x in t.lines)]
    type_slurm_s_commands(cluster, kept, "sacctmgr")
    ours = wanted("[accounting, reservations, partitions]", cluster.fragment)
    lines = [f"{line} AllowQos={line.split()[0].partition('=')[2]}" for line in task.lines]
    cluster.fragment.write_text("\n".join(lines) + "\n")
    ask(cluster, "scontrol", "reconfigure")
    for window in ours.reservations.values():
        ask(cluster, *shlex.split(reservation_command(window, window.start, ours.time_zone)))
    seen = reading.read(LocalRunner(cluster.environment), ours)
    assert [(str(c.address), c.fields) for c in diff.diff(ours, seen)] == []

"""What an administrator is told to type is what srcnet would have made: on a real cluster."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from specs import GOLDEN, TODAY, compile_texts, texts

from srcnet_compiler.demo import slurm_clusters
from srcnet_compiler.demo.slurm_clusters import Cluster, ClusterSpec, ask
from srcnet_compiler.targets.slurm import check, diff, lower
from srcnet_compiler.targets.slurm.live import reading
from srcnet_compiler.targets.slurm.live.runner import LocalRunner
from srcnet_compiler.targets.slurm.model import SlurmModel
from srcnet_compiler.targets.slurm.model.lines import reservation_command
from srcnet_compiler.task import SHELL

pytestmark = pytest.mark.live("slurm")

COUNTED = (("GresTypes", "scratch,gpu"), ("AccountingStorageTRES", "gres/scratch,gres/gpu"))
CHANGES = {
    "site-specs/chsrc-cscs.yaml": (
        ("cluster: common", "cluster: sited"),
        ('names: "cn[001-020]", cores: 128, memory: 512 GiB', 'names: "d[1-3]", cores: 4'),
        ('- {names: "gpu[01-04]", cores: 64, memory: 1 TiB, gpus: {a100: 4}, scratch: 6 TB}', ""),
        ("guaranteed: {cores: 512, memory: 2 TiB}", "guaranteed: {cores: 4}"),
        ("{cores: 1280, memory: 5 TiB, gpus: 8}", "{cores: 12, memory: 8 GiB}"),
        ("nodes: 10,", "nodes: 1,"),
        ("[sat, sun]", "[sat, sun, mon, tue, wed, thu, fri]"),
        ("nodes: 2, queue: visual", "nodes: 1, queue: visual"),
    ),
    "policies/allocation/cycle-0.yaml": (
        ("gpus: 40000 h", ""),
        ("4000000 h,", "4000 h"),
        ("{cores: 1024, memory: 4 TiB, gpus: 8}", "{cores: 8, memory: 4 GiB}"),
    ),
}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    spec = ClusterSpec("sited", nodes=3, settings=COUNTED)
    with slurm_clusters.running(tmp_path / "clusters", [spec]) as slurm:
        yield slurm.clusters[0]


def wanted(allows: str, fragment: Path) -> SlurmModel:
    files = texts(GOLDEN)
    for name, changes in CHANGES.items():
        for before, after in (
            *changes,
            *(
                [
                    ("[accounting, reservations, partitions]", allows),
                    ("/etc/slurm/federation.d/srcnet.conf", str(fragment)),
                ]
                if name.startswith("site")
                else []
            ),
        ):
            assert before in files[name], before
            files[name] = files[name].replace(before, after)
    result = compile_texts(files, TODAY)
    assert not result.failed, [found.message for found in result.diagnostics]
    assert result.federation is not None
    assert result.analysis is not None
    return lower.lower(result.federation, result.analysis)[0]


def test_who_types_the_lines_has_what_srcnet_would_have_made(cluster: Cluster):
    """Without partitions, which would choose the nodes of a window otherwise."""
    kept = wanted("[]", cluster.fragment)
    for task in kept.tasks:
        for line in task.lines if task.where == SHELL else ():
            ask(cluster, *shlex.split(line))
    ours = wanted("[accounting, reservations]", cluster.fragment)
    seen = reading.read(LocalRunner(cluster.environment), ours)
    assert seen.gaps == ()
    assert [(str(c.address), c.fields) for c in diff.diff(ours, seen)] == []
    assert [*check.check_seen(ours, seen.model)] == []


def test_lines_of_partitions_are_taken_and_read_back(cluster: Cluster):
    kept = wanted("[]", cluster.fragment)
    (task,) = [t for t in kept.tasks if any(x.startswith("PartitionName") for x in t.lines)]
    for each in kept.tasks:
        for line in each.lines if each.where == SHELL and "sacctmgr" in each.lines[0] else ():
            ask(cluster, *shlex.split(line))
    ours = wanted("[accounting, reservations, partitions]", cluster.fragment)
    lines = [f"{line} AllowQos={line.split()[0].partition('=')[2]}" for line in task.lines]
    cluster.fragment.write_text("\n".join(lines) + "\n")
    ask(cluster, "scontrol", "reconfigure")
    for window in ours.reservations.values():
        ask(cluster, *shlex.split(reservation_command(window, window.start, ours.time_zone)))
    seen = reading.read(LocalRunner(cluster.environment), ours)
    assert [(str(c.address), c.fields) for c in diff.diff(ours, seen)] == []

"""The demo where no cluster can run: it says in one line why, and leaves the specs alone."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest

from srcnet_compiler.demo import shared_cluster, slurm_clusters
from srcnet_compiler.demo.converging import Run
from srcnet_compiler.demo.show import Show


def now() -> datetime:
    return datetime(2026, 10, 1, tzinfo=UTC)


def test_without_the_packages_of_slurm_the_cluster_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    specs, programs = tmp_path / "specs", tmp_path / "bin"
    specs.mkdir()
    programs.mkdir()
    monkeypatch.setattr(slurm_clusters, "PATH", str(programs))
    said: list[str] = []
    show = Show(said.append, said.append, said.append, lambda total: nullcontext(lambda step: None))
    assert shared_cluster.join(Run(specs, now().date(), now, show)) == ()
    (line,) = [text for text in said if text.startswith("left out: ")]
    assert line.count("\n") == 1
    assert "Debian" in line
    assert not list(specs.iterdir())

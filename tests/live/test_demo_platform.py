"""The demo's Kubernetes part: a service on a shared cluster, and the other tenant sees nothing."""

from __future__ import annotations

import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest
from apply_process import now
from specs import REAL

from srcnet_compiler.demo import shared_platform
from srcnet_compiler.demo.converging import Run
from srcnet_compiler.demo.show import Show
from srcnet_compiler.names import SPEC_FOLDERS

pytestmark = pytest.mark.live("kubernetes")


def test_a_site_runs_a_service_on_a_cluster_that_others_use_too(tmp_path: Path):
    for name in SPEC_FOLDERS:
        shutil.copytree(REAL / name, tmp_path / name)
    said: list[str] = []
    show = Show(said.append, said.append, said.append, lambda total: nullcontext(lambda step: None))
    run = Run(tmp_path, now().date(), now, show)
    (verdict,) = shared_platform.join(run, REAL / ".srcnet" / "kubernetes")
    assert verdict.is_converged
    text = "".join(said)
    assert "echo:latest: let in" not in text
    assert "registry.example.com/miner: let in" not in text
    assert "registry.example.org/srcnet/echo: let in" in text
    assert "to the byte: as before" in text

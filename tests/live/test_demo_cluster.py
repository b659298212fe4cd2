"""The demo's shared cluster: a site joins, a member computes, and the others see nothing of it."""

from __future__ import annotations

import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest
from apply_process import now
from specs import REAL

from srcnet_compiler.demo import shared_cluster
from srcnet_compiler.demo.converging import Run
from srcnet_compiler.demo.show import Show
from srcnet_compiler.names import SPEC_FOLDERS

pytestmark = [pytest.mark.live("slurm"), pytest.mark.live("sshd")]


def test_a_site_joins_with_a_cluster_on_which_others_compute(tmp_path: Path):
    for name in SPEC_FOLDERS:
        shutil.copytree(REAL / name, tmp_path / name)
    said: list[str] = []
    show = Show(said.append, said.append, said.append, lambda total: nullcontext(lambda step: None))
    (verdict,) = shared_cluster.join(Run(tmp_path, now().date(), now, show))
    assert verdict.is_converged
    assert verdict.waiting == ()
    text = "".join(said)
    assert text.count("of account astro: RUNNING") == 2
    assert "of account ska-eor: COMPLETED" in text
    assert "reconfigure" in text, "the plan says what becomes of the daemon"
    assert "Only the administrators of CHSRC-CSCS.alps can do this" in text

"""Some of the experiments on what changes cost, made again: they come out as they are recorded."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import need

from experiments.slurm_cost.case import Case
from experiments.slurm_cost.cases import CASES
from experiments.slurm_cost.derive import trial
from experiments.slurm_cost.trial import record, version
from srcnet_compiler.targets.slurm.model.measured import TRIALS

pytestmark = pytest.mark.live("slurm")

QUICK = (
    *("account-new", "association-removed-running", "partition-new", "partition-removed-pending"),
    *("scontrol-create", "node-new"),
)
"""Each outcome once, and what does not last (25 s each)."""
AGAIN = [case for case in CASES if case.name in QUICK]


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.name in QUICK], ids=lambda c: c.name
)
def test_a_change_costs_what_is_recorded(case: Case, tmp_path: Path):
    here = version()
    known = [each for each in TRIALS if (each.case, each.version) == (case.name, here)]
    need("slurm", None if known else f"of Slurm {here}, which runs here, nothing is recorded")
    found = trial(record(case, tmp_path / "cluster"), here)
    for fact in ("outcome", "lasts", "refused", "exits", "starts", "locks_out", "ours"):
        assert getattr(found, fact) == getattr(known[0], fact), fact
    assert found.others_go_on

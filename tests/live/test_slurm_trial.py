"""A plan whose partitions the site's own Slurm would not take says so, at the line of the spec."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from apply_process import now
from specs import REAL

from srcnet_compiler.converge import make_plan, objections, reach, systems_of
from srcnet_compiler.demo import shared_cluster
from srcnet_compiler.demo.shared_cluster import SITE, SPEC
from srcnet_compiler.demo.slurm_fingerprint import fingerprint
from srcnet_compiler.names import SPEC_FOLDERS
from srcnet_compiler.pipeline import compile_specs
from srcnet_compiler.plan.model import Plan

pytestmark = [pytest.mark.live("slurm"), pytest.mark.live("sshd")]


def plan_of(specs: Path) -> tuple[Plan, tuple[str, ...]]:
    """The plan, and where the reasons to refuse it are."""
    compiled = compile_specs(specs, now().date())
    assert not compiled.failed
    with reach(compiled, {}, systems_of(compiled, SITE)) as systems:
        plan = make_plan(compiled, systems, frozenset())
    refused = objections(plan, compiled, now().date())
    return plan, tuple(str(found.labels[0].span) for found in refused)


def test_what_the_daemon_would_not_take_points_at_the_spec(tmp_path: Path):
    for name in SPEC_FOLDERS:
        shutil.copytree(REAL / name, tmp_path / name)
    with shared_cluster.running(tmp_path / "cluster", lambda line: None) as shared:
        before = fingerprint(shared.cluster)
        shared_cluster.describe(tmp_path, shared)
        plan, refused = plan_of(tmp_path)
        assert plan.findings == ()
        assert refused == ()

        path = tmp_path / SPEC
        good = path.read_text("utf-8")
        path.write_text(good.replace('names: "s[1-2]"', 'names: "s[1-9]"'), "utf-8")
        plan, refused = plan_of(tmp_path)
        said = [found for found in plan.findings if found.message.startswith("slurmctld says: ")]
        assert said
        assert {found.labels[0].span.file.split("/")[0] for found in said} <= set(SPEC_FOLDERS)
        assert refused

        assert before.differences(fingerprint(shared.cluster)) == ()

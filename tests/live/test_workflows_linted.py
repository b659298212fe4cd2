"""The workflows that are compiled, before the linter that people use for theirs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conftest import ACTIONLINT

from srcnet_compiler.pipeline import Compiled
from srcnet_compiler.targets.cicd import TARGET

pytestmark = pytest.mark.live("actionlint")


def test_a_linter_of_workflows_finds_nothing(golden: Compiled, tmp_path: Path):
    (forge,) = (each.model for each in golden.pipelines if each.model.instance == "github")
    (tmp_path / ".git").mkdir()
    for artifact in TARGET.emit(forge):
        path = tmp_path / Path(*artifact.path.parts[2:])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(artifact.content)
    # sites have runners with labels of their own
    command = [ACTIONLINT, "-no-color", "-ignore", 'label "(cscs|self-hosted)" is unknown']
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

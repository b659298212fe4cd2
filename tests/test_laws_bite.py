"""A law is worth having when a broken line makes its test fail: each is broken, and must."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from law_breaks import BREAKS, Break
from specs import REAL

from srcnet_compiler.demo.rucio_venv import OVERRIDE

NOT_COPIED = shutil.ignore_patterns(
    *(".*cache", "__pycache__", ".git", ".venv", ".srcnet", "build", "dist", "benchmarks")
)
PATIENCE = 900
OPTIONS = ("-p", "no:cacheprovider", "--hypothesis-profile", "broken")
BUILT = ".srcnet/kubernetes"
"""Where the API server is that has been built."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, to be broken; what runs in it finds this code before the one installed."""
    folder = tmp_path_factory.mktemp("broken") / "project"
    shutil.copytree(REAL, folder, ignore=NOT_COPIED)
    (folder / BUILT).parent.mkdir()
    (folder / BUILT).symlink_to(REAL / BUILT)
    return folder


def test_every_law_that_is_built_has_a_line_that_it_guards():
    assert {each.law for each in BREAKS} == {*range(1, 10)}


@pytest.mark.parametrize("broken", [b for b in BREAKS if b.live is None], ids=lambda b: b.label)
def test_a_broken_line_is_noticed(broken: Break, copy: Path):
    assert_noticed(broken, copy)


@pytest.mark.live("rucio")
@pytest.mark.parametrize("broken", [b for b in BREAKS if b.live == "rucio"], ids=lambda b: b.label)
def test_a_broken_line_is_noticed_on_a_real_rucio(broken: Break, copy: Path):
    assert_noticed(broken, copy)


@pytest.mark.live("slurm")
@pytest.mark.parametrize("broken", [b for b in BREAKS if b.live == "slurm"], ids=lambda b: b.label)
def test_a_broken_line_is_noticed_on_a_real_cluster(broken: Break, copy: Path):
    assert_noticed(broken, copy)


@pytest.mark.live("kubernetes")
@pytest.mark.parametrize(
    "broken", [b for b in BREAKS if b.live == "kubernetes"], ids=lambda b: b.label
)
def test_a_broken_line_is_noticed_on_a_real_api_server(broken: Break, copy: Path):
    assert_noticed(broken, copy)


def assert_noticed(broken: Break, copy: Path) -> None:
    """The test of the law fails: as a test does, and not because nothing can be run any more."""
    path = copy / broken.file
    whole = path.read_text("utf-8")
    assert whole.count(broken.line) == 1, (
        f"{broken.file} has no longer, or not once:\n{broken.line}"
    )
    path.write_text(whole.replace(broken.line, broken.instead), "utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", *OPTIONS, broken.test],
            cwd=copy,
            env={
                **os.environ,
                "PYTHONPATH": str(copy),
                "PYTHONDONTWRITEBYTECODE": "1",
                OVERRIDE: os.environ.get(OVERRIDE, str(REAL / ".srcnet" / "rucio-server")),
            },
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    finally:
        path.write_text(whole, "utf-8")
    assert done.returncode == 1, "nobody noticed\n" + done.stdout[-3000:] + done.stderr[-1000:]
    assert "1 failed" in done.stdout

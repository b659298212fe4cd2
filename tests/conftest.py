"""What all tests share: the specs of this repository and of the golden federation, compiled."""

import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from specs import GOLDEN, REAL, compiled

from srcnet_compiler.pipeline import Compiled

# A slow machine is no failure; `--hypothesis-profile thorough` looks longer.
settings.register_profile("quick", max_examples=40, deadline=None)
settings.register_profile(
    "thorough", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
# For a test that is to fail: the same examples each time, and the first that fails will do.
settings.register_profile(
    "broken",
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile("quick")

TOGETHER = {"sshd": "slurm"}
"""Systems whose tests share what another's have brought up."""
SHARED_RUCIO = {"rucio", "rucio_sqlite", "rucio_postgresql"}


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """Where tests run side by side, those that share a real system run one after another."""
    for item in items:
        systems = {name for mark in item.iter_markers("live") for name in mark.args}
        if systems:
            item.add_marker(pytest.mark.xdist_group(_group(item, systems)))
    yield  # who groups them by these marks is also among the first


def _group(item: pytest.Item, systems: set[str]) -> str:
    """What needs several systems goes with the last by name. A module with Rucios of its own waits
    for no other."""
    group = max(TOGETHER.get(name, name) for name in systems)
    if group == "rucio" and SHARED_RUCIO.isdisjoint(getattr(item, "fixturenames", ())):
        return f"rucio of {item.path.stem}"
    return group


# What is started in the background of a shell is born deaf to ^C, and so are its children.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def golden() -> Compiled:
    return compiled(GOLDEN)


@pytest.fixture(scope="session")
def real() -> Compiled:
    return compiled(REAL)


@pytest.fixture
def write(tmp_path: Path):
    """Write spec files below a folder of the test's own; gives that folder."""

    def write_files(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return tmp_path

    return write_files

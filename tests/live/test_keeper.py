"""Nothing that a daemon leaves behind outlives it, or whoever started it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from process_table import descendants, is_running, wait_for_end

from srcnet_compiler.demo.processes import clean_environment, end, spawn_kept, wait_until

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="orphans come back to a keeper on Linux alone"
)

# a daemon with a job that leaves its session and loses its parent, as a batch system's jobs do
DAEMON = "(setsid sh -c 'sleep 600 & sleep 600' & ) ; setsid sleep 600 & echo ready; "
WAITS = "trap 'echo asked; exit 3' TERM; sleep 600 & wait $!"


def start(tmp_path: Path, then: str) -> tuple[subprocess.Popen[bytes], set[int]]:
    log = tmp_path / "daemon.log"
    keeper = spawn_kept(["sh", "-c", DAEMON + then], env=clean_environment(), log=log)
    wait_until(
        lambda: len(descendants({keeper.pid})) >= 5 or keeper.poll() is not None,
        what="the daemon",
        log=log,
        seconds=30,
    )
    return keeper, descendants({keeper.pid})


def test_a_daemon_that_is_asked_may_end_well_and_its_orphans_end_with_it(tmp_path: Path):
    keeper, family = start(tmp_path, WAITS)
    keeper.send_signal(signal.SIGTERM)
    assert keeper.wait(30) == 3
    assert "asked" in (tmp_path / "daemon.log").read_text()
    assert not any(map(is_running, family))


def test_a_kill_takes_them_all_at_once(tmp_path: Path):
    keeper, family = start(tmp_path, "trap '' TERM; " + WAITS)
    end(keeper, signal.SIGQUIT)
    assert keeper.returncode == 128 + signal.SIGKILL
    assert "asked" not in (tmp_path / "daemon.log").read_text()
    assert not any(map(is_running, family))


def test_a_daemon_that_ends_by_itself_leaves_nothing(tmp_path: Path):
    keeper, family = start(tmp_path, "sleep 0.5; exit 7")
    assert keeper.wait(30) == 7
    assert not any(map(is_running, family))


def test_who_is_killed_takes_daemon_and_orphans_along(tmp_path: Path):
    program = (
        "import sys, time; from pathlib import Path;"
        "from srcnet_compiler.demo.processes import clean_environment, spawn_kept;"
        "keeper = spawn_kept(['sh', '-c', sys.argv[1]], env=clean_environment(),"
        " log=Path(sys.argv[2])); time.sleep(1); print(keeper.pid, flush=True); time.sleep(600)"
    )
    argv = [sys.executable, "-c", program, DAEMON + WAITS, tmp_path / "daemon.log"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as parent:
        keeper = int(parent.stdout.readline())
        family = {keeper} | descendants({keeper})
        assert len(family) >= 5
        parent.send_signal(signal.SIGKILL)
    for each in family:
        wait_for_end(each)

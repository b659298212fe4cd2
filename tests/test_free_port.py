"""Ports for servers of tests and demos: no two that start at the same time are given the same."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import count

import pytest
from specs import REAL

from srcnet_compiler.demo import processes
from srcnet_compiler.demo.processes import ServerError, free_port

WORKER = int(re.sub("[^0-9]", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0)
RANGES = (
    range(start, start + 8) for start in count(processes.PORTS.start - 1000 + 100 * WORKER, 8)
)
"""Of so few ports two who choose at random would soon choose the same."""
OTHER = """\
import sys
from srcnet_compiler.demo import processes
processes.PORTS = range(int(sys.argv[1]), int(sys.argv[2]))
print(processes.free_port(), processes.free_port(), processes.free_port(), flush=True)
sys.stdin.read()
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ports are held as Linux can")


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> range:
    """The only ports there are, which no other test has been given."""
    few = next(RANGES)
    monkeypatch.setattr(processes, "PORTS", few)
    return few


def test_one_program_is_never_given_the_same_port_twice():
    given = [free_port() for _ in range(3)]
    assert len({*given}) == 3


def test_two_programs_are_not_given_the_same_port_before_they_listen_there(few: range):
    command = [sys.executable, "-c", OTHER, str(few.start), str(few.stop)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REAL
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        theirs = {int(port) for port in other.stdout.readline().split()}
        ours = {free_port() for _ in range(3)}
        assert len(theirs | ours) == 6
        other.stdin.close()


def test_who_takes_all_is_told(few: range):
    assert {free_port() for _ in few} == {*few}
    with pytest.raises(ServerError, match="no free port"):
        free_port()

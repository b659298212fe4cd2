"""What we start ends with us, as far as the machine allows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from srcnet_compiler.apply.fence import Fence, best_fence, fenced, remark

# Starts behind the fence a process that starts another in a session of its own, as Ansible does.
CHAIN = """
import subprocess, sys, time
from srcnet_compiler.apply.fence import Fence, fenced
inner = "import os, time; os.setsid(); print('up', flush=True); time.sleep(60)"
outer = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1], sys.argv[2]])"
command = [sys.executable, "-c", outer, inner, sys.argv[2]]
subprocess.run(fenced(Fence(sys.argv[1]), command), env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"})
"""


def marked(mark: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(
    best_fence() not in (Fence.NAMESPACE, Fence.USER_NAMESPACE),
    reason="this machine allows no process namespace",
)
def test_with_us_dies_all_that_we_have_started_behind_the_fence():
    mark = f"fence-{os.getpid()}-{time.time_ns()}"
    process = subprocess.Popen(
        [sys.executable, "-c", CHAIN, best_fence().value, mark],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    assert len(marked(mark)) >= 3
    process.send_signal(signal.SIGKILL)
    process.wait()
    for _ in range(100):
        if not marked(mark):
            break
        time.sleep(0.05)
    living = marked(mark)
    for each in living:
        os.kill(each, signal.SIGKILL)
    process.stdout.close()
    assert living == []


@pytest.mark.parametrize("fence", [Fence.LEASH, Fence.NONE])
def test_without_a_namespace_the_command_is_run_all_the_same_and_the_user_is_told(fence: Fence):
    ran = subprocess.run(
        fenced(fence, ["sh", "-c", 'echo "$1"', "-", "a b"]),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "a b\n"
    assert "no process namespace" in (remark(fence) or "")


def test_a_fence_of_no_known_kind_runs_nothing():
    command = fenced(Fence.NONE, ["echo", "ran"])
    ran = subprocess.run(
        ["moat" if each == "none" else each for each in command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (64, "")

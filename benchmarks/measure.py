"""What a process takes from start to end: elapsed time, processor time, memory."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
SRCNET = (sys.executable, "-c", "from srcnet_compiler.cli import main; main()")
"""What the installed `srcnet` does."""


@dataclass(frozen=True, slots=True)
class Task:
    """A command; `before` is called ahead of each run, and its time does not count.

    With `tells_parts` the last line that the command prints is JSON, seconds by part.
    """

    command: Sequence[str]
    before: Callable[[], None] = lambda: None
    tells_parts: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians over the runs in seconds, of children's children too; the highest memory in MB."""

    wall: float
    cpu: float
    memory: float
    runs: int
    parts: Mapping[str, float] = field(default_factory=dict)


def measure(task: Task, runs: int, log: Path) -> Measured:
    """Run the task once to warm the caches of files and bytecode, then `runs` times.

    Linux counts what we hold ourselves when a child starts as the child's: keep this process small.
    Raises RuntimeError, with the end of what was said, when a run fails.
    """
    found = [_run(task, log) for _ in range(runs + 1)][1:]
    parts = {name: median(one[3][name] for one in found) for name in found[0][3]}
    return Measured(
        wall=median(one[0] for one in found),
        cpu=median(one[1] for one in found),
        memory=max(one[2] for one in found),
        runs=runs,
        parts=parts,
    )


def _run(task: Task, log: Path) -> tuple[float, float, float, dict[str, float]]:
    task.before()
    with log.open("wb") as said:
        begin = time.perf_counter()
        process = subprocess.Popen(
            task.command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment()
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    text = log.read_text("utf-8", "replace")
    if process.returncode != 0:
        raise RuntimeError(f"exit {process.returncode} of {' '.join(task.command)}\n{text[-2000:]}")
    parts = json.loads(text.splitlines()[-1]) if task.tells_parts else {}
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, parts


def environment() -> dict[str, str]:
    """Ours, in which this checkout can be imported from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}

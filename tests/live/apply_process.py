"""Carries out a plan in a process of its own, to be killed; and what is seen of it from outside.

Run as a program it reads {"plan": text, "state": place, "connections": ...} from its standard
input, writes the receipt to its standard output, and ends with the receipt's exit code.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from apply_cases import KEY

from srcnet_compiler.apply.receipt import Receipt, as_json, exit_code
from srcnet_compiler.apply.run import apply_plan
from srcnet_compiler.apply.shared import open_shared
from srcnet_compiler.apply.state import LockHeldError, StateError, StateStore
from srcnet_compiler.apply.store import Store
from srcnet_compiler.change import Json
from srcnet_compiler.plan.file import digest, from_json, to_json
from srcnet_compiler.plan.model import Plan

Connections = Mapping[str, Mapping[str, Json]]
PATIENCE = 420
PROJECT = Path(__file__).parents[2]


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - here is where time comes from


@dataclass(frozen=True, slots=True)
class Runner:
    """A machine whose state is in a git ref; it comes `hours` after now."""

    folder: Path
    remote: Path
    hours: int = 0

    def store(self) -> Store:
        return open_shared(self.folder, str(self.remote), "refs/srcnet/state")


def main() -> int:
    order = json.load(sys.stdin)
    store: Store = StateStore(Path(order["state"]))
    later = timedelta(hours=order["hours"])
    if "remote" in order:
        store = Runner(Path(order["state"]), Path(order["remote"])).store()
    plan = from_json(order["plan"])
    print("ready", file=sys.stderr, flush=True)
    try:
        receipt = apply_plan(
            plan,
            digest=digest(plan),
            store=store,
            connections=order["connections"],
            clock=lambda: now() + later,
            progress=lambda step: print(step.status, file=sys.stderr, flush=True),
        )
    except LockHeldError as held:
        print(held, file=sys.stderr)
        return 5
    except StateError as error:
        print(error, file=sys.stderr)
        return 74
    print(as_json(receipt))
    return exit_code(receipt)


def start(plan: Plan, state: Path | Runner, connections: Connections) -> subprocess.Popen[str]:
    """Begin to apply; what it says comes from its pipes."""
    process = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        start_new_session=True,
    )
    assert process.stdin is not None
    order: dict[str, Any] = {"plan": to_json(plan), "connections": connections}
    if isinstance(state, Path):
        order |= {"state": str(state), "hours": 0}
    else:
        order |= {"state": str(state.folder), "hours": state.hours, "remote": str(state.remote)}
    process.stdin.write(json.dumps(order))
    process.stdin.close()
    process.stdin = None
    return process


def to_end(process: subprocess.Popen[str]) -> tuple[int, Json, str]:
    """Wait for its end: exit code, receipt (None: there is none), what it said."""
    try:
        out, said = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    return process.returncode, json.loads(out) if out.strip() else None, said


def carry_out(
    plan: Plan, state: Path, reached: Mapping[str, Json], *, rehearsal: bool = False, **more: Any
) -> Receipt:
    """In this process."""
    return apply_plan(
        plan,
        digest=digest(plan),
        store=StateStore(state),
        connections={KEY: reached},
        clock=now,
        rehearsal=rehearsal,
        **more,
    )


@dataclass(frozen=True, slots=True)
class Running:
    """A process as it was seen; `started` tells it from a later one with its number."""

    pid: int
    parent: int
    started: str

    @property
    def lives(self) -> bool:
        found = _stat(self.pid)
        return found is not None and found.started == self.started


def descendants(pid: int) -> tuple[Running, ...]:
    """All that came from this process and still runs, parents before children; without itself."""
    children: dict[int, list[Running]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (found := _stat(int(entry.name))) is not None:
            children.setdefault(found.parent, []).append(found)
    order: list[Running] = []
    ahead = [pid]
    while ahead:
        below = children.get(ahead.pop(0), [])
        order += below
        ahead += [each.pid for each in below]
    return tuple(order)


def _stat(pid: int) -> Running | None:
    """None for what does not run: gone, or dead and not yet buried."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (OSError, ProcessLookupError):
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else Running(pid, int(fields[1]), fields[19])


def survivors(seen: tuple[Running, ...], patience: float = 10) -> tuple[str, ...]:
    """The command lines of those that still run after so many seconds."""
    deadline = time.monotonic() + patience
    while (living := [each for each in seen if each.lives]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return tuple(command_line(each.pid) for each in living)


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main())

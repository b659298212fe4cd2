"""What runs on this machine, by /proc: families of processes, and whether they are gone."""

from __future__ import annotations

import os
from pathlib import Path

from srcnet_compiler.demo.processes import wait_until


def descendants(family: set[int]) -> set[int]:
    children: dict[int, set[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and is_running(int(entry.name)):
            children.setdefault(parent_of(int(entry.name)), set()).add(int(entry.name))
    found, todo = set(), set(family)
    while todo:
        below = children.get(todo.pop(), set()) - found
        found |= below
        todo |= below
    return found


def status(pid: int) -> list[str]:
    """State, parent and on, from /proc/PID/stat; a process that is gone is a zombie to us."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return ["Z", "0"]


def is_running(pid: int) -> bool:
    return status(pid)[0] != "Z"


def parent_of(pid: int) -> int:
    return int(status(pid)[1])


def wait_for_end(pid: int) -> None:
    wait_until(lambda: not is_running(pid), what=f"process {pid}", log=Path(os.devnull), seconds=30)

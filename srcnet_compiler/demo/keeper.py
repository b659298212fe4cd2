"""Runs a daemon whose children leave it on purpose, and ends them all when it ends, or when we do.

A batch daemon's jobs outlive it: they leave its session, and when it dies they get a new parent.
Here that parent is the keeper, which goes only when the kernel says that it has no child left.
A script of its own, `keeper.py COMMAND…`, with the standard library alone; needs Linux.

SIGTERM asks the daemon to end, and kills after ten seconds; SIGQUIT kills at once. In both cases,
and when the daemon ends by itself, everything that descends from it is killed.
Source: prctl(2) PR_SET_CHILD_SUBREAPER.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
PATIENCE = 10


def main(argv: list[str]) -> int:
    """Run the command; its exit status, or 128 and the signal that ended it."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        print(f"prctl: {os.strerror(ctypes.get_errno())}", file=sys.stderr)
        return 70
    stop_signals = (signal.SIGTERM, signal.SIGQUIT, signal.SIGALRM)
    signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)
    daemon = subprocess.Popen(
        argv, preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, stop_signals)
    )

    def ask(*_: object) -> None:
        daemon.send_signal(signal.SIGTERM)
        signal.alarm(PATIENCE)

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGQUIT, lambda *_: daemon.kill())
    signal.signal(signal.SIGALRM, lambda *_: daemon.kill())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, stop_signals)
    status = _wait_for(daemon.pid)
    _end_descendants()
    return status if status >= 0 else 128 - status


def _wait_for(daemon: int) -> int:
    """The daemon's exit code, reaping its orphans meanwhile; negative: the signal's number."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == daemon:
            return os.waitstatus_to_exitcode(status)


def _end_descendants() -> None:
    while True:
        for pid in _descendants(os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            while os.waitpid(-1, os.WNOHANG)[0] != 0:
                pass
        except ChildProcessError:
            return  # no child left, hence no descendant: orphans become our children
        time.sleep(0.01)


def _descendants(ancestor: int) -> set[int]:
    children: dict[int, set[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            children.setdefault(_parent(entry), set()).add(int(entry.name))
    found: set[int] = set()
    todo = {ancestor}
    while todo:
        below = children.get(todo.pop(), set()) - found
        found |= below
        todo |= below
    return found


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text(errors="replace").rpartition(") ")[2].split()[1])
    except OSError:
        return 0  # gone meanwhile


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

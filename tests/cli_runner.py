"""srcnet as people run it: a process of its own, what it said and how it ended."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from specs import GOLDEN, REAL

COMMAND = (sys.executable, "-c", "from srcnet_compiler.cli import main; main()")
PATIENCE = 420
"""Seconds after which something hangs: a whole demo on a busy machine takes two minutes."""
TODAY = "2026-11-22"
QUESTION = b"[y/N]: "


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit code {self.code}\n{self.out}\n{self.err}"


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours, without what would set options of srcnet or lead it to a server."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SRCNET_", "RUCIO_", "BEARER_TOKEN", "PYTHON", "GITHUB_", "CI_"))
        and name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")
    }
    return {**kept, "PYTHONPATH": str(REAL), "PYTHONWARNINGS": "ignore", **(more or {})}


def srcnet(
    *args: str | Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    before: Sequence[str] = (),
    stdin: str = "",
) -> Ran:
    """Run it to its end. `before`: a program to run it under, with its arguments.

    Whatever happens, no user ever sees a traceback.
    """
    done = subprocess.run(
        [*before, *COMMAND, *map(str, args)],
        cwd=cwd,
        env=environment(env) | ({"PYTHONDONTWRITEBYTECODE": "1"} if before else {}),
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=PATIENCE,
        check=False,
    )
    ran = Ran(done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in ran.out + ran.err, ran
    assert "Exception ignored" not in ran.err, ran
    return ran


def begin(
    *args: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start it, in a session of its own; its streams are pipes."""
    return subprocess.Popen(
        [*COMMAND, *map(str, args)],
        cwd=cwd,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def to_end(process: subprocess.Popen[str]) -> Ran:
    """Wait for its end."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert "Traceback" not in out + err, err
    return Ran(process.returncode, out, err)


def on_a_terminal(
    *args: str | Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    typed: str = "",
    after: bytes = QUESTION,
) -> Ran:
    """How a command ends on a terminal of its own, and what it writes there, on both streams.

    The terminal is the one that controls the command, as it is where people type: ^C interrupts.
    """
    child, ours = pty.fork()
    if child == 0:
        try:
            os.chdir(cwd)
            arguments = [*COMMAND, *map(str, args)]
            os.execve(COMMAND[0], arguments, environment({"TERM": "xterm", **(env or {})}))
        finally:
            os._exit(127)
    try:
        written = _until_closed(ours, typed.encode(), after)
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(ours)
    return Ran(code, written.decode().replace("\r\n", "\n"), "")


def _until_closed(terminal: int, typed: bytes, after: bytes) -> bytes:
    """All that is written until the other end is closed.

    Once `after` is written something is typed, and typed again each second, as people do where
    nothing happens: Python does not hear a ^C that comes just before it begins to wait.
    """
    written, until = b"", time.monotonic() + PATIENCE
    answered = 0.0
    while time.monotonic() < until:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                written += os.read(terminal, 4096)
            except OSError:
                return written  # how Linux says that the other end is closed
        if typed and after in written and time.monotonic() > answered + 1:
            os.write(terminal, typed)
            answered = time.monotonic()
    raise TimeoutError(f"it does not end; it wrote {written!r}")


def golden_specs(folder: Path) -> Path:
    """A copy of the golden federation."""
    shutil.copytree(GOLDEN, folder)
    return folder


def edit(path: Path, before: str, after: str) -> None:
    """Replace what stands exactly once in a file."""
    text = path.read_text("utf-8")
    assert text.count(before) == 1, (path, before, text.count(before))
    path.write_text(text.replace(before, after), "utf-8")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below the folder, by its path from there."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }

"""Where the demo's child processes are started: each of them ends when we end, however that is."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

TAIL = 20
KEEPER = Path(__file__).with_name("keeper.py")
PRIVATE_FILE = 0o600

# Above the ports that want rights, below those that Linux gives to outgoing connections: a client
# that keeps knocking at a port of that range, while nobody listens, ends up connected to itself.
PORTS = range(15_000, 32_000)
KEPT_PORTS = 64


class ServerError(Exception):
    """A server did not come up as expected; says which and why, and how its log ends."""


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    log: Path,
    end_with: signal.Signals = signal.SIGKILL,
    user: str | None = None,
    pass_fds: Sequence[int] = (),
    pipes: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, which gets `end_with` when this process is no more.

    The kernel sends that signal when the starting *thread* ends, hence only the main thread may
    start one (RuntimeError otherwise). `user` needs root. With `pipes`, standard input and output
    are ours; what else it says goes to the log.
    Source: prctl(2) PR_SET_PDEATHSIG, by setpriv(1). Where there is no setpriv (not Linux), the
    child outlives a `kill -9`, but no other end.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("start servers from the main thread: they end with the thread")
    with private_append(log) as output:
        return subprocess.Popen(
            [*_with_leash(end_with, user), *argv],
            env=dict(env),
            stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
            stdout=subprocess.PIPE if pipes else output,
            stderr=output,
            cwd="/",
            pass_fds=pass_fds,
            start_new_session=True,  # a Ctrl-C is for us; we end the server ourselves
        )


def spawn_kept(
    argv: Sequence[str], *, env: Mapping[str, str], log: Path, user: str | None = None
) -> subprocess.Popen[bytes]:
    """As `spawn`, for a daemon whose children leave its session: they end with it, and with us.

    Ask it to end with SIGTERM, kill it with SIGQUIT: what is started is its keeper.
    """
    keeper = [sys.executable, "-I", "-S", str(KEEPER)]
    return spawn(
        [*keeper, *_with_leash(signal.SIGKILL, user), *argv],
        env=env,
        log=log,
        end_with=signal.SIGQUIT,
    )


def _with_leash(end_with: signal.Signals, user: str | None) -> list[str]:
    setpriv = shutil.which("setpriv", path=f"{os.environ.get('PATH', '')}:/usr/bin:/bin")
    if setpriv is None:
        return [] if user is None else ["runuser", "-u", user, "--"]
    leash = [setpriv, "--pdeathsig", end_with.name]
    return leash if user is None else [*leash, "--reuid", user, "--regid", user, "--init-groups"]


def as_user(user: str, *argv: str) -> list[str]:
    """A command that runs as another account, with its groups; needs root."""
    return ["setpriv", "--reuid", user, "--regid", user, "--init-groups", *argv]


def clean_environment(**more: str) -> dict[str, str]:
    """Our environment without what would lead a server astray: proxies, other servers' settings."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "USER", "LOGNAME")
    return {name: os.environ[name] for name in kept if name in os.environ} | more


def wait_until(
    ready: Callable[[], bool],
    *,
    what: str,
    log: Path,
    seconds: float,
    process: subprocess.Popen[bytes] | None = None,
) -> None:
    """Return when `ready()`; ServerError when it takes too long, or the process ends before."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process is not None and process.poll() is not None:
            raise failure(f"{what} ended with status {process.returncode} before it was ready", log)
        if time.monotonic() > deadline:
            raise failure(f"{what} was not ready after {seconds:.0f} s", log)
        time.sleep(0.05)


def end(process: subprocess.Popen[bytes], *signals: signal.Signals, seconds: float = 20) -> None:
    """Ask with each signal in turn, wait `seconds` after each, then kill its whole session."""
    for each in signals:
        if process.poll() is None:
            process.send_signal(each)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
    kill_session(process)


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """Kill -9 the process and the children that stayed in its session; reap the process."""
    if process.returncode is None or _session_lives(process.pid):
        signal_session(process, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def signal_session(process: subprocess.Popen[bytes], which: signal.Signals) -> None:
    """Send a signal to the process and the children that stayed in its session."""
    try:
        os.killpg(process.pid, which)
    except (ProcessLookupError, PermissionError):
        return  # gone, or another user's, which `end` has asked before


def _session_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def run(
    argv: Sequence[str], *, env: Mapping[str, str], log: Path, what: str, seconds: float
) -> None:
    """Run one command to its end, output to the log; ServerError unless it succeeds in time."""
    with private_append(log) as output:
        try:
            done = subprocess.run(
                argv,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise failure(f"{what} was not done after {seconds:.0f} s", log) from None
        except OSError as error:
            raise ServerError(f"{what}: {error}") from None
    if done.returncode != 0:
        raise failure(f"{what} ended with status {done.returncode}", log)


def failure(message: str, log: Path) -> ServerError:
    """The error with the last lines of the log, and where the rest is."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    tail = "\n".join(f"  {line}" for line in lines[-TAIL:]) or "  (empty)"
    return ServerError(f"{message}; the end of {log}:\n{tail}")


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on now, by trying to take it.

    No other program that asks here is given it, until its server has had time to listen there.
    """
    for port in random.sample(PORTS, min(100, len(PORTS))):
        try:
            held = _hold(port)
        except OSError:
            continue
        try:
            with listening_socket(port):
                _given.append(held)
        except OSError:
            os.close(held)
            continue
        if len(_given) > KEPT_PORTS:
            os.close(_given.popleft())
        return port
    raise ServerError(f"no free port on 127.0.0.1 between {PORTS.start} and {PORTS.stop}")


_given: deque[int] = deque()
"""Descriptors of what holds the ports given last."""


def _hold(port: int) -> int:
    """A descriptor of a name in the kernel that stands for the port until it is closed or we end;
    OSError if another program has it. Only Linux has such names."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as held:
        if sys.platform == "linux":
            held.bind(f"\0srcnet-port-{port}")
        return held.detach()


def listening_socket(port: int) -> socket.socket:
    """A socket that listens on the loopback address, to be handed to a server; OSError if taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(64)
    except OSError:
        listener.close()
        raise
    return listener


def write_private(path: Path, text: str) -> None:
    """Create a file that only we can read; it must not exist yet."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


@contextmanager
def private_append(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that only we can read, to write at its end."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
    with os.fdopen(descriptor, "ab") as file:
        yield file

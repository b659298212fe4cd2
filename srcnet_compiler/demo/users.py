"""Accounts of this machine for jobs to run as: made where they are missing, removed after the last.

A batch daemon starts a job as its user, who must exist. Several harnesses on one machine use the
same accounts, each holding a lock; who finds itself alone at its end removes those that bear our
mark, a killed one's too. An account that was there before is used, and never removed.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from srcnet_compiler.demo.processes import ServerError, clean_environment

MARK = "made by srcnet tests"
LOCK = Path("/run/srcnet-test-users.lock")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
RETRIES = 50  # another program may be changing the list of accounts


@contextmanager
def present(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Accounts of these names exist inside; gives those of them that are made by us."""
    lock = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        for name in names:
            if _find(name) is None:
                _change("useradd", *_OPTIONS, name)
        yield tuple(name for name in names if _is_ours(name))
    finally:
        _leave(lock)


_OPTIONS = (
    *("--system", "--user-group", "--no-create-home", "--home-dir", "/tmp"),
    *("--shell", "/bin/sh", "--comment", MARK),
    *("--password", "*"),
)


def _leave(lock: int) -> None:
    """Remove what bears our mark, unless another harness is still there."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    else:
        for account in pwd.getpwall():
            if account.pw_gecos == MARK:
                _end_jobs(account.pw_name)
                _change("userdel", account.pw_name)
    finally:
        os.close(lock)


def _end_jobs(name: str) -> None:
    """A killed daemon's job goes on, and whose processes run cannot be removed."""
    command = ["pkill", "-KILL", "-u", name]
    subprocess.run(command, env=clean_environment(PATH=PATH), capture_output=True, check=False)


def _find(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _is_ours(name: str) -> bool:
    account = _find(name)
    return account is not None and account.pw_gecos == MARK


def _change(program: str, *arguments: str) -> None:
    """Make or remove the account named last; that another harness was faster is as good."""
    wanted, name = program == "useradd", arguments[-1]
    for _ in range(RETRIES):
        done = subprocess.run(
            [program, *arguments],
            env=clean_environment(PATH=PATH),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0 or (_find(name) is not None) == wanted:
            return
        time.sleep(0.1)
    raise ServerError(f"{program} {name}: {done.stderr.strip()}")

"""A PostgreSQL of our own on loopback, from the packages' programs, for as long as we live."""

from __future__ import annotations

import fcntl
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from srcnet_compiler.demo.processes import (
    ServerError,
    clean_environment,
    end,
    free_port,
    run,
    spawn,
    wait_until,
)

DEBIAN = Path("/usr/lib/postgresql")
PREFIX = "srcnet-postgresql-"
# A database that lives for minutes need not survive a power cut.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running PostgreSQL; `password` is of its superuser `rucio`, the database is `postgres`."""

    port: int
    data: Path
    log: Path
    password: str = field(repr=False)
    process: subprocess.Popen[bytes] = field(repr=False, compare=False)
    outside: _Outside | None = field(default=None, repr=False)  # when `data` cannot be in ours

    @property
    def url(self) -> str:
        """For SQLAlchemy, with the password."""
        return f"postgresql+psycopg://rucio:{self.password}@127.0.0.1:{self.port}/postgres"


def find_binaries() -> Path | None:
    """The folder with `initdb` and `postgres`, the newest version that is installed."""
    on_path = shutil.which("initdb")
    if on_path is not None and shutil.which("postgres") is not None:
        return Path(on_path).resolve().parent
    found = [folder for folder in DEBIAN.glob("*/bin") if (folder / "initdb").is_file()]
    return max(found, key=_version, default=None)


def _version(binaries: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", binaries.parent.name))


def start(folder: Path) -> Postgres:
    """Make a new cluster and start it; `folder` must exist and gets the log."""
    binaries = find_binaries()
    if binaries is None:
        raise ServerError("PostgreSQL is not installed; on Debian: apt-get install postgresql")
    log = folder / "log" / "postgresql.log"
    user = _account()
    if user is None:
        outside, home = None, folder / "postgresql"
        home.mkdir(mode=0o700)
    else:
        # PostgreSQL refuses root, and its own account may not be able to reach our folder.
        outside = _Outside.make(pwd.getpwnam(user))
        home = outside.folder
    try:
        password = _initialise(binaries, home, log, user)
        port = free_port()
        process = _launch(binaries, home / "data", port, log, user)
    except BaseException:
        if outside is not None:
            outside.remove()
        raise
    return Postgres(port, home / "data", log, password, process, outside)


def stop(postgres: Postgres) -> None:
    """End it, politely first, and remove what lies outside the caller's folder."""
    end(postgres.process, signal.SIGINT, signal.SIGQUIT)
    if postgres.outside is not None:
        postgres.outside.remove()


@dataclass(frozen=True, slots=True)
class _Outside:
    """A folder that PostgreSQL's account can reach, and our lock on it, which ends with us."""

    folder: Path
    lock: int

    @classmethod
    def make(cls, user: pwd.struct_passwd) -> _Outside:
        """Make one, and remove those whose owners were killed before they could."""
        parent = _reachable_by_all()
        for left in parent.glob(f"{PREFIX}*/lock"):
            if left.parent.stat().st_uid == user.pw_uid and (lock := _lock(left)) is not None:
                cls(left.parent, lock).remove()
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        os.chown(folder, user.pw_uid, user.pw_gid)
        lock = _lock(folder / "lock")
        if lock is None:
            raise ServerError(f"{folder} was taken by another process")
        return cls(folder, lock)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self.lock)


def _lock(path: Path) -> int | None:
    """A descriptor that holds the lock on the file; None when another process holds it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _account() -> str | None:
    """The account to run as when we are root; None: our own."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise ServerError("PostgreSQL refuses to run as root, and there is no account `postgres`")


def _reachable_by_all() -> Path:
    for folder in (Path("/var/tmp"), Path("/tmp")):
        if folder.is_dir() and folder.stat().st_mode & 0o1007 == 0o1007:
            return folder
    raise ServerError("neither /var/tmp nor /tmp is a folder that every account can write")


def _initialise(binaries: Path, home: Path, log: Path, user: str | None) -> str:
    password = secrets.token_hex(16)
    secret = home / "password"
    descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(password)
    if user is not None:
        os.chown(secret, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    run(
        [
            *([] if user is None else ["runuser", "-u", user, "--"]),
            str(binaries / "initdb"),
            *("-D", str(home / "data"), "-U", "rucio", "--pwfile", str(secret)),
            *("-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
        ],
        env=clean_environment(),
        log=log,
        what="making the PostgreSQL cluster",
        seconds=120,
    )
    secret.unlink()
    return password


def _launch(
    binaries: Path, data: Path, port: int, log: Path, user: str | None
) -> subprocess.Popen[bytes]:
    settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    process = spawn(
        [str(binaries / "postgres"), "-D", str(data), "-p", str(port), *settings],
        env=clean_environment(),
        log=log,
        end_with=signal.SIGQUIT,  # ends at once, and leaves no shared memory behind
        user=user,
    )
    asking = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    try:
        wait_until(
            lambda: subprocess.run(asking, check=False, cwd="/").returncode == 0,
            process=process,
            what="PostgreSQL",
            log=log,
            seconds=60,
        )
    except BaseException:
        end(process, signal.SIGQUIT)
        raise
    return process

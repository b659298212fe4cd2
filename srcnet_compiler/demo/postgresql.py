"""A PostgreSQL of our own on loopback, from the packages' programs, for as long as we live."""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from srcnet_compiler.demo.outside import Outside
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
    outside: Outside | None = field(default=None, repr=False)  # when `data` cannot be in ours

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
        outside = Outside.make(PREFIX, owner=pwd.getpwnam(user))
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

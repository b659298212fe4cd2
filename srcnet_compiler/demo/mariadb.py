"""A MariaDB of our own on loopback, from the packages' programs, for as long as we live."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from srcnet_compiler.demo.processes import as_user, clean_environment, failure, run

PROGRAMS = ("mariadbd", "mariadb-install-db", "mariadb")
# A database that lives for minutes need not survive a power cut.
SETTINGS = {
    "bind-address": "127.0.0.1",
    "innodb-buffer-pool-size": "64M",
    "innodb-log-file-size": "32M",
    "innodb-lock-wait-timeout": "900",  # slurmdbd asks for it
    "innodb-flush-log-at-trx-commit": "0",
    "innodb-flush-method": "nosync",
    "performance-schema": "off",
    "skip-name-resolve": "on",
}


@dataclass(frozen=True, slots=True)
class MariaDb:
    """Where a database is; its only account that comes by TCP is `slurm`, with `password`."""

    folder: Path
    user: str
    port: int
    password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)

    @property
    def socket(self) -> Path:
        return self.folder / "socket"


def make(database: MariaDb, log: Path) -> None:
    """Make the system tables in the folder, which must be empty and the account's own."""
    run(
        as_user(
            database.user,
            *(_program("mariadb-install-db"), "--no-defaults", f"--user={database.user}"),
            *(f"--datadir={database.folder / 'data'}", "--skip-test-db", "--skip-name-resolve"),
            *(
                "--auth-root-authentication-method=socket",
                f"--auth-root-socket-user={database.user}",
            ),
        ),
        env=clean_environment(),
        log=log,
        what="making MariaDB's tables",
        seconds=120,
    )


def command(database: MariaDb) -> tuple[str, ...]:
    """What starts it, as its account."""
    return (
        *(_program("mariadbd"), "--no-defaults", f"--datadir={database.folder / 'data'}"),
        *(f"--socket={database.socket}", f"--pid-file={database.folder / 'pid'}"),
        *(f"--port={database.port}", *(f"--{name}={value}" for name, value in SETTINGS.items())),
    )


def answers(database: MariaDb) -> bool:
    return _sql(database, "SELECT 1").returncode == 0


def add_account(database: MariaDb, schema: str, log: Path) -> None:
    """Give `slurm` all rights on a schema that it may make."""
    done = _sql(
        database,
        f"CREATE USER 'slurm'@'127.0.0.1' IDENTIFIED BY '{database.password}';"
        f"GRANT ALL ON {schema}.* TO 'slurm'@'127.0.0.1';",
    )
    if done.returncode != 0:
        raise failure(f"making MariaDB's account: {done.stderr.strip()}", log)


def _sql(database: MariaDb, statements: str) -> subprocess.CompletedProcess[str]:
    """Run statements as the administrator, who is known by the socket; no password is shown."""
    return subprocess.run(
        as_user(
            database.user,
            *(_program("mariadb"), "--no-defaults", f"--socket={database.socket}"),
            f"--user={database.user}",
        ),
        input=statements,
        env=clean_environment(),
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )


def _program(name: str) -> str:
    return shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") or name

"""Where a Rucio server is, and the configuration files that it and its clients read."""

from __future__ import annotations

from configparser import ConfigParser
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Literal

from srcnet_compiler.demo.processes import write_private

Database = Literal["sqlite", "postgresql"]

# Rucio takes whatever memcached it finds and then answers with expressions of ten minutes ago.
NO_MEMCACHED = "127.0.0.1:1"
POLICY = {"permission": "generic", "schema": "generic", "lfn2pfn_algorithm_default": "hash"}


@dataclass(frozen=True, slots=True)
class RucioServer:
    """Where a server is and how its root account gets in; stays true over `kill` and `restart`.

    `client_config` and `server_config` are rucio.cfg files with passwords in them (mode 0600).
    """

    url: str
    folder: Path
    venv: Path
    database: Database
    database_url: str = field(repr=False)
    client_config: Path
    server_config: Path
    account: str
    username: str
    password: str = field(repr=False)
    port: int
    workers: int


def write_configuration(server: RucioServer) -> None:
    """Write the server's, the clients' and alembic's file; they hold passwords, mode 0600."""
    pool = {"poolclass": "nullpool"} if server.database == "sqlite" else {"pool_recycle": "3600"}
    # A file with [database] in it makes whoever reads it a server; hence two files.
    _write(
        server.server_config,
        {
            "common": {
                "logdir": str(server.folder / "log"),
                "loglevel": "INFO",
                "mailtemplatedir": str(server.venv / "rucio" / "etc" / "mail_templates"),
            },
            "database": {"default": server.database_url, **pool},
            "alembic": {"cfg": str(server.folder / "alembic.ini")},
            "bootstrap": {
                "userpass_identity": server.username,
                "userpass_pwd": server.password,
                "userpass_email": "root@localhost",
                # Rucio would let in the well-known keys of its developers.
                **{f"{kind}_identity": "" for kind in ("x509", "gss", "ssh")},
            },
            "cache": {"url": NO_MEMCACHED},
            "policy": POLICY | {"support": "root@localhost", "support_rucio": server.url},
            "conveyor": {"scheme": "file,mock,root", "transfertool": "mock"},
            "transmogrifier": {"maxdids": "10000"},
            "monitor": {"user_scope": "local"},
            "api": {"endpoints_add": "archives"},
        },
    )
    _write(
        server.client_config,
        {
            "client": {
                "rucio_host": server.url,
                "auth_host": server.url,
                "auth_type": "userpass",
                "username": server.username,
                "password": server.password,
                "account": server.account,
                "request_retries": "3",
                "auth_token_file_path": str(server.folder / "client" / "token"),
            },
            "policy": POLICY,
        },
    )
    _write(
        server.folder / "alembic.ini",
        {
            "alembic": {
                "script_location": "rucio:db/sqla/migrate_repo",
                "sqlalchemy.url": server.database_url,
            },
            "loggers": {"keys": "root"},
            "handlers": {"keys": "console"},
            "formatters": {"keys": "generic"},
            "logger_root": {"level": "WARN", "handlers": "console", "qualname": ""},
            "handler_console": {
                "class": "StreamHandler",
                "args": "(sys.stderr,)",
                "formatter": "generic",
            },
            "formatter_generic": {"format": "%(levelname)s %(message)s"},
        },
    )


def _write(path: Path, sections: dict[str, dict[str, str]]) -> None:
    parser = ConfigParser(interpolation=None)
    # Rucio and alembic read with interpolation, where a percent sign is written twice.
    parser.read_dict(
        {
            section: {name: value.replace("%", "%%") for name, value in options.items()}
            for section, options in sections.items()
        }
    )
    text = StringIO()
    parser.write(text)
    write_private(path, text.getvalue())


def client_environment(server: RucioServer) -> dict[str, str]:
    """What to add to an environment so that any Rucio client in it is root on this server."""
    return {
        "RUCIO_CONFIG": str(server.client_config),
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }

"""A real Rucio server on this machine: made from nothing, on loopback, ended with what it started.

REST server, database schema and root account are Rucio's own; no container, no system service.
`start` and `stop`, or `running`; `kill`, `restart`, `pause` and `resume` are for whoever wants to
see what a client does when its server goes away. A server is ended by the process that started it,
and dies with that process.
"""

from __future__ import annotations

import json
import secrets
import signal
import sqlite3
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from srcnet_compiler.demo import postgresql
from srcnet_compiler.demo.processes import (
    ServerError,
    clean_environment,
    end,
    free_port,
    kill_session,
    listening_socket,
    run,
    signal_session,
    spawn,
    wait_until,
)
from srcnet_compiler.demo.rucio_config import (
    Database,
    RucioServer,
    client_environment,
    write_configuration,
)
from srcnet_compiler.demo.rucio_venv import RUCIO_VERSION, ensure_server_venv, find_server_venv

__all__ = [
    "Database",
    "RucioServer",
    "ServerError",
    "client_environment",
    "ensure_server_venv",
    "find_server_venv",
    "kill",
    "pause",
    "pids",
    "restart",
    "resume",
    "running",
    "start",
    "stop",
]

SCHEMA = (
    "from rucio.db.sqla.util import build_database, create_base_vo, create_root_account;"
    "build_database(); create_base_vo(); create_root_account()"
)
GUNICORN_SETTINGS = Path(__file__).with_name("gunicorn_conf.py")

# What this process has started, by folder. Only what stands here is ever ended.
_rest: dict[Path, subprocess.Popen[bytes]] = {}
_postgres: dict[Path, postgresql.Postgres] = {}


def start(
    folder: Path,
    *,
    database: Database,
    venv: Path,
    workers: int = 2,
    progress: Callable[[str], None] = lambda line: None,
) -> RucioServer:
    """Bring up a server with an empty catalogue; returns when it answers.

    `folder` must be new or empty; it gets configuration, logs and (SQLite) the database. Only from
    the main thread. ServerError says what did not work, with the end of the log.
    """
    folder = folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ServerError(f"{folder} is not empty; a server starts from nothing")
    (folder / "log").mkdir(mode=0o700)
    try:
        progress(f"starting the database ({database})")
        server = _described(folder, database, _database_url(folder, database), venv, workers)
        write_configuration(server)
        progress("making Rucio's tables and its root account")
        run(
            [str(venv / "bin" / "python"), "-c", SCHEMA],
            env=_server_environment(server),
            log=folder / "log" / "schema.log",
            what="making Rucio's tables",
            seconds=300,
        )
        progress(f"starting Rucio {RUCIO_VERSION} on {server.url}")
        _launch(server)
    except BaseException:
        _end_all(folder)
        raise
    return server


def stop(server: RucioServer) -> None:
    """End the server and its database. Does nothing when they are ended already."""
    resume(server)  # what is paused cannot end politely
    _end_all(server.folder)


@contextmanager
def running(
    folder: Path,
    *,
    database: Database,
    venv: Path,
    workers: int = 2,
    progress: Callable[[str], None] = lambda line: None,
) -> Iterator[RucioServer]:
    """As `start`, and `stop` at the end."""
    server = start(folder, database=database, venv=venv, workers=workers, progress=progress)
    try:
        yield server
    finally:
        stop(server)


def kill(server: RucioServer) -> None:
    """Kill -9 the REST server; its database goes on. Returns when connections are refused."""
    if server.folder not in _rest:
        raise RuntimeError(f"{server.url} is not running, or was not started by this process")
    kill_session(_rest.pop(server.folder))
    # Workers are not our children: that they are gone shows in the port being free.
    wait_until(
        lambda: _is_free(server.port),
        what="killing the REST server",
        log=_log(server),
        seconds=30,
    )


def restart(server: RucioServer) -> None:
    """After `kill`: start the REST server again, at the same place, with the same data."""
    if server.folder in _rest:
        raise RuntimeError(f"{server.url} is running")
    _launch(server)


def pause(server: RucioServer) -> None:
    """Stop the REST server's processes where they are: it accepts connections, answers nothing."""
    signal_session(_rest[server.folder], signal.SIGSTOP)


def resume(server: RucioServer) -> None:
    """Let a paused server go on."""
    if server.folder in _rest:
        signal_session(_rest[server.folder], signal.SIGCONT)


def pids(server: RucioServer) -> tuple[int, ...]:
    """Our children that run for it: REST server, database. Their own children are not listed."""
    started = [_rest.get(server.folder)]
    if server.folder in _postgres:
        started.append(_postgres[server.folder].process)
    return tuple(each.pid for each in started if each is not None and each.poll() is None)


def _database_url(folder: Path, database: Database) -> str:
    if database == "postgresql":
        _postgres[folder] = postgresql.start(folder)
        return _postgres[folder].url
    # Several processes read and write the file: let readers and a writer not wait for each other,
    # and writers wait for each other for up to a minute.
    file = folder / "rucio.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    file.chmod(0o600)
    return f"sqlite:///{file}?timeout=60"


def _described(
    folder: Path, database: Database, database_url: str, venv: Path, workers: int
) -> RucioServer:
    port = free_port()
    return RucioServer(
        url=f"http://127.0.0.1:{port}",
        folder=folder,
        venv=venv,
        database=database,
        database_url=database_url,
        client_config=folder / "client.cfg",
        server_config=folder / "server.cfg",
        account="root",
        username="admin",
        password=secrets.token_hex(16),
        port=port,
        workers=workers,
    )


def _server_environment(server: RucioServer) -> dict[str, str]:
    return clean_environment(RUCIO_CONFIG=str(server.server_config), PYTHONUNBUFFERED="1")


def _launch(server: RucioServer) -> None:
    try:
        listener = listening_socket(server.port)
    except OSError as error:
        raise ServerError(f"cannot listen on {server.url}: {error}") from None
    # The server gets the socket as a file descriptor: nobody can take the port in between.
    with listener:
        listener.set_inheritable(True)
        process = spawn(
            [
                *(str(server.venv / "bin" / "python"), "-m", "gunicorn"),
                *("--config", str(GUNICORN_SETTINGS), "--workers", str(server.workers)),
                *("--bind", f"fd://{listener.fileno()}"),
                *("--access-logfile", str(server.folder / "log" / "access.log")),
            ],
            env=_server_environment(server),
            log=_log(server),
            pass_fds=(listener.fileno(),),
        )
    _rest[server.folder] = process
    try:
        wait_until(
            lambda: _answers(server),
            process=process,
            what="the Rucio server",
            log=_log(server),
            seconds=120,
        )
    except BaseException:
        kill(server)
        raise


def _answers(server: RucioServer) -> bool:
    """Whether /ping gives a Rucio's version. No proxy: loopback is ours."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{server.url}/ping", timeout=5) as answer:
            return bool(json.load(answer)["version"] == RUCIO_VERSION)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _is_free(port: int) -> bool:
    try:
        listening_socket(port).close()
    except OSError:
        return False
    return True


def _log(server: RucioServer) -> Path:
    return server.folder / "log" / "rest.log"


def _end_all(folder: Path) -> None:
    rest, postgres = _rest.pop(folder, None), _postgres.pop(folder, None)
    if rest is not None:
        end(rest, signal.SIGQUIT, seconds=10)
    if postgres is not None:
        postgresql.stop(postgres)

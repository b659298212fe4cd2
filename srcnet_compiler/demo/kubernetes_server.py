"""A real Kubernetes API server on this machine: from nothing, on loopback, ended with its etcd.

kube-apiserver and etcd as they are; no kubelet, no controller, no container, nothing in /etc: what
they check, default, refuse and keep is real, and nothing runs. `running` brings them up; `kill`,
`restart`, `pause` and `resume` are for whoever wants to see what a client does when its server goes
away. Both are ended by the process that started them, and die with that process.
"""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from srcnet_compiler.demo.kubernetes_api import ApiServer, RefusedError
from srcnet_compiler.demo.kubernetes_build import (
    ASSETS,
    PROGRAMS,
    ensure_built,
    find_programs,
    has_definitions,
    why_no_go,
)
from srcnet_compiler.demo.kubernetes_crds import CRDS, install_crds
from srcnet_compiler.demo.kubernetes_users import Users
from srcnet_compiler.demo.processes import (
    ServerError,
    clean_environment,
    end,
    free_port,
    kill_session,
    signal_session,
    spawn,
    wait_until,
    write_private,
)

__all__ = [
    "CRDS",
    "ApiServer",
    "RefusedError",
    "ServerError",
    "ensure_built",
    "install_crds",
    "kill",
    "pause",
    "pids",
    "restart",
    "resume",
    "running",
    "why_no_crds",
    "why_not",
]

SERVER = "kube-apiserver"
ETCD = "etcd"
READY = ("/readyz", "/api/v1/namespaces/default")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one API server and its etcd are."""

    folder: Path
    programs: Path
    port: int
    etcd_port: int
    peer_port: int

    @property
    def certificate(self) -> Path:
        """Made by the API server itself when it first starts."""
        return self.folder / "certificates" / "apiserver.crt"

    def log(self, name: str) -> Path:
        return self.folder / "log" / f"{name}.log"


# What this process has started, by folder and program. Only what stands here is ever ended.
_places: dict[Path, _Place] = {}
_started: dict[Path, dict[str, subprocess.Popen[bytes]]] = {}


def why_not(built: Path) -> str | None:
    """Why no API server of our own can run here, and what to do; None: it can."""
    try:
        if find_programs(built) is not None:
            return None
    except ServerError as problem:
        return str(problem)
    reason = why_no_go()
    if reason is None:
        return f"no Kubernetes API server: {_build(built)}"
    return (
        f"no Kubernetes API server: {reason}, to build it,"
        f" and {ASSETS} names no folder with {' and '.join(PROGRAMS)}"
    )


def why_no_crds(built: Path) -> str | None:
    """Why `install_crds` cannot work, and what to do; None: it can."""
    if has_definitions(built):
        return None
    return f"no CRDs: {why_no_go() or _build(built)}"


def _build(built: Path) -> str:
    return f"run `make kube` or `python -m srcnet_compiler.demo.kubernetes_build {built}`"


@contextmanager
def running(
    folder: Path,
    built: Path,
    *,
    progress: Callable[[str], None] = lambda line: None,
) -> Iterator[ApiServer]:
    """Bring one up with nothing in it; returns when it answers, ends it at the end.

    `folder` must be new or empty; it gets keys, logs and etcd's data. `built` is what
    `kubernetes_build` made. Only from the main thread. ServerError says what did not work.
    """
    folder = folder.absolute()
    programs = find_programs(built)
    if programs is None:
        raise ServerError(why_not(built) or f"{built} has no API server")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ServerError(f"{folder} is not empty; a server starts from nothing")
    (folder / "log").mkdir(mode=0o700)
    place = _Place(folder, programs, free_port(), free_port(), free_port())
    with Users.answering() as users:
        server = ApiServer(
            url=f"https://127.0.0.1:{place.port}",
            folder=folder,
            certificate_file=place.certificate,
            token=secrets.token_hex(16),
            crds=built.absolute() / "crds",
            issue=users.token_for,
        )
        _write_files(server, users)
        _places[folder], _started[folder] = place, {}
        try:
            progress("starting etcd")
            _start_etcd(place)
            progress(f"starting Kubernetes' API server on {server.url}")
            _start_server(server)
            yield server
        finally:
            _end_all(folder)


def kill(server: ApiServer) -> None:
    """Kill -9 the API server; etcd goes on with the data."""
    ours = _ours(server)
    if SERVER not in ours:
        raise RuntimeError(f"{server.url} is not running")
    kill_session(ours.pop(SERVER))


def restart(server: ApiServer) -> None:
    """After `kill`: start the API server again, at the same place, with the same data."""
    if SERVER in _ours(server) and SERVER in pids(server):
        raise RuntimeError(f"{server.url} is running")
    _start_server(server)


def pause(server: ApiServer) -> None:
    """Stop the API server where it is: it accepts connections, and answers nothing."""
    signal_session(_ours(server)[SERVER], signal.SIGSTOP)


def resume(server: ApiServer) -> None:
    """Let a paused API server go on."""
    signal_session(_ours(server)[SERVER], signal.SIGCONT)


def pids(server: ApiServer) -> dict[str, int]:
    """Our children that run for it, by program; empty for a server that is not ours."""
    ours = _started.get(server.folder, {})
    return {name: process.pid for name, process in ours.items() if process.poll() is None}


def _ours(server: ApiServer) -> dict[str, subprocess.Popen[bytes]]:
    if server.folder not in _started:
        raise RuntimeError(f"{server.url} was not started by this process, or has ended")
    return _started[server.folder]


def _write_files(server: ApiServer, users: Users) -> None:
    write_private(server.folder / "tokens.csv", f'{server.token},admin,admin,"system:masters"\n')
    write_private(server.folder / "webhook.json", users.webhook)
    write_private(server.folder / "service-accounts.key", _signing_key())


def _signing_key() -> str:
    """A new key for the tokens of service accounts, as PEM text."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        .decode("ascii")
    )


def _start_etcd(place: _Place) -> None:
    url = f"http://127.0.0.1:{place.etcd_port}"
    peers = f"http://127.0.0.1:{place.peer_port}"
    process = spawn(
        [
            str(place.programs / ETCD),
            *("--data-dir", str(place.folder / "etcd")),
            *("--listen-client-urls", url, "--advertise-client-urls", url),
            *("--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers),
            *("--initial-cluster", f"default={peers}"),
            "--unsafe-no-fsync",  # what lives for minutes need not survive a power cut
        ],
        env=clean_environment(),
        log=place.log(ETCD),
    )
    _started[place.folder][ETCD] = process
    wait_until(
        lambda: _is_healthy(url),
        process=process,
        what=ETCD,
        log=place.log(ETCD),
        seconds=120,
    )


def _is_healthy(etcd: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback is ours
    try:
        with opener.open(f"{etcd}/health", timeout=5) as answer:
            return bool(json.load(answer)["health"] == "true")
    except (OSError, ValueError, KeyError):
        return False


def _start_server(server: ApiServer) -> None:
    place = _places[server.folder]
    process = spawn(_command(place), env=clean_environment(), log=place.log(SERVER))
    _started[server.folder][SERVER] = process
    try:
        wait_until(
            lambda: _is_ready(server),
            process=process,
            what="Kubernetes' API server",
            log=place.log(SERVER),
            seconds=120,
        )
    except BaseException:
        kill(server)
        raise


def _command(place: _Place) -> list[str]:
    key = str(place.folder / "service-accounts.key")
    return [
        str(place.programs / SERVER),
        *("--etcd-servers", f"http://127.0.0.1:{place.etcd_port}"),
        *("--bind-address", "127.0.0.1", "--secure-port", str(place.port)),
        # not the machine's own address: there may be none
        *("--advertise-address", "127.0.0.1", "--endpoint-reconciler-type", "none"),
        *("--cert-dir", str(place.certificate.parent)),
        *("--service-account-issuer", f"https://127.0.0.1:{place.port}"),
        *("--service-account-key-file", key, "--service-account-signing-key-file", key),
        *("--service-cluster-ip-range", "10.0.0.0/16"),
        *("--token-auth-file", str(place.folder / "tokens.csv")),
        *("--authentication-token-webhook-config-file", str(place.folder / "webhook.json")),
        *("--authentication-token-webhook-version", "v1"),
        *("--authorization-mode", "RBAC"),
        "--allow-privileged=true",
        # it waits for accounts that only a controller makes
        *("--disable-admission-plugins", "ServiceAccount"),
    ]


def _is_ready(server: ApiServer) -> bool:
    """Whether it is ready by its own word, and has made its first namespaces."""
    if not server.certificate_file.is_file():
        return False
    try:
        return all(server.raw("GET", path, seconds=5).ok for path in READY)
    except OSError:  # requests' errors are of this kind
        return False


def _end_all(folder: Path) -> None:
    """The API server before its etcd, or it waits for it in vain."""
    ours = _started.pop(folder, {})
    _places.pop(folder, None)
    if SERVER in ours:
        signal_session(ours[SERVER], signal.SIGCONT)  # what is paused cannot end politely
        end(ours[SERVER], signal.SIGTERM, seconds=10)
    if ETCD in ours:
        end(ours[ETCD], signal.SIGTERM, seconds=10)

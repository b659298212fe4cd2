"""An sshd of our own on loopback, for our own account and one key, for as long as we live.

It stands for a host that changes are applied on: with a host key, a user's key and client settings
of its own, and with what sessions on that host have in their environment. As root it needs
/run/sshd, as Debian's service does, and makes it where it is missing.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from srcnet_compiler.demo.processes import (
    ServerError,
    clean_environment,
    end,
    free_port,
    run,
    spawn_kept,
    wait_until,
    write_private,
)

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
PRIVILEGE_SEPARATION = Path("/run/sshd")  # fixed when sshd is built
SHADOW = Path("/etc/shadow")


@dataclass(frozen=True, slots=True)
class Sshd:
    """A running sshd, and how to come to it: `ssh -F client_config name`."""

    name: str
    port: int
    user: str
    folder: Path

    @property
    def key(self) -> Path:
        return self.folder / "user_key"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    @property
    def client_config(self) -> Path:
        return self.folder / "ssh_config"

    @property
    def log(self) -> Path:
        return self.folder / "sshd.log"

    @property
    def host_key(self) -> str:
        """Its public key, as specs pin it."""
        return " ".join((self.folder / "host_key.pub").read_text("ascii").split()[:2])

    def cut(self) -> None:
        """End all sessions, as a network does that goes away for a moment."""
        for daemon in self._daemons():
            for session in _pids("-P", daemon):
                for process in (*_pids("-P", session), session):
                    with suppress(ProcessLookupError):
                        os.kill(int(process), signal.SIGKILL)

    def answer(self, yes: bool) -> None:
        """Whether whoever comes now gets an answer."""
        for daemon in self._daemons():
            os.kill(int(daemon), signal.SIGCONT if yes else signal.SIGSTOP)

    def _daemons(self) -> list[str]:
        return _pids("-f", rf"^sshd: .*-f {self.folder / 'sshd_config'} \[listener\]")

    def command(self, *argv: str) -> list[str]:
        """What runs a command line there; the remote shell reads it, as always with ssh."""
        return ["ssh", "-F", str(self.client_config), self.name, *argv]


def _pids(*which: str) -> list[str]:
    found = subprocess.run(["pgrep", *which], capture_output=True, text=True, check=False)
    return found.stdout.split()


def why_not() -> str | None:
    """Why an sshd cannot run here for our account; None: it can."""
    if not sys.platform.startswith("linux"):
        return "sshd is run from Debian's package, on Linux"
    for program in ("sshd", "ssh", "ssh-keygen"):
        if shutil.which(program, path=PATH) is None:
            return f"{program} is not installed (Debian: openssh-server openssh-client)"
    account = pwd.getpwuid(os.geteuid())
    if Path(account.pw_shell).name in ("nologin", "false"):
        return f"the account `{account.pw_name}` has no shell to log in to"
    if _is_locked(account.pw_name):
        return f"the account `{account.pw_name}` is locked; sshd refuses it"
    return None


@contextmanager
def running(
    folder: Path,
    *,
    name: str = "controller",
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
    forced: str | None = None,
) -> Iterator[Sshd]:
    """An sshd whose sessions have this environment; ended with its sessions at the end.

    It lets `user` in, our own account where that is None; only root can let another in. `forced`
    is run instead of what was asked for, which it finds as SSH_ORIGINAL_COMMAND.
    `folder` must be new and gets keys, settings and the log. Only from the main thread.
    """
    reason = why_not()
    if reason is not None:
        raise ServerError(reason)
    folder.mkdir(mode=0o700, parents=True)
    own = pwd.getpwuid(os.geteuid()).pw_name
    server = Sshd(name, free_port(), user or own, folder.absolute())
    if os.geteuid() == 0:
        PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
    _write_files(server, environment or {}, forced)
    process = spawn_kept(
        # sshd starts itself again for each connection, hence its full name
        [str(shutil.which("sshd", path=PATH)), "-D", "-e", "-f", str(folder / "sshd_config")],
        env=clean_environment(PATH=PATH),
        log=server.log,
    )
    try:
        wait_until(
            lambda: _answers(server), process=process, what="sshd", log=server.log, seconds=30
        )
        yield server
    finally:
        end(process, signal.SIGTERM)


def _write_files(server: Sshd, environment: Mapping[str, str], forced: str | None) -> None:
    folder = server.folder
    for key in (folder / "host_key", server.key):
        run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", key.name, "-f", str(key)],
            env=clean_environment(),
            log=server.log,
            what="making a key",
            seconds=30,
        )
    host_key = (folder / "host_key.pub").read_text(encoding="ascii")
    write_private(server.known_hosts, f"[127.0.0.1]:{server.port} {host_key}")
    write_private(folder / "sshd_config", _server_settings(server, environment, forced))
    write_private(server.client_config, _client_settings(server))


def _server_settings(server: Sshd, environment: Mapping[str, str], forced: str | None) -> str:
    given = " ".join(f'"{name}={value}"' for name, value in environment.items())
    lines = [
        "ListenAddress 127.0.0.1",
        f"Port {server.port}",
        f"HostKey {server.folder / 'host_key'}",
        *_authorized(server),
        f"AllowUsers {server.user}",
        "PermitRootLogin prohibit-password",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "StrictModes no",  # the folder may lie below one that all may write, such as /tmp
        "UsePAM no",
        "PidFile none",
        "PrintMotd no",
        "AllowStreamLocalForwarding yes",
        "AllowTcpForwarding yes",
        "MaxStartups 100",
        "MaxSessions 100",
        "Subsystem sftp internal-sftp",
        *([f"SetEnv {given}"] if given else []),
        *([f"ForceCommand {forced}"] if forced else []),
    ]
    return "\n".join([*lines, ""])


def _authorized(server: Sshd) -> tuple[str, ...]:
    """Another user may not enter our folder, so that root reads the key for him."""
    if server.user == pwd.getpwuid(os.geteuid()).pw_name:
        return (f"AuthorizedKeysFile {server.key}.pub",)
    return (
        "AuthorizedKeysFile none",
        f"AuthorizedKeysCommand {Path('/bin/cat').resolve()} {server.key}.pub",
        "AuthorizedKeysCommandUser root",
    )


def _client_settings(server: Sshd) -> str:
    lines = [
        f"Host {server.name}",
        "HostName 127.0.0.1",
        f"Port {server.port}",
        f"User {server.user}",
        f"IdentityFile {server.key}",
        "IdentitiesOnly yes",
        "IdentityAgent none",
        f"UserKnownHostsFile {server.known_hosts}",
        "GlobalKnownHostsFile none",
        "StrictHostKeyChecking yes",
        "BatchMode yes",
    ]
    return "\n".join([*lines, ""])


def _answers(server: Sshd) -> bool:
    done = subprocess.run(
        server.command("true"),
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        cwd="/",
    )
    return done.returncode == 0


def _is_locked(user: str) -> bool:
    """Whether sshd takes it as locked, without PAM; who may not read that is told later."""
    try:
        lines = SHADOW.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.startswith(f"{user}:!") for line in lines)

"""The ssh of this machine, with a key that stands in no file and the host's key as it is known."""

import base64
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from select import select

from srcnet_compiler.targets.protocol import RefusedError, UnreachableError
from srcnet_compiler.targets.slurm.live.runner import SECONDS, LocalRunner, Ran, far_command

CONNECT_SECONDS = 15
ANSWER_SECONDS = 60
"""For a login that has succeeded to run its first command."""
_ENDED_BY_SSH = 255
_LONGEST_SOCKET = 60
"""Bytes of a folder in which a unix socket still has a name."""
_WRONG_HOST = re.compile(r"host key verification failed|host identification has changed", re.I)
_NOT_LET_IN = re.compile(r"permission denied|too many authentication failures", re.I)
_KEPT = re.compile(r"load key .*(error in libcrypto|invalid format)", re.I)
_MAGIC, _UNLOCKED = b"openssh-key-v1\0", b"\0\0\0\4none"


@dataclass(frozen=True, slots=True)
class Host:
    """Where to log in. `key` is the text of a private key; `host_key` None: what ssh knows."""

    name: str
    port: int
    user: str | None
    key: str = field(repr=False)
    host_key: str | None = None

    @property
    def where(self) -> str:
        """For messages."""
        port = "" if self.port == 22 else f":{self.port}"
        return f"{self.user}@{self.name}{port}" if self.user else f"{self.name}{port}"


class SshRunner:
    """Commands on another host, over one connection; close it at the end.

    Raises UnreachableError, RefusedError where nobody can log in. Nothing of it is left when this
    process is killed: the key is in its memory, and the connection ends with it.
    """

    def __init__(
        self, host: Host, environment: dict[str, str] | None = None, commands: str | None = None
    ) -> None:
        self.host, self.environment, self.commands = host, environment or {}, commands
        if _is_locked(host.key):
            raise RefusedError(f"the key for {host.where} has a passphrase, which nobody can type")
        self._stack = ExitStack()
        try:
            self._options = self._prepare()
            self._connect()
        except BaseException:
            self._stack.close()
            raise

    def run(self, argv: Sequence[str], text: str = "") -> Ran:
        far = far_command(argv, self.environment, self.commands)
        ran = LocalRunner(seconds=SECONDS).run([*self._ssh(), "--", self.host.name, far], text)
        if ran.code == _ENDED_BY_SSH:
            raise self._obstacle(ran.err)
        return ran

    def close(self) -> None:
        """End the connection."""
        self._stack.close()

    def _prepare(self) -> tuple[str, ...]:
        folder = self._stack.enter_context(
            tempfile.TemporaryDirectory(prefix="srcnet-ssh-", dir=_short())
        )
        descriptor = os.memfd_create("key")
        self._stack.callback(os.close, descriptor)
        os.fchmod(descriptor, 0o600)
        os.write(descriptor, f"{self.host.key.strip()}\n".encode())
        known: tuple[str, ...] = ()
        if self.host.host_key is not None:
            path = Path(folder, "known")
            name = f"[{self.host.name}]:{self.host.port}" if self.host.port != 22 else ""
            path.write_text(f"{name or self.host.name} {self.host.host_key}\n", "utf-8")
            known = (f"UserKnownHostsFile={path}", "GlobalKnownHostsFile=/dev/null")
        options = (
            f"Port={self.host.port}",
            *((f"User={self.host.user}",) if self.host.user else ()),
            f"IdentityFile=/proc/{os.getpid()}/fd/{descriptor}",
            *("IdentitiesOnly=yes", "IdentityAgent=none", "BatchMode=yes"),
            *("PreferredAuthentications=publickey", "StrictHostKeyChecking=yes", *known),
            *(f"ConnectTimeout={CONNECT_SECONDS}", "ServerAliveInterval=10"),
            *("ServerAliveCountMax=3", f"ControlPath={folder}/s", "ClearAllForwardings=yes"),
            *("LogLevel=ERROR", "UpdateHostKeys=no", "EscapeChar=none"),
        )
        return tuple(word for option in options for word in ("-o", option))

    def _ssh(self, master: str = "no") -> list[str]:
        return ["ssh", "-T", "-o", f"ControlMaster={master}", *self._options]

    def _connect(self) -> None:
        """Log in once: all commands go through this connection, which ends with our end of it."""
        log = self._stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        hold = "echo ready; exec cat >/dev/null"
        try:
            process = subprocess.Popen(
                [*self._ssh("yes"), "--", self.host.name, hold],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        except OSError as error:
            raise UnreachableError(f"ssh cannot be run: {error.strerror}") from None
        self._stack.callback(_end, process)
        assert process.stdout is not None
        where = self.host.where
        if not select([process.stdout], [], [], ANSWER_SECONDS)[0]:
            raise UnreachableError(f"{where} lets us in, and no answer comes in {ANSWER_SECONDS} s")
        said = process.stdout.readline().decode("utf-8", "replace").strip()
        if not said:
            _end(process)
            log.seek(0)
            raise self._obstacle(log.read().decode("utf-8", "replace"))
        if said != "ready":
            raise UnreachableError(
                f"the shell of {where} says `{said[:60]}` before any command is run, which would"
                " stand in every answer: let it be silent where nobody types"
            )

    def _obstacle(self, said: str) -> UnreachableError | RefusedError:
        where, lines = self.host.where, [line.strip() for line in said.splitlines() if line.strip()]
        last = lines[-1] if lines else "the connection was cut"
        if _WRONG_HOST.search(said):
            named = "the spec names" if self.host.host_key is not None else "ssh knows"
            return UnreachableError(
                f"the host that answers as {where} has not the key that {named}: ask its"
                f" administrators, then write the new one as `hostKey` ({last})"
            )
        if _KEPT.search(said):
            return RefusedError(f"the key for {where} cannot be used: it is no private key of ssh")
        if _NOT_LET_IN.search(said):
            return RefusedError(f"{where} does not accept our key: {last}")
        return UnreachableError(f"{where} cannot be reached by ssh: {last}")


def _is_locked(key: str) -> bool:
    """Whether a private key needs a passphrase: by its header, as ssh says nothing of it."""
    if "ENCRYPTED" in key:
        return True
    body = "".join(line for line in key.splitlines() if not line.startswith("-----"))
    try:
        head = base64.b64decode(body[:64])
    except ValueError:
        return False
    return head.startswith(_MAGIC) and not head.startswith(_MAGIC + _UNLOCKED)


def _short() -> str | None:
    """Where temporary files are, unless a socket there would have too long a name."""
    return None if len(os.fsencode(tempfile.gettempdir())) < _LONGEST_SOCKET else "/tmp"


def _end(process: "subprocess.Popen[bytes]") -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    process.terminate()
    deadline = time.monotonic() + 2
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait()

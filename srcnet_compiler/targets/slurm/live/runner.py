"""Running a command where the cluster's commands are: here, or over ssh.

On the far side nothing of ours is needed: a POSIX shell, and Slurm's own commands.
"""

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

SECONDS = 60
"""The longest answer waited for: a broken Include alone is tried again for a minute."""
NO_ANSWER = 124
"""The return code of a command that was given up, as `timeout` has it."""
_ALSO = "/usr/sbin:/sbin"
"""Where a shell of no administrator does not look, and slurmctld and ip are."""
_PATH = f'PATH="${{0:+$0:}}$PATH:{_ALSO}"; export PATH; exec "$@"'


class Ran(NamedTuple):
    """What a command gave."""

    code: int
    out: str
    err: str


class Runner(Protocol):
    """Runs one command to its end; many may run at once."""

    def run(self, argv: Sequence[str], text: str = "") -> Ran:
        """Give `text` to it and take its answer; what cannot be run at all has a return code of
        its own, and says why. Raises UnreachableError, RefusedError where there is no way there."""
        ...

    def close(self) -> None:
        """Let go of whatever is held for it."""
        ...


@dataclass(frozen=True, slots=True)
class LocalRunner:
    """On this machine; `environment` comes on top of ours, such as SLURM_CONF."""

    environment: Mapping[str, str] = field(default_factory=dict)
    seconds: float = SECONDS

    def run(self, argv: Sequence[str], text: str = "") -> Ran:
        path = f"{os.environ.get('PATH', os.defpath)}:{_ALSO}"
        try:
            done = subprocess.run(
                argv,
                capture_output=True,
                input=text,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=self.seconds,
                env={**os.environ, "PATH": path, "LC_ALL": "C.UTF-8", **self.environment},
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Ran(NO_ANSWER, "", f"no answer in {self.seconds:g} s")
        except OSError as error:
            return Ran(127, "", f"{argv[0]}: {error.strerror}")
        return Ran(done.returncode, done.stdout, done.stderr)

    def close(self) -> None:
        pass


def far_command(argv: Sequence[str], environment: Mapping[str, str], commands: str | None) -> str:
    """One line for the shell of another machine; `commands` is where it looks first."""
    settings = [f"{name}={value}" for name, value in sorted({"LC_ALL": "C", **environment}.items())]
    return shlex.join(["env", *settings, "sh", "-c", _PATH, commands or "", *argv])

"""Running a command where the cluster's commands are: here, or over ssh."""

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


class Ran(NamedTuple):
    """What a command gave."""

    code: int
    out: str
    err: str


class Runner(Protocol):
    """Runs one command to its end; many may run at once."""

    def run(self, argv: Sequence[str]) -> Ran:
        """Give its answer; what cannot be run at all has a return code of its own, and says why."""
        ...


@dataclass(frozen=True, slots=True)
class LocalRunner:
    """On this machine; `environment` comes on top of ours, such as SLURM_CONF."""

    environment: Mapping[str, str] = field(default_factory=dict)
    seconds: float = SECONDS

    def run(self, argv: Sequence[str]) -> Ran:
        try:
            done = subprocess.run(
                argv,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                text=True,
                errors="replace",
                timeout=self.seconds,
                env={**os.environ, "LC_ALL": "C.UTF-8", **self.environment},
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Ran(NO_ANSWER, "", f"no answer in {self.seconds:g} s")
        except OSError as error:
            return Ran(127, "", f"{argv[0]}: {error.strerror}")
        return Ran(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True, slots=True)
class SshRunner:
    """On `host`, by the ssh of this machine with `options`; it never asks for a password."""

    host: str
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    seconds: float = SECONDS

    def run(self, argv: Sequence[str]) -> Ran:
        settings = [f"{name}={value}" for name, value in sorted(self.environment.items())]
        remote = shlex.join([*(["env", *settings] if settings else []), *argv])
        ssh = ("ssh", "-o", "BatchMode=yes", *self.options, "--", self.host, remote)
        return LocalRunner(seconds=self.seconds).run(ssh)

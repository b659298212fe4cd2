"""Slurm's own commands, led to one of the test clusters."""

from __future__ import annotations

import subprocess

from srcnet_compiler.demo.processes import ServerError, as_user
from srcnet_compiler.demo.slurm_config import Cluster


class CommandError(ServerError):
    """One of Slurm's commands did not succeed; says which, and what it said."""


def command(
    cluster: Cluster, *argv: str, user: str | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command, as a user if one is given, in /tmp."""
    return subprocess.run(
        argv if user is None else as_user(user, *argv),
        input=stdin,
        env=cluster.environment,
        capture_output=True,
        text=True,
        cwd="/tmp",
        timeout=60,
        check=False,
    )


def ask(cluster: Cluster, *argv: str, user: str | None = None, stdin: str = "") -> str:
    """As `command`; what it writes, without the last newline. CommandError when it fails."""
    done = command(cluster, *argv, user=user, stdin=stdin)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise CommandError(f"`{' '.join(argv)}` on {cluster.name}: {said}")
    return done.stdout.rstrip("\n")

"""What a case is: a change as it is typed, and how one sees that it acts."""

from __future__ import annotations

from dataclasses import dataclass

FRAGMENT = "federation/partitions.conf"
CONFIG = "etc/slurm.conf"
SCRIPT = "etc/job_submit.lua"
GRES = "etc/gres.conf"


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of one file; where nothing is taken out, a line is added at its end."""

    file: str
    out: str
    into: str


@dataclass(frozen=True, slots=True)
class Inside:
    """A job of ours that uses what is changed; it waits if it asks for a node of somebody else."""

    label: str
    options: str
    user: str = "ska-test-a"


@dataclass(frozen=True, slots=True)
class Case:
    """Lines are as for a shell, which is not there; `@user` before one says who types it.

    The change acts when the answer of `probe` matches `shows`; with `gone`, when it answers and
    does not match.
    """

    name: str
    change: str
    kind: str  # of change, as a plan has them; empty: a mistake, or another way
    probe: str
    shows: str
    gone: bool = False
    typed: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    given: tuple[str, ...] = ()
    fragment: str = ""  # loaded before
    inside: tuple[Inside, ...] = ()
    later: tuple[Inside, ...] = ()  # that can only come when the change acts
    settings: tuple[tuple[str, str], ...] = ()  # of slurm.conf, before


SMALL = "-n1 --mem=50 -t30 -o /dev/null"
WAITING = "-w c1 --exclusive"
OUR = f"-A ska {SMALL}"
RUNNING_INSIDE, PENDING_INSIDE = "ours, running", "ours, pending"


def would_start(user: str, options: str) -> str:
    return f"@{user} sbatch --test-only -n1 --mem=50 -t30 {options} --wrap true"


def both(options: str, user: str = "ska-test-a") -> tuple[Inside, ...]:
    return (*running(options, user), *pending(options, user))


def running(options: str, user: str = "ska-test-a") -> tuple[Inside, ...]:
    return (Inside(RUNNING_INSIDE, f"{SMALL} -w c2 {options}", user),)


def pending(options: str, user: str = "ska-test-a") -> tuple[Inside, ...]:
    return (Inside(PENDING_INSIDE, f"{SMALL} {WAITING} {options}", user),)


STARTS = r"to start at"

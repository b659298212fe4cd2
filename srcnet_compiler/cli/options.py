"""Options that several commands have, and what may be written behind them."""

import re
from collections.abc import Callable
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import click

from srcnet_compiler.cli import completing

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("text", "json", "markdown", "sarif", "junit", "github", "gitlab")


def format_option(*formats: str) -> Callable[[F], F]:
    """`--format`, one of `formats`, the first being the default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="How the result is written to stdout.",
    )


class _Day(click.DateTime):
    """A day, with a sentence of ours for what is none."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return _day(str(value))
        except ValueError:
            self.fail(f"`{value}` is not a day such as 2027-03-01", param, ctx)


def _day(text: str) -> datetime:
    """Without `strptime`, which takes long to load. Raises ValueError."""
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    year, month, day = map(int, text.split("-"))
    return datetime(year, month, day)


_DAY = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")


def today_option(command: F) -> F:
    """`--today`, for looking at another day."""
    return click.option(
        "--today",
        type=_Day(["%Y-%m-%d"]),
        default=None,
        metavar="DATE",
        help="Judge by this day, such as 2027-03-01, instead of today.",
    )(command)


def day_option(name: str, meaning: str) -> Callable[[F], F]:
    """An option that is a day."""
    return click.option(name, type=_Day(["%Y-%m-%d"]), default=None, metavar="DATE", help=meaning)


GIT = "git:"
"""So begins a state that is in a git ref."""
STATE_REF = "refs/srcnet/state"


class _State(click.Path):
    """A folder, as its path, or a git ref, as its text."""

    def convert(
        self,
        value: "str | PathLike[str]",
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> "str | bytes | PathLike[str]":
        text = str(value)
        if not text.startswith(GIT):
            return super().convert(value, param, ctx)
        remote, ref = git_place(text)
        if not remote or not re.fullmatch(r"refs(/[\w-][\w.-]*)+(?<!\.lock)", ref) or ".." in ref:
            self.fail(f"`{text}` is not like `{GIT}origin#{STATE_REF}`", param, ctx)
        return text


def git_place(text: str) -> tuple[str, str]:
    """The remote and the ref."""
    remote, _, ref = text.removeprefix(GIT).partition("#")
    return remote, ref or STATE_REF


def state_option(command: F) -> F:
    """`--state`, the place of lock, ledger and open steps."""
    return click.option(
        "--state",
        type=_State(file_okay=False, path_type=Path),
        default=Path(".srcnet/state"),
        show_default=True,
        metavar="DIR|git:REMOTE#REF",
        help="Where lock, ledger and open steps live: a folder, seen from the specs' folder, or,"
        f" for runners that come and go, a git ref such as `{GIT}origin#{STATE_REF}`.",
    )(command)


def full_option(command: F) -> F:
    """`--full`, for those who want to read every line of a plan."""
    return click.option(
        "--full", is_flag=True, help="List every change, also where there are many of one kind."
    )(command)


def site_option(command: F) -> F:
    """`--site`, for those who run one site."""
    return click.option(
        "--site",
        "sites",
        multiple=True,
        metavar="SITE",
        shell_complete=completing.sites,
        help="Only what this site runs itself, such as its clusters; may be given again.",
    )(command)


def system_option(command: F) -> F:
    """`--system`, for those who run one."""
    return click.option(
        "--system",
        "systems",
        multiple=True,
        metavar="SYSTEM",
        shell_complete=completing.systems,
        help="Only this system, such as rucio or slurm/CHSRC-CSCS.alps; may be given again.",
    )(command)


def members_option(command: F) -> F:
    """`--members`, the files that an identity provider exports."""
    return click.option(
        "--members",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Who belongs to which group, as exported by SCIM; may be given again. Without it"
        " nobody's membership is looked at.",
    )(command)


def yes_option(command: F) -> F:
    """`--yes`, for those who cannot be asked."""
    return click.option("--yes", is_flag=True, help="Do not ask.")(command)


def catalogue_option(command: F) -> F:
    """`--catalogue`, the snapshot of what data there is."""
    return click.option(
        "--catalogue",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path(".srcnet/catalogue"),
        show_default=True,
        metavar="DIR",
        help="Where the snapshot is, seen from the specs' folder.",
    )(command)

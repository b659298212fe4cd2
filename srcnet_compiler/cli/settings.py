"""Where things are: flag before environment before srcnet.toml before default."""

import os
import re
import shlex
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.near import did_you_mean

FILE = "srcnet.toml"
DIRECTORY = "directory"
SHARED = ("state",)
"""Options that must say the same to every command: `state = …` above all tables, SRCNET_STATE."""
SIGNATURES = "signatures"
"""The table that says whose signatures plans need: it is for all commands, and no option."""
TRUST_ROOT = "trust-root"
"""What it says of a private Sigstore: the file of its authority, its log and its addresses."""
_SPECS = "site-specs"
"""By this folder a federation is known from anywhere below it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the specs are, seen from the folder we work in, and what srcnet.toml says.

    `named` is the folder that `-C` or SRCNET_DIRECTORY named: we work in it, as after `cd`.
    """

    root: Path
    file: Path
    said: Mapping[str, Any] = field(default_factory=dict)
    named: str | None = None

    @property
    def today(self) -> date:
        """The day in UTC: waivers end and years begin at the same moment for everybody."""
        return now().date()

    def to_type(self, words: str) -> str:
        """A command of ours, as it is typed where the user is."""
        place = f" -C {shlex.quote(self.named)}" if self.named is not None else ""
        return f"srcnet{place} {words}"


def now() -> datetime:
    """This moment in UTC: the one place where the clock is read."""
    return datetime.now(timezone.utc)  # noqa: TID251, UP017 - everybody else takes it as argument


def read_settings(
    directory: str | None, commands: Collection[str], known: Callable[[str], Collection[str]]
) -> Settings:
    """The settings for `directory`, into which we go; None: nobody has named one.

    Without a name it is the nearest folder from here upwards that holds specs or a srcnet.toml,
    which may name another. `known` has the options of a command. Raises StopError for a folder or
    a file that is no use.
    """
    if directory is not None:
        _go_to(directory)
    file = top() / FILE
    said = _read(file) if file.is_file() else {}
    wrong = list(_wrong(file, said, commands, known))
    if wrong:
        raise _refused(file, wrong)
    if directory is None and DIRECTORY in said:
        _go_to(str(file.parent / str(said[DIRECTORY])))
    return Settings(top(), file, said, directory)


def defaults_of(settings: Settings, name: str, command: click.Command) -> dict[str, Any]:
    """What srcnet.toml says about the options of a command, as click takes it."""
    known = {option_name(option): str(option.name) for option in options(command)}
    flags = {option_name(option) for option in options(command) if option.is_flag}
    shared = {key: settings.said[key] for key in SHARED if key in settings.said and key in known}
    own = shared | settings.said.get(name, {})
    return {
        # a flag stays a flag; everything else is read as if it stood on the command line
        known[key]: value if isinstance(value, bool) and key in flags else str(value)
        for key, value in own.items()
    }


def options(command: click.Command) -> Iterator[click.Option]:
    """The options of a command, without its arguments."""
    return (each for each in command.params if isinstance(each, click.Option))


def with_variables(command: click.Command, words: str) -> click.Command:
    """A command whose options may be given by the environment, as SRCNET_COMMAND_OPTION."""
    for option in options(command):
        names = [f"SRCNET_{words}_{option_name(option)}"]
        names += [f"SRCNET_{option_name(option)}"] if option_name(option) in SHARED else []
        option.envvar = [re.sub("[ -]", "_", name).upper() for name in names]
    return command


def option_name(option: click.Option) -> str:
    """As people write it, without dashes in front."""
    return max(option.opts, key=len).lstrip("-")


def line_of(file: Path, table: str, key: str) -> str:
    """Where srcnet.toml says something, as FILE:LINE; the file alone where that is not plain."""
    inside = ""
    for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
        if head := re.match(r"\s*\[\s*\"?([\w-]+)\"?\s*\]", line):
            inside = head[1]
            if not key and inside == table:
                return f"{file}:{number}"
        elif inside == table and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line):
            return f"{file}:{number}"
    return str(file)


def _go_to(folder: str) -> None:
    if not Path(folder).is_dir():
        raise StopError(Exit.FILES, f"there is no folder `{folder}`", "name one with `-C DIR`")
    os.chdir(folder)


def top() -> Path:
    """The nearest folder from here upwards that is set up for us; this one where none is."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / _SPECS).is_dir() or (folder / FILE).is_file():
            return Path(os.path.relpath(folder, here))
    return Path()


def _read(file: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        raise StopError(Exit.USAGE, f"`{file}` cannot be read: {trouble}") from None
    except RecursionError:
        raise StopError(Exit.USAGE, f"`{file}` is nested too deeply") from None


class _Wrong(NamedTuple):
    """Something that srcnet.toml says and should not: where, what, and what to type."""

    place: str
    message: str
    remedy: str | None


def _refused(file: Path, wrong: list[_Wrong]) -> StopError:
    """One is said as an error of its own; several are listed."""
    if len(wrong) == 1:
        ((place, message, remedy),) = wrong
        return StopError(Exit.USAGE, f"`{place}`: {message}", remedy)
    lines = (f"\n  {w.place}: {w.message}{f'; {w.remedy}' if w.remedy else ''}" for w in wrong)
    return StopError(Exit.USAGE, f"`{file}` says {len(wrong)} things wrong:{''.join(lines)}")


def _wrong(
    file: Path,
    said: Mapping[str, Any],
    commands: Collection[str],
    known: Callable[[str], Collection[str]],
) -> Iterator[_Wrong]:
    for key, value in said.items():
        if key == SIGNATURES:
            yield from _wrong_signatures(file, value)
            continue
        is_table = isinstance(value, dict)
        place = line_of(file, key, "") if is_table else line_of(file, "", key)
        there = (DIRECTORY, *SHARED, *commands, SIGNATURES)
        if key not in there:
            yield _unknown(place, key, key, there)
        elif is_table is not (key in commands):
            kind = "a table, `[…]`" if key in commands else "one value"
            yield _Wrong(place, f"`{key}` must be {kind}", None)
        elif is_table:
            for inner, each in value.items():
                place = line_of(file, key, inner)
                if inner not in known(key):
                    yield _unknown(place, inner, f"{key}.{inner}", known(key))
                elif isinstance(each, list | dict):
                    yield _Wrong(place, f"`{key}.{inner}` must be one value", None)
        elif isinstance(value, list):
            yield _Wrong(place, f"`{key}` must be one value", None)


def _wrong_signatures(file: Path, said: object) -> Iterator[_Wrong]:
    if not isinstance(said, dict):
        yield _Wrong(line_of(file, "", SIGNATURES), f"`{SIGNATURES}` must be a table, `[…]`", None)
        return
    from srcnet_compiler.trust.trusted import trusted_in

    known = ("trusted", "required", TRUST_ROOT)
    for key, value in said.items():
        place = line_of(file, SIGNATURES, key)
        if key not in known:
            yield _unknown(place, key, f"{SIGNATURES}.{key}", known)
        elif key == "required" and not isinstance(value, bool):
            yield _Wrong(place, f"`{SIGNATURES}.required` must be true or false", None)
        elif key == "trusted" and not isinstance(value, list):
            yield _Wrong(place, f"`{SIGNATURES}.trusted` must be a list, `[…]`", None)
        elif key == TRUST_ROOT and not _is_beside(value):
            why = "must be a file beside this one, or below: it is committed with it"
            yield _Wrong(place, f"`{SIGNATURES}.{TRUST_ROOT}` {why}", None)
    trusted = said.get("trusted")
    for each in trusted if isinstance(trusted, list) else ():
        try:
            trusted_in(each)
        except ValueError as trouble:
            place = line_of(file, SIGNATURES, "trusted")
            yield _Wrong(place, f"`{each}` cannot be trusted: {trouble}", None)


def _is_beside(said: object) -> bool:
    """Whether it names a file that comes with srcnet.toml, so that a commit has both."""
    if not isinstance(said, str) or not said.strip():
        return False
    return not Path(said).is_absolute() and ".." not in Path(said).parts


def _unknown(place: str, key: str, path: str, known: Collection[str]) -> _Wrong:
    remedy = did_you_mean(key, known, f"one of {', '.join(sorted(known))}")
    return _Wrong(place, f"there is no setting `{path}`", remedy)

"""Where things are: flag before environment before srcnet.toml before default."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import click

from srcnet_compiler.cli.exits import Exit, StopError

FILE = "srcnet.toml"
DIRECTORY = "directory"
SHARED = ("state",)
"""Options that must say the same to every command: `state = …` above all tables, SRCNET_STATE."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The folder of the specs, and what srcnet.toml says: options shared, and those by command."""

    root: Path
    file: Path
    said: Mapping[str, Any] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """The day in UTC: waivers end and years begin at the same moment for everybody."""
        return now().date()


def now() -> datetime:
    """This moment in UTC: the one place where the clock is read."""
    return datetime.now(timezone.utc)  # noqa: TID251, UP017 - everybody else takes it as argument


def read_settings(directory: str | None, commands: Collection[str]) -> Settings:
    """The settings for `directory` (None: nobody has named one, so srcnet.toml here may).

    Raises StopError for a folder or a file that is no use.
    """
    here = _folder(Path("." if directory is None else directory))
    file = here / FILE
    said = _read(file) if file.is_file() else {}
    for key, value in said.items():
        _insist(file, key, key, (DIRECTORY, *SHARED, *commands))
        if isinstance(value, dict) is not (key in commands):
            kind = "a table, `[…]`" if key in commands else "one value"
            raise StopError(Exit.USAGE, f"`{file}`: `{key}` must be {kind}")
    named = said.get(DIRECTORY)
    return Settings(here if directory or named is None else _folder(here / str(named)), file, said)


def defaults_of(settings: Settings, name: str, command: click.Command) -> dict[str, Any]:
    """What srcnet.toml says about the options of a command, as click takes it."""
    known = {option_name(option): str(option.name) for option in options(command)}
    own = settings.said.get(name, {})
    for key in own:
        _insist(settings.file, key, f"{name}.{key}", known)
    shared = {key: settings.said[key] for key in SHARED if key in settings.said and key in known}
    return {
        known[key]: _plain(settings.file, f"{name}.{key}", value)
        for key, value in (shared | own).items()
    }


def options(command: click.Command) -> Iterator[click.Option]:
    """The options of a command, without its arguments."""
    return (each for each in command.params if isinstance(each, click.Option))


def option_name(option: click.Option) -> str:
    """As people write it, without dashes in front."""
    return max(option.opts, key=len).lstrip("-")


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise StopError(Exit.FILES, f"there is no folder `{path}`", "name one with `-C DIR`")
    return path


def _read(file: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        raise StopError(Exit.USAGE, f"`{file}` cannot be read: {trouble}") from None
    except RecursionError:
        raise StopError(Exit.USAGE, f"`{file}` is nested too deeply") from None


def _insist(file: Path, key: str, path: str, known: Collection[str]) -> None:
    if key in known:
        return
    from difflib import get_close_matches

    near = get_close_matches(key, known, n=1)
    remedy = f"did you mean `{near[0]}`?" if near else f"one of {', '.join(sorted(known))}"
    raise StopError(Exit.USAGE, f"`{file}`: there is no setting `{path}`", remedy)


def _plain(file: Path, path: str, value: object) -> str | bool:
    """A flag stays a flag; everything else is read as if it stood on the command line."""
    if isinstance(value, list | dict):
        raise StopError(Exit.USAGE, f"`{file}`: `{path}` must be one value")
    return value if isinstance(value, bool) else str(value)

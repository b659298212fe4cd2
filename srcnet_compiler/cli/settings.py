"""Where things are: flag before environment before srcnet.toml before default."""

from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

from srcnet_compiler.cli.exits import Exit, StopError

FILE = "srcnet.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """The folder of the specs, and defaults for options by command, as click takes them."""

    root: Path
    defaults: dict[str, Any] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """The day in UTC: waivers end and years begin at the same moment for everybody."""
        return now().date()


def now() -> datetime:
    """This moment in UTC: the one place where the clock is read."""
    return datetime.now(timezone.utc)  # noqa: TID251, UP017 - everybody else takes it as argument


def read_settings(directory: str) -> Settings:
    """The settings for `directory`; raises StopError for a folder or a file that is no use."""
    root = Path(directory)
    if not root.is_dir():
        raise StopError(Exit.FILES, f"there is no folder `{directory}`", "name one with `-C DIR`")
    file = root / FILE
    if not file.is_file():
        return Settings(root)
    import tomllib

    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        raise StopError(Exit.USAGE, f"`{file}` cannot be read: {trouble}") from None
    return Settings(root, data)

"""What only the administrators of a cluster can do."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from srcnet_compiler.span import Span

SHELL = "shell"


@dataclass(frozen=True, slots=True)
class Script:
    """A file for the site to install, from the template of its name."""

    name: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do, why, and the exact lines: of the file `where`, or to type where that is
    SHELL. With a `script` the lines are its own."""

    title: str
    why: str
    where: str
    lines: tuple[str, ...]
    spans: tuple[Span, ...] = field(default=(), compare=False, repr=False)
    script: Script | None = None

"""What stopped libyaml, and where in the text."""

from dataclasses import dataclass

from yaml.error import YAMLError

from srcnet_compiler.source.quotes import Place
from srcnet_compiler.span import Span


@dataclass(frozen=True, slots=True)
class Problem:
    """libyaml's error: what it saw `here`, and what it was reading since `since`.

    `index` is where it stopped, in characters from the beginning of what it was given.
    """

    what: str
    reading: str
    here: Place
    since: Place
    index: int
    lines: tuple[str, ...]

    @staticmethod
    def of(trouble: YAMLError, lines: tuple[str, ...], first_line: int) -> "Problem":
        here = getattr(trouble, "problem_mark", None)
        since = getattr(trouble, "context_mark", None) or here
        return Problem(
            what=getattr(trouble, "problem", None) or str(trouble),
            reading=getattr(trouble, "context", None) or "",
            here=(here.line + first_line, here.column) if here else (first_line, 0),
            since=(since.line + first_line, since.column) if since else (first_line, 0),
            index=here.index if here else 0,
            lines=lines,
        )

    def rest(self, place: Place) -> str:
        """What stands there, to the end of its line."""
        line, column = place
        return self.lines[line][column:] if line < len(self.lines) else ""

    def before(self, place: Place) -> str:
        """What stands before it in its line."""
        line, column = place
        return self.lines[line][:column] if line < len(self.lines) else ""

    @property
    def is_too_deep(self) -> bool:
        """Whether it is libyaml's own limit, which it may reach while it only looks ahead."""
        return "maximum nesting depth" in self.what

    def span(self, file: str, place: Place | None = None, width: int = 1) -> Span:
        """Where it stopped, or a place of it, moved to the end of what is written when it lies
        behind the last line."""
        line, column = self.here if place is None else place
        lines = self.lines
        while line > 0 and (line >= len(lines) or not lines[line].strip()):
            line -= 1
            column = len(lines[line].rstrip())
        column = min(column, len(lines[line]))
        end = min(column + width, len(lines[line]) + 1) + 1
        return Span(file, line + 1, column + 1, line + 1, end)

    @property
    def at_end(self) -> bool:
        """Whether nothing but blanks follows in the whole file."""
        line, _ = self.here
        return not self.rest(self.here).strip() and not any(
            text.strip() for text in self.lines[line + 1 :]
        )

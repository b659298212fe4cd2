"""A place in a document that something is wrong with: what is written, and what should be."""

from collections.abc import Mapping
from dataclasses import dataclass

from srcnet_compiler.schema.wording.lookup import Place
from srcnet_compiler.span import Path, SourceMap, Span


@dataclass(frozen=True, slots=True)
class Spot:
    """A written value, and what the schema says of its place."""

    source_map: SourceMap
    root: Place
    path: Path
    value: object
    place: Place
    parent: Place | None

    @property
    def key(self) -> str:
        """What leads here, in backticks: a key, or the list that this is an item of."""
        return named(self.path)

    @property
    def span(self) -> Span:
        """The value where it stands on one line, else the key that leads to it."""
        span = self.source_map.span(self.path)
        return span if span.line == span.end_line else self.head

    @property
    def head(self) -> Span:
        """The key that leads here; of an item, or the whole document, its first line."""
        return first_line(self.source_map, self.source_map.key_span(self.path))

    @property
    def typed(self) -> str:
        """The value as it stands in the file: `1.10` is not `1.1`. Empty beyond one line."""
        span = self.source_map.span(self.path)
        if span.line != span.end_line:
            return ""
        return self.source_map.lines[span.line - 1][span.column - 1 : span.end_column - 1]

    @property
    def secretive(self) -> bool:
        """Whether somebody may have written a secret here, which must not be repeated."""
        return any(key in ("credentials", "secrets", "secretRef") for key in self.path)

    def has_sibling(self, key: str) -> bool:
        """Whether `key` is written beside this."""
        return (*self.path[:-1], key) in self.source_map.values

    def line(self, value: str) -> str:
        """What would be typed to write `value` here, in backticks."""
        last = self.path[-1] if self.path else 0
        return f"`{last}: {value}`" if isinstance(last, str) else f"`- {value}`"


def spot(source_map: SourceMap, root: Place, path: Path, value: object) -> Spot:
    """The spot at `path`; where the schema knows no such place, that of what is around it."""
    parent = root.at(path[:-1]) if path else None
    place = root.at(path) or parent or root
    return Spot(source_map, root, path, value, place, parent)


def named(path: Path) -> str:
    """What leads to `path`, in backticks: a key, or the list that it is an item of."""
    keys = [key for key in path if isinstance(key, str)]
    name = f"`{keys[-1]}`" if keys else "the document"
    return f"an item of {name}" if path and isinstance(path[-1], int) else name


def written(loc: Path, data: object) -> tuple[Path, object]:
    """The part of an error's place that stands in the document, and the value there.

    Pydantic puts more in: a key that is missing, `[key]` after a key that is wrong.
    """
    path: list[str | int] = []
    for key in loc:
        if _holds(data, key):
            path.append(key)
            data = data[key]  # type: ignore[index]  # as `_holds` found
    return tuple(path), data


def _holds(data: object, key: str | int) -> bool:
    if isinstance(data, list):
        return isinstance(key, int) and key < len(data)
    return isinstance(data, Mapping) and key in data


def first_line(source_map: SourceMap, span: Span) -> Span:
    """The part of a span that stands on its first line."""
    if span.line == span.end_line:
        return span
    end = len(source_map.lines[span.line - 1].rstrip()) + 1
    return Span(span.file, span.line, span.column, span.line, max(end, span.column + 1))

"""Where a value was written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

Path = tuple[str | int, ...]
"""Keys and indexes from the root of a document to a value."""


class Span(NamedTuple):
    """A half-open range of characters; lines and columns count from 1, columns in code points.

    A tuple, since sets of places are made by the hundred thousand.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


_BITS = 24
_MASK = (1 << _BITS) - 1


def pack(line: int, column: int, end_line: int, end_column: int) -> int:
    """Four positions as one integer: a document holds thousands, and tuples cost ten times more."""
    return ((line << _BITS | column) << _BITS | end_line) << _BITS | end_column


@lru_cache(maxsize=50_000)
def unpack(file: str, packed: int) -> Span:
    """The span that `pack` was given; the places of what is shared come again for each site."""
    return Span(
        file,
        packed >> 3 * _BITS,
        packed >> 2 * _BITS & _MASK,
        packed >> _BITS & _MASK,
        packed & _MASK,
    )


@dataclass(frozen=True, slots=True)
class SourceMap:
    """Spans of the values (`values`) and keys (`keys`) of one document, packed, by path."""

    file: str
    lines: tuple[str, ...]
    values: Mapping[Path, int]
    keys: Mapping[Path, int]

    def span(self, path: Path) -> Span:
        """The span of the value at `path`, or of its nearest written ancestor."""
        while (packed := self.values.get(path)) is None:
            path = path[:-1]
        return unpack(self.file, packed)

    def key_span(self, path: Path) -> Span:
        """The span of the key that leads to `path`; of the value where it has no key."""
        return unpack(self.file, self.keys[path]) if path in self.keys else self.span(path)


@dataclass(frozen=True, slots=True)
class Origin:
    """The written mapping from which an object of the federation was made."""

    source_map: SourceMap = field(repr=False)
    path: Path = ()

    def at(self, *keys: str | int) -> Span:
        """The span of the value under `keys`, or of the nearest mapping that was written."""
        return self.source_map.span((*self.path, *keys))

    def key(self, *keys: str | int) -> Span:
        """The span of the key that leads to `keys`."""
        return self.source_map.key_span((*self.path, *keys))

    def has(self, *keys: str | int) -> bool:
        """Whether a value was written under `keys` (a default was not)."""
        return (*self.path, *keys) in self.source_map.values

    def below(self, *keys: str | int) -> "Origin":
        """The origin of what stands under `keys`."""
        return Origin(self.source_map, (*self.path, *keys))


def written(origin: Origin, *keys: str) -> tuple[Span, ...]:
    """The places of those `keys` that are written; what is left to a default has none."""
    file, values, path = origin.source_map.file, origin.source_map.values, origin.path
    packed = [values.get((*path, key)) for key in keys]
    return tuple([unpack(file, place) for place in packed if place is not None])

"""A file that the compiler writes, with the spec place of each of its lines."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, groupby, repeat
from pathlib import PurePosixPath
from typing import TypeAlias

from srcnet_compiler.span import Span

Spans: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Runs(Mapping[int, Spans]):
    """The places of lines by number, kept by lines in a row that share them: thousands do."""

    runs: tuple[tuple[Spans, int], ...]

    def __len__(self) -> int:
        return sum(count for _, count in self.runs)

    def __iter__(self) -> Iterator[int]:
        return iter(range(1, len(self) + 1))

    def __getitem__(self, number: int) -> Spans:
        left = number
        for spans, count in self.runs if number > 0 else ():
            left -= count
            if left <= 0:
                return spans
        raise KeyError(number)

    def each(self) -> Iterator[Spans]:
        """Those of every line, in order."""
        return chain.from_iterable(repeat(spans, count) for spans, count in self.runs)


@dataclass(frozen=True, slots=True)
class Artifact:
    """`sources` maps each line of `content`, counted from 1, to the spec places it comes from."""

    path: PurePosixPath
    content: str
    sources: Mapping[int, Spans] = field(default_factory=dict)

    def runs(self) -> Iterable[tuple[Spans, int]]:
        """The places of the lines, with how many in a row have them."""
        if isinstance(self.sources, Runs):
            return self.sources.runs
        return ((spans, len(list(same))) for spans, same in groupby(self.sources.values()))

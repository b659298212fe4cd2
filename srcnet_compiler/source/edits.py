"""Fixes put into a text by their places, so that all around them stays as it was written."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from srcnet_compiler.diagnostic import Fix
from srcnet_compiler.source.load import parse
from srcnet_compiler.source.text import decode
from srcnet_compiler.span import Span

BOM = "\ufeff"
_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Mended:
    """A text with fixes in it; each of `done` with what stood there before."""

    text: str
    done: tuple[tuple[Fix, str], ...]


def mend(text: str, fixes: Iterable[Fix]) -> Mended:
    """The text with all fixes that do not meet another one, and leave it as good to read.

    What is left out may be mended when the text has been looked at again. `text` has no byte order
    mark, as places do not count it.
    """
    starts = [0, *(found.end() for found in _BREAK.finditer(text))]
    done: list[_Edit] = []
    here, faults = text, _faults(text)
    for fix in sorted({*fixes}, key=lambda each: each.span):
        new = [_Edit(*range_of(starts, part.span), part) for part in fix.parts]
        edits = sorted([*done, *new], key=lambda each: (each.begin, each.end))
        if not _fit(edits, len(text)):
            continue
        there = _with(text, edits)
        if _faults(there) > faults:
            continue
        done, here = edits, there
    return Mended(here, tuple((each.fix, text[each.begin : each.end]) for each in done))


class _Edit(NamedTuple):
    """What a part of a fix replaces, in characters from the start of a text."""

    begin: int
    end: int
    fix: Fix


def _fit(edits: Sequence[_Edit], length: int) -> bool:
    """Whether all of them, in order, stand in a text of this length and none meets another."""
    free = 0
    for begin, end, _ in edits:
        if begin < free or end > length or end < begin:
            return False
        free = max(end, begin + 1)
    return True


def _with(text: str, edits: Iterable[_Edit]) -> str:
    """The text with all of them, in order; line breaks as those that it has."""
    line_break = _BREAK.search(text)
    pieces, at = [], 0
    for begin, end, fix in edits:
        new = fix.text.replace("\n", line_break[0]) if line_break else fix.text
        pieces += [text[at:begin], new]
        at = end
    return "".join([*pieces, text[at:]])


def range_of(starts: list[int], span: Span) -> tuple[int, int]:
    """Where a span begins and ends, in characters from the start of a text."""
    last = len(starts) - 1
    return (
        starts[min(span.line - 1, last)] + span.column - 1,
        starts[min(span.end_line - 1, last)] + span.end_column - 1,
    )


def plain_text(content: bytes) -> str | None:
    """The text without its byte order mark; None for what is no text."""
    return decode("", content).value


def marked(text: str, content: bytes) -> str:
    """The text with a byte order mark where the content begins with one."""
    return BOM + text if content.startswith(BOM.encode()) else text


def _faults(text: str) -> int:
    """How much is wrong with a text as YAML."""
    return len(parse("", text.encode()).diagnostics)

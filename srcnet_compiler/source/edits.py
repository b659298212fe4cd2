"""Fixes put into a text by their places, so that all around them stays as it was written."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

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
    done: list[tuple[Fix, str]] = []
    here, free, offset = text, 0, 0
    faults = _faults(text)
    for fix in sorted({*fixes}, key=lambda each: each.span):
        begin, end = range_of(starts, fix.span)
        if begin < free or end > len(text) or end < begin:
            continue
        line_break = _BREAK.search(text)
        new = fix.text.replace("\n", line_break[0]) if line_break else fix.text
        there = here[: begin + offset] + new + here[end + offset :]
        if _faults(there) > faults:
            continue
        done.append((fix, text[begin:end]))
        here, free, offset = there, max(end, begin + 1), offset + len(new) - (end - begin)
    return Mended(here, tuple(done))


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

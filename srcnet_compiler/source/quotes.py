"""Quotes as YAML reads them, without the rest of YAML: which one was left open?"""

import re
from collections.abc import Sequence
from typing import TypeAlias

Place: TypeAlias = tuple[int, int]
"""Line and column, from 0, in the file."""

_OPENS = re.compile(r"(?:^|(?<=[\s\[{,:]))(?:(?P<comment>#)|(?P<sign>[\"']))")
_BEFORE = ("[", "{", ",", ":", "-", "?")
"""What stands before a quote that begins a value: elsewhere it is part of a text."""
_BLANKS = 200
"""At most so many are looked over for that."""
_CLOSES = {'"': re.compile(r'(?:[^"\\]|\\.|\\$)*+"'), "'": re.compile(r"(?:[^']|'')*+'")}


def quote_over_lines(lines: Sequence[str]) -> tuple[Place, int] | None:
    """The last quote that opens on one line and closes on another, the last or the one before it.

    Where it opens, and the line in which it closes; None where every quote closes on its own line.
    """
    opened: Place | None = None
    found: tuple[Place, int] | None = None
    for number, line in enumerate(lines):
        column = 0
        while column < len(line):
            if opened is None:
                start = _next_quote(line, column)
                if start is None:
                    break
                opened, column = (number, start), start + 1
            close = _CLOSES[lines[opened[0]][opened[1]]].match(line, column)
            if close is None:
                break
            if opened[0] < number:
                found = opened, number
            opened, column = None, close.end()
    return found if found is not None and found[1] >= len(lines) - 2 else None


def _next_quote(line: str, column: int) -> int | None:
    """Where the next quoted value of a line begins; none behind a comment sign."""
    for match in _OPENS.finditer(line, column):
        if match["comment"]:
            return None
        start = match.start("sign")
        before = line[max(start - _BLANKS, 0) : start].rstrip()
        if not before or before.endswith(_BEFORE):
            return start
    return None

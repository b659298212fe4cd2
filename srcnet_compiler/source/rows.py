"""The lines of a YAML text: what goes on in each from above, what begins in it, its comment."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from yaml.tokens import ScalarToken

from srcnet_compiler.source.text import split_lines
from srcnet_compiler.source.tokens import Piece, pieces

_HEADER = re.compile(r"[|>][-+0-9]*")


@dataclass(frozen=True, slots=True)
class Row:
    """A line. `carried` goes on in it, as `text`; `begun` begin in it; `comment` ends it.

    `comment_column` counts from 0. `body` are the lines of a text block that begins in this line.
    """

    carried: Piece | None
    text: str
    begun: tuple[Piece, ...]
    words: tuple[str, ...]
    comment: str
    comment_column: int
    body: tuple[str, ...] = ()

    @property
    def is_blank(self) -> bool:
        """Whether nothing is written here."""
        return self.carried is None and not self.begun and not self.comment

    @property
    def is_comment(self) -> bool:
        """Whether nothing but a comment is written here."""
        return self.carried is None and not self.begun and bool(self.comment)


def rows(text: str) -> Iterator[Row]:
    """Every line but those of text blocks, which are with the line that begins the block."""
    lines = split_lines(text)
    by_line: dict[int, list[Piece]] = {}
    for piece in pieces(text):
        by_line.setdefault(piece.line, []).append(piece)
    carried: Piece | None = None
    number = 0
    while number < len(lines):
        line, begun = lines[number], tuple(by_line.get(number, ()))
        text = "" if carried is None else _part(line, carried, number)
        words = tuple(_part(line, piece, number) for piece in begun)
        last = begun[-1] if begun else carried
        body: tuple[str, ...] = ()
        following = number + 1
        if begun and begun[-1].is_block_text:
            following = max(begun[-1].end_line + (begun[-1].end_column > 0), following)
            body = lines[number + 1 : following]
            begins_comment = begun[-1].column + len(words[-1])
            goes_on = False
        else:
            goes_on = last is not None and last.end_line > number
            begins_comment = len(line) if goes_on else last.end_column if last else 0
        comment = line[begins_comment:].strip()
        column = len(line) - len(line[begins_comment:].lstrip())
        yield Row(carried, text, begun, words, comment, column, body)
        carried = last if goes_on else None
        number = following


def _part(line: str, piece: Piece, number: int) -> str:
    """The part of a piece that stands in this line, without the blanks that say nothing."""
    if piece.is_block_text:
        head = _HEADER.match(line, piece.column)
        return head[0] if head else ""
    begin = piece.column if piece.line == number else 0
    if piece.end_line == number:
        return line[begin : piece.end_column].lstrip()
    text = line[begin:].lstrip()
    return text if _ends_in_escape(text, piece) else text.rstrip()


def _ends_in_escape(text: str, piece: Piece) -> bool:
    """Whether a blank at the end is part of the text, since a backslash stands before it."""
    bare = text.rstrip()
    is_double = isinstance(piece.token, ScalarToken) and piece.token.style == '"'
    return is_double and (len(bare) - len(bare.rstrip("\\"))) % 2 == 1

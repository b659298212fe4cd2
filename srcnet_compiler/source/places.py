"""From libyaml's marks to places: where a value begins, and where the last of it is written.

Marks count lines and columns from 0, columns in code points. Three of them are not what a reader
would point at: values begin at their anchor or tag, block collections end behind the comments that
follow them, block scalars end on the line after.
"""

import re
from typing import Any, TypeAlias

from srcnet_compiler.source.text import split_lines
from srcnet_compiler.span import Span, pack, unpack

Event: TypeAlias = Any
Mark: TypeAlias = Any
"""The stubs say that every mark may be None; those of libyaml's parser never are."""

# What YAML calls blank; to `\s` and `str.strip`, a no-break space in a text would be blank too.
_BLANK = " \t"
_BLOCKS = frozenset("|>")

# Anchor, tag, blanks and comments in front of a value. Possessive: no input can make it backtrack.
_PROPERTIES = re.compile(
    r"(?:(?:&[\w-]++|!<[^>\s]*+>|![^\s,\[\]{}]*+)(?:[ \t\r\n]++|(?<=[ \t\r\n])#[^\r\n]*+)*+)++"
)
_TAG = re.compile(r"!<[^>\s]*>|![^\s,\[\]{}]*")


class Places:
    """The places of one text; its first line is line `first_line` (from 0) of the file."""

    def __init__(self, file: str, text: str, lines: tuple[str, ...], first_line: int) -> None:
        self.file = file
        self.lines = lines
        self.has_question_marks = "?" in text
        self._text = text
        self._first = first_line + 1
        self._end = (1, 1)
        """Behind what was last written: there, a block collection ends."""

    def span(self, packed: int) -> Span:
        return unpack(self.file, packed)

    def mark(self, event: Event) -> int:
        """The packed span of one character, where an event begins."""
        line, column = self._position(event.start_mark)
        return pack(line, column, line, column + 1)

    def tag(self, event: Event) -> int:
        """The packed span of the tag of an event that has one."""
        line, column = self._position(event.start_mark)
        begin = event.start_mark.index
        match = _TAG.search(self._text, begin)
        if match is None:
            return pack(line, column, line, column + 1)
        before = split_lines(self._text[begin : match.start()])
        line, column = line + len(before) - 1, len(before[-1]) + (column if len(before) == 1 else 1)
        return pack(line, column, line, column + len(match[0]))

    def written(self, event: Event) -> int:
        """The packed span of an event that is content."""
        self._end = self._position(event.end_mark)
        return pack(*self._position(event.start_mark), *self._end)

    def scalar(self, event: Event) -> int:
        """The packed span of a scalar without its anchor and tag; of nothing, an empty one."""
        start, end = event.start_mark, event.end_mark
        line, column = start.line + self._first, start.column + 1
        is_bare = event.tag is None and event.anchor is None
        if is_bare and event.value and event.style not in _BLOCKS:
            # nearly every scalar: worth a way of its own
            end_line, end_column = self._end = end.line + self._first, end.column + 1
            return pack(line, column, end_line, end_column)
        if not is_bare:
            line, column = self._behind_properties(event, end)
        if event.style in _BLOCKS:
            self._end = self._end_of_block(line, end)
        elif start.index == end.index and self._is_blank_before(end):
            # nothing is written: the place is behind what asks for a value
            line, column = self._end
        else:
            self._end = self._position(end)
        return pack(line, column, *self._end)

    def is_text_behind_question_mark(self, event: Event) -> bool:
        """Whether `?x` is written: text in YAML 1.2, but in brackets a key to libyaml."""
        begin = event.start_mark.index
        return begin > 0 and self._text[begin - 1] == "?" and begin != event.end_mark.index

    def start(self, event: Event) -> tuple[int, int]:
        """Line and column of a collection's first character, without anchor and tag."""
        if event.tag is not None or event.anchor is not None:
            return self._behind_properties(event, None)
        return self._position(event.start_mark)

    def close(self, event: Event) -> None:
        """Take note of a `]` or `}`; a block has no end of its own."""
        if event.start_mark.index != event.end_mark.index:
            self._end = self._position(event.end_mark)

    def until_here(self, start: tuple[int, int]) -> int:
        """The packed span from there to the end of what was last written."""
        return pack(*start, *self._end)

    def head(self, packed: int) -> str:
        """The beginning of what is written there, at most the rest of its first line."""
        span = self.span(packed)
        width = span.end_column - span.column if span.end_line == span.line else 80
        return self.lines[span.line - 1][span.column - 1 :][: min(width, 80)]

    def before(self, packed: int) -> str:
        """What stands before it in its line."""
        span = self.span(packed)
        return self.lines[span.line - 1][: span.column - 1]

    def _position(self, mark: Mark) -> tuple[int, int]:
        return mark.line + self._first, mark.column + 1

    def _behind_properties(self, event: Event, end: Mark | None) -> tuple[int, int]:
        line, column = self._position(event.start_mark)
        match = _PROPERTIES.match(self._text, event.start_mark.index)
        if match is None:
            return line, column
        if end is not None and match.end() > end.index:  # nothing follows the anchor or tag
            return self._position(end)
        skipped = split_lines(match[0])
        if len(skipped) == 1:
            return line, column + len(skipped[0])
        return line + len(skipped) - 1, len(skipped[-1]) + 1

    def _is_blank_before(self, mark: Mark) -> bool:
        number = mark.line + self._first
        if number > len(self.lines):
            return True
        line, column = self.lines[number - 1], mark.column
        while column > 0 and line[column - 1] in _BLANK:
            column -= 1
        return bool(column == 0)

    def _end_of_block(self, header: int, end: Mark) -> tuple[int, int]:
        """The end of a block scalar's last line that is not blank, or of its header."""
        last = end.line + self._first
        for number in range(min(last, len(self.lines)), header, -1):
            line = self.lines[number - 1]
            written = line[: end.column] if number == last else line
            if written.strip(_BLANK):
                return number, len(written.rstrip(_BLANK)) + 1
        return header, len(self.lines[header - 1].rstrip(_BLANK)) + 1

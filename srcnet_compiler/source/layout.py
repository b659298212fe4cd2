"""The canonical layout of a text: every line stays a line, and the blanks around its words change.

Values, comments, quotes, anchors, order and the author's line breaks stay as they are. Blocks are
indented by two, lists below their keys too; a line that goes on inside brackets begins one column
behind the bracket; one blank parts words; a comment behind a value keeps its column where it can.
"""

from yaml._yaml import CParser
from yaml.error import YAMLError
from yaml.events import DocumentEndEvent, DocumentStartEvent, ScalarEvent, StreamEndEvent
from yaml.tokens import (
    AliasToken,
    AnchorToken,
    DirectiveToken,
    DocumentStartToken,
    FlowEntryToken,
    TagToken,
    Token,
    ValueToken,
)

from srcnet_compiler.diagnostic import Outcome
from srcnet_compiler.source.load import parse
from srcnet_compiler.source.rows import Row, rows
from srcnet_compiler.source.text import decode
from srcnet_compiler.source.tokens import CLOSES, MARKS, OPENS, Piece

_STEP = 2
_BEFORE_COMMENT = 2
_SAID = ("anchor", "tag", "value", "style", "flow_style")
_TIMES = 3
"""What is not at rest after so many times never is."""


def laid_out(file: str, content: bytes) -> Outcome[str]:
    """The text of a file in its canonical layout; None, and why, where it cannot be read.

    A text whose layout cannot change without changing what it says stays as it is.
    """
    read = parse(file, content)
    text = decode(file, content).value
    if read.value is None or text is None:
        return Outcome(None, read.diagnostics)
    try:
        return Outcome(_settled(text))
    except YAMLError:
        return Outcome(text)


def _settled(text: str) -> str:
    here = text
    for _ in range(_TIMES):
        there = "".join(f"{line}\n" for line in _Page(here).lines())
        if there == here:
            return here if says_the_same(text, here) else text
        here = there
    return text


def says_the_same(before: str, after: str) -> bool:
    """Whether two texts have the same values, written with the same quotes, and comments."""
    return _events(before) == _events(after) and _comments(before) == _comments(after)


def _events(text: str) -> list[tuple[object, ...]]:
    """What a text says; documents without anything in them say nothing."""
    found: list[tuple[object, ...]] = []
    next_event = CParser(text).get_event
    while not isinstance(event := next_event(), StreamEndEvent):
        parts = [getattr(event, name, None) for name in _SAID]
        if isinstance(event, DocumentStartEvent):
            parts = [event.version, event.tags and sorted(event.tags.items())]
        found.append((type(event), *parts))
        is_end = isinstance(event, DocumentEndEvent)
        if is_end and found[-2][0] is ScalarEvent and found[-2][1:4] == (None, None, ""):
            del found[-3:]
    return found


def _comments(text: str) -> list[str]:
    return [row.comment for row in rows(text) if row.comment]


class _Page:
    """Writes one line after another; blank lines and comments wait for what they stand before."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._written: list[str] = []
        self._brackets: list[int] = []
        self._waiting: list[tuple[int, str] | None] = []
        self._around: tuple[int, ...] = ()
        self._begun = False
        """Whether something was written that a mark would part from what follows."""
        self._ended = False
        """Whether a document was ended by a mark, and no other begun."""
        self._kept = 0
        """So many lines end with blank ones that are part of a text."""

    def lines(self) -> list[str]:
        """The lines as they should be."""
        for row in rows(self._text):
            if row.is_blank:
                self._waiting.append(None)
            elif row.is_comment:
                self._waiting.append((row.comment_column, row.comment))
            else:
                self._row(row)
        self._release(-1, 0)
        while len(self._written) > self._kept and not self._written[-1]:
            self._written.pop()
        return self._written

    # what stands before a line

    def _release(self, column: int, indent: int) -> None:
        """Write what waits before a line that began at `column`, and begins at `indent` now.

        A comment that is indented further than the line belongs to a block that ends here.
        """
        for each in self._waiting:
            if each is None:
                if self._written and self._written[-1]:
                    self._written.append("")
                continue
            there, comment = each
            inside = [
                (old, _STEP * depth)
                for depth, old in enumerate(self._around)
                if column < old <= there
            ]
            nearest = max((old for old, _ in inside), default=None)
            new = next((new for old, new in inside if old == nearest), indent)
            self._written.append(" " * new + comment)
        self._waiting.clear()

    def _before(self, first: Piece) -> None:
        if self._ended:
            self._release(-1, 0)
            self._written.append("---")
            self._ended = False
        inside = self._brackets[-1] + 1 if self._brackets else None
        if inside is None:
            self._release(first.column, self._indent(first))
        else:
            self._around = ()
            self._release(-1, inside)
        self._begun = True

    # a line

    def _row(self, row: Row) -> None:
        begun, words = row.begun, row.words
        if row.carried is None and isinstance(begun[0].token, MARKS):
            self._mark(row)
            begun, words = begun[1:], words[1:]
            if not begun:
                return
        before: Token | None = None
        if row.carried is not None:
            written = " " * self._inside(row.carried) + row.text if row.text else ""
            before = row.carried.token
        else:
            self._before(begun[0])
            written = " " * self._indent(begun[0])
        for piece, word in zip(begun, words, strict=True):
            written += " " * (0 if before is None else _gap(before, piece.token))
            self._bracket(piece, len(written))
            written += word
            before = piece.token
        if row.comment:
            column = max(row.comment_column, len(written) + _BEFORE_COMMENT)
            written = written.ljust(column) + row.comment
        self._written.append(written)
        if begun:
            self._around = begun[-1].columns
            if begun[-1].is_block_text:
                self._body(row, begun[-1], words[-1])

    def _mark(self, row: Row) -> None:
        """What parts documents, or instructs YAML."""
        token, alone = row.begun[0].token, len(row.begun) == 1
        self._release(-1, 0)
        self._around = ()
        if isinstance(token, DirectiveToken):
            if self._ended:
                self._written.append("...")
            self._ended, self._begun = False, True
            self._written.append(f"{row.words[0]}  {row.comment}".rstrip())
            return
        if not isinstance(token, DocumentStartToken):
            self._ended = self._begun
        elif self._begun:
            self._written.append("---")
            self._ended = False
        if row.comment and alone:
            self._written.append(row.comment)

    def _bracket(self, piece: Piece, column: int) -> None:
        if isinstance(piece.token, OPENS):
            self._brackets.append(column)
        elif isinstance(piece.token, CLOSES):
            self._brackets.pop()

    def _indent(self, first: Piece) -> int:
        """Where a line begins that this is the first piece of."""
        if self._brackets and isinstance(first.token, CLOSES):
            return self._brackets[-1]
        depth = len(first.columns)
        return _STEP * (depth - 1) if first.is_entry else self._inside(first)

    def _inside(self, piece: Piece) -> int:
        """Where a line begins in which a value stands or goes on."""
        return self._brackets[-1] + 1 if self._brackets else _STEP * len(piece.columns)

    def _body(self, row: Row, piece: Piece, head: str) -> None:
        """The lines of a text block, moved together."""
        digits = [int(sign) for sign in head if sign.isdigit()]
        if digits:
            old = (piece.columns[-1] if piece.columns else 0) + digits[0]
            new = _STEP * max(len(piece.columns) - 1, 0) + digits[0]
        else:
            first = next((line for line in row.body if line.strip(" ")), "")
            old = len(first) - len(first.lstrip(" "))
            new = _STEP * max(len(piece.columns), 1)
        body = [" " * new + line[old:] if line[old:] else "" for line in row.body]
        if "+" not in head:
            while body and not body[-1]:
                body.pop()
                self._waiting[:] = [None]
        self._written += body
        self._kept = len(self._written)


def _gap(before: Token, after: Token) -> int:
    """Blanks between two pieces of a line."""
    if isinstance(before, OPENS):
        return 0
    if isinstance(after, (FlowEntryToken, *CLOSES)):
        return int(isinstance(before, ValueToken))
    if isinstance(after, ValueToken):
        return int(isinstance(before, AliasToken | AnchorToken | TagToken))
    return 1

"""The pieces that a YAML text is written in, as libyaml's scanner has them, each in its block."""

from collections.abc import Iterator
from dataclasses import dataclass

from yaml._yaml import CParser
from yaml.tokens import (
    BlockEndToken,
    BlockEntryToken,
    BlockMappingStartToken,
    BlockSequenceStartToken,
    DirectiveToken,
    DocumentEndToken,
    DocumentStartToken,
    FlowMappingEndToken,
    FlowMappingStartToken,
    FlowSequenceEndToken,
    FlowSequenceStartToken,
    KeyToken,
    ScalarToken,
    StreamEndToken,
    StreamStartToken,
    Token,
    ValueToken,
)

OPENS = (FlowMappingStartToken, FlowSequenceStartToken)
CLOSES = (FlowMappingEndToken, FlowSequenceEndToken)
MARKS = (DocumentStartToken, DocumentEndToken, DirectiveToken)


@dataclass(frozen=True, slots=True)
class Piece:
    """A token and where it is written; lines and columns count from 0.

    `columns` are those of the block collections around it, from the outside in. An entry of the
    innermost begins here where `is_entry` says so; elsewhere a value of it stands.
    """

    token: Token
    line: int
    column: int
    end_line: int
    end_column: int
    columns: tuple[int, ...]
    is_entry: bool

    @property
    def is_block_text(self) -> bool:
        """Whether this is a text that begins with `|` or `>`."""
        return isinstance(self.token, ScalarToken) and self.token.style in ("|", ">")


def pieces(text: str) -> Iterator[Piece]:
    """What is written, in order. Raises yaml.YAMLError where the text is no YAML."""
    return _Scanner(text).pieces()


class _Scanner:
    """Follows the block collections. A list that stands at the column of its key is one too,
    though libyaml does not say where it begins and ends."""

    def __init__(self, text: str) -> None:
        self._next = CParser(text).get_token
        self._columns: list[int] = []
        self._kinds: list[str] = []
        self._flow = 0

    def pieces(self) -> Iterator[Piece]:
        follows_key = False
        while (token := self._next()) and not isinstance(token, StreamEndToken):
            if self._is_structure(token):
                continue
            if not self._flow:
                self._lists_without_start(token)
            if isinstance(token, KeyToken) and token.start_mark.index == token.end_mark.index:
                follows_key = True
                continue
            yield self._piece(token, follows_key)
            follows_key = False
            self._flow += isinstance(token, OPENS) - isinstance(token, CLOSES)

    def _is_structure(self, token: Token) -> bool:
        """Whether a token is written nowhere: it begins or ends a collection."""
        if isinstance(token, BlockMappingStartToken):
            self._begin("mapping", token)
        elif isinstance(token, BlockSequenceStartToken):
            self._begin("list", token)
        elif isinstance(token, BlockEndToken):
            self._end_list()
            self._end()
        else:
            return isinstance(token, StreamStartToken)
        return True

    def _lists_without_start(self, token: Token) -> None:
        if isinstance(token, BlockEntryToken) and self._kinds[-1:] == ["mapping"]:
            self._begin("list at its key", token)
        elif isinstance(token, KeyToken | ValueToken):
            self._end_list()

    def _begin(self, kind: str, token: Token) -> None:
        self._kinds.append(kind)
        self._columns.append(token.start_mark.column)

    def _end(self) -> None:
        self._kinds.pop()
        self._columns.pop()

    def _end_list(self) -> None:
        if self._kinds[-1:] == ["list at its key"]:
            self._end()

    def _piece(self, token: Token, follows_key: bool) -> Piece:
        begin, end = token.start_mark, token.end_mark
        is_entry = follows_key or isinstance(token, BlockEntryToken | KeyToken | ValueToken)
        return Piece(
            token,
            begin.line,
            begin.column,
            end.line,
            end.column,
            tuple(self._columns),
            is_entry and not self._flow,
        )

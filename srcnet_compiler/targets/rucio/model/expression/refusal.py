"""Why an RSE expression is refused: by the server, or by us before the server sees it."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """The kinds of refusal; each says what Rucio 41.5 does with such an expression."""

    SYNTAX = "syntax"
    """InvalidRSEExpression (HTTP 400): the grammar has no such text."""
    COLUMN_VALUE = "column-value"
    """InvalidObject (HTTP 400): the column that the key names cannot hold this value."""
    SERVER_ERROR = "server-error"
    """HTTP 500, whatever the database."""
    UNDEFINED = "undefined"
    """The database or the server's code decides: PostgreSQL answers HTTP 500, SQLite something."""
    TOO_DEEP = "too-deep"
    """The server recurses and runs out of stack, at a depth that depends on its caller."""
    EMPTY = "empty"
    """InvalidRSEExpression (HTTP 400): well formed, but no RSE is left in the end."""
    SHADOWED = "shadowed"
    """Ours: a key that was meant as an attribute is something else to the server."""
    NOT_READ = "not-read"
    """Ours: the answer rests on a column that the facts at hand do not state."""


class ExpressionError(ValueError):
    """An expression that must not reach the server, or that the server refuses.

    `position` counts characters of the text from 0; None when the fault lies in the RSEs
    and not in the text.
    """

    def __init__(self, kind: Refusal, sentence: str, position: int | None = None) -> None:
        place = "" if position is None else f", at character {position + 1}"
        super().__init__(sentence + place)
        self.kind = kind
        self.sentence = sentence
        self.position = position

"""Building expressions that the server reads as they were meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import reduce

from srcnet_compiler.targets.rucio.model.expression.facts import (
    Shadow,
    objection,
    shadow_of,
    stored,
)
from srcnet_compiler.targets.rucio.model.expression.refusal import ExpressionError, Refusal
from srcnet_compiler.targets.rucio.model.expression.terms import (
    KEY,
    VALUE,
    WORD,
    All,
    Equals,
    Expression,
    Flag,
    Less,
    More,
)
from srcnet_compiler.targets.rucio.model.names import RseName

ALL = All()


def attribute(key: str, value: str | bool) -> Expression:
    """RSEs whose attribute `key` has this value; an RSE without the attribute has none.

    Raises ExpressionError when the key is a column or furniture of the server, which hide the
    attribute, or when the grammar has no room for the key or the value.
    """
    if shadow_of(key) is not None:
        raise ExpressionError(Refusal.SHADOWED, f"`{key}` is no attribute to the server")
    text = value if isinstance(value, str) else str(stored(value))
    return Equals(_fitting(KEY, key, "key"), _fitting(VALUE, text, "value"))


def column(key: str, value: str | bool) -> Expression:
    """RSEs whose column `key`, such as `rse_type` or `availability_write`, has this value."""
    if shadow_of(key) not in (Shadow.TEXT, Shadow.BOOLEAN, Shadow.TYPE):
        raise ExpressionError(Refusal.SHADOWED, f"`{key}` is no column that can be compared")
    text = value if isinstance(value, str) else str(stored(value))
    objected = objection(key, text)
    if objected is not None:
        raise ExpressionError(*objected)
    return Equals(key, _fitting(VALUE, text, "value"))


def named(rse: RseName) -> Expression:
    """The one RSE of this name. The bare name would also find RSEs that carry it as attribute."""
    return column("rse", rse)


def flag(word: str) -> Expression:
    """RSEs on which the attribute `word` is true."""
    if shadow_of(word) is not None:
        raise ExpressionError(Refusal.SHADOWED, f"`{word}` is no attribute to the server")
    return Flag(_fitting(WORD, word, "word"))


def less_than(key: str, bound: int) -> Expression:
    """RSEs whose attribute `key` is a number below `bound`. Columns are not looked at."""
    return Less(_fitting(KEY, key, "key"), str(bound))


def more_than(key: str, bound: int) -> Expression:
    """RSEs whose attribute `key` is a number above `bound`. Columns are not looked at."""
    return More(_fitting(KEY, key, "key"), str(bound))


def any_of(expressions: Iterable[Expression]) -> Expression:
    """The union in the given order. Raises TypeError when there is none: no text says `nothing`."""
    return reduce(Expression.__or__, expressions)


def _fitting(grammar: re.Pattern[str], text: str, what: str) -> str:
    if grammar.fullmatch(text):
        return text
    raise ExpressionError(Refusal.SYNTAX, f"no expression can hold the {what} `{text}`")

"""Which RSEs an expression means."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from srcnet_compiler.targets.rucio.model.expression.facts import (
    AttributeValue,
    Inventory,
    RseFacts,
    Shadow,
    objection,
    read_boolean,
    shadow_of,
    stored,
)
from srcnet_compiler.targets.rucio.model.expression.refusal import ExpressionError, Refusal
from srcnet_compiler.targets.rucio.model.expression.terms import (
    All,
    Equals,
    Expression,
    Flag,
    Less,
    More,
    Operator,
    fold,
    in_order,
)
from srcnet_compiler.targets.rucio.model.names import RseName


def evaluate(expression: Expression, rses: Inventory) -> frozenset[RseName]:
    """The RSEs that the expression means, perhaps none.

    Raises ExpressionError when an RSE makes the server fail, or when `rses` lack a column that
    the expression compares.
    """
    return fold(expression, lambda term: _select(term, rses), _apply)


def resolve(expression: Expression, rses: Inventory) -> frozenset[RseName]:
    """The RSEs that the server would return; it refuses an expression that means none.

    Raises ExpressionError as `evaluate` does, and of kind EMPTY.
    """
    selected = evaluate(expression, rses)
    if not selected:
        raise ExpressionError(Refusal.EMPTY, f"no RSE matches `{expression}`")
    return selected


def attributes_of(expression: Expression) -> frozenset[str]:
    """The attributes on which the meaning depends; changing one changes where data may go."""
    return frozenset(key for key, is_column in _keys(expression) if not is_column)


def columns_of(expression: Expression) -> frozenset[str]:
    """The server's own columns on which the meaning depends."""
    return frozenset(key for key, is_column in _keys(expression) if is_column)


def _keys(expression: Expression) -> Iterator[tuple[str, bool]]:
    for node in in_order(expression):
        match node:
            case Flag(key) | Equals(key, _):
                shadow = shadow_of(key)
                if shadow is Shadow.AVAILABILITY:
                    yield from ((part, True) for part, _ in _DELETE_ONLY)
                elif shadow is not Shadow.INERT:
                    yield key, shadow is not None
            case Less(key, _) | More(key, _):
                yield key, False


def _apply(
    left: frozenset[RseName], operator: Operator, right: frozenset[RseName]
) -> frozenset[RseName]:
    match operator:
        case Operator.UNION:
            return left | right
        case Operator.INTERSECTION:
            return left & right
        case Operator.DIFFERENCE:
            return left - right


def _select(term: Expression, rses: Inventory) -> frozenset[RseName]:
    match term:
        case All():
            return frozenset(rses)
        case Flag(word):
            return _select_equal(word, True, rses)
        case Equals(key, value):
            return _select_equal(key, value, rses)
        case Less(key, bound):
            return _select_number(key, rses, lambda held: held < float(bound))
        case More(key, bound):
            return _select_number(key, rses, lambda held: held > float(bound))
    raise TypeError(f"not a term: {term!r}")


def _select_equal(key: str, value: str | bool, rses: Inventory) -> frozenset[RseName]:
    objected = objection(key, value)
    if objected is not None:
        raise ExpressionError(*objected)
    if shadow_of(key) is None:
        return _with_attribute(key, stored(value), rses)
    return frozenset(name for name, facts in rses.items() if _equals(key, value, name, facts))


def _with_attribute(key: str, wanted: str | None, rses: Inventory) -> frozenset[RseName]:
    if wanted is not None and wanted not in ("true", "false"):  # others are stored as they are
        return frozenset(n for n, facts in rses.items() if facts.attributes.get(key) == wanted)
    held = ((name, facts.attributes.get(key)) for name, facts in rses.items())
    return frozenset(name for name, value in held if value is not None and stored(value) == wanted)


def _select_number(key: str, rses: Inventory, holds: Callable[[float], bool]) -> frozenset[RseName]:
    return frozenset(name for name, facts in rses.items() if _compares(key, holds, facts))


_DELETE_ONLY = (
    ("availability_read", "false"),
    ("availability_write", "false"),
    ("availability_delete", "true"),
)
"""What the bare word `availability` comes to: Python's True counts as 1, the bit of `delete`."""


def _equals(key: str, value: str | bool, name: RseName, facts: RseFacts) -> bool:
    """Whether the column or method that hides attributes called `key` equals `value`."""
    shadow = shadow_of(key)
    match shadow:
        case Shadow.INERT:
            return False
        case Shadow.AVAILABILITY:
            return all(_equals(part, flag, name, facts) for part, flag in _DELETE_ONLY)
    if key not in facts.columns:
        raise ExpressionError(Refusal.NOT_READ, f"column `{key}` of `{name}` was not read")
    held_column = facts.columns[key]
    match shadow:
        case Shadow.BOOLEAN:
            return held_column is (value if isinstance(value, bool) else read_boolean(value))
        case Shadow.IDENTIFIER:
            return str(held_column) == str(value).replace("-", "").lower()
        case _:
            return held_column == value


def _compares(key: str, holds: Callable[[float], bool], facts: RseFacts) -> bool:
    if key not in facts.attributes:
        return False
    held = facts.attributes[key]
    if held is None:
        sentence = f"attribute `{key}` is null on an RSE, and comparing it makes the server fail"
        raise ExpressionError(Refusal.SERVER_ERROR, sentence)
    try:
        return holds(_number(held))
    except ValueError:  # the server skips what is no number, on either side
        return False


def _number(held: AttributeValue) -> float:
    text = stored(held) or ""
    return {"true": 1.0, "false": 0.0}[text] if text in ("true", "false") else float(text)

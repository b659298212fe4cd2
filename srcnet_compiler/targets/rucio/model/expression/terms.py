"""What an RSE expression is made of, and its text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from srcnet_compiler.targets.rucio.model.expression.refusal import ExpressionError, Refusal

KEY = re.compile(r"[A-Za-z0-9._-]+")
VALUE = re.compile(r"[A-Za-z0-9_-]+")
WORD = re.compile(r"[A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)*")

MAX_DEPTH = 500
"""Nested parentheses, or operators in a row, that we let pass. A bare server manages some 940."""


class Operator(StrEnum):
    UNION = "|"
    INTERSECTION = "&"
    DIFFERENCE = "\\"


class Expression:
    """A set of RSEs, described. Combine with `|`, `&` and `-`; `str` is the text for the server."""

    __slots__ = ()

    def __or__(self, other: Expression) -> Expression:
        return combine(self, Operator.UNION, other)

    def __and__(self, other: Expression) -> Expression:
        return combine(self, Operator.INTERSECTION, other)

    def __sub__(self, other: Expression) -> Expression:
        return combine(self, Operator.DIFFERENCE, other)

    def __str__(self) -> str:
        return fold(self, _write, lambda left, operator, right: f"({left}{operator}{right})")


@dataclass(frozen=True, slots=True)
class All(Expression):
    """`*`, every RSE."""


@dataclass(frozen=True, slots=True)
class Flag(Expression):
    """A bare word: the RSEs on which the attribute, or boolean column, of this name is true.

    An RSE is found by its name because it carries its name as such an attribute, and so may
    others.
    """

    word: str


@dataclass(frozen=True, slots=True)
class Equals(Expression):
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Less(Expression):
    """RSEs whose attribute `key` is a number below `bound`; true counts as 1 and false as 0."""

    key: str
    bound: str


@dataclass(frozen=True, slots=True)
class More(Expression):
    """RSEs whose attribute `key` is a number above `bound`."""

    key: str
    bound: str


@dataclass(frozen=True, slots=True)
class Combined(Expression):
    left: Expression
    operator: Operator
    right: Expression
    depth: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", 1 + max(_depth(self.left), _depth(self.right)))


def combine(left: Expression, operator: Operator, right: Expression) -> Expression:
    combined = Combined(left, operator, right)
    if combined.depth > MAX_DEPTH:
        raise ExpressionError(Refusal.TOO_DEEP, f"more than {MAX_DEPTH} operators in a row")
    return combined


_T = TypeVar("_T")


def in_order(expression: Expression) -> Iterator[Expression]:
    """Terms before the combination that they are part of, left before right."""
    pending: list[tuple[Expression, bool]] = [(expression, False)]
    while pending:
        node, is_ready = pending.pop()
        if is_ready or not isinstance(node, Combined):
            yield node
        else:
            pending += [(node, True), (node.right, False), (node.left, False)]


def fold(
    expression: Expression,
    of_term: Callable[[Expression], _T],
    of_pair: Callable[[_T, Operator, _T], _T],
) -> _T:
    done: list[_T] = []
    for node in in_order(expression):
        if isinstance(node, Combined):
            right, left = done.pop(), done.pop()
            done.append(of_pair(left, node.operator, right))
        else:
            done.append(of_term(node))
    return done.pop()


def _depth(expression: Expression) -> int:
    return expression.depth if isinstance(expression, Combined) else 0


def _write(term: Expression) -> str:
    match term:
        case Flag(word):
            return word
        case Equals(key, value):
            return f"{key}={value}"
        case Less(key, bound):
            return f"{key}<{bound}"
        case More(key, bound):
            return f"{key}>{bound}"
        case _:
            return "*"

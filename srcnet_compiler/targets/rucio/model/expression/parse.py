"""From text to an expression, as the server reads it: strictly from left to right."""

from __future__ import annotations

import re

from srcnet_compiler.targets.rucio.model.expression.facts import objection
from srcnet_compiler.targets.rucio.model.expression.refusal import ExpressionError, Refusal
from srcnet_compiler.targets.rucio.model.expression.terms import (
    KEY,
    MAX_DEPTH,
    VALUE,
    WORD,
    All,
    Equals,
    Expression,
    Flag,
    Less,
    More,
    Operator,
    combine,
)

_TERM = re.compile(
    rf"(?P<key>{KEY.pattern})(?P<sign>[=<>])(?P<value>{VALUE.pattern})"
    rf"|(?P<word>{WORD.pattern})|\*"
)


def parse(text: str) -> Expression:
    """The expression that the server would make of `text`.

    Raises ExpressionError for what the server refuses whatever RSEs there are, for what means
    one thing on one database and another on the next, and past MAX_DEPTH.
    """
    return _Parser(text).expression()


class _Parser:
    """Reads terms and operators in turn; `outer` holds what was read before open parentheses."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.outer: list[tuple[Expression | None, Operator | None, int]] = []
        self.left: Expression | None = None
        self.operator: Operator | None = None
        self.objection: ExpressionError | None = None

    def expression(self) -> Expression:
        at = 0
        while at < len(self.text):
            wants_term = self.left is None or self.operator is not None
            at = self._term(at) if wants_term else self._operator(at)
        if self.outer:
            raise ExpressionError(Refusal.SYNTAX, "this `(` is never closed", self.outer[-1][2])
        if self.left is None or self.operator is not None:
            raise ExpressionError(Refusal.SYNTAX, "the expression ends before a term", at)
        if self.objection is not None:  # the server looks at values after all of the grammar
            raise self.objection
        return self.left

    def _term(self, at: int) -> int:
        if self.text[at] == "(":
            self.outer.append((self.left, self.operator, at))
            self.left = self.operator = None
            if len(self.outer) > MAX_DEPTH:
                sentence = f"more than {MAX_DEPTH} parentheses within each other"
                raise ExpressionError(Refusal.TOO_DEEP, sentence, at)
            return at + 1
        match = _TERM.match(self.text, at)
        if match is None:
            sentence = f"`{self.text[at]}` where a term should begin"
            raise ExpressionError(Refusal.SYNTAX, sentence, at)
        self._append(self._read_term(match), at)
        return match.end()

    def _operator(self, at: int) -> int:
        character = self.text[at]
        if character in "|&\\":
            self.operator = Operator(character)
        elif character == ")" and self.outer:
            inner = self.left
            self.left, self.operator, start = self.outer.pop()
            assert inner is not None
            self._append(inner, start)
        else:
            sentence = f"`{character}` where `|`, `&`, `\\` or the end should be"
            raise ExpressionError(Refusal.SYNTAX, sentence, at)
        return at + 1

    def _read_term(self, match: re.Match[str]) -> Expression:
        key, sign, value, word = match.group("key", "sign", "value", "word")
        if sign == "<":
            return Less(key, value)
        if sign == ">":
            return More(key, value)
        if sign is None and word is None:
            return All()
        objected = objection(word, True) if sign is None else objection(key, value)
        if objected and self.objection is None:
            self.objection = ExpressionError(*objected, match.start())
        return Flag(word) if sign is None else Equals(key, value)

    def _append(self, term: Expression, at: int) -> None:
        if self.left is None or self.operator is None:
            self.left = term
            return
        try:
            self.left = combine(self.left, self.operator, term)
        except ExpressionError as error:
            raise ExpressionError(error.kind, error.sentence, at) from None
        self.operator = None

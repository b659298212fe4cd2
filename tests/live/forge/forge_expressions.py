"""Expressions of GitHub Actions, as far as our workflows use them; others are an error.

Source: docs.github.com, Evaluate expressions in workflows and actions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(\d+)|(==|!=|&&|\|\||[!()])|([A-Za-z_][\w.-]*))")
_HOLE = re.compile(r"\$\{\{(.*?)\}\}")
Functions = Mapping[str, Callable[[], bool]]


def fill(text: str, context: Mapping[str, Any]) -> str:
    """A text with the values of its `${{ … }}`."""

    def value(match: re.Match[str]) -> str:
        found = evaluate(match[1], context, {})
        return "" if found is None else str(found)

    return _HOLE.sub(value, text)


def holds(condition: str | None, context: Mapping[str, Any], functions: Functions) -> bool:
    """Whether an `if` lets it run: without a word on the status, only after success."""
    text = (condition or "success()").removeprefix("${{").removesuffix("}}")
    if not re.search(r"\b(always|failure|success|cancelled)\(\)", text):
        text = f"success() && ({text})"
    return bool(evaluate(text, context, functions))


def evaluate(text: str, context: Mapping[str, Any], functions: Functions) -> Any:
    """The value of one expression."""
    tokens: list[str] = []
    rest = text.strip()
    while rest:
        match = _TOKEN.match(rest)
        if match is None:
            raise ValueError(f"no expression that this runner knows: {text}")
        tokens.append(match[0].strip())
        rest = rest[match.end() :].strip()
    value, left = _either(tokens, context, functions)
    if left:
        raise ValueError(f"no expression that this runner knows: {text}")
    return value


def _either(tokens: list[str], context: Mapping[str, Any], functions: Functions) -> Any:
    value, left = _both(tokens, context, functions)
    while left[:1] == ["||"]:
        other, left = _both(left[1:], context, functions)
        value = value or other
    return value, left


def _both(tokens: list[str], context: Mapping[str, Any], functions: Functions) -> Any:
    value, left = _equal(tokens, context, functions)
    while left[:1] == ["&&"]:
        other, left = _equal(left[1:], context, functions)
        value = value and other
    return value, left


def _equal(tokens: list[str], context: Mapping[str, Any], functions: Functions) -> Any:
    value, left = _one(tokens, context, functions)
    while left[:1] in (["=="], ["!="]):
        other, after = _one(left[1:], context, functions)
        value = (value == other) if left[0] == "==" else (value != other)
        left = after
    return value, left


def _one(tokens: list[str], context: Mapping[str, Any], functions: Functions) -> Any:
    head, left = tokens[0], tokens[1:]
    if head == "!":
        value, left = _one(left, context, functions)
        return not value, left
    if head == "(":
        value, left = _either(left, context, functions)
        assert left[0] == ")"
        return value, left[1:]
    if head.startswith("'"):
        return head[1:-1].replace("''", "'"), left
    if head.isdigit():
        return int(head), left
    if left[:2] == ["(", ")"]:
        return functions[head](), left[2:]
    found: Any = context
    for word in head.split("."):
        found = found.get(word) if isinstance(found, Mapping) else None
    return found, left

"""Scalars by the core schema of YAML 1.2.2 (section 10.3): `NO` is a country and `010` is ten."""

import re
from collections.abc import Callable
from math import isfinite
from typing import TypeAlias

from srcnet_compiler.source.trouble import NotPlainError, shown

Scalar: TypeAlias = "str | int | float | bool | None"

MAX_DIGITS = 100
"""Far above any quantity, far below where Python refuses to print a whole number."""

_TAGS = "tag:yaml.org,2002:"

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_STARTS = frozenset("0123456789+-.~nNtTfF")
"""What begins any text that is not simply a string."""

_NUMBER = re.compile(
    r"(?P<decimal>[-+]?[0-9]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<based>0o[0-7]+|0x[0-9a-fA-F]+)"
    r"|(?P<infinite>[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))"
)


def plain(text: str) -> Scalar:
    """What an unquoted scalar means. Raises NotPlainError for a number that is no exact amount."""
    if text and text[0] not in _STARTS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    if number.lastgroup == "infinite":
        raise NotPlainError(f"`{text}` is not a finite number", "write a number, or leave it out")
    return _decimal(text) if number.lastgroup == "float" else _whole(text)


def tagged(tag: str, text: str) -> Scalar:
    """What a scalar with a scalar's tag means. Raises NotPlainError when the two do not agree."""
    name = tag.removeprefix(_TAGS)
    if name in {"!", "str"}:
        return text
    value = plain(text)
    if not _ACCEPTS[name](value):
        raise NotPlainError(f"{shown(text)} is not what its tag `!!{name}` says", "remove the tag")
    return float(value) if name == "float" and isinstance(value, int) else value


def is_scalar_tag(tag: str) -> bool:
    """Whether a tag is one that a scalar may have."""
    name = tag.removeprefix(_TAGS)
    return tag == "!" or (name != tag and (name == "str" or name in _ACCEPTS))


def is_tag(tag: str, name: str) -> bool:
    """Whether a collection's tag says no more than what the collection is."""
    return tag in {"!", _TAGS + name}


def unknown_tag(tag: str) -> NotPlainError:
    written = f"!!{tag.removeprefix(_TAGS)}" if tag.startswith(_TAGS) else tag
    known = "`!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!map` and `!!seq`"
    return NotPlainError(
        f"the tag {shown(written)} does not belong here",
        f"remove it, or put the value in quotes if `!` is part of it; known tags are {known}",
    )


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        message = f"a whole number of {len(text)} digits"
        raise NotPlainError(message, f"use at most {MAX_DIGITS} digits")
    return int(text, 0 if text[:2] in {"0o", "0x"} else 10)


def _decimal(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise NotPlainError(f"{shown(text)} is too large for a number", "write a smaller number")
    return value


def _is_int(value: Scalar) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_ACCEPTS: dict[str, Callable[[Scalar], bool]] = {
    "null": lambda value: value is None,
    "bool": lambda value: isinstance(value, bool),
    "int": _is_int,
    "float": lambda value: _is_int(value) or isinstance(value, float),
}

"""Findings about text that is YAML, but not plain data that everybody would read the same way."""

import re
from collections.abc import Iterable

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.span import Span

_SECRET_IN_ADDRESS = re.compile(r"(//[^/\s:@]*:)[^/\s@]+@")
MAX_DEPTH = 64
MAX_VALUES = 100_000
"""Values of one file, with everything that its aliases stand for."""


_WHOLE = re.compile(r"(?<![^\s\[:])([-+]?[0-9]+),$")
"""The whole part of a number that somebody went on writing behind a comma."""


class NotPlainError(ValueError):
    """What is wrong with a value, and what to type instead."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class LimitError(Exception):
    """The file asks for more work than any spec needs: reading stops. Carries the finding."""

    def __init__(self, finding: Diagnostic) -> None:
        super().__init__(finding.message)
        self.finding = finding


def shown(text: str) -> str:
    """The user's words in backticks: on one line, not too long, no secret of an address in them."""
    line = _SECRET_IN_ADDRESS.sub(r"\1…@", " ".join(text[:200].split()))
    return f"`{line[:59]}…`" if len(line) > 60 else f"`{line}`"


def quoted(text: str) -> str:
    """The text as a double-quoted scalar, or a single-quoted one where that is easier to read."""
    if '"' in text or "\\" in text:
        return "'" + text.replace("'", "''") + "'"
    return f'"{text}"'


def not_plain(trouble: NotPlainError, span: Span) -> Diagnostic:
    return error(Code.NOT_PLAIN, str(trouble), Label(span), help=trouble.remedy)


def wrong_key(text: str, value: object, before: str) -> NotPlainError:
    """`before` is what stands before the key in its line."""
    whole = _WHOLE.search(before)
    if whole is not None and text.isdecimal():
        return NotPlainError(
            f"{shown(f'{whole[1]},{text}')} is two values: inside brackets a comma ends one",
            f"write {shown(f'{whole[1]}.{text}')}",
        )
    if isinstance(value, dict | list):
        what = "mapping" if isinstance(value, dict) else "list"
        remedy = "put text that begins with a bracket in quotes"
        return NotPlainError(f"a key must be text, and {shown(text)} is a {what}", remedy)
    if not text:
        return NotPlainError("a key must be text, and none is written here", "write `KEY: value`")
    names: dict[type, str] = {bool: "a truth value", int: "a number", float: "a number"}
    what = names.get(type(value), "nothing")
    return NotPlainError(
        f"a key must be text, and {shown(text)} is {what}",
        f"put it in quotes: {shown(quoted(text))}",
    )


def question_mark() -> NotPlainError:
    return NotPlainError(
        "a `?` inside brackets begins a key, and is no part of the text that follows it",
        "put the text with its `?` in quotes",
    )


def wrong_merge() -> NotPlainError:
    return NotPlainError(
        "`<<` takes a mapping, or a list of mappings",
        "write `<<: *name`, where `&name` stands before a mapping",
    )


def duplicate_key(key: str, second: Span, first: Span) -> Diagnostic:
    merge = key == "<<"
    return error(
        Code.DUPLICATE_KEY,
        f"{shown(key)} is written more than once in this mapping",
        Label(second, "written again here"),
        Label(first, "first written here"),
        help="write `<<: [*one, *other]`" if merge else "remove or rename one of the two",
    )


def unknown_alias(name: str, span: Span, known: Iterable[str]) -> Diagnostic:
    from difflib import get_close_matches  # only in trouble: importing it costs as much as a file

    close = get_close_matches(name, known, 1) if len(name) < 100 else []
    remedy = "write `&NAME` before the value that is meant, or quote the alias if it is text"
    return error(
        Code.WRONG_ALIAS,
        f"{shown('*' + name)} stands for nothing: there is no {shown('&' + name)} before it",
        Label(span),
        help=f"did you mean {shown('*' + close[0])}?" if close else remedy,
    )


def recursive_alias(name: str, span: Span) -> Diagnostic:
    return error(
        Code.WRONG_ALIAS,
        f"{shown('*' + name)} stands inside the value that it stands for",
        Label(span),
        help="write out what is meant",
    )


def wrong_version(major: int, minor: int, span: Span) -> Diagnostic:
    return error(
        Code.SYNTAX,
        f"the file asks to be read as YAML {major}.{minor}; specs are YAML 1.2",
        Label(span),
        help=f"remove `%YAML {major}.{minor}`, and check words like `no`: they are text now",
    )


def too_deep(span: Span) -> LimitError:
    return LimitError(
        error(
            Code.TOO_LARGE,
            f"lists and mappings are nested more than {MAX_DEPTH} deep here",
            Label(span),
            help="check the brackets and the indentation, and aliases of aliases",
        )
    )


def too_many(span: Span) -> LimitError:
    return LimitError(
        error(
            Code.TOO_LARGE,
            f"the file holds more than {MAX_VALUES} values, counting what aliases stand for",
            Label(span),
            help="split it, one file per site or policy, and write no aliases of aliases",
        )
    )

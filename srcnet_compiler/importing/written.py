"""Plain data as the text of a spec that a person would have written, in the canonical layout.

What stands in brackets on one line in the specs of this project does so here: places, endpoints,
services. A `Noted` value carries a comment, for the reader of what an import made.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias, TypeGuard

from srcnet_compiler.source.scalars import plain as plain_scalar
from srcnet_compiler.source.trouble import NotPlainError


@dataclass(frozen=True, slots=True)
class Noted:
    """A value and a comment on it, of one line."""

    value: "Tree"
    note: str


Tree: TypeAlias = "Noted | Mapping[str, Tree] | Sequence[Tree] | str | int | float | bool | None"

WIDTH = 116
_NOTE_COLUMN = 44
IN_BRACKETS = frozenset(
    {
        "metadata",
        "location",
        "catalogue",
        "setsAside",
        "approvedBy",
        "credentials",
        "share",
        "database",
    }
)
"""Keys whose mappings stand on one line."""
ITEMS_IN_BRACKETS = frozenset(
    {
        *("endpoints", "services", "contacts", "scratch", "nodes"),
        *("quotas", "clusterQueues", "queues", "workloads"),
    }
)
"""Keys of lists whose mappings do."""
_BLOCK = re.compile(r"([!-~][ -~]*\n){2,}")
"""Text of several lines that stands as it is, such as a certificate."""
_SAFE = re.compile(r"[A-Za-z0-9/_(@.][A-Za-z0-9 /_().@+%'~=*;:<>!?&|$^-]*")
_AMISS = re.compile(r": | #|:$| $")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"}
_UNSEEN = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")


def bare(tree: Tree) -> Tree:
    """A tree without its comments."""
    if isinstance(tree, Noted):
        return bare(tree.value)
    if isinstance(tree, str):
        return tree
    if isinstance(tree, _MAPPINGS):
        return {key: bare(value) for key, value in tree.items()}
    if isinstance(tree, _SEQUENCES):
        return [bare(value) for value in tree]
    return tree


_MAPPINGS = (dict, Mapping)
_SEQUENCES = (list, Sequence)
"""What is nearly always met stands first: to ask for the rest takes ten times as long."""


def scalar(value: str | int | float | bool | None) -> str:
    """One scalar, with quotes only where it would be read as something else without."""
    return _text(value) if isinstance(value, str) else json.dumps(value, allow_nan=False)


@lru_cache(maxsize=50_000)
def _text(value: str) -> str:
    if _is_plain(value):
        return value
    text = json.dumps(value, ensure_ascii=False)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _is_plain(value: str) -> bool:
    if not value or not _SAFE.fullmatch(value.translate(_LETTERS)) or _AMISS.search(value):
        return False
    if value.lower() in _WORDS or "\n" in value:
        return False
    try:
        return plain_scalar(value) == value and isinstance(plain_scalar(value), str)
    except NotPlainError:
        return False


class _Letters(dict[int, str]):
    """Letters of every script are as plain as ours."""

    def __missing__(self, sign: int) -> str:
        here = chr(sign)
        self[sign] = "a" if sign > 0x7F and here.isalpha() else here
        return self[sign]


_LETTERS = _Letters()


def flow(tree: Tree) -> str:
    """A tree in brackets, on one line."""
    if isinstance(tree, str):
        return _inside(tree)
    if isinstance(tree, Noted):
        return flow(tree.value)
    if isinstance(tree, _MAPPINGS):
        return f"{{{', '.join(f'{_inside(key)}: {flow(value)}' for key, value in tree.items())}}}"
    if isinstance(tree, _SEQUENCES):
        return f"[{', '.join(flow(each) for each in tree)}]"
    return scalar(tree)


@lru_cache(maxsize=50_000)
def _inside(value: str) -> str:
    """A text inside brackets, where more signs mean something."""
    text = _text(value)
    if text == value and _BRACKETS.search(text):
        return json.dumps(value, ensure_ascii=False)
    return text


_BRACKETS = re.compile(r"[,\[\]{}]|:$")


def document(tree: Mapping[str, Tree], head: Sequence[str] = ()) -> str:
    """A whole file, below comments of one line each."""
    return "".join(f"{line}\n" for line in (*(f"# {each}" for each in head), *lines(tree, 0)))


def lines(tree: Mapping[str, Tree], indent: int) -> Iterator[str]:
    """The lines of a mapping in block style."""
    for key, value in tree.items():
        yield from entry(key, value, indent)


def entry(key: str, value: Tree, indent: int) -> Iterator[str]:
    """The lines of one key and its value."""
    note = value.note if isinstance(value, Noted) else ""
    value = value.value if isinstance(value, Noted) else value
    start = f"{' ' * indent}{scalar(key)}:"
    if isinstance(value, Mapping) and value and key not in IN_BRACKETS:
        yield from noted(start, note, indent)
        yield from lines(value, indent + 2)
    elif _is_list(value) and value and any(isinstance(_inner(each), Mapping) for each in value):
        yield from noted(start, note, indent)
        for each in value:
            yield from item(each, indent + 2, in_brackets=key in ITEMS_IN_BRACKETS)
    elif isinstance(value, str) and _BLOCK.fullmatch(value):
        yield from noted(f"{start} |", note, indent)
        yield from (f"{' ' * (indent + 2)}{line}" for line in value.splitlines())
    else:
        yield from _wrapped(f"{start} ", value, note, indent)


def item(value: Tree, indent: int, *, in_brackets: bool) -> Iterator[str]:
    """The lines of one item of a list."""
    note = value.note if isinstance(value, Noted) else ""
    value = _inner(value)
    start = f"{' ' * indent}- "
    if isinstance(value, Mapping) and value and not in_brackets:
        note, value = _with_first(note, value)
        first, *rest = lines(value, indent + 2)
        yield from noted(f"{start}{first.lstrip()}", note, indent)
        yield from rest
    else:
        yield from _wrapped(start, value, note, indent)


def _with_first(note: str, value: Mapping[str, Tree]) -> tuple[str, Mapping[str, Tree]]:
    """The comment on a mapping stands behind its first key, with the one on that key."""
    key, first = next(iter(value.items()))
    if not isinstance(first, Noted):
        return note, value
    return "; ".join(filter(None, (note, first.note))), {**value, key: first.value}


def _inner(value: Tree) -> Tree:
    return value.value if isinstance(value, Noted) else value


def _is_list(value: Tree) -> TypeGuard[Sequence[Tree]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def noted(text: str, note: str, indent: int) -> Iterator[str]:
    """A line with its comment behind it, or before it where there is no room."""
    if not note:
        yield text
        return
    column = max(_NOTE_COLUMN, len(text) + 2)
    if column + len(note) + 2 <= WIDTH + 4:
        yield f"{text.ljust(column)}# {note}"
    else:
        yield f"{' ' * indent}# {note}"
        yield text


def _wrapped(start: str, value: Tree, note: str, indent: int) -> Iterator[str]:
    """A value on one line or, where it is in brackets and too long for one, on several."""
    whole = start + (flow(value) if not isinstance(value, str) else scalar(value))
    if len(whole) <= WIDTH or not isinstance(value, (*_MAPPINGS, list, tuple)):
        yield from noted(whole, note, indent)
        return
    if note:
        yield f"{' ' * indent}# {note}"
    yield from fold(start, value)


def fold(start: str, value: Tree) -> Iterator[str]:
    """The lines of a value in brackets behind `start`: one that goes on begins one column behind
    its bracket."""
    here, open_at = start, [len(start) - 1]
    tokens = list(_tokens(value))
    for number, token in enumerate(tokens):
        here += token
        if token in _OPENS:
            open_at.append(len(here) - 1)
        elif token in _CLOSES:
            open_at.pop()
        elif token == ",":
            if len(here) + 1 + _until_comma(tokens, number + 1) > WIDTH:
                yield here
                here = " " * (open_at[-1] + 1)
            else:
                here += " "
    yield here


_OPENS, _CLOSES = ("{", "["), ("}", "]")


def _tokens(value: Tree) -> Iterator[str]:
    if isinstance(value, Noted):
        yield from _tokens(value.value)
    elif isinstance(value, str) or not value:
        yield flow(value)
    elif isinstance(value, _MAPPINGS):
        yield "{"
        for number, (key, each) in enumerate(value.items()):
            yield from [","] if number else []
            yield f"{_inside(key)}: "
            yield from _tokens(each)
        yield "}"
    elif isinstance(value, _SEQUENCES):
        yield "["
        for number, each in enumerate(value):
            yield from [","] if number else []
            yield from _tokens(each)
        yield "]"
    else:
        yield flow(value)


def _until_comma(tokens: list[str], begin: int) -> int:
    length = 0
    for token in tokens[begin:]:
        length += len(token)
        if token == ",":
            break
    return length

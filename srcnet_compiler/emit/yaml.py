"""Plain data to YAML text, the same bytes everywhere, with the spec place of each line."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeAlias

from srcnet_compiler.artifact import Artifact
from srcnet_compiler.span import Span

Spans: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Sourced:
    """A value and the spec places that it comes from; they hold for all lines below it too."""

    value: "Tree"
    spans: Spans


Tree: TypeAlias = "Sourced | Mapping[str, Tree] | Sequence[Tree] | str | int | float | bool | None"

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./+@%-]*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_WIDTH = 100


def to_artifact(path: str, head: str, tree: Tree, spans: Spans) -> Artifact:
    """A YAML file at `path` below `head`, one comment line; `spans` stand for lines of no other."""
    lines = [(f"# {head}", spans), *_block(tree, 0, spans)]
    content = "".join(f"{text}\n" for text, _ in lines)
    sources = {number: found for number, (_, found) in enumerate(lines, start=1)}
    return Artifact(PurePosixPath(path), content, sources)


def _block(tree: Tree, depth: int, spans: Spans) -> Iterator[tuple[str, Spans]]:
    """The lines of a mapping or a list, indented by `depth` steps."""
    pad = "  " * depth
    if isinstance(tree, Sourced):
        yield from _block(tree.value, depth, _joined(tree.spans, spans))
    elif isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _entry(f"{pad}{scalar(key)}:", value, depth + 1, spans)
    elif isinstance(tree, Sequence) and not isinstance(tree, str):
        for value in tree:
            yield from _item(pad, value, depth, spans)
    else:
        yield f"{pad}{scalar(tree)}", spans


def _entry(start: str, value: Tree, depth: int, spans: Spans) -> Iterator[tuple[str, Spans]]:
    bare, here = _bare(value, spans)
    flat = _flow(bare)
    if flat is not None and len(start) + len(flat) < _WIDTH:
        yield f"{start} {flat}", _all_spans(value, here)
    elif flat is not None and not isinstance(bare, (Mapping, Sequence)):
        yield f"{start} {flat}", here
    else:
        yield start, here
        yield from _block(bare, depth, here)


def _item(pad: str, value: Tree, depth: int, spans: Spans) -> Iterator[tuple[str, Spans]]:
    bare, here = _bare(value, spans)
    if isinstance(bare, Mapping) and bare:
        lines = _block(bare, depth + 1, here)
        first, found = next(lines)
        yield f"{pad}- {first.lstrip()}", found
        yield from lines
    else:
        yield f"{pad}- {_flow(bare) or json.dumps(bare)}", _all_spans(value, here)


def _bare(value: Tree, spans: Spans) -> tuple[Tree, Spans]:
    while isinstance(value, Sourced):
        spans, value = _joined(value.spans, spans), value.value
    return value, spans


def _joined(narrow: Spans, wide: Spans) -> Spans:
    """The places of a value itself; those around it only where it has none of its own."""
    return narrow or wide


def _all_spans(value: Tree, spans: Spans) -> Spans:
    """Every place below `value`, for a line that holds all of it."""
    found: dict[Span, None] = dict.fromkeys(spans)
    stack = [value]
    while stack:
        top = stack.pop()
        if isinstance(top, Sourced):
            found.update(dict.fromkeys(top.spans))
            stack.append(top.value)
        elif isinstance(top, Mapping):
            stack.extend(top.values())
        elif isinstance(top, Sequence) and not isinstance(top, str):
            stack.extend(top)
    return tuple(found)


def _flow(value: Tree) -> str | None:
    """The value on one line, where it is a scalar or a short collection of scalars."""
    bare, _ = _bare(value, ())
    if isinstance(bare, Mapping):
        parts = [(scalar(key), _leaf(item)) for key, item in bare.items()]
        if any(text is None for _, text in parts):
            return None
        return "{" + ", ".join(f"{key}: {text}" for key, text in parts) + "}"
    if isinstance(bare, Sequence) and not isinstance(bare, str):
        texts = [_leaf(item) for item in bare]
        return (
            None if any(t is None for t in texts) else "[" + ", ".join(t or "" for t in texts) + "]"
        )
    return scalar(bare)


def _leaf(value: Tree) -> str | None:
    bare, _ = _bare(value, ())
    if isinstance(bare, Mapping) or (isinstance(bare, Sequence) and not isinstance(bare, str)):
        return None if bare else ("{}" if isinstance(bare, Mapping) else "[]")
    return scalar(bare)


def scalar(value: str | int | float | bool | None) -> str:
    """One scalar; text is quoted where YAML 1.1 or 1.2 might read it as anything but text."""
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)

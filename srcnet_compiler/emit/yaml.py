"""Plain data to YAML text, the same bytes everywhere, with the spec place of each line."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TypeAlias

from srcnet_compiler.artifact import Artifact, Runs, Spans
from srcnet_compiler.change import Json


@dataclass(frozen=True, slots=True)
class Sourced:
    """A value and the spec places that it comes from; they hold for all lines below it too."""

    value: "Tree"
    spans: Spans


@dataclass(frozen=True, slots=True)
class Noted:
    """A text with a comment of one line behind it."""

    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Literal:
    """Text of several lines that keeps its look, as a script does. No line is empty, begins with a
    space or holds what cannot be seen; the text ends with the end of its last line."""

    lines: tuple[str, ...]


Tree: TypeAlias = (
    "Sourced | Noted | Literal | Mapping[str, Tree] | Sequence[Tree] | str | int | float | bool"
    " | None"
)

Bare: TypeAlias = (
    Noted | Literal | Mapping[str, Tree] | Sequence[Tree] | str | int | float | bool | None
)
"""A tree without its own places."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./+@%-]*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
# What YAML forbids unescaped, and what YAML 1.1 takes for the end of a line.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_WIDTH = 100


def to_artifact(path: str, head: str, tree: Tree, spans: Spans) -> Artifact:
    """A YAML file at `path` below `head`, one comment line; `spans` stand for lines of no other.

    What has a place of its own gets a line of its own.
    """
    page = _Page()
    page.line(f"# {head}", spans)
    page.block(tree, 0, spans)
    return page.artifact(path)


@dataclass(frozen=True, slots=True)
class Lines:
    """What is written already. `runs` are the places of the lines, with how many in a row have
    them; `spans` are those of the whole."""

    text: str
    runs: Iterable[tuple[Spans, int]]
    spans: Spans


def to_lines(tree: Tree, spans: Spans) -> Lines:
    """A tree as it stands in a document of its own; `spans` as for `to_artifact`."""
    page = _Page()
    bare, here = _bare(tree, spans)
    page.block(bare, 0, here)
    return Lines("\n".join(page.texts), page.runs(), here)


def to_documents(path: str, head: str, documents: Iterable[Lines], spans: Spans) -> Artifact:
    """A file of several YAML documents below `head`, each with a line `---` before it, which
    is there for what it parts; what parts the same has the same tuple, as most documents do."""
    page = _Page()
    page.line(f"# {head}", spans)
    before: Spans = ()
    parting: dict[tuple[int, int], tuple[Spans, Spans, Spans]] = {}
    for document in documents:
        here = document.spans
        pair = id(here), id(before)
        if pair not in parting:
            parting[pair] = here, before, (*here, *before)  # held, so that no id is used again
        page.line("---", parting[pair][-1])
        before = here
        page.add(document)
    return page.artifact(path)


class _Page:
    """Lines that are written one after another, each with its places."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._spans: list[Spans] = []
        self._counts: list[int] = []

    def artifact(self, path: str) -> Artifact:
        return Artifact(PurePosixPath(path), "\n".join((*self.texts, "")), Runs(self.runs()))

    def runs(self) -> tuple[tuple[Spans, int], ...]:
        """The places of all lines, with how many in a row have them."""
        return tuple(zip(self._spans, self._counts, strict=True))

    def add(self, lines: Lines) -> None:
        self.texts.append(lines.text)
        for spans, count in lines.runs:
            self._spans.append(spans)
            self._counts.append(count)

    def line(self, text: str, spans: Spans) -> None:
        self.texts.append(text)
        if self._spans and self._spans[-1] is spans:
            self._counts[-1] += 1
        else:
            self._spans.append(spans)
            self._counts.append(1)

    def block(self, tree: Tree, depth: int, spans: Spans) -> None:
        """The lines of a tree, indented by `depth` steps."""
        pad = "  " * depth
        bare, here = _bare(tree, spans)
        if not bare or isinstance(bare, str):
            self.line(f"{pad}{_flow(bare)}", here)
        elif isinstance(bare, _MAPPINGS):
            for key, value in bare.items():
                if isinstance(value, str):
                    self.line(f"{pad}{_text(key)}: {_text(value)}", here)
                else:
                    self._entry(f"{pad}{_text(key)}:", value, depth + 1, here)
        elif isinstance(bare, _SEQUENCES):
            for value in bare:
                self._item(pad, value, depth, here)
        else:
            self.line(f"{pad}{_flow(bare)}", here)

    def _entry(self, start: str, value: Tree, depth: int, spans: Spans) -> None:
        bare, here = _bare(value, spans)
        if isinstance(bare, Literal):
            self._literal(start, bare, depth, here)
            return
        flat = _flow(bare)
        if flat is not None and (len(start) + len(flat) < _WIDTH or not _is_collection(bare)):
            self.line(f"{start} {flat}", here)
        else:
            self.line(start, here)
            self.block(bare, depth, here)

    def _literal(self, start: str, text: Literal, depth: int, spans: Spans) -> None:
        self.line(f"{start} |", spans)
        for line in text.lines:
            self.line(f"{'  ' * depth}{line}", spans)

    def _item(self, pad: str, value: Tree, depth: int, spans: Spans) -> None:
        bare, here = _bare(value, spans)
        if isinstance(bare, Literal):
            self._literal(f"{pad}-", bare, depth + 1, here)
            return
        flat = None if bare and isinstance(bare, _MAPPINGS) else _flow(bare)
        if flat is not None and (len(pad) + len(flat) < _WIDTH or not _is_collection(bare)):
            self.line(f"{pad}- {flat}", here)
        else:
            first = len(self.texts)
            self.block(bare, depth + 1, here)
            self.texts[first] = f"{pad}- {self.texts[first].lstrip()}"


_MAPPINGS = (dict, Mapping)
_SEQUENCES = (list, tuple, Sequence)
"""What is nearly always met stands first: to ask for the rest takes ten times as long."""


def _bare(value: Tree, spans: Spans) -> tuple[Bare, Spans]:
    """What a tree is without its places; those around it only where it has none of its own."""
    while isinstance(value, Sourced):
        spans, value = value.spans or spans, value.value
    return value, spans


def _is_collection(bare: Bare) -> bool:
    return not isinstance(bare, str) and isinstance(bare, (*_MAPPINGS, *_SEQUENCES))


def _flow(bare: Bare) -> str | None:
    """The value on one line; None for a collection of more than scalars without places."""
    if isinstance(bare, str):
        return _text(bare)
    if isinstance(bare, _MAPPINGS):
        texts = _leaves(bare.values())
        if texts is None:
            return None
        return "{" + ", ".join(f"{_text(k)}: {t}" for k, t in zip(bare, texts, strict=True)) + "}"
    if isinstance(bare, _SEQUENCES):
        texts = _leaves(bare)
        return None if texts is None else "[" + ", ".join(texts) + "]"
    if isinstance(bare, Noted):
        return f"{_text(bare.value)}  # {bare.note}"
    if isinstance(bare, Literal):
        return _text("".join(f"{line}\n" for line in bare.lines))
    return scalar(bare)


def _leaves(items: Iterable[Tree]) -> list[str] | None:
    """Each of them on one line; None where one has places of its own, or anything in it."""
    texts = []
    for item in items:
        if isinstance(item, str):
            texts.append(_text(item))
        elif isinstance(item, (Sourced, Noted, Literal)) or (item and _is_collection(item)):
            return None
        elif isinstance(item, (int, float)) or item is None:
            texts.append(scalar(item))
        else:
            texts.append("{}" if isinstance(item, _MAPPINGS) else "[]")
    return texts


def within(tree: Tree, spans: Spans) -> Sourced:
    """A tree that is there because of `spans`: what has places of its own has them besides."""
    return Sourced(_besides(tree, spans), spans)


def _besides(tree: Tree, spans: Spans) -> Tree:
    if isinstance(tree, Sourced):
        own = tree.spans + tuple(span for span in spans if span not in tree.spans)
        return Sourced(_besides(tree.value, spans), own)
    if isinstance(tree, (str, Noted, Literal)):
        return tree
    if isinstance(tree, _MAPPINGS):
        return {key: _besides(value, spans) for key, value in tree.items()}
    if isinstance(tree, _SEQUENCES):
        return [_besides(value, spans) for value in tree]
    return tree


def plain(tree: Tree) -> Json:
    """What a reader of the written text gets."""
    bare, _ = _bare(tree, ())
    if isinstance(bare, Noted):
        return bare.value
    if isinstance(bare, Literal):
        return "".join(f"{line}\n" for line in bare.lines)
    if isinstance(bare, str):
        return bare
    if isinstance(bare, _MAPPINGS):
        return {key: plain(value) for key, value in bare.items()}
    if isinstance(bare, _SEQUENCES):
        return [plain(value) for value in bare]
    return bare


def scalar(value: str | int | float | bool | None) -> str:
    """One scalar; text is quoted where YAML 1.1 or 1.2 might read it as anything but text.

    Raises ValueError for a number that JSON has no word for.
    """
    if isinstance(value, str):
        return _text(value)
    text = json.dumps(value, allow_nan=False)
    if isinstance(value, float) and "." not in text:  # YAML 1.1 reads `1e+16` as text
        return text.replace("e", ".0e")
    return text


@lru_cache(maxsize=10_000)
def _text(value: str) -> str:
    """Text as a scalar; the names of a federation come again and again."""
    plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
    return value if plain else _ESCAPED.sub(_escape, json.dumps(value, ensure_ascii=False))


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"

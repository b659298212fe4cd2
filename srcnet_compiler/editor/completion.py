"""What may be typed at a place: keys, words and names, also while the text is not whole.

A mark is put where the cursor is, in the ways in which it could go on, and the text is read: where
the mark is found, something may be typed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from srcnet_compiler.editor.mentions import meant_at, mentions
from srcnet_compiler.editor.position import root_place
from srcnet_compiler.editor.workspace import Snapshot
from srcnet_compiler.schema import kinds
from srcnet_compiler.schema.wording.lookup import Place, scalar
from srcnet_compiler.source import Document, parse
from srcnet_compiler.span import Path

_MARK = "zzMarkzz"
_WORD = re.compile(r"[^\s\[\]{},:#\"']*$")
_TOP = ("apiVersion", "kind", "metadata", "spec")


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that may be typed instead of the word at the cursor; `what` it is, for an icon."""

    label: str
    text: str
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    """Where the mark stands, in a document of a kind; as a key, or as a value."""

    kind: str | None
    path: Path
    is_key: bool
    written: tuple[str, ...]
    document: Document


def word_before(line: str, column: int) -> str:
    """The part of a word that stands before a place of a line, from 0."""
    match = _WORD.search(line[:column])
    return match[0] if match else ""


def offers(snapshot: Snapshot, lines: Sequence[str], line: int, column: int) -> list[Offer]:
    """What may be typed, with lines and columns from 0; nothing where that is not known."""
    found = _find(lines, line, column)
    if found is None:
        return []
    root = root_place(found.kind)
    if root is None:
        return [*_without_kind(found)]
    if found.is_key:
        place = root.at(found.path[:-1])
        return [*_keys(place, found.written)] if place else []
    place = root.at(found.path)
    given = [*_values(place), *_names(snapshot, found)] if place else []
    return given or ([*_keys(place, ())] if place else [])


def _without_kind(found: _Found) -> Iterator[Offer]:
    if found.is_key and len(found.path) == 1:
        yield from (Offer(k, f"{k}: ", "key") for k in _TOP if k not in found.written)
    elif found.path == ("kind",):
        yield from (Offer(kind, kind, "word") for kind in kinds.KINDS)
    elif not found.path:
        yield from (Offer(key, f"{key}: ", "key") for key in _TOP)


def _keys(place: Place, written: Sequence[str]) -> Iterator[Offer]:
    needed = place.node.get("required", ())
    for key, below in place.keys.items():
        if key not in written:
            detail = below.node.get("description", "")
            yield Offer(key, f"{key}: ", "key", f"{detail} (needed)" if key in needed else detail)
    for key in place.node.get("propertyNames", {}).get("enum", ()):
        if key not in written:
            yield Offer(key, f"{key}: ", "key")


def _values(place: Place | None) -> Iterator[Offer]:
    if place is None:
        return
    detail = place.node.get("description", "")
    for word in place.allowed:
        yield Offer(str(word), scalar(word), "word", detail)
    if place.node.get("type") == "boolean":
        yield from (Offer(word, word, "word", detail) for word in ("true", "false"))


def _names(snapshot: Snapshot, found: _Found) -> Iterator[Offer]:
    """Names in scope; those of this text too, which nobody could read before it had its mark."""
    what = meant_at(str(found.kind), found.path)
    here = [*mentions(found.document)]
    sites = {each.name for each in here if each.gives and each.what == ("site",)}
    seen = {_MARK}
    for each in (*here, *snapshot.mentions):
        near = each.scope is None or each.scope in sites
        if each.gives and near and {*each.what} & {*what} and each.name not in seen:
            seen.add(each.name)
            where = f"{each.what[0]}, {each.span.file}:{each.span.line}"
            yield Offer(each.name, scalar(each.name), "name", where.replace(", :", ", line "))


# ── where the mark is ─────────────────────────────────────────────────────────────────────────


def _find(lines: Sequence[str], line: int, column: int) -> _Found | None:
    rows = [*lines, ""] if line >= len(lines) else [*lines]
    row = rows[line]
    start = column - len(word_before(row, column))
    end = column + len(re.match(r"[^\s\[\]{},:#]*", row[column:])[0])  # type: ignore[index]
    if "#" in row[:start] and re.search(r"(^|\s)#", row[:start]):
        return None
    for behind in (row[end:], ""):
        for mark in (_MARK, f"{_MARK}:", f"- {_MARK}"):
            if mark.endswith(":") and behind.lstrip().startswith(":"):
                continue
            gap = " " if row[:start].endswith(":") else ""
            text = row[:start] + gap + mark + (behind if not mark.endswith(":") else _rest(behind))
            for text_rows in ([*rows[:line], text, *rows[line + 1 :]], [*rows[:line], text]):
                found = _marked(_closed(text_rows, line) if not behind else text_rows)
                if found is not None:
                    return found
    return None


def _rest(behind: str) -> str:
    return f" x{behind}" if behind.strip() else ""


def _closed(rows: Sequence[str], line: int) -> list[str]:
    """With the brackets closed that are open at the end of the line of the cursor."""
    pairs = {"{": "}", "[": "]"}
    stack: list[str] = []
    for sign in re.sub(r"\"[^\"]*\"|'[^']*'|(^|\s)#.*", "", "\n".join(rows[: line + 1])):
        if sign in pairs:
            stack.append(pairs[sign])
        elif stack and sign == stack[-1]:
            stack.pop()
    return [*rows[:line], rows[line] + "".join(reversed(stack)), *rows[line + 1 :]]


def _marked(rows: Sequence[str]) -> _Found | None:
    documents = parse("", "\n".join(rows).encode("utf-8", "replace")).value or ()
    for document in documents:
        found = _in_document(document)
        if found is not None:
            return found
    return None


def _in_document(document: Document) -> _Found | None:
    data = document.data
    kind = data.get("kind") if isinstance(data, dict) else None
    for path, is_key, written in _walk(data, ()):
        return _Found(kind if isinstance(kind, str) else None, path, is_key, written, document)
    return None


def _walk(value: object, path: Path) -> Iterator[tuple[Path, bool, tuple[str, ...]]]:
    if value == _MARK:
        yield path, False, ()
    elif isinstance(value, dict):
        if _MARK in value:
            yield (*path, _MARK), True, tuple(key for key in value if key != _MARK)
        for key, child in value.items():
            yield from _walk(child, (*path, key))
    elif isinstance(value, list):
        for number, child in enumerate(value):
            yield from _walk(child, (*path, number))

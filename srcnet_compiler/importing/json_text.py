"""JSON of others: plain data, what is wrong with it as JSON, and where in the text things stand.

Places are looked for when they are asked for: a catalogue of 10,000 nodes holds some million
values, and few of them have a finding.
"""

import json
import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]  # as the standard library uses it
from typing import Any, NamedTuple

from srcnet_compiler.span import Path, Span

_BLANK = re.compile(r"[ \t\n\r]*")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Twice(dict[str, Any]):
    """An object in which a key stands more than once; the last value counts, as everywhere."""

    twice: tuple[str, ...] = ()


class Trouble(NamedTuple):
    """Why a text is no JSON, in words, and where."""

    words: str
    span: Span


@dataclass(frozen=True, slots=True)
class JsonText:
    """A text and what it says."""

    file: str
    text: str
    data: Any

    @property
    def lines(self) -> list[str]:
        """Its lines, as findings show them; none where they are too long, or too many, for that."""
        lines = self.text.splitlines()
        few = len(lines) <= _MOST_LINES
        return lines if few and all(len(line) <= _LONGEST for line in lines) else []

    def spans(self, paths: Iterable[Path]) -> dict[Path, Span]:
        """Where the values at these paths stand; at the nearest value above what is not there."""
        wanted = _tree(paths)
        offsets: dict[Path, tuple[int, int]] = {}
        if wanted:
            _Finder(self.text, offsets).value(0, (), wanted)
        starts = [0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", self.text))]
        return {path: _span(self.file, starts, *offsets[path]) for path in offsets}


_MOST_LINES = 5_000
"""What a finding shows is looked at for secrets, from the top of the file on."""
_LONGEST = 400
"""Longer lines are of JSON without line ends, which nobody reads."""


def read_json(file: str, content: bytes) -> JsonText | Trouble:
    """What a text says, or why it says nothing."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as trouble:
        line = content.count(b"\n", 0, trouble.start) + 1
        return Trouble("this is not UTF-8", Span(file, line, 1, line, 1))
    try:
        data = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except json.JSONDecodeError as trouble:
        place = Span(file, trouble.lineno, trouble.colno, trouble.lineno, trouble.colno + 1)
        cut = not text[trouble.pos :].strip() or trouble.msg.startswith("Unterminated string")
        return Trouble(_CUT if cut else f"this is not JSON: {_words(trouble.msg)}", place)
    except _NotANumberError as trouble:
        return Trouble(f"this is not JSON: `{trouble}` is no number", Span(file, 1, 1, 1, 1))
    except (ValueError, RecursionError):
        return Trouble(_TOO_MUCH, Span(file, 1, 1, 1, 1))
    return JsonText(file, text, data)


_CUT = "this is JSON that ends in the middle: not all of it is here"
_TOO_MUCH = "this is nested more deeply, or has numbers of more digits, than any catalogue"


def _words(message: str) -> str:
    return message[:1].lower() + message[1:].replace("'", "`")


class _NotANumberError(ValueError):
    pass


def _no_number(word: str) -> float:
    raise _NotANumberError(word)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) == len(pairs):
        return data
    counted = [key for key, _ in pairs]
    found = Twice(data)
    found.twice = tuple(key for key in data if counted.count(key) > 1)
    return found


def repeated(data: object, path: Path = ()) -> Iterator[Path]:
    """Where an object says something twice: the path of each key."""
    if isinstance(data, Mapping):
        if isinstance(data, Twice):
            yield from ((*path, key) for key in data.twice)
        for key, value in data.items():
            if isinstance(value, dict | list):
                yield from repeated(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            if isinstance(value, dict | list):
                yield from repeated(value, (*path, index))


def plain(value: Any) -> Any:  # noqa: ANN401  JSON of others
    """What a spec can keep of a value: without nulls and what else says nothing, without half
    characters, and without numbers that have no end."""
    if isinstance(value, Mapping):
        kept = {_whole(key): plain(each) for key, each in value.items()}
        return {key: each for key, each in kept.items() if each not in (None, "", [], {})}
    if isinstance(value, list):
        return [each for each in map(plain, value) if each is not None]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return _whole(value) if isinstance(value, str) else value


def _whole(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text)


# ── places ────────────────────────────────────────────────────────────────────────────────────

_Wanted = dict[str | int, Any]


def _tree(paths: Iterable[Path]) -> _Wanted:
    root: _Wanted = {}
    for path in paths:
        here = root.setdefault("", {}) if not path else root
        for part in path:
            here = here.setdefault(part, {})
    return root


class _Finder:
    """Walks to the values that are wanted; what lies beside is skipped at the speed of C."""

    def __init__(self, text: str, found: dict[Path, tuple[int, int]]) -> None:
        self._text = text
        self._found = found
        self._skip = json.JSONDecoder().scan_once  # type: ignore[attr-defined]

    def value(self, at: int, path: Path, wanted: _Wanted) -> int:
        """Where the value ends that begins at or behind `at`."""
        at = self._blank(at)
        sign = self._text[at]
        end: int
        if sign == "{" and wanted:
            end = self._object(at, path, wanted)
        elif sign == "[" and wanted:
            end = self._list(at, path, wanted)
        else:
            _, end = self._skip(self._text, at)
        self._found[path] = (at, end if sign not in "{[" else at + 1)
        for missing in _paths(path, wanted):
            self._found.setdefault(missing, self._found[path])
        return end

    def _object(self, at: int, path: Path, wanted: _Wanted) -> int:
        at = self._blank(at + 1)
        while self._text[at] != "}":
            key, at = scanstring(self._text, at + 1)
            at = self._blank(at) + 1
            if key in wanted:
                at = self.value(at, (*path, key), wanted[key])
            else:
                _, at = self._skip(self._text, self._blank(at))
            at = self._blank(at)
            if self._text[at] == ",":
                at = self._blank(at + 1)
        return at + 1

    def _list(self, at: int, path: Path, wanted: _Wanted) -> int:
        at, index = self._blank(at + 1), 0
        while self._text[at] != "]":
            if index in wanted:
                at = self.value(at, (*path, index), wanted[index])
            else:
                _, at = self._skip(self._text, at)
            at, index = self._blank(at), index + 1
            if self._text[at] == ",":
                at = self._blank(at + 1)
        return at + 1

    def _blank(self, at: int) -> int:
        found = _BLANK.match(self._text, at)
        return at if found is None else found.end()


def _paths(path: Path, wanted: _Wanted) -> Iterator[Path]:
    for key, below in wanted.items():
        if key == "" and not below:
            continue
        yield (*path, key)
        yield from _paths((*path, key), below)


def _span(file: str, starts: list[int], begin: int, end: int) -> Span:
    """On one line: what goes on over several is marked where it begins."""
    line = bisect_right(starts, begin)
    column = begin - starts[line - 1] + 1
    return Span(file, line, column, line, column + max(end - begin, 1))

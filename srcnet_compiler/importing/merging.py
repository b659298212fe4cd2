"""What an import says put into a spec that is there: comments, order and layout stay as they are.

Only what the spec does not say is added. Where the two differ, both are told, and the spec stays.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

from srcnet_compiler.importing.written import (
    ITEMS_IN_BRACKETS,
    WIDTH,
    Tree,
    bare,
    entry,
    flow,
    fold,
    item,
)
from srcnet_compiler.source.compose import Document, YamlValue
from srcnet_compiler.source.edits import range_of
from srcnet_compiler.source.load import parse
from srcnet_compiler.span import Path, Span

_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Rules:
    """How two descriptions of a thing are compared.

    `same` names, by the key of a list, the keys that tell its items apart: those of the first
    tuple that both items have decide. `order` is that in which keys are written. `agree` says
    whether two values under a key mean the same.
    """

    same: Mapping[str, Sequence[tuple[str, ...]]]
    order: Mapping[str, Sequence[str]] = field(default_factory=dict)
    agree: Callable[[str, object, object], bool] = lambda _, here, there: here == there
    whole: frozenset[str] = frozenset()
    """Keys whose lists are one value: nothing is added to them."""
    loose: frozenset[str] = frozenset()
    """Keys in whose lists two things may be one though they differ in what tells best."""


class Difference(NamedTuple):
    """A value of the spec that is another in what is imported."""

    path: Path
    span: Span
    here: YamlValue
    there: Any


@dataclass(frozen=True, slots=True)
class Merged:
    """The text with what was added, what that is, and what differs."""

    text: str
    added: tuple[Path, ...]
    differences: tuple[Difference, ...]


class NotMergedError(ValueError):
    """The spec is written in a way that this does not add to without changing what it says."""


class _Edit(NamedTuple):
    begin: int
    end: int
    text: str


def merge(
    text: str,
    documents: Sequence[Document],
    number: int,
    wanted: Mapping[str, Tree],
    rules: Rules,
    *,
    theirs: bool = False,
) -> Merged:
    """A text with everything of `wanted` that the document of this number in it does not say.

    With `theirs` values that differ are replaced as well. `text` has no byte order mark. Raises
    NotMergedError.
    """
    merging = _Merging(text, documents[number], rules, theirs)
    expected = [each.data for each in documents]
    expected[number] = merging.mapping((), documents[number].data, wanted)
    after = _with_edits(text, merging.edits)
    if merging.edits:
        read = parse("", after.encode())
        if read.value is None or [each.data for each in read.value] != expected:
            raise NotMergedError
    return Merged(after, tuple(merging.added), tuple(merging.differences))


def _with_edits(text: str, edits: Sequence[_Edit]) -> str:
    line_break = _BREAK.search(text)
    parts, here = [], 0
    for begin, group in groupby(sorted(edits, key=lambda e: (e.begin, e.end)), lambda e: e.begin):
        same = list(group)
        new = "".join(each.text for each in same)
        parts += [text[here:begin], new.replace("\n", line_break[0]) if line_break else new]
        here = max(each.end for each in same)
    return "".join((*parts, text[here:]))


class _Merging:
    def __init__(self, text: str, there: Document, rules: Rules, theirs: bool) -> None:
        self.edits: list[_Edit] = []
        self.added: list[Path] = []
        self.differences: list[Difference] = []
        self._text = text
        self._map = there.source_map
        self._rules = rules
        self._theirs = theirs
        self._starts = [0, *(found.end() for found in _BREAK.finditer(text))]

    # what is compared

    def mapping(self, path: Path, here: Any, there: Mapping[str, Tree]) -> Any:  # noqa: ANN401  YAML
        """What the mapping says when all is added."""
        expected = dict(here)
        for key, value in there.items():
            if key in here:
                expected[key] = self._value((*path, key), key, here[key], value)
        missing = [key for key in there if key not in here]
        for key in missing:
            expected[key] = bare(there[key])
            self.added.append((*path, key))
        if missing:
            self._add_keys(path, here, {key: there[key] for key in missing})
        return expected

    def _value(self, path: Path, key: str, here: Any, value: Tree) -> Any:  # noqa: ANN401  YAML
        there: Any = bare(value)
        if isinstance(here, dict) and isinstance(there, dict):
            inner = value if isinstance(value, Mapping) else there
            return self.mapping(path, here, inner)
        if isinstance(here, list) and isinstance(there, list) and self._has_items(key, there):
            items = value if isinstance(value, Sequence) and not isinstance(value, str) else there
            return self._list(path, key, here, items)
        if self._rules.agree(key, here, there):
            return here
        self.differences.append(Difference(path, self._map.span(path), here, there))
        if not self._theirs or isinstance(here, dict | list) or isinstance(there, dict | list):
            return here
        self.edits.append(_Edit(*self._range(self._map.span(path)), flow(there)))
        return there

    def _has_items(self, key: str, there: list[Any]) -> bool:
        """Whether things are added to a list, which is one value otherwise: where nothing tells
        its mappings apart, too."""
        plain = not any(isinstance(each, dict) for each in there)
        return key not in self._rules.whole and (plain or key in self._rules.same)

    def _list(self, path: Path, key: str, here: list[Any], there: Sequence[Tree]) -> list[Any]:
        expected, fresh = list(here), []
        taken = dict(self._pairs(key, here, [bare(each) for each in there]))
        for number, value in enumerate(there):
            if number in taken:
                at = taken[number]
                inner = value if isinstance(value, Mapping) else bare(value)
                if isinstance(inner, Mapping):
                    expected[at] = self.mapping((*path, at), here[at], inner)
            else:
                fresh.append(value)
                expected.append(bare(value))
                self.added.append((*path, len(expected) - 1))
        if fresh:
            self._add_items(path, key, here, fresh)
        return expected

    def _pairs(
        self, key: str, here: Sequence[Any], there: Sequence[Any]
    ) -> Iterator[tuple[int, int]]:
        """Which item that is imported is which one that is there."""
        left, free = dict(enumerate(there)), dict(enumerate(here))
        for number, value in list(left.items()):
            if not isinstance(value, dict):
                at = next((i for i, each in free.items() if each == value), None)
                left.pop(number)
                if at is not None:
                    yield number, at
        for keys in self._rules.same.get(key, ()):
            for number, value in list(left.items()):
                found = [at for at, each in free.items() if _same(keys, each, value)]
                if found and any(name in value for name in keys):
                    at = next((i for i in found if not self._parted(key, here[i], value)), None)
                    if at is not None:
                        left.pop(number)
                        free.pop(at)
                        yield number, at

    def _parted(self, key: str, here: Any, value: Any) -> bool:  # noqa: ANN401  YAML
        """Whether what tells best says that these are two things."""
        if key in self._rules.loose:
            return False
        first = self._rules.same[key][0]
        both = all(name in here and name in value for name in first)
        return both and not _same(first, here, value)

    # where it is written

    def _add_keys(self, path: Path, here: Mapping[str, Any], more: Mapping[str, Tree]) -> None:
        span = self._map.span(path)
        if self._is_flow(span):
            self._into_brackets(
                span, path, here, [(f"{flow(key)}: ", value) for key, value in more.items()]
            )
            return
        first = self._map.key_span((*path, next(iter(here))))
        indent = first.column - 1
        order = list(self._rules.order.get(_list_of(path), ()))
        for key, value in more.items():
            after = self._key_before(key, here, order)
            text = "".join(f"\n{line}" for line in entry(key, value, indent))
            place = self._line_end((*path, after), here[after])
            self.edits.append(_Edit(place, place, text))

    @staticmethod
    def _key_before(key: str, here: Mapping[str, Any], order: list[str]) -> str:
        """The key behind which a new one belongs: never before the first."""
        keys = list(here)
        if key not in order:
            return keys[-1]
        before = {*order[: order.index(key)]}
        return next((each for each in reversed(keys) if each in before), keys[0])

    def _add_items(self, path: Path, key: str, here: Sequence[Any], more: Sequence[Tree]) -> None:
        span = self._map.span(path)
        if self._is_flow(span):
            self._into_brackets(span, path, here, [("", each) for each in more])
            return
        line = self._text[self._starts[self._map.span((*path, 0)).line - 1] :]
        last = (*path, len(here) - 1)
        dash = len(line) - len(line.lstrip(" "))
        place = self._line_end(last, here[-1])
        for each in more:
            new = item(each, dash, in_brackets=key in ITEMS_IN_BRACKETS)
            self.edits.append(_Edit(place, place, "".join(f"\n{row}" for row in new)))

    def _into_brackets(
        self,
        span: Span,
        path: Path,
        here: Mapping[str, Any] | Sequence[Any],
        parts: list[tuple[str, Tree]],
    ) -> None:
        if here:
            last = list(here)[-1] if isinstance(here, Mapping) else len(here) - 1
            value = here[last]  # type: ignore[index]  # of its own kind
            place = self._end((*path, last), value)
        else:
            place = self._range(span)[0] + 1
        used = place - max(each for each in self._starts if each <= place)
        text, room = "", bool(here)
        pad = " " * span.column
        for key, value in parts:
            part = key + flow(value)
            if room and used + len(part) + 3 > WIDTH:
                lines = list(fold(pad + key, value))
                text += ",\n" + "\n".join(lines)
                used = len(lines[-1])
            else:
                text += (", " if room else "") + part
                used += len(part) + 2
            room = True
        self.edits.append(_Edit(place, place, text))

    def _is_flow(self, span: Span) -> bool:
        begin, _ = self._range(span)
        return self._text[begin : begin + 1] in ("{", "[")

    def _range(self, span: Span) -> tuple[int, int]:
        return range_of(self._starts, span)

    def _end(self, path: Path, value: Any) -> int:  # noqa: ANN401  YAML
        """Where the text of a value ends: that of a block with the last thing in it."""
        span = self._map.span(path)
        if isinstance(value, dict | list) and value and not self._is_flow(span):
            last = next(reversed(value)) if isinstance(value, dict) else len(value) - 1
            return self._end((*path, last), value[last])
        return self._range(span)[1]

    def _line_end(self, path: Path, value: Any) -> int:  # noqa: ANN401  YAML
        """The end of the line on which a value ends, behind its comment."""
        end = self._end(path, value)
        if end and self._text[end - 1] in "\r\n":  # a text block ends with its last line
            return len(self._text[:end].rstrip("\r\n"))
        found = _BREAK.search(self._text, end)
        return len(self._text) if found is None else found.start()


def _same(keys: tuple[str, ...], here: Any, there: Any) -> bool:  # noqa: ANN401  YAML
    return isinstance(here, dict) and all(here.get(key) == there.get(key) for key in keys)


def _list_of(path: Path) -> str:
    """The nearest key on a path: the list that an item is in, or the mapping itself."""
    return next((str(each) for each in reversed(path) if isinstance(each, str)), "")

"""What documents say otherwise, by meaning: order, layout and units of the same amount are nothing.

Documents are known by kind and name, wherever they stand; parts of a list by what names them.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from srcnet_compiler import quantity
from srcnet_compiler.change import Json
from srcnet_compiler.review.model import Edit
from srcnet_compiler.source import Document
from srcnet_compiler.span import Path, SourceMap, Span

_NAMES = ("name", "from", "tier", "service", "protocol", "at")
"""What names a part of a list, the first that all parts have, each its own."""
_IN_ORDER = frozenset({"command", "arguments", "phases"})
"""Lists whose order has a meaning."""
_AMOUNTS = tuple(
    (re.compile(pattern), parse)
    for pattern, parse in (
        (quantity.BYTES_PATTERN, quantity.parse_bytes),
        (quantity.BIT_RATE_PATTERN, quantity.parse_bit_rate),
        (quantity.DATA_RATE_PATTERN, quantity.parse_data_rate),
        (quantity.DURATION_PATTERN, quantity.parse_duration),
        (quantity.PERIOD_PATTERN, quantity.parse_period),
        (quantity.PERCENT_PATTERN, quantity.parse_percent),
    )
)

Key = tuple[str, str]


def edits(base: Iterable[Document], head: Iterable[Document]) -> tuple[Edit, ...]:
    """Every edit, by kind and name of the document, then by place."""
    before, after = _by_name(base), _by_name(head)
    found = (
        edit
        for key in sorted({*before, *after})
        for edit in _document(key, before.get(key, ()), after.get(key, ()))
    )
    return tuple(found)


def _by_name(documents: Iterable[Document]) -> dict[Key, tuple[Document, ...]]:
    found: dict[Key, tuple[Document, ...]] = {}
    for document in documents:
        data: Any = document.data
        key = (str(data["kind"]), str(data["metadata"]["name"]))
        found[key] = (*found.get(key, ()), document)
    return found


def _document(key: Key, base: tuple[Document, ...], head: tuple[Document, ...]) -> Iterator[Edit]:
    if len(base) == len(head) == 1:
        walk = _Walk(key, base[0], head[0])
        yield from walk.values(_plain(base[0]), _plain(head[0]), (), (), "")
        return
    # a name that stands twice is an error of its own: nobody can say which became which
    for document in base:
        yield Edit(*key, "", _text(document.data), None, document.source_map.span(()), None)
    for document in head:
        yield Edit(*key, "", None, _text(document.data), None, document.source_map.span(()))


def _plain(document: Document) -> Json:
    data: Any = document.data
    plain: Json = data
    return plain


class _Walk:
    """Two documents of one name, side by side."""

    def __init__(self, key: Key, base: Document, head: Document) -> None:
        self.key, self.base, self.head = key, base.source_map, head.source_map

    def values(self, before: Json, after: Json, old: Path, new: Path, way: str) -> Iterator[Edit]:
        """What differs below `way`, which is `old` in the base and `new` in the head."""
        if means_the_same(before, after, _last(way)):
            return
        if isinstance(before, dict) and isinstance(after, dict):
            yield from self._mapping(before, after, old, new, way)
        elif isinstance(before, list) and isinstance(after, list):
            yield from self._list(before, after, old, new, way)
        else:
            yield self._edit(way, before, after, self.base.span(old), self.head.span(new))

    def _mapping(
        self, before: Mapping[str, Json], after: Mapping[str, Json], old: Path, new: Path, way: str
    ) -> Iterator[Edit]:
        for key in dict.fromkeys((*before, *after)):
            below = f"{way}.{key}" if way else key
            if key not in after:
                place = _entry(self.base, (*old, key))
                yield self._edit(below, before[key], None, place, None)
            elif key not in before:
                place = _entry(self.head, (*new, key))
                yield self._edit(below, None, after[key], None, place)
            else:
                yield from self.values(before[key], after[key], (*old, key), (*new, key), below)

    def _list(
        self, before: Sequence[Any], after: Sequence[Any], old: Path, new: Path, way: str
    ) -> Iterator[Edit]:
        in_order = _last(way) in _IN_ORDER
        name = _name_of_parts(before, after)
        if name is None:
            yield from self._plain_list(before, after, old, new, way, in_order)
            return
        numbers = {str(part[name]): number for number, part in enumerate(before)}
        others = {str(part[name]): number for number, part in enumerate(after)}
        for part in dict.fromkeys((*numbers, *others)):
            below = f"{way}[{part}]"
            if part not in others:
                place = self.base.span((*old, numbers[part]))
                yield self._edit(below, before[numbers[part]], None, place, None)
            elif part not in numbers:
                place = self.head.span((*new, others[part]))
                yield self._edit(below, None, after[others[part]], None, place)
            else:
                here, there = numbers[part], others[part]
                yield from self.values(
                    before[here], after[there], (*old, here), (*new, there), below
                )
        both = [part for part in numbers if part in others]
        if in_order and both != [part for part in others if part in numbers]:
            yield self._edit(
                way, list(numbers), list(others), self.base.span(old), self.head.span(new)
            )

    def _plain_list(
        self,
        before: Sequence[Any],
        after: Sequence[Any],
        old: Path,
        new: Path,
        way: str,
        in_order: bool,
    ) -> Iterator[Edit]:
        """Parts without a name: what is gone and what is new; all of it where the order counts."""
        gone = [] if in_order else _without(before, after)
        come = [] if in_order else _without(after, before)
        whole = in_order or any(isinstance(part, dict | list) for part in (*before, *after))
        if whole or not (gone or come):
            yield self._edit(way, before, after, self.base.span(old), self.head.span(new))
            return
        place = self.head.span(new)
        for number in gone:
            yield self._edit(way, before[number], None, self.base.span((*old, number)), place)
        for number in come:
            yield self._edit(way, None, after[number], None, self.head.span((*new, number)))

    def _edit(
        self, way: str, before: Json, after: Json, base: Span | None, head: Span | None
    ) -> Edit:
        return Edit(*self.key, way, before, after, base, head)


def _entry(source_map: SourceMap, path: Path) -> Span:
    """A key with all that stands below it."""
    key, value = source_map.key_span(path), source_map.span(path)
    return key._replace(end_line=value.end_line, end_column=value.end_column)


def means_the_same(before: object, after: object, key: str = "") -> bool:
    """Whether two plain values mean the same: `10 PB` is `10000 TB`, and most lists are sets."""
    if before == after and type(before) is type(after):
        return True
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(
            means_the_same(before[name], after[name], str(name)) for name in before
        )
    return _meaning(before, key) == _meaning(after, key)


def _meaning(value: object, key: str = "") -> str:
    """A text that is the same for what means the same."""
    if isinstance(value, dict):
        return _text({name: _meaning(value[name], str(name)) for name in sorted(value)})
    if isinstance(value, list):
        parts = [_meaning(part) for part in value]
        return _text(parts if key in _IN_ORDER else sorted(parts))
    if isinstance(value, bool) or value is None:
        return _text(value)
    if isinstance(value, int | float):
        return repr(float(value)) if float(value) == value else repr(value)
    text = str(value)
    for pattern, parse in _AMOUNTS:
        if pattern.match(text):
            return f"{parse.__name__}:{parse(text)!r}"
    return _text(text)


def _without(these: Sequence[Any], those: Sequence[Any]) -> list[int]:
    """The numbers of the parts that the others have not."""
    left = Counter(map(_meaning, those))
    found = []
    for number, part in enumerate(these):
        meaning = _meaning(part)
        if left[meaning]:
            left[meaning] -= 1
        else:
            found.append(number)
    return found


def _name_of_parts(before: Sequence[Any], after: Sequence[Any]) -> str | None:
    parts = [*before, *after]
    if not parts or not all(isinstance(part, dict) for part in parts):
        return None
    for name in _NAMES:
        if all(isinstance(part.get(name), str | int) for part in parts) and all(
            len({str(part[name]) for part in side}) == len(side) for side in (before, after)
        ):
            return name
    return None


def _last(way: str) -> str:
    return way.rpartition(".")[2]


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)

"""YAML's events to plain data and places: aliases, merge keys, duplicate keys, limits.

One walk over the events of libyaml's parser, by recursion that a limit keeps shallow. libyaml keeps
its own nesting on the heap, and reads no further than it is asked: no input exhausts the stack.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.source import trouble
from srcnet_compiler.source.places import Event, Places
from srcnet_compiler.source.scalars import Scalar, is_scalar_tag, is_tag, plain, tagged, unknown_tag
from srcnet_compiler.source.trouble import MAX_DEPTH, NotPlainError
from srcnet_compiler.span import Path, SourceMap

YamlValue: TypeAlias = "dict[str, YamlValue] | list[YamlValue] | str | int | float | bool | None"


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document; `source_map` knows where each value and key of `data` is written."""

    data: YamlValue
    source_map: SourceMap


@dataclass(slots=True)
class _Anchor:
    """What an alias stands for, and where; not complete while its own inside is being read."""

    path: Path
    value: YamlValue = None
    complete: bool = False


class Composer:
    """Reads the documents of a text. Collects findings in `found`, and goes on after each.

    A value is filed under its path. What is read but does not stay where it is written (a mapping
    under `<<`, the value of a key that is refused) is filed aside: its path has a negative step.
    """

    def __init__(self, text: str, places: Places) -> None:
        self.found: list[Diagnostic] = []
        self._places = places
        self._next = CParser(text).get_event
        self._start_document()

    def documents(self, room: int) -> Iterator[Document]:
        """The documents that are not empty, with at most `room` values in all.

        Raises yaml.YAMLError where the text stops being YAML, and LimitError.
        """
        self._room = room
        while not isinstance(event := self._next(), StreamEndEvent):
            if isinstance(event, DocumentStartEvent):
                self._start_document()
                self._check_version(event)
                self._room -= 1
                self._check_room(self._places.mark(event))
            elif isinstance(event, NodeEvent) and not _is_nothing(event):
                yield self._document(event)

    def _document(self, event: Event) -> Document:
        data = self._value(event, ())
        self._room -= len(self._values)
        if self._asides:
            for spans in (self._values, self._keys):
                for path in [path for path in spans if _is_aside(path)]:
                    del spans[path]
        source_map = SourceMap(self._places.file, self._places.lines, self._values, self._keys)
        return Document(data, source_map)

    def _start_document(self) -> None:
        self._values: dict[Path, int] = {}
        self._keys: dict[Path, int] = {}
        self._anchors: dict[str, _Anchor] = {}
        self._asides = 0

    def _check_version(self, event: DocumentStartEvent) -> None:
        if event.version is not None and event.version != (1, 2):
            span = self._places.span(self._places.mark(event))
            self.found.append(trouble.wrong_version(*event.version, span))

    # values

    def _value(self, event: Event, path: Path) -> YamlValue:
        kind, name = type(event), event.anchor
        if len(self._values) >= self._room:
            self._check_room(self._places.mark(event))
        if kind is ScalarEvent:
            span = self._values[path] = self._places.scalar(event)
            scalar = self._scalar(event, span)
            if name is not None:
                self._anchors[name] = _Anchor(path, scalar, complete=True)
            return scalar
        if kind is AliasEvent:
            return self._alias(event, path)
        if name is None:
            return self._collection(event, path)
        anchor = self._anchors[name] = _Anchor(path)
        anchor.value = self._collection(event, path)
        anchor.complete = True
        return anchor.value

    def _collection(self, event: Event, path: Path) -> YamlValue:
        places = self._places
        if len(path) >= MAX_DEPTH:
            raise trouble.too_deep(places.span(places.mark(event)))
        start = places.start(event)
        is_mapping = type(event) is MappingStartEvent
        if event.tag is not None and not is_tag(event.tag, "map" if is_mapping else "seq"):
            self._refuse(unknown_tag(event.tag), places.tag(event))
        value: YamlValue = self._mapping(path) if is_mapping else self._sequence(path)
        self._values[path] = places.until_here(start)
        return value

    def _scalar(self, event: Event, span: int) -> Scalar:
        try:
            if event.tag is None:
                return plain(event.value) if event.implicit[0] else str(event.value)
            if is_scalar_tag(event.tag):
                return tagged(event.tag, event.value)
            self._refuse(unknown_tag(event.tag), self._places.tag(event))
        except NotPlainError as refusal:
            self._refuse(refusal, span)
        return None

    def _sequence(self, path: Path) -> list[YamlValue]:
        items: list[YamlValue] = []
        while type(event := self._next()) is not SequenceEndEvent:
            items.append(self._value(event, (*path, len(items))))
        self._places.close(event)
        return items

    def _mapping(self, path: Path) -> dict[str, YamlValue]:
        mapping: dict[str, YamlValue] = {}
        merge: int | None = None
        sources: list[_Anchor] = []
        while type(event := self._next()) is not MappingEndEvent:
            if type(event) is ScalarEvent and event.value == "<<" and event.implicit[0]:
                span = self._places.scalar(event)
                if merge is not None:
                    self._duplicate("<<", span, merge)
                merge = span
                self._room -= 1
                self._check_room(span)
                sources += self._merge_sources(path)
                continue
            key, span = self._key(event, path)
            if key is None or key in mapping:
                if key is not None:
                    self._duplicate(key, span, self._keys[(*path, key)])
                self._value(self._next(), self._aside(path))
                continue
            place = (*path, key)
            self._keys[place] = span
            mapping[key] = self._value(self._next(), place)
        self._places.close(event)
        if merge is not None:
            self._merge(mapping, sources, path, merge)
        return mapping

    def _key(self, event: Event, path: Path) -> tuple[str | None, int]:
        """The key, or None when it is no text; and where it is written."""
        before = len(self.found)
        if type(event) is ScalarEvent and event.anchor is None:
            span = self._places.scalar(event)
            value: YamlValue = self._scalar(event, span)
        else:
            aside = self._aside(path)
            value = self._value(event, aside)
            is_alias = type(event) is AliasEvent
            span = self._places.written(event) if is_alias else self._values[aside]
        places = self._places
        if places.has_question_marks and places.is_text_behind_question_mark(event):
            self._refuse(trouble.question_mark(), span)
        if isinstance(value, str):
            return value, span
        if len(self.found) == before:
            self._refuse(trouble.wrong_key(places.head(span), value, places.before(span)), span)
        return None, span

    def _aside(self, path: Path) -> Path:
        self._asides += 1
        return (*path, -self._asides)

    # aliases and merge keys

    def _alias(self, event: Event, path: Path) -> YamlValue:
        span = self._values[path] = self._places.written(event)
        anchor = self._anchor(event.anchor, span)
        return self._graft(anchor.value, anchor.path, path, span) if anchor else None

    def _anchor(self, name: str, span: int) -> _Anchor | None:
        anchor = self._anchors.get(name)
        if anchor is None:
            near = islice(self._anchors, 1000) if len(self.found) < 20 else ()
            self.found.append(trouble.unknown_alias(name, self._places.span(span), near))
        elif not anchor.complete:
            self.found.append(trouble.recursive_alias(name, self._places.span(span)))
            return None
        return anchor

    def _graft(self, value: YamlValue, written: Path, path: Path, because: int) -> YamlValue:
        """A copy for `path` of what is written at `written`; its places stay there.

        `because` is the place that asks for it.
        """
        self._check_room(because)
        self._values[path] = self._values[written]
        if isinstance(value, list | dict) and len(path) >= MAX_DEPTH:
            raise trouble.too_deep(self._places.span(because))
        if isinstance(value, list):
            return [
                self._graft(item, (*written, index), (*path, index), because)
                for index, item in enumerate(value)
            ]
        if isinstance(value, dict):
            for key in value:
                self._keys[(*path, key)] = self._keys[(*written, key)]
            return {
                key: self._graft(item, (*written, key), (*path, key), because)
                for key, item in value.items()
            }
        return value

    def _merge_sources(self, path: Path) -> list[_Anchor]:
        """The mappings that follow a `<<`, in their order."""
        before = len(self.found)
        event = self._next()
        if type(event) is AliasEvent:
            span = self._places.written(event)
            anchor = self._anchor(str(event.anchor), span)
            sources = [anchor] if anchor else []
        else:
            place = self._aside(path)
            value = self._value(event, place)
            span = self._values[place]
            sources = [_Anchor(place, value)]
            if isinstance(value, list):
                sources = [_Anchor((*place, index), item) for index, item in enumerate(value)]
        if all(isinstance(source.value, dict) for source in sources):
            return sources
        if len(self.found) == before:
            self._refuse(trouble.wrong_merge(), span)
        return []

    def _merge(
        self, mapping: dict[str, YamlValue], sources: list[_Anchor], path: Path, because: int
    ) -> None:
        """Add what `mapping` does not say itself; of several sources, the first one counts."""
        for source in sources:
            assert isinstance(source.value, dict)
            self._room -= len(source.value)
            self._check_room(because)
            for key, value in source.value.items():
                if key not in mapping:
                    written, place = (*source.path, key), (*path, key)
                    self._keys[place] = self._keys[written]
                    mapping[key] = self._graft(value, written, place, because)

    # findings

    def _check_room(self, span: int) -> None:
        if len(self._values) >= self._room:
            raise trouble.too_many(self._places.span(span))

    def _refuse(self, refusal: NotPlainError, span: int) -> None:
        self.found.append(trouble.not_plain(refusal, self._places.span(span)))

    def _duplicate(self, key: str, second: int, first: int) -> None:
        places = self._places
        self.found.append(trouble.duplicate_key(key, places.span(second), places.span(first)))


def _is_nothing(event: Event) -> bool:
    """Whether a document holds no value at all, not even a written `null`."""
    if type(event) is not ScalarEvent:
        return False
    return not (event.value or event.tag or event.anchor) and bool(event.implicit[0])


def _is_aside(path: Path) -> bool:
    return any(isinstance(step, int) and step < 0 for step in path)

"""Everything in the specs that has a name: what it is, and where it is described.

Only texts are read, so that a name is found while something else in the specs is wrong.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from srcnet_compiler.pipeline import spec_files
from srcnet_compiler.source import parse, read_bytes
from srcnet_compiler.source.compose import Document
from srcnet_compiler.span import Path as Keys
from srcnet_compiler.span import Span

_NAMES = ("name", "nameToday", "owner", "actsAs")
_ALSO = "alsoKnownAs"
_MAPS = ("tiers", "regions", "storageClasses")
"""Mappings whose keys are names."""


@dataclass(frozen=True, slots=True)
class Described:
    """One name: of what, where it is written, and the span of what it is the name of."""

    name: str
    what: str
    place: Span
    whole: Span


def all_names(root: Path) -> Iterator[Described]:
    """Every name in the specs below `root`, in order of file and line."""
    top = root.resolve()
    for path in spec_files(root):
        name = path.resolve()
        file = name.relative_to(top).as_posix() if name.is_relative_to(top) else str(path)
        content = read_bytes(path, file)
        for document in parse(file, content.value).value or () if content.value else ():
            yield from _names(document)


def _names(document: Document) -> Iterator[Described]:
    if not isinstance(document.data, Mapping):
        return
    metadata = document.data.get("metadata")
    title = metadata.get("name") if isinstance(metadata, Mapping) else None
    kind = document.data.get("kind")
    if isinstance(title, str):
        place = document.source_map.span(("metadata", "name"))
        yield Described(title, f"a document of kind {kind}", place, document.source_map.span(()))
    owner = f"{kind} {title}"
    yield from _below(document, document.data.get("spec"), ("spec",), owner)


def _below(document: Document, value: object, path: Keys, owner: str) -> Iterator[Described]:
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _below(document, item, (*path, number), owner)
    if not isinstance(value, Mapping):
        return
    what = (
        " ".join(f"`{key}`" for key in path if isinstance(key, str) and key != "spec") or "`spec`"
    )
    spans = document.source_map
    for key, child in value.items():
        here = (*path, key)
        if key in _NAMES and isinstance(child, str):
            yield Described(child, f"{what} of {owner}", spans.span(here), spans.span(path))
        elif key == _ALSO and isinstance(child, list):
            for number, item in enumerate(child):
                if isinstance(item, str):
                    place = spans.span((*here, number))
                    yield Described(item, f"{what} of {owner}", place, spans.span(path))
        elif path[-1] in _MAPS:
            where = spans.key_span(here)
            yield Described(key, f"{what} of {owner}", where, spans.span(here))
        yield from _below(document, child, here, owner)

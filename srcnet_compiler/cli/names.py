"""Everything in the specs that has a name: what it is, and where it is described.

Only texts are read, so that a name is found while something else in the specs is wrong.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from srcnet_compiler.analysis.object_names import plain
from srcnet_compiler.pipeline import spec_files
from srcnet_compiler.source import parse, read_bytes
from srcnet_compiler.source.compose import Document
from srcnet_compiler.span import Path as Keys
from srcnet_compiler.span import Span

_NAMES = ("name", "nameToday", "owner", "actsAs", "prefix")
_ALSO = "alsoKnownAs"
_MAPS = ("tiers", "regions", "storageClasses", "queues")
"""Mappings whose keys are names."""
_PREFIXED = ("queues", "projects", "windows")
"""What is on clusters by its name behind the federation's prefix."""
_SERVICES = ("spec", "services")
_RUNS = ("Service", "WorkflowTemplate")
"""Kinds of documents whose names Kubernetes writes with `-` alone."""


@dataclass(frozen=True, slots=True)
class Described:
    """One name: of what, where it is written, and the span of what it is the name of."""

    name: str
    what: str
    place: Span
    whole: Span


def all_names(root: Path) -> Iterator[Described]:
    """Every name in the specs below `root`, in order of file and line."""
    documents = [*_documents(root)]
    prefixes = sorted({prefix for document in documents for prefix in _prefix(document)})
    for document in documents:
        yield from _names(document, prefixes)


def _documents(root: Path) -> Iterator[Document]:
    top = root.resolve()
    for path in spec_files(root):
        name = path.resolve()
        file = name.relative_to(top).as_posix() if name.is_relative_to(top) else str(path)
        content = read_bytes(path, file)
        yield from parse(file, content.value).value or () if content.value else ()


def _prefix(document: Document) -> Iterator[str]:
    """How names on clusters begin."""
    if _get(document.data, "kind") == "ComputePolicy":
        prefix = _get(document.data, "spec", "prefix")
        if isinstance(prefix, str):
            yield prefix


def _get(value: object, *keys: str | int) -> object:
    """What stands at these keys; None where nothing does."""
    for key in keys:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int):
            value = value[key]
        else:
            return None
    return value


def _names(document: Document, prefixes: Sequence[str]) -> Iterator[Described]:
    if not isinstance(document.data, Mapping):
        return
    metadata = document.data.get("metadata")
    title = metadata.get("name") if isinstance(metadata, Mapping) else None
    kind = document.data.get("kind")
    if isinstance(title, str):
        place = document.source_map.span(("metadata", "name"))
        whole = document.source_map.span(())
        own = Described(title, f"a document of kind {kind}", place, whole)
        yield own
        if kind in _RUNS and plain(title) != title.lower():
            yield replace(own, name=plain(title))
    owner = f"{kind} {title}"
    if kind == "Site":
        yield from _services(document, owner)
    for each, path in _below(document, document.data.get("spec"), ("spec",), owner):
        yield each
        for also in _also(document, path, each.name, prefixes):
            yield replace(each, name=also)


def _services(document: Document, owner: str) -> Iterator[Described]:
    """What a site runs, by its own name and that of the service."""
    site, services = (_get(document.data, *keys) for keys in (("metadata", "name"), _SERVICES))
    for number in range(len(services) if isinstance(services, list) else 0):
        name, path = _get(services, number, "service"), (*_SERVICES, number)
        if isinstance(name, str):
            place, whole = (document.source_map.span(p) for p in ((*path, "service"), path))
            yield Described(f"{site}/{name}", f"`services` of {owner}", place, whole)


def _also(document: Document, path: Keys, name: str, prefixes: Sequence[str]) -> Iterator[str]:
    """What else the thing at `path` is called in findings, in plans and on clusters."""
    if any(part in _PREFIXED for part in path[-2:]):
        yield from (f"{prefix}-{name}" for prefix in prefixes)
    site = _get(document.data, "metadata", "name")
    if path[:2] != ("spec", "compute") or not isinstance(site, str):
        return
    if len(path) == 3:
        yield from (f"{site}/{name}", f"{site}.{name}")
    elif path[-2] == "windows":
        yield f"{site}/{_get(document.data, *path[:3], 'name')}/{name}"


def _below(
    document: Document, value: object, path: Keys, owner: str
) -> Iterator[tuple[Described, Keys]]:
    """Each name, with the path of what it is the name of."""
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
        named = key in _NAMES or (key == "cluster" and path[-1] == "slurm")
        if named and isinstance(child, str):
            yield Described(child, f"{what} of {owner}", spans.span(here), spans.span(path)), path
        elif key == _ALSO and isinstance(child, list):
            for number, item in enumerate(child):
                if isinstance(item, str):
                    place = spans.span((*here, number))
                    yield Described(item, f"{what} of {owner}", place, spans.span(path)), path
        elif path[-1] in _MAPS:
            where = spans.key_span(here)
            yield Described(key, f"{what} of {owner}", where, spans.span(here)), here
        yield from _below(document, child, here, owner)

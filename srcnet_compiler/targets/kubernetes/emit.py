"""A cluster to files: a kustomize tree with a file for each thing that people know, and a page of
what is left to the cluster's administrators."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from srcnet_compiler.artifact import Artifact
from srcnet_compiler.change import Json
from srcnet_compiler.emit.yaml import Lines, Sourced, Tree, to_artifact, to_documents, to_lines
from srcnet_compiler.span import Span
from srcnet_compiler.targets.kubernetes.model import ALL, KubernetesModel, Object, in_order
from srcnet_compiler.targets.kubernetes.model.packed import packed, unpacked
from srcnet_compiler.targets.kubernetes.model.paths import keyed, steps
from srcnet_compiler.targets.kubernetes.model.words import IDENTIFIER
from srcnet_compiler.task import SHELL

Spans: TypeAlias = tuple[Span, ...]
Places: TypeAlias = tuple[Spans, ...]


def emit(desired: KubernetesModel) -> tuple[Artifact, ...]:
    """All files of one cluster; what an operator fetches apart from what makes it fetch."""
    folder = f"kubernetes/{desired.instance}"
    pushed, fetched = desired.objects, desired.fetched
    return (
        *_tree(folder, desired, (fetched if desired.delivery != "push" else pushed).values()),
        *(_tree(f"{folder}/delivery", desired, pushed.values()) if fetched and pushed else ()),
        *_monitoring(folder, desired),
        *_tasks(folder, desired),
    )


def _tree(folder: str, desired: KubernetesModel, objects: Iterable[Object]) -> Iterator[Artifact]:
    """A folder for kustomize, in whose files objects stand in the order of their creation."""
    groups: dict[str, list[Object]] = defaultdict(list)
    for each in in_order(objects):
        groups[each.group].append(each)
    if not groups:
        return
    places = {group: _places(desired, found) for group, found in groups.items()}
    kustomization: Tree = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [Sourced(f"{group}.yaml", places[group]) for group in sorted(groups)],
    }
    head = f"Objects of the federation on cluster {desired.instance}"
    path = f"{folder}/kustomization.yaml"
    yield to_artifact(path, head, kustomization, desired.origins.get(ALL, ()))
    for group, found in sorted(groups.items()):
        documents = (lines_of(each, desired.site_known_as, places[group]) for each in found)
        path = f"{folder}/{group}.yaml"
        yield to_documents(path, f"{group}: {head}", documents, places[group])


def _places(desired: KubernetesModel, objects: Iterable[Object]) -> Spans:
    """What decides that any of these objects is there."""
    found = {id(spans): spans for each in objects if (spans := each.origins.get("", ()))}
    if len(found) == 1:
        return next(iter(found.values()))
    whole = desired.origins.get("", ())
    return tuple(dict.fromkeys((*whole, *(span for spans in found.values() for span in spans))))


# ── an object to lines ────────────────────────────────────────────────────────────────────────


def lines_of(thing: Object, site: str, around: Spans) -> Lines:
    """The document of an object of a cluster of `site`; `around` stand for what has no places.

    Objects of other clusters are often the same but for the name of the site, which hosts have in
    small letters, and for the identifier of the service: both are left open, and what is the same
    is made into lines once.
    """
    words = tuple(filter(_can_be_open, (site, site.lower(), _identifier(thing))))
    places = tuple(thing.origins.values())
    key = _packed(thing, words)
    if key is None or not all(places):
        shape = _shape(tuple(thing.origins))
        return to_lines(_with_places("", thing.document, shape, places), around)
    form = _form(key)
    text = form.text
    for number, word in enumerate(words):
        text = text.replace(_gap(number, word), word)
    places = (*places, around)
    runs = [(places[index], count) for index, count in form.runs]
    return Lines(text, runs, places[form.whole])


def _identifier(thing: Object) -> str:
    metadata = thing.document.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    return str(annotations.get(IDENTIFIER, "")) if isinstance(annotations, Mapping) else ""


@lru_cache(maxsize=10_000)
def _can_be_open(word: str) -> bool:
    """Whether any text with this word in it is written in the same way with its gap in it."""
    return _OPEN.fullmatch(word) is not None


_OPEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{7,}")
_GAP = "%@%@"


@lru_cache(maxsize=10_000)
def _gap(number: int, word: str) -> str:
    """What stands for a word: as long, and quoted in the same cases."""
    first = "a" if word[0].isalpha() else "0"
    return f"{first}{number}{_GAP * len(word)}"[: len(word)]


def _packed(thing: Object, words: Sequence[str]) -> bytes | None:
    """An object as bytes that no other has, but where they differ only in their words; None for
    what is not of plain types, or could be taken for a gap."""
    found = packed((tuple(thing.origins), thing.document))
    if found is None or _GAP.encode() in found:
        return None
    for number, word in enumerate(words):
        found = found.replace(word.encode(), _gap(number, word).encode())
    return found


@dataclass(frozen=True, slots=True)
class _Form:
    """Lines with gaps; in `runs` and `whole` are places by their number."""

    text: str
    runs: tuple[tuple[int, int], ...]
    whole: int


_AROUND = -1
"""The number of those around: the last."""


@lru_cache(maxsize=4096)
def _form(key: bytes) -> _Form:
    paths, document = unpacked(key)
    numbers = tuple(map(_number, range(len(paths))))
    around = _number(_AROUND)
    lines = to_lines(_with_places("", document, _shape(paths), numbers), around)
    runs = tuple((spans[0].line, count) for spans, count in lines.runs)
    return _Form(lines.text, runs, lines.spans[0].line)


def _number(number: int) -> Spans:
    """What stands for the places of this number."""
    return (Span("", number, 0, 0, 0),)


# ── an object with its places ─────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Shape:
    """Which of an object's places, by number, are those of a value, and of what lies in it, by the
    step that leads there. The same objects of all clusters have one."""

    index: int | None = None
    below: dict[str, "_Shape"] = field(default_factory=dict)


@lru_cache(maxsize=10_000)
def _shape(paths: tuple[str, ...]) -> _Shape:
    root = _Shape()
    for index, path in enumerate(paths):
        node = root
        for step in steps(path):
            node = node.below.setdefault(step, _Shape())
        node.index = index
    return root


def _with_places(key: str, value: Json, node: _Shape, places: Places) -> Tree:
    """The value under `key`, in which all that has places of its own carries them."""
    tree: Tree = value
    if node.below:
        if isinstance(value, Mapping):
            tree = {n: _inside(n, item, n, node, places) for n, item in value.items()}
        elif (items := keyed(key, value)) is not None:
            tree = [_inside("", item, f"[{step}]", node, places) for step, item in items]
    return tree if node.index is None else Sourced(tree, places[node.index])


def _inside(key: str, value: Json, step: str, around: _Shape, places: Places) -> Tree:
    node = around.below.get(step)
    return value if node is None else _with_places(key, value, node, places)


# ── for people ────────────────────────────────────────────────────────────────────────────────


def _monitoring(folder: str, desired: KubernetesModel) -> Iterator[Artifact]:
    """What to measure from outside, as Prometheus' file discovery takes it."""
    if desired.measured:
        targets: Tree = [
            Sourced({"targets": [each.url], "labels": each.labels}, each.spans)
            for each in desired.measured
        ]
        head = f"What is reached from outside on cluster {desired.instance}"
        places = tuple(dict.fromkeys(span for each in desired.measured for span in each.spans))
        path = f"{folder}/monitoring-targets.yaml"
        yield to_artifact(path, head, targets, places)


def _tasks(folder: str, desired: KubernetesModel) -> Iterator[Artifact]:
    """What srcnet leaves to the cluster's administrators, where there is anything."""
    if desired.tasks:
        from srcnet_compiler.emit.templates import fill_template

        shown = [(task, task.lines) for task in desired.tasks]
        values = {"cluster": desired.instance, "shell": SHELL, "tasks": shown}
        path = f"{folder}/admin.md"
        yield fill_template(path, "kubernetes/admin.md.j2", values, desired.origins.get(ALL, ()))

"""A cluster to files: a kustomize tree with a file for each thing that people know, and a page of
what is left to the cluster's administrators."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from srcnet_compiler.artifact import Artifact
from srcnet_compiler.change import Json
from srcnet_compiler.emit.yaml import Sourced, Tree, to_artifact, to_documents
from srcnet_compiler.span import Span
from srcnet_compiler.targets.kubernetes.model import ALL, KubernetesModel, Object, in_order
from srcnet_compiler.targets.kubernetes.model.paths import keyed, steps
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
        documents = (sourced(each) for each in found)
        path = f"{folder}/{group}.yaml"
        yield to_documents(path, f"{group}: {head}", documents, places[group])


def _places(desired: KubernetesModel, objects: Iterable[Object]) -> Spans:
    """What decides that any of these objects is there."""
    found = {id(spans): spans for each in objects if (spans := each.origins.get("", ()))}
    if len(found) == 1:
        return next(iter(found.values()))
    whole = desired.origins.get("", ())
    return tuple(dict.fromkeys((*whole, *(span for spans in found.values() for span in spans))))


# ── an object with its places ─────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Shape:
    """Which of an object's places, by number, are those of a value, and of what lies in it, by the
    step that leads there. The same objects of all clusters have one."""

    index: int | None = None
    below: dict[str, "_Shape"] = field(default_factory=dict)


def sourced(thing: Object) -> Tree:
    """The document of an object, with the places of its fields."""
    places = tuple(thing.origins.values())
    return _with_places("", thing.document, _shape(tuple(thing.origins)), places)


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

"""A catalogue to files: each node as the document that the catalogue keeps of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from srcnet_compiler.artifact import Artifact
from srcnet_compiler.emit.yaml import Sourced, Tree, to_artifact
from srcnet_compiler.targets.scapi.model import LISTS, Entry, Key, ScapiModel

Inside: TypeAlias = Mapping[Key | None, Sequence[Entry]]
"""What lies in an entry; None: the nodes."""


def emit(desired: ScapiModel) -> tuple[Artifact, ...]:
    """A file for each node."""
    inside: dict[Key | None, list[Entry]] = defaultdict(list)
    for entry in desired.things():
        inside[entry.inside].append(entry)
    return tuple(_file(desired, node, inside) for node in inside[None])


def _file(desired: ScapiModel, node: Entry, inside: Inside) -> Artifact:
    path = f"scapi/{desired.instance}/nodes/{node.name}.yaml"
    head = f"Node {node.name} of site catalogue {desired.instance}"
    spans = tuple(dict.fromkeys((*desired.origins[""], *node.spans())))
    return to_artifact(path, head, _tree(node, inside), spans)


def _tree(entry: Entry, inside: Inside) -> Tree:
    tree: dict[str, Tree] = {}
    for name, value in entry.fields().items():
        key, _, inner = name.partition(".")
        said = Sourced(value, entry.spans(name))
        if inner:
            around = tree.setdefault(key, {})
            assert isinstance(around, dict)
            around[inner] = said
        else:
            tree[key] = said
    for kind, key in LISTS.items():
        found = [each for each in inside.get(entry.key, ()) if each.kind == kind]
        if found:
            places = dict.fromkeys(span for each in found for span in each.spans())
            tree[key] = Sourced([_tree(each, inside) for each in found], tuple(places))
    return Sourced(tree, entry.spans())

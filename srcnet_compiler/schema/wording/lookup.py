"""What a kind's schema says about a place: which keys, what type, an example of it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from srcnet_compiler.span import Path

Node: TypeAlias = Mapping[str, Any]
"""A schema, or a part of one."""


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a schema, that of one place in a document."""

    root: Node
    node: Node

    @property
    def keys(self) -> Mapping[str, "Place"]:
        """The keys that may stand here; none where this is not a mapping, or any key may."""
        known = self.node.get("properties", {})
        return {key: resolve(self.root, node) for key, node in known.items()}

    @property
    def allowed(self) -> tuple[object, ...]:
        """The only values that may stand here; none where there is no such list."""
        return (self.node["const"],) if "const" in self.node else tuple(self.node.get("enum", ()))

    @property
    def description(self) -> str:
        """What stands here, as the second part of a sentence."""
        text: str = self.node.get("description", "").partition("\n")[0].rstrip(".")
        return text if text[1:2].isupper() else text[:1].lower() + text[1:]

    def below(self, key: str | int) -> "Place | None":
        """The place under a key or an index; None where nothing may stand."""
        if isinstance(key, int):
            node = self.node.get("items")
        else:
            node = self.node.get("properties", {}).get(key)
            node = node or self.node.get("additionalProperties") or None
        return None if node is None else resolve(self.root, node)

    def at(self, path: Path) -> "Place | None":
        """The place at a path from here."""
        place: Place | None = self
        for key in path:
            place = None if place is None else place.below(key)
        return place

    def accepts_text(self, text: str) -> bool:
        """Whether this text may stand here."""
        if self.allowed:
            return text in self.allowed
        pattern = self.node.get("pattern")
        return self.node.get("type") == "string" and (
            pattern is None or re.fullmatch(pattern, text) is not None
        )


def resolve(root: Node, node: Node) -> Place:
    """The place that a part of a schema speaks of, described as it is there."""
    if "$ref" in node:
        node = {**root["$defs"][node["$ref"].removeprefix("#/$defs/")], **node}
    return Place(root, node)


def where_known(root: Place, key: str) -> Iterator[str]:
    """The mappings in which `key` is known, nearest to the root first, in words."""
    level = [("", "the document", root)]
    while level:
        yield from (words for _, words, place in level if key in place.keys)
        level = [below for path, _, place in level for below in _children(path, place)]


def _children(path: str, place: Place) -> Iterator[tuple[str, str, Place]]:
    for key, child in place.keys.items():
        below = f"{path}.{key}".lstrip(".")
        yield below, f"`{below}`", child
    inner = place.node.get("items") or place.node.get("additionalProperties")
    if inner:
        yield path, f"an item of `{path}`", resolve(place.root, inner)


def example(place: Place) -> str:
    """What could be typed here, in one line of YAML: what a mapping needs, and no more."""
    node = place.node
    if place.allowed:
        return scalar(place.allowed[0])
    if node.get("examples"):
        return scalar(node["examples"][0])
    match node.get("type"):
        case "object":
            needed = (*node.get("required", ()), *node.get("oneOf", ({},))[0].get("required", ()))
            pairs = [f"{key}: {example(place.keys[key])}" for key in needed]
            names = node.get("propertyNames", {})
            values = node.get("additionalProperties")
            if not pairs and names and values:
                pairs = [f"{example(Place(place.root, names))}: {_of(place, values)}"]
            return f"{{{', '.join(pairs)}}}"
        case "array":
            return f"[{_of(place, node['items'])}]"
        case "integer" | "number":
            return scalar(node.get("minimum", 1))
        case "boolean":
            return "true"
    return "..."


def _of(place: Place, node: Node) -> str:
    return example(resolve(place.root, node))


_PLAIN = re.compile(r"[A-Za-z0-9/][A-Za-z0-9 ./_+@-]*(:[A-Za-z0-9/][A-Za-z0-9 ./_+@-]*)*")
_NOT_TEXT = re.compile(
    r"[-+]?[0-9.][0-9._eE+-]*|0[xo][0-9a-fA-F]+|true|false|null|yes|no|on|off", re.I
)


def scalar(value: object) -> str:
    """A value as it is typed in YAML, in quotes only where it would be read as something else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    plain = _PLAIN.fullmatch(value) and not value.endswith(" ") and not _NOT_TEXT.fullmatch(value)
    return value if plain else json.dumps(value, ensure_ascii=False)

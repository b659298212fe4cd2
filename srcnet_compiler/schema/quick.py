"""Whether a document certainly has its shape, from the published schema alone.

Loading the shapes takes 0.15 s, most of what a run over one good file would take. The published
schemas accept the same documents (a test holds them together), so a good file needs nothing else.
This only ever says yes: whatever is odd, a stale schema or a document with errors, is left to
`validate`, which alone has words for it.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, TypeAlias, TypeGuard

from srcnet_compiler import resources
from srcnet_compiler.schema import kinds

Node: TypeAlias = Mapping[str, Any]
"""A schema, or a part of one."""


def accepts(kind: object, data: object) -> bool:
    """Whether `data` certainly is a document of `kind`; where not, `validate` must decide."""
    schema = published(kind) if isinstance(kind, str) and kind in kinds.KINDS else None
    return schema is not None and _fits(schema, data, schema)


def forget() -> None:
    """Read the published schemas again when they are next needed."""
    published.cache_clear()


@cache
def published(kind: str) -> Node | None:
    """The published schema of `kind`; None where it is not known to be current."""
    folder, name = resources.folder("schemas"), kinds.schema_file(kind)
    try:
        marks = json.loads((folder / kinds.MARKS).read_bytes())
        content = (folder / name).read_bytes()
        if marks != {**marks, "sources": kinds.sources_mark(), name: kinds.mark(content)}:
            return None
        schema: Node = json.loads(content)
    except (OSError, ValueError, TypeError):
        return None
    return schema


def _fits(node: Node, value: object, root: Node) -> bool:
    return all(RULES[key](node, value, root) for key in node if key not in ANNOTATIONS)


def _type(node: Node, value: object, _: Node) -> bool:
    """Python takes `true` for a number; JSON takes `3.0` for a whole one, and knows no `inf`."""
    match node["type"]:
        case "object":
            return isinstance(value, dict) and all(map(_is_text, value))
        case "array":
            return isinstance(value, list)
        case "string":
            return _is_text(value)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return _is_number(value) and value == value // 1
        case "number":
            return _is_number(value)
    return False


def _is_text(value: object) -> bool:
    return isinstance(value, str) and (value.isascii() or not _SURROGATE.search(value))


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_listed(value: object, allowed: Iterable[object]) -> bool:
    return any(type(value) is type(option) and value == option for option in allowed)


def _properties(node: Node, value: object, root: Node) -> bool:
    known = node["properties"]
    return not isinstance(value, dict) or all(
        _fits(known[key], item, root) for key, item in value.items() if key in known
    )


def _additional(node: Node, value: object, root: Node) -> bool:
    known, rule = node.get("properties", {}), node["additionalProperties"]
    return not isinstance(value, dict) or all(
        rule is not False and _fits(rule, item, root)
        for key, item in value.items()
        if key not in known
    )


def _names(node: Node, value: object, root: Node) -> bool:
    rule = node["propertyNames"]
    return not isinstance(value, dict) or all(_fits(rule, key, root) for key in value)


def _required(node: Node, value: object, _: Node) -> bool:
    return not isinstance(value, dict) or all(key in value for key in node["required"])


def _items(node: Node, value: object, root: Node) -> bool:
    return not isinstance(value, list) or all(_fits(node["items"], item, root) for item in value)


def _one_of(node: Node, value: object, root: Node) -> bool:
    return sum(_fits(choice, value, root) for choice in node["oneOf"]) == 1


def _reference(node: Node, value: object, root: Node) -> bool:
    return _fits(root["$defs"][node["$ref"].removeprefix("#/$defs/")], value, root)


RULES: Mapping[str, Callable[[Node, object, Node], bool]] = {
    "$ref": _reference,
    "type": _type,
    "const": lambda node, value, _: _is_listed(value, (node["const"],)),
    "enum": lambda node, value, _: _is_listed(value, node["enum"]),
    "pattern": lambda node, value, _: (
        not isinstance(value, str) or re.fullmatch(node["pattern"], value) is not None
    ),
    "minimum": lambda node, value, _: not _is_number(value) or value >= node["minimum"],
    "maximum": lambda node, value, _: not _is_number(value) or value <= node["maximum"],
    "minItems": lambda node, value, _: (
        not isinstance(value, list) or len(value) >= node["minItems"]
    ),
    "items": _items,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "required": _required,
    "oneOf": _one_of,
}
"""Every keyword that the published schemas use, each as JSON Schema 2020-12 says."""

ANNOTATIONS = frozenset({"$schema", "$id", "$defs", "title", "description", "examples", "default"})
"""Keywords that refuse nothing."""

_SURROGATE = re.compile("[\ud800-\udfff]")

"""Who holds which fields of an object, as the API server keeps account of it (`managedFields`).

A node of its account is a mapping of steps: `f:key`, `k:{"name":"main"}` for an item of a list by
what tells it apart, `v:value` for an item of a set, `.` for the thing itself. What has no steps
below it is held as one value.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from srcnet_compiler.targets.kubernetes.model import MANAGER

Node: TypeAlias = Mapping[str, Any]
NOTHING: Node = {}


@dataclass(frozen=True, slots=True)
class Holders:
    """The node of one place in the account of each manager; None: it does not hold the place.

    `others` are pairs of name and node.
    """

    ours: Node | None
    others: tuple[tuple[str, Node], ...]

    def at(self, step: str) -> "Holders":
        """One step further down."""
        mine = self.ours.get(step) if self.ours is not None else None
        below = ((name, node.get(step)) for name, node in self.others)
        return Holders(mine, tuple((name, node) for name, node in below if node is not None))

    def nodes(self) -> Iterator[Node]:
        """Those of all who hold it."""
        if self.ours is not None:
            yield self.ours
        yield from (node for _, node in self.others)

    @property
    def is_one_value(self) -> bool:
        """Whether it is held, and nobody holds a part of it alone."""
        nodes = tuple(self.nodes())
        return bool(nodes) and not any(step != "." for node in nodes for step in node)

    def keys(self) -> tuple[str, ...] | None:
        """What tells the items of the list apart; None: they are not held one by one."""
        for node in self.nodes():
            for step in node:
                if step.startswith("k:"):
                    return tuple(sorted(decoded(step)))
        return None

    @property
    def is_set(self) -> bool:
        """Whether it is a list whose items are held as values."""
        return any(step.startswith("v:") for node in self.nodes() for step in node)


def holders(metadata: Mapping[str, Any]) -> Holders:
    """Of a whole object. The status is the controllers', and none of our business."""
    ours: Node | None = None
    others: list[tuple[str, Node]] = []
    for entry in metadata.get("managedFields") or ():
        node = entry.get("fieldsV1") or NOTHING
        if entry.get("subresource") == "status":
            continue
        if entry.get("manager") == MANAGER and entry.get("operation") == "Apply":
            ours = node
        else:
            others.append((str(entry.get("manager") or "somebody"), node))
    return Holders(ours, tuple(others))


@lru_cache(maxsize=20_000)
def _decoded(step: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(step[2:])


def decoded(step: str) -> Any:  # noqa: ANN401 - JSON
    """What stands behind `k:` or `v:`."""
    return _decoded(step)


def item_of(step: str, items: Sequence[Any]) -> dict[str, Any] | None:
    """The item of a list that a `k:` step means.

    What the account fills in for a key that an item does not state, it may lack.
    """
    wanted = decoded(step)
    for item in items:
        if isinstance(item, dict) and all(item.get(k, v) == v for k, v in wanted.items()):
            return item
    return None


def held(node: Node, value: Any) -> Any:  # noqa: ANN401 - a document
    """The parts of a value that one manager holds; what tells items apart stays with them."""
    if isinstance(value, dict) and any(step != "." for step in node):
        return {
            key: held(node[f"f:{key}"], inner) for key, inner in value.items() if f"f:{key}" in node
        }
    if isinstance(value, dict) and "." in node:
        return {}
    if isinstance(value, list) and any(step[:2] in ("k:", "v:") for step in node):
        return list(_held_items(node, value))
    return value


def _held_items(node: Node, items: Sequence[Any]) -> Iterator[Any]:
    for step, below in node.items():
        if step.startswith("v:"):
            if decoded(step) in items:
                yield decoded(step)
        elif step.startswith("k:") and (item := item_of(step, items)) is not None:
            keys = {key: item[key] for key in decoded(step) if key in item}
            yield {**keys, **held(below, item)}

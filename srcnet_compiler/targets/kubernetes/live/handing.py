"""Handing over: what a person set with kubectl is ours from the adoption on, and not kubectl's too.

The API server keeps a field with everybody who ever set it, and refuses a change of it by one of
them. Controllers and other tools keep what they hold: they would set it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from srcnet_compiler.targets.kubernetes.live.client import Answer, Client
from srcnet_compiler.targets.kubernetes.live.filled import try_apply
from srcnet_compiler.targets.kubernetes.live.holders import NOTHING, Node
from srcnet_compiler.targets.kubernetes.model import MANAGER, Object

_MERGE = "application/merge-patch+json"
_BY_HAND = "kubectl"
"""What the names of a person's managers begin with: `kubectl-create`, `kubectl-edit` and so on."""


def hand_over(client: Client, thing: Object, live: Answer) -> None:
    """Make what is so already ours alone, as far as people held it; no value changes.

    `thing` is what the object has already, and `live` the object. Raises UnreachableError,
    RefusedError, ApiError.
    """
    account = try_apply(client, thing)["metadata"].get("managedFields") or ()
    handed = handed_over(account)
    if handed is None:
        return
    there = live["metadata"]
    metadata = {
        "managedFields": handed,
        "uid": there["uid"],
        "resourceVersion": there["resourceVersion"],
    }
    path = thing.described.path(thing.namespace, thing.bare_name)
    client.ask("PATCH", path, {"fieldManager": MANAGER}, {"metadata": metadata}, _MERGE)


def handed_over(account: Sequence[Mapping[str, Any]]) -> list[Any] | None:
    """The server's account where people hold nothing any more that we hold; None: nor do they."""
    ours = next((each for each in account if _is_ours(each)), None)
    if ours is None:
        return None
    mine = ours.get("fieldsV1") or NOTHING
    found = [
        {**each, "fieldsV1": without(each.get("fieldsV1") or NOTHING, mine)}
        if _is_by_hand(each)
        else each
        for each in account
    ]
    kept = [each for each in found if each is ours or each["fieldsV1"]]
    return None if kept == list(account) else kept


def without(theirs: Node, ours: Node) -> Node:
    """What is left of a node without what the other holds."""
    left: dict[str, Any] = {}
    for step, below in theirs.items():
        mine = ours.get(step)
        if step == "." or mine is None:
            left[step] = below
        elif below and (inner := without(below, mine)):
            left[step] = inner
    return left if any(step != "." for step in left) else NOTHING


def _is_ours(entry: Mapping[str, Any]) -> bool:
    return entry.get("manager") == MANAGER and entry.get("operation") == "Apply"


def _is_by_hand(entry: Mapping[str, Any]) -> bool:
    manager = str(entry.get("manager"))
    return manager.startswith(_BY_HAND) and entry.get("subresource") != "status"

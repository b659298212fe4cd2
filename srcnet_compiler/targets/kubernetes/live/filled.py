"""Telling what the server fills in from what somebody changed, by asking the server.

Where a value is held as a whole, its account does not say which parts of it came from us. A trial
run of what we want does: if it leads to what is there, there is nothing to change.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from srcnet_compiler.targets.kubernetes.live.client import APPLY, Answer, ApiError, Client
from srcnet_compiler.targets.kubernetes.live.sight import see
from srcnet_compiler.targets.kubernetes.model import MANAGER, Object
from srcnet_compiler.targets.kubernetes.model.paths import flatten


def settle(client: Client, seen: Object, wanted: Object | None) -> Object:
    """The object without what the server filled in; as it is where we may not try.

    Raises UnreachableError, RefusedError.
    """
    if wanted is None or not _may_be_filled_in(seen, wanted):
        return seen
    try:
        tried = try_apply(client, wanted)
    except ApiError:
        return seen
    after = see(seen.kind, seen.name, tried, wanted, "")
    if flatten(after.document) != flatten(seen.document):
        return seen
    return replace(seen, document=wanted.document)


def try_apply(client: Client, wanted: Object) -> Answer:
    """What the object would become. Raises UnreachableError, RefusedError, ApiError."""
    return apply(client, wanted, dryRun="All")


def apply(client: Client, wanted: Object, **query: str) -> Answer:
    """Server-side apply of all that we want of an object; never forced.

    Raises UnreachableError, RefusedError, ApiError.
    """
    kind = wanted.described
    metadata: Any = wanted.document.get("metadata") or {}
    names = {"name": wanted.bare_name}
    if kind.namespaced:
        names["namespace"] = wanted.namespace
    body = {
        **wanted.document,
        "apiVersion": kind.api,
        "kind": kind.name,
        "metadata": {**metadata, **names},
    }
    path = kind.path(wanted.namespace, wanted.bare_name)
    options = {"fieldManager": MANAGER, "fieldValidation": "Strict", **query}
    return client.ask("PATCH", path, options, body, APPLY)


def _may_be_filled_in(seen: Object, wanted: Object) -> bool:
    """Whether what differs is only that something more is there, in values that are one."""
    there, fields = seen.fields(), wanted.fields()
    differing = [path for path in {*there, *fields} if there.get(path) != fields.get(path)]
    return bool(differing) and all(
        path in there and _has_all(there[path], fields.get(path)) for path in differing
    )


def _has_all(there: Any, wanted: Any) -> bool:  # noqa: ANN401 - documents
    if isinstance(there, dict) and isinstance(wanted, dict):
        return all(key in there and _has_all(there[key], wanted[key]) for key in wanted)
    if isinstance(there, list) and isinstance(wanted, list | tuple) and len(there) == len(wanted):
        return all(_has_all(one, other) for one, other in zip(there, wanted, strict=True))
    return bool(wanted is None or there == wanted)

"""Trying changes on the API server itself, which then keeps nothing of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from srcnet_compiler.change import Action, Change
from srcnet_compiler.targets.kubernetes.live.client import ApiError, Client, workers
from srcnet_compiler.targets.kubernetes.live.filled import try_apply
from srcnet_compiler.targets.kubernetes.model import KubernetesModel
from srcnet_compiler.targets.kubernetes.model.objection import Objection
from srcnet_compiler.targets.kubernetes.model.replacing import fixed_fields

_REFUSED_BY = re.compile(r"ValidatingAdmissionPolicy '([^']+)' with binding")
_UNKNOWN = re.compile(r'unknown field "([^"]+)"')
_UNTYPED = re.compile(r"(?:^|: )\.(\S+): (field not declared in schema|expected .*)")


@dataclass(frozen=True, slots=True)
class Trial:
    """What the server said. `untried` are the namespaces that nothing can be tried in yet."""

    objections: tuple[Objection, ...]
    untried: tuple[str, ...]


def rehearse(client: Client, desired: KubernetesModel, changes: Sequence[Change]) -> Trial:
    """Try every object that is to be made or changed, each alone.

    What is to be replaced cannot be tried, nor what lies in a namespace that is still to be made; a
    conflict is no objection, the plan shows it, nor is what a policy of ours says that is another
    one by then. Raises UnreachableError, RefusedError.
    """
    new = {
        change.address.name
        for change in changes
        if change.address.kind == "Namespace" and change.action is Action.CREATE
    }
    ready, untried = [], set()
    for change in changes:
        key = (change.address.kind, change.address.name)
        space = change.address.name.rpartition("/")[0]
        if key not in desired.objects or change.action not in (Action.CREATE, Action.UPDATE):
            continue
        if space in new:
            untried.add(space)
        elif change.action is Action.CREATE or not fixed_fields(
            desired.objects[key], change.fields
        ):
            ready.append(change)

    policies = {
        change.address.name
        for change in changes
        if change.address.kind == "ValidatingAdmissionPolicy" and change.action is Action.UPDATE
    }

    def ask(change: Change) -> list[Objection]:
        return list(_objections(client, desired, change, policies))

    with workers() as threads:
        said = [each for found in threads.map(ask, ready) for each in found]
    return Trial(tuple(said), tuple(sorted(untried)))


def refused_by(message: str) -> str | None:
    """The policy of admission that an API server names when it refuses something."""
    found = _REFUSED_BY.search(message)
    return found[1] if found else None


def _objections(
    client: Client, desired: KubernetesModel, change: Change, changing: Collection[str]
) -> Iterator[Objection]:
    key = (change.address.kind, change.address.name)
    try:
        try_apply(client, desired.objects[key])
    except ApiError as no:
        # who needs what is not there yet is told so, and may be made all the same after it
        if no.status == 409 or (no.status == 404 and change.needs):
            return
        if refused_by(no.message) in changing:
            return
        fields = [each for each in no.causes if each.get("field")]
        for each in fields:
            yield Objection(key, each["field"].lstrip("."), each.get("message", no.message))
        if not fields:
            yield from _without_causes(key, no.message)


def _without_causes(key: tuple[str, str], message: str) -> Iterator[Objection]:
    unknown = _UNKNOWN.findall(message)
    for path in unknown:
        yield Objection(key, path, "it is no field of it")
    untyped = _UNTYPED.search(message)
    if not unknown and untyped is not None:
        yield Objection(key, untyped[1], untyped[2])
    elif not unknown:
        yield Objection(key, "", message)

"""What is there of what we want and of what is ours: one listing for each kind, side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from srcnet_compiler.change import Address
from srcnet_compiler.targets.kubernetes.live.client import Answer, ApiError, Client, workers
from srcnet_compiler.targets.kubernetes.live.connection import Api
from srcnet_compiler.targets.kubernetes.live.filled import settle
from srcnet_compiler.targets.kubernetes.live.sight import see
from srcnet_compiler.targets.kubernetes.live.tenants import former, tenants
from srcnet_compiler.targets.kubernetes.live.users import users
from srcnet_compiler.targets.kubernetes.model import OWNER, Key, KubernetesModel, Object
from srcnet_compiler.targets.kubernetes.model.kinds import KINDS, Kind
from srcnet_compiler.targets.protocol import Gap, Reading, RefusedError

Found: TypeAlias = Mapping[str, Answer]
"""Objects as they are there, by name as we say it."""
FEW = 4
"""So many objects are asked for one by one; for more it is their namespace's listing."""
AGAIN = 3
"""How often a listing that grew too old while we read it is begun anew."""


def read(api: Api, desired: KubernetesModel) -> Reading[KubernetesModel]:
    """The objects that are wanted or to end, and all that have our label.

    What we may not see, or what the server has no word for, is a Gap for its kind; an object that
    is being deleted, and what lies in a namespace that is, for itself. Raises UnreachableError,
    RefusedError.
    """
    names: dict[str, set[str]] = defaultdict(set)
    for kind, name in (*desired.objects, *desired.ended, *desired.moved):
        names[kind].add(name)
    objects: dict[Key, Object] = {}
    gaps: list[Gap] = []
    with workers() as threads:
        looks = {
            kind: threads.submit(_look, api.client, KINDS[kind], wanted, desired.prefix)
            for kind, wanted in sorted(names.items())
        }
        for kind, look in looks.items():
            try:
                found = look.result()
            except ApiError as error:
                gaps.append(Gap(_address(desired, kind), _why_not(KINDS[kind], error)))
                continue
            gaps += _going(desired, kind, names[kind], found)
            for name, live in found.items():
                objects[kind, name] = see(
                    kind, name, live, desired.find(kind, name), desired.prefix
                )
        if gaps and not objects and all(_is_forbidden(look.exception()) for look in looks.values()):
            raise RefusedError(f"{api.client.server} lets us see nothing: {gaps[0].reason}")
        settled = threads.map(
            lambda each: settle(api.client, each, desired.find(each.kind, each.name)),
            objects.values(),
        )
        objects = {(each.kind, each.name): each for each in settled}
    gaps += _in_going_namespaces(desired, gaps)
    uses = dict(_uses(api.client, desired, objects, gaps))
    model = replace(
        api.bounds,
        instance=desired.instance,
        delivery=desired.delivery,
        namespaces=desired.namespaces,
        objects=objects,
        tenants=tenants(api.client, desired, objects.values()),
        former=former(api.client, desired) if desired.namespaces else {},
        users=uses,
    )
    return Reading(model, tuple(gaps))


def named(kind: Kind, live: Answer) -> str:
    """The name of an object as we say it, behind its namespace."""
    metadata = live["metadata"]
    return (
        f"{metadata.get('namespace')}/{metadata['name']}" if kind.namespaced else metadata["name"]
    )


def look_at(client: Client, kind: Kind, name: str) -> Answer | None:
    """One object; None where there is none. Raises UnreachableError, RefusedError, ApiError."""
    namespace, _, bare = name.rpartition("/")
    try:
        return client.get(kind.path(namespace, bare))
    except ApiError as error:
        if error.status == 404 and error.name:
            return None
        raise


def _look(client: Client, kind: Kind, wanted: Iterable[str], owner: str) -> Found:
    """What has our label, and what has the names that we want."""
    selector = f"{OWNER}={owner}"
    try:
        found = _listed(client, kind, "", labelSelector=selector)
    except ApiError as error:
        if error.status != 403 or not kind.namespaced:
            raise
        # a login that is let into some namespaces only
        found = {}
        for namespace in sorted({name.rpartition("/")[0] for name in wanted}):
            found |= _listed(client, kind, namespace, labelSelector=selector)
    missing: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(wanted) - found.keys()):
        missing[name.rpartition("/")[0]].append(name)
    for namespace, names in missing.items():
        found |= _unlabelled(client, kind, namespace, names)
    return found


def _unlabelled(client: Client, kind: Kind, namespace: str, names: list[str]) -> dict[str, Answer]:
    if len(names) <= FEW:
        looked = ((name, look_at(client, kind, name)) for name in names)
        return {name: live for name, live in looked if live is not None}
    listed = _listed(client, kind, namespace)
    return {name: listed[name] for name in names if name in listed}


def _listed(client: Client, kind: Kind, namespace: str, **query: str) -> dict[str, Answer]:
    for _ in range(AGAIN):
        try:
            return {named(kind, each): each for each in client.list(kind.path(namespace), **query)}
        except ApiError as error:
            if error.status != 410:
                raise
            last = error
    raise last


def _going(
    desired: KubernetesModel, kind: str, wanted: Iterable[str], found: Found
) -> Iterator[Gap]:
    for name in sorted(found.keys() & wanted):
        if found[name]["metadata"].get("deletionTimestamp"):
            yield Gap(_address(desired, kind, name), "it is being deleted: wait until it is gone")


def _in_going_namespaces(desired: KubernetesModel, gaps: Iterable[Gap]) -> list[Gap]:
    going = {gap.under.name for gap in gaps if gap.under.kind == "Namespace" and gap.under.name}
    return [
        Gap(_address(desired, kind, name), f"namespace {space} is being deleted")
        for kind, name in (*desired.objects, *desired.ended)
        if (space := name.rpartition("/")[0]) in going
    ]


def _uses(
    client: Client, desired: KubernetesModel, objects: Mapping[Key, Object], gaps: list[Gap]
) -> Iterator[tuple[Key, tuple[str, ...]]]:
    """Of what has another name now, what people run that names the old one."""
    made_by_others = desired.delivery != "push"
    for kind, name in sorted(desired.moved.keys() & objects.keys()):
        try:
            found = users(client, kind, name, desired.namespaces, templates=made_by_others)
        except ApiError as error:
            why = f"it is not known whether anybody uses it: {error.message}"
            gaps.append(Gap(_address(desired, kind, name), why))
        else:
            yield (kind, name), found


def _address(desired: KubernetesModel, kind: str, name: str = "") -> Address:
    return Address("kubernetes", desired.instance, kind, name)


def _is_forbidden(trouble: BaseException | None) -> bool:
    return isinstance(trouble, ApiError) and trouble.status == 403


def _why_not(kind: Kind, error: ApiError) -> str:
    if error.status == 404:
        missing = f": {kind.operator} is not installed" if kind.operator else ""
        return f"the cluster does not serve {kind.api} {kind.name}{missing}"
    if error.status == 403:
        return f"we may not list {kind.plural}: {error.message}"
    return f"{kind.plural} cannot be listed: {error.message}"

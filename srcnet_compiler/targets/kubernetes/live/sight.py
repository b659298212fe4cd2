"""An object as it is there to one as we see it: what we want of it, and what we hold of it.

What the server fills in, and what others add where parts are held one by one, is invisible.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from srcnet_compiler.change import Json
from srcnet_compiler.targets.kubernetes.live.holders import Holders, held, holders, item_of
from srcnet_compiler.targets.kubernetes.model import OWNER, Object
from srcnet_compiler.targets.kubernetes.model.amounts import same_amount
from srcnet_compiler.targets.kubernetes.model.paths import flatten, references

_FILLED_IN: Mapping[str, tuple[Json, ...]] = {
    "protocol": ("TCP",),
    "apiGroup": ("rbac.authorization.k8s.io",),
    "scope": ("*",),
    "matchPolicy": ("Equivalent",),
    "namespaceSelector": ({},),
    "objectSelector": ({},),
    "group": ("gateway.networking.k8s.io", ""),
    "kind": ("Gateway", "Service"),
    "weight": (1,),
    "matches": ([{"path": {"type": "PathPrefix", "value": "/"}}],),
}
"""What the server writes into values that are held as a whole, where it means what nothing means.
Any other it is asked for, by a trial run, which who only reads may not ask for."""
_AMOUNTS = frozenset(
    {"requests", "limits", "hard", "capacity", "max", "min", "default", "defaultRequest"}
    | {"maxLimitRequestRatio", "sizeLimit", "nominalQuota", "borrowingLimit", "lendingLimit"}
)
"""Below these the server rewrites amounts in its own way."""
_TEXTS = frozenset({"data", "binaryData", "metadata"})


def see(kind: str, name: str, live: Mapping[str, Any], wanted: Object | None, owner: str) -> Object:
    """What is there under this name; `owner` is the value of our label."""
    metadata = live["metadata"]
    who = holders(metadata)
    document = _document(live, who, wanted.document if wanted is not None else {})
    return Object(
        kind=kind,
        name=name,
        document=document,
        managers=_managers(live, who, wanted, document) if wanted is not None else {},
        ours=(metadata.get("labels") or {}).get(OWNER) == owner,
        version=str(metadata.get("resourceVersion") or ""),
    )


def _document(live: Mapping[str, Any], who: Holders, wanted: Mapping[str, Json]) -> dict[str, Any]:
    names = ("apiVersion", "kind", "status")
    seen: dict[str, Any] = {}
    for key, value in live.items():
        if key not in names and value is not None:
            amounts = None if key in _TEXTS else False
            below = _seen(wanted.get(key, _ABSENT), who.at(f"f:{key}"), value, amounts)
            if below is not _ABSENT:
                seen[key] = below
    return seen | dict(_kept_empty(wanted, who, live))


_ABSENT: Any = object()
Amounts: TypeAlias = bool | None
"""Whether values are amounts; None: neither are those below."""


def _below(amounts: Amounts, key: str) -> Amounts:
    return None if amounts is None else amounts or key in _AMOUNTS


def _seen(wanted: Any, who: Holders, live: Any, amounts: Amounts) -> Any:  # noqa: ANN401
    """`wanted` _ABSENT: only what we hold."""
    if wanted is _ABSENT:
        return held(who.ours, live) if who.ours is not None else _ABSENT
    if isinstance(wanted, Mapping) and isinstance(live, dict):
        if who.is_one_value:
            return _alike(wanted, live, amounts)
        return dict(_seen_keys(wanted, who, live, amounts))
    if isinstance(wanted, list | tuple) and isinstance(live, list):
        return _seen_list(wanted, who, live, amounts)
    return wanted if amounts and same_amount(wanted, live) else live


def _seen_keys(
    wanted: Mapping[str, Any], who: Holders, live: dict[str, Any], amounts: Amounts
) -> Iterator[tuple[str, Any]]:
    for key, value in live.items():
        if value is None:
            continue
        below = _seen(wanted.get(key, _ABSENT), who.at(f"f:{key}"), value, _below(amounts, key))
        if below is not _ABSENT:
            yield key, below
    yield from _kept_empty(wanted, who, live)


def _kept_empty(
    wanted: Mapping[str, Any], who: Holders, live: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """The server keeps account of what it does not keep: `false`, "" and empty lists."""
    for key, value in wanted.items():
        if live.get(key) is None and value in _EMPTY and who.at(f"f:{key}").ours is not None:
            yield key, value


_EMPTY: tuple[Json, ...] = (False, "", [], {}, ())


def _seen_list(wanted: Sequence[Any], who: Holders, live: list[Any], amounts: Amounts) -> list[Any]:
    if (keys := who.keys()) is not None:
        return list(_seen_items(wanted, who, live, keys, amounts))
    if who.is_set:
        mine = held(who.ours, live) if who.ours is not None else []
        known = [value for value in wanted if value in live]
        return [*known, *(value for value in mine if value not in known)]
    alike: list[Any] = _alike(wanted, live, amounts)
    return alike


def _seen_items(
    wanted: Sequence[Any], who: Holders, live: list[Any], keys: tuple[str, ...], amounts: Amounts
) -> Iterator[Any]:
    """Those that we want, in our order unless theirs means something else, then those that we hold
    besides."""
    steps = {step for node in who.nodes() for step in node if step.startswith("k:")}
    of_item = {id(item): step for step in steps if (item := item_of(step, live)) is not None}
    left = {id(item): item for item in live}
    for template in _as_it_matters(wanted, live, keys):
        found = _match(template, left.values(), keys)
        if found is not None:
            del left[id(found)]
            step = of_item.get(id(found))
            yield _seen(template, who.at(step) if step else Holders(None, ()), found, amounts)
    for item in left.values():
        step = of_item.get(id(item))
        if step and who.ours is not None and step in who.ours:
            known = {key: item[key] for key in keys if key in item}
            yield {**known, **held(who.ours[step], item)}


def _as_it_matters(wanted: Sequence[Any], live: list[Any], keys: tuple[str, ...]) -> Sequence[Any]:
    """What we want in the order in which it is there, where one variable refers to another."""
    if keys != ("name",) or not any(isinstance(e, Mapping) and references(e) for e in wanted):
        return wanted
    there = [each.get("name") for each in live if isinstance(each, dict)]
    place = {name: number for number, name in enumerate(there)}
    return sorted(wanted, key=lambda each: place.get(each.get("name"), len(place)))


def _match(template: Any, items: Iterable[Any], keys: tuple[str, ...]) -> Any:  # noqa: ANN401
    """The item with what the template says of the keys; what it leaves out, any has."""
    if not isinstance(template, Mapping):
        return None
    said = {key: template[key] for key in keys if key in template}
    for item in items:
        if isinstance(item, dict) and all(item.get(key) == value for key, value in said.items()):
            return item
    return None


def _alike(wanted: Any, live: Any, amounts: Amounts) -> Any:  # noqa: ANN401 - a document
    """A value that is held as a whole: all of it, without what is known to be filled in."""
    if isinstance(wanted, Mapping) and isinstance(live, dict):
        there = {key: value for key, value in live.items() if value is not None}
        return {
            key: _alike(wanted[key], value, _below(amounts, key)) if key in wanted else value
            for key, value in there.items()
            if key in wanted or value not in _FILLED_IN.get(key, ())
        } | {key: value for key, value in wanted.items() if key not in there and value in _EMPTY}
    if isinstance(wanted, list | tuple) and isinstance(live, list) and len(wanted) == len(live):
        return [_alike(one, other, amounts) for one, other in zip(wanted, live, strict=True)]
    return wanted if amounts and same_amount(wanted, live) else live


def _managers(
    live: Mapping[str, Any], who: Holders, wanted: Object, document: Mapping[str, Any]
) -> Mapping[str, tuple[str, ...]]:
    """By path that is not as we want it, who else holds it."""
    fields, seen = wanted.fields(), flatten(document)
    differing = [path for path, value in fields.items() if path in seen and seen[path] != value]
    if not differing or not who.others:
        return {}
    theirs: dict[str, dict[str, Json]] = {name: {} for name, _ in who.others}
    for name, node in who.others:
        theirs[name].update(flatten(held(node, dict(live))))
    found = {
        path: tuple(sorted(name for name, their in theirs.items() if path in their))
        for path in differing
    }
    return {path: names for path, names in found.items() if names}

"""Declared objects, wanted and seen, to changes: what is missing, what differs, what has ended."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact
from srcnet_compiler.quantity import format_bytes
from srcnet_compiler.span import Span
from srcnet_compiler.targets.rucio.diff.copies import lowers_copies
from srcnet_compiler.targets.rucio.diff.passage import (
    DECIDES_PLACEMENT,
    facts_after,
    facts_now,
    parts,
    unsettled,
    waits,
)
from srcnet_compiler.targets.rucio.model import (
    OWNED_ATTRIBUTES,
    Distance,
    Fields,
    Rse,
    RucioModel,
    Subscription,
    Thing,
)
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import ROLE, TIER, WEIGHT
from srcnet_compiler.targets.rucio.model.subscription import FilterError, disjoint, parse_filter

Places: TypeAlias = tuple[Address, ...]

_HELD = {
    "rse": "rses",
    "distance": "distances",
    "account": "accounts",
    "scope": "scopes",
    "account-limit": "account_limits",
    "subscription": "subscriptions",
    "config": "config",
}
"""Where a model holds the objects of a kind."""
_FOR_PEOPLE = {"setting.city", "setting.latitude", "setting.longitude", "setting.time_zone"}


def address(model: RucioModel, kind: str, name: str) -> Address:
    """How a change calls an object."""
    return Address("rucio", model.instance, kind, name)


def find(model: RucioModel, thing: Thing) -> Thing | None:
    """The object of the same kind and name."""
    held: Mapping[str, Thing] = getattr(model, _HELD[thing.kind])
    return held.get(thing.name)


def renames(desired: RucioModel, observed: RucioModel) -> Iterator[Change]:
    """RSEs that are there under the name before."""
    for after, before in sorted(desired.renames.items()):
        if before in observed.rses and after not in observed.rses:
            origins = desired.rses[after].origins.get("name", (None,))
            yield Change(
                address(desired, "rse", after),
                Action.RENAME,
                (FieldChange("name", before, after, origins[0]),),
                Impact.RECONFIGURE,
                f"{before} becomes {after}; its data stay where they are",
            )


def set_aside(desired: RucioModel, observed: RucioModel) -> Iterator[Change]:
    """RSEs whose areas are described and out of use: what makes our rules choose them ends."""
    for name, places in sorted(desired.set_aside.items()):
        found = observed.rses.get(name)
        if found is None:
            continue
        fields = tuple(
            FieldChange(f"attribute.{key}", found.attributes[key], None, next(iter(places), None))
            for key in (TIER, WEIGHT, ROLE)
            if key in found.attributes
        )
        for part in parts(fields):
            yield Change(
                address(desired, Rse.kind, name),
                Action.UPDATE,
                part,
                _impact(True, part),
                "its area is out of use: no rule of ours shall choose it",
                waits=tuple(waits(found, name, part)),
            )


def to_change(
    desired: RucioModel, observed: RucioModel, thing: Thing, places: Callable[[str], Places]
) -> Iterator[Change]:
    """What makes the object as wanted: nothing, one change, or a second one that must wait.

    `places` is `places_of`, which takes long, for each policy once.
    """
    found = find(observed, thing)
    if found is None and isinstance(thing, Rse):
        found = observed.rses.get(desired.renames.get(thing.name, thing.name))
        if found is None and thing.name in desired.closing:
            return  # it has ended before it began
    before = found.fields() if found is not None else {}
    fields = tuple(_fields(thing, before, found is not None))
    if found is not None and not fields:
        return
    divided = parts(fields) if isinstance(found, Rse) else [fields]
    needs = tuple(_needs(desired, observed, thing, places))
    lowers = _lowers_copies(found, thing)
    for part in divided:
        action = _action(found is not None, part)
        yield Change(
            address(desired, thing.kind, thing.name),
            action,
            part,
            Impact.LOWERS_COPIES if lowers else _impact(found is not None, part),
            _reason(found, action),
            needs=needs,
            waits=tuple(waits(found, RseName(thing.name), part)) if isinstance(found, Rse) else (),
            drafts=thing.drafts,
        )


def _lowers_copies(found: Thing | None, thing: Thing) -> bool:
    if not isinstance(found, Subscription) or not isinstance(thing, Subscription):
        return False
    return lowers_copies(found, thing)


def _fields(thing: Thing, before: Fields, exists: bool) -> Iterator[FieldChange]:
    after = thing.fields()
    for name, value in after.items():
        if thing.kind == "scope" and exists:
            continue
        if not exists or before.get(name) != value:
            yield FieldChange(name, before.get(name), value, origin(thing, name))
    for name, value in before.items():
        if name.startswith(f"attribute.{OWNED_ATTRIBUTES}") and name not in after:
            yield FieldChange(name, value, None, origin(thing, name))


def origin(thing: Thing, name: str) -> Span | None:
    """The most telling spec place of a field."""
    return next(iter(thing.origins.get(name, ())), None)


def _action(exists: bool, fields: Iterable[FieldChange]) -> Action:
    if not exists:
        return Action.CREATE
    closes = any(f.name == "setting.availability_write" and f.after is False for f in fields)
    return Action.RETIRE if closes else Action.UPDATE


def _reason(found: Thing | None, action: Action) -> str:
    if action is not Action.RETIRE or not isinstance(found, Rse):
        return ""
    if found.stored is None:
        return "it ends; nobody has counted yet what is still there"
    there = f"{found.stored.files} files, {format_bytes(found.stored.bytes)}"
    return f"it ends: closed for writing, with {there} still there; deleting is the operators'"


def _impact(exists: bool, fields: Iterable[FieldChange]) -> Impact:
    """What decides placement moves data where it was so already: an area that only now gets it, as
    what is taken over or was half made, had no rule of ours on it by that."""
    fields = tuple(fields)
    names = {field.name for field in fields}
    if not exists:
        return Impact.ADDITIVE
    if any(field.name in DECIDES_PLACEMENT and field.before is not None for field in fields):
        return Impact.MOVES_DATA
    return Impact.COSMETIC if names <= _FOR_PEOPLE else Impact.RECONFIGURE


def _needs(
    desired: RucioModel, observed: RucioModel, thing: Thing, places: Callable[[str], Places]
) -> Iterator[Address]:
    """Objects that this one refers to and that do not exist yet."""
    rses: tuple[str, ...] = ()
    if isinstance(thing, Distance):
        rses = (thing.source, thing.destination)
    elif thing.kind == "account-limit":
        rses = (thing.name.partition("@")[2],)
    for name in rses:
        if RseName(name) not in observed.rses:
            yield address(desired, "rse", name)
    account = getattr(thing, "account", None)
    if account is not None and account in desired.accounts and account not in observed.accounts:
        yield address(desired, "account", account)
    if isinstance(thing, Subscription):
        yield from places(thing.policy)


def places_of(desired: RucioModel, observed: RucioModel, policy: str) -> Places:
    """What all subscriptions of a policy rely on: they replace the former ones together, lest some
    names be matched by none."""
    now, after = facts_now(desired, observed), facts_after(desired)
    places = frozenset().union(
        *(
            unsettled(desired.requirements[name], subscription.rules, now, after)
            for name, subscription in desired.subscriptions.items()
            if subscription.policy == policy
        )
    )
    return tuple(address(desired, "rse", name) for name in sorted(places))


def ended_subscriptions(desired: RucioModel, observed: RucioModel) -> Iterator[Change]:
    """Ours, of a policy that lives on in another form or was retired; not of one that is absent."""
    living = {subscription.policy for subscription in desired.subscriptions.values()}
    for name, found in sorted(observed.subscriptions.items()):
        policy = found.policy_in_comment
        ours = found.account == desired.owner and (policy in living or policy in desired.ended)
        if name in desired.subscriptions or not ours or not found.active:
            continue
        fewer = any(
            lowers_copies(found, other)
            for other in desired.subscriptions.values()
            if other.policy == policy and _share(other, found)
        )
        yield Change(
            address(desired, "subscription", name),
            Action.RETIRE,
            (FieldChange("active", True, False),),
            Impact.LOWERS_COPIES if fewer else Impact.RECONFIGURE,
            "its policy is retired; the rules that it has made stay"
            if policy in desired.ended
            else "other subscriptions of the policy take its data",
            needs=tuple(
                address(desired, "subscription", other.name)
                for _, other in sorted(desired.subscriptions.items())
                if _changes(other, observed) and (other.policy == policy or _share(other, found))
            ),
        )


def _share(one: Subscription, other: Subscription) -> bool:
    """Whether both may take the same data; in doubt they may."""
    try:
        filters = [parse_filter(dict(each.filter)) for each in (one, other)]
    except FilterError:
        return True
    return not disjoint(filters)


def _changes(subscription: Subscription, observed: RucioModel) -> bool:
    found = observed.subscriptions.get(subscription.name)
    return found is None or found.fields() != subscription.fields()

"""The changes that turn one cluster into the other: owned fields only, nothing because absent.

A change carries every field that is wanted of its object, also what is so already: server-side
apply takes a field that is left out for one that is given up.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial

from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, Json, Wait
from srcnet_compiler.span import Span
from srcnet_compiler.targets.kubernetes.model import OWNER, Key, KubernetesModel, Object
from srcnet_compiler.targets.kubernetes.model.paths import join
from srcnet_compiler.targets.kubernetes.model.references import Guards, guards, references
from srcnet_compiler.targets.kubernetes.model.replacing import fixed_fields, is_held, keeps_data
from srcnet_compiler.targets.protocol import Reading, taking_over, without_unseen

LABEL = join("metadata.labels", OWNER)
_RESTARTS = frozenset({"Deployment", "StatefulSet"})


def diff(desired: KubernetesModel, observed: Reading[KubernetesModel]) -> tuple[Change, ...]:
    """Changes in an order in which objects can be made; what nobody could read is left alone."""
    seen = observed.model
    by_namespace = guards(desired)
    changes = [
        change
        for wanted in desired.things()
        for change in _to_change(desired, seen, wanted, by_namespace)
    ]
    changing = {change.address for change in changes}
    changes += [*_endings(desired, seen, changing), *_moved(desired, seen, changing)]
    return without_unseen(changes, observed.gaps)


def adoptions(desired: KubernetesModel, observed: Reading[KubernetesModel]) -> tuple[Change, ...]:
    """One change for each wanted object that is there without our label: it gets the label, and we
    hold from then on what is already as we want it; who set it with kubectl holds it no more."""
    taken = [
        taking_over(
            address(desired, wanted),
            {path: value for path, value in wanted.fields().items() if path != LABEL},
            found.fields(),
            partial(_origin, wanted),
            reason="it exists already, and gets our label; kubectl gives up what the spec says"
            " of it",
            drafts=wanted.drafts,
        )
        for wanted in desired.things()
        if (found := observed.model.find(wanted.kind, wanted.name)) is not None
        and not found.ours
        and not _has_other_owner(found)
        and not is_held(wanted, found)
    ]
    return without_unseen(taken, observed.gaps)


def address(model: KubernetesModel, thing: Object) -> Address:
    """How a change calls an object."""
    return Address("kubernetes", model.instance, thing.kind, thing.name)


# ── what is missing, and what differs ─────────────────────────────────────────────────────────


def _to_change(
    desired: KubernetesModel, seen: KubernetesModel, wanted: Object, by_namespace: Guards
) -> Iterator[Change]:
    found = seen.find(wanted.kind, wanted.name)
    if found is not None and _has_other_owner(found):
        return
    there = found.fields() if found is not None else {}
    fields = tuple(_fields(wanted, there))
    brought = LABEL if wanted.standing and found is not None and not found.ours else None
    differing = [f for f in fields if f.before != f.after and f.name != brought]
    if found is not None and (not differing or is_held(wanted, found)):
        return
    here = address(desired, wanted)
    impact, reason = Impact.ADDITIVE, ""
    if found is not None:
        impact, reason = _price(wanted, found, differing)
    adopted = (here,) if found is not None and not found.ours else ()
    yield Change(
        here,
        Action.CREATE if found is None else Action.UPDATE,
        fields,
        impact,
        reason,
        needs=(*adopted, *_needs(desired, seen, wanted, by_namespace)),
        drafts=wanted.drafts,
    )


def _fields(wanted: Object, there: Mapping[str, Json]) -> Iterator[FieldChange]:
    fields = wanted.fields()
    for path, value in fields.items():
        yield FieldChange(path, there.get(path), value, _origin(wanted, path))
    for path, value in there.items():
        if path not in fields and not _is_filled(path, value, fields):
            yield FieldChange(path, value, None, _origin(wanted, path))


def _is_filled(path: str, value: Json, fields: Mapping[str, Json]) -> bool:
    """Whether an empty thing is merely to have something in it."""
    inside = (f"{path}.", f"{path}[")
    return not value and any(each.startswith(inside) for each in fields)


def _has_other_owner(found: Object) -> bool:
    """Whether it is that of another federation, by the label."""
    return not found.ours and bool(found.fields().get(LABEL))


def _needs(
    desired: KubernetesModel, seen: KubernetesModel, wanted: Object, by_namespace: Guards
) -> tuple[Address, ...]:
    """Objects that come before this one and do not exist yet."""
    missing = (
        desired.objects[key]
        for key in references(wanted, by_namespace)
        if key in desired.objects and key not in seen.objects
    )
    return tuple(address(desired, each) for each in missing)


def _price(wanted: Object, found: Object, differing: list[FieldChange]) -> tuple[Impact, str]:
    """What a change of what exists does, and why, in words."""
    impact, words = Impact.RECONFIGURE, []
    paths = [field.name for field in differing]
    if fixed := fixed_fields(wanted, differing):
        impact = Impact.RESTART
        words.append(
            f"it is replaced, deleted and made anew: `{fixed[0]}` of a {wanted.kind} cannot be"
            " changed"
        )
    elif all(path.startswith("metadata.") for path in paths):
        impact = Impact.COSMETIC
    elif wanted.kind in _RESTARTS and any(path.startswith("spec.template.") for path in paths):
        impact = Impact.RESTART
        words.append(f"its Pods are started anew, {_pods(wanted, found)}")
    for field in differing:
        if field.name == "spec.replicas" and field.after is None:
            impact = Impact.RESTART
            words.append("its Pods are one until the autoscaler has counted")
    for path in paths:
        if path in found.managers:
            who = " and ".join(f"`{name}`" for name in found.managers[path])
            words.append(f"`{path}` is held by {who}: it is not taken from them")
    return impact, "; ".join(words)


def _pods(wanted: Object, found: Object) -> str:
    number = found.fields().get("spec.replicas", wanted.fields().get("spec.replicas"))
    return f"{number} of them" if isinstance(number, int) else "as many as there are"


# ── what ends ─────────────────────────────────────────────────────────────────────────────────


def _endings(
    desired: KubernetesModel, seen: KubernetesModel, changing: set[Address]
) -> Iterator[Change]:
    """What a spec retires, if it is ours and keeps no data; nothing because it is absent."""
    ending = {
        key: found
        for key in sorted(desired.ended)
        if (found := seen.objects.get(key)) is not None
        and found.ours
        and key not in desired.objects
        and not keeps_data(found)
    }
    # what still refers to it is changed, or ends, before
    users: dict[Key, list[Address]] = defaultdict(list)
    for key, other in seen.objects.items() if ending else ():
        here = address(desired, other)
        if key in ending or here in changing:
            for before in references(other, guards(seen)):
                users[before].append(here)
    for key, found in ending.items():
        running = found.kind in _RESTARTS
        there = {LABEL: desired.prefix, **found.fields()}
        why = desired.ended[key]
        yield Change(
            address(desired, found),
            Action.RETIRE,
            tuple(FieldChange(path, value, None) for path, value in there.items()),
            Impact.RESTART if running else Impact.RECONFIGURE,
            f"{why}; its Pods end, {_pods(found, found)}" if running else why,
            needs=tuple(users[key]),
            until=desired.ended_until.get(key),
        )


# ── what has another name now ─────────────────────────────────────────────────────────────────

UNUSED = "unused"
"""The kind of wait until nobody runs anything that names an object."""


def _moved(
    desired: KubernetesModel, seen: KubernetesModel, changing: set[Address]
) -> Iterator[Change]:
    """The end of what has another name now and nobody uses, after what is changed to name the new
    one: who waits in a queue would never begin without it."""
    for (kind, name), after in sorted(desired.moved.items()):
        found = seen.find(kind, name)
        if found is None or not found.ours or seen.users.get((kind, name), ("",)):
            continue
        named = (
            address(desired, other)
            for other in seen.objects.values()
            if address(desired, other) in changing
            and found.bare_name in map(str, other.fields().values())
        )
        new = Address("kubernetes", desired.instance, kind, after)
        subject: Json = {
            "kind": kind,
            "name": name,
            "namespaces": list(desired.namespaces),
            "templates": desired.delivery != "push",
        }
        there = {LABEL: desired.prefix, **found.fields()}
        yield Change(
            address(desired, found),
            Action.RETIRE,
            tuple(FieldChange(path, value, None) for path, value in there.items()),
            Impact.RECONFIGURE,
            f"it is called {after} now",
            needs=(new, *named),
            waits=(
                Wait(
                    UNUSED,
                    json.dumps(subject, sort_keys=True),
                    f"no pod or job that has not ended names {kind} {name}",
                ),
            ),
        )


def postponed(
    desired: KubernetesModel, observed: Reading[KubernetesModel]
) -> tuple[tuple[str, str], ...]:
    """What has another name now and that a later run ends, with the reason."""
    return tuple(
        (
            f"{kind} `{name}`",
            f"is called {desired.moved[kind, name]} now, and a later run ends it: {_who(who)}",
        )
        for (kind, name), who in sorted(observed.model.users.items())
        if who
    )


def _who(who: tuple[str, ...]) -> str:
    more = f" and {len(who) - 1} more" if len(who) > 1 else ""
    return f"{who[0]}{more} {'name' if more else 'names'} it"


def _origin(wanted: Object, path: str) -> Span | None:
    return next(iter(wanted.spans(path)), None)

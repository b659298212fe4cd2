"""The changes that turn one catalogue into the other: owned fields only, nothing because absent.

A change carries the identity of its entry and of those around it, also where they are so already:
the entry is found by them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, Json
from srcnet_compiler.span import Span
from srcnet_compiler.targets.protocol import Reading, without_unseen
from srcnet_compiler.targets.scapi.model import (
    AREA,
    DISABLED,
    ID,
    MARKS,
    NAME,
    WITHIN,
    Ended,
    Entry,
    Key,
    ScapiModel,
)

_FOR_PEOPLE = frozenset({"description", "comments", "reason"})
_PATHS = {"storage": "base_path", "area": "relative_path"}


def diff(desired: ScapiModel, observed: Reading[ScapiModel]) -> tuple[Change, ...]:
    """Changes node by node, each behind what it lies in; what nobody could read is left alone."""
    wanted, seen = settled(desired, observed.model), observed.model
    changes = [change for entry in wanted.things() for change in _to_change(wanted, seen, entry)]
    changes += [change for each in wanted.ended.values() for change in _ending(seen, wanted, each)]
    return without_unseen(changes, observed.gaps)


def adoptions(desired: ScapiModel, observed: Reading[ScapiModel]) -> tuple[Change, ...]:
    """One change for each wanted entry that exists: taking it over, and nothing else."""
    wanted, seen = settled(desired, observed.model), observed.model
    taken = [
        Change(
            address(wanted, entry),
            Action.ADOPT,
            (*_found_by(seen, found, entry), *_same(entry, found)),
            Impact.COSMETIC,
            "it exists already",
            drafts=entry.drafts,
        )
        for entry in wanted.things()
        if (found := seen.entries.get(entry.key)) is not None
    ]
    return without_unseen(taken, observed.gaps)


def address(model: ScapiModel, entry: Entry) -> Address:
    """How a change calls an entry."""
    return Address("scapi", model.instance, entry.kind, entry.name)


def settled(desired: ScapiModel, seen: ScapiModel) -> ScapiModel:
    """What is wanted of the entries that are there: they keep their identities, what refers to
    them takes those, and paths that lead to the same place stay as they are parted."""
    alike = _same_place(desired, seen)
    entries = {key: _settled(entry, seen, alike) for key, entry in desired.entries.items()}
    linked = {key: _linked(entry, entries) for key, entry in entries.items()}
    return replace(desired, entries=linked)


def _settled(entry: Entry, seen: ScapiModel, alike: set[Key]) -> Entry:
    found = seen.entries.get(entry.key)
    if found is None:
        return entry
    there = found.fields()
    fields = {
        name: there[name] if name in there and _means_the_same(name, there[name], value) else value
        for name, value in entry.fields().items()
        if name not in entry.at_first
    }
    if entry.kind == "node":
        fields[NAME] = there[NAME]
    if found.off and fields.get(DISABLED) is True:
        del fields[DISABLED]
    if found.id:
        fields[ID] = found.id
    if entry.key in alike:
        del fields[_PATHS[entry.kind]]
    return replace(entry, fields_=fields)


def _means_the_same(name: str, there: Json, wanted: Json) -> bool:
    """Prose but for its spaces and its full stop, figures as far as the spec gives them."""
    if name in _FOR_PEOPLE and isinstance(there, str) and isinstance(wanted, str):
        return _plain(there) == _plain(wanted)
    if name in _SPOT and isinstance(there, float) and isinstance(wanted, float | int):
        return round(there, len(repr(wanted).partition(".")[2])) == wanted
    return isinstance(wanted, dict | list) and _full(there) == _full(wanted)


def _full(value: Json) -> Json:
    """A value without the empty things in it: they say nothing."""
    if isinstance(value, Mapping):
        return {key: each for key, item in value.items() if not _is_empty(each := _full(item))}
    if isinstance(value, list):
        return [_full(item) for item in value]
    return value


def _is_empty(value: Json) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)


_SPOT = ("latitude", "longitude")


def _plain(text: str) -> str:
    return " ".join(text.split()).removesuffix(".")


def _linked(entry: Entry, entries: Mapping[Key, Entry]) -> Entry:
    area = entries.get(entry.area) if entry.area is not None else None
    return entry if area is None else replace(entry, fields_={**entry.fields(), AREA: area.id})


def _same_place(desired: ScapiModel, seen: ScapiModel) -> set[Key]:
    """The storages and areas whose paths, put together, are what is there, if parted otherwise."""
    alike: set[Key] = set()
    apart: set[Key] = set()
    for area in (entry for entry in desired.things() if entry.kind == "area"):
        here = _whole_path(desired, area)
        if here is not None and here == _whole_path(seen, seen.entries.get(area.key)):
            alike.add(area.key)
        elif area.inside is not None and area.key in seen.entries:
            apart.add(area.inside)
    around = {key: desired.entries[key].inside for key in alike}
    settled_ = {key for key, storage in around.items() if storage not in apart}
    return settled_ | {storage for key in settled_ if (storage := around[key]) is not None}


def _whole_path(model: ScapiModel, area: Entry | None) -> str | None:
    storage = model.entries.get(area.inside) if area is not None and area.inside else None
    if area is None or storage is None:
        return None
    parts = (storage.fields().get("base_path"), area.fields().get("relative_path"))
    if not all(isinstance(part, str) for part in parts):
        return None
    return "/".join(str(part).strip("/") for part in parts).strip("/")


# ── what is missing, and what differs ─────────────────────────────────────────────────────────


def _to_change(desired: ScapiModel, seen: ScapiModel, entry: Entry) -> Iterator[Change]:
    found = seen.entries.get(entry.key)
    needs = tuple(_needs(desired, seen, entry))
    here = address(desired, entry)
    if entry.key in seen.implied:
        return
    if found is None:
        within = FieldChange(WITHIN, None, [*_around(desired, seen, entry)], _place(entry))
        fields = [FieldChange(n, None, value, _place(entry, n)) for n, value in _all(entry)]
        yield Change(
            here,
            Action.CREATE,
            (within, *fields),
            Impact.ADDITIVE,
            needs=needs,
            drafts=entry.drafts,
        )
        return
    there = found.fields()
    differing = [
        FieldChange(name, there.get(name), value, _place(entry, name))
        for name, value in entry.fields().items()
        if there.get(name) != value
    ]
    if differing:
        names = {field.name for field in differing}
        known = [each for each in _found_by(seen, found, entry) if each.name not in names]
        impact = Impact.COSMETIC if names <= _FOR_PEOPLE else Impact.RECONFIGURE
        yield Change(
            here, Action.UPDATE, (*known, *differing), impact, needs=needs, drafts=entry.drafts
        )


def _all(entry: Entry) -> Iterator[tuple[str, Json]]:
    yield from entry.fields().items()


def _needs(desired: ScapiModel, seen: ScapiModel, entry: Entry) -> Iterator[Address]:
    """What this one lies in or refers to, and is not there yet."""
    for key in (entry.inside, entry.area):
        if key is not None and key in desired.entries and key not in seen.entries:
            yield address(desired, desired.entries[key])


def _around(desired: ScapiModel, seen: ScapiModel, entry: Entry) -> tuple[str, ...]:
    """Where an entry is to lie: in what is there, where it is."""
    key = entry.inside
    if key is None:
        return (entry.node,)
    if (found := seen.entries.get(key)) is not None:
        return _step(found, seen.within(found))
    around = desired.of(key)
    assert around is not None
    return _step(around, _around(desired, seen, around))


def _step(entry: Entry, within: tuple[str, ...]) -> tuple[str, ...]:
    """From what lies around an entry to what lies in it."""
    if entry.kind == "node":
        return (str(entry.fields()[NAME]),)
    return (*within, entry.id or str(entry.fields().get(NAME) or ""))


def _found_by(seen: ScapiModel, found: Entry, entry: Entry) -> Iterator[FieldChange]:
    """What leads to an entry that is there."""
    within: Json = [*seen.within(found)]
    yield FieldChange(WITHIN, within, within, _place(entry))
    marks = (ID,) if found.id else MARKS
    for name in marks:
        if (value := found.fields().get(name)) is not None:
            yield FieldChange(name, value, value, _place(entry, name))


def _same(entry: Entry, found: Entry) -> Iterator[FieldChange]:
    marks = (ID,) if found.id else MARKS
    for name, value in entry.fields().items():
        if name not in marks and found.fields().get(name) == value:
            yield FieldChange(name, value, value, _place(entry, name))


def _ending(seen: ScapiModel, desired: ScapiModel, ended: Ended) -> Iterator[Change]:
    """It is switched off, and stays with its identity: others may still speak of it."""
    found = seen.entries.get(ended.entry.key)
    if found is None or found.fields().get(DISABLED) is True:
        return
    place = next(iter(ended.places), None)
    yield Change(
        address(desired, ended.entry),
        Action.RETIRE,
        (
            *_found_by(seen, found, ended.entry),
            FieldChange(DISABLED, found.fields().get(DISABLED), True, place),
        ),
        Impact.RECONFIGURE,
        f"it ends: {ended.reason}; it is switched off and keeps its identity",
        until=ended.until,
    )


def _place(entry: Entry, name: str = "") -> Span | None:
    return next(iter(entry.spans(name)), None)

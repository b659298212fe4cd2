"""What would change on every system, if it were as the base says: the targets' own comparison."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Protocol, TypeAlias

from srcnet_compiler.change import Address, Change, Json, SystemName
from srcnet_compiler.diagnostic import Diagnostic, fingerprints
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import SiteName
from srcnet_compiler.pipeline import Lowered, Pipelined
from srcnet_compiler.review.model import Edit, Effect, Left, Proven, Why
from srcnet_compiler.span import Span
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.task import Task


class Thing(Protocol):
    """What the objects of every target have in common."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def origins(self) -> Mapping[str, tuple[Span, ...]]: ...
    def fields(self) -> Mapping[str, Json]: ...


_PARTS = re.compile("[ @]")
"""Between the names in the name of what is of two things."""
Things: TypeAlias = Mapping[tuple[str, str], Thing]


@dataclass(frozen=True, slots=True)
class Pair:
    """One system on both sides; None: that side does not describe it."""

    name: SystemName
    base: Lowered | None
    head: Lowered | None

    @property
    def is_same(self) -> bool:
        """Whether all that is emitted of it is the same: models differ in nothing but in places."""
        if self.base is None or self.head is None:
            return False
        before, after = self.base.model, self.head.model
        return bool(before == after) and all(
            getattr(before, each.name) == getattr(after, each.name)
            for each in fields(before)
            if not each.compare and each.name != "origins"
        )


def pairs(base: Iterable[Lowered], head: Iterable[Lowered]) -> tuple[Pair, ...]:
    """Every system of either side, in order of name."""
    before = {_name(lowered): lowered for lowered in base}
    after = {_name(lowered): lowered for lowered in head}
    return tuple(
        Pair(name, before.get(name), after.get(name)) for name in sorted({*before, *after})
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one system."""

    effects: tuple[Effect, ...] = ()
    left: tuple[Left, ...] = ()


def outcome(pair: Pair, asking: "Asking") -> Outcome:
    """The changes of a system, each with the edits that ask for it, and what is left as it is."""
    if pair.is_same:
        return Outcome()
    before, after = _things(pair.base), _things(pair.head)
    changed: tuple[Effect, ...] = ()
    if pair.head is not None:
        changed = tuple(_effects(pair.head, pair.base, before, after, asking))
    return Outcome(changed, tuple(_left_alone(pair, before, after, changed)))


def _effects(
    lowered: Lowered, base: Lowered | None, before: Things, after: Things, asking: "Asking"
) -> Iterator[Effect]:
    head = _whole(lowered)
    there = _whole(base) if base is not None else _nothing_of(head)
    for change in lowered.target.diff(head, Reading(there)):
        key = (change.address.kind, change.address.name)
        things = [thing for thing in (before.get(key), after.get(key)) if thing is not None]
        yield Effect(
            change,
            _sites(lowered, things),
            asking.causes(change, before.get(key), after.get(key)),
            tuple(_places(change, before.get(key))),
        )


def _left_alone(
    pair: Pair, before: Things, after: Things, changed: Iterable[Effect]
) -> Iterator[Left]:
    """What no change touches, though it is described no more, or otherwise."""
    effects = [*changed]
    touched = {(each.change.address.kind, each.change.address.name) for each in effects}
    renamed = {name for effect in effects for name in _former(effect.change)}
    owner = pair.head or pair.base
    assert owner is not None
    others = (k for k, thing in before.items() if thing != after.get(k) and k not in touched)
    for key in sorted(others):
        thing, now = before[key], after.get(key)
        if now is None and not renamed.isdisjoint(_PARTS.split(key[1])):
            continue  # what is between renamed things, or on one, goes with it
        if now is None or now.fields() != thing.fields():
            spans = (spans for spans in (now or thing).origins.values() if spans)
            why = Why.ABSENT if now is None else Why.FIXED
            place = next((found[0] for found in spans), None)
            yield Left(Address(*pair.name, *key), _sites(owner, [now or thing]), why, place)


def pipelines(
    base: Iterable[Pipelined], head: Iterable[Pipelined], asking: "Asking"
) -> Iterator[Effect]:
    """The files of the forges that would be otherwise, each with the edits that ask for it."""
    there = {(each.target.name, each.model.instance): each.model for each in base}
    for each in head:
        model = each.model
        before = there.get((each.target.name, model.instance), _nothing_of(model))
        for change in each.target.diff(model, Reading(before)):
            address = change.address
            sides = (side.find(address.kind, address.name) for side in (before, model))
            yield Effect(change, (), asking.causes(change, *sides))


def proofs(systems: Iterable[Pair], day: date) -> Iterator[Proven]:
    """Of every system that is described on both sides, and otherwise on one of them."""
    for pair in systems:
        if pair.base is not None and pair.head is not None and not pair.is_same:
            rehearse = pair.head.target.rehearse
            found = rehearse(_whole(pair.base), _whole(pair.head), day)
            if found is not None:
                numbers = found.kinds, found.changed, found.orders
                yield Proven(pair.name, *numbers, found.objections, found.places)


def new_findings(pair: Pair, base: Federation, head: Federation) -> Iterator[Diagnostic]:
    """What the consumer of head's artifacts objects to and did not object to before, and what of
    the base stands in head's way."""
    if pair.head is None or pair.is_same:
        return
    check, check_seen = pair.head.target.check, pair.head.target.check_seen
    now = _whole(pair.head)
    then = _whole(pair.base) if pair.base is not None else _nothing_of(now)
    found = (*check(pair.head.model, head), *check_seen(now, then))
    if not found:
        return  # as nearly always, and what was before need not be asked
    known = {*fingerprints(check_seen(then, then))}
    if pair.base is not None:
        known |= {*fingerprints(check(pair.base.model, base))}
    yield from (
        each for name, each in zip(fingerprints(found), found, strict=True) if name not in known
    )


def new_tasks(pair: Pair) -> tuple[Task, ...]:
    """What administrators must do that the base does not ask of them."""
    if pair.head is None or pair.is_same:
        return ()
    known = _tasks(pair.base) if pair.base is not None else ()
    return tuple(task for task in _tasks(pair.head) if task not in known)


def site_of(pair: Pair) -> SiteName | None:
    """Whose the system is; None: the federation's."""
    lowered = pair.head or pair.base
    return None if lowered is None else lowered.target.site(lowered.model)


def _name(lowered: Lowered) -> SystemName:
    return SystemName(lowered.target.name, lowered.model.instance)


def _whole(lowered: Lowered) -> Any:  # noqa: ANN401 - every target has a model of its own
    return lowered.target.whole(lowered.model)


def _nothing_of(model: Any) -> Any:  # noqa: ANN401 - as above
    """The same system before anything of ours was there: its name, and no objects."""
    held = {each.name: getattr(model, each.name) for each in fields(model)}
    empty = {name: type(value)() for name, value in held.items() if isinstance(value, _HOLDS)}
    return replace(model, **empty)


_HOLDS = (dict, frozenset)
"""How models hold objects, and what is said of them."""


def _things(lowered: Lowered | None) -> Things:
    if lowered is None:
        return {}
    return {(thing.kind, thing.name): thing for thing in _whole(lowered).things()}


def _tasks(lowered: Lowered) -> tuple[Task, ...]:
    return lowered.target.tasks(lowered.model)


def _former(change: Change) -> Iterator[str]:
    """The names that an object had before."""
    return (str(field.before) for field in change.fields if field.name == "name" and field.before)


def _sites(lowered: Lowered, things: Iterable[Thing]) -> tuple[SiteName, ...]:
    """Whose system it is, else which sites' areas the object is about."""
    site = lowered.target.site(lowered.model)
    if site is not None:
        return (site,)
    named = {getattr(thing, "site", "") for thing in things} - {""}
    return tuple(map(SiteName, sorted(named)))


def _places(change: Change, thing: Thing | None) -> Iterator[tuple[str, Span]]:
    """Where the base said what is to be otherwise."""
    if thing is not None:
        for field in change.fields:
            if field.before != field.after and (spans := _spans(thing, field.name)):
                yield field.name, spans[0]


def _spans(thing: Thing, name: str) -> tuple[Span, ...]:
    """The spec places of a field of an object."""
    if hasattr(thing, "spans"):
        found: tuple[Span, ...] = thing.spans(name)
        return found
    return tuple(thing.origins.get(name, ()))


# ── which edits ask for a change ──────────────────────────────────────────────────────────────


class Asking:
    """Finds the edits that ask for a change, by where what is changed was written."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._all = tuple(range(len(edits)))
        self._base = _by_file((number, edit.base) for number, edit in enumerate(edits))
        self._head = _by_file((number, edit.head) for number, edit in enumerate(edits))

    def causes(self, change: Change, before: Thing | None, after: Thing | None) -> tuple[int, ...]:
        """The edits where a changed field comes from; else those in the files that the object
        comes from; else all, since it follows from the whole."""
        names = [field.name for field in change.fields if field.before != field.after]
        old, new = _all_spans(before, names), _all_spans(after, names)
        new |= {field.origin for field in change.fields if field.origin is not None}
        sides = ((self._base, old), (self._head, new))
        exact = {
            number
            for known, spans in sides
            for span in spans
            for number, place in known.get(span.file, ())
            if _overlap(place, span)
        }
        near = exact or {
            number
            for known, spans in sides
            for file in {span.file for span in spans}
            for number, _ in known.get(file, ())
        }
        return tuple(sorted(near)) or self._all


def _by_file(places: Iterable[tuple[int, Span | None]]) -> dict[str, list[tuple[int, Span]]]:
    found: dict[str, list[tuple[int, Span]]] = {}
    for number, span in places:
        if span is not None:
            found.setdefault(span.file, []).append((number, span))
    return found


def _all_spans(thing: Thing | None, names: Iterable[str]) -> set[Span]:
    """Every place that these fields of an object come from; of all of it where none is named."""
    if thing is None:
        return set()
    return {span for name in (names or thing.origins) for span in _spans(thing, name)}


def _overlap(one: Span, other: Span) -> bool:
    """Whether two places of one file have a character in common."""
    return (one.line, one.column) < (other.end_line, other.end_column) and (
        other.line,
        other.column,
    ) < (one.end_line, one.end_column)

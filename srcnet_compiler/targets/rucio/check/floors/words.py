"""A loss in words: what happens one after the other, by the names that people know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from srcnet_compiler.change import Change
from srcnet_compiler.targets.rucio.check.floors.alike import Alike
from srcnet_compiler.targets.rucio.check.floors.problem import Kind
from srcnet_compiler.targets.rucio.check.floors.search import Loss
from srcnet_compiler.targets.rucio.check.floors.shape import Shape
from srcnet_compiler.targets.rucio.model.names import RseName

PlaceChanges = Mapping[tuple[RseName, int], Change]


def trace(alike: Alike, shape: Shape, loss: Loss, changes: PlaceChanges) -> tuple[str, ...]:
    """Each event in words."""
    return tuple(_events(alike, shape, loss, changes))


def _events(alike: Alike, shape: Shape, loss: Loss, changes: PlaceChanges) -> Iterator[str]:
    called = [rule.comment for rule in alike.rules]
    for what, number in loss.events:
        if what == "valid":
            lock = shape.problem.locks[number]
            yield f"the copy of `{called[lock.rule]}` on {shape.spots[lock.spot]} is valid"
            continue
        step = shape.problem.steps[number]
        if step.kind is Kind.PLACE:
            said = _place(changes[shape.place_steps[number - len(alike.doings)]])
        else:
            said = _rule(step.kind, called[step.at], alike.doings[number].comment)
        if what == "begins":
            yield f"what it waits for holds: {said}, soon"
            continue
        if step.kind in (Kind.CREATE, Kind.NAME):
            called[step.at] = alike.doings[number].comment
        yield said


def _rule(kind: Kind, called: str, then: str) -> str:
    if kind is Kind.RELEASE:
        return f"`{called}` is released"
    return f"rule `{then}` is made" if kind is Kind.CREATE else f"`{called}` becomes `{then}`"


def _place(change: Change) -> str:
    told = [f for f in change.fields if f.name.startswith(("attribute.srcnet_", "setting."))]
    words = (f"`{f.name.partition('.')[2]}` {f.before} → {f.after}" for f in told[:3])
    return f"{change.address.name} changes ({', '.join(words)})"

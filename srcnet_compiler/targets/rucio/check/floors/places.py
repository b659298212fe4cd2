"""What each RSE is while a plan goes on: before, between and after the steps that change it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from srcnet_compiler.change import Action, Address, Change
from srcnet_compiler.targets.rucio.model import OWNED_ATTRIBUTES, Rse, RucioModel
from srcnet_compiler.targets.rucio.model.expression import RseFacts
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import TIER, candidates_of

Values: TypeAlias = Mapping[str, Any]
_ATTRIBUTE, _SETTING = "attribute.", "setting."
_SPOILING = ("volatile", "staging_area")
"""Columns of an RSE on which no copy counts."""
_NOWHERE = RseFacts()


@dataclass(frozen=True, slots=True)
class PlaceStep:
    """A change of an RSE as far as copies are concerned, with the RSEs that are changed before it.

    `moved` are the attributes of ours with which the rules that hold data there must still mean it;
    None: nobody looks. Rules with an expression of `without` must hold nothing there at all.
    """

    change: Change
    after: frozenset[str]
    attributes: Values
    settings: Values
    makes: bool
    moved: Values | None
    without: frozenset[str]


@dataclass(frozen=True, slots=True)
class Standing:
    """An RSE with some of its steps done: its tier, None where copies do not count, and its facts
    for expressions; None: it is not there."""

    tier: str | None
    facts: RseFacts | None

    def place(self, name: RseName, apart: str | None) -> str | None:
        """What must differ between copies."""
        if self.tier is None or self.facts is None:
            return None
        value = name if apart is None else self.facts.attributes.get(apart)
        return str(value) if value else None


class Places:
    """All RSEs, by the names that they are to have."""

    def __init__(
        self,
        desired: RucioModel,
        seen: RucioModel,
        changes: Sequence[Change],
        before: Sequence[frozenset[Address]],
    ) -> None:
        """`before` is what `come_before` says of the changes."""
        after = {old: new for new, old in desired.renames.items() if new not in seen.rses}
        self._seen = {after.get(name, name): rse for name, rse in seen.rses.items()}
        self.steps = _steps(changes, before)
        names = sorted({*self._seen, *self.steps})
        self._standings = {name: tuple(self._passage(name)) for name in names}
        self._layers = max((len(each) for each in self._standings.values()), default=1)
        self.meant = cache(self._meant)
        self.still_meant = cache(self._still_meant)

    @property
    def names(self) -> Iterable[RseName]:
        """Every RSE that is there, or is to come."""
        return self._standings

    def standings(self, name: RseName) -> tuple[Standing, ...]:
        """The RSE for each set of its steps that is done, as a number."""
        return self._standings[name]

    def _passage(self, name: RseName) -> Iterator[Standing]:
        steps = self.steps.get(name, ())
        for done in range(1 << len(steps)):
            yield _standing(self._seen.get(name), [s for n, s in enumerate(steps) if done >> n & 1])

    def _meant(self, expression: str, layer: int) -> frozenset[RseName]:
        """The RSEs that the expression means, each with the steps done that `layer` says."""
        facts = {
            name: facts
            for name, standings in self._standings.items()
            if (facts := standings[layer % len(standings)].facts) is not None
        }
        return candidates_of(expression, facts)

    def ever_meant(self, expression: str) -> frozenset[RseName]:
        """The RSEs that the expression means at some time."""
        return frozenset().union(*(self.meant(expression, n) for n in range(self._layers)))

    def _still_meant(self, expression: str, name: RseName, number: int) -> bool:
        """Whether a rule may hold data on the RSE by the guard of its step: the expression means it
        as it will be, and is none of those that must have gone."""
        step = self.steps[name][number]
        if expression in step.without:
            return False
        moved = step.moved or {}
        seen = self._seen.get(name)
        kept = dict(seen.attributes) if seen else {}
        others = {key: kept[key] for key in kept if not key.startswith(OWNED_ATTRIBUTES)}
        columns = _columns(seen.settings if seen else {})
        return bool(candidates_of(expression, {name: RseFacts(columns, {**others, **moved})}))


def _steps(
    changes: Iterable[Change], before: Iterable[frozenset[Address]]
) -> dict[RseName, tuple[PlaceStep, ...]]:
    found: dict[RseName, tuple[PlaceStep, ...]] = {}
    for change, first in zip(changes, before, strict=True):
        if change.address.kind == Rse.kind and change.action not in (Action.ADOPT, Action.RENAME):
            name = RseName(change.address.name)
            step = _step(change, frozenset(a.name for a in first if a.kind == Rse.kind))
            if step.attributes or step.settings or step.makes:
                found[name] = (*found.get(name, ()), step)
    return found


def _step(change: Change, after: frozenset[str]) -> PlaceStep:
    def of(prefix: str) -> Values:
        fields = (field for field in change.fields if field.name.startswith(prefix))
        return {field.name.removeprefix(prefix): field.after for field in fields}

    moved = [json.loads(wait.subject) for wait in change.waits if wait.kind == "rules-moved"]
    return PlaceStep(
        change,
        after,
        of(_ATTRIBUTE),
        of(_SETTING),
        change.action is Action.CREATE,
        moved[0]["attributes"] if moved else None,
        frozenset(moved[0].get("without", ())) if moved else frozenset(),
    )


def _standing(seen: Rse | None, done: Sequence[PlaceStep]) -> Standing:
    if seen is None and not any(step.makes for step in done):
        return Standing(None, None)
    attributes: dict[str, Any] = dict(seen.attributes) if seen else {}
    settings: dict[str, Any] = dict(seen.settings) if seen else {}
    for step in done:
        attributes |= step.attributes
        settings |= step.settings
    held = {key: value for key, value in attributes.items() if value is not None}
    spoilt = any(settings.get(column) for column in _SPOILING)
    tier = None if spoilt else held.get(TIER)
    return Standing(str(tier) if tier else None, RseFacts(_columns(settings), held))


def _columns(settings: Values) -> Values:
    return {k: v for k, v in settings.items() if isinstance(v, str | bool | int | float)}


def come_before(changes: Sequence[Change]) -> tuple[frozenset[Address], ...]:
    """For each change the objects whose other changes come first, step by step."""
    by_address: dict[Address, list[int]] = {}
    for number, change in enumerate(changes):
        by_address.setdefault(change.address, []).append(number)
    return tuple(_before(number, changes, by_address) for number in range(len(changes)))


def _before(
    number: int, changes: Sequence[Change], by_address: Mapping[Address, Sequence[int]]
) -> frozenset[Address]:
    seen: set[Address] = set()
    ahead = list(changes[number].needs)
    while ahead:
        here = ahead.pop()
        if here not in seen:
            seen.add(here)
            others = (other for other in by_address.get(here, ()) if other != number)
            ahead += (need for other in others for need in changes[other].needs)
    return frozenset(seen)

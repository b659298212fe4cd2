"""Copies that are apart stay so while places are called otherwise: by changes of regions, say.

A rule whose expression does not name the region means its areas in whichever they are, and so
nothing else keeps an area of it where it is. Where the copies of a data set are in different
regions by luck alone, as when its phase begins to ask for that, an area must not follow another
copy into a region before the rule has gone.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from srcnet_compiler.change import Action, Change, Wait
from srcnet_compiler.targets.rucio.diff.data import phases_now
from srcnet_compiler.targets.rucio.diff.passage import MOVED
from srcnet_compiler.targets.rucio.model import Dataset, Rse, RucioModel
from srcnet_compiler.targets.rucio.model.expression import RseFacts
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import (
    REGION,
    SITE,
    TIER,
    Requirement,
    candidates_of,
)

_APART = {f"attribute.{name}" for name in (REGION, SITE)}
"""What copies are told apart by."""


def kept_apart(
    desired: RucioModel, observed: RucioModel, day: date | None, changes: Sequence[Change]
) -> tuple[Change, ...]:
    """The changes; where one could bring two copies of a data set together, it waits as well until
    the rules that would let it happen hold nothing there."""
    moving = {RseName(change.address.name) for change in changes if _tells_apart(change)}
    if not moving or not observed.datasets:
        return tuple(changes)
    meetings = _Meetings(desired, observed, frozenset(moving))
    by_did: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        if change.address.kind == "rule":
            by_did[change.address.name.partition(" ")[0]].append(change)
    gone: dict[RseName, set[str]] = defaultdict(set)
    for dataset, phase in phases_now(desired, observed, day):
        rules = tuple(_rules(dataset, by_did.get(dataset.did, ())))
        for name, expression in meetings.of(phase.requirement, rules):
            gone[name].add(expression)
    return tuple(
        _waiting(change, gone[RseName(change.address.name)])
        if _tells_apart(change) and gone.get(RseName(change.address.name))
        else change
        for change in changes
    )


def _tells_apart(change: Change) -> bool:
    return change.address.kind == Rse.kind and any(
        field.name in _APART and field.before is not None for field in change.fields
    )


def _waiting(change: Change, expressions: Iterable[str]) -> Change:
    """With the wait for rules that have moved, of which none of these may hold data there."""
    return replace(change, waits=tuple(_longer(wait, expressions) for wait in change.waits))


def _longer(wait: Wait, expressions: Iterable[str]) -> Wait:
    if wait.kind != MOVED:
        return wait
    fact = {**json.loads(wait.subject), "without": sorted(expressions)}
    text = f"{wait.text}, or that would bring copies together there"
    return Wait(wait.kind, json.dumps(fact, sort_keys=True), text)


class _Rule(NamedTuple):
    """A rule that is there, or is made; one that `leaves` is let go by the same plan."""

    copies: int
    expression: str
    leaves: bool


def _rules(dataset: Dataset, changes: Sequence[Change]) -> Iterator[_Rule]:
    ended = {
        field.after
        for change in changes
        if change.action is Action.RETIRE
        for field in change.fields
        if field.name == "id"
    }
    for rule in dataset.rules:
        if not rule.released:
            yield _Rule(rule.copies, rule.rse_expression, rule.id in ended)
    for change in changes:
        for field in change.fields:
            if field.name == "rule" and isinstance(field.after, Mapping):
                made = field.after
                yield _Rule(int(str(made["copies"])), str(made["rse_expression"]), False)


class _Copy(NamedTuple):
    """Where a copy of a rule, by its number, may be."""

    rule: int
    rse: RseName


class _Meetings:
    """The areas that move, and the rules by which copies on them may come to where others are."""

    def __init__(
        self, desired: RucioModel, observed: RucioModel, moving: frozenset[RseName]
    ) -> None:
        names = {old: new for new, old in desired.renames.items() if new not in observed.rses}
        self._now = {
            names.get(name, name): RseFacts(attributes=rse.attributes)
            for name, rse in observed.rses.items()
        }
        self._after = {
            **self._now,
            **{name: RseFacts(attributes=rse.attributes) for name, rse in desired.rses.items()},
        }
        self._moving = moving
        self._places: dict[str, tuple[frozenset[RseName], frozenset[RseName]]] = {}
        self._known: dict[
            tuple[str | None, int, tuple[_Rule, ...]], frozenset[tuple[RseName, str]]
        ] = {}

    def of(self, wanted: Requirement, rules: tuple[_Rule, ...]) -> frozenset[tuple[RseName, str]]:
        """Each area with the expression of such a rule. Many data sets have the same rules."""
        key = (wanted.apart, wanted.floor, rules)
        if key not in self._known:
            self._known[key] = frozenset(self._of(wanted, rules))
        return self._known[key]

    def _of(self, wanted: Requirement, rules: Sequence[_Rule]) -> Iterator[tuple[RseName, str]]:
        if wanted.apart is None or not wanted.floor:
            return
        copies = [
            _Copy(number, name)
            for number, rule in enumerate(rules)
            for name in sorted(frozenset().union(*self._meant(rule.expression)))
        ]
        for one in copies:
            expression = rules[one.rule].expression
            stays = all(one.rse in meant for meant in self._meant(expression))
            if one.rse in self._moving and stays and self._may_meet(wanted, rules, one, copies):
                yield one.rse, expression

    def _meant(self, expression: str) -> tuple[frozenset[RseName], frozenset[RseName]]:
        """The RSEs on which copies count that it means now, and afterwards."""
        if expression not in self._places:
            now, after = (
                frozenset(
                    n for n in candidates_of(expression, facts) if facts[n].attributes.get(TIER)
                )
                for facts in (self._now, self._after)
            )
            self._places[expression] = now, after
        return self._places[expression]

    def _may_meet(
        self, wanted: Requirement, rules: Sequence[_Rule], one: _Copy, copies: Iterable[_Copy]
    ) -> bool:
        """Whether the area moves to where another copy is, or will be. Of two that move to the
        same place only that of a rule which leaves has to wait for it."""
        was, will = self._values(wanted, one.rse)
        if will is None:
            return was is not None
        return (
            was != will
            and wanted.floor > 1
            and any(
                will == there
                or (will == then and (rules[one.rule].leaves or not rules[other.rule].leaves))
                for other in copies
                if other.rse != one.rse and (other.rule != one.rule or rules[one.rule].copies > 1)
                for there, then in (self._values(wanted, other.rse),)
            )
        )

    def _values(self, wanted: Requirement, name: RseName) -> tuple[object, object]:
        """What copies are told apart by, of the RSE now and afterwards."""
        now, after = (
            facts[name].attributes.get(str(wanted.apart)) if name in facts else None
            for facts in (self._now, self._after)
        )
        return now, after

"""What the day holds back: what moves or goes in a freeze, or needs areas that are down.

What has just arrived gets its copies all the same: Rucio brings them as soon as it can.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from srcnet_compiler.change import Action, Change, Impact, Wait
from srcnet_compiler.targets.rucio.diff.passage import Inventory
from srcnet_compiler.targets.rucio.diff.rules import Audited
from srcnet_compiler.targets.rucio.model import Dataset
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.quiet import QUIET, Quiet, free_from, on_day
from srcnet_compiler.targets.rucio.model.requirement import candidates_of

_VALID, _AWAY = "copies-valid", "away"


class Hush:
    """The freezes and downtimes of one day."""

    def __init__(self, quiet: Sequence[Quiet], day: date | None) -> None:
        self._quiet, self._day = quiet, day
        now = on_day(quiet, day)
        self._frozen = any(each.rses is None for each in now)
        self._away = frozenset[RseName]().union(*(each.rses or () for each in now))

    def held(
        self, audited: Audited, dataset: Dataset, floor: int, changes: Sequence[Change]
    ) -> tuple[Change, ...]:
        """The changes of the dataset, with what else they wait for on the day."""
        if not (self._frozen or self._away):
            return tuple(changes)
        lasting = [rule for rule in dataset.rules if not (rule.released or rule.is_pin)]
        arrives = sum(rule.copies for rule in lasting) < max(1, floor)
        return tuple(
            change
            if change.impact is Impact.COSMETIC or (arrives and change.action is not Action.RETIRE)
            else self._held(audited, dataset, change)
            for change in changes
        )

    def _held(self, audited: Audited, dataset: Dataset, change: Change) -> Change:
        places = audited.meant(_expression(dataset, change))
        waits = [_without(wait, self._away) for wait in change.waits]
        calls_back = change.action is Action.CREATE and not change.moves and dataset.bytes
        if self._frozen and not calls_back:
            waits.append(self._until(places))
        elif self._only_away(places, _copies(dataset, change)) or (
            change.moves and self._only_away(_sources(audited, dataset), 1)
        ):
            waits.append(self._until(places | _sources(audited, dataset)))
        return replace(change, waits=tuple(waits))

    def alone(self, change: Change, facts: Inventory) -> Change:
        """The change, of which only itself is known, as the day lets it be carried out."""
        made: Any = next((field.after for field in change.fields if field.name == "rule"), None)
        places = candidates_of(made["rse_expression"] if made else "", facts)
        waits = [_without(wait, self._away) for wait in change.waits]
        moves = bool(change.moves) or change.action is Action.RETIRE
        if (self._frozen and moves) or (made and self._only_away(places, made["copies"])):
            waits.append(self._until(places))
        return replace(change, waits=tuple(waits))

    def _only_away(self, places: frozenset[RseName], copies: int) -> bool:
        """Whether areas that are down are needed for so many copies."""
        return bool(places) and len(places - self._away) < copies

    def _until(self, places: frozenset[RseName]) -> Wait:
        """The end of what is on now, and of what follows it at once."""
        assert self._day is not None
        concerned = [q for q in self._quiet if q.rses is None or not places.isdisjoint(q.rses)]
        why = " and ".join(dict.fromkeys(q.why for q in on_day(concerned, self._day)))
        day = free_from(concerned, self._day).isoformat()
        return Wait(QUIET, json.dumps({"until": day}), f"{day}, when {why}")


def dated(
    changes: Sequence[Change],
    today: Callable[[], Sequence[Change]] | None,
    alone: Callable[[Change], Change],
) -> tuple[Change, ...]:
    """The changes of a plan that may be of another day, with the waits of this one: those of the
    same changes as they are planned `today`; None: nothing is held back.

    What an ordinary plan has not, as a recall, is judged `alone`.
    """
    if today is None:
        return tuple(_undated(change) for change in changes)
    planned = {change.id: change.waits for change in today()}
    return tuple(
        change
        if not _touches_data(change)
        else replace(change, waits=planned[change.id])
        if change.id in planned
        else alone(_undated(change))
        for change in changes
    )


def _touches_data(change: Change) -> bool:
    return change.address.kind == "rule" and change.impact is not Impact.COSMETIC


def _undated(change: Change) -> Change:
    kept = (wait for wait in change.waits if wait.kind != QUIET)
    return replace(change, waits=tuple(_without(wait, frozenset()) for wait in kept))


def _without(wait: Wait, away: frozenset[RseName]) -> Wait:
    """A wait for valid copies, of which those that are `away` do not count."""
    if wait.kind != _VALID:
        return wait
    fact: dict[str, Any] = {k: v for k, v in json.loads(wait.subject).items() if k != _AWAY}
    if away:
        fact[_AWAY] = sorted(away)
    return replace(wait, subject=json.dumps(fact, sort_keys=True))


def _rule_values(dataset: Dataset, change: Change) -> tuple[int, str]:
    """Copies and expression of the rule that the change is of."""
    values: dict[str, Any] = {field.name: field.after for field in change.fields}
    if "rule" in values:
        return values["rule"]["copies"], values["rule"]["rse_expression"]
    rule = next(rule for rule in dataset.rules if rule.id == values["id"])
    return rule.copies, rule.rse_expression


def _copies(dataset: Dataset, change: Change) -> int:
    return _rule_values(dataset, change)[0]


def _expression(dataset: Dataset, change: Change) -> str:
    return _rule_values(dataset, change)[1]


def _sources(audited: Audited, dataset: Dataset) -> frozenset[RseName]:
    """Where its files may be."""
    there = (audited.meant(r.rse_expression) for r in dataset.rules if r.locks_ok)
    return frozenset[RseName]().union(*there)

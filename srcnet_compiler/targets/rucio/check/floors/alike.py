"""Datasets that are alike: under the same rules, for the same policy, with the same changes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, TypeAlias

from srcnet_compiler.change import Action, Address, Change
from srcnet_compiler.span import Span
from srcnet_compiler.targets.rucio.check.floors.problem import Kind
from srcnet_compiler.targets.rucio.model import Dataset, RucioModel
from srcnet_compiler.targets.rucio.model.requirement import TIER
from srcnet_compiler.targets.rucio.model.subscription import Did, matches, parse_filter

RULE, RSE = "rule", "rse"


class UnknownChangeError(Exception):
    """A change of a rule of which nobody can say what it does to copies."""

    def __init__(self, change: Change) -> None:
        super().__init__(str(change.address))
        self.change = change


@dataclass(frozen=True, slots=True)
class Held:
    """A rule that is there, or that a change makes."""

    copies: int
    expression: str
    comment: str
    there: bool
    released: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """What a release waits for, as its wait says it, of its own dataset."""

    tag: str
    apart: str | None
    copies: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Doing:
    """A change of a rule of the dataset, the rule by its number. `needs` are objects by kind and
    name, those of rules by comment; `name` is how others need this one."""

    kind: Kind
    rule: int
    comment: str
    name: str
    needs: frozenset[tuple[str, str]]
    facts: tuple[Fact, ...]


class Promise(NamedTuple):
    """What a policy promises: so many valid copies, apart by an attribute (None: on different
    RSEs), with the spec place of the number."""

    policy: str
    apart: str | None
    floor: int
    place: Span | None


@dataclass(frozen=True, slots=True)
class Alike:
    """All that matters of a dataset for its copies; it is the same for many."""

    promise: Promise
    rules: tuple[Held, ...]
    doings: tuple[Doing, ...]


@dataclass(slots=True)
class Found:
    """A dataset that stands for all that are alike, its changes in the order of `doings`."""

    first: str
    changes: tuple[Change, ...]
    count: int = 1


Classes: TypeAlias = Mapping[Alike, Found]
_Ordered: TypeAlias = tuple[Change, frozenset[Address]]
"""A change, and what is changed before it."""


def classes(
    desired: RucioModel,
    seen: RucioModel,
    day: date | None,
    changes: Sequence[Change],
    before: Sequence[frozenset[Address]],
) -> Classes:
    """The datasets by what matters of them on the day; `before` are the objects that are changed
    before each change. Raises UnknownChangeError."""
    by_did: dict[str, list[_Ordered]] = {}
    for change, first in zip(changes, before, strict=True):
        if change.address.kind == RULE and change.action is not Action.ADOPT:
            did = change.address.name.split(" ", 1)[0]
            by_did.setdefault(did, []).append((change, first))
    promises = _Promises(desired, day)
    found: dict[Alike, Found] = {}
    for did, dataset in sorted(seen.datasets.items()):
        promise = promises.of(dataset)
        if promise is None:
            continue
        alike, kept = _alike(desired, dataset, promise, by_did.get(did, ()))
        if alike in found:
            found[alike].count += 1
        else:
            found[alike] = Found(did, kept)
    return found


class _Promises:
    """Which policy a dataset is of, and what that promises at its age."""

    def __init__(self, desired: RucioModel, day: date | None) -> None:
        self._day = day
        self._filters = [
            (parse_filter(dict(life.filter)), life)
            for _, life in sorted(desired.lifecycles.items())
        ]

    def of(self, dataset: Dataset) -> Promise | None:
        for wanted, life in self._filters:
            columns = {key: dataset.columns.get(key) for key in wanted.metadata}
            if matches(wanted, Did(dataset.scope, dataset.name, "DATASET", columns)):
                phase = life.phase_on(self._day, dataset.created) or life.phases[0]
                asked = phase.requirement
                return Promise(asked.policy, asked.apart, asked.floor, asked.floor_place)
        return None


def _alike(
    desired: RucioModel,
    dataset: Dataset,
    promise: Promise,
    changes: Iterable[_Ordered],
) -> tuple[Alike, tuple[Change, ...]]:
    rules = [
        Held(rule.copies, rule.rse_expression, rule.comments, True, rule.released)
        for rule in dataset.rules
    ]
    by_id = {rule.id: number for number, rule in enumerate(dataset.rules)}
    doings: list[Doing] = []
    kept: list[Change] = []
    for change, before in changes:
        values = {field.name: field.after for field in change.fields}
        needs = _needs(dataset.did, before)
        name = change.address.name.partition(" ")[2]
        doing = _doing(desired, dataset, change, values, rules, by_id, name, needs)
        if doing is not None:
            doings.append(doing)
            kept.append(change)
    return Alike(promise, tuple(rules), tuple(doings)), tuple(kept)


def _doing(
    desired: RucioModel,
    dataset: Dataset,
    change: Change,
    values: Mapping[str, Any],
    rules: list[Held],
    by_id: Mapping[str, int],
    name: str,
    needs: frozenset[tuple[str, str]],
) -> Doing | None:
    """What the change does; None where it does nothing to any copy, or waits for what cannot be.
    A rule that it makes is added to `rules`."""
    facts = _facts(desired, dataset, change)
    if facts is None:
        return None
    if change.action is Action.CREATE and set(values) == {"rule"}:
        template = values["rule"]
        if template.get("account", desired.owner) != desired.owner or "until" in template:
            return None  # a rule of others keeps nothing, nor does one that ends
        held = Held(
            template["copies"], template["rse_expression"], template["comments"], False, False
        )
        return Doing(Kind.CREATE, _place(rules, held), held.comment, name, needs, facts)
    rule = by_id.get(values.get("id", ""))
    if rule is None:
        raise UnknownChangeError(change)
    if change.action is Action.UPDATE and set(values) <= {"id", "suspended"}:
        return None
    if change.action is Action.UPDATE and set(values) == {"id", "until"} and rules[rule].released:
        return None  # it ends later, and keeps nothing until then; one that lasts would end
    if change.action is Action.UPDATE and set(values) <= {"id", "comments", "suspended"}:
        return Doing(Kind.NAME, rule, values["comments"], name, needs, facts)
    if change.action is Action.RETIRE and set(values) == {"id", "released"}:
        return Doing(Kind.RELEASE, rule, "", name, needs, facts)
    raise UnknownChangeError(change)


def _place(rules: list[Held], made: Held) -> int:
    """The number of the rule that is the same to the server, or else of the new one."""
    for number, rule in enumerate(rules):
        if (rule.copies, rule.expression) == (made.copies, made.expression):
            return number
    rules.append(made)
    return len(rules) - 1


def _needs(did: str, before: Iterable[Address]) -> frozenset[tuple[str, str]]:
    """Of what comes before, the rules of the dataset and the RSEs."""
    return frozenset(_shortened(did, before))


def _shortened(did: str, before: Iterable[Address]) -> Iterator[tuple[str, str]]:
    for address in before:
        if address.kind == RSE:
            yield RSE, address.name
        elif address.kind == RULE and address.name.startswith(f"{did} "):
            yield RULE, address.name[len(did) + 1 :]


def _facts(desired: RucioModel, dataset: Dataset, change: Change) -> tuple[Fact, ...] | None:
    """The facts about copies of this dataset that it waits for, and none of anything else; None
    where one can never be so."""
    facts: list[Fact] = []
    for wait in change.waits:
        if wait.kind != "copies-valid":
            continue
        said = json.loads(wait.subject)
        if (said["scope"], said["name"]) != (dataset.scope, dataset.name) or said["tier"] != TIER:
            continue
        if not said["tag"] or not said["copies"] or said["account"] != desired.owner:
            return None
        facts.append(Fact(said["tag"], said["apart"], tuple(sorted(said["copies"].items()))))
    return tuple(facts)

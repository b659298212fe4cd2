"""A slow and obvious oracle for the proof of floors: one file, named RSEs, every order and place.

It knows attributes, rules and changes by their names, keeps the whole world in each state, and
takes nothing together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations, product

from srcnet_compiler.change import Action, Change
from srcnet_compiler.targets.rucio.model import Dataset, RucioModel
from srcnet_compiler.targets.rucio.model.expression import RseFacts
from srcnet_compiler.targets.rucio.model.requirement import Requirement, candidates_of

Attributes = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RuleNow:
    """`where` are the RSEs that Rucio will take, `met` those that the rule has meant so far."""

    copies: int
    expression: str
    comment: str
    lasts: bool
    where: tuple[str, ...]
    met: frozenset[str]
    valid: frozenset[str] = frozenset()


@dataclass(frozen=True)
class World:
    rses: tuple[tuple[str, Attributes], ...]
    rules: tuple[RuleNow, ...]
    begun: frozenset[int] = frozenset()
    done: frozenset[int] = frozenset()

    def attributes(self, name: str) -> Mapping[str, str]:
        return dict(dict(self.rses)[name])


def can_lose(
    wanted: Requirement, seen: RucioModel, dataset: Dataset, plan: Sequence[Change]
) -> bool:
    """Whether some order of the plan, with some choice of Rucio's, takes a copy below the floor."""
    return any(_loses(wanted, start, plan, ids) for start, ids in _starts(seen, dataset, plan))


def _starts(
    seen: RucioModel, dataset: Dataset, plan: Sequence[Change]
) -> Iterator[tuple[World, list[str]]]:
    """Every placing of every copy, of rules that are there and of those that may come."""
    rses = tuple(
        (str(n), tuple(sorted(r.attributes.items()))) for n, r in sorted(seen.rses.items())
    )
    demands = [(r.copies, r.rse_expression, r.comments, True) for r in dataset.rules]
    ended = [rule.released for rule in dataset.rules]
    ids = [rule.id for rule in dataset.rules]
    for change in plan:
        if change.address.kind == "rule" and change.action is Action.CREATE:
            made = change.fields[0].after
            same = [d[:2] for d in demands]
            if (made["copies"], made["rse_expression"]) not in same:
                demands.append((made["copies"], made["rse_expression"], made["comments"], False))
                ids.append("")
                ended.append(True)
    ever = [_ever(rses, plan, expression) for _, expression, _, _ in demands]
    pools = [
        (_meant(rses, expression) or meant or {n for n, _ in rses}) if there else meant
        for (_, expression, _, there), meant in zip(demands, ever, strict=True)
    ]
    ways = (
        list(combinations(sorted(pool), min(copies, len(pool))))
        for (copies, *_), pool in zip(demands, pools, strict=True)
    )
    for placed in product(*ways):
        rules = tuple(
            RuleNow(*asked, not end, where, frozenset(where) if there else frozenset())
            for (*asked, there), end, where in zip(demands, ended, placed, strict=True)
        )
        yield _meeting(World(rses, rules)), ids


def _ever(rses: tuple[tuple[str, Attributes], ...], plan: Sequence[Change], text: str) -> set[str]:
    """What the expression means once any of the changes of RSEs are made."""
    moves = [change for change in plan if change.address.kind == "rse"]
    found = set()
    for size in range(len(moves) + 1):
        for some in combinations(moves, size):
            world = World(rses, ())
            for change in some:
                world = _moved(world, change)
            found |= _meant(world.rses, text)
    return found


def _meant(rses: tuple[tuple[str, Attributes], ...], expression: str) -> set[str]:
    facts = {name: RseFacts(attributes=dict(held)) for name, held in rses}
    return set(candidates_of(expression, facts))


def _meeting(world: World) -> World:
    rules = []
    for rule in world.rules:
        meant = _meant(world.rses, rule.expression) if rule.lasts else set()
        rules.append(replace(rule, met=rule.met | (meant & set(rule.where))))
    return replace(world, rules=tuple(rules))


def _moved(world: World, change: Change) -> World:
    held = dict(world.attributes(change.address.name))
    for field in change.fields:
        held[field.name.removeprefix("attribute.")] = str(field.after)
    rses = dict(world.rses) | {change.address.name: tuple(sorted(held.items()))}
    return replace(world, rses=tuple(sorted(rses.items())))


def _loses(wanted: Requirement, start: World, plan: Sequence[Change], ids: list[str]) -> bool:
    seen, ahead = {start}, [start]
    while ahead:
        world = ahead.pop()
        for following in _next(world, plan, ids):
            left = _count(following, wanted.apart)
            if left < wanted.floor and left < _count(world, wanted.apart):
                return True
            if following not in seen:
                seen.add(following)
                ahead.append(following)
    return False


def _count(world: World, apart: str | None) -> int:
    return len({where for where, _ in _copies(world, apart, "")})


def _copies(world: World, apart: str | None, tag: str) -> set[tuple[str, str]]:
    """Where valid copies are under rules with the tag, each with its tier."""
    found = set()
    for rule in world.rules:
        if rule.lasts and rule.comment.startswith(tag):
            for name in rule.valid:
                held = world.attributes(name)
                where = name if apart is None else held.get(apart)
                if held.get("srcnet_tier") and where:
                    found.add((where, held["srcnet_tier"]))
    return found


def _next(world: World, plan: Sequence[Change], ids: list[str]) -> Iterator[World]:
    for number, rule in enumerate(world.rules):
        for name in rule.met - rule.valid if rule.lasts else ():
            yield _with_rule(world, number, replace(rule, valid=rule.valid | {name}))
    for number, change in enumerate(plan):
        if number in world.done:
            continue
        if number in world.begun:
            yield _effect(replace(world, done=world.done | {number}), change, ids)
        elif _may_begin(world, plan, change):
            yield replace(world, begun=world.begun | {number})


def _with_rule(world: World, number: int, rule: RuleNow) -> World:
    rules = list(world.rules)
    rules[number] = rule
    return replace(world, rules=tuple(rules))


def _may_begin(world: World, plan: Sequence[Change], change: Change) -> bool:
    for need in change.needs:
        if not {n for n, c in enumerate(plan) if c.address == need} <= world.done:
            return False
    if change.action is Action.CREATE and world.rules[_made(world, change)].lasts:
        return False
    return all(_holds(world, wait.kind, json.loads(wait.subject)) for wait in change.waits)


def _holds(world: World, kind: str, fact: Mapping[str, object]) -> bool:
    if kind == "copies-valid":
        copies = _copies(world, fact["apart"], fact["tag"])
        tiers = [tier for tier, count in fact["copies"].items() for _ in range(count)]
        return any(
            [tier for _, tier in some] == tiers and len({where for where, _ in some}) == len(some)
            for some in permutations(copies, len(tiers))
        )
    facts = {fact["rse"]: RseFacts(attributes=_afterwards(world, fact))}
    return all(
        rule.expression not in fact.get("without", ())
        and bool(candidates_of(rule.expression, facts))
        for rule in world.rules
        if rule.lasts and fact["rse"] in rule.met
    )


def _afterwards(world: World, fact: Mapping[str, object]) -> Mapping[str, str]:
    held = world.attributes(fact["rse"])
    return {k: v for k, v in held.items() if not k.startswith("srcnet_")} | fact["attributes"]


def _made(world: World, change: Change) -> int:
    """The rule that is the same to the server."""
    made = change.fields[0].after
    asked = (made["copies"], made["rse_expression"])
    return [(rule.copies, rule.expression) for rule in world.rules].index(asked)


def _effect(world: World, change: Change, ids: list[str]) -> World:
    if change.address.kind == "rse":
        return _meeting(_moved(world, change))
    values = {field.name: field.after for field in change.fields}
    if change.action is Action.CREATE:
        number = _made(world, change)
        revived = replace(world.rules[number], lasts=True, comment=values["rule"]["comments"])
        return _meeting(_with_rule(world, number, revived))
    number = ids.index(values["id"])
    rule = world.rules[number]
    if change.action is Action.RETIRE:
        return _with_rule(world, number, replace(rule, lasts=False))
    return _with_rule(world, number, replace(rule, comment=values["comments"]))

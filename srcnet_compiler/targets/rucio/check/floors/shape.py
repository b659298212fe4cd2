"""Datasets that are alike to problems: one for each way in which Rucio may place their copies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from srcnet_compiler.targets.rucio.check.floors.alike import RSE, RULE, Alike, Doing, Held
from srcnet_compiler.targets.rucio.check.floors.places import Places
from srcnet_compiler.targets.rucio.check.floors.problem import (
    CopiesValid,
    Guard,
    Kind,
    Lock,
    Owned,
    Problem,
    RulesMoved,
    Spot,
    Step,
    View,
)
from srcnet_compiler.targets.rucio.model.names import RseName

_ITSELF = "\0"
"""The place of an RSE where copies need only be on different ones."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A problem, with the RSEs that its spots stand for, and the steps of these by number."""

    problem: Problem
    spots: tuple[RseName, ...]
    place_steps: tuple[tuple[RseName, int], ...]


class _Look(NamedTuple):
    """An RSE at one time, as the rules of one dataset see it."""

    places: tuple[str | None, ...]
    tier: str
    means: frozenset[int]


class _Sort(NamedTuple):
    """What RSEs have in common that no rule of a dataset, and no count, can tell apart."""

    looks: tuple[_Look, ...]
    steps: tuple[tuple[frozenset[str], frozenset[int] | None], ...]


class Shapes:
    """Problems of datasets that are alike, among the same RSEs."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._sorts = cache(self._sorted_out)

    def of(self, alike: Alike) -> Iterator[Shape]:
        """Every way of placing, but for those that differ in the names of RSEs alone; none where
        no change takes anything from these datasets."""
        distances = _distances(alike)
        sorts = self._sorts(tuple(rule.expression for rule in alike.rules), distances)
        allowed = [_allowed(number, rule, sorts) for number, rule in enumerate(alike.rules)]
        releases = any(doing.kind is Kind.RELEASE for doing in alike.doings)
        if not releases and not any(sort.steps for each in allowed for sort in each):
            return
        locks = [(n, allowed[n]) for n, rule in enumerate(alike.rules) for _ in range(rule.copies)]
        for spots in _placings(locks, sorts):
            yield _shape(alike, distances, [n for n, _ in locks], spots)

    def _sorted_out(
        self, expressions: tuple[str, ...], distances: tuple[str | None, ...]
    ) -> dict[_Sort, tuple[RseName, ...]]:
        found: dict[_Sort, list[RseName]] = {}
        for name in self._concerned(expressions):
            found.setdefault(self._sort(name, expressions, distances), []).append(name)
        return {sort: tuple(names) for sort, names in found.items()}

    def _concerned(self, expressions: Iterable[str]) -> Iterable[RseName]:
        """The RSEs that the expressions mean at some time; all, where one means none."""
        meant = [self._places.ever_meant(text) for text in expressions]
        return sorted(frozenset().union(*meant)) if all(meant) else self._places.names

    def _sort(
        self, name: RseName, expressions: tuple[str, ...], distances: tuple[str | None, ...]
    ) -> _Sort:
        looks = tuple(
            _Look(
                tuple(
                    (_ITSELF if standing.tier else None)
                    if apart is None
                    else standing.place(name, apart)
                    for apart in distances
                ),
                standing.tier or "",
                frozenset(
                    number
                    for number, text in enumerate(expressions)
                    if name in self._places.meant(text, layer)
                ),
            )
            for layer, standing in enumerate(self._places.standings(name))
        )
        if len(set(looks)) == 1:
            return _Sort(looks[:1], ())
        return _Sort(
            looks,
            tuple(
                (step.after, self._means(name, at, expressions) if step.moved is not None else None)
                for at, step in enumerate(self._places.steps[name])
            ),
        )

    def _means(self, name: RseName, at: int, expressions: Sequence[str]) -> frozenset[int]:
        """The rules that would still mean the RSE, as the guard of its step looks at it."""
        return frozenset(
            number
            for number, text in enumerate(expressions)
            if self._places.still_meant(text, name, at)
        )


_Spot = tuple[_Sort, RseName]


def _distances(alike: Alike) -> tuple[str | None, ...]:
    """What copies are told apart by: for the floor, then by what facts ask for besides."""
    asked = (fact.apart for doing in alike.doings for fact in doing.facts)
    return tuple(dict.fromkeys((alike.promise.apart, *asked)))


def _allowed(number: int, rule: Held, sorts: Iterable[_Sort]) -> tuple[_Sort, ...]:
    """Where copies of the rule may be: of one that is there, where it means to put them now, or
    else in the end; where nobody can tell, anywhere."""
    ever = tuple(s for s in sorts if any(number in look.means for look in s.looks))
    if not rule.there:
        return ever
    return tuple(s for s in ever if number in s.looks[0].means) or ever or tuple(sorts)


def _placings(
    locks: Sequence[tuple[int, tuple[_Sort, ...]]],
    sorts: Mapping[_Sort, Sequence[RseName]],
    taken: tuple[_Spot | None, ...] = (),
) -> Iterator[tuple[_Spot | None, ...]]:
    """An RSE for each lock, different ones for those of one rule. Of RSEs that are alike the next
    one is taken, or one that is taken already. None where there are too few."""
    if len(taken) == len(locks):
        yield taken
        return
    rule, allowed = locks[len(taken)]
    here = {spot for (other, _), spot in zip(locks, taken, strict=False) if other == rule}
    options: list[_Spot | None] = []
    for sort in allowed:
        used = list(dict.fromkeys(s for s in taken if s is not None and s[0] == sort))
        options += [spot for spot in used if spot not in here]
        options += [(sort, name) for name in sorts[sort][len(used) : len(used) + 1]]
    for spot in options or [None]:
        yield from _placings(locks, sorts, (*taken, spot))


def _shape(
    alike: Alike,
    distances: Sequence[str | None],
    rules: Sequence[int],
    placed: Sequence[_Spot | None],
) -> Shape:
    """The problem with copies of the rules in these places."""
    spots = list(dict.fromkeys(spot for spot in placed if spot is not None))
    place_steps = [(at, n) for at, (sort, _) in enumerate(spots) for n in range(len(sort.steps))]
    before = len(alike.doings)
    own = {
        spot: tuple(before + n for n, (at, _) in enumerate(place_steps) if at == number)
        for number, spot in enumerate(spots)
    }
    comments = _Numbers()
    owned = [Owned(comments.of(r.comment), r.there, r.released) for r in alike.rules]
    by_name: dict[tuple[str, str], list[int]] = {}
    for number, doing in enumerate(alike.doings):
        comments.of(doing.comment)
        by_name.setdefault((RULE, doing.name), []).append(number)
    for (_, rse), numbers in own.items():
        by_name.setdefault((RSE, rse), []).extend(numbers)

    def needs(of: int, asked: Iterable[tuple[str, str]]) -> frozenset[int]:
        found = (number for name in asked for number in by_name.get(name, ()))
        return frozenset(number for number in found if number != of)

    steps = [
        Step(
            doing.kind,
            doing.rule,
            comments.of(doing.comment),
            needs(number, doing.needs),
            _guards(doing, distances, comments),
        )
        for number, doing in enumerate(alike.doings)
    ]
    for at, number in place_steps:
        asked, means = spots[at][0].steps[number]
        guards: tuple[Guard, ...] = () if means is None else (RulesMoved(means),)
        first = needs(len(steps), ((RSE, name) for name in asked))
        steps.append(Step(Kind.PLACE, at, 0, first, guards))
    locks = [
        Lock(rule, spots.index(spot), alike.rules[rule].there)
        for rule, spot in zip(rules, placed, strict=True)
        if spot is not None and any(set(look.places) != {None} for look in spot[0].looks)
    ]
    problem = Problem(
        alike.promise.floor,
        tuple(owned),
        tuple(locks),
        _spots(spots, own, len(distances)),
        tuple(steps),
    )
    names = tuple(name for _, name in spots)
    return Shape(problem, names, tuple((names[at], number) for at, number in place_steps))


def _guards(doing: Doing, distances: Sequence[str | None], comments: _Numbers) -> tuple[Guard, ...]:
    return tuple(
        CopiesValid(comments.beginning(fact.tag), distances.index(fact.apart), fact.copies)
        for fact in doing.facts
    )


def _spots(
    spots: Sequence[_Spot], own: Mapping[_Spot, tuple[int, ...]], distances: int
) -> tuple[Spot, ...]:
    """With places by number: how they are called matters to nobody."""
    known = [_Numbers() for _ in range(distances)]

    def numbered(name: RseName, look: _Look) -> View:
        places = (
            None if place is None else numbers.of(name if place == _ITSELF else place)
            for numbers, place in zip(known, look.places, strict=True)
        )
        return View(tuple(places), look.tier, look.means)

    return tuple(
        Spot(tuple(numbered(name, look) for look in sort.looks), own[sort, name])
        for sort, name in spots
    )


class _Numbers:
    """Names by number, in the order in which they are met."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def of(self, name: str) -> int:
        return self._known.setdefault(name, len(self._known))

    def beginning(self, tag: str) -> frozenset[int]:
        """The numbers of all names that begin so."""
        return frozenset(number for name, number in self._known.items() if name.startswith(tag))

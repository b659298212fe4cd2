"""Shares by pledge, restored: copies that are there move to places that have too few of them.

Growth moves nothing, and no ordinary run does this. It is asked for: of places that hold more than
their share as much as they have too much goes to those that hold less, in as few data sets as will
do, so that every data set still has what its phase asks for.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from srcnet_compiler.change import Action, Change
from srcnet_compiler.targets.rucio.diff.rules import Audited, exchanged
from srcnet_compiler.targets.rucio.model import Dataset, Rule
from srcnet_compiler.targets.rucio.model.lifecycle import Lifecycle, LifePhase
from srcnet_compiler.targets.rucio.model.requirement import objections
from srcnet_compiler.targets.rucio.model.shard import BUCKETS


class Case(NamedTuple):
    """A data set in its phase, and what an ordinary run does for it."""

    life: Lifecycle
    phase: LifePhase
    dataset: Dataset
    changes: tuple[Change, ...]


class Share(NamedTuple):
    """A place of a phase: the bytes that it holds, will hold after the moves, and should hold, of
    `whole`, all that is held on its tier; less than `precision` is not told apart."""

    tag: str
    place: str
    now: int
    then: int
    wanted: Fraction
    whole: int
    precision: Fraction

    @property
    def is_near(self) -> bool:
        """Whether it holds no more too much than buckets can tell apart."""
        return self.now - self.wanted <= self.precision


@dataclass(slots=True)
class Moves:
    """What moves, for each data set, and the shares of all places before and after."""

    changes: dict[str, tuple[Change, ...]] = field(default_factory=dict)
    shares: list[Share] = field(default_factory=list)


def rebalanced(audited: Audited, cases: Iterable[Case]) -> Moves:
    """What restores the shares of each phase, within what its buckets can tell apart."""
    by_phase: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_phase[case.phase.requirement.tag].append(case)
    moves = Moves()
    for _, same in sorted(by_phase.items()):
        if same[0].phase.places:
            _Balance(audited, same).move(moves)
    return moves


class _Held(NamedTuple):
    """A rule that lasts, at its place."""

    case: Case
    rule: Rule
    place: int


class _Balance:
    """The places of one phase, by number, and what they hold."""

    def __init__(self, audited: Audited, cases: Sequence[Case]) -> None:
        self._audited, self._cases = audited, cases
        self._phase = cases[0].phase
        self._rules = tuple(place.rule for place in self._phase.places)
        self._means = [audited.settling.choice(1, r.rse_expression) for r in self._rules]
        self._whole = sum(case.dataset.bytes for case in cases)
        self._wanted = [self._whole * part for part in self._parts()]
        self._at: dict[str, int | None] = {}

    def move(self, moves: Moves) -> None:
        """Adds what moves to `moves`, and the shares."""
        now, movable = self._held()
        then = now.copy()
        for place in sorted(movable, key=lambda p: (self._wanted[p] - now[p], p)):
            if now[place] - self._wanted[place] <= self._precision:
                continue
            for held in sorted(movable[place], key=_largest):
                to = self._place_for(held, then, moves)
                if to is not None:
                    size = held.rule.copies * held.case.dataset.bytes
                    then[place] -= size
                    then[to] += size
                    moves.changes[held.case.dataset.did] = self._exchange(held, to)
        tag = self._phase.requirement.tag
        for number, rule in enumerate(self._rules):
            tier = self._tier(number)
            whole = sum(now[n] for n in range(len(self._rules)) if self._tier(n) == tier)
            amounts = (now[number], then[number], self._wanted[number], whole, self._precision)
            moves.shares.append(Share(tag, rule.rse_expression, *amounts))

    @property
    def _precision(self) -> Fraction:
        """A bucket's part of everything is the least that can be told apart."""
        return Fraction(self._whole, len(BUCKETS))

    def _parts(self) -> Iterator[Fraction]:
        """By place, how much of each data set it should hold on average."""
        dealt: Counter[str] = Counter()
        for deal in self._phase.deals:
            for rule in deal.rules:
                dealt[rule.rse_expression] += rule.copies * len(deal.buckets)
        return (Fraction(dealt[r.rse_expression], len(BUCKETS)) for r in self._rules)

    def _held(self) -> tuple[Counter[int], Mapping[int, list[_Held]]]:
        """Bytes by place once all that is under way is there; and what may move from it: of closed
        data sets for which nothing else is to be done."""
        now: Counter[int] = Counter()
        movable: dict[int, list[_Held]] = defaultdict(list)
        for case in self._cases:
            for copies, expression in _lasting(case):
                place = self._place(expression)
                if place is not None:
                    now[place] += copies * case.dataset.bytes
            if case.changes or not case.dataset.closed or not case.dataset.bytes:
                continue
            for rule in _rules_of(case.dataset):
                place = self._place(rule.rse_expression)
                if place is not None and rule.is_complete and not rule.moves:
                    movable[place].append(_Held(case, rule, place))
        return now, movable

    def _place(self, expression: str) -> int | None:
        """The place that has everything that an expression means."""
        if expression not in self._at:
            meant = self._audited.settling.choice(1, expression).candidates
            found = (n for n, each in enumerate(self._means) if meant and meant <= each.candidates)
            self._at[expression] = next(found, None)
        return self._at[expression]

    def _place_for(self, held: _Held, then: Counter[int], moves: Moves) -> int | None:
        """Where the copy may go: the place that lacks most, and enough for it."""
        size = held.rule.copies * held.case.dataset.bytes
        too_much = then[held.place] - self._wanted[held.place]
        if size > too_much or held.rule.copies != 1 or held.case.dataset.did in moves.changes:
            return None
        lacking = sorted(
            (then[n] - self._wanted[n], n)
            for n in range(len(self._rules))
            if self._tier(n) == self._tier(held.place)
        )
        fitting = (n for lack, n in lacking if size <= -lack and self._keeps(held, n))
        return next(fitting, None)

    def _keeps(self, held: _Held, to: int) -> bool:
        """Whether the phase is kept with the copy there."""
        rules = [
            (rule.copies, rule.rse_expression)
            for rule in _rules_of(held.case.dataset)
            if rule is not held.rule
        ]
        rules.append((1, self._rules[to].rse_expression))
        given = [self._audited.settling.choice(*each) for each in rules]
        return not objections(self._phase.requirement, given, self._audited.after)

    def _exchange(self, held: _Held, to: int) -> tuple[Change, ...]:
        life, phase, dataset, _ = held.case
        return exchanged(self._audited, dataset, life, phase, held.rule, self._rules[to])

    def _tier(self, place: int) -> str | None:
        return self._audited.settling.tier(self._means[place])


def _largest(held: _Held) -> tuple[int, str, str]:
    """Few data sets rather than many."""
    return (-held.case.dataset.bytes, held.case.dataset.did, held.rule.id)


def _rules_of(dataset: Dataset) -> list[Rule]:
    return [rule for rule in dataset.rules if not (rule.released or rule.is_pin)]


def _lasting(case: Case) -> Iterator[tuple[int, str]]:
    """Copies and expression of each rule that there is once its changes are done."""
    ended = {
        field.after
        for change in case.changes
        if change.action is Action.RETIRE
        for field in change.fields
        if field.name == "id"
    }
    yield from ((r.copies, r.rse_expression) for r in _rules_of(case.dataset) if r.id not in ended)
    for change in case.changes:
        if change.action is Action.CREATE:
            made = change.fields[0].after
            assert isinstance(made, Mapping)
            yield int(str(made["copies"])), str(made["rse_expression"])

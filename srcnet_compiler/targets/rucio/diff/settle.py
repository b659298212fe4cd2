"""Which of a dataset's rules stay, and which are added, so that they keep a requirement.

As many stay as can. Whether rules keep the requirement whatever Rucio chooses within them is what
counts, never whether they are those that would be made today.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations
from typing import TypeAlias

from srcnet_compiler.targets.rucio.diff.passage import Inventory
from srcnet_compiler.targets.rucio.model import Rule, RuleTemplate
from srcnet_compiler.targets.rucio.model.lifecycle import Deal, LifePhase
from srcnet_compiler.targets.rucio.model.requirement import (
    TIER,
    Choice,
    Requirement,
    candidates_of,
    objections,
)
from srcnet_compiler.targets.rucio.model.shard import BUCKETS

_MANY = 10
"""Of more rules on one dataset only the first are looked at: every part of them is tried."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The rules that stay, by their places in what is held, and those that are added."""

    kept: tuple[int, ...]
    added: tuple[RuleTemplate, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A rule that is there, as far as it matters here.

    `is_named` says that it carries the name of the phase already, `is_complete` that all its files
    are there.
    """

    copies: int
    expression: str
    is_named: bool
    is_complete: bool


def held_by(rule: Rule, wanted: Requirement) -> Held:
    """The rule, as it stands towards what is wanted."""
    complete = rule.is_complete and not rule.moves
    named = rule.comments.startswith(wanted.tag)
    return Held(rule.copies, rule.rse_expression, named, complete)


_Case: TypeAlias = tuple[str, tuple[RuleTemplate, ...], int, tuple[Held, ...]]


class Settling:
    """Where rules lead once all is as the specs say. Few datasets of a million differ in their
    rules: what was found once is remembered."""

    def __init__(self, facts: Inventory) -> None:
        self._facts = facts
        self._choices: dict[tuple[int, str], Choice] = {}
        self._settled: dict[_Case, Settled | None] = {}

    def choice(self, copies: int, expression: str) -> Choice:
        """What Rucio may choose for a rule."""
        key = (copies, expression)
        if key not in self._choices:
            self._choices[key] = Choice(copies, candidates_of(expression, self._facts))
        return self._choices[key]

    def settle(
        self, phase: LifePhase, deal: Deal, bucket: int, held: Sequence[Held]
    ) -> Settled | None:
        """What stays and what is added, for a dataset in the bucket; None where nothing that is
        there makes the requirement kept."""
        key = (phase.requirement.tag, deal.rules, bucket, tuple(held))
        if key not in self._settled:
            self._settled[key] = self._settle(phase, deal, bucket, held[:_MANY])
        return self._settled[key]

    def _settle(
        self, phase: LifePhase, deal: Deal, bucket: int, held: Sequence[Held]
    ) -> Settled | None:
        for size in range(len(held), -1, -1):
            ways = [
                Settled(kept, added)
                for kept in combinations(range(len(held)), size)
                if (added := self._complete(phase, deal, bucket, [held[i] for i in kept]))
                is not None
            ]
            if ways:
                return _best(ways, deal, bucket, held)
        return None

    def _complete(
        self, phase: LifePhase, deal: Deal, bucket: int, kept: Sequence[Held]
    ) -> tuple[RuleTemplate, ...] | None:
        """The rules that these lack; None where they cannot stay together, or are more than is
        wanted on some tier."""
        wanted = phase.requirement
        given = [self.choice(rule.copies, rule.expression) for rule in kept]
        tiers = [self.tier(choice) for choice in given]
        missing = Counter(wanted.copies)
        for tier, choice in zip(tiers, given, strict=True):
            missing[tier or ""] -= choice.copies
        if min(missing.values(), default=0) < 0 or self._object(_unasked(wanted), given):
            return None
        return next(self._ways(phase, deal, bucket, given, missing), None)

    def _ways(
        self,
        phase: LifePhase,
        deal: Deal,
        bucket: int,
        given: Sequence[Choice],
        missing: Counter[str],
    ) -> Iterator[tuple[RuleTemplate, ...]]:
        """What can be added until nothing is missing, the best way first."""
        if not +missing:
            if not self._object(phase.requirement, given):
                yield ()
            return
        for template in self._offers(phase, deal, bucket, given, missing):
            choice = self.choice(template.copies, template.rse_expression)
            more = missing.copy()
            more[self.tier(choice) or ""] -= template.copies
            for others in self._ways(phase, deal, bucket, [*given, choice], more):
                yield (template, *others)

    def _offers(
        self,
        phase: LifePhase,
        deal: Deal,
        bucket: int,
        given: Sequence[Choice],
        missing: Counter[str],
    ) -> Iterator[RuleTemplate]:
        """What would bring a missing copy beside what is given: what the dataset is dealt, then
        other places, each for a part of the buckets in proportion to its weight."""
        tier = next(iter(sorted(+missing)))

        def fits(template: RuleTemplate) -> bool:
            choice = self.choice(template.copies, template.rse_expression)
            return (
                self.tier(choice) == tier
                and choice.copies <= missing[tier]
                and not self._object(_unasked(phase.requirement), [*given, choice])
            )

        yield from (rule for rule in deal.rules if fits(rule))
        dealt = {rule.rse_expression for rule in deal.rules}
        others = [p for p in phase.places if p.rule.rse_expression not in dealt and fits(p.rule)]
        ends = list(accumulate(place.weight for place in others))
        start = next(
            (
                i
                for i, end in enumerate(ends)
                if end * 2 * len(BUCKETS) > ends[-1] * (2 * bucket + 1)
            ),
            0,
        )
        yield from (place.rule for place in [*others[start:], *others[:start]])

    def _object(self, wanted: Requirement, given: Sequence[Choice]) -> bool:
        return bool(objections(wanted, given, self._facts))

    def tier(self, choice: Choice) -> str | None:
        """The tier on which all of it is; None where there are several, or none."""
        tiers = {str(self._facts[name].attributes.get(TIER)) for name in choice.candidates}
        return tiers.pop() if len(tiers) == 1 else None


def _unasked(wanted: Requirement) -> Requirement:
    """The same without any copies: what stands against rules being together at all."""
    return Requirement(wanted.policy, wanted.phase, wanted.apart, {})


def _best(ways: Sequence[Settled], deal: Deal, bucket: int, held: Sequence[Held]) -> Settled:
    """Rather what the dataset is dealt; then what was settled before, so that no run undoes the
    one before it; then copies that are there. Among equals buckets take turns."""
    dealt = {rule.rse_expression for rule in deal.rules}

    def cost(way: Settled) -> tuple[int, ...]:
        return (
            sum(rule.rse_expression not in dealt for rule in way.added),
            -sum(held[index].is_named for index in way.kept),
            -sum(held[index].is_complete for index in way.kept),
            -sum(held[index].expression in dealt for index in way.kept),
        )

    least = min(cost(way) for way in ways)
    equals = [way for way in ways if cost(way) == least]
    return equals[bucket % len(equals)]

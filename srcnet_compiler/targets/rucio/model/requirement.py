"""What a phase asks of the rules on a data set, and whether rules satisfy it whatever is chosen.

This is the checker: it knows expressions and attributes, and nothing of how rules were made.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from srcnet_compiler.span import Span
from srcnet_compiler.targets.rucio.model.expression import (
    ExpressionError,
    RseFacts,
    evaluate,
    parse,
)
from srcnet_compiler.targets.rucio.model.names import RseName

TIER, REGION, SITE = "srcnet_tier", "srcnet_region", "srcnet_site"
ROLE, WEIGHT = "srcnet_role", "srcnet_weight"
"""Attributes of RSEs that the expressions of our rules, and their weights, are made of."""
COUNTS_BY = (TIER, REGION, SITE)
"""What decides for which policies copies on an RSE count."""
_MANY = 8


@dataclass(frozen=True, slots=True)
class Requirement:
    """`copies` by tier, all of them apart by the attribute `apart`; None: merely different RSEs.

    `floor` is how many valid copies a file never has less of, once it had them.
    """

    policy: str
    phase: str
    apart: str | None
    copies: Mapping[str, int]
    floor: int = 0
    floor_place: Span | None = field(default=None, compare=False, repr=False)

    @property
    def tag(self) -> str:
        """How the comment of every rule for it begins."""
        return f"srcnet:{self.policy}/{self.phase}/"


@dataclass(frozen=True, slots=True)
class Choice:
    """A rule as far as it matters here: `copies` different RSEs out of `candidates`."""

    copies: int
    candidates: frozenset[RseName]


def choices(
    rules: Iterable[tuple[int, str]], rses: Mapping[RseName, RseFacts]
) -> tuple[Choice, ...]:
    """What Rucio may choose for each rule of (copies, expression); nothing for a broken one."""
    return tuple(Choice(copies, candidates_of(text, rses)) for copies, text in rules)


def candidates_of(text: str, rses: Mapping[RseName, RseFacts]) -> frozenset[RseName]:
    """The RSEs that an expression means; empty where the server would refuse it."""
    try:
        return evaluate(parse(text), rses)
    except ExpressionError:
        return frozenset()


def objections(
    wanted: Requirement, given: Sequence[Choice], rses: Mapping[RseName, RseFacts]
) -> tuple[str, ...]:
    """Why some choice within the rules would not satisfy `wanted`; empty if every choice does.

    Exact for rules whose candidates are all on one tier; a rule that mixes tiers is objected to.
    """
    found: list[str] = []
    on_tier: Counter[str] = Counter()
    for choice in given:
        tiers = {str(rses[name].attributes.get(TIER)) for name in choice.candidates}
        if len(choice.candidates) < choice.copies:
            found.append(f"{choice.copies} copies of {len(choice.candidates)} places")
        if len(tiers) > 1:
            found.append(f"a rule may use tiers {', '.join(sorted(tiers))}")
        on_tier.update(dict.fromkeys(tiers, choice.copies))
    found += [
        f"{on_tier[tier]} of {count} copies on tier {tier}"
        for tier, count in sorted(wanted.copies.items())
        if on_tier[tier] < count
    ]
    if wanted.apart is not None:
        found += _not_apart(wanted.apart, given, rses)
    else:
        found += [
            f"two rules may share {len(one.candidates & other.candidates)} places"
            for one, other in combinations(given, 2)
            if one.candidates & other.candidates
        ]
    return tuple(found)


def subsets(given: Sequence[Choice]) -> Iterator[tuple[Choice, ...]]:
    """The rules all together, then every part of them; only the whole where there are very many."""
    yield tuple(given)
    if len(given) <= _MANY:
        for size in range(len(given) - 1, 0, -1):
            yield from combinations(given, size)


def _not_apart(
    attribute: str, given: Sequence[Choice], rses: Mapping[RseName, RseFacts]
) -> Iterable[str]:
    places = [
        {rses[name].attributes.get(attribute) for name in choice.candidates} for choice in given
    ]
    for choice in given:
        if choice.copies > 1:
            yield f"a rule for {choice.copies} copies cannot keep them apart by {attribute}"
    for names in places:
        if None in names:
            yield f"a place without {attribute}"
    for one, other in combinations(places, 2):
        if one & other:
            both = ", ".join(sorted(map(str, one & other)))
            yield f"two copies may both be in {attribute} {both}"

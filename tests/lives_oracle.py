"""A slow and obvious oracle for later phases: every place that Rucio may choose for every rule.

It reads rules and attributes with a reader of its own, and a policy by its words alone. Of files it
looks at one: one that is there when the rule comes, is attached later, or whose copy is repaired
somewhere else stands wherever the rule allows, so each has one of the same outcomes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, permutations, product
from typing import NamedTuple, TypeAlias

from srcnet_compiler.federation.data_policy import Phase
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.targets.rucio.model import RucioModel

Attributes: TypeAlias = Mapping[str, Mapping[str, object]]
Placed: TypeAlias = tuple[tuple[str, ...], ...]
"""For each rule the RSEs that it locks."""


class Asking(NamedTuple):
    """A rule as the server has it."""

    copies: int
    expression: str
    comment: str = ""
    weight: str | None = None


def attributes_of(model: RucioModel) -> Attributes:
    return {str(name): rse.attributes for name, rse in model.rses.items()}


def candidates(rule: Asking, rses: Attributes) -> list[str]:
    """The RSEs of which all terms hold and that have the weight."""
    terms = [term.split("=") for term in rule.expression.strip("()").split("&")]
    return [
        name
        for name, held in sorted(rses.items())
        if all(str(held.get(key)) == value for key, value in terms)
        and (rule.weight is None or rule.weight in held)
    ]


def outcomes(rules: Sequence[Asking], rses: Attributes) -> Iterator[Placed]:
    """Every way in which the copies of a file may stand."""
    return product(*(combinations(candidates(rule, rses), rule.copies) for rule in rules))


def by_name(federation: Federation) -> Mapping[str, StorageArea]:
    """The areas by their names in the system."""
    moved = {area: move.after for area, move in federation.moved.items()}
    return {
        moved.get(area.name, area.name_today): area
        for area in federation.areas.values()
        if area.enabled
    }


def is_kept(phase: Phase, names: Iterable[str], areas: Mapping[str, StorageArea]) -> bool:
    """Whether each copy that the phase asks for is found, all apart, among copies on these RSEs."""
    tiers = [copies.tier for copies in phase.copies for _ in range(copies.count)]
    held = [areas[name] for name in dict.fromkeys(names) if counts(areas[name])]
    return any(
        [area.tier for area in some] == tiers
        and len({domain(area, phase.apart) for area in some}) == len(some)
        for some in permutations(held, len(tiers))
    )


def counts(area: StorageArea) -> bool:
    return area.role == "data" and area.environment == "production" and not area.retired


def domain(area: StorageArea, apart: str) -> str:
    return {"region": str(area.region), "site": area.site, "area": area.name}[apart]


def flat(placed: Placed) -> list[str]:
    return [name for names in placed for name in names]

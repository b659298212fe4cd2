"""Copies on an area that is to count no more, or elsewhere: their rules make way for others.

A rule whose places do not change but for that area would stay where it is: Rucio moves nothing by
itself, and to it a second rule with the same places is the first one. So the other rule leaves out
the area's site, and may do so for good: it keeps what is asked for.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TypeAlias

from srcnet_compiler.targets.rucio.diff.passage import Inventory, facts_after
from srcnet_compiler.targets.rucio.diff.settle import Settling
from srcnet_compiler.targets.rucio.model import Rse, RucioModel, Rule, RuleTemplate
from srcnet_compiler.targets.rucio.model.expression import RseFacts, attribute, parse
from srcnet_compiler.targets.rucio.model.lifecycle import Deal, LifePhase
from srcnet_compiler.targets.rucio.model.requirement import SITE, candidates_of

_Left: TypeAlias = tuple[frozenset[str], frozenset[tuple[int, str]]]
"""The sites that are left, and copies and expressions of the rules that go."""


class Leaving:
    """The areas of one Rucio on which rules hold copies that must go elsewhere."""

    def __init__(self, desired: RucioModel, observed: RucioModel) -> None:
        self._after = facts_after(desired)
        self._areas = tuple(_areas(desired, observed))
        self._ways: dict[tuple[str, _Left], tuple[LifePhase, Settling]] = {}

    def must_go(self, rule: Rule) -> bool:
        """Whether the rule holds copies on an area that it shall not mean."""
        return bool(self._sites(rule))

    def without(self, phase: LifePhase, going: Collection[Rule]) -> tuple[LifePhase, Settling]:
        """The phase with rules that leave out, where they can, the sites that the rules hold copies
        on, none of them one of those; and what finds which of them to take."""
        sites = frozenset[str]().union(*(self._sites(rule) for rule in going))
        left = (sites, frozenset((rule.copies, rule.rse_expression) for rule in going))
        key = (phase.requirement.tag, left)
        if key not in self._ways:
            self._ways[key] = (self._phase(phase, *left), Settling(self._after))
        return self._ways[key]

    def _sites(self, rule: Rule) -> frozenset[str]:
        return frozenset(
            str(found.attributes.get(SITE))
            for found, after in self._areas
            if rule.id in found.holds and not candidates_of(rule.rse_expression, after)
        )

    def _phase(
        self, phase: LifePhase, sites: frozenset[str], taken: frozenset[tuple[int, str]]
    ) -> LifePhase:
        return replace(
            phase,
            deals=tuple(
                Deal(tuple(self._elsewhere(deal.rules, sites, taken)), deal.buckets)
                for deal in phase.deals
            ),
            places=tuple(
                replace(place, rule=rule)
                for place in phase.places
                for rule in self._elsewhere((place.rule,), sites, taken)
            ),
        )

    def _elsewhere(
        self,
        rules: Collection[RuleTemplate],
        sites: frozenset[str],
        taken: frozenset[tuple[int, str]],
    ) -> Iterator[RuleTemplate]:
        for rule in rules:
            if not any(
                candidates_of(
                    rule.rse_expression, {found.name: RseFacts(attributes=found.attributes)}
                )
                for found, _ in self._areas
                if found.attributes.get(SITE) in sites
            ):
                yield rule
                continue
            others = parse(rule.rse_expression)
            for site in sorted(sites):
                others = others - attribute(SITE, site)
            if len(candidates_of(str(others), self._after)) >= rule.copies:
                yield replace(rule, rse_expression=str(others))
            elif (rule.copies, rule.rse_expression) not in taken:
                yield rule


def _areas(desired: RucioModel, observed: RucioModel) -> Iterator[tuple[Rse, Inventory]]:
    """As they are, and what expressions will know of each alone."""
    for after, wanted in sorted(desired.rses.items()):
        found = observed.rses.get(after) or observed.rses.get(desired.renames.get(after, after))
        if found is not None and found.holds:
            yield found, {after: RseFacts(attributes=wanted.attributes)}

"""Data policies to lifecycles: what becomes of a dataset after it has arrived."""

from collections.abc import Iterator
from itertools import groupby, takewhile

from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.analysis.placement import PhasePlacement
from srcnet_compiler.federation.data_policy import DataPolicy
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.quantity import Period
from srcnet_compiler.targets.rucio.lower.areas import is_in_force
from srcnet_compiler.targets.rucio.lower.places import Spans, all_standing, policy_places
from srcnet_compiler.targets.rucio.lower.policies import (
    drafts_drawn,
    requirement,
    rule_in,
    rules_of,
    selected,
)
from srcnet_compiler.targets.rucio.model.lifecycle import Deal, Lifecycle, LifePhase, Pace, Place


def lifecycles(federation: Federation, analysis: Analysis) -> Iterator[Lifecycle]:
    """One for every policy in force. A phase that has no place is not entered: data stay in the
    phase before."""
    for name, placements in groupby(analysis.placements, key=lambda placement: placement.policy):
        policy = federation.policies[name]
        drawn = list(takewhile(lambda placement: placement.draws, placements))
        if drawn and is_in_force(federation, policy):
            here = policy.origin
            places = (
                here.source_map.span(("metadata", "name")),
                *policy_places(federation, policy),
            )
            yield Lifecycle(
                policy=policy.name,
                filter=selected(federation, policy),
                phases=tuple(_phase(federation, policy, placement) for placement in drawn),
                end=_end(policy, len(drawn)),
                deadline=policy.deadline,
                drafts=(*policy.drafts, *(d for each in drawn for d in drafts_drawn(each))),
                origins={"lifecycle": tuple(dict.fromkeys(places))},
            )


def _end(policy: DataPolicy, entered: int) -> Period | None:
    """Nothing ends by what is not agreed, not even where a waiver accepts a draft, nor before the
    data could go through all their phases."""
    return None if policy.drafts or entered < len(policy.phases) else policy.end


def pace(federation: Federation) -> Pace:
    """How fast data that are there already go over into their phases."""
    limits = federation.limits
    return Pace(limits.in_flight, limits.collections_at_once)


def _phase(federation: Federation, policy: DataPolicy, placement: PhasePlacement) -> LifePhase:
    phase = placement.phase
    return LifePhase(
        requirement=requirement(federation, placement),
        until=phase.until,
        deals=tuple(
            Deal(tuple(rules_of(policy, placement, draw)), draw.buckets) for draw in placement.draws
        ),
        places=tuple(_places(policy, placement)),
        origins=_origins(federation, policy, placement),
    )


def _places(policy: DataPolicy, placement: PhasePlacement) -> Iterator[Place]:
    """One copy in each domain that there is; where areas need only differ there are no domains."""
    if placement.phase.apart != "area":
        for slot, areas in placement.domains.items():
            weight = sum(area.pledged or 0 for area in areas)
            yield Place(rule_in(policy, placement, slot, 1, 0), weight)


def _origins(
    federation: Federation, policy: DataPolicy, placement: PhasePlacement
) -> dict[str, Spans]:
    """The rules are as they are because areas of these sizes are where they are."""
    phase, here = placement.phase.origin, policy.origin
    drawn = (*policy_places(federation, policy), *all_standing(federation))
    places: dict[str, Spans] = {
        "phase": (phase.at("name"), phase.at()),
        "until": (phase.at("until"),),
        "then": (phase.at("then"),),
        "deadline": (here.at("arrives", "deadline"),),
        "copies": (phase.at("copies"), phase.at("apart")),
        "rules": (phase.at(), here.at("activity")),
    }
    return {key: tuple(dict.fromkeys((*found, *drawn))) for key, found in places.items()}

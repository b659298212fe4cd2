"""Data policies to subscriptions: what happens to a dataset when it arrives."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import groupby

from srcnet_compiler.analysis.caches import EXTRA
from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.analysis.placement import Draw, PhasePlacement, Slot
from srcnet_compiler.federation.data_policy import DataPolicy
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.span import Span
from srcnet_compiler.targets.rucio.lower.areas import is_in_force
from srcnet_compiler.targets.rucio.lower.places import Spans, all_standing, policy_places
from srcnet_compiler.targets.rucio.model import Origins, RuleTemplate, Subscription
from srcnet_compiler.targets.rucio.model.expression import any_of, attribute
from srcnet_compiler.targets.rucio.model.requirement import (
    REGION,
    ROLE,
    SITE,
    TIER,
    WEIGHT,
    Requirement,
)
from srcnet_compiler.targets.rucio.model.shard import BUCKETS, FALLBACK_EXCLUDED, bucket_pattern
from srcnet_compiler.targets.rucio.model.subscription import anchored

APART = {"region": REGION, "site": SITE, "area": None}
_LONGEST_NAME = 64
"""Of a subscription, in characters."""


def arrivals(federation: Federation, analysis: Analysis) -> Iterator[PhasePlacement]:
    """The first phase of every policy in force: the later ones are not a matter of arrival."""
    for name, placements in groupby(analysis.placements, key=lambda placement: placement.policy):
        first = next(placements)
        if first.draws and is_in_force(federation, federation.policies[name]):
            yield first


def requirement(federation: Federation, placement: PhasePlacement) -> Requirement:
    """What the rules on each dataset of the policy are for."""
    copies: dict[str, int] = {}
    for asked in placement.phase.copies:
        copies[asked.tier] = copies.get(asked.tier, 0) + asked.count
    phase, policy = placement.phase, federation.policies[placement.policy]
    return Requirement(
        placement.policy,
        phase.name,
        APART[phase.apart],
        copies,
        policy.floor,
        policy.origin.at("floor"),
    )


def subscriptions_for(
    federation: Federation, placement: PhasePlacement, areas: Iterable[StorageArea]
) -> Iterator[Subscription]:
    """One per draw, and one for names that fall in no bucket, which follows the largest draw."""
    policy = federation.policies[placement.policy]
    more = (*_pin(policy, areas), *_extras(federation, policy))
    origins = _origins(federation, policy, placement)
    largest = max(placement.draws, key=lambda draw: (len(draw.buckets), draw.slots))
    for draw in placement.draws:
        rules = (*rules_of(policy, placement, draw), *more)
        sharded = len(draw.buckets) < len(BUCKETS)
        shard = {"pattern": bucket_pattern(draw.buckets)} if sharded else {}
        yield _subscription(federation, placement, _title(draw), shard, rules, origins)
        if sharded and draw is largest:
            rest = {"excluded_pattern": FALLBACK_EXCLUDED}
            yield _subscription(federation, placement, "other-names", rest, rules, origins)


def _name(policy: DataPolicy, title: str) -> str:
    """The policy and where its data go; a mark of it where the places' names are too long."""
    name = f"{policy.name}.arrive.{title}"
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{policy.name}.arrive.{sha256(title.encode()).hexdigest()[:12]}"


def _title(draw: Draw) -> str:
    tiers = {slot.tier for slot in draw.slots}
    if any(not slot.domain for slot in draw.slots):
        return "+".join(sorted(tiers))
    named = (s.domain if len(tiers) == 1 else f"{s.tier}.{s.domain}" for s in draw.slots)
    return "+".join(sorted(named))


def _subscription(
    federation: Federation,
    placement: PhasePlacement,
    title: str,
    shard: Mapping[str, str],
    rules: tuple[RuleTemplate, ...],
    origins: Origins,
) -> Subscription:
    policy = federation.policies[placement.policy]
    return Subscription(
        name=_name(policy, title),
        account=federation.data.owner,
        filter={**selected(federation, policy), **shard},
        rules=rules,
        comments=f"srcnet:{policy.name}/{placement.phase.name}",
        policy=policy.name,
        drafts=(*policy.drafts, *drafts_drawn(placement)),
        origins=origins,
    )


def drafts_drawn(placement: PhasePlacement) -> Iterator[Span]:
    """The drafts that areas rest on: with other areas the data would be shared out otherwise."""
    return (span for areas in placement.domains.values() for a in areas for span in a.drafts)


def _origins(federation: Federation, policy: DataPolicy, placement: PhasePlacement) -> Origins:
    """Every line of a subscription is there because areas of these sizes are where they are."""
    phase, here = placement.phase, policy.origin
    name = here.source_map.span(("metadata", "name"))
    places: dict[str, Spans] = {
        "name": (phase.origin.at(),),
        "account": (federation.data.origin.at("owner"),),
        "filter": (here.at("selects"), federation.data.origin.at("metadata")),
        "replication_rules": (
            phase.origin.at(),
            here.at("activity"),
            here.at("arrives"),
            *(extra.origin.at() for extra in policy.extras),
        ),
        "comments": (name, phase.origin.at("name")),
        "active": (name,),
    }
    drawn = (*policy_places(federation, policy), phase.origin.at(), *all_standing(federation))
    return {key: tuple(dict.fromkeys((*found, *drawn))) for key, found in places.items()}


def selected(federation: Federation, policy: DataPolicy) -> dict[str, str | list[str]]:
    """The filter that takes all data of a policy."""
    asked = selected_columns(federation, policy)
    return {
        "scope": [anchored(name) for name in policy.selector.namespaces],
        "did_type": ["DATASET"],
        **{column: [anchored(v) for v in values] for column, values in asked.items()},
    }


def selected_columns(federation: Federation, policy: DataPolicy) -> dict[str, list[str]]:
    """Which values a policy asks for, by the column that has them."""
    selector, columns = policy.selector, federation.data.columns
    asked: dict[str, list[str]] = {
        "product": [selector.product] if selector.product else [],
        "telescope": list(selector.telescopes),
        "campaign": [selector.campaign] if selector.campaign else [],
    }
    return {columns[key]: values for key, values in asked.items() if values}


def rules_of(policy: DataPolicy, placement: PhasePlacement, draw: Draw) -> Iterator[RuleTemplate]:
    """One rule of one copy for each domain; where areas need only differ, one rule for all."""
    for number, (slot, same) in enumerate(groupby(draw.slots)):
        yield rule_in(policy, placement, slot, len(list(same)), number)


def rule_in(
    policy: DataPolicy, placement: PhasePlacement, slot: Slot, copies: int, number: int
) -> RuleTemplate:
    """The rule for `copies` in the slot, by the number that tells it from the dataset's others."""
    return RuleTemplate(
        copies=copies,
        rse_expression=_expression(placement.phase.apart, slot),
        comments=f"srcnet:{policy.name}/{placement.phase.name}/{number}",
        activity=policy.activity,
        weight=WEIGHT,
    )


def _expression(apart: str, slot: Slot) -> str:
    domain = APART[apart]
    tier = attribute(TIER, slot.tier)
    return str(tier if domain is None else attribute(domain, slot.domain) & tier)


def _pin(policy: DataPolicy, areas: Iterable[StorageArea]) -> tuple[RuleTemplate, ...]:
    """Keeps the replica that the producer made until the first phase is complete: at the sites of
    the policy's own countries, so that the data of one never wait at the ingest of another."""
    sites = {
        area.site_known_as for area in areas if area.takes_in and area.country in policy.ingest
    }
    if not sites:
        return ()
    there = any_of(attribute(SITE, site) for site in sorted(sites))
    expression = str(there & attribute(ROLE, "ingest"))
    comments = f"srcnet:{policy.name}/arrival/pin"
    return (RuleTemplate(1, expression, comments, policy.activity),)


def _extras(federation: Federation, policy: DataPolicy) -> Iterator[RuleTemplate]:
    """One for each site; the audit knows nothing of them, so none is made again when it is over."""
    wanted = (
        (federation.sites[site].known_as, extra.keep)
        for extra in policy.extras
        for site in extra.sites
    )
    for number, (known_as, keep) in enumerate(wanted):
        yield RuleTemplate(
            copies=1,
            rse_expression=str(attribute(SITE, known_as) & attribute(ROLE, "cache")),
            comments=f"srcnet:{policy.name}/{EXTRA}/{number}",
            activity=policy.activity,
            lifetime=keep,
        )

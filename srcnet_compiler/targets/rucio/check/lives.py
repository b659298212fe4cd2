"""Whether every phase of every lifecycle keeps its policy, whatever Rucio chooses.

As for subscriptions, nothing here knows how the rules were made: they are held against the policy.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from srcnet_compiler.federation.data_policy import DataPolicy, Phase
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.quantity import Period
from srcnet_compiler.targets.rucio.model import RucioModel, RuleTemplate
from srcnet_compiler.targets.rucio.model.expression import RseFacts
from srcnet_compiler.targets.rucio.model.lifecycle import LifePhase
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import (
    REGION,
    SITE,
    Choice,
    Requirement,
    objections,
)
from srcnet_compiler.targets.rucio.model.shard import BUCKETS

_APART = {"region": REGION, "site": SITE, "area": None}


class Against(NamedTuple):
    """What stands against the lifecycle of a policy, in words, and in which phase."""

    policy: DataPolicy
    phase: Phase
    words: str


def check_lives(
    desired: RucioModel,
    federation: Federation,
    rses: Mapping[RseName, RseFacts],
    meant: Mapping[str, frozenset[RseName]],
) -> Iterator[Against]:
    """All objections to the lifecycles, one by one. `meant` has the RSEs of every expression."""
    for policy in federation.policies.values():
        life = desired.lifecycles.get(policy.name)
        if life is None:
            continue
        if life.end != _end_in(policy, len(life.phases)):
            words = "data would end otherwise than the policy says"
            yield Against(policy, policy.phases[-1], words)
        for asked, phase in zip(policy.phases, life.phases, strict=False):
            for words in _phase(desired, policy, asked, phase, rses, meant):
                yield Against(policy, asked, words)


def _end_in(policy: DataPolicy, entered: int) -> Period | None:
    """The age at which data end: where the policy says so in words, is agreed, and they can go
    through every phase before."""
    last = policy.phases[-1]
    said = last.ends and not policy.drafts and entered == len(policy.phases)
    return last.until if said else None


def requirement_in(policy: DataPolicy, phase: Phase) -> Requirement:
    """What a phase asks for, from the policy alone."""
    copies: Counter[str] = Counter()
    for asked in phase.copies:
        copies[asked.tier] += asked.count
    return Requirement(policy.name, phase.name, _APART[phase.apart], copies, policy.floor)


def _phase(
    desired: RucioModel,
    policy: DataPolicy,
    asked: Phase,
    phase: LifePhase,
    rses: Mapping[RseName, RseFacts],
    meant: Mapping[str, frozenset[RseName]],
) -> Iterator[str]:
    wanted = requirement_in(policy, asked)
    if phase.requirement != wanted:
        yield "what it is counted by is not what the policy asks for"
    if phase.until != asked.until:
        yield "it lasts for another time"
    buckets = Counter(bucket for deal in phase.deals for bucket in deal.buckets)
    if any(buckets[bucket] != 1 for bucket in BUCKETS):
        yield "some names are dealt no rules, or twice"
    for deal in phase.deals:
        given = [Choice(r.copies, meant[r.rse_expression]) for r in deal.rules]
        yield from objections(wanted, given, rses)
        if any(rule.lifetime is not None for rule in deal.rules):
            yield "a rule that counts would end by itself"
        if any(not rule.comments.startswith(wanted.tag) for rule in deal.rules):
            yield "a rule carries the name of another phase"
        for rule, choice in zip(deal.rules, given, strict=True):
            yield from _unusable(desired, rule, choice, rses)


def _unusable(
    desired: RucioModel, rule: RuleTemplate, choice: Choice, rses: Mapping[RseName, RseFacts]
) -> Iterator[str]:
    barred = [n for n in choice.candidates if f"{desired.owner}@{n}" not in desired.account_limits]
    if barred:
        yield f"{desired.owner} has no limit on {', '.join(sorted(barred))}"
    vanishing = [name for name in choice.candidates if rses[name].columns.get("volatile") is True]
    if vanishing:
        yield f"{', '.join(sorted(vanishing))} may drop files by itself"
    unweighted = [
        name
        for name in choice.candidates
        if rule.weight is not None and rule.weight not in rses[name].attributes
    ]
    if unweighted:
        yield f"{', '.join(sorted(unweighted))} without `{rule.weight}` would never be used"

"""The audit: rules that arrival lost are added, pins that have done their work are let go."""

import json
from collections.abc import Iterable, Iterator, Mapping

from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, Json, Wait
from srcnet_compiler.targets.rucio.diff.objects import address, origin
from srcnet_compiler.targets.rucio.diff.passage import facts_after, facts_now
from srcnet_compiler.targets.rucio.model import (
    AccountLimit,
    Dataset,
    RucioModel,
    Rule,
    RuleTemplate,
    Subscription,
)
from srcnet_compiler.targets.rucio.model.requirement import (
    TIER,
    Requirement,
    candidates_of,
    choices,
    objections,
)
from srcnet_compiler.targets.rucio.model.subscription import Did, Filter, matches, parse_filter


def audit(desired: RucioModel, observed: RucioModel) -> Iterator[Change]:
    """What the datasets that are there still need, or need no more."""
    if not observed.datasets:
        return
    places = _Places(desired, observed)
    filters = [
        (subscription, parse_filter(dict(subscription.filter)))
        for _, subscription in sorted(desired.subscriptions.items())
    ]
    for _, dataset in sorted(observed.datasets.items()):
        for subscription, wanted in filters:
            if matches(wanted, _did(dataset, wanted)):
                requirement = desired.requirements[subscription.name]
                for template in _missing(places, dataset, subscription, requirement):
                    needs = places.needs(template)
                    yield _add_rule(desired, dataset, subscription, template, needs)
                yield from _pins(desired, dataset, requirement)


class _Places:
    """Where rules lead, now and later. Of a million datasets, few differ in their rules."""

    def __init__(self, desired: RucioModel, observed: RucioModel) -> None:
        self._desired, self._observed = desired, observed
        self._after, self._now = facts_after(desired), facts_now(desired, observed)
        self._kept: dict[tuple[str, tuple[tuple[int, str], ...]], bool] = {}

    def keep(self, wanted: Requirement, rules: Iterable[Rule | RuleTemplate]) -> bool:
        """Whether the rules keep what is wanted, whatever Rucio chooses within them."""
        given = tuple((rule.copies, rule.rse_expression) for rule in rules)
        key = (wanted.tag, given)
        if key not in self._kept:
            found = objections(wanted, choices(given, self._after), self._after)
            self._kept[key] = bool(given) and not found
        return self._kept[key]

    def needs(self, template: RuleTemplate) -> Iterator[Address]:
        """What a new rule cannot do without and is still to come: a place, and leave to use it."""
        later = sorted(candidates_of(template.rse_expression, self._after))
        if not candidates_of(template.rse_expression, self._now):
            yield from (address(self._desired, "rse", name) for name in later)
        for name in (f"{self._desired.owner}@{rse}" for rse in later):
            if name in self._desired.account_limits and name not in self._observed.account_limits:
                yield address(self._desired, AccountLimit.kind, name)


def _did(dataset: Dataset, wanted: Filter) -> Did:
    columns = {key: dataset.columns.get(key) for key in wanted.metadata}
    return Did(dataset.scope, dataset.name, "DATASET", columns)


def _missing(
    places: _Places, dataset: Dataset, subscription: Subscription, wanted: Requirement
) -> Iterator[RuleTemplate]:
    """The rules of the subscription that are to be added until all is kept."""
    rules: list[Rule | RuleTemplate] = [
        rule for rule in dataset.rules if rule.comments.startswith(wanted.tag) and not rule.released
    ]
    there = {rule.rse_expression for rule in rules}
    for template in subscription.rules:
        if places.keep(wanted, rules):
            return
        if template.comments.startswith(wanted.tag) and template.rse_expression not in there:
            yield template
            rules.append(template)


def _add_rule(
    desired: RucioModel,
    dataset: Dataset,
    subscription: Subscription,
    template: RuleTemplate,
    needs: Iterable[Address],
) -> Change:
    rule: Json = {**_as_mapping(template.value()), "account": desired.owner}
    place = origin(subscription, "replication_rules")
    return Change(
        address(desired, "rule", f"{dataset.did} {template.comments}"),
        Action.CREATE,
        (FieldChange("rule", None, rule, place),),
        Impact.MOVES_DATA,
        "it has arrived without the rules of its policy",
        needs=tuple(needs),
        moves=template.copies * dataset.bytes,
    )


def _as_mapping(value: Json) -> Mapping[str, Json]:
    assert isinstance(value, Mapping)
    return value


def _pins(desired: RucioModel, dataset: Dataset, requirement: Requirement) -> Iterator[Change]:
    tag = f"srcnet:{requirement.policy}/arrival/pin"
    for rule in dataset.rules:
        if rule.comments == tag and not rule.released and dataset.closed:
            fact = {
                "scope": dataset.scope,
                "name": dataset.name,
                "account": desired.owner,
                "tag": requirement.tag,
                "apart": requirement.apart,
                "tier": TIER,
                "copies": dict(requirement.copies),
            }
            yield Change(
                address(desired, "rule", f"{dataset.did} {tag}"),
                Action.RETIRE,
                (FieldChange("id", rule.id, rule.id), FieldChange("released", False, True)),
                Impact.RECONFIGURE,
                "the first phase is complete, so the copy where it came in may go",
                waits=(
                    Wait(
                        "copies-valid",
                        json.dumps(fact, sort_keys=True),
                        f"every file of {dataset.did} has its valid copies for "
                        f"{requirement.policy}/{requirement.phase}",
                    ),
                ),
            )

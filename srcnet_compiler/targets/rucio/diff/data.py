"""The audit: rules that arrival lost are added, pins that have done their work are let go."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import count

from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, Json, Wait
from srcnet_compiler.targets.rucio.diff.copies import is_pin
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
    subsets,
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
                yield from _rules(desired, places, dataset, subscription)
                yield from _suspended(desired, dataset)
                yield from _pins(desired, dataset, requirement)


class _Places:
    """Where rules lead, now and later. Of a million datasets, few differ in their rules."""

    def __init__(self, desired: RucioModel, observed: RucioModel) -> None:
        self._desired, self._observed = desired, observed
        self._after, self._now = facts_after(desired), facts_now(desired, observed)
        self._kept: dict[tuple[str, tuple[tuple[int, str], ...]], bool] = {}
        self._needed: dict[str, tuple[Address, ...]] = {}

    def keep(self, wanted: Requirement, rules: Iterable[Rule | RuleTemplate]) -> bool:
        """Whether some of the rules keep what is wanted, whatever Rucio chooses within them; what
        others do beside them takes nothing away."""
        given = tuple((rule.copies, rule.rse_expression) for rule in rules)
        key = (wanted.tag, given)
        if key not in self._kept:
            chosen = choices(given, self._after)
            self._kept[key] = any(
                not objections(wanted, some, self._after) for some in subsets(chosen)
            )
        return self._kept[key]

    def needs(self, template: RuleTemplate) -> tuple[Address, ...]:
        """What a new rule cannot do without and is still to come: a place, and leave to use it."""
        expression = template.rse_expression
        if expression not in self._needed:
            self._needed[expression] = tuple(self._needs(expression))
        return self._needed[expression]

    def _needs(self, expression: str) -> Iterator[Address]:
        later = sorted(candidates_of(expression, self._after))
        if not candidates_of(expression, self._now):
            yield from (address(self._desired, "rse", name) for name in later)
        for name in (f"{self._desired.owner}@{rse}" for rse in later):
            if name in self._desired.account_limits and name not in self._observed.account_limits:
                yield address(self._desired, AccountLimit.kind, name)


def _did(dataset: Dataset, wanted: Filter) -> Did:
    columns = {key: dataset.columns.get(key) for key in wanted.metadata}
    return Did(dataset.scope, dataset.name, "DATASET", columns)


def _rules(
    desired: RucioModel, places: _Places, dataset: Dataset, subscription: Subscription
) -> Iterator[Change]:
    """What makes our rules on the dataset keep its policy: rules under a former name of policy or
    phase are given the name of today, and those that are missing are added."""
    wanted = desired.requirements[subscription.name]
    lasting = [rule for rule in dataset.rules if not rule.released and not is_pin(rule)]
    named = [rule for rule in lasting if rule.comments.startswith(wanted.tag)]
    former = [rule for rule in lasting if rule not in named]
    templates = [rule for rule in subscription.rules if rule.comments.startswith(wanted.tag)]
    if places.keep(wanted, named):
        return
    if places.keep(wanted, lasting):
        taken = {rule.comments for rule in named}
        yield from _named_anew(desired, dataset, subscription, templates, former, taken)
        return
    kept: list[Rule | RuleTemplate] = [*named]
    there = {(rule.copies, rule.rse_expression): rule for rule in lasting}
    for template in templates:
        if places.keep(wanted, kept):
            return
        found = there.get((template.copies, template.rse_expression))
        if found is None:
            needs = places.needs(template)
            yield _add_rule(desired, dataset, subscription, template, needs)
        elif found in former:
            yield from _named_anew(desired, dataset, subscription, [template], [found], ())
        kept.append(template)


def _suspended(desired: RucioModel, dataset: Dataset) -> Iterator[Change]:
    """Rucio gives up a rule that was stuck for two weeks; it does not for want of trying again."""
    for rule in dataset.rules:
        if rule.state == "SUSPENDED" and not rule.released:
            yield Change(
                address(desired, "rule", f"{dataset.did} {rule.comments}"),
                Action.UPDATE,
                (FieldChange("id", rule.id, rule.id), FieldChange("suspended", True, False)),
                Impact.MOVES_DATA,
                "Rucio has given it up: it is to be tried again",
                moves=rule.copies * dataset.bytes,
            )


def _named_anew(
    desired: RucioModel,
    dataset: Dataset,
    subscription: Subscription,
    templates: Sequence[RuleTemplate],
    former: Iterable[Rule],
    taken: Collection[str],
) -> Iterator[Change]:
    """To the server a rule is its dataset, expression and copies: a second one under another name
    cannot be made, and the first one does what is asked."""
    tag = desired.requirements[subscription.name].tag
    by_demand = {(t.copies, t.rse_expression): t.comments for t in templates}
    free = (name for n in count(len(templates)) if (name := f"{tag}{n}") not in taken)
    for rule in former:
        name = by_demand.get((rule.copies, rule.rse_expression)) or next(free)
        place = origin(subscription, "comments")
        yield Change(
            address(desired, "rule", f"{dataset.did} {name}"),
            Action.UPDATE,
            (
                FieldChange("id", rule.id, rule.id),
                FieldChange("comments", rule.comments, name, place),
            ),
            Impact.COSMETIC,
            "it keeps what its dataset's policy asks for, under a former name",
        )


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
        drafts=subscription.drafts,
        moves=template.copies * dataset.bytes,
    )


def _as_mapping(value: Json) -> Mapping[str, Json]:
    assert isinstance(value, Mapping)
    return value


def _pins(desired: RucioModel, dataset: Dataset, requirement: Requirement) -> Iterator[Change]:
    for rule in dataset.rules:
        if is_pin(rule) and not rule.released and dataset.closed:
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
                address(desired, "rule", f"{dataset.did} {rule.comments}"),
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

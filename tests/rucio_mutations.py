"""Wrong Rucio models made of a right one: each of these must be found by the checker.

A mutation gives every model that it can make; none where it would change nothing that matters.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeAlias

from srcnet_compiler.quantity import Period
from srcnet_compiler.targets.rucio.model import Rse, RucioModel, RuleTemplate, Subscription
from srcnet_compiler.targets.rucio.model.lifecycle import Lifecycle

Models: TypeAlias = Iterator[RucioModel]
OTHER = {"online": "nearline", "nearline": "online", "fast": "nearline"}


def our_rules(subscription: Subscription) -> list[RuleTemplate]:
    """Those that count."""
    return [rule for rule in subscription.rules if not rule.is_pin and rule.lifetime is None]


def each_rule(model: RucioModel) -> Iterator[tuple[Subscription, RuleTemplate]]:
    for subscription in model.subscriptions.values():
        for rule in our_rules(subscription):
            yield subscription, rule


def terms(rule: RuleTemplate) -> dict[str, str]:
    """The attributes and values of an expression such as `(a=b&c=d)`."""
    return dict(term.split("=") for term in rule.rse_expression.strip("()").split("&"))


def candidates(model: RucioModel, rule: RuleTemplate) -> list[Rse]:
    wanted = terms(rule).items()
    return [rse for rse in model.rses.values() if wanted <= rse.attributes.items()]


def with_subscription(model: RucioModel, changed: Subscription) -> RucioModel:
    return replace(model, subscriptions={**model.subscriptions, changed.name: changed})


def with_rules(
    model: RucioModel, subscription: Subscription, instead: dict[RuleTemplate, Any]
) -> RucioModel:
    """The model with other rules; None takes a rule away."""
    rules = (instead.get(rule, rule) for rule in subscription.rules)
    left = tuple(rule for rule in rules if rule is not None)
    return with_subscription(model, replace(subscription, rules=left))


def with_filter(model: RucioModel, subscription: Subscription, changed: Any) -> RucioModel:
    return with_subscription(model, replace(subscription, filter=changed))


def with_attributes(model: RucioModel, rse: Rse, attributes: Any) -> RucioModel:
    return replace(model, rses={**model.rses, rse.name: replace(rse, attributes=attributes)})


# ── rules ─────────────────────────────────────────────────────────────────────────────────────


def drop_a_rule(model: RucioModel) -> Models:
    for subscription, rule in each_rule(model):
        yield with_rules(model, subscription, {rule: None})


def drop_all_rules(model: RucioModel) -> Models:
    for subscription in model.subscriptions.values():
        yield with_subscription(model, replace(subscription, rules=()))


def two_rules_for_one_place(model: RucioModel) -> Models:
    for subscription, rule in each_rule(model):
        for other in our_rules(subscription):
            if other is not rule:
                same = replace(other, rse_expression=rule.rse_expression)
                yield with_rules(model, subscription, {other: same})


def one_rule_for_two_places(model: RucioModel) -> Models:
    """Two copies over both places: they might land in one of them."""
    for subscription, rule in each_rule(model):
        for other in our_rules(subscription):
            if other is not rule and len(terms(rule)) > 1:
                text = f"{rule.rse_expression}|{other.rse_expression}"
                both = replace(rule, rse_expression=text, copies=rule.copies + other.copies)
                yield with_rules(model, subscription, {rule: both, other: None})


def change_the_tier(model: RucioModel) -> Models:
    for subscription, rule in each_rule(model):
        tier = terms(rule)["srcnet_tier"]
        text = rule.rse_expression.replace(f"tier={tier}", f"tier={OTHER[tier]}")
        yield with_rules(model, subscription, {rule: replace(rule, rse_expression=text)})


def forget_the_tier(model: RucioModel) -> Models:
    """Wrong where the place has areas of other tiers."""
    for subscription, rule in each_rule(model):
        (key, value), *rest = terms(rule).items()
        there = [rse for rse in model.rses.values() if rse.attributes.get(key) == value]
        if rest and len(there) > len(candidates(model, rule)):
            text = replace(rule, rse_expression=f"{key}={value}")
            yield with_rules(model, subscription, {rule: text})


def forget_the_place(model: RucioModel) -> Models:
    """Wrong where there are other copies to keep apart from."""
    for subscription, rule in each_rule(model):
        found = terms(rule)
        same_tier = [
            r for r in our_rules(subscription) if terms(r)["srcnet_tier"] in found.values()
        ]
        if len(found) > 1 and len(same_tier) > 1:
            text = f"srcnet_tier={found['srcnet_tier']}"
            yield with_rules(model, subscription, {rule: replace(rule, rse_expression=text)})


def name_an_unknown_place(model: RucioModel) -> Models:
    for subscription, rule in each_rule(model):
        text = replace(rule, rse_expression="srcnet_region=atlantis")
        yield with_rules(model, subscription, {rule: text})


def break_the_expression(model: RucioModel) -> Models:
    for subscription, rule in each_rule(model):
        text = replace(rule, rse_expression=f"({rule.rse_expression}")
        yield with_rules(model, subscription, {rule: text})


def ask_for_more_copies(model: RucioModel) -> Models:
    for subscription, rule in each_rule(model):
        if len(terms(rule)) > 1:
            yield with_rules(model, subscription, {rule: replace(rule, copies=rule.copies + 1)})


def call_a_rule_somebody_elses(model: RucioModel) -> Models:
    for subscription, rule in each_rule(model):
        text = replace(rule, comments="made by hand")
        yield with_rules(model, subscription, {rule: text})


def serve_no_such_activity(model: RucioModel) -> Models:
    for subscription, rule in each_rule(model):
        text = replace(rule, activity="Leisure")
        yield with_rules(model, subscription, {rule: text})


# ── attributes ────────────────────────────────────────────────────────────────────────────────


def take_a_weight_away(model: RucioModel) -> Models:
    for _, rule in each_rule(model):
        for rse in candidates(model, rule):
            left = {key: v for key, v in rse.attributes.items() if key != "srcnet_weight"}
            yield with_attributes(model, rse, left)


def put_an_area_elsewhere(model: RucioModel) -> Models:
    for _, rule in each_rule(model):
        for rse in candidates(model, rule):
            for key in ("srcnet_region", "srcnet_site", "srcnet_tier"):
                yield with_attributes(model, rse, {**rse.attributes, key: "elsewhere"})


def let_an_area_count_that_does_not(model: RucioModel) -> Models:
    for rse in model.rses.values():
        if "srcnet_tier" not in rse.attributes:
            marks = {"srcnet_tier": "online", "srcnet_weight": "1"}
            yield with_attributes(model, rse, {**rse.attributes, **marks})


# ── filters ───────────────────────────────────────────────────────────────────────────────────


def drop_a_subscription(model: RucioModel) -> Models:
    for subscription in model.subscriptions.values():
        if {"pattern", "excluded_pattern"} & subscription.filter.keys():
            names = model.subscriptions.keys() - {subscription.name}
            yield replace(model, subscriptions={name: model.subscriptions[name] for name in names})


def shift_a_bucket(model: RucioModel) -> Models:
    for subscription in model.subscriptions.values():
        pattern = subscription.filter.get("pattern")
        if isinstance(pattern, str):
            fewer = re.sub(r"\[([0-9])([0-9]+)\]\)", r"[\2])", pattern, count=1)
            if fewer != pattern:
                yield with_filter(model, subscription, {**subscription.filter, "pattern": fewer})


def match_more(model: RucioModel) -> Models:
    """Every namespace, every product, containers as well, names that begin alike."""
    for subscription in model.subscriptions.values():
        wanted = subscription.filter
        for key in wanted.keys() - {"pattern", "excluded_pattern"}:
            left = {name: value for name, value in wanted.items() if name != key}
            yield with_filter(model, subscription, left)
        wider = {**wanted, "did_type": ["DATASET", "CONTAINER"]}
        yield with_filter(model, subscription, wider)
        loose = {**wanted, "scope": [text.rstrip("$") for text in wanted["scope"]]}
        yield with_filter(model, subscription, loose)


def match_less(model: RucioModel) -> Models:
    for subscription in model.subscriptions.values():
        narrower = {**subscription.filter, "phys_group": ["^ours$"]}
        yield with_filter(model, subscription, narrower)


def let_rules_end_otherwise(model: RucioModel) -> Models:
    """Those that count at some time, those that do not never."""
    for subscription in model.subscriptions.values():
        for number, rule in enumerate(subscription.rules):
            rules = list(subscription.rules)
            rules[number] = replace(rule, lifetime=86_400 if rule.lifetime is None else None)
            other = replace(subscription, rules=tuple(rules))
            yield replace(model, subscriptions={**model.subscriptions, subscription.name: other})
    for life, number in each_phase(model):
        for deal in life.phases[number].deals:
            ending = tuple(replace(rule, lifetime=86_400) for rule in deal.rules)
            yield with_phase(model, life, number, deals=(replace(deal, rules=ending),))


def let_a_place_drop_files(model: RucioModel) -> Models:
    for name, rse in model.rses.items():
        if "srcnet_tier" in rse.attributes:
            vanishing = replace(rse, settings={**rse.settings, "volatile": True})
            yield replace(model, rses={**model.rses, name: vanishing})


def hold_what_arrives_elsewhere(model: RucioModel) -> Models:
    """At every ingest, or nowhere."""
    for subscription in model.subscriptions.values():
        ours = our_rules(subscription)
        for pin in subscription.rules:
            if pin.is_pin:
                wide = replace(pin, rse_expression="srcnet_site=CHSRC-CSCS")
                for rules in ((*ours, wide), tuple(ours)):
                    other = replace(subscription, rules=rules)
                    yield replace(
                        model, subscriptions={**model.subscriptions, subscription.name: other}
                    )


# ── lifecycles ────────────────────────────────────────────────────────────────────────────────


def each_phase(model: RucioModel) -> Iterator[tuple[Lifecycle, int]]:
    for life in model.lifecycles.values():
        for number in range(len(life.phases)):
            yield life, number


def with_phase(model: RucioModel, life: Lifecycle, number: int, **changed: Any) -> RucioModel:
    phases = list(life.phases)
    phases[number] = replace(phases[number], **changed)
    other = replace(life, phases=tuple(phases))
    return replace(model, lifecycles={**model.lifecycles, life.policy: other})


def deal_a_rule_less(model: RucioModel) -> Models:
    for life, number in each_phase(model):
        deals = life.phases[number].deals
        for deal in deals:
            fewer = replace(deal, rules=deal.rules[1:])
            instead = tuple(fewer if each is deal else each for each in deals)
            yield with_phase(model, life, number, deals=instead)


def deal_one_place_twice(model: RucioModel) -> Models:
    for life, number in each_phase(model):
        deals = life.phases[number].deals
        for deal in deals:
            if len(deal.rules) > 1:
                twice = replace(deal, rules=(deal.rules[0],) * len(deal.rules))
                instead = tuple(twice if each is deal else each for each in deals)
                yield with_phase(model, life, number, deals=instead)


def deal_some_names_nothing(model: RucioModel) -> Models:
    for life, number in each_phase(model):
        first, *others = life.phases[number].deals
        fewer = replace(first, buckets=first.buckets[1:])
        yield with_phase(model, life, number, deals=(fewer, *others))


def end_a_phase_at_another_age(model: RucioModel) -> Models:
    for life, number in each_phase(model):
        yield with_phase(model, life, number, until=Period(7, "weeks"))


def let_data_end_otherwise(model: RucioModel) -> Models:
    """At another age, or although the policy does not say so, or never although it does."""
    for life in model.lifecycles.values():
        for end in (Period(7, "weeks"), None):
            if end != life.end:
                other = replace(life, end=end)
                yield replace(model, lifecycles={**model.lifecycles, life.policy: other})


def wait_for_fewer_copies(model: RucioModel) -> Models:
    for life, number in each_phase(model):
        wanted = life.phases[number].requirement
        for tier in wanted.copies:
            fewer = {**wanted.copies, tier: wanted.copies[tier] - 1}
            yield with_phase(model, life, number, requirement=replace(wanted, copies=fewer))


def wait_for_copies_that_are_nearer(model: RucioModel) -> Models:
    for life, number in each_phase(model):
        wanted = life.phases[number].requirement
        if wanted.apart is not None:
            yield with_phase(model, life, number, requirement=replace(wanted, apart=None))


def audit_other_data(model: RucioModel) -> Models:
    for life in model.lifecycles.values():
        other = replace(life, filter={**life.filter, "scope": ["^else$"]})
        yield replace(model, lifecycles={**model.lifecycles, life.policy: other})


MUTATIONS = (
    drop_a_rule,
    drop_all_rules,
    two_rules_for_one_place,
    one_rule_for_two_places,
    change_the_tier,
    forget_the_tier,
    forget_the_place,
    name_an_unknown_place,
    break_the_expression,
    ask_for_more_copies,
    call_a_rule_somebody_elses,
    serve_no_such_activity,
    take_a_weight_away,
    put_an_area_elsewhere,
    let_an_area_count_that_does_not,
    drop_a_subscription,
    shift_a_bucket,
    match_more,
    match_less,
    audit_other_data,
    deal_a_rule_less,
    deal_one_place_twice,
    deal_some_names_nothing,
    end_a_phase_at_another_age,
    hold_what_arrives_elsewhere,
    let_a_place_drop_files,
    let_rules_end_otherwise,
    let_data_end_otherwise,
    wait_for_fewer_copies,
    wait_for_copies_that_are_nearer,
)

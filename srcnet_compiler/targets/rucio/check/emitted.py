"""What Rucio, or the policy itself, would object to in the emitted configuration.

The server takes much that is wrong and fails later. Nothing here knows how the model was made: the
expressions are parsed back and every choice that Rucio may make is held against the policy.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.federation.data_policy import DataPolicy, Phase
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.span import Span
from srcnet_compiler.targets.rucio.check.arrivals import check_extras, check_pin
from srcnet_compiler.targets.rucio.check.lives import check_lives, requirement_in
from srcnet_compiler.targets.rucio.model import RucioModel, RuleTemplate, Subscription
from srcnet_compiler.targets.rucio.model.expression import (
    ExpressionError,
    RseFacts,
    evaluate,
    parse,
)
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import (
    TIER,
    Choice,
    Requirement,
    objections,
)
from srcnet_compiler.targets.rucio.model.subscription import (
    Filter,
    FilterError,
    anchored,
    overlaps,
    parse_filter,
    why_never,
)

_RSE_NAME = re.compile(r"[A-Z0-9]+([_-][A-Z0-9]+)*")
_ATTRIBUTE_VALUE = re.compile(r".{1,255}")
_LONGEST_SUBSCRIPTION, _LONGEST_COMMENT, _LONGEST_EXPRESSION = 64, 255, 3000
_ACTIVITIES = {
    *("Data Brokering", "Data Consolidation", "Data Rebalancing", "Debug", "Express"),
    *("Functional Test", "Group Subscriptions", "Production Input", "Production Output"),
    *("Analysis Input", "Analysis Output", "Staging", "T0 Export", "T0 Tape"),
    *("Upload/Download (Job)", "Upload/Download (User)", "User Subscriptions", "Data Challenge"),
}
_CONFIG_ALLOWED = {
    "rules/use_new_rule_algorithm": re.compile("true|false"),
    "transmogrifier/maxdids": re.compile("[0-9]+"),
    "judge/boost_rule_after_hours": re.compile("[0-9]+"),
}


def check(desired: RucioModel, federation: Federation) -> Iterator[Diagnostic]:
    """All objections to one Rucio."""
    yield from _names(desired)
    yield from _config(desired)
    yield from _subscriptions(desired)
    yield from _policies(desired, federation)


def _first(origins: Mapping[str, tuple[Span, ...]], *keys: str) -> Label:
    spans = next((origins[key] for key in keys if origins.get(key)), None)
    if spans is None:
        spans = next(found for found in origins.values() if found)
    return Label(spans[0])


def _refused(message: str, label: Label, remedy: str, subject: str) -> Diagnostic:
    return error(Code.REFUSED_BY_SYSTEM, message, label, help=remedy, subject=subject)


def _names(desired: RucioModel) -> Iterator[Diagnostic]:
    for rse in desired.rses.values():
        if not _RSE_NAME.fullmatch(rse.name):
            yield _refused(
                f"Rucio takes no RSE called `{rse.name}`",
                _first(rse.origins, "name"),
                "capital letters and digits, joined by single `_` or `-`",
                rse.name,
            )
        for key, times in Counter(protocol.key for protocol in rse.protocols).items():
            if times > 1:
                yield _refused(
                    f"`{rse.name}` has {times} endpoints `{key}`, which Rucio cannot tell apart",
                    _first(rse.origins, f"protocol.{key}"),
                    "an area has one endpoint for each protocol, host and port",
                    rse.name,
                )
        for name, value in rse.attributes.items():
            if isinstance(value, str) and not _ATTRIBUTE_VALUE.fullmatch(value):
                yield _refused(
                    f"Rucio takes no attribute `{name}` of more than 255 characters",
                    _first(rse.origins, f"attribute.{name}"),
                    "shorten it",
                    rse.name,
                )


def _config(desired: RucioModel) -> Iterator[Diagnostic]:
    for option in desired.config.values():
        form = _CONFIG_ALLOWED.get(option.name)
        if form is None or not form.fullmatch(option.value):
            yield error(
                Code.NOT_OURS,
                f"`{option.name}: {option.value}` is not among the settings that are ours",
                _first(option.origins, "value"),
                help=f"ours are {', '.join(sorted(_CONFIG_ALLOWED))}; others are the operators'",
                subject=option.name,
            )


def _subscriptions(desired: RucioModel) -> Iterator[Diagnostic]:
    filters: list[tuple[Subscription, Filter]] = []
    for _, subscription in sorted(desired.subscriptions.items()):
        if len(subscription.name) > _LONGEST_SUBSCRIPTION:
            yield _refused(
                f"`{subscription.name}` has more than {_LONGEST_SUBSCRIPTION} characters",
                _first(subscription.origins, "comments"),
                "shorten the policy's name",
                subscription.policy,
            )
        try:
            wanted = parse_filter(dict(subscription.filter))
        except FilterError as problem:
            label = _first(subscription.origins, "filter")
            yield _refused(str(problem), label, "mend `selects`", subscription.policy)
            continue
        never = why_never(wanted)
        if never is not None:
            label = _first(subscription.origins, "filter")
            yield _refused(never, label, "mend `selects`", subscription.policy)
        filters.append((subscription, wanted))
        for rule in subscription.rules:
            yield from _rule(subscription, rule)
    for one, other in overlaps(wanted for _, wanted in filters):
        first, second = filters[one][0], filters[other][0]
        yield error(
            Code.POLICIES_OVERLAP,
            f"subscriptions `{second.name}` and `{first.name}` may match the same data set",
            _first(second.origins, "filter"),
            _first(first.origins, "filter"),
            help="give the policies different namespaces, products, telescopes or campaigns",
            subject=second.policy,
        )


def _rule(subscription: Subscription, rule: RuleTemplate) -> Iterator[Diagnostic]:
    label = _first(subscription.origins, "replication_rules")
    if rule.activity not in _ACTIVITIES:
        yield _refused(
            f"Rucio knows no activity `{rule.activity}`",
            label,
            f"one of {', '.join(sorted(_ACTIVITIES))}",
            subscription.policy,
        )
    if len(rule.comments) > _LONGEST_COMMENT or len(rule.rse_expression) > _LONGEST_EXPRESSION:
        yield _refused(
            f"a rule of `{subscription.name}` is longer than Rucio can hold",
            label,
            "shorten the names of the policy and its phases",
            subscription.policy,
        )


# ── the policies, held against what was emitted ───────────────────────────────────────────────


def _policies(desired: RucioModel, federation: Federation) -> Iterator[Diagnostic]:
    rses = {
        name: RseFacts(columns=dict(_columns(rse.settings)), attributes=rse.attributes)
        for name, rse in desired.rses.items()
    }
    places = {text: _places(text, rses) for text in sorted(_expressions(desired))}
    meant = {text: place.rses for text, place in places.items()}
    by_policy: dict[str, list[Subscription]] = defaultdict(list)
    for _, subscription in sorted(desired.subscriptions.items()):
        by_policy[subscription.policy].append(subscription)
    for policy in federation.policies.values():
        subscriptions = by_policy[policy.name]
        wanted = requirement_of(policy)
        for subscription in subscriptions:
            for words in _objections(wanted, subscription, rses, places):
                yield _against(policy, subscription.name, words)
            for words in check_pin(policy, subscription, desired, federation, meant):
                yield _against(policy, subscription.name, words)
            for words in check_extras(policy, subscription, desired, federation, meant):
                yield _against(policy, subscription.name, words)
            for words in _without_leave(subscription, desired, places):
                yield _against(policy, subscription.name, words)
            for words in _selects_otherwise(policy, federation, subscription.filter):
                yield _against(policy, subscription.name, words)
        life = desired.lifecycles.get(policy.name)
        if life is not None:
            for words in _selects_otherwise(policy, federation, life.filter):
                yield _against(policy, "lifecycle", words)
        if subscriptions and not _is_total(subscriptions):
            words = "some names are matched by no subscription"
            yield _against(policy, subscriptions[0].name, words)
        if not subscriptions and not policy.drafts and not policy.retired:
            yield _against(policy, desired.instance, "no subscription is for it")
    for against in check_lives(desired, federation, rses, meant):
        yield _against_phase(*against)
    yield from _misplaced(desired, federation)


def _expressions(desired: RucioModel) -> set[str]:
    """Those of all rules, whenever they are made: few, and each is read once."""
    deals = [
        deal.rules
        for life in desired.lifecycles.values()
        for phase in life.phases
        for deal in phase.deals
    ]
    rules = [*(each.rules for each in desired.subscriptions.values()), *deals]
    return {rule.rse_expression for each in rules for rule in each}


def _misplaced(desired: RucioModel, federation: Federation) -> Iterator[Diagnostic]:
    """RSEs whose attributes say something else than the specs: all choices rest on them."""
    for area in federation.areas.values():
        move = federation.moved.get(area.name)
        name = RseName(move.after if move else area.name_today)
        rse = desired.rses.get(name)
        if rse is None or rse.site != area.site:
            continue
        places = {
            "srcnet_region": None if area.adopted else area.region,
            "srcnet_site": None if area.adopted else area.site_known_as,
            TIER: area.tier if area.counts and TIER in rse.attributes else None,
        }
        for key, value in places.items():
            if rse.attributes.get(key) != value:
                yield error(
                    Code.RULE_AGAINST_POLICY,
                    f"`{name}` has `{key}: {rse.attributes.get(key)}`, but it stands in `{value}`",
                    Label(area.origin.at("name")),
                    help="this is a fault of the compiler; the spec is not to blame",
                    subject=area.name,
                )


def _columns(settings: Mapping[str, object]) -> Iterator[tuple[str, str | bool]]:
    return ((key, value) for key, value in settings.items() if isinstance(value, (str, bool)))


def requirement_of(policy: DataPolicy) -> Requirement:
    """What the first phase of a policy asks for, from the policy alone."""
    return requirement_in(policy, policy.phases[0])


class _Meant(NamedTuple):
    """The RSEs that an expression means; none where it is refused, with the reason."""

    rses: frozenset[RseName]
    problem: str | None = None


def _places(text: str, rses: Mapping[RseName, RseFacts]) -> _Meant:
    """What an expression means; many rules have the same one."""
    try:
        return _Meant(evaluate(parse(text), rses))
    except ExpressionError as problem:
        return _Meant(frozenset(), str(problem))


def _objections(
    wanted: Requirement,
    subscription: Subscription,
    rses: Mapping[RseName, RseFacts],
    places: Mapping[str, _Meant],
) -> Iterator[str]:
    for rule in subscription.rules:
        problem = places[rule.rse_expression].problem
        if problem is not None:
            yield f"`{rule.rse_expression}`: {problem}"
    ours = [rule for rule in subscription.rules if rule.comments.startswith(wanted.tag)]
    given = [Choice(rule.copies, places[rule.rse_expression].rses) for rule in ours]
    yield from objections(wanted, given, rses)
    for rule, choice in zip(ours, given, strict=True):
        if rule.weight is not None:
            unweighted = {n for n in choice.candidates if rule.weight not in rses[n].attributes}
            if unweighted:
                yield f"{', '.join(sorted(unweighted))} without `{rule.weight}` would never be used"


def _without_leave(
    subscription: Subscription, desired: RucioModel, places: Mapping[str, _Meant]
) -> Iterator[str]:
    """A rule that its owner may not use everywhere is lost without a word when data arrive."""
    for rule in subscription.rules:
        meant = places[rule.rse_expression].rses
        barred = [n for n in meant if f"{desired.owner}@{n}" not in desired.account_limits]
        if barred:
            yield f"{desired.owner} has no limit on {', '.join(sorted(barred))}"


def _selects_otherwise(
    policy: DataPolicy, federation: Federation, given: Mapping[str, object]
) -> Iterator[str]:
    """A filter that means other data than the policy selects."""
    try:
        wanted = parse_filter(dict(given))
    except FilterError:
        return  # said already
    selector, columns = policy.selector, federation.data.columns
    values = {
        "product": [selector.product] if selector.product else [],
        "telescope": selector.telescopes,
        "campaign": [selector.campaign] if selector.campaign else [],
    }
    metadata = {
        columns[key]: {anchored(v) for v in found} for key, found in values.items() if found
    }
    if wanted.did_type != ("DATASET",):
        yield "it does not match datasets alone"
    if set(wanted.scope or ()) != {anchored(name) for name in selector.namespaces}:
        yield "it matches other namespaces"
    if {column: set(found) for column, found in wanted.metadata.items()} != metadata:
        yield "it matches other products, telescopes or campaigns"


def _against(policy: DataPolicy, name: str, words: str) -> Diagnostic:
    return _not_kept(policy, policy.phases[0], f"`{name}` does not keep `{policy.name}`: {words}")


def _against_phase(policy: DataPolicy, phase: Phase, words: str) -> Diagnostic:
    return _not_kept(policy, phase, f"phase `{phase.name}` does not keep `{policy.name}`: {words}")


def _not_kept(policy: DataPolicy, phase: Phase, message: str) -> Diagnostic:
    return error(
        Code.RULE_AGAINST_POLICY,
        message,
        Label(phase.origin.at("copies")),
        help="this is a fault of the compiler; the spec is not to blame",
        subject=policy.name,
    )


def _is_total(subscriptions: Iterable[Subscription]) -> bool:
    """Whether every name is matched: tried on one name for each bucket, and on others."""
    filters = [parse_filter(dict(subscription.filter)) for subscription in subscriptions]
    names = [*(f"name-{bucket:02d}" for bucket in range(100)), "name", "name-1", "1", "0x"]
    return all(
        sum(
            (wanted.pattern is None or re.match(wanted.pattern, name) is not None)
            and (wanted.excluded_pattern is None or re.match(wanted.excluded_pattern, name) is None)
            for wanted in filters
        )
        == 1
        for name in names
    )

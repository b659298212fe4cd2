"""What rules of others have in common, and where that is plain enough for a draft of a policy.

Plain is: everything in a scope asks for the same number of copies of the same kind, without end, on
exactly the RSEs that are one tier of the federation. All else is listed, by account, scope and
expression; nobody's rules are ever taken over.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from srcnet_compiler.federation.model import Federation
from srcnet_compiler.importing.rucio.places import Placed
from srcnet_compiler.names import TierName
from srcnet_compiler.targets.rucio.model.expression import (
    ExpressionError,
    RseFacts,
    parse,
    resolve,
)
from srcnet_compiler.targets.rucio.model.inventory import Inventory, RulePattern
from srcnet_compiler.targets.rucio.model.names import RseName


@dataclass(frozen=True, slots=True)
class PolicyDraft:
    """A policy as rules show it; `rules` is how many do, `account` who owns the namespace."""

    name: str
    namespace: str
    account: str
    copies: int
    tier: str
    activity: str
    rules: int
    subscriptions: int

    def source(self, today: date) -> str:
        """Where it comes from, as the spec says it."""
        found = [_many(self.rules, "rule")] if self.rules else []
        found += [_many(self.subscriptions, "subscription")] if self.subscriptions else []
        return f"rule pattern of {' and '.join(found)} on {today}"


@dataclass(frozen=True, slots=True)
class Unsaid:
    """Rules of one pattern that no draft says, with the reason."""

    account: str
    scope: str
    expression: str
    copies: int
    rules: int
    subscriptions: int
    why: str


@dataclass(frozen=True, slots=True)
class Ask:
    """What rules, or a subscription, ask for in a scope."""

    account: str
    copies: int
    expression: str
    activity: str
    lasting: bool
    rules: int
    subscriptions: int = 0


def patterns(
    inventory: Inventory, placed: Mapping[RseName, Placed], federation: Federation
) -> tuple[tuple[PolicyDraft, ...], tuple[Unsaid, ...]]:
    """Drafts by namespace, and all other patterns."""
    facts = {name: _facts(inventory, name) for name in inventory.rses}
    tiers = _tiers(placed, federation)
    described = {
        str(n) for policy in federation.policies.values() for n in policy.selector.namespaces
    }
    drafts: list[PolicyDraft] = []
    unsaid: list[Unsaid] = []
    for scope, asks in sorted(_by_scope(inventory, federation.data.owner).items()):
        said = _draft(scope, asks, facts, tiers, federation, inventory, described)
        if isinstance(said, PolicyDraft):
            drafts.append(said)
        else:
            unsaid += [_unsaid(scope, ask, said) for ask in asks]
    return _named_once(drafts, federation), tuple(unsaid)


def _by_scope(inventory: Inventory, owner: str) -> Mapping[str, list[Ask]]:
    """Not our own: they follow from policies already."""
    found: dict[str, list[Ask]] = defaultdict(list)
    for rule, count in sorted(inventory.rules.items()):
        if rule.account != owner:
            found[rule.scope].append(_of_rules(rule, count))
    for each in inventory.subscriptions:
        if each.account != owner and len(each.scopes) == 1 and each.scopes[0] in inventory.scopes:
            for copies, expression in each.asks:
                found[each.scopes[0]].append(
                    Ask(
                        each.account, copies, expression, "", lasting=True, rules=0, subscriptions=1
                    )
                )
    return found


def _of_rules(rule: RulePattern, count: int) -> Ask:
    return Ask(rule.account, rule.copies, rule.expression, rule.activity, rule.lasting, count)


def _facts(inventory: Inventory, name: RseName) -> RseFacts:
    rse = inventory.rses[name]
    columns = {**_COLUMNS, "rse": str(name), **rse.settings}
    return RseFacts({k: v for k, v in columns.items() if _plain(v)}, dict(rse.attributes))  # type: ignore[misc]


_COLUMNS = dict.fromkeys(
    ("city", "region_code", "country_name", "continent", "time_zone", "ISP", "ASN", "qos_class")
)
"""Settings that are not there are null, and the inventory leaves them out."""


def _plain(value: object) -> bool:
    return value is None or isinstance(value, str | bool | int | float)


def _tiers(
    placed: Mapping[RseName, Placed], federation: Federation
) -> Mapping[str, frozenset[RseName]]:
    """The RSEs of areas of each tier that hold data for good, now or once they are no longer merely
    adopted."""
    found: dict[str, set[RseName]] = defaultdict(set)
    for name, each in placed.items():
        in_use = each.area is None or (each.area.enabled and not each.area.retired)
        production = each.area is None or each.area.environment == "production"
        if each.role == "data" and in_use and production and _counts(federation, each.tier):
            found[each.tier].add(name)
    return {tier: frozenset(names) for tier, names in found.items()}


def _counts(federation: Federation, tier: str) -> bool:
    found = federation.tiers.get(TierName(tier))
    return found is not None and found.counts


def _draft(
    scope: str,
    asks: list[Ask],
    facts: Mapping[RseName, RseFacts],
    tiers: Mapping[str, frozenset[RseName]],
    federation: Federation,
    inventory: Inventory,
    described: set[str],
) -> PolicyDraft | str:
    """The draft, or why there is none."""
    if inventory.unread:
        return "not all RSEs could be seen, so nobody knows what its rules mean"
    if scope in described:
        return "a policy is about this namespace already"
    if not all(ask.lasting for ask in asks):
        return "some rules of the scope end by themselves"
    activities = {ask.activity for ask in asks if ask.activity}
    if len(activities) > 1:
        return f"its rules have several activities: {', '.join(sorted(activities))}"
    activity = min(activities, default=federation.data.activities[0])
    if activity not in federation.data.activities:
        return f"activity `{activity}` is none that the federation names"
    if len({ask.copies for ask in asks}) > 1:
        return "its rules ask for different numbers of copies"
    meant = {_meant(ask.expression, facts) for ask in asks}
    if None in meant:
        return "an expression of it means no RSE"
    if len(meant) > 1:
        return "its rules mean different RSEs"
    (rses,) = meant
    tier = next((name for name, members in tiers.items() if members == rses), None)
    if tier is None:
        return "what its rules mean is not one tier of the federation"
    if asks[0].copies > len(tiers[tier]):
        return "it asks for more copies than there are areas"
    return PolicyDraft(
        name=_policy_name(scope),
        namespace=scope,
        account=inventory.scopes.get(scope, asks[0].account),
        copies=asks[0].copies,
        tier=tier,
        activity=activity,
        rules=sum(ask.rules for ask in asks),
        subscriptions=sum(ask.subscriptions for ask in asks),
    )


def _meant(expression: str, facts: Mapping[RseName, RseFacts]) -> frozenset[RseName] | None:
    try:
        return resolve(parse(expression), facts)
    except ExpressionError:
        return None


def _policy_name(scope: str) -> str:
    """A scope may have dots, and begin or end with what a name does not."""
    words = [word for word in "".join(c if c.isalnum() else " " for c in scope).split() if word]
    return "-".join(words)


def _named_once(drafts: list[PolicyDraft], federation: Federation) -> tuple[PolicyDraft, ...]:
    """No two alike, and none like a policy that is there: the later one gets a number."""
    taken = {*map(str, federation.policies)}
    return tuple(_numbered(drafts, taken))


def _numbered(drafts: list[PolicyDraft], taken: set[str]) -> Iterator[PolicyDraft]:
    for draft in drafts:
        name, number = draft.name, 2
        while name in taken:
            name, number = f"{draft.name}-{number}", number + 1
        taken.add(name)
        yield replace(draft, name=name)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _unsaid(scope: str, ask: Ask, why: str) -> Unsaid:
    return Unsaid(ask.account, scope, ask.expression, ask.copies, ask.rules, ask.subscriptions, why)

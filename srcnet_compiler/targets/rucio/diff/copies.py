"""Which way the copies go: how many of what arrives stand on each tier, before and after."""

from collections import Counter

from srcnet_compiler.targets.rucio.model import Subscription
from srcnet_compiler.targets.rucio.model.expression import ExpressionError, parse
from srcnet_compiler.targets.rucio.model.expression.terms import Equals, in_order
from srcnet_compiler.targets.rucio.model.requirement import TIER


def lowers_copies(before: Subscription, after: Subscription) -> bool:
    """Whether what arrives from now on has fewer copies on some tier than what has arrived."""
    there = _by_tier(after)
    return any(there[tier] < count for tier, count in _by_tier(before).items())


def _by_tier(subscription: Subscription) -> Counter[str]:
    found: Counter[str] = Counter()
    for rule in subscription.rules:
        if not rule.is_pin and rule.lifetime is None:
            found[_tier(rule.rse_expression)] += rule.copies
    return found


def _tier(text: str) -> str:
    """What an expression of ours names; "" where it names none, or several, or is none."""
    try:
        terms = [*in_order(parse(text))]
    except ExpressionError:
        return ""
    named = {term.value for term in terms if isinstance(term, Equals) and term.key == TIER}
    return named.pop() if len(named) == 1 else ""

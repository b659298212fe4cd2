"""Recalls that are too large to be nobody's business: somebody must agree to them."""

from collections import Counter
from collections.abc import Iterator
from datetime import date

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import PolicyName
from srcnet_compiler.plan.model import Plan
from srcnet_compiler.quantity import round_bytes

LIMIT = "recalledData"
"""What a waiver lifts, for one policy."""


def large_recalls(plan: Plan, federation: Federation, today: date) -> Iterator[Diagnostic]:
    """The policies of whose data the plan recalls more than may be recalled without asking."""
    recalled: Counter[PolicyName] = Counter()
    for change in plan.changes:
        if change.recalls:
            recalled[_policy_of(change.address.name)] += change.recalls
    for name, amount in sorted(recalled.items()):
        policy = federation.policies.get(name)
        if policy is None or policy.recall is None or policy.recall.approval_above is None:
            continue
        lifted = [
            waiver.up_to or 0
            for waiver in federation.waivers
            if (waiver.kind, waiver.what, waiver.of) == ("limit", LIMIT, name)
            and waiver.until >= today
        ]
        allowed = max([int(policy.recall.approval_above), *lifted])
        if amount > allowed:
            yield error(
                Code.OVER_LIMIT,
                f"{round_bytes(amount)} of `{name}` would be recalled; above "
                f"{round_bytes(allowed)} somebody must agree",
                Label(policy.recall.origin.at("approvalAbove"), "the limit"),
                help="have the plan signed that `--out PLAN` saves (`srcnet sign PLAN`), or have a "
                f"`Waiver` with `limit: {LIMIT}` and `upTo` approved",
                subject=name,
            )


def _policy_of(rule: str) -> PolicyName:
    """The policy in what a rule is called: its data set, and `srcnet:POLICY/recall/SITE`."""
    return PolicyName(rule.partition(" srcnet:")[2].partition("/")[0])

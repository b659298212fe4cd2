"""What takes a place away comes after what takes its place.

Rucio skips a subscription of which one expression means nothing, and what arrives meanwhile gets
no rule at all. So an RSE loses what makes rules choose it only when subscriptions no longer ask for
it, or when others stand there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from srcnet_compiler.change import Address, Change
from srcnet_compiler.targets.rucio.diff.objects import address
from srcnet_compiler.targets.rucio.diff.passage import DECIDES_PLACEMENT, facts_after
from srcnet_compiler.targets.rucio.model import Rse, RucioModel, Subscription
from srcnet_compiler.targets.rucio.model.expression import RseFacts
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import WEIGHT, candidates_of

_WEIGHT = f"attribute.{WEIGHT}"


def after_replacements(
    desired: RucioModel, observed: RucioModel, changes: Sequence[Change]
) -> tuple[Change, ...]:
    """The changes, in their order, with what each removal from use must wait for."""
    removals = [change for change in changes if _takes_away(change)]
    if not removals:
        return tuple(changes)
    active = [s for s in observed.subscriptions.values() if _is_ours(desired, s)]
    after = facts_after(desired)

    @cache
    def meant_then(expression: str) -> frozenset[RseName]:
        return candidates_of(expression, after)

    needs_of = _needs_by_address(changes)
    more: dict[Address, tuple[Address, ...]] = {}
    for here in dict.fromkeys(change.address for change in removals):
        found = _replacements(desired, observed, RseName(here.name), active, meant_then, needs_of)
        more[here] = tuple(n for n in dict.fromkeys(found) if not _relies_on(n, here, needs_of))
        needs_of[here] |= {*more[here]}
    return tuple(
        replace(change, needs=tuple(dict.fromkeys((*change.needs, *more[change.address]))))
        if _takes_away(change)
        else change
        for change in changes
    )


def _takes_away(change: Change) -> bool:
    """Whether some rule of ours may choose the RSE no more."""
    return change.address.kind == Rse.kind and any(
        field.before is not None
        and (field.name in DECIDES_PLACEMENT or (field.name == _WEIGHT and field.after is None))
        for field in change.fields
    )


def _is_ours(desired: RucioModel, found: Subscription) -> bool:
    return found.active and found.account == desired.owner and found.policy_in_comment is not None


def _replacements(
    desired: RucioModel,
    observed: RucioModel,
    name: RseName,
    active: Iterable[Subscription],
    meant_then: Callable[[str], frozenset[RseName]],
    changing: Mapping[Address, frozenset[Address]],
) -> Iterator[Address]:
    """The changes of subscriptions that mean the RSE now, and of RSEs that others will mean."""
    there = observed.rses.get(name) or observed.rses.get(desired.renames.get(name, name))
    if there is None:
        return
    now = {name: RseFacts(attributes=there.attributes)}
    for subscription in active:
        expressions = {rule.rse_expression for rule in subscription.rules}
        meant = [text for text in sorted(expressions) if candidates_of(text, now)]
        if meant:
            yield from _among(changing, address(desired, Subscription.kind, subscription.name))
        for text in meant:
            for other in sorted(meant_then(text) - {name}):
                yield from _among(changing, address(desired, Rse.kind, other))


def _among(changing: Mapping[Address, frozenset[Address]], one: Address) -> Iterator[Address]:
    if one in changing:
        yield one


def _needs_by_address(changes: Iterable[Change]) -> dict[Address, frozenset[Address]]:
    found: dict[Address, frozenset[Address]] = {}
    for change in changes:
        found[change.address] = found.get(change.address, frozenset()) | {*change.needs}
    return found


def _relies_on(one: Address, other: Address, needs: Mapping[Address, frozenset[Address]]) -> bool:
    """Whether `one` comes, step by step, after `other`."""
    seen: set[Address] = set()
    ahead = [one]
    while ahead:
        here = ahead.pop()
        if here == other:
            return True
        if here not in seen:
            seen.add(here)
            ahead += needs.get(here, ())
    return False

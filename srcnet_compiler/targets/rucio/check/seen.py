"""What the real server holds that would spoil what is emitted, though no change is about it.

The emitted files alone keep every policy. On the server there may be more: RSEs that nobody
describes and that rules of ours would choose, subscriptions of former plans for the same data.
"""

import re
from collections.abc import Iterator

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error, warning
from srcnet_compiler.federation.notices import likely_move_of_site
from srcnet_compiler.span import Span
from srcnet_compiler.targets.rucio.model import Origins, Protocol, RucioModel, Subscription
from srcnet_compiler.targets.rucio.model.expression import RseFacts
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import SITE, TIER, candidates_of
from srcnet_compiler.targets.rucio.model.subscription import FilterError, disjoint, parse_filter


def check_seen(desired: RucioModel, seen: RucioModel) -> Iterator[Diagnostic]:
    """Errors where a plan would not keep a policy, warnings for what somebody should know."""
    yield from _two_names(desired, seen)
    yield from _strangers(desired, seen)
    yield from _other_subscriptions(desired, seen)
    yield from _closed(desired, seen)
    yield from _other_endpoints(desired, seen)
    yield from _likely_moves(desired, seen)
    yield from _likely_moves_of_sites(desired, seen)


def _two_names(desired: RucioModel, seen: RucioModel) -> Iterator[Diagnostic]:
    for after, before in sorted(desired.renames.items()):
        if {after, before} <= seen.rses.keys():
            yield error(
                Code.RENAME_TAKEN,
                f"`{before}` cannot become `{after}`: both are there, and only one is the area",
                Label(_place(desired.rses[after].origins, "name")),
                help="ask who made the other one; choose another name in `to`, or remove `Moved`",
                subject=after,
            )


def _strangers(desired: RucioModel, seen: RucioModel) -> Iterator[Diagnostic]:
    """RSEs that no spec describes, chosen by expressions of ours all the same.

    Rucio chooses none on which the owner of the rules has no limit: those are others'.
    """
    described = {*desired.rses, *desired.renames.values(), *desired.set_aside}
    allowed = {limit.rse for limit in seen.account_limits.values() if limit.bytes}
    facts = {
        name: RseFacts(attributes=rse.attributes)
        for name, rse in seen.rses.items()
        if name not in described and name in allowed
    }
    by_policy: dict[RseName, set[str]] = {}
    for subscription in desired.subscriptions.values():
        tag = desired.requirements[subscription.name].tag
        for rule in subscription.rules:
            if not rule.comments.startswith(tag):
                continue  # a pin takes what is there, and brings nothing
            weighted = {
                name
                for name in candidates_of(rule.rse_expression, facts)
                if rule.weight is None or rule.weight in facts[name].attributes
            }
            for name in weighted:
                by_policy.setdefault(name, set()).add(subscription.policy)
    for name, policies in sorted(by_policy.items()):
        yield error(
            Code.AREA_NOT_DESCRIBED,
            f"no spec describes `{name}`, and rules of `{'`, `'.join(sorted(policies))}` would "
            "choose it",
            Label(_instance(desired), "on this server"),
            help="describe it again, with `enabled: false` where it is out of use; if it is not of "
            f"SRCNet, its owner can remove its attribute `{TIER}`",
            subject=name,
        )


def _other_subscriptions(desired: RucioModel, seen: RucioModel) -> Iterator[Diagnostic]:
    """Active ones with our comment that no plan of today ends, and that take data of a policy."""
    living = {subscription.policy for subscription in desired.subscriptions.values()}
    wanted = [
        (subscription.policy, parse_filter(dict(subscription.filter)))
        for _, subscription in sorted(desired.subscriptions.items())
    ]
    orphans: set[str] = set()
    for name, found in sorted(seen.subscriptions.items()):
        policy = found.policy_in_comment
        own = found.account == desired.owner
        ends = own and (policy in living or policy in desired.ended)
        if policy is None or ends or not found.active:
            continue
        try:
            here = parse_filter(dict(found.filter))
        except FilterError:
            continue  # it matches nothing
        taken = {other for other, theirs in wanted if not disjoint((here, theirs))}
        if taken:
            yield _takes_the_same(desired, name, found, policy, min(taken))
        elif own:
            orphans.add(policy)
    for policy in sorted(orphans):
        yield warning(
            Code.POLICY_NOT_IN_FORCE,
            f"subscriptions of policy `{policy}` go on, and no policy of this name is in force",
            Label(_instance(desired), "on this server"),
            help="describe it again, or end it with a `Retired` document",
            subject=policy,
        )


def _takes_the_same(
    desired: RucioModel, name: str, found: Subscription, policy: str, taken: str
) -> Diagnostic:
    of = next(s for s in desired.subscriptions.values() if s.policy == taken)
    own = found.account == desired.owner
    say = error if own else warning
    return say(
        Code.POLICIES_OVERLAP,
        f"subscription `{name}` of policy `{policy}`, which is not in force, takes data of "
        f"`{taken}`",
        Label(_place(of.origins, "filter"), "the same data"),
        help=f"put `{policy}` back and end it with a `Retired` document"
        if own
        else f"it is of account `{found.account}`: have it deactivated there",
        subject=taken,
    )


def _closed(desired: RucioModel, seen: RucioModel) -> Iterator[Diagnostic]:
    for name, rse in sorted(desired.rses.items()):
        there = seen.rses.get(name)
        if there and TIER in rse.attributes and there.settings.get("availability_write") is False:
            yield warning(
                Code.CLOSED_FOR_WRITING,
                f"`{name}` counts for copies, and is closed for writing: rules on it will wait",
                Label(_place(rse.origins, "name")),
                help="opening it is the operators'; for long, take it out with `enabled: false`",
                subject=name,
            )


def _other_endpoints(desired: RucioModel, seen: RucioModel) -> Iterator[Diagnostic]:
    for name, rse in sorted(desired.rses.items()):
        there = seen.rses.get(name)
        stated = {protocol.key for protocol in rse.protocols}
        for protocol in there.protocols if there and stated else ():
            if protocol.key not in stated and _is_used(protocol):
                yield warning(
                    Code.ENDPOINT_NOT_DESCRIBED,
                    f"`{name}` is also reached at `{_shown(protocol)}`, which no spec states",
                    Label(_place(rse.origins, f"protocol.{sorted(stated)[0]}", "name")),
                    help="state it as a further endpoint, or have it removed from the server",
                    subject=name,
                )


def _likely_moves(desired: RucioModel, seen: RucioModel) -> Iterator[Diagnostic]:
    """RSEs that would be made where one that no spec describes is already: said, never taken."""
    described = {*desired.rses, *desired.renames.values(), *desired.set_aside}
    for name, rse in sorted(desired.rses.items()):
        if name in seen.rses or desired.renames.get(name) in seen.rses:
            continue
        places = {(protocol.key, protocol.prefix) for protocol in rse.protocols}
        for other, there in sorted(seen.rses.items()):
            if other in described:
                continue
            if places & {(each.key, each.prefix) for each in there.protocols}:
                yield warning(
                    Code.LIKELY_MOVE,
                    f"`{name}` would be made where `{other}` is, which no spec describes",
                    Label(_place(rse.origins, "name")),
                    help=f"where it is the same storage, say that `{other}` is its `nameToday`, and"
                    f" rename it by a document `kind: Moved` with `from: {other}, to: {name}`",
                    subject=name,
                )


def _likely_moves_of_sites(desired: RucioModel, seen: RucioModel) -> Iterator[Diagnostic]:
    """Sites that the server knows by a name that none has now: said, never taken for the same."""
    described = {rse.attributes.get(SITE) for rse in desired.rses.values()}
    moved: dict[tuple[str, str, str], list[RseName]] = {}
    for name, rse in sorted(desired.rses.items()):
        there = seen.rses.get(desired.renames.get(name, name)) or seen.rses.get(name)
        before, after = there and there.attributes.get(SITE), rse.attributes.get(SITE)
        if before and after and before not in described:
            moved.setdefault((str(before), str(after), rse.site), []).append(name)
    for (before, after, site), names in moved.items():
        which = f"`{names[0]}`" + (f" and {len(names) - 1} more" if names[1:] else "")
        yield warning(
            Code.LIKELY_MOVE,
            f"the site of {which} is `{before}` on the server, of which no spec has storage, and"
            f" would become `{after}`",
            Label(_place(desired.rses[names[0]].origins, f"attribute.{SITE}")),
            help=likely_move_of_site(site, before),
            subject=site,
        )


def _shown(protocol: Protocol) -> str:
    """Without what may be a secret in front of the host."""
    return re.sub(r"//[^/]*@", "//…@", protocol.key)


def _is_used(protocol: Protocol) -> bool:
    """Whether it has a priority for anything."""
    return any(any(priorities.values()) for priorities in protocol.domains.values())


def _place(origins: Origins, *keys: str) -> Span:
    return next(origins[key][0] for key in keys if origins.get(key))


def _instance(desired: RucioModel) -> Span:
    return desired.origins["instance"][0]

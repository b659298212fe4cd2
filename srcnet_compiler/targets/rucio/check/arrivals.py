"""The rules of arrival that count for nothing, worked out anew from the specs: the pin, which holds
what comes in where it comes in, and copies for some time."""

from collections import Counter
from collections.abc import Iterator, Mapping

from srcnet_compiler.federation.data_policy import DataPolicy
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import AreaName
from srcnet_compiler.targets.rucio.model import RucioModel, Subscription
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import SITE, TIER


def check_pin(
    policy: DataPolicy,
    subscription: Subscription,
    desired: RucioModel,
    federation: Federation,
    meant: Mapping[str, frozenset[RseName]],
) -> Iterator[str]:
    """Why a subscription does not hold all that arrives, or would hold it elsewhere, in words."""
    there = _receiving(policy, desired, federation)
    pins = [rule for rule in subscription.rules if rule.is_pin]
    if there and not pins:
        yield "nothing holds what arrives until it has its copies"
    for pin in pins:
        held = meant[pin.rse_expression]
        if held - there:
            yield f"what arrives may be held on {_listed(held - there)}, where none of it comes in"
        if there - held:
            yield f"what comes in on {_listed(there - held)} is not held there"


def _receiving(
    policy: DataPolicy, desired: RucioModel, federation: Federation
) -> frozenset[RseName]:
    """The ingest areas of the policy's countries, by their names on the server."""
    found = set()
    for area in federation.areas.values():
        if area.role == "ingest" and area.country in policy.ingest:
            move = federation.moved.get(area.name)
            name = RseName(move.after if move else area.name_today)
            rse = desired.rses.get(name)
            if rse is not None and rse.site == area.site and area.environment == "production":
                found.add(name)
    return frozenset(found)


def check_extras(
    policy: DataPolicy,
    subscription: Subscription,
    desired: RucioModel,
    federation: Federation,
    meant: Mapping[str, frozenset[RseName]],
) -> Iterator[str]:
    """Why a copy for some time might count, or stay, or stand elsewhere; and why one that counts
    might end by itself."""
    tag = f"srcnet:{policy.name}/extra/"
    wanted: Counter[tuple[str, int | None]] = Counter(
        (federation.sites[site].known_as, extra.keep)
        for extra in policy.extras
        for site in extra.sites
    )
    caches = {area.name_today for area in federation.areas.values() if area.role == "cache"}
    caches |= {m.after for m in federation.moved.values() if _is_cache(federation, m.area)}
    for rule in subscription.rules:
        if not rule.comments.startswith(tag):
            if rule.lifetime is not None:
                yield f"`{rule.comments}` would end by itself, and counts"
            continue
        if rule.lifetime is None or rule.lifetime <= 0:
            yield f"`{rule.comments}` has no end"
        held = meant[rule.rse_expression]
        others = {n for n in held if n not in caches or TIER in desired.rses[n].attributes}
        if others:
            yield f"`{rule.comments}` may stand on {_listed(frozenset(others))}, which is no cache"
        sites = {str(desired.rses[name].attributes.get(SITE)) for name in held}
        wanted.subtract((site, rule.lifetime) for site in sites)
        if len(sites) != 1 or rule.copies != 1:
            yield f"`{rule.comments}` is not one copy at one site"
    if any(wanted.values()):
        yield "the copies for some time are not those that the policy asks for"


def _is_cache(federation: Federation, name: AreaName) -> bool:
    return federation.areas[name].role == "cache"


def _listed(names: frozenset[RseName]) -> str:
    return ", ".join(sorted(names))

"""Whether what comes in is held where it comes in: the pin, worked out anew from the specs."""

from collections.abc import Iterator, Mapping

from srcnet_compiler.federation.model import DataPolicy, Federation
from srcnet_compiler.targets.rucio.model import RucioModel, Subscription
from srcnet_compiler.targets.rucio.model.names import RseName


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


def _listed(names: frozenset[RseName]) -> str:
    return ", ".join(sorted(names))

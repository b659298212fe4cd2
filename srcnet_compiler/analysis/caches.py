"""Copies that may vanish by themselves: they count for nothing, and no policy rests on them."""

from collections.abc import Iterator

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Severity, error
from srcnet_compiler.federation.data_policy import DataPolicy, Phase
from srcnet_compiler.federation.model import Federation, StorageArea

EXTRA = "extra"
"""What copies for some time are called in Rucio, in the place of a phase."""


def check_tiers_that_count(federation: Federation) -> Iterator[Diagnostic]:
    """Tiers that may drop files and are counted all the same: Rucio keeps no lock there."""
    for tier in federation.tiers.values():
        if tier.volatile and tier.counts:
            counts = (
                (Label(tier.origin.at("counts"), "copies there count"),)
                if tier.origin.has("counts")
                else ()
            )
            yield error(
                Code.COPIES_ON_CACHE,
                f"tier `{tier.name}` may drop files by itself, and its copies would count",
                Label(tier.origin.at("volatile"), "what is here may be gone tomorrow"),
                *counts,
                help="write `counts: false`, or leave `volatile` out where nothing is ever dropped",
                subject=tier.name,
            )


def rests_on_cache(federation: Federation, phase: Phase) -> bool:
    """Whether the phase asks for copies on a tier that counts for nothing."""
    return any(not federation.tiers[copies.tier].counts for copies in phase.copies)


def check_copies(
    federation: Federation, policy: DataPolicy, phase: Phase, severity: Severity
) -> Iterator[Diagnostic]:
    """Copies that a phase asks for where none counts."""
    for copies in phase.copies:
        tier = federation.tiers[copies.tier]
        if not tier.counts:
            yield Diagnostic(
                Code.COPIES_ON_CACHE,
                severity,
                f"phase `{phase.name}` of `{policy.name}` rests on tier `{tier.name}`, whose "
                "copies do not count",
                (
                    Label(copies.origin.at("tier")),
                    Label(tier.origin.at("counts"), "so they are no copies that a policy can have"),
                ),
                help="ask for copies on a tier that counts; caches fill by themselves",
                subject=policy.name,
            )


def takes_extras(federation: Federation, area: StorageArea) -> bool:
    """Whether copies for some time may stand on it: a cache that drops nothing by itself, in use
    and of known size."""
    return (
        area.role == "cache"
        and area.environment == "production"
        and not area.adopted
        and area.enabled
        and not area.retired
        and bool(area.endpoints)
        and bool(area.pledged)
        and not federation.tiers[area.tier].volatile
        and not federation.holds_back(area.drafts, area.name, area.site)
    )


def check_extras(
    federation: Federation, policy: DataPolicy, severity: Severity
) -> Iterator[Diagnostic]:
    """Sites that can take no copy for some time, and phases whose rules would bear its name."""
    for extra in policy.extras:
        for index, name in enumerate(extra.sites):
            areas = [area for area in federation.areas.values() if area.site == name]
            if not any(takes_extras(federation, area) for area in areas):
                yield Diagnostic(
                    Code.NO_EXTRA_AREA,
                    severity,
                    f"`{policy.name}` wants a copy for some time at `{name}`, where no cache can "
                    "take one",
                    (
                        Label(extra.origin.at("at", index)),
                        *(
                            Label(area.origin.at("name"), "it is this cache that does not do")
                            for area in areas
                            if area.role == "cache"
                        ),
                    ),
                    help="it needs an area of role `cache` that is in use, with a size and "
                    "endpoints, on a tier that drops nothing by itself; or leave the site out",
                    subject=policy.name,
                )
    for phase in policy.phases:
        if policy.extras and phase.name == EXTRA:
            yield Diagnostic(
                Code.RESERVED_NAME,
                severity,
                f"a phase cannot be called `{EXTRA}`: so are the copies of `also`",
                (Label(phase.origin.at("name")),),
                help="call it otherwise",
                subject=policy.name,
            )

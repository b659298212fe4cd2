"""Copies that may vanish by themselves: they count for nothing, and no policy rests on them."""

from collections.abc import Iterator

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Severity, error
from srcnet_compiler.federation.model import DataPolicy, Federation, Phase


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

"""Whether copies where they are keep what a phase asks for, and which of them do."""

from collections.abc import Iterable, Sequence

from srcnet_compiler.analysis.placement import domain_of
from srcnet_compiler.federation.data_policy import Phase
from srcnet_compiler.federation.model import StorageArea
from srcnet_compiler.names import TierName


def kept(phase: Phase, there: Sequence[StorageArea]) -> tuple[StorageArea, ...]:
    """As many of the copies as can be of use together: on the tiers asked for, and apart.

    The first ones are preferred. Fewer than the phase asks for: the others are missing.
    """
    usable = [area for area in there if area.counts and _has_domain(area, phase.apart)]
    copies = [copies.tier for copies in phase.copies for _ in range(copies.count)]
    taken: dict[str, tuple[int, StorageArea]] = {}
    """By domain, which copy is there and where."""

    def settle(copy: int, asked: set[str]) -> bool:
        for area in usable:
            domain = _domain(area, phase.apart)
            if area.tier != copies[copy] or domain in asked:
                continue
            asked.add(domain)
            if domain not in taken or settle(taken[domain][0], asked):
                taken[domain] = (copy, area)
                return True
        return False

    for copy in range(len(copies)):
        settle(copy, set())
    useful = {area.name for _, area in taken.values()}
    return tuple(area for area in usable if area.name in useful)


def missing(phase: Phase, useful: Iterable[StorageArea]) -> list[TierName]:
    """The tiers on which copies are missing beside those that `kept` found."""
    left = [copies.tier for copies in phase.copies for _ in range(copies.count)]
    for area in useful:
        left.remove(area.tier)
    return left


def _has_domain(area: StorageArea, apart: str) -> bool:
    return apart != "region" or area.region is not None


def _domain(area: StorageArea, apart: str) -> str:
    """Where copies need only be on different areas, each area is a domain."""
    return domain_of(area, apart) or area.name

"""Which failure domains hold the copies of each data set, and what share each area gets.

A policy asks for copies that are apart: in different regions, sites or areas, its *domains*. Data
sets fall into `BUCKETS` by the end of their name; for each bucket the domains of all copies are
fixed here, so that whatever is chosen inside a domain keeps the copies apart. Domains are drawn by
systematic sampling in proportion to what they pledge: always distinct, shares within one bucket of
the pledge's, and at most as many different draws as there are domains.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from itertools import accumulate
from math import lcm
from typing import TypeAlias

from srcnet_compiler.federation.data_policy import DataPolicy, Phase
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.names import AreaName, PolicyName, TierName

BUCKETS = 100


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One copy: on which tier, in which domain."""

    tier: TierName
    domain: str


@dataclass(frozen=True, slots=True)
class Draw:
    """The slots of every data set in `buckets`."""

    slots: tuple[Slot, ...]
    buckets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PhasePlacement:
    """Where one phase puts its copies; no `draws` when there are too few domains.

    `domains` holds the eligible areas of every slot that could be drawn; `shares` the expected
    fraction of the policy's volume on each area, so that they add up to the number of copies.
    """

    policy: PolicyName
    phase: Phase
    draws: tuple[Draw, ...]
    domains: Mapping[Slot, tuple[StorageArea, ...]]
    shares: Mapping[AreaName, Fraction]


def place(federation: Federation) -> Iterator[PhasePlacement]:
    """One placement per phase of each policy that has not ended, in order of name."""
    areas = eligible(federation)
    for policy in federation.policies.values():
        if not policy.retired:
            yield from (_place_phase(policy, phase, areas) for phase in policy.phases)


def eligible(federation: Federation) -> tuple[StorageArea, ...]:
    """The areas that may hold copies that count: agreed, in production, of known size."""
    return tuple(
        area
        for area in federation.areas.values()
        if area.counts
        and area.pledged
        and area.endpoints
        and area.region is not None
        and not federation.holds_back(area.drafts, area.name, area.site)
    )


def domain_of(area: StorageArea, apart: str) -> str:
    """The domain of `area` when copies are `apart` by region, site or area; a site by the name that
    systems know, so that data stay where they are when the specs call it otherwise.

    Where copies need only be in different areas there is one domain, called by the empty text:
    whoever chooses several areas in it chooses different ones.
    """
    return {"region": str(area.region), "site": area.site_known_as, "area": ""}[apart]


def _place_phase(policy: DataPolicy, phase: Phase, areas: Iterable[StorageArea]) -> PhasePlacement:
    domains: dict[Slot, list[StorageArea]] = defaultdict(list)
    wanted = {copies.tier for copies in phase.copies}
    for area in areas:
        if area.tier in wanted:
            domains[Slot(area.tier, domain_of(area, phase.apart))].append(area)
    weights = {slot: sum(area.pledged or 0 for area in held) for slot, held in domains.items()}
    fixed = {slot: tuple(held) for slot, held in sorted(domains.items())}
    draws = _draw_areas(phase, fixed) if phase.apart == "area" else _draws(phase, weights)
    return PhasePlacement(policy.name, phase, draws, fixed, _shares(draws, fixed))


def _draw_areas(phase: Phase, domains: Mapping[Slot, tuple[StorageArea, ...]]) -> tuple[Draw, ...]:
    """The same for every bucket: as many copies as asked, somewhere on the tier."""
    asked: dict[TierName, int] = defaultdict(int)
    for copies in phase.copies:
        asked[copies.tier] += copies.count
    slots = [Slot(tier, "") for tier, count in sorted(asked.items()) for _ in range(count)]
    enough = all(len(domains.get(Slot(tier, ""), ())) >= n for tier, n in asked.items())
    return (Draw(tuple(slots), tuple(range(BUCKETS))),) if enough else ()


Weights: TypeAlias = Mapping[TierName, Mapping[str, int]]
"""What the domains of each tier pledge together."""


def _draws(phase: Phase, weights: Mapping[Slot, int]) -> tuple[Draw, ...]:
    counts: dict[TierName, int] = defaultdict(int)
    for copies in phase.copies:
        counts[copies.tier] += copies.count
    of_tier = {tier: {s.domain: w for s, w in weights.items() if s.tier == tier} for tier in counts}
    if not _suffice(of_tier, counts, frozenset()):
        return ()
    by_slots: dict[tuple[Slot, ...], list[int]] = defaultdict(list)
    for bucket, slots in enumerate(_deal(of_tier, counts)):
        by_slots[tuple(sorted(slots))].append(bucket)
    return tuple(Draw(slots, tuple(buckets)) for slots, buckets in sorted(by_slots.items()))


def _deal(of_tier: Weights, counts: Mapping[TierName, int]) -> Iterator[list[Slot]]:
    """For each bucket the slots of all tiers, by sampling of the tier with the fewest domains.

    The other tiers take what was drawn least for its share. No tier takes what another one cannot
    do without.
    """
    order = sorted(counts, key=lambda tier: (len(of_tier[tier]), tier))
    first = sample(of_tier[order[0]], counts[order[0]])
    if len(order) == 1:
        yield from ([Slot(order[0], domain) for domain in domains] for domains in first)
        return
    shares = {
        Slot(tier, domain): share
        for tier in order
        for domain, share in inclusion(of_tier[tier], counts[tier]).items()
    }
    whole = lcm(*(share.denominator for share in shares.values()))
    mine = {tier: [slot for slot in shares if slot.tier == tier] for tier in order}
    whole_shares = {slot: int(share * whole) for slot, share in shares.items()}
    ahead = dict.fromkeys(shares, 0)
    suffice = cache(partial(_suffice_for, of_tier))
    for sampled in first:
        for slot, share in whole_shares.items():
            ahead[slot] -= share
        slots: list[Slot] = []
        left = dict(counts)
        for tier in order:
            wanted = sampled if tier == order[0] else ()
            for slot in sorted(mine[tier], key=lambda s: (s.domain not in wanted, ahead[s], s)):
                taken = frozenset(slot.domain for slot in slots)
                rest = {**left, tier: left[tier] - 1}
                free = left[tier] > 0 and slot.domain not in taken
                if free and suffice(tuple(rest.items()), taken | {slot.domain}):
                    slots.append(slot)
                    ahead[slot] += whole
                    left = rest
        yield slots


def _suffice_for(
    of_tier: Weights, counts: tuple[tuple[TierName, int], ...], taken: frozenset[str]
) -> bool:
    return _suffice(of_tier, dict(counts), taken)


def _suffice(of_tier: Weights, counts: Mapping[TierName, int], taken: frozenset[str]) -> bool:
    """Whether all tiers can have as many domains as they need, none twice, and none of `taken`.

    Each copy asks for a domain; one that is held is given up where its holder finds another.
    """
    holders: dict[str, tuple[TierName, int]] = {}

    def find(copy: tuple[TierName, int], asked: set[str]) -> bool:
        for domain in of_tier[copy[0]]:
            if domain not in taken and domain not in asked:
                asked.add(domain)
                if domain not in holders or find(holders[domain], asked):
                    holders[domain] = copy
                    return True
        return False

    return all(find((tier, n), set()) for tier, count in counts.items() for n in range(count))


def inclusion(weights: Mapping[str, int], count: int) -> dict[str, Fraction]:
    """The probability of each domain to be among the `count` drawn: min(1, λ·weight).

    They add up to `count`. Every weight is positive and there are at least `count` domains.
    """
    shares: dict[str, Fraction] = {}
    left, total = count, sum(weights.values())
    for domain, weight in sorted(weights.items(), key=lambda item: (-item[1], item[0])):
        share = min(Fraction(1), Fraction(left * weight, total)) if total else Fraction(0)
        shares[domain] = share
        if share == 1:
            left, total = left - 1, total - weight
    return shares


def sample(weights: Mapping[str, int], count: int) -> list[tuple[str, ...]]:
    """For each bucket `count` distinct domains.

    The shares lie on a line of length `count`; bucket b takes those at (b+½)/BUCKETS, one further,
    and so on.
    """
    shares = inclusion(weights, count)
    domains = sorted(shares)
    ends = list(accumulate(shares[domain] for domain in domains))
    positions = (Fraction(2 * bucket + 1, 2 * BUCKETS) for bucket in range(BUCKETS))
    return [
        tuple(sorted(domains[bisect_right(ends, first + step)] for step in range(count)))
        for first in positions
    ]


def _shares(
    draws: Iterable[Draw], domains: Mapping[Slot, tuple[StorageArea, ...]]
) -> dict[AreaName, Fraction]:
    shares: dict[AreaName, Fraction] = defaultdict(Fraction)
    for draw in draws:
        for slot, count in Counter(draw.slots).items():
            weights: dict[str, int] = {a.name: a.pledged or 0 for a in domains[slot]}
            for name, part in inclusion(weights, count).items():
                shares[AreaName(name)] += part * Fraction(len(draw.buckets), BUCKETS)
    return dict(sorted(shares.items()))

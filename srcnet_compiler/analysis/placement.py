"""Which failure domains hold the copies of each data set, and what share each area gets.

A policy asks for copies that are apart: in different regions, sites or areas, its *domains*. Data
sets fall into `BUCKETS` by the end of their name; for each bucket the domains of all copies are
fixed here, so that whatever is chosen inside a domain keeps the copies apart. Domains are drawn by
systematic sampling in proportion to what they pledge: always distinct, shares within one bucket of
the pledge's, and at most as many different draws as there are domains.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from srcnet_compiler.federation.model import DataPolicy, Federation, Phase, StorageArea
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
        and (not area.drafts or federation.waives_drafts(area.name, area.site))
    )


def domain_of(area: StorageArea, apart: str) -> str:
    """The domain of `area` when copies are `apart` by region, site or area.

    Where copies need only be in different areas there is one domain, called by the empty text:
    whoever chooses several areas in it chooses different ones.
    """
    return {"region": str(area.region), "site": area.site, "area": ""}[apart]


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


def _draws(phase: Phase, weights: Mapping[Slot, int]) -> tuple[Draw, ...]:
    """The tier with the fewest domains is drawn first; the others avoid what it took."""
    counts: dict[TierName, int] = defaultdict(int)
    for copies in phase.copies:
        counts[copies.tier] += copies.count
    of_tier = {tier: {s.domain: w for s, w in weights.items() if s.tier == tier} for tier in counts}
    taken: list[tuple[Slot, ...]] = [()] * BUCKETS
    for tier in sorted(counts, key=lambda t: (len(of_tier[t]), t)):
        chosen = _draw_tier(of_tier[tier], counts[tier], taken)
        if chosen is None:
            return ()
        taken = [
            (*slots, *(Slot(tier, domain) for domain in domains))
            for slots, domains in zip(taken, chosen, strict=True)
        ]
    by_slots: dict[tuple[Slot, ...], list[int]] = defaultdict(list)
    for bucket, slots in enumerate(taken):
        by_slots[tuple(sorted(slots))].append(bucket)
    return tuple(Draw(slots, tuple(buckets)) for slots, buckets in sorted(by_slots.items()))


def _draw_tier(
    weights: Mapping[str, int], count: int, taken: Sequence[tuple[Slot, ...]]
) -> list[tuple[str, ...]] | None:
    if not any(taken):
        return sample(weights, count) if len(weights) >= count else None
    shares = inclusion(weights, min(count, len(weights)))
    drawn: dict[str, int] = dict.fromkeys(weights, 0)
    result: list[tuple[str, ...]] = []
    for bucket, slots in enumerate(taken):
        free = sorted(set(weights) - {slot.domain for slot in slots})
        if len(free) < count:
            return None
        free.sort(key=lambda domain: drawn[domain] - shares[domain] * (bucket + 1))
        for domain in free[:count]:
            drawn[domain] += 1
        result.append(tuple(sorted(free[:count])))
    return result


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
    ends: list[tuple[Fraction, str]] = []
    end = Fraction(0)
    for domain in sorted(shares):
        end += shares[domain]
        ends.append((end, domain))
    return [
        tuple(
            sorted(_at(ends, Fraction(2 * bucket + 1, 2 * BUCKETS) + step) for step in range(count))
        )
        for bucket in range(BUCKETS)
    ]


def _at(ends: Sequence[tuple[Fraction, str]], position: Fraction) -> str:
    return next(domain for end, domain in ends if position < end)


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

"""What a phase demands of the areas that hold a data set, and where two demands differ.

A placement is a set of areas. It keeps a demand if each copy that is asked for can be told to stand
in a domain of its own. By Hall's theorem it does not exactly if for some tiers together it has
fewer domains than copies are asked for on them. So a placement that keeps one demand and not
another is found by opening, for each such group of tiers, one domain less than the other demand
needs; domains that offer the same are tried once.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import NamedTuple

from srcnet_compiler.analysis.placement import Slot, domain_of, eligible
from srcnet_compiler.federation.data_policy import Copies
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import AreaName, TierName


@dataclass(frozen=True, slots=True)
class Demand:
    """Copies by tier, in order of tier, all apart by region, site or area."""

    counts: tuple[tuple[TierName, int], ...]
    apart: str

    @property
    def count(self) -> int:
        """How many copies are asked for in all."""
        return sum(count for _, count in self.counts)


NOTHING = Demand((), "area")
"""What is asked for data that no policy is about."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A demand, and what each area that can keep a part of it is to it."""

    demand: Demand
    spots: Mapping[AreaName, Slot]


@dataclass(frozen=True, slots=True)
class Lack:
    """What a placement has too little of: on these tiers together `has` domains of `needs`."""

    tiers: tuple[TierName, ...]
    has: int
    needs: int
    apart: str


@dataclass(frozen=True, slots=True)
class Witness:
    """A placement that keeps one demand, and what it lacks of another."""

    areas: tuple[AreaName, ...]
    lack: Lack


def demand_of(copies: Iterable[Copies], apart: str) -> Demand:
    """However the copies are written; how far apart a single one is means nothing."""
    counts: Counter[TierName] = Counter()
    for each in copies:
        counts[each.tier] += each.count
    asked = tuple(sorted((+counts).items()))
    return Demand(asked, apart if counts.total() > 1 else "area")


def asked_in(federation: Federation, demand: Demand) -> Asked:
    """The demand over the areas that may hold copies that count."""
    tiers = {tier for tier, _ in demand.counts}
    return Asked(
        demand,
        {
            area.name: Slot(area.tier, domain_of(area, demand.apart) or area.name)
            for area in eligible(federation)
            if area.tier in tiers
        },
    )


def can_be_kept(asked: Asked) -> bool:
    """Whether there is any placement that keeps it."""
    return len(_kept(asked.demand, asked.spots, asked.spots)) == asked.demand.count


def lack(asked: Asked, placement: Iterable[AreaName]) -> Lack | None:
    """What a placement has too little of; None where it keeps what is asked."""
    held = {asked.spots[name] for name in placement if name in asked.spots}
    for tiers, needs in _groups(asked.demand):
        has = len({slot.domain for slot in held if slot.tier in tiers})
        if has < needs:
            return Lack(tiers, has, needs, asked.demand.apart)
    return None


def witness(kept: Asked, broken: Asked, areas: Iterable[AreaName]) -> Witness | None:
    """A smallest placement on `areas` that keeps the one and breaks the other; None: there is
    none, so that whatever keeps the one keeps the other."""
    known = frozenset(areas)
    usable = {name: kept.spots[name] for name in sorted(kept.spots.keys() & known)}
    for tiers, needs in _groups(broken.demand):
        found = _sparing(kept.demand, usable, _parts(usable, broken, tiers), needs - 1)
        if found is not None:
            lacking = lack(broken, found)
            assert lacking is not None
            return Witness(found, lacking)
    return None


def _groups(demand: Demand) -> Iterator[tuple[tuple[TierName, ...], int]]:
    """Tiers that are looked at together, each group with the copies that it asks for."""
    counts = dict(demand.counts)
    sizes = range(1, len(counts) + 1)
    for tiers in chain.from_iterable(combinations(counts, size) for size in sizes):
        yield tiers, sum(counts[tier] for tier in tiers)


class _Parts(NamedTuple):
    """Areas of which the other demand sees nothing, and the others by the domain that it sees."""

    unseen: tuple[AreaName, ...]
    seen: tuple[tuple[AreaName, ...], ...]


def _parts(usable: Mapping[AreaName, Slot], broken: Asked, tiers: Sequence[TierName]) -> _Parts:
    unseen: list[AreaName] = []
    seen: dict[str, list[AreaName]] = defaultdict(list)
    for name in usable:
        slot = broken.spots.get(name)
        if slot is None or slot.tier not in tiers:
            unseen.append(name)
        else:
            seen[slot.domain].append(name)
    return _Parts(tuple(unseen), tuple(tuple(names) for names in seen.values()))


def _sparing(
    demand: Demand, usable: Mapping[AreaName, Slot], parts: _Parts, most: int
) -> tuple[AreaName, ...] | None:
    """A placement that keeps the demand with areas of at most so many of the domains."""
    alike: dict[object, list[tuple[AreaName, ...]]] = defaultdict(list)
    homes = _homes(usable, parts)
    for names in parts.seen:
        alike[_offer(usable, names, homes)].append(names)
    kinds = sorted(alike.values())
    alone = [len(_kept(demand, usable, kind[0])) for kind in kinds]

    def search(
        opened: tuple[AreaName, ...], kind: int, used: int, left: int
    ) -> tuple[AreaName, ...] | None:
        found = _kept(demand, usable, (*parts.unseen, *opened))
        if len(found) == demand.count:
            return tuple(sorted(found))
        if len(found) + left * max(alone[kind:], default=0) < demand.count:
            return None
        for number in range(kind, len(kinds)):
            index = used if number == kind else 0
            if left and index < len(kinds[number]):
                more = (*opened, *kinds[number][index])
                deeper = search(more, number, index + 1, left - 1)
                if deeper is not None:
                    return deeper
        return None

    return search((), 0, 0, most)


def _homes(usable: Mapping[AreaName, Slot], parts: _Parts) -> Counter[str]:
    """In how many of the parts each of the demand's own domains has areas."""
    return Counter(
        domain
        for names in (*((name,) for name in parts.unseen), *parts.seen)
        for domain in {usable[name].domain for name in names}
    )


def _offer(
    usable: Mapping[AreaName, Slot], names: Iterable[AreaName], homes: Mapping[str, int]
) -> object:
    """What a part gives to the demand; domains that nothing else is in go without their names."""
    tiers: dict[str, set[TierName]] = defaultdict(set)
    for name in names:
        tiers[usable[name].domain].add(usable[name].tier)
    offers = sorted(
        ("" if homes[domain] == 1 else domain, tuple(sorted(held)))
        for domain, held in tiers.items()
    )
    return tuple(offers)


def _kept(
    demand: Demand, usable: Mapping[AreaName, Slot], names: Iterable[AreaName]
) -> tuple[AreaName, ...]:
    """The areas of as many copies of the demand as these can hold together.

    Each copy asks for a domain; one that is held is given up where its holder finds another.
    """
    offers: dict[TierName, dict[str, AreaName]] = defaultdict(dict)
    for name in names:
        offers[usable[name].tier].setdefault(usable[name].domain, name)
    holders: dict[str, TierName] = {}

    def find(tier: TierName, asked: set[str]) -> bool:
        for domain in offers[tier]:
            if domain not in asked:
                asked.add(domain)
                if domain not in holders or find(holders[domain], asked):
                    holders[domain] = tier
                    return True
        return False

    for tier, count in demand.counts:
        for _ in range(count):
            find(tier, set())
    return tuple(offers[tier][domain] for domain, tier in holders.items())

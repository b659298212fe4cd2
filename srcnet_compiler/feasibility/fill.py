"""Who fills up when, and what passes each uplink, as the compiler places copies."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from srcnet_compiler.analysis.capacity import Demand, is_draft, pledging
from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.analysis.transfers import carries, incoming, over_the_network
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import AreaName, PolicyName
from srcnet_compiler.span import Span

Yearly = Mapping[int, Fraction]


@dataclass(frozen=True, slots=True)
class Filling:
    """What an area, a tier or an uplink has, and what is asked of it by year, in bytes: by what is
    agreed, and by all. `place`: where the specs give what it has, `asked`: where what arrives."""

    name: str
    there: Fraction
    place: Span | None
    agreed: Yearly
    all: Yearly
    asked: tuple[Span, ...] = ()

    def full(self, *, drafts: bool) -> int | None:
        """The first year in which more is asked than there is."""
        asked = self.all if drafts else self.agreed
        return next((year for year in sorted(asked) if asked[year] > self.there), None)


def areas(federation: Federation, analysis: Analysis) -> tuple[Filling, ...]:
    """Every area that copies are put on, with what lies within it; the first to be full first."""
    agreed: dict[AreaName, dict[int, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    everything: dict[AreaName, dict[int, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    asked: dict[AreaName, dict[PolicyName, None]] = defaultdict(dict)
    for load in analysis.loads:
        for name in federation.around(load.area):
            asked[name] |= {load.policy: None}
            everything[name][load.year] += load.expected
            if not is_draft(federation, load.policy, load.year):
                agreed[name][load.year] += load.expected
    found = []
    for name in everything:
        area = federation.areas[name]
        key = "pledged" if area.origin.has("pledged") else "capacity"
        place = area.origin.at(key)
        pledged = Fraction(area.pledged or 0)
        yearly = dict(agreed[name]), dict(everything[name])
        found.append(Filling(name, pledged, place, *yearly, _volumes(federation, asked[name])))
    return tuple(sorted(found, key=_soonest))


def _soonest(filling: Filling) -> tuple[int, int, str]:
    never = 9999
    soon, later = filling.full(drafts=False), filling.full(drafts=True)
    return soon or never, later or never, filling.name


def tiers(federation: Federation, analysis: Analysis) -> tuple[Filling, ...]:
    """Every tier that something is asked of, in order of name."""
    pledged: dict[str, Fraction] = defaultdict(Fraction)
    for area in pledging(federation):
        pledged[area.tier] += area.pledged or 0
    agreed = [d for d in analysis.demands if not is_draft(federation, d.policy, d.year)]
    by_tier, of_agreed = _by_tier(analysis.demands), _by_tier(agreed)
    return tuple(
        Filling(
            tier,
            pledged[tier],
            federation.origin.at("tiers", tier),
            of_agreed.get(tier, {}),
            asked,
            _volumes(federation, [d.policy for d in analysis.demands if d.tier == tier]),
        )
        for tier, asked in sorted(by_tier.items())
    )


def _volumes(federation: Federation, names: Iterable[PolicyName]) -> tuple[Span, ...]:
    """Where it stands how much arrives of these."""
    policies = (federation.policies[name] for name in dict.fromkeys(names))
    return tuple(policy.origin.at("volume") for policy in policies)


def _by_tier(demands: Sequence[Demand]) -> dict[str, dict[int, Fraction]]:
    found: dict[str, dict[int, Fraction]] = {}
    for demand in demands:
        if demand.amount:
            years = found.setdefault(demand.tier, {})
            years[demand.year] = years.get(demand.year, Fraction(0)) + demand.amount
    return found


def uplinks(federation: Federation, analysis: Analysis) -> tuple[Filling, ...]:
    """For every site of known uplink what comes in at least in a year, and what passes in one."""
    remote = tuple(over_the_network(federation, analysis.loads))
    agreed = incoming(federation, remote, drafts=False)
    everything = incoming(federation, remote, drafts=True)
    return tuple(
        Filling(
            site.name,
            carries(site.uplink),
            site.origin.at("network", "srcnet"),
            _sum(agreed, site.areas),
            _sum(everything, site.areas),
            _volumes(federation, [load.policy for load in remote if load.area in site.areas]),
        )
        for site in federation.sites.values()
        if site.uplink is not None
    )


def _sum(come: Mapping[AreaName, Yearly], names: Sequence[AreaName]) -> Yearly:
    found: dict[int, Fraction] = defaultdict(Fraction)
    for name in names:
        for year, amount in come.get(name, {}).items():
            found[year] += amount
    return dict(found)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that the specs do not say, so that nothing was held against it; of whom."""

    what: str
    of: tuple[str, ...]


def unknowns(federation: Federation, analysis: Analysis) -> Iterator[Unknown]:
    """What nobody has said, where it has anybody."""
    with_data = {load.area for load in analysis.loads}
    holding = {federation.areas[name].site for name in with_data}
    archives = {tier.name for tier in federation.tiers.values() if tier.archive}
    policies = [policy for policy in federation.policies.values() if not policy.retired]
    found = (
        Unknown(
            "the uplink of a site that holds copies",
            tuple(s for s in sorted(holding) if federation.sites[s].uplink is None),
        ),
        Unknown(
            "the throughput of an archive",
            tuple(
                area.name
                for area in federation.areas.values()
                if area.tier in archives and area.throughput is None
            ),
        ),
        Unknown(
            "the size of a storage area",
            tuple(a.name for a in federation.areas.values() if a.counts and a.pledged is None),
        ),
        Unknown("how much arrives", tuple(p.name for p in policies if not p.volumes)),
        Unknown(
            "how much is recalled",
            tuple(p.name for p in policies if p.recall is not None and p.recall.rate is None),
        ),
        Unknown(
            "a place where data come in",
            tuple(p.name for p in policies if p.ingest and not _has_ingest(federation, p.name)),
        ),
    )
    return (unknown for unknown in found if unknown.of)


def _has_ingest(federation: Federation, name: PolicyName) -> bool:
    countries = federation.policies[name].ingest
    return any(
        area.role == "ingest" and area.country in countries and area.enabled
        for area in federation.areas.values()
    )

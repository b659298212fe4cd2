"""Policies that ask for the same, put together: 2,000 of them are a dozen questions."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from srcnet_compiler.analysis.capacity import arrivals, is_draft
from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.feasibility.model import Ask, Cohort, Group, Source
from srcnet_compiler.federation.data_policy import DataPolicy
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import AreaName, PolicyName, SiteName, TierName


def groups(
    federation: Federation, analysis: Analysis, years: Sequence[int], *, drafts: bool
) -> tuple[Group, ...]:
    """All policies that bring data, or only what is agreed of them, in order of their names."""
    members: dict[object, list[tuple[DataPolicy, tuple[Cohort, ...]]]] = defaultdict(list)
    ingest = _ingest(federation)
    for policy in federation.policies.values():
        brought = tuple(_cohorts(federation, policy, years, drafts))
        if brought and not policy.retired:
            members[_key(policy, drafts)].append((policy, brought))
    shares = _shares(analysis)
    return tuple(_group(found, ingest, shares, drafts) for found in members.values())


def _cohorts(
    federation: Federation, policy: DataPolicy, years: Sequence[int], drafts: bool
) -> Iterator[Cohort]:
    for year in years:
        amount = arrivals(policy, year)
        if amount and (drafts or not is_draft(federation, policy.name, year)):
            in_force = [volume for volume in policy.volumes if volume.year <= year][-1]
            yield Cohort(year, amount, in_force.rate is None)


def _key(policy: DataPolicy, drafts: bool) -> object:
    """What policies must have in common to be one group; not their names, nor how much it is."""
    phases = tuple(
        (phase.until, phase.apart, tuple(sorted((c.tier, c.count) for c in phase.copies)))
        for phase in policy.phases
    )
    recall = policy.recall if _recalls(policy, drafts) else None
    return (
        phases,
        policy.end,
        policy.deadline,
        policy.ingest,
        None if recall is None else (recall.tier, recall.keep),
    )


def _recalls(policy: DataPolicy, drafts: bool) -> bool:
    recall = policy.recall
    return recall is not None and recall.rate is not None and (drafts or not recall.drafts)


def _ingest(federation: Federation) -> Mapping[str, tuple[SiteName, ...]]:
    """The sites with an ingest area that is in use, by country."""
    found: dict[str, set[SiteName]] = defaultdict(set)
    for area in federation.areas.values():
        if area.takes_in and area.enabled and not area.retired:
            found[area.country].add(area.site)
    return {country: tuple(sorted(sites)) for country, sites in found.items()}


def _shares(analysis: Analysis) -> Mapping[PolicyName, list[Mapping[AreaName, Fraction]]]:
    found: dict[PolicyName, list[Mapping[AreaName, Fraction]]] = defaultdict(list)
    for placement in analysis.placements:
        found[placement.policy].append(placement.shares)
    return found


def _group(
    members: Sequence[tuple[DataPolicy, tuple[Cohort, ...]]],
    ingest: Mapping[str, tuple[SiteName, ...]],
    shares: Mapping[PolicyName, list[Mapping[AreaName, Fraction]]],
    drafts: bool,
) -> Group:
    first = members[0][0]
    together: dict[tuple[int, bool], Fraction] = defaultdict(Fraction)
    for _, cohorts in members:
        for cohort in cohorts:
            together[cohort.year, cohort.once] += cohort.amount
    sites = tuple(dict.fromkeys(s for country in first.ingest for s in ingest.get(country, ())))
    recalls = [policy for policy, _ in members if _recalls(policy, drafts)]
    recall = first.recall if recalls else None
    return Group(
        policies=tuple(policy.name for policy, _ in members),
        phases=first.phases,
        first=first,
        deadline=first.deadline,
        ingest=sites or None,
        unknown=bool(first.ingest) and not sites,
        cohorts=tuple(
            Cohort(year, amount, once) for (year, once), amount in sorted(together.items())
        ),
        shares=tuple(shares[first.name]),
        recall=sum(
            (
                policy.recall.rate.bytes_per_year
                for policy in recalls
                if policy.recall is not None and policy.recall.rate is not None
            ),
            Fraction(0),
        ),
        recall_to=None if recall is None else recall.tier,
        keep=first.deadline if recall is None else recall.keep,
    )


def asks(found: Sequence[Group]) -> tuple[Ask, ...]:
    """What phases of all groups ask for, each once."""
    same: dict[tuple[str, tuple[tuple[TierName, int], ...]], list[tuple[int, int]]] = {}
    for number, group in enumerate(found):
        for index, phase in enumerate(group.phases):
            counts: dict[TierName, int] = defaultdict(int)
            for copies in phase.copies:
                counts[copies.tier] += copies.count
            key = phase.apart, tuple(sorted(counts.items()))
            same.setdefault(key, []).append((number, index))
    return tuple(
        Ask(apart, dict(counts), tuple(phases)) for (apart, counts), phases in same.items()
    )


def sources(found: Sequence[Group]) -> tuple[Source, ...]:
    """Where data come in, each once."""
    same: dict[tuple[tuple[SiteName, ...] | None, bool], list[int]] = {}
    for number, group in enumerate(found):
        same.setdefault((group.ingest, group.unknown), []).append(number)
    return tuple(Source(*key, tuple(numbers)) for key, numbers in same.items())

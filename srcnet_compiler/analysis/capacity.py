"""Does what is placed on an area fit on it, this year and later?"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from srcnet_compiler.analysis.placement import PhasePlacement, eligible
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Severity, warning
from srcnet_compiler.federation.data_policy import DataPolicy
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.names import AreaName, PolicyName, TierName
from srcnet_compiler.quantity import Period, round_bytes

YEARS_AHEAD = 5
"""How far the analysis looks beyond the last year that a policy names."""

_PER_YEAR = {
    "d": Fraction(36525, 100),
    "weeks": Fraction(36525, 700),
    "months": Fraction(12),
    "years": Fraction(1),
}


@dataclass(frozen=True, slots=True)
class Load:
    """What `policy` puts on `area` by the end of `year`, in bytes: expected, and at worst.

    At worst, everything of the area's domain is put on this one area.
    """

    area: AreaName
    policy: PolicyName
    year: int
    expected: Fraction
    worst: Fraction


@dataclass(frozen=True, slots=True)
class Demand:
    """What `policy` asks of `tier` by the end of `year`, in bytes, all copies together."""

    tier: TierName
    policy: PolicyName
    year: int
    amount: Fraction


def years(federation: Federation) -> range:
    """The calendar years that are looked at; they follow from the specs, not from the day."""
    named = [v.year for policy in federation.policies.values() for v in policy.volumes]
    return range(min(named), max(named) + YEARS_AHEAD) if named else range(0)


def arrivals(policy: DataPolicy, year: int) -> Fraction:
    """The bytes that arrive in `year`, one copy."""
    in_force = [volume for volume in policy.volumes if volume.year <= year]
    if not in_force:
        return Fraction(0)
    last = in_force[-1]
    if last.rate is not None:
        return last.rate.bytes_per_year
    return Fraction(last.amount or 0) if last.year == year else Fraction(0)


def phase_volumes(policy: DataPolicy, year: int, first: int) -> list[Fraction]:
    """The bytes, one copy, that are in each phase at the end of `year`; those that have ended are
    in none."""
    volumes = [Fraction(0)] * len(policy.phases)
    for arrived in range(first, year + 1):
        age = year - arrived
        phase = phase_at(policy, age)
        if phase is not None:
            part = part_left(policy, Fraction(age), once=_is_once(policy, arrived))
            volumes[phase] += part * arrivals(policy, arrived)
    return volumes


def _is_once(policy: DataPolicy, year: int) -> bool:
    in_force = [volume for volume in policy.volumes if volume.year <= year]
    return bool(in_force) and in_force[-1].rate is None


def part_left(policy: DataPolicy, age: Fraction, *, once: bool) -> Fraction:
    """What part of a year's data has not ended when the youngest of them are so many years old.

    What arrives all along a year ends all along a year. Of what arrives once nobody knows when in
    its year that is: all of it stays as long as some of it may.
    """
    if policy.end is None:
        return Fraction(1)
    left = _in_years(policy.end) - age
    return Fraction(left > 0) if once else min(max(left, Fraction(0)), Fraction(1))


def phase_at(policy: DataPolicy, age: int) -> int | None:
    """The phase, by its number, of data that have been there for so many ends of a year; None:
    they have ended."""
    end = Fraction(0)
    for index, phase in enumerate(policy.phases):
        if phase.until is None:
            return index
        end = _in_years(phase.until)
        if age < end:
            return index
    return None if policy.end is not None else len(policy.phases) - 1


def _in_years(period: Period) -> Fraction:
    return Fraction(period.count) / _PER_YEAR[period.unit]


def demands(federation: Federation) -> Iterator[Demand]:
    """What every policy asks of every tier, year by year, whether or not it can be placed."""
    span = years(federation)
    for policy in _living(federation):
        for year in span:
            volumes = phase_volumes(policy, year, span.start)
            by_tier: dict[TierName, Fraction] = defaultdict(Fraction)
            for phase, volume in zip(policy.phases, volumes, strict=True):
                for copies in phase.copies:
                    by_tier[copies.tier] += copies.count * volume
            for tier, amount in sorted(by_tier.items()):
                yield Demand(tier, policy.name, year, amount)


def loads(federation: Federation, placements: Iterable[PhasePlacement]) -> Iterator[Load]:
    """What every placed policy puts on every area, year by year."""
    by_policy: dict[PolicyName, list[_Parts]] = defaultdict(list)
    for placement in placements:
        by_policy[placement.policy].append(_Parts(placement.shares, _at_worst(placement)))
    span = years(federation)
    for policy in _living(federation):
        for year in span:
            volumes = phase_volumes(policy, year, span.start)
            yield from _loads(policy, by_policy[policy.name], volumes, year)


class _Parts(NamedTuple):
    """What part of one phase's volume goes to each area: expected, and at worst."""

    expected: Mapping[AreaName, Fraction]
    worst: Mapping[AreaName, Fraction]


def _at_worst(placement: PhasePlacement) -> dict[AreaName, Fraction]:
    parts: dict[AreaName, Fraction] = defaultdict(Fraction)
    for areas in placement.domains.values():
        together = sum((placement.shares.get(a.name, Fraction(0)) for a in areas), Fraction(0))
        for area in areas:
            parts[area.name] += min(together, Fraction(1))
    return parts


def _loads(
    policy: DataPolicy, phases: Iterable[_Parts], volumes: Iterable[Fraction], year: int
) -> Iterator[Load]:
    expected: dict[AreaName, Fraction] = {}
    worst: dict[AreaName, Fraction] = {}
    for parts, volume in zip(phases, volumes, strict=True):
        if volume:
            _add(expected, parts.expected, volume)
            _add(worst, parts.worst, volume)
    for name in sorted(expected):
        if worst.get(name):
            yield Load(name, policy.name, year, expected[name], worst[name])


def _add(sums: dict[AreaName, Fraction], parts: Mapping[AreaName, Fraction], of: Fraction) -> None:
    """Add the parts of an amount; to add to nothing would take as long as to multiply."""
    for name, part in parts.items():
        amount = part * of
        sums[name] = sums[name] + amount if name in sums else amount


def _living(federation: Federation) -> Iterator[DataPolicy]:
    return (policy for policy in federation.policies.values() if not policy.retired)


def check_areas(federation: Federation, found: Iterable[Load], today: date) -> Iterator[Diagnostic]:
    """Areas that agreed policies fill beyond their pledge: an error if they do today.

    What lies on an area within another one lies on that one too.
    """
    by_area: dict[tuple[AreaName, int], list[Load]] = defaultdict(list)
    for load in found:
        if not is_draft(federation, load.policy, load.year):
            for name in federation.around(load.area):
                by_area[name, load.year].append(load)
    said: set[AreaName] = set()
    for (name, year), on_area in sorted(by_area.items()):
        area = federation.areas[name]
        total = sum((load.expected for load in on_area), Fraction(0))
        if name not in said and total > (area.pledged or 0):
            said.add(name)
            yield _over(federation, area, year, total, on_area, today)


def _over(
    federation: Federation,
    area: StorageArea,
    year: int,
    total: Fraction,
    on_area: Iterable[Load],
    today: date,
) -> Diagnostic:
    pledged = area.pledged or 0
    key = "pledged" if area.origin.has("pledged") else "capacity"
    names = dict.fromkeys(load.policy for load in on_area)
    policies = [federation.policies[name] for name in names]
    return Diagnostic(
        Code.OVER_CAPACITY,
        Severity.ERROR if year <= today.year else Severity.WARNING,
        f"by the end of {year} `{area.name}` is expected to hold {round_bytes(total)}, "
        f"{round_bytes(total - pledged)} more than it has",
        (
            Label(area.origin.at(key), f"{round_bytes(pledged)} here"),
            *(Label(p.origin.at("volume"), f"`{p.name}` arrives") for p in policies),
        ),
        help="raise the pledge, ask for fewer copies, or choose another tier",
        subject=area.name,
    )


def pledging(federation: Federation) -> Iterator[StorageArea]:
    """The areas whose pledges add up to that of their tier: eligible, and within no other such."""
    usable = {area.name: area for area in eligible(federation)}
    for area in usable.values():
        if not usable.keys() & set(federation.around(area.name)[1:]):
            yield area


def check_tiers(federation: Federation, found: Iterable[Demand]) -> Iterator[Diagnostic]:
    """Tiers that all policies together, drafts included, fill beyond what is pledged."""
    pledged: dict[TierName, int] = defaultdict(int)
    for area in pledging(federation):
        pledged[area.tier] += area.pledged or 0
    by_tier: dict[tuple[TierName, int], list[Demand]] = defaultdict(list)
    for demand in found:
        if demand.amount:
            by_tier[demand.tier, demand.year].append(demand)
    said: set[TierName] = set()
    for (name, year), on_tier in sorted(by_tier.items()):
        total = sum((demand.amount for demand in on_tier), Fraction(0))
        if name not in said and total > pledged[name]:
            said.add(name)
            last = max(y for tier, y in by_tier if tier == name)
            yield _short(federation, name, year, on_tier, pledged, _sum(by_tier[name, last]), last)


def _sum(found: Iterable[Demand]) -> Fraction:
    return sum((demand.amount for demand in found), Fraction(0))


def _short(
    federation: Federation,
    tier: TierName,
    year: int,
    on_tier: Iterable[Demand],
    pledged: Mapping[TierName, int],
    at_last: Fraction,
    last: int,
) -> Diagnostic:
    has = f"{round_bytes(pledged[tier])} is pledged" if pledged[tier] else "nothing is pledged"
    gravest = sorted(on_tier, key=lambda demand: (-demand.amount, demand.policy))
    total = _sum(gravest)
    labels = (
        Label(
            federation.policies[demand.policy].origin.at("volume"),
            f"`{demand.policy}` asks for {round_bytes(demand.amount)}",
        )
        for demand in gravest[:3]
    )
    return warning(
        Code.TIER_OVER_CAPACITY,
        f"by the end of {year} the policies ask tier `{tier}` to hold {round_bytes(total)}, and "
        f"{has}; by the end of {last} it is {round_bytes(at_last)}",
        *labels,
        help="pledge more, ask for fewer copies, or shorten a phase",
        subject=tier,
    )


def check_worst_case(
    federation: Federation, found: Iterable[Load], today: date
) -> Iterator[Diagnostic]:
    """Policies in force of which one area might, by chance, be given more than it has."""
    by_policy: dict[PolicyName, list[Load]] = defaultdict(list)
    for load in found:
        if load.year == today.year and not is_draft(federation, load.policy, load.year):
            by_policy[load.policy].append(load)
    for name, of_policy in sorted(by_policy.items()):
        policy = federation.policies[name]
        at_risk = [
            load for load in of_policy if load.worst > (federation.areas[load.area].pledged or 0)
        ]
        at_risk.sort(key=lambda load: federation.areas[load.area].pledged or 0)
        if at_risk:
            yield warning(
                Code.WORST_CASE,
                f"if every choice fell on one area, `{name}` would fill {len(at_risk)} of "
                f"{len(of_policy)} areas, such as `{at_risk[0].area}` with "
                f"{round_bytes(at_risk[0].worst)}",
                Label(policy.origin.at("volume"), "this may land on one area of a domain"),
                *(
                    Label(federation.areas[load.area].origin.at("capacity"), "more than this")
                    for load in at_risk[:2]
                ),
                help="limits on the account keep whole data sets away from a full area; files that "
                "are attached later are not held back",
                subject=name,
            )


def is_draft(federation: Federation, name: PolicyName, year: int) -> bool:
    """Whether the policy, or a volume in force, is a draft that no waiver of the policy accepts."""
    policy = federation.policies[name]
    volumes = [v.drafts for v in policy.volumes if v.year <= year]
    drafts = [span for found in (policy.drafts, *volumes) for span in found]
    return federation.holds_back(drafts, name)

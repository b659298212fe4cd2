"""Can the data policies be carried out by the federation as it is?"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations

from srcnet_compiler.analysis.caches import (
    check_copies,
    check_extras,
    check_tiers_that_count,
    rests_on_cache,
)
from srcnet_compiler.analysis.endings import check_end
from srcnet_compiler.analysis.placement import PhasePlacement
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Severity, error
from srcnet_compiler.federation.data_policy import DataPolicy, Selector
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.names import AreaName


def check_policies(
    federation: Federation, placements: Iterable[PhasePlacement]
) -> Iterator[Diagnostic]:
    """Each policy for itself, then pairs that select the same data."""
    yield from check_tiers_that_count(federation)
    living = [policy for policy in federation.policies.values() if not policy.retired]
    for policy in living:
        yield from _activity(federation, policy)
        yield from _selectors(federation, policy)
        yield from _floor(federation, policy)
        yield from check_end(federation, policy, _severity(federation, policy))
        yield from check_extras(federation, policy, _severity(federation, policy))
        for phase in policy.phases:
            yield from check_copies(federation, policy, phase, _severity(federation, policy))
        yield from _arrival(federation, policy)
        yield from _namespaces(federation, policy)
    for placement in placements:
        if rests_on_cache(federation, placement.phase):
            continue
        if not placement.draws:
            yield _too_few(federation, placement)
        elif placement.phase.apart == "area" and placement.phase.count > 1:
            yield from _nested(federation, placement)
    for first, second in combinations(living, 2):
        if overlap(first.selector, second.selector):
            yield error(
                Code.POLICIES_OVERLAP,
                f"`{second.name}` and `{first.name}` may select the same data",
                Label(second.origin.at("selects"), "this selects"),
                Label(first.origin.at("selects"), "what this selects too"),
                help="give them different namespaces, products, telescopes or campaigns",
                subject=second.name,
            )


def overlap(first: Selector, second: Selector) -> bool:
    """Whether some data may be selected by both."""
    return (
        bool(set(first.namespaces) & set(second.namespaces))
        and _may_agree((first.product,), (second.product,))
        and _may_agree(first.telescopes or (None,), second.telescopes or (None,))
        and _may_agree((first.campaign,), (second.campaign,))
    )


def _may_agree(first: tuple[str | None, ...], second: tuple[str | None, ...]) -> bool:
    return None in first or None in second or bool(set(first) & set(second))


def _severity(federation: Federation, policy: DataPolicy) -> Severity:
    """A draft that a waiver accepts is emitted, so it must be as right as what is agreed."""
    held = federation.holds_back(policy.drafts, policy.name)
    return Severity.WARNING if held else Severity.ERROR


def _namespaces(federation: Federation, policy: DataPolicy) -> Iterator[Diagnostic]:
    """A policy that is carried out in a namespace that is never made would get no data."""
    if federation.holds_back(policy.drafts, policy.name):
        return
    known = {space.name: space for space in federation.data.namespaces}
    for index, name in enumerate(policy.selector.namespaces):
        if federation.holds_back(known[name].drafts, name):
            yield error(
                Code.RESTS_ON_DRAFT,
                f"`{policy.name}` is to be carried out, but its namespace `{name}` is only a draft",
                Label(policy.origin.at("selects", "namespaces", index)),
                Label(known[name].drafts[0], "not agreed"),
                help="have the namespace agreed, mark the policy as a draft too, or have a "
                "`Waiver` with `draft: true` approved for the namespace",
                subject=policy.name,
            )


def _activity(federation: Federation, policy: DataPolicy) -> Iterator[Diagnostic]:
    served = federation.data.activities
    if policy.activity not in served:
        yield Diagnostic(
            Code.ACTIVITY_NOT_SERVED,
            _severity(federation, policy),
            f"no transfer service takes care of activity `{policy.activity}`: nothing would move",
            (
                Label(policy.origin.at("activity")),
                Label(federation.data.origin.at("activities"), "these are served"),
            ),
            help=f"choose one of {', '.join(f'`{a}`' for a in served)}",
            subject=policy.name,
        )


def _selectors(federation: Federation, policy: DataPolicy) -> Iterator[Diagnostic]:
    selector = policy.selector
    used = {
        "product": selector.product,
        "telescope": selector.telescopes,
        "campaign": selector.campaign,
    }
    for key, value in used.items():
        if value and key not in federation.data.columns:
            yield Diagnostic(
                Code.SELECTOR_NOT_EXPRESSIBLE,
                _severity(federation, policy),
                f"the server has no column for `{key}`, so no data would be selected by it",
                (
                    Label(policy.origin.at("selects", key)),
                    Label(federation.data.origin.at("metadata"), "the columns"),
                ),
                help=f"add `{key}` to `rucio.metadata` of the federation, or select by namespace",
                subject=policy.name,
            )
    columns = federation.data.columns
    for first, second in combinations((key for key, value in used.items() if value), 2):
        if first in columns and columns[first] == columns.get(second):
            yield Diagnostic(
                Code.SELECTOR_NOT_EXPRESSIBLE,
                _severity(federation, policy),
                f"`{first}` and `{second}` are found in one column, `{columns[first]}`, "
                "which can hold only one of them",
                (
                    Label(policy.origin.at("selects", second)),
                    Label(federation.data.origin.at("metadata", second), "the column"),
                ),
                help="give each a column of its own in `rucio.metadata` of the federation",
                subject=policy.name,
            )


def _floor(federation: Federation, policy: DataPolicy) -> Iterator[Diagnostic]:
    for phase in policy.phases:
        if policy.floor > phase.count:
            yield Diagnostic(
                Code.FLOOR_OVER_COPIES,
                _severity(federation, policy),
                f"phase `{phase.name}` has {_copies(phase.count)}, fewer than the floor of "
                f"{policy.floor}",
                (
                    Label(policy.origin.at("floor")),
                    Label(phase.origin.at("copies"), f"{phase.count} in all"),
                ),
                help="lower the floor, or ask for more copies",
                subject=policy.name,
            )


def _arrival(federation: Federation, policy: DataPolicy) -> Iterator[Diagnostic]:
    """What arrives is kept by a rule of ours, on an area that we use and know the size of."""
    for index, country in enumerate(policy.ingest):
        place = policy.origin.at("arrives", "at", "countries", index)
        areas = [a for a in federation.areas.values() if _receives(a, country)]
        unused = {area.name: why for area in areas if (why := _why_unused(federation, area))}
        if len(unused) == len(areas):
            yield Diagnostic(
                Code.NO_ARRIVAL_AREA,
                _severity(federation, policy),
                f"`{policy.name}` arrives in {country}, where no area of role `ingest` is in use"
                if areas
                else f"`{policy.name}` arrives in {country}, where no area has role `ingest`",
                (
                    Label(place),
                    *(Label(a.origin.at("name"), f"this {unused[a.name]}") for a in areas),
                ),
                help="bring one of them into use, or leave the country out"
                if areas
                else "describe the ingest area of a site there, or leave the country out",
                subject=policy.name,
            )
        for area in areas:
            if area.name not in unused and not area.pledged:
                yield _of_no_size(federation, policy, area, Label(place, "data arrive here"))


def _receives(area: StorageArea, country: str) -> bool:
    return area.role == "ingest" and area.country == country


def _why_unused(federation: Federation, area: StorageArea) -> str | None:
    """What keeps an ingest area from receiving data; None where nothing does."""
    if not area.enabled:
        return "is not enabled"
    if area.environment != "production":
        return f"is for {area.environment}"
    if area.adopted:
        return "is `adopted` as it stood"
    if area.retired:
        return "ends"
    if federation.holds_back(area.drafts, area.name, area.site):
        return "rests on a draft"
    return None if area.endpoints else "has no `endpoints`"


def _of_no_size(
    federation: Federation, policy: DataPolicy, area: StorageArea, arrival: Label
) -> Diagnostic:
    return Diagnostic(
        Code.NO_ARRIVAL_AREA,
        _severity(federation, policy),
        f"`{area.name}` receives the data of `{policy.name}`, but has no size, so no rule can "
        "keep them there",
        (Label(area.origin.at("name")), arrival),
        help="add `capacity:` with what it holds, or `pledged:` with the part for the federation",
        subject=policy.name,
    )


def _copies(number: int) -> str:
    return "1 copy" if number == 1 else f"{number} copies"


def _too_few(federation: Federation, placement: PhasePlacement) -> Diagnostic:
    policy, phase = federation.policies[placement.policy], placement.phase
    there = {
        copies.tier: sorted(
            {
                _called(federation, phase.apart, s.domain)
                for s in placement.domains
                if s.tier == copies.tier
            }
        )
        for copies in phase.copies
    }
    have = "; ".join(
        f"tier `{tier}` has {', '.join(f'`{name}`' for name in names) or 'none'}"
        for tier, names in sorted(there.items())
    )
    asked = phase.count
    needs = f"1 {phase.apart}" if asked == 1 else f"{asked} different {phase.apart}s"
    return Diagnostic(
        Code.TOO_FEW_AREAS,
        _severity(federation, policy),
        f"phase `{phase.name}` of `{policy.name}` needs {needs}: {have}",
        (
            Label(phase.origin.at("copies"), f"{_copies(asked)}, apart by {phase.apart}"),
            Label(phase.origin.at("apart")),
        ),
        help="ask for fewer copies, bring them closer together, or bring an area in",
        subject=policy.name,
    )


def _called(federation: Federation, apart: str, domain: str) -> str:
    """A domain as the specs call it."""
    return (federation.site_called(domain) if apart == "site" else None) or domain


def _nested(federation: Federation, placement: PhasePlacement) -> Iterator[Diagnostic]:
    """Areas that a phase takes for different ones, though they are parts of one storage."""
    policy, phase = federation.policies[placement.policy], placement.phase
    parts: dict[AreaName, list[AreaName]] = defaultdict(list)
    for name in sorted({area.name for areas in placement.domains.values() for area in areas}):
        parts[federation.around(name)[-1]].append(name)
    for whole, names in parts.items():
        if len(names) > 1:
            inner = [federation.areas[name] for name in names if name != whole]
            yield Diagnostic(
                Code.NESTED_AREAS,
                _severity(federation, policy),
                f"copies of phase `{phase.name}` may stand on `{names[0]}` and on `{names[1]}`, "
                f"which are one place, `{whole}`",
                (
                    Label(phase.origin.at("apart"), "by this they are different areas"),
                    *(
                        Label(area.origin.at("within"), f"`{area.name}` lies in it")
                        for area in inner
                    ),
                ),
                help="write `apart: site`, or take all of them but one out of this tier",
                subject=policy.name,
            )

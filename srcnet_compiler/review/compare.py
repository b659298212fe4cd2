"""Two compiled revisions to a review: read this file first."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias

from srcnet_compiler import __version__
from srcnet_compiler.change import Impact, SystemName
from srcnet_compiler.diagnostic import Code, Diagnostic, Severity, fingerprints
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import SiteName
from srcnet_compiler.pipeline import Compiled
from srcnet_compiler.plan.build import build_plan
from srcnet_compiler.plan.guard import guard
from srcnet_compiler.plan.model import Binding
from srcnet_compiler.review.access import Side as Reading
from srcnet_compiler.review.access import access
from srcnet_compiler.review.capacity import area_years, flows, of_site
from srcnet_compiler.review.edits import edits
from srcnet_compiler.review.meaning.compare import meanings
from srcnet_compiler.review.model import (
    AreaYear,
    Edit,
    Effect,
    Left,
    Reach,
    Requirement,
    Review,
    Revision,
    gravest,
)
from srcnet_compiler.review.requirements import requirements
from srcnet_compiler.review.systems import (
    Asking,
    Pair,
    new_findings,
    new_tasks,
    outcome,
    pairs,
    pipelines,
    proofs,
    site_of,
)
from srcnet_compiler.source import Document
from srcnet_compiler.task import Task

_MOVE_DATA = frozenset({"DataPolicy", "Site", "Federation", "Waiver", "Retired", "Moved"})
"""Kinds of which an edit may change what is expected of areas anywhere."""

_Words: TypeAlias = tuple[Code, Severity, str | None, str]
"""What a finding says, wherever its file is."""


@dataclass(frozen=True, slots=True)
class Side:
    """One revision: what was compiled of it, and the documents of the files in which it differs
    from the other."""

    revision: Revision
    compiled: Compiled
    differing: tuple[Document, ...]


def compare(base: Side, head: Side, today: date) -> Review:
    """What head would do to what base describes. Raises ValueError where a side has errors."""
    before, after = _federation(base.compiled), _federation(head.compiled)
    if before is None or after is None:
        raise ValueError("specs with errors cannot be compared")
    found = edits(base.differing, head.differing)
    systems = pairs(base.compiled.models, head.compiled.models)
    asking = Asking(found)
    outcomes = {pair.name: outcome(pair, asking) for pair in systems}
    changed = {name: found.effects for name, found in outcomes.items()}
    left = {name: found.left for name, found in outcomes.items()}
    years = _years(base.compiled, head.compiled)
    policies = requirements(before, after)
    new, gone = _findings(base.compiled, head.compiled)
    objections = tuple(each for pair in systems for each in new_findings(pair, before, after))
    return Review(
        base.revision,
        head.revision,
        found,
        tuple(effect for name in changed for effect in changed[name]),
        tuple(each for name in left for each in left[name]),
        policies,
        years,
        tuple(
            replace(reach, impact=_impact(reach, policies))
            for reach in _reaches(before, after, systems, changed, left, years, found)
        ),
        (*new, *objections),
        gone,
        _refusals(head.compiled, changed, objections, today),
        access=access(*(_reading(side.compiled) for side in (base, head))),
        meanings=meanings(before, after),
        proofs=tuple(proofs(systems, today)),
        pipelines=tuple(pipelines(base.compiled.pipelines, head.compiled.pipelines, asking)),
        base_lines=base.compiled.sources.lines,
        head_lines=head.compiled.sources.lines,
    )


def _federation(compiled: Compiled) -> Federation | None:
    return None if compiled.failed else compiled.federation


def _reading(compiled: Compiled) -> Reading:
    assert compiled.federation is not None
    assert compiled.analysis is not None
    return Reading(compiled.federation, compiled.analysis.placements)


def _years(base: Compiled, head: Compiled) -> tuple[AreaYear, ...]:
    sides = [
        (compiled.federation, compiled.analysis)
        for compiled in (base, head)
        if compiled.federation is not None and compiled.analysis is not None
    ]
    return area_years(sides[0], sides[1])


def _findings(
    base: Compiled, head: Compiled
) -> tuple[tuple[Diagnostic, ...], tuple[Diagnostic, ...]]:
    """Findings that only head has, and those that only base has, wherever their lines are now."""
    before, after = (
        dict(zip(fingerprints(each.diagnostics), each.diagnostics, strict=True))
        for each in (base, head)
    )
    new = [found for name, found in after.items() if name not in before]
    gone = [found for name, found in before.items() if name not in after]
    went = Counter(_words(found) for found in gone if not _has_its_file(found, head))
    came = Counter(_words(found) for found in new if not _has_its_file(found, base))
    kept = went & came
    return _without(new, kept, base), _without(gone, kept, head)


def _without(
    found: Iterable[Diagnostic], kept: Mapping[_Words, int], other: Compiled
) -> tuple[Diagnostic, ...]:
    """Those that did not merely come along when their file was given another name."""
    left = Counter(kept)
    others = []
    for each in found:
        words = _words(each)
        if left[words] and not _has_its_file(each, other):
            left[words] -= 1
        else:
            others.append(each)
    return tuple(others)


def _has_its_file(found: Diagnostic, side: Compiled) -> bool:
    return not found.labels or found.labels[0].span.file in side.sources.lines


def _words(found: Diagnostic) -> _Words:
    return found.code, found.severity, found.subject, found.message


def _refusals(
    head: Compiled,
    changed: Mapping[SystemName, Sequence[Effect]],
    objections: Iterable[Diagnostic],
    today: date,
) -> tuple[Diagnostic, ...]:
    """Why the changes together would be refused, were they a plan."""
    if head.federation is None:
        return ()
    plan = build_plan(
        tuple(changed),
        [effect.change for each in changed.values() for effect in each],
        (),
        frozenset(),
        Binding(head.sources.digest, "", __version__),
        findings=objections,
    )
    return guard(plan, head.federation, today)


# ── what reaches which site ───────────────────────────────────────────────────────────────────


def _reaches(
    before: Federation,
    after: Federation,
    systems: Iterable[Pair],
    changed: Mapping[SystemName, Sequence[Effect]],
    left: Mapping[SystemName, Sequence[Left]],
    years: Iterable[AreaYear],
    found: Sequence[Edit],
) -> tuple[Reach, ...]:
    at: dict[SiteName, list[Effect]] = defaultdict(list)
    gone: dict[SiteName, list[Left]] = defaultdict(list)
    tasks: dict[SiteName, list[tuple[SystemName, Task]]] = defaultdict(list)
    for pair in systems:
        for effect in changed[pair.name]:
            for site in effect.sites:
                at[site].append(effect)
        for each in left[pair.name]:
            for site in each.sites:
                gone[site].append(each)
        if (owner := site_of(pair)) is not None:
            tasks[owner] += ((pair.name, task) for task in new_tasks(pair))
    by_site = of_site(years)
    own = _own_edits(before, after, found)
    moving = [number for number, edit in enumerate(found) if edit.kind in _MOVE_DATA]
    reaches = (
        Reach(
            name,
            tuple(at[name]),
            tuple(gone[name]),
            tuple(tasks[name]),
            by_site.get(name, ()),
            (),
            _asking(own[name], at[name], moving if _expects_other(by_site.get(name, ())) else ()),
            (after.sites.get(name) or before.sites[name]).uplink,
        )
        for name in sorted({*before.sites, *after.sites})
    )
    return tuple(
        replace(reach, flows=flows(reach.years)) if reach.is_touched else reach for reach in reaches
    )


def _impact(reach: Reach, policies: Iterable[Requirement]) -> Impact:
    """The gravest of its own changes, and of agreed policies where they reach its areas."""
    impacts = [effect.change.impact for effect in reach.effects]
    if any(year.before.agreed != year.after.agreed for year in reach.years):
        impacts += [policy.impact for policy in policies if not policy.draft]
    return gravest(impacts)


def _asking(own: Iterable[int], at: Iterable[Effect], moving: Iterable[int]) -> tuple[int, ...]:
    """The edits that reach a site: in its own documents, asking for its changes, moving data."""
    return tuple(sorted({*own, *moving, *(number for effect in at for number in effect.causes)}))


def _expects_other(years: Iterable[AreaYear]) -> bool:
    return any(year.before.expected != year.after.expected for year in years)


def _own_edits(
    before: Federation, after: Federation, found: Sequence[Edit]
) -> Mapping[SiteName, list[int]]:
    """The edits in the documents of a site, by site."""
    files = {
        site.origin.at().file: name
        for federation in (before, after)
        for name, site in federation.sites.items()
    }
    numbers: dict[SiteName, list[int]] = defaultdict(list)
    for number, edit in enumerate(found):
        if edit.kind == "Site" and edit.place.file in files:
            numbers[files[edit.place.file]].append(number)
    return numbers

"""From federation, analysis and findings to the page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from srcnet_compiler.analysis.capacity import pledging, years
from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.diagnostic import Diagnostic, Severity
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.report.model import Report
from srcnet_compiler.report.page import policies, sites, tiers
from srcnet_compiler.report.page.facts import amount, counted, follows, listed, written
from srcnet_compiler.report.page.model import (
    Absent,
    Fact,
    Figure,
    Finding,
    Page,
    Policy,
    Region,
    Site,
    Tier,
)
from srcnet_compiler.report.page.others import others
from srcnet_compiler.report.text import excerpt
from srcnet_compiler.schema.common import Document
from srcnet_compiler.schema.validate import Located


@dataclass(frozen=True, slots=True)
class Subject:
    """What a page is made of. `lines` are those of each file, for findings."""

    federation: Federation
    analysis: Analysis
    specs: Sequence[Located[Document]]
    diagnostics: tuple[Diagnostic, ...]
    lines: Mapping[str, Sequence[str]]
    digest: str
    judged: date
    version: str


def page(subject: Subject) -> Page:
    """All that the page shows."""
    federation, analysis = subject.federation, subject.analysis
    report = Report(subject.diagnostics, subject.lines)
    year = tiers.year_of(federation, subject.judged.year)
    sums = sites.Sums(tiers.puts(federation, analysis), tiers.held(federation, analysis, year))
    all_tiers = tuple(
        sorted(tiers.tiers(federation, analysis), key=lambda tier: (-tier.pledged.value, tier.name))
    )
    all_sites = tuple(sites.sites(federation, sums, _named(subject.specs, "Site")))
    all_policies = tuple(
        policies.policies(federation, analysis, _named(subject.specs, "DataPolicy"))
    )
    described = _named(subject.specs, "Federation").get(federation.name)
    said = described.metadata.description if described is not None else None
    return Page(
        title=federation.name,
        description=written(said, federation.origin.at()) if said else None,
        verdict=report.verdict,
        counts=tuple((severity.value, report.count(severity)) for severity in Severity),
        judged=subject.judged,
        year=year,
        years=tuple(years(federation)),
        digest=subject.digest,
        version=subject.version,
        figures=tuple(_figures(federation, all_tiers, year)),
        findings=tuple(findings(report)),
        regions=tuple(_regions(federation)),
        tiers=all_tiers,
        policies=all_policies,
        others=tuple(others(federation)),
        sites=all_sites,
        absent=tuple(_absent(all_sites, all_policies, all_tiers)),
        drafts=tuple(
            [f"policy {policy.name}" for policy in all_policies if policy.draft]
            + [f"{rule.kind} {rule.name}" for rule in others(federation) if rule.draft]
            + [f"site {site.name}" for site in all_sites if site.draft]
        ),
    )


def _named(specs: Iterable[Located[Any]], kind: str) -> dict[str, Any]:
    return {
        each.document.metadata.name: each.document for each in specs if each.document.kind == kind
    }


def findings(report: Report) -> Iterator[Finding]:
    """Errors first."""
    for found in sorted(report.diagnostics, key=lambda each: each.severity is not Severity.ERROR):
        yield Finding(
            found.severity.value,
            found.code.value,
            found.message,
            found.labels[0].span if found.labels else None,
            # the line above says the same, and so does the help below
            "\n".join(_marked(excerpt(found, report), bool(found.help))),
            found.help or "",
        )


def _marked(text: str, helps: bool) -> Sequence[str]:
    """The lines of an excerpt between its head and its help."""
    lines = text.split("\n")
    return lines[1:-1] if helps else lines[1:]


def _regions(federation: Federation) -> Iterator[Region]:
    for number, (name, region) in enumerate(federation.regions.items()):
        place = federation.origin.at("regions", name)
        inside = sum(site.region == name for site in federation.sites.values())
        yield Region(name, number, written(", ".join(region.countries), place), inside)


def _figures(federation: Federation, all_tiers: Sequence[Tier], year: int) -> Iterator[Figure]:
    places = [site.origin.at() for site in federation.sites.values()]
    drafts = sum(bool(site.drafts) for site in federation.sites.values())
    sites_found = follows(str(len(places)), "the documents of kind Site, counted", places)
    yield Figure("sites", sites_found, f"{drafts} of them drafts" if drafts else "all agreed")
    counting = [area.origin.at("name") for area in pledging(federation)]
    rule = "the areas that may hold copies that count, counted"
    areas = follows(str(len(counting)), rule, counting or [federation.origin.at()])
    yield Figure("storage areas in use", areas, f"of {len(federation.areas)} that are described")
    for tier in all_tiers:
        yield Figure(f"pledged, {tier.name}", tier.pledged, "by what may hold copies that count")
    yield _agreed(federation, all_tiers, year)


def _agreed(federation: Federation, all_tiers: Sequence[Tier], year: int) -> Figure:
    puts = [put for tier in all_tiers for put in tier.of(drafts=False) if put.year == year]
    places = [place for put in puts for place in put.amount.note.places]
    fact: Fact = amount(
        f"{tiers.ASKED}; all agreed policies and tiers added up",
        places or [federation.origin.at()],
        sum(put.amount.value for put in puts),
    )
    names = listed(dict.fromkeys(put.policy for put in puts))
    return Figure(f"asked by agreed policies for {year}", fact, f"by {names}, all copies together")


def _absent(
    all_sites: Sequence[Site], all_policies: Sequence[Policy], all_tiers: Sequence[Tier]
) -> Iterator[Absent]:
    """What the specs do not say, gravest first."""
    unknown = tuple(policy.name for policy in all_policies if not policy.volumes)
    yield Absent(
        "how much data arrives", unknown, "what these policies will put on any area is not known"
    )
    unplaced = tuple(
        f"{phase.policy}, phase {phase.name}"
        for policy in all_policies
        for phase in policy.phases
        if not phase.shares and not policy.retired
    )
    yield Absent(
        "areas enough for the copies", unplaced, "where these copies would be is not known"
    )
    empty = tuple(tier.name for tier in all_tiers if not tier.pledged.value)
    yield Absent("any area on a tier", empty, "nothing can be put there")
    for what, consequence in (
        ("where it is", "these sites are not on the map"),
        ("its connection", "how long a transfer takes is not known"),
        ("whom to ask", "nobody can be asked"),
        ("any storage", "no copy can be there"),
        ("any compute", "no job or service can run there"),
    ):
        of = tuple(site.name for site in all_sites if what in site.absent)
        yield Absent(what, of, consequence)


def counts(found: Page) -> str:
    """What is on a page, in a few words."""
    return ", ".join(
        (
            counted(len(found.sites), "site"),
            counted(len(found.areas), "storage area"),
            counted(len(found.policies), "data policy", "data policies"),
            counted(len(found.findings), "finding"),
        )
    )

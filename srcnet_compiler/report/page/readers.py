"""The page of a site's administrators and that of the architecture group, as files of their own."""

from dataclasses import dataclass

from srcnet_compiler.names import SiteName
from srcnet_compiler.report.model import Report
from srcnet_compiler.report.page.build import findings
from srcnet_compiler.report.page.comparison import (
    Asked,
    Changed,
    System,
    Table,
    all_shifts,
    areas,
    asked,
    changed,
    drifted,
    duties,
    meanings,
    moves,
    moves_of,
    proofs,
    readable,
    slight_sites,
    stays,
    systems,
    weight,
)
from srcnet_compiler.report.page.model import Finding, Page
from srcnet_compiler.report.page.moving import Moving, moving, site_shifts
from srcnet_compiler.report.page.shift import Shift
from srcnet_compiler.report.review.words import (
    EXPECTED_OF_A_SITE,
    SITE_COLUMNS,
    UNTOUCHED,
    command,
    counted,
    daemons,
    first_years,
    jobs,
    site_rows,
    site_verdict,
    turns,
)
from srcnet_compiler.review.model import Lines, Review
from srcnet_compiler.review.pages import SitePage, policy_page, site_page


@dataclass(frozen=True, slots=True)
class SiteChange:
    """What the administrators of one site decide by. `lines` are those of the files before."""

    base: str
    head: str
    site: str
    verdict: str
    weight: str
    touched: bool
    untouched: str
    notice: tuple[tuple[str, str], ...]
    duties: tuple[System, ...]
    years: Table
    edits: tuple[Changed, ...]
    commits: tuple[str, ...]
    access: tuple[Changed, ...]
    moves: System | None
    systems: tuple[System, ...]
    left: tuple[Changed, ...]
    moved: tuple[Changed, ...]
    drift: tuple[System, ...] | None
    command: str
    lines: Lines


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """What the architecture group decides by. `lines` are those of the files before."""

    base: str
    head: str
    verdict: str
    weight: str
    refusals: tuple[Finding, ...]
    asked: tuple[Asked, ...]
    meanings: tuple[Table, ...]
    proofs: tuple[Changed, ...]
    access: tuple[Changed, ...]
    shifts: tuple[Shift, ...]
    areas: tuple[Table, ...]
    sites: tuple[Table, ...]
    moves: System | None
    moving: Moving | None
    site_shifts: tuple[Shift, ...]
    untouched: tuple[str, ...]
    new: tuple[Finding, ...]
    gone: tuple[Finding, ...]
    command: str
    lines: Lines


def site_change(review: Review, site: SiteName) -> SiteChange:
    """The page of one site."""
    page = site_page(review, site)
    reach = page.reach
    return SiteChange(
        str(review.base),
        str(review.head),
        reach.site,
        site_verdict(page),
        weight(review, reach.impact) if reach.is_touched else "good",
        reach.is_touched,
        UNTOUCHED,
        _notice(page),
        tuple(duties(page)),
        Table(
            "What is expected of the site",
            EXPECTED_OF_A_SITE,
            SITE_COLUMNS,
            tuple((years, *cells) for years, cells in site_rows(page)),
        ),
        tuple(changed(edit, review) for edit in page.asked),
        tuple(f"{each.id} {each.author}: {each.title}" for each in page.commits),
        tuple(readable(each, review) for each in page.access),
        moves_of(review, reach.site),
        tuple(systems(reach.effects)),
        tuple(stays(left) for left in reach.left),
        tuple(changed(edit, review) for edit in page.moved),
        None if page.drift is None else tuple(drifted(page.drift)),
        command(review, f"--site {reach.site}"),
        review.base_lines,
    )


def _notice(page: SitePage) -> tuple[tuple[str, str], ...]:
    found = (("daemons", daemons(page.daemons, page.drained)), ("jobs", jobs(page.jobs)))
    if page.until is None:
        return found
    return (*found, ("by when", f"{page.until}: the document that ends something holds no longer"))


def policy_change(review: Review, before: Page, after: Page) -> PolicyChange:
    """The page of the architecture group, of a change that leads from one page to the other."""
    page = policy_page(review)
    return PolicyChange(
        str(review.base),
        str(review.head),
        turns(page),
        weight(review, review.impact),
        tuple(findings(Report(review.refusals, review.head_lines))),
        tuple(asked(each) for each in page.requirements),
        tuple(meanings(review)),
        tuple(proofs(review)),
        tuple(readable(each, review) for each in review.access),
        tuple(all_shifts(before, after)),
        tuple(areas(page)),
        _sites(review),
        moves(review),
        moving(review, before, after),
        tuple(site_shifts(review, before, after)),
        () if review.is_nothing else review.untouched,
        tuple(findings(Report(review.new, review.head_lines))),
        tuple(findings(Report(review.gone, review.base_lines))),
        command(review, "--policy"),
        review.base_lines,
    )


def _sites(review: Review) -> tuple[Table, ...]:
    hardly = tuple(slight_sites(review))
    if not review.reached:
        return hardly
    head = ("site", "impact", "systems", "expected at its areas")
    rows = tuple(
        (reach.site, reach.impact.value, counted(reach), first_years(reach))
        for reach in review.reached
    )
    title = "Sites that it reaches"
    return (Table(title, title, head, rows), *hardly)

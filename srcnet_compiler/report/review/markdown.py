"""A review as one comment on a pull request: the whole, a site's page, the architecture group's.

Verdict, impact, numbers, a fold for each site, how to see it for oneself.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from srcnet_compiler.names import SiteName
from srcnet_compiler.report.changes import change_lines
from srcnet_compiler.report.markdown import LIMIT, escape, prose
from srcnet_compiler.report.paint import plain
from srcnet_compiler.report.plan import summary, task_lines
from srcnet_compiler.report.review.comment import Section, cell, comment, fenced, fold, table
from srcnet_compiler.report.review.meaning import COLUMNS, TITLE, meaning_rows
from srcnet_compiler.report.review.movement import movement_lines, site_lines
from srcnet_compiler.report.review.text import render_site
from srcnet_compiler.report.review.words import (
    ACCESS,
    AREA_COLUMNS,
    DRIFT,
    EXPECTED_OF_A_SITE,
    MOVED,
    NO_DRIFT,
    PIPELINES,
    PROOFS,
    SITE_COLUMNS,
    STAYS,
    UNTOUCHED,
    area_rows,
    asking,
    both,
    counted,
    daemons,
    due,
    file_changed,
    first_years,
    jobs,
    proven,
    reading,
    site_rows,
    site_verdict,
    slight,
    terms,
    turns,
    unseen,
    verdict,
    way,
)
from srcnet_compiler.review.model import (
    Access,
    Drift,
    Edit,
    Effect,
    Left,
    Reach,
    Requirement,
    Review,
)
from srcnet_compiler.review.pages import (
    AreaShare,
    PolicyPage,
    SitePage,
    policy_page,
    site_page,
)

MARKER = "<!-- srcnet:diff -->"
"""By this a later run finds the comment that it writes anew."""


def render_markdown(review: Review, *, limit: int = LIMIT) -> str:
    """The comment, never longer than `limit` characters."""
    sections = [*_sections(review)]
    return comment(MARKER, verdict(review), review, review.impact, "", sections, limit)


def render_site_markdown(review: Review, site: SiteName, *, limit: int = LIMIT) -> str:
    """The same for the administrators of one site, with a marker of its own."""
    page = site_page(review, site)
    marker = f"<!-- srcnet:diff:site:{site} -->"
    sections = [*_site_sections(review, page)]
    said, impact = site_verdict(page), page.reach.impact
    return comment(marker, said, review, impact, f"--site {site}", sections, limit)


def render_policy_markdown(review: Review, *, limit: int = LIMIT) -> str:
    """The same for the architecture group."""
    page = policy_page(review)
    sections = [*_policy_sections(review, page)]
    marker, option = "<!-- srcnet:diff:policy -->", "--policy"
    return comment(marker, turns(page), review, review.impact, option, sections, limit)


# ── the whole, and the pages: the most needed first, that is what stays where room is short ───


def _sections(review: Review) -> Iterator[Section]:
    yield from _refusals(review)
    if review.requirements:
        yield Section("requirements", _requirements(review.requirements))
    yield from _meanings(review)
    yield from _proofs(review)
    yield from _access(review, review.access)
    yield from _movement(review)
    if review.edits:
        yield Section("edits", _edits("what the specs say otherwise", review.edits, review))
    if review.pipelines:
        rows = [f"- {cell(file_changed(each.change))}" for each in review.pipelines]
        yield Section("pipelines", "\n".join([f"**{PIPELINES}**", "", *rows]))
    yield from _reached(review)
    yield from _findings(review)
    yield from _left(review.left)
    for reach in review.reached:
        text = render_site(review, reach.site, full=True)
        title = f"{escape(reach.site)}: {escape(counted(reach))}"
        yield Section(reach.site, fold(title, fenced(text)))
    for system, group in groupby(review.effects, key=lambda each: each.change.address.system):
        effects = [effect for effect in group if not effect.sites]
        if effects:
            lines = change_lines([effect.change for effect in effects], plain, full=True)
            count = f"{len(effects)} change{'' if len(effects) == 1 else 's'} of the federation"
            title = f"{escape(str(system))}: {count}"
            yield Section(str(system), fold(title, fenced("\n".join(lines) + "\n")))
    yield from _of_others(review, review.moved, review.drift)


def _site_sections(review: Review, page: SitePage) -> Iterator[Section]:
    reach = page.reach
    if not reach.is_touched:
        yield Section("nothing", UNTOUCHED)
        yield from _access(review, page.access)
        yield from _site_movement(review, page)
        yield from _of_others(review, page.moved, page.drift)
        return
    notice = (("daemons", daemons(page.daemons, page.drained)), ("jobs", jobs(page.jobs)))
    yield Section("daemons and jobs", "\n".join(f"- {name}: {cell(said)}" for name, said in notice))
    if page.duties:
        yield Section("what must be done", _duties(page))
    if page.until:
        yield Section(
            "the day", f"By {page.until}: the document that ends something holds no longer."
        )
    if page.years:
        rows = [[years, *map(cell, cells)] for years, cells in site_rows(page)]
        yield Section("years", f"**{EXPECTED_OF_A_SITE}**\n\n{table(SITE_COLUMNS, rows)}")
    if page.asked:
        yield Section("edits", _edits("who asks for it", page.asked, review))
    if page.commits:
        lines = [f"- {cell(f'{each.id} {each.author}: {each.title}')}" for each in page.commits]
        yield Section("commits", "\n".join(lines))
    yield from _access(review, page.access)
    yield from _site_movement(review, page)
    yield from _systems(reach.effects)
    yield from _left(reach.left)
    yield from _of_others(review, page.moved, page.drift)


def _policy_sections(review: Review, page: PolicyPage) -> Iterator[Section]:
    yield from _refusals(review)
    if page.requirements:
        yield Section("requirements", _requirements(page.requirements))
    yield from _meanings(review)
    yield from _proofs(review)
    yield from _access(review, review.access)
    yield from _movement(review)
    if page.areas:
        yield Section("areas", _areas(page.areas))
    if page.slight:
        number = len({each.held.area for each in page.slight})
        title = escape(slight(number, "area", len(page.areas)))
        yield Section("areas that hardly shift", fold(title, _areas(page.slight, whole=True)))
    yield from _reached(review)
    yield from _findings(review)


# ── their parts ───────────────────────────────────────────────────────────────────────────────


def _refusals(review: Review) -> Iterator[Section]:
    if review.refusals:
        rows = [f"- ⛔ {prose(each.message)} ({each.code.value})" for each in review.refusals]
        yield Section("refusals", "\n".join(["**A plan of this would be refused**", "", *rows]))


def _requirements(found: Sequence[Requirement]) -> str:
    head = ("", "policy", "requirement", "before", "after", "impact")
    return table(head, [_requirement(each) for each in found])


def _requirement(each: Requirement) -> tuple[str, ...]:
    draft = " (draft)" if each.draft else ""
    return (
        each.turn.value,
        prose(f"`{each.policy}`{draft}"),
        prose(each.what),
        cell(each.before),
        cell(each.after),
        each.impact.value,
    )


def _meanings(review: Review) -> Iterator[Section]:
    if review.meanings:
        rows = [[*map(cell, row)] for row in meaning_rows(review.meanings)]
        yield Section("what policies mean", f"**{TITLE}**\n\n{table(COLUMNS, rows)}")


def _proofs(review: Review) -> Iterator[Section]:
    if not review.proofs:
        return
    rows = [f"**{PROOFS}**", ""]
    for each in review.proofs:
        sign = "⛔" if each.objections else "✅"
        floors = prose(", ".join(f"`{place}`" for place in each.places))
        said = f"{cell(str(each.system))}: {cell(proven(each))}"
        rows.append(f"- {sign} {said}{f' ({floors})' if floors else ''}")
        for found in each.objections:
            places = ", ".join(prose(f"`{label.span}`") for label in found.labels)
            rows.append(f"  - {prose(found.message)} ({places})")
    yield Section("proofs", "\n".join(rows))


def _access(review: Review, access: Sequence[Access]) -> Iterator[Section]:
    if not access:
        return
    rows = [
        (
            "+" if each.gained else "-",
            cell(f"{reading(each)}; {terms(each)}"),
            prose(f"`{each.place}`"),
        )
        for each in access
    ]
    asked = [f"- asked for by {prose(c.author)}: {prose(c.title)}" for c in asking(review, access)]
    text = "\n".join([table(("", prose(ACCESS), "where"), rows), *([""] if asked else []), *asked])
    yield Section("what people may read", text)


def _movement(review: Review) -> Iterator[Section]:
    if review.movement is not None:
        yield _moved(movement_lines(review.movement, True, plain))


def _site_movement(review: Review, page: SitePage) -> Iterator[Section]:
    if review.movement is not None:
        yield _moved(site_lines(review.movement, page.reach.site, plain))


def _moved(lines: Iterable[str]) -> Section:
    _, title, *moved = lines
    return Section("what is moved", fold(prose(title), fenced("\n".join(moved) + "\n")))


def _edits(title: str, edits: Sequence[Edit], review: Review) -> str:
    rows = [(cell(way(edit)), cell(both(edit, review)), prose(f"`{edit.place}`")) for edit in edits]
    return table((title, "", "where"), rows)


def _areas(areas: Sequence[AreaShare], *, whole: bool = False) -> str:
    rows = [[cell(each.held.area), *map(cell, cells)] for each, cells in area_rows(areas)]
    return table(("area", *AREA_COLUMNS), rows, whole=whole)


def _reached(review: Review) -> Iterator[Section]:
    """The sites that it reaches, those that hardly shift, and those that are as they were."""
    if review.reached:
        yield Section("sites", _sites(review.reached))
    if review.slight:
        title = escape(slight(len(review.slight), "site", len(review.reached)))
        yield Section("sites that hardly shift", fold(title, _sites(review.slight, whole=True)))
    if review.untouched and not review.is_nothing:
        number = len(review.untouched)
        plural = "" if number == 1 else "s"
        title = f"{number} site{plural} untouched: the same artifacts, byte for byte"
        yield Section("untouched sites", fold(title, escape(", ".join(review.untouched))))


def _sites(reaches: Iterable[Reach], *, whole: bool = False) -> str:
    rows = [
        (cell(reach.site), cell(counted(reach)), reach.impact.value, cell(first_years(reach)))
        for reach in reaches
    ]
    return table(("site", "systems", "impact", "expected at its areas"), rows, whole=whole)


def _findings(review: Review) -> Iterator[Section]:
    if review.new or review.gone:
        rows = [
            *(f"- new {each.severity.value}: {prose(each.message)}" for each in review.new),
            *(f"- gone: {prose(each.message)}" for each in review.gone),
        ]
        title = f"Findings: {len(review.new)} new, {len(review.gone)} gone"
        yield Section("findings", fold(title, "\n".join(rows)))


def _left(left: Sequence[Left]) -> Iterator[Section]:
    for why, title in STAYS.items():
        rows = [f"- {prose(f'`{each.address}`')}" for each in left if each.why is why]
        if rows:
            yield Section(f"what is {why.value}", fold(prose(title), "\n".join(rows)))


def _systems(effects: Sequence[Effect]) -> Iterator[Section]:
    for system, group in groupby(effects, key=lambda each: each.change.address.system):
        changes = [effect.change for effect in group]
        lines = change_lines(changes, plain, full=True)
        title = f"{escape(str(system))}: {escape(summary(changes))}"
        yield Section(str(system), fold(title, fenced("\n".join(lines) + "\n")))


def _duties(page: SitePage) -> str:
    parts = ["**What its administrators must do themselves**"]
    for (system, when), duties in groupby(page.duties, key=lambda each: (each.system, due(each))):
        lines = [line for duty in duties for line in task_lines(duty.task, True)]
        parts.append(f"{cell(str(system))}, {cell(when)}:\n\n{fenced(chr(10).join(lines))}")
    return "\n\n".join(parts)


def _of_others(
    review: Review, moved: Sequence[Edit], drift: Sequence[Drift] | None
) -> Iterator[Section]:
    """What is not this change's."""
    if moved:
        rows = [f"- {prose(f'`{way(edit)}`')}: {cell(both(edit, review))}" for edit in moved]
        yield Section("the main line", fold(prose(MOVED), "\n".join(rows)))
    if drift is None:
        return
    if not any(each.changes or each.unseen for each in drift):
        yield Section("drift", NO_DRIFT)
        return
    texts = [
        "\n".join([f"{each.system}:", *change_lines(each.changes, plain, full=True), *unseen(each)])
        for each in drift
        if each.changes or each.unseen
    ]
    yield Section("drift", fold(prose(DRIFT), fenced("\n".join(texts) + "\n")))

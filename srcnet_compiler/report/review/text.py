"""A review for a terminal: the whole, the page of one site, the page of the architecture group."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from srcnet_compiler.change import Impact
from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.names import SiteName
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.changes import change_lines
from srcnet_compiler.report.paint import Paint, painter
from srcnet_compiler.report.plan import summary, task_lines
from srcnet_compiler.report.review.meaning import meaning_lines
from srcnet_compiler.report.review.movement import movement_lines, site_lines
from srcnet_compiler.report.review.words import (
    ACCESS,
    DRIFT,
    EXPECTED_OF_A_SITE,
    MOVED,
    NO_DRIFT,
    PIPELINES,
    PROOFS,
    STAYS,
    UNTOUCHED,
    asking,
    both,
    by_year,
    counted,
    daemons,
    due,
    expected,
    file_changed,
    headroom,
    in_ranges,
    jobs,
    per_day,
    percent,
    proven,
    reading,
    site_verdict,
    slight,
    terms,
    turns,
    verdict,
    way,
)
from srcnet_compiler.review.model import (
    Access,
    Drift,
    Edit,
    Effect,
    Left,
    Requirement,
    Review,
    Turn,
    Why,
)
from srcnet_compiler.review.pages import AreaShare, PolicyPage, SitePage, policy_page, site_page

_FEW = 12
"""More of one thing than this is counted, unless all is asked for."""
_STYLE = {Turn.STRICTER: "create", Turn.LOOSER: "error", Turn.OTHER: "update"}


def render_review(review: Review, *, full: bool = False, colour: bool = False) -> str:
    """What every reader should know: edits, changes, policies, sites, findings, refusals."""
    return _joined(_whole(review, full, painter(colour)))


def render_site(review: Review, site: SiteName, *, full: bool = False, colour: bool = False) -> str:
    """What the administrators of one site should know."""
    return _joined(_site_page(review, site_page(review, site), full, painter(colour)))


def render_policy(review: Review, *, full: bool = False, colour: bool = False) -> str:
    """What the architecture group should know."""
    return _joined(_policy_page(review, full, painter(colour)))


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


# ── the pages ─────────────────────────────────────────────────────────────────────────────────


def _whole(review: Review, full: bool, paint: Paint) -> Iterator[str]:
    yield _head(review, verdict(review), paint)
    yield from _edits("What the specs say otherwise", review.edits, review, full, paint)
    yield from _edits(MOVED, review.moved, review, full, paint)
    yield from _systems(review.effects, full, paint)
    yield from _pipelines(review.pipelines, full, paint)
    yield from _left(review.left, full, paint)
    yield from _requirements(review.requirements, paint)
    yield from meaning_lines(review.meanings, paint)
    yield from _proofs(review, paint)
    yield from _access(review, review.access, full, paint)
    yield from _sites(review, full, paint)
    yield from _movement(review, full, paint)
    yield from _drift(review.drift, full, paint)
    yield from _findings(review, paint)
    yield from _refusals(review.refusals, paint)


def _site_page(review: Review, page: SitePage, full: bool, paint: Paint) -> Iterator[str]:
    yield _head(review, site_verdict(page), paint)
    if not page.reach.is_touched:
        yield ""
        yield UNTOUCHED
        yield from _access(review, page.access, full, paint)
        yield from _site_movement(review, page, paint)
        yield from _of_others(page, review, full, paint)
        return
    yield ""
    yield f"  daemons    {daemons(page.daemons, page.drained)}"
    yield f"  jobs       {jobs(page.jobs)}"
    yield from _expected(page, paint)
    yield from _edits("Who asks for it", page.asked, review, full, paint)
    for commit in page.commits:
        yield f"  {commit.id} {visible(commit.author)}: {visible(commit.title)}"
    yield from _access(review, page.access, full, paint)
    yield from _systems(page.reach.effects, full, paint)
    yield from _left(page.reach.left, full, paint)
    if page.duties:
        yield ""
        yield paint("What its administrators must do themselves", "bold")
        for (system, when), duties in groupby(page.duties, key=lambda d: (d.system, due(d))):
            yield f"  {system}, {when}:"
            for duty in duties:
                yield from task_lines(duty.task, full)
    if page.until:
        yield f"  by {page.until}: the document that ends something holds no longer than that"
    yield from _site_movement(review, page, paint)
    yield from _of_others(page, review, full, paint)


def _of_others(page: SitePage, review: Review, full: bool, paint: Paint) -> Iterator[str]:
    """What is not this change's."""
    yield from _edits(MOVED, page.moved, review, full, paint)
    yield from _drift(page.drift, full, paint)


def _expected(page: SitePage, paint: Paint) -> Iterator[str]:
    uplink = page.reach.uplink
    lines = [
        (
            each.year,
            f"{expected(each.before, each.after)}, {headroom(each.before, each.after)}; "
            f"{per_day(each.flow, uplink)}",
        )
        for each in page.years
    ]
    if lines:
        yield ""
        yield paint(EXPECTED_OF_A_SITE, "bold")
    for years, line in in_ranges(lines):
        yield f"  {years:9}  {line}"


def _policy_page(review: Review, full: bool, paint: Paint) -> Iterator[str]:
    page = policy_page(review)
    yield _head(review, turns(page), paint)
    yield from _requirements(review.requirements, paint)
    yield from meaning_lines(review.meanings, paint)
    yield from _proofs(review, paint)
    yield from _access(review, review.access, full, paint)
    yield from _areas(page, full, paint)
    yield from _sites(review, full, paint)
    yield from _movement(review, full, paint)
    yield from _findings(review, paint)
    yield from _refusals(review.refusals, paint)


# ── their parts ───────────────────────────────────────────────────────────────────────────────


def _head(review: Review, said: str, paint: Paint) -> str:
    return paint(f"{review.base} → {review.head}: {said}", "bold")


def _edits(
    title: str, edits: Sequence[Edit], review: Review, full: bool, paint: Paint
) -> Iterator[str]:
    if not edits:
        return
    yield ""
    yield paint(title, "bold")
    shown = edits if full else edits[:_FEW]
    for edit in shown:
        sign = "+" if edit.before is None else "-" if edit.after is None else "~"
        place = paint(str(edit.place), "place")
        if len(way(edit)) + len(both(edit, review)) > _FEW * 7:
            yield f"  {sign} {way(edit)}   {place}"
            yield f"      {both(edit, review)}"
        else:
            yield f"  {sign} {way(edit)}: {both(edit, review)}   {place}"
    yield from _more(len(edits) - len(shown))


def _systems(effects: Sequence[Effect], full: bool, paint: Paint) -> Iterator[str]:
    for system, group in groupby(effects, key=lambda effect: effect.change.address.system):
        changes = [effect.change for effect in group]
        yield ""
        yield paint(f"{system}: {summary(changes)}", "bold")
        yield from change_lines(changes, paint, full=full)


def _pipelines(effects: Sequence[Effect], full: bool, paint: Paint) -> Iterator[str]:
    if not effects:
        return
    yield ""
    yield paint(PIPELINES, "bold")
    if full:
        yield from change_lines([effect.change for effect in effects], paint, full=True)
        return
    for effect in effects:
        yield f"  {paint(file_changed(effect.change), effect.change.action.value)}"


def _left(left: Sequence[Left], full: bool, paint: Paint) -> Iterator[str]:
    for why in Why:
        found = [each for each in left if each.why is why]
        if not found:
            continue
        yield ""
        yield paint(STAYS[why], "bold")
        shown = found if full else found[:_FEW]
        for each in shown:
            place = f"   {paint(str(each.place), 'place')}" if each.place else ""
            yield f"  . {visible(str(each.address))}{place}"
        yield from _more(len(found) - len(shown))


def _requirements(found: Sequence[Requirement], paint: Paint) -> Iterator[str]:
    for policy, group in groupby(found, key=lambda each: each.policy):
        each = list(group)
        yield ""
        draft = " (a draft: nothing follows from it yet)" if each[0].draft else ""
        yield paint(f"policy {visible(policy)}{draft}", "bold")
        for one in each:
            place = one.head or one.base
            turn = paint(f"{one.turn.value:9}", _STYLE[one.turn])
            impact = f"  [{one.impact.value}]" if one.impact.rank > Impact.RECONFIGURE.rank else ""
            where = f"   {paint(str(place), 'place')}" if place else ""
            what = f"{visible(one.what)}: {visible(one.before)} → {visible(one.after)}"
            yield f"  {turn} {what}{impact}{where}"


def _proofs(review: Review, paint: Paint) -> Iterator[str]:
    if not review.proofs:
        return
    yield ""
    yield paint(PROOFS, "bold")
    for each in review.proofs:
        floors = f"   {paint(', '.join(map(str, each.places)), 'place')}" if each.places else ""
        yield f"  {each.system}: {proven(each)}{floors}"
        for found in each.objections:
            yield f"    {visible(found.message)}"
            for label in found.labels:
                yield f"      {visible(label.text)}   {paint(str(label.span), 'place')}"


def _access(review: Review, access: Sequence[Access], full: bool, paint: Paint) -> Iterator[str]:
    if not access:
        return
    yield ""
    yield paint(ACCESS, "bold")
    shown = access if full else access[:_FEW]
    for each in shown:
        yield f"  {'+' if each.gained else '-'} {reading(each)}   {paint(str(each.place), 'place')}"
        yield f"      {terms(each)}"
    yield from _more(len(access) - len(shown))
    for commit in asking(review, access):
        yield f"  asked for by {visible(commit.author)}: {visible(commit.title)} ({commit.id})"


def _sites(review: Review, full: bool, paint: Paint) -> Iterator[str]:
    shown = review.touched if full else review.reached
    slight_ones = () if full else review.slight
    if review.touched:
        yield ""
        yield paint("Sites that it reaches", "bold")
        width = max((len(reach.site) for reach in shown), default=0)
        for reach in shown if full else shown[:_FEW]:
            first = [f"{years}: {line}" for years, line in in_ranges(by_year(reach))][:1]
            yield f"  {reach.site:{width}}  {'; '.join([counted(reach), *first])}"
        yield from _more(0 if full else len(shown) - _FEW)
        yield from _slight(slight(len(slight_ones), "site", len(shown)), len(slight_ones))
    if review.untouched and not review.is_nothing:
        names = review.untouched if full else review.untouched[:_FEW]
        more = ", …" if len(names) < len(review.untouched) else ""
        yield ""
        yield (
            f"Untouched, their artifacts the same to the byte: {len(review.untouched)} "
            f"site{'' if len(review.untouched) == 1 else 's'} ({', '.join(names)}{more})"
        )


def _movement(review: Review, full: bool, paint: Paint) -> Iterator[str]:
    if review.movement is not None:
        yield from movement_lines(review.movement, full, paint)


def _site_movement(review: Review, page: SitePage, paint: Paint) -> Iterator[str]:
    if review.movement is not None:
        yield from site_lines(review.movement, page.reach.site, paint)


def _areas(page: PolicyPage, full: bool, paint: Paint) -> Iterator[str]:
    if not (page.areas or page.slight):
        return
    yield ""
    yield paint("What areas are expected to hold at the end of a year, of what is pledged", "bold")
    areas = (*page.areas, *page.slight) if full else page.areas
    lines = [
        (area, span, text)
        for area, group in groupby(areas, key=lambda each: each.held.area)
        for span, text in in_ranges((each.held.year, _area(each)) for each in group)
    ]
    shown = lines if full else lines[: 3 * _FEW]
    width = max((len(area) for area, _, _ in shown), default=0)
    for area, span, text in shown:
        yield f"  {area:{width}}  {span:9}  {text}"
    yield from _more(len(lines) - len(shown))
    left_out = 0 if full else len({each.held.area for each in page.slight})
    yield from _slight(slight(left_out, "area", len(page.areas)), left_out)


def _area(each: AreaShare) -> str:
    before, after = each.held.before, each.held.after
    return f"{expected(before, after)}; {percent(each.share)} of {each.held.tier}"


def _slight(said: str, number: int) -> Iterator[str]:
    if number:
        yield f"  … {said}   (all with --full)"


def _drift(drift: Sequence[Drift] | None, full: bool, paint: Paint) -> Iterator[str]:
    if drift is None:
        return
    yield ""
    if not any(each.changes or each.unseen for each in drift):
        yield NO_DRIFT
        return
    yield paint(DRIFT, "bold")
    for each in drift:
        if each.changes:
            yield f"  {each.system}: {summary(each.changes)}"
            yield from change_lines(each.changes, paint, full=full)
        for reason in each.unseen:
            yield f"  {each.system}: could not be read: {visible(reason)}"


def _findings(review: Review, paint: Paint) -> Iterator[str]:
    for title, found in (("New findings", review.new), ("Findings that are gone", review.gone)):
        if found:
            yield ""
            yield paint(title, "bold")
            for each in found:
                where = f"   {paint(str(each.labels[0].span), 'place')}" if each.labels else ""
                severity = paint(each.severity.value, each.severity.value)
                yield f"  {severity} {visible(each.message)} ({each.code.value}){where}"


def _refusals(refusals: Sequence[Diagnostic], paint: Paint) -> Iterator[str]:
    if not refusals:
        return
    yield ""
    yield paint("A plan of this would be refused", "bold")
    for each in refusals:
        where = f"   {paint(str(each.labels[0].span), 'place')}" if each.labels else ""
        yield f"  {visible(each.message)} ({each.code.value}){where}"
        if each.help:
            yield f"    {paint('help', 'help')}: {visible(each.help)}"


def _more(number: int) -> Iterator[str]:
    if number > 0:
        yield f"  … and {number} more   (all with --full)"

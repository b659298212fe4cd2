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
from srcnet_compiler.report.review.movement import movement_lines
from srcnet_compiler.report.review.words import (
    STAYS,
    both,
    by_year,
    counted,
    daemons,
    expected,
    in_ranges,
    verdict,
    way,
)
from srcnet_compiler.review.model import (
    AreaYear,
    Drift,
    Edit,
    Effect,
    Left,
    Reach,
    Requirement,
    Review,
    Turn,
    Why,
)

_FEW = 12
"""More of one thing than this is counted, unless all is asked for."""
_STYLE = {Turn.STRICTER: "create", Turn.LOOSER: "error", Turn.OTHER: "update"}


def render_review(review: Review, *, full: bool = False, colour: bool = False) -> str:
    """What every reader should know: edits, changes, policies, sites, findings, refusals."""
    return _joined(_whole(review, full, painter(colour)))


def render_site(review: Review, site: SiteName, *, full: bool = False, colour: bool = False) -> str:
    """What the administrators of one site should know."""
    reach = next((reach for reach in review.reaches if reach.site == site), Reach(site))
    return _joined(_site_page(review, reach, full, painter(colour)))


def render_policy(review: Review, *, full: bool = False, colour: bool = False) -> str:
    """What the architecture group should know."""
    return _joined(_policy_page(review, full, painter(colour)))


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


# ── the pages ─────────────────────────────────────────────────────────────────────────────────


def _whole(review: Review, full: bool, paint: Paint) -> Iterator[str]:
    yield _head(review, verdict(review), paint)
    yield from _edits("What the specs say otherwise", review.edits, review, full, paint)
    yield from _moved(review, full, paint)
    yield from _systems(review.effects, full, paint)
    yield from _left(review.left, full, paint)
    yield from _requirements(review.requirements, paint)
    yield from _sites(review, full, paint)
    yield from _movement(review, full, paint)
    yield from _drift(review.drift, full, paint)
    yield from _findings(review, paint)
    yield from _refusals(review.refusals, paint)


def _site_page(review: Review, reach: Reach, full: bool, paint: Paint) -> Iterator[str]:
    if not reach.is_touched:
        yield _head(review, f"nothing of {reach.site} changes", paint)
        yield ""
        yield "Its artifacts are the same to the byte, and its areas are expected to hold the same."
        return
    yield _head(review, f"{reach.site}: {counted(reach)}; impact: {reach.impact.value}", paint)
    yield ""
    yield f"  daemons    {daemons(reach)}"
    yield f"  jobs       {_jobs(reach)}"
    yield from _expected(reach, paint)
    asked = [review.edits[number] for number in reach.edits]
    yield from _edits("Who asks for it", asked, review, full, paint)
    files = {edit.place.file for edit in asked}
    for commit in review.commits:
        if commit.file in files:
            yield f"  {commit.id} {visible(commit.author)}: {visible(commit.title)}"
    yield from _systems(reach.effects, full, paint)
    yield from _left(reach.left, full, paint)
    if reach.new_tasks:
        yield ""
        yield paint("What its administrators must do themselves", "bold")
        for system, task in reach.new_tasks:
            yield f"  {system}:"
            yield from task_lines(task, full)
    until = sorted({e.change.until for e in reach.effects if e.change.until is not None})
    if until:
        yield f"  by {until[0]}: the document that ends something holds no longer than that"


def _expected(reach: Reach, paint: Paint) -> Iterator[str]:
    lines = [*in_ranges(by_year(reach))]
    if lines:
        yield ""
        title = "What its areas are expected to hold at the end of a year, drafts included"
        yield paint(title, "bold")
    for years, line in lines:
        yield f"  {years:9}  {line}"


def _jobs(reach: Reach) -> str:
    drains = [e.change for e in reach.effects if e.change.impact is Impact.DRAINS_JOBS]
    restarts = [e.change for e in reach.effects if e.change.impact is Impact.RESTART]
    said = [f"{change.address.name}: {visible(change.reason)}" for change in (*drains, *restarts)]
    return "; ".join(said) or "none is touched"


def _policy_page(review: Review, full: bool, paint: Paint) -> Iterator[str]:
    turns = {turn: sum(r.turn is turn for r in review.requirements) for turn in Turn}
    said = ", ".join(f"{number} {turn.value}" for turn, number in turns.items() if number)
    yield _head(review, f"requirements: {said or 'all as they were'}", paint)
    yield from _requirements(review.requirements, paint)
    yield from _areas(review.years, full, paint)
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


def _moved(review: Review, full: bool, paint: Paint) -> Iterator[str]:
    title = "What the main line says otherwise since then; it is not this change's"
    yield from _edits(title, review.moved, review, full, paint)


def _systems(effects: Sequence[Effect], full: bool, paint: Paint) -> Iterator[str]:
    for system, group in groupby(effects, key=lambda effect: effect.change.address.system):
        changes = [effect.change for effect in group]
        yield ""
        yield paint(f"{system}: {summary(changes)}", "bold")
        yield from change_lines(changes, paint, full=full)


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


def _sites(review: Review, full: bool, paint: Paint) -> Iterator[str]:
    if review.touched:
        yield ""
        yield paint("Sites that it reaches", "bold")
        width = max(len(reach.site) for reach in review.touched)
        for reach in review.touched if full else review.touched[:_FEW]:
            first = [f"{years}: {line}" for years, line in in_ranges(by_year(reach))][:1]
            yield f"  {reach.site:{width}}  {'; '.join([counted(reach), *first])}"
        yield from _more(0 if full else len(review.touched) - _FEW)
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


def _areas(years: Sequence[AreaYear], full: bool, paint: Paint) -> Iterator[str]:
    differing = [each for each in years if each.differs]
    if not differing:
        return
    yield ""
    yield paint("What areas are expected to hold at the end of a year, of what is pledged", "bold")
    lines = [
        (area, span, text)
        for area, group in groupby(differing, key=lambda each: each.area)
        for span, text in in_ranges((y.year, expected(y.before, y.after)) for y in group)
    ]
    shown = lines if full else lines[: 3 * _FEW]
    width = max(len(area) for area, _, _ in shown)
    for area, span, text in shown:
        yield f"  {area:{width}}  {span:9}  {text}"
    yield from _more(len(lines) - len(shown))


def _drift(drift: Sequence[Drift] | None, full: bool, paint: Paint) -> Iterator[str]:
    if drift is None:
        return
    yield ""
    if not any(each.changes or each.unseen for each in drift):
        yield "The systems are as the base says: there is no drift."
        return
    yield paint("Drift that was there before; it is not this change's", "bold")
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

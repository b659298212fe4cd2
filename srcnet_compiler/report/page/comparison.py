"""What a change of the specs would do, for the page of the revision that it leads to."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from srcnet_compiler.change import Change, Impact, SystemName
from srcnet_compiler.names import SiteName
from srcnet_compiler.report.changes import change_lines
from srcnet_compiler.report.model import Report
from srcnet_compiler.report.page.build import findings
from srcnet_compiler.report.page.facts import anchor
from srcnet_compiler.report.page.model import Fact, Finding, Note, Page
from srcnet_compiler.report.page.moving import Moving, moving, site_shifts
from srcnet_compiler.report.page.shift import Shift, shifts
from srcnet_compiler.report.paint import plain
from srcnet_compiler.report.plan import summary, task_lines
from srcnet_compiler.report.review.meaning import COLUMNS, TITLE, meaning_rows
from srcnet_compiler.report.review.movement import movement_lines, site_lines
from srcnet_compiler.report.review.words import (
    AREA_COLUMNS,
    FLOORS,
    area_rows,
    asking,
    both,
    by_year,
    counted,
    daemons,
    due,
    file_changed,
    in_ranges,
    jobs,
    proven,
    reading,
    slight,
    terms,
    verdict,
    way,
)
from srcnet_compiler.review.model import (
    Access,
    Drift,
    Edit,
    Effect,
    Left,
    Lines,
    Reach,
    Requirement,
    Review,
    Why,
)
from srcnet_compiler.review.pages import PolicyPage, SitePage, policy_page, site_page
from srcnet_compiler.span import Span


@dataclass(frozen=True, slots=True)
class Changed:
    """Something that is otherwise; `how` links to where it is said, on both sides."""

    what: str
    how: Fact


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that a policy asks for otherwise. `impact` is empty where it is mild."""

    policy: str
    what: str
    how: Fact
    turn: str
    impact: str
    draft: bool


@dataclass(frozen=True, slots=True)
class System:
    """What would be changed on one system, as a plan shows it."""

    name: str
    summary: str
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts, the name of each first. `is_slight`: what it is about hardly shifts."""

    label: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    is_slight: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """What is expected of an area or a site in some years."""

    name: str
    years: str
    text: str


@dataclass(frozen=True, slots=True)
class Reached:
    """A site that the change reaches. `duties`: what its administrators must do themselves."""

    name: str
    anchor: str
    impact: str
    summary: str
    daemons: str
    jobs: str
    held: tuple[Held, ...]
    edits: tuple[Changed, ...]
    systems: tuple[System, ...]
    duties: tuple[System, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All of it. `lines` are those of the files before; `weight` is good, fair or bad.

    `drift` is None where no system was read. `areas` and `slight` are no table, or one or two.
    """

    base: str
    head: str
    verdict: str
    weight: str
    nothing: bool
    edits: tuple[Changed, ...]
    moved: tuple[Changed, ...]
    asked: tuple[Asked, ...]
    meanings: tuple[Table, ...]
    proofs: tuple[Changed, ...]
    access: tuple[Changed, ...]
    shifts: tuple[Shift, ...]
    areas: tuple[Table, ...]
    moves: System | None
    moving: Moving | None
    site_shifts: tuple[Shift, ...]
    systems: tuple[System, ...]
    pipelines: tuple[System, ...]
    left: tuple[Changed, ...]
    drift: tuple[System, ...] | None
    reached: tuple[Reached, ...]
    slight: tuple[Table, ...]
    untouched: tuple[str, ...]
    new: tuple[Finding, ...]
    gone: tuple[Finding, ...]
    refusals: tuple[Finding, ...]
    lines: Lines


def comparison(review: Review, before: Page, after: Page) -> Comparison:
    """What the page says of a change that leads from one page to the other."""
    head, base = review.head_lines, review.base_lines
    return Comparison(
        str(review.base),
        str(review.head),
        verdict(review),
        weight(review, review.impact),
        review.is_nothing,
        tuple(changed(edit, review) for edit in review.edits),
        tuple(changed(edit, review) for edit in review.moved),
        tuple(asked(each) for each in review.requirements),
        tuple(meanings(review)),
        tuple(proofs(review)),
        tuple(readable(each, review) for each in review.access),
        tuple(all_shifts(before, after)),
        tuple(areas(policy_page(review))),
        moves(review),
        moving(review, before, after),
        tuple(site_shifts(review, before, after)),
        tuple(systems(review.effects)),
        tuple(_file(effect.change) for effect in review.pipelines),
        tuple(stays(left) for left in review.left),
        None if review.drift is None else tuple(drifted(review.drift)),
        tuple(_reached(reach, review, after) for reach in review.reached),
        tuple(slight_sites(review)),
        review.untouched,
        tuple(findings(Report(review.new, head))),
        tuple(findings(Report(review.gone, base))),
        tuple(findings(Report(review.refusals, head))),
        base,
    )


def weight(review: Review, impact: Impact) -> str:
    """How grave it is: bad where data or copies may go, or a plan would be refused."""
    if review.refusals or impact.rank > Impact.MOVES_DATA.rank:
        return "bad"
    return "fair" if impact.rank > Impact.RECONFIGURE.rank else "good"


def _note(head: Span | None, base: Span | None, rule: str = "") -> Note:
    return Note(rule, (head,) if head else (), (base,) if base else ())


def changed(edit: Edit, review: Review) -> Changed:
    """What a document says otherwise, with its places on both sides."""
    return Changed(way(edit), Fact(both(edit, review), _note(edit.head, edit.base)))


def moves(review: Review) -> System | None:
    """What is moved of the data that a snapshot has; None where none was given."""
    if review.movement is None:
        return None
    return _moved(movement_lines(review.movement, True, plain))


def moves_of(review: Review, site: SiteName) -> System | None:
    """The same of one site."""
    if review.movement is None:
        return None
    return _moved(site_lines(review.movement, site, plain))


def _moved(lines: Iterable[str]) -> System:
    _, title, first, *rest = lines
    return System(title, first.strip(), "\n".join([first, *rest]))


def stays(left: Left) -> Changed:
    """In the head, unless nothing there describes it."""
    gone = left.why is Why.ABSENT
    note = _note(None if gone else left.place, left.place if gone else None)
    return Changed(str(left.address), Fact(left.why.value, note))


def readable(each: Access, review: Review) -> Changed:
    """What people may read by what they start, and could not before, or no longer; and whose wish
    that is."""
    note = _note(each.place if each.gained else None, None if each.gained else each.place)
    wishes = (f"asked for by {c.author}: {c.title} ({c.id})" for c in asking(review, [each]))
    said = "; ".join([reading(each), terms(each), *wishes])
    return Changed("may be read" if each.gained else "no longer", Fact(said, note))


def asked(found: Requirement) -> Asked:
    """What a policy asks for otherwise, with its places on both sides."""
    return Asked(
        found.policy,
        found.what,
        Fact(f"{found.before} → {found.after}", _note(found.head, found.base)),
        found.turn.value,
        found.impact.value if found.impact.rank else "",
        found.draft,
    )


def meanings(review: Review) -> Iterator[Table]:
    """What policies ask otherwise of where copies are, if anything."""
    if review.meanings:
        yield Table(TITLE, TITLE, COLUMNS, tuple(meaning_rows(review.meanings)))


def proofs(review: Review) -> Iterator[Changed]:
    """What was proven of each system with data on it, or the shortest way to a loss."""
    for each in review.proofs:
        yield Changed(str(each.system), Fact(proven(each), Note(FLOORS, each.places)))
        for found in each.objections:
            places = tuple(label.span for label in found.labels)
            yield Changed("a way to a loss", Fact(found.message, Note("", places)))


def all_shifts(before: Page, after: Page) -> Iterator[Shift]:
    """The plots of every tier of either side."""
    years = tuple(sorted({*before.years, *after.years}))
    sides = [{tier.name: tier for tier in page.tiers} for page in (before, after)]
    for name in dict.fromkeys([*sides[1], *sides[0]]):
        yield from shifts(sides[0].get(name), sides[1].get(name), years)


def areas(page: PolicyPage) -> Iterator[Table]:
    """Areas of which something else is expected, and those that hardly shift."""
    label, head = "What is expected of each area", ("area", *AREA_COLUMNS)
    if page.areas:
        rows = tuple((each.held.area, *cells) for each, cells in area_rows(page.areas))
        yield Table(label, f"{label}, before and after", head, rows)
    if page.slight:
        number = len({each.held.area for each in page.slight})
        rows = tuple((each.held.area, *cells) for each, cells in area_rows(page.slight))
        yield Table(label, slight(number, "area", len(page.areas)), head, rows, True)


def slight_sites(review: Review) -> Iterator[Table]:
    """Sites of which there is no more to say than that they hardly shift."""
    if review.slight:
        title = slight(len(review.slight), "site", len(review.reached))
        rows = tuple(
            (reach.site, years, text)
            for reach in review.slight
            for years, text in in_ranges(by_year(reach))
        )
        head = ("site", "by the end of", "expected")
        yield Table("What is expected of sites that hardly shift", title, head, rows, True)


def systems(effects: Sequence[Effect]) -> Iterator[System]:
    """What would be changed, by system."""
    for system, group in groupby(effects, key=lambda effect: effect.change.address.system):
        yield _system(system, [effect.change for effect in group])


def _system(name: SystemName, changes: Sequence[Change]) -> System:
    text = "\n".join(change_lines(changes, plain, full=True))
    return System(str(name), summary(changes), text)


def _file(change: Change) -> System:
    said = file_changed(change).removeprefix(change.address.name).strip()
    return System(change.address.name, said, "\n".join(change_lines([change], plain, full=True)))


def drifted(drift: Iterable[Drift]) -> Iterator[System]:
    """What had drifted, and what could not be read."""
    for each in drift:
        if each.changes:
            yield _system(each.system, each.changes)
        if each.unseen:
            yield System(str(each.system), "could not be read", "\n".join(each.unseen))


def duties(page: SitePage) -> Iterator[System]:
    """What only people can do, by system and by when."""
    for (system, when), group in groupby(page.duties, key=lambda each: (each.system, due(each))):
        lines = [line for duty in group for line in task_lines(duty.task, True)]
        yield System(str(system), when, "\n".join(lines))


def _reached(reach: Reach, review: Review, after: Page) -> Reached:
    page = site_page(review, reach.site)
    known = any(site.name == reach.site for site in after.sites)
    return Reached(
        reach.site,
        anchor("site", reach.site) if known else "",
        reach.impact.value,
        counted(reach),
        daemons(page.daemons, page.drained),
        jobs(page.jobs),
        tuple(Held(reach.site, years, text) for years, text in in_ranges(by_year(reach))),
        tuple(changed(edit, review) for edit in page.asked),
        tuple(systems(reach.effects)),
        tuple(duties(page)),
    )

"""What a change of the specs would do, for the page of the revision that it leads to."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from srcnet_compiler.change import Impact
from srcnet_compiler.report.changes import change_lines
from srcnet_compiler.report.model import Report
from srcnet_compiler.report.page.build import findings
from srcnet_compiler.report.page.facts import anchor
from srcnet_compiler.report.page.model import Fact, Finding, Note, Page
from srcnet_compiler.report.page.shift import Shift, shifts
from srcnet_compiler.report.paint import plain
from srcnet_compiler.report.plan import summary, task_lines
from srcnet_compiler.report.review.words import (
    both,
    by_year,
    counted,
    daemons,
    expected,
    in_ranges,
    reading,
    terms,
    verdict,
    way,
)
from srcnet_compiler.review.model import (
    Access,
    AreaYear,
    Edit,
    Effect,
    Left,
    Lines,
    Reach,
    Requirement,
    Review,
    Why,
)
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
class Held:
    """What is expected of an area or a site in some years."""

    name: str
    years: str
    text: str


@dataclass(frozen=True, slots=True)
class Reached:
    """A site that the change reaches. `tasks`: what its administrators must do themselves."""

    name: str
    anchor: str
    impact: str
    summary: str
    daemons: str
    held: tuple[Held, ...]
    edits: tuple[Changed, ...]
    systems: tuple[System, ...]
    tasks: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """All of it. `lines` are those of the files before; `weight` is good, fair or bad."""

    base: str
    head: str
    verdict: str
    weight: str
    nothing: bool
    edits: tuple[Changed, ...]
    asked: tuple[Asked, ...]
    access: tuple[Changed, ...]
    shifts: tuple[Shift, ...]
    areas: tuple[Held, ...]
    systems: tuple[System, ...]
    left: tuple[Changed, ...]
    reached: tuple[Reached, ...]
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
        _weight(review),
        review.is_nothing,
        tuple(_edit(edit, review) for edit in review.edits),
        tuple(_asked(each) for each in review.requirements),
        tuple(_access(each) for each in review.access),
        tuple(_shifts(before, after)),
        tuple(_areas(review.years)),
        tuple(_systems(review.effects)),
        tuple(_stays(left) for left in review.left),
        tuple(_reached(reach, review, after) for reach in review.touched),
        review.untouched,
        tuple(findings(Report(review.new, head))),
        tuple(findings(Report(review.gone, base))),
        tuple(findings(Report(review.refusals, head))),
        base,
    )


def _weight(review: Review) -> str:
    """How grave it is: bad where data or copies may go, or a plan would be refused."""
    if review.refusals or review.impact.rank > Impact.MOVES_DATA.rank:
        return "bad"
    return "fair" if review.impact.rank > Impact.RECONFIGURE.rank else "good"


def _note(head: Span | None, base: Span | None, rule: str = "") -> Note:
    return Note(rule, (head,) if head else (), (base,) if base else ())


def _edit(edit: Edit, review: Review) -> Changed:
    return Changed(way(edit), Fact(both(edit, review), _note(edit.head, edit.base)))


def _stays(left: Left) -> Changed:
    """In the head, unless nothing there describes it."""
    gone = left.why is Why.ABSENT
    note = _note(None if gone else left.place, left.place if gone else None)
    return Changed(str(left.address), Fact(left.why.value, note))


def _asked(found: Requirement) -> Asked:
    return Asked(
        found.policy,
        found.what,
        Fact(f"{found.before} → {found.after}", _note(found.head, found.base)),
        found.turn.value,
        found.impact.value if found.impact.rank else "",
        found.draft,
    )


def _access(each: Access) -> Changed:
    note = _note(each.place if each.gained else None, None if each.gained else each.place)
    return Changed(
        "may be read" if each.gained else "no longer", Fact(f"{reading(each)}; {terms(each)}", note)
    )


def _shifts(before: Page, after: Page) -> Iterator[Shift]:
    years = tuple(sorted({*before.years, *after.years}))
    sides = [{tier.name: tier for tier in page.tiers} for page in (before, after)]
    for name in dict.fromkeys([*sides[1], *sides[0]]):
        yield from shifts(sides[0].get(name), sides[1].get(name), years)


def _areas(years: Iterable[AreaYear]) -> Iterator[Held]:
    """Areas of which something else is expected, in ranges of years that say the same."""
    differing = [each for each in years if each.differs]
    for name, group in groupby(differing, key=lambda each: each.area):
        lines = ((each.year, expected(each.before, each.after)) for each in group)
        yield from (Held(name, years, text) for years, text in in_ranges(lines))


def _systems(effects: Sequence[Effect]) -> Iterator[System]:
    for system, group in groupby(effects, key=lambda effect: effect.change.address.system):
        changes = [effect.change for effect in group]
        text = "\n".join(change_lines(changes, plain, full=True))
        yield System(str(system), summary(changes), text)


def _reached(reach: Reach, review: Review, after: Page) -> Reached:
    tasks = [line for _, task in reach.new_tasks for line in task_lines(task, True)]
    known = any(site.name == reach.site for site in after.sites)
    return Reached(
        reach.site,
        anchor("site", reach.site) if known else "",
        reach.impact.value,
        counted(reach),
        daemons(reach),
        tuple(Held(reach.site, years, text) for years, text in in_ranges(by_year(reach))),
        tuple(_edit(review.edits[number], review) for number in reach.edits),
        tuple(_systems(reach.effects)),
        "\n".join(tasks),
    )

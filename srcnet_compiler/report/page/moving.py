"""What a change moves, as figures: from which site to which, and how it becomes less day by day."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from fractions import Fraction

from srcnet_compiler.feasibility.schedule import Schedule
from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.report.page.bars import HEIGHT, LEFT, RIGHT, WIDTH, Scale, Tick, scale_for
from srcnet_compiler.report.page.facts import follows
from srcnet_compiler.report.page.model import Fact, Page, Tier
from srcnet_compiler.report.page.shift import Shift, shifts
from srcnet_compiler.review.model import Review
from srcnet_compiler.review.movement.model import Movement
from srcnet_compiler.span import Span

_SHADES = 6
_COPIED = "what is copied of the data in the snapshot, for what the policies ask there"
_LEFT = "a way to move it as early as what is known allows, beside what arrives and is recalled"
_ON_SITE = "what all policies are expected to put on the areas of the site by the end of the year"


@dataclass(frozen=True, slots=True)
class Cell:
    """What passes from one site to another; `shade` from 1 (little) to 6 (most)."""

    fact: Fact
    shade: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """From the site of each row to that of each column; None: nothing."""

    targets: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """What is still to be moved after some days."""

    label: str
    fact: Fact
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Course:
    """How what is to be moved becomes less."""

    title: str
    days: tuple[Tick, ...]
    amounts: tuple[Tick, ...]
    bars: tuple[Bar, ...]
    left: float = LEFT
    right: float = WIDTH - RIGHT


@dataclass(frozen=True, slots=True)
class Moving:
    """All figures of it; `matrix` None: nothing passes from site to site."""

    matrix: Matrix | None
    courses: tuple[Course, ...]


def moving(review: Review, before: Page, after: Page) -> Moving | None:
    """None where no snapshot was given."""
    found = review.movement
    if found is None:
        return None
    sites = {
        area.name.text: site.name
        for p in (before, after)
        for site in p.sites
        for area in site.areas
    }
    courses = tuple(course(each) for each in found.schedules if each.stretches)
    return Moving(matrix(found, sites), courses)


def matrix(movement: Movement, sites: Mapping[str, str]) -> Matrix | None:
    """Only sites from which and to which anything passes."""
    amounts: dict[tuple[str, str], int] = defaultdict(int)
    places: dict[tuple[str, str], dict[Span, None]] = defaultdict(dict)
    for (source, to), many in movement.after.copied.items():
        pair = sites[source], sites[to]
        if many.bytes and pair[0] != pair[1]:
            amounts[pair] += many.bytes
            places[pair] |= dict.fromkeys(movement.after.places.get(("copied", source, to), ()))
    if not amounts:
        return None
    most = max(amounts.values())
    sources, targets = (sorted({pair[end] for pair in amounts}) for end in (0, 1))

    def cell(pair: tuple[str, str]) -> Cell | None:
        if pair not in amounts:
            return None
        size = amounts[pair]
        fact = follows(round_bytes(size), _COPIED, places[pair], size)
        return Cell(fact, 1 + size * (_SHADES - 1) // most)

    return Matrix(
        tuple(targets),
        tuple((source, tuple(cell((source, to)) for to in targets)) for source in sources),
    )


def course(found: Schedule) -> Course:
    """A bar for each stretch of days: what is left at its end."""
    lefts = [Fraction(found.left(number)) for number in range(len(found.stretches))]
    numbers = range(len(lefts))
    scale = scale_for(numbers, Fraction(sum(found.moves.values())), *lefts)
    title = "with drafts" if found.drafts else "by what is agreed"
    ends = (numbers[0], numbers[-1]) if len(numbers) > 1 else (numbers[0],)
    return Course(
        f"still to be moved, {title}",
        tuple(Tick(str(found.stretches[n].last), _within(scale.x(n)), HEIGHT - 9) for n in ends),
        tuple(scale.ticks),
        tuple(_bars(found, lefts, scale)),
    )


def _within(x: float) -> float:
    """The middle of a day's text that stays inside of the figure."""
    half = 34.0
    return min(max(x, LEFT + half - 20), WIDTH - RIGHT - half)


def _bars(found: Schedule, lefts: Sequence[Fraction], scale: Scale) -> Iterator[Bar]:
    wide, bottom = scale.slot * 0.76, scale.y(Fraction(0))
    for number, (stretch, left) in enumerate(zip(found.stretches, lefts, strict=True)):
        done = sum(stretch.moved.values()) // stretch.days
        said = f"{round_bytes(left) if left else 'nothing'} left, {round_bytes(done)}/d moved"
        fact = follows(said, _LEFT, found.places, left)
        y = scale.y(left)
        x = scale.x(number) - wide / 2
        day = stretch.start.replace(tzinfo=UTC).date()
        label = str(day) if day == stretch.last else f"{day} to {stretch.last}"
        yield Bar(label, fact, x, min(y, bottom - 1.5), wide, max(bottom - y, 1.5))


def site_shifts(review: Review, before: Page, after: Page) -> Iterator[Shift]:
    """Capacity over the years, before and after, of every site of which something else is
    expected."""
    years = tuple(sorted({*before.years, *after.years}))
    for reach in review.reached:
        if any(year.differs for year in reach.years):
            one, other = (_as_tier(page, reach.site) for page in (before, after))
            yield from shifts(one, other, years, _ON_SITE)


def _as_tier(page: Page, name: str) -> Tier | None:
    """All areas of a site together."""
    site = next((each for each in page.sites if each.name == name), None)
    if site is None or site.pledged is None:
        return None
    puts = tuple(put for area in site.areas for put in area.puts)
    return Tier(site.name, (), site.pledged, site.pledged, puts)

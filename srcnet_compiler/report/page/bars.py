"""What a tier has and what policies ask of it, as bars by year with lines for what there is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.report.page.labels import SIZE, text_width
from srcnet_compiler.report.page.model import Fact, Put, Tier

WIDTH, HEIGHT = 340.0, 236.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 8.0, 26.0, 24.0


@dataclass(frozen=True, slots=True)
class Bar:
    """The part of a year's bar that one policy asks for; `number` is that of its colour."""

    put: Put
    number: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Level:
    """What there is, as a line across all years; `text` stands at `x`, `label`."""

    name: str
    fact: Fact
    y: float
    text: str
    x: float
    label: float


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot with its axes. `top`: the sum of the tallest bar, which is written above it."""

    title: str
    years: tuple[Tick, ...]
    amounts: tuple[Tick, ...]
    bars: tuple[Bar, ...]
    levels: tuple[Level, ...]
    peak: Tick | None
    policies: tuple[tuple[str, int, bool], ...]
    left: float = LEFT
    right: float = WIDTH - RIGHT
    bottom: float = HEIGHT - BOTTOM


def plots(tier: Tier, years: Sequence[int], numbers: Mapping[str, int]) -> Iterator[Plot]:
    """What agreed policies ask, and where drafts ask for more, that too, on its own scale."""
    agreed, together = tier.of(drafts=False), tier.of(drafts=True)
    if not years:
        return
    if agreed or not together:
        yield _plot(f"{tier.name}: what is agreed", tier, agreed, years, numbers)
    if len(together) > len(agreed):
        yield _plot(f"{tier.name}: with drafts", tier, together, years, numbers)


@dataclass(frozen=True, slots=True)
class Scale:
    """Years and amounts to places; the axis ends at `top`."""

    years: Sequence[int]
    step: Fraction
    top: Fraction

    @property
    def slot(self) -> float:
        """The room of one year."""
        return (WIDTH - LEFT - RIGHT) / len(self.years)

    def x(self, year: int) -> float:
        """The middle of a year."""
        return LEFT + self.slot * (self.years.index(year) + 0.5)

    def y(self, amount: Fraction) -> float:
        """The height of an amount."""
        return HEIGHT - BOTTOM - float(amount / self.top) * (HEIGHT - TOP - BOTTOM)

    @property
    def ticks(self) -> Iterator[Tick]:
        """Marks at round amounts."""
        for number in range(int(self.top / self.step) + 1):
            amount = self.step * number
            yield Tick(round_bytes(amount) if amount else "0", LEFT - 5, self.y(amount))


def _plot(
    title: str, tier: Tier, puts: Sequence[Put], years: Sequence[int], numbers: Mapping[str, int]
) -> Plot:
    sums = {year: total(puts, year) for year in years}
    scale = scale_for(years, *sums.values(), tier.pledged.value, tier.capacity.value)
    drawn = tuple(_bars(puts, numbers, scale))
    last = max(years, key=lambda year: (sums[year], -year))
    return Plot(
        title,
        tuple(Tick(str(year), scale.x(year), HEIGHT - 9) for year in shown(years)),
        tuple(scale.ticks),
        drawn,
        tuple(_levels(tier, drawn, scale)),
        _peak(scale, last, sums[last]),
        tuple(
            (name, numbers[name], any(p.draft for p in puts if p.policy == name))
            for name in dict.fromkeys(put.policy for put in puts)
        ),
    )


def total(puts: Sequence[Put], year: int) -> Fraction:
    """What all together ask for by the end of a year."""
    return sum((put.amount.value for put in puts if put.year == year), Fraction(0))


def scale_for(years: Sequence[int], *amounts: Fraction) -> Scale:
    """One on which all of these amounts can be seen."""
    highest = max(*amounts, Fraction(1))
    step = round_step(highest / 4)
    return Scale(years, step, step * -(-highest // step))


def _peak(scale: Scale, year: int, amount: Fraction) -> Tick | None:
    """The tallest bar's sum, above it."""
    text = round_bytes(amount)
    reach = WIDTH - RIGHT - text_width(text) / 2
    return Tick(text, min(scale.x(year), reach), scale.y(amount) - 5) if amount else None


def shown(years: Sequence[int]) -> Sequence[int]:
    """Of many years every second, third, …: one needs as much room as its digits."""
    each = -(-len(years) * 40 // int(WIDTH - LEFT - RIGHT))
    return years[:: max(each, 1)]


def _bars(puts: Sequence[Put], numbers: Mapping[str, int], scale: Scale) -> Iterator[Bar]:
    wide = scale.slot * 0.68
    for year in scale.years:
        below = Fraction(0)
        for put in puts:
            if put.year == year:
                base, below = scale.y(below), below + put.amount.value
                y = scale.y(below)
                yield Bar(put, numbers[put.policy], scale.x(year) - wide / 2, y, wide, base - y)


def _levels(tier: Tier, bars: Sequence[Bar], scale: Scale) -> Iterator[Level]:
    pledged, capacity = tier.pledged, tier.capacity
    same = abs(scale.y(pledged.value) - scale.y(capacity.value)) < SIZE + 4
    text = f"pledged {pledged.text}" if pledged.value else "nothing is pledged"
    if same and capacity.value != pledged.value:
        text += f" of {capacity.text}"
    yield _level("pledged", pledged, text, bars, scale)
    if not same:
        yield _level("capacity", capacity, f"capacity {capacity.text}", bars, scale)


def _level(name: str, fact: Fact, text: str, bars: Sequence[Bar], scale: Scale) -> Level:
    """Its text stands above it, and above the bars that it would cover."""
    x, y = LEFT + 4, scale.y(fact.value)
    end = x + text_width(text)
    below = [bar.y for bar in bars if bar.x < end and y - SIZE - 7 < bar.y + bar.height]
    free = min([y, *(top for top in below if top < y + 2)])
    return Level(name, fact, y, text, x, free - 5)


def round_step(about: Fraction) -> Fraction:
    """The next of 1, 2, 5, 10, … that is not less."""
    step = Fraction(1)
    while step * 10 <= about:
        step *= 10
    return next(step * factor for factor in (1, 2, 5, 10) if step * factor >= about)

"""What a change of the specs does to a tier: two bars for each year, before and after."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.report.page.bars import (
    HEIGHT,
    LEFT,
    RIGHT,
    WIDTH,
    Scale,
    Tick,
    scale_for,
    shown,
    total,
)
from srcnet_compiler.report.page.model import Fact, Note, Put, Tier

RULE = "what all policies ask of the tier by the end of the year, added up"


@dataclass(frozen=True, slots=True)
class Bar:
    """All that is asked of a tier by the end of a year, on one side."""

    year: int
    fact: Fact
    after: bool
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Level:
    """What is pledged on one side."""

    fact: Fact
    after: bool
    y: float


@dataclass(frozen=True, slots=True)
class Shift:
    """One plot. `same`: the sides do not differ."""

    title: str
    same: bool
    years: tuple[Tick, ...]
    amounts: tuple[Tick, ...]
    bars: tuple[Bar, ...]
    levels: tuple[Level, ...]
    left: float = LEFT
    right: float = WIDTH - RIGHT


def shifts(
    before: Tier | None, after: Tier | None, years: Sequence[int], rule: str = RULE
) -> Iterator[Shift]:
    """What is agreed, and with drafts where there are any; a tier may be on one side alone."""
    name = next((each.name for each in (after, before) if each), "")
    agreed, drafts = (
        [each.of(drafts=drafts) if each else () for each in (before, after)]
        for drafts in (False, True)
    )
    if not years:
        return
    if any(agreed) or not any(drafts):
        yield _shift(f"{name}: what is agreed", before, after, agreed, years, rule)
    if agreed != drafts:
        yield _shift(f"{name}: with drafts", before, after, drafts, years, rule)


def _shift(
    title: str,
    before: Tier | None,
    after: Tier | None,
    puts: Sequence[Sequence[Put]],
    years: Sequence[int],
    rule: str,
) -> Shift:
    pledged = [each.pledged if each else None for each in (before, after)]
    amounts = [total(side, year) for side in puts for year in years]
    levels = [fact.value for fact in pledged if fact is not None]
    scale = scale_for(years, *amounts, *levels)
    values = [fact.value if fact else Fraction(0) for fact in pledged]
    half = len(years)
    return Shift(
        title,
        amounts[:half] == amounts[half:] and values[0] == values[1],
        tuple(Tick(str(year), scale.x(year), HEIGHT - 9) for year in shown(years)),
        tuple(scale.ticks),
        tuple(_bars(puts, scale, rule)),
        tuple(
            Level(_of_side(fact, number == 1), number == 1, scale.y(fact.value))
            for number, fact in enumerate(pledged)
            if fact is not None
        ),
    )


def _bars(puts: Sequence[Sequence[Put]], scale: Scale, rule: str) -> Iterator[Bar]:
    wide = scale.slot * 0.38
    bottom = scale.y(Fraction(0))
    for year in scale.years:
        for side, found in enumerate(puts):
            amount = total(found, year)
            if amount:
                y, x = scale.y(amount), scale.x(year) + (side - 1) * wide
                held = [put for put in found if put.year == year]
                fact = _together(held, amount, side == 1, rule)
                yield Bar(year, fact, side == 1, x, y, wide, bottom - y)


def _together(puts: Sequence[Put], amount: Fraction, after: bool, rule: str) -> Fact:
    places = tuple(dict.fromkeys(place for put in puts for place in put.amount.note.places))
    return _of_side(Fact(round_bytes(amount), Note(rule, places), amount), after)


def _of_side(fact: Fact, after: bool) -> Fact:
    """A fact of the revision before has its places there."""
    if after:
        return fact
    return Fact(fact.text, Note(fact.note.rule, (), fact.note.places), fact.value)

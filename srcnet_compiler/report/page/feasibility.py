"""Whether what is asked for is possible, as one HTML file: answers, proofs, and figures by year."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from srcnet_compiler.feasibility.fill import Filling
from srcnet_compiler.feasibility.solve import Verdict
from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.report.feasibility import QUESTIONS, Told, growth_words
from srcnet_compiler.report.model import TOOL, writable
from srcnet_compiler.report.page.bars import (
    HEIGHT,
    LEFT,
    RIGHT,
    WIDTH,
    Scale,
    Tick,
    scale_for,
    shown,
)
from srcnet_compiler.report.page.html import environment, style_of


@dataclass(frozen=True, slots=True)
class Bar:
    """What is asked in a year: by what is agreed, and what drafts ask beside."""

    text: str
    draft: bool
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Plot:
    """One thing over the years, with a line at what there is."""

    title: str
    verdict: str
    is_over: bool
    source: str
    there: str
    level: float
    years: tuple[Tick, ...]
    amounts: tuple[Tick, ...]
    bars: tuple[Bar, ...]


def render_html(told: Told) -> str:
    """The whole file: it asks nobody for anything."""
    style, digest = style_of()
    years = told.found.years
    sections = [
        ("Tiers", "What all policies ask each tier to hold by the end of a year.", told.tiers),
        ("Uplinks", "What comes in from elsewhere in a year, at least.", told.uplinks),
        (
            "Storage areas",
            "What each is expected to hold by the end of a year, as the compiler places copies.",
            told.areas,
        ),
    ]
    text = (
        environment()
        .get_template("feasibility.html.j2")
        .render(
            style=style,
            style_digest=digest,
            generator=f"{TOOL} {told.version}",
            told=told,
            answers=[(QUESTIONS[answer.question], answer) for answer in told.found.answers],
            impossible=Verdict.IMPOSSIBLE,
            possible=Verdict.POSSIBLE,
            growth=growth_words,
            amount=round_bytes,
            sections=[
                (title, what, [plot(each, years) for each in found])
                for title, what, found in sections
                if found and years
            ],
            size=(WIDTH, HEIGHT),
            left=LEFT,
            right=WIDTH - RIGHT,
        )
    )
    return writable(text)


def plot(filling: Filling, years: Sequence[int]) -> Plot:
    """Bars by year: what is agreed, and above it what drafts add."""
    highest = [filling.there, *filling.agreed.values(), *filling.all.values()]
    scale = scale_for(years, *highest)
    agreed, drafted = filling.full(drafts=False), filling.full(drafts=True)
    if agreed is not None:
        verdict = f"too little from {agreed} on"
    elif drafted is not None:
        verdict = f"enough for what is agreed, too little from {drafted} on with drafts"
    else:
        verdict = "enough"
    return Plot(
        filling.name,
        verdict,
        agreed is not None or drafted is not None,
        "" if filling.place is None else str(filling.place),
        round_bytes(filling.there) if filling.there else "nothing",
        scale.y(filling.there),
        tuple(Tick(str(year), scale.x(year), HEIGHT - 9) for year in shown(years)),
        tuple(scale.ticks),
        tuple(_bars(filling, scale)),
    )


def _bars(filling: Filling, scale: Scale) -> Iterator[Bar]:
    wide = scale.slot * 0.68
    for year in scale.years:
        agreed = filling.agreed.get(year, Fraction(0))
        together = max(filling.all.get(year, Fraction(0)), agreed)
        base = scale.y(Fraction(0))
        for draft, below, above in ((False, Fraction(0), agreed), (True, agreed, together)):
            if above > below:
                what = "with drafts" if draft else "agreed"
                low, high = scale.y(below), scale.y(above)
                text = f"{year}: {round_bytes(above)} {what}"
                left = scale.x(year) - wide / 2
                yield Bar(text, draft, left, high, wide, min(low, base) - high)

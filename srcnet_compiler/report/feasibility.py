"""Whether what is asked for is possible, for people and as data."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from srcnet_compiler.diagnostic import Label
from srcnet_compiler.feasibility.answer import Answer, Feasibility, Question
from srcnet_compiler.feasibility.fill import Filling, Unknown
from srcnet_compiler.feasibility.solve import Verdict
from srcnet_compiler.feasibility.words import Bottleneck, Part, Shortfall
from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.report.model import TOOL
from srcnet_compiler.report.paint import Paint, painter
from srcnet_compiler.span import Span

FORMAT_VERSION = 1
_SHOWN = 6
"""Of a list, how many text shows; JSON has all."""

QUESTIONS = {
    Question.SPACE: "space, wherever the policies allow",
    Question.TRANSFERS: "transfers, wherever the policies allow",
    Question.TOGETHER: "space and transfers, wherever the policies allow",
    Question.PLACED: "transfers to where the compiler places copies",
}


@dataclass(frozen=True, slots=True)
class Told:
    """All that is told."""

    found: Feasibility
    areas: tuple[Filling, ...]
    tiers: tuple[Filling, ...]
    uplinks: tuple[Filling, ...]
    unknowns: tuple[Unknown, ...]
    version: str


def render_text(told: Told, *, colour: bool) -> str:
    """Answers first, then who fills up when, then what nobody knows."""
    return "".join(f"{line}\n" for line in _lines(told, painter(colour)))


def _lines(told: Told, paint: Paint) -> Iterator[str]:
    if not told.found.answers:
        yield "no policy says how much arrives: there is nothing to be possible or not"
    for drafts in (False, True):
        answers = [answer for answer in told.found.answers if answer.drafts is drafts]
        if answers:
            first, last = told.found.years[0], told.found.years[-1]
            head = "what is agreed, and drafts" if drafts else "what is agreed"
            yield paint(f"{head}, {first} to {last}", "bold")
            for answer in answers:
                yield from _answer(answer, paint)
            yield ""
    for title, fillings in (
        ("tiers, all policies together", told.tiers),
        ("storage areas, as the compiler places copies", told.areas),
        ("uplinks: what comes in at least", told.uplinks),
    ):
        if fillings:
            yield paint(title, "bold")
            yield from _table(fillings)
            yield ""
    if told.unknowns:
        yield paint("what the specs do not say, so that nothing is held against it", "bold")
        for unknown in told.unknowns:
            yield f"  {unknown.what}: {_some(unknown.of)}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(f"`{name}`" for name in names[:_SHOWN]) + more


def _answer(answer: Answer, paint: Paint) -> Iterator[str]:
    what = QUESTIONS[answer.question]
    if not answer.asked:
        yield f"  {what}: not limited by anything that the specs say"
    elif answer.verdict is Verdict.POSSIBLE:
        yield f"  {what}: {paint('possible', 'create')}, {growth_words(answer.growth)}"
        for each in answer.bottlenecks[:_SHOWN]:
            yield f"    {_bottleneck(each)}"
        if len(answer.bottlenecks) > _SHOWN:
            yield f"    and {len(answer.bottlenecks) - _SHOWN} more"
    elif answer.shortfall is not None:
        yield f"  {what}: {paint('not possible', 'error')}, proven"
        yield from proof_lines(answer.shortfall, paint)
    elif answer.verdict is Verdict.IMPOSSIBLE:
        yield f"  {what}: {paint('not possible', 'error')}, says the solver; that is not proven"
    else:
        yield f"  {what}: the solver gives no answer"


def growth_words(growth: float | None) -> str:
    """How much more could arrive."""
    if growth is None:
        return "whatever arrives"
    return f"up to {growth:.3g} times what arrives"


def _bottleneck(each: Bottleneck) -> str:
    place = f"   {each.places[0].span}" if each.places else ""
    draft = " (draft)" if each.drafts else ""
    what = f"ends where {each.text} no more{draft}, {each.until}"
    return f"{what}: {each.more} more adds {each.adds:.3g} times at first{place}"


def proof_lines(found: Shortfall, paint: Paint) -> Iterator[str]:
    """A proof that something is not possible, with what it adds up."""
    yield f"    {found.sentence}"
    for title, parts in (("needed", found.needs), ("there", found.haves)):
        for part in parts[:_SHOWN]:
            place = f"   {part.places[0].span}" if part.places else ""
            yield f"    {title:<7}{round_bytes(part.amount):>8}  {part.text}{paint(place, 'place')}"
        if len(parts) > _SHOWN:
            rest = round_bytes(sum(part.amount for part in parts[_SHOWN:]))
            yield f"    {title:<7}{rest:>8}  of {len(parts) - _SHOWN} more"
    yield f"    {found.rows} conditions added up in exact numbers, without the solver"
    if found.drafts:
        spans = ", ".join(str(span) for span in found.drafts[:_SHOWN])
        yield f"    rests on drafts: {spans}"


def _table(fillings: Sequence[Filling]) -> Iterator[str]:
    wide = max(len(filling.name) for filling in fillings)
    yield f"  {'':<{wide}} {'there':>9} {'agreed':>9} {'in':>5} {'all':>9} {'in':>5}  over"
    for filling in fillings:
        cells = []
        for asked in (filling.agreed, filling.all):
            most = max(asked, key=lambda year: (asked[year], -year)) if asked else None
            amount = round_bytes(asked[most]) if most is not None else "-"
            cells += [f"{amount:>9}", f"{most or '-':>5}"]
        over = _over(filling)
        there = round_bytes(filling.there)
        yield f"  {filling.name:<{wide}} {there:>9} {' '.join(cells)}  {over}".rstrip()


def _over(filling: Filling) -> str:
    agreed, everything = filling.full(drafts=False), filling.full(drafts=True)
    if agreed is not None:
        return f"from {agreed} on"
    return f"from {everything} on with drafts" if everything is not None else ""


# ── as data ───────────────────────────────────────────────────────────────────────────────────


def render_json(told: Told) -> str:
    """`schemas/feasibility.schema.json`; amounts in bytes as whole numbers, rounded."""
    found = told.found
    return json.dumps(
        {
            "formatVersion": FORMAT_VERSION,
            "tool": {"name": TOOL, "version": told.version},
            "years": list(found.years),
            "agreedIsPossible": found.is_agreed_possible,
            "answers": [_answer_data(answer) for answer in found.answers],
            "tiers": [_filling(each) for each in told.tiers],
            "areas": [_filling(each) for each in told.areas],
            "uplinks": [_filling(each) for each in told.uplinks],
            "notSaid": [{"what": each.what, "of": list(each.of)} for each in told.unknowns],
        },
        indent=2,
    )


def _answer_data(answer: Answer) -> dict[str, Any]:
    short = answer.shortfall
    return {
        "question": answer.question.value,
        "withDrafts": answer.drafts,
        "verdict": answer.verdict.value if answer.asked else "not-limited",
        "until": answer.until.isoformat(),
        "growth": answer.growth,
        "bottlenecks": [
            {
                "what": each.text,
                "until": each.until.isoformat(),
                "more": each.more,
                "adds": each.adds,
                "places": _labels(each.places),
                "drafts": _spans(each.drafts),
            }
            for each in answer.bottlenecks
        ],
        "shortfall": None if short is None else shortfall_data(short),
    }


def shortfall_data(short: Shortfall) -> dict[str, Any]:
    """A proof that something is not possible."""
    return {
        "sentence": short.sentence,
        "until": short.until.isoformat(),
        "short": round(short.short),
        "conditions": short.rows,
        "needs": [_part(part) for part in short.needs],
        "there": [_part(part) for part in short.haves],
        "drafts": _spans(short.drafts),
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "what": part.text,
        "amount": round(part.amount),
        "places": _labels(part.places),
        "drafts": _spans(part.drafts),
    }


def _labels(labels: Iterable[Label]) -> list[dict[str, str]]:
    return [{"place": str(label.span), "text": label.text} for label in labels]


def _spans(spans: Iterable[Span]) -> list[str]:
    return [str(span) for span in spans]


def _filling(filling: Filling) -> dict[str, Any]:
    return {
        "name": filling.name,
        "there": round(filling.there),
        "place": None if filling.place is None else str(filling.place),
        "askedBy": _spans(filling.asked),
        "agreed": {str(year): round(amount) for year, amount in sorted(filling.agreed.items())},
        "all": {str(year): round(amount) for year, amount in sorted(filling.all.items())},
        "overWhenAgreed": filling.full(drafts=False),
        "overWithDrafts": filling.full(drafts=True),
    }

"""What policies mean otherwise, in words and as data: which placements keep them, with examples."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from srcnet_compiler.quantity import Period
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.json_report import place_data
from srcnet_compiler.report.paint import Paint
from srcnet_compiler.review.meaning.model import (
    DataClass,
    Example,
    Meaning,
    Relation,
    Stretch,
)
from srcnet_compiler.span import Span

TITLE = "What that means for where copies are, at each age"
COLUMNS = ("policy", "data", "age", "it is", "example")
_STYLE = {
    Relation.STRICTER: "create",
    Relation.LOOSER: "error",
    Relation.INCOMPARABLE: "update",
    Relation.IMPOSSIBLE: "update",
    Relation.EQUIVALENT: "place",
}
_WIDTH = max(len(relation.value) for relation in Relation)
_FEW = 3


def meaning_lines(found: Sequence[Meaning], paint: Paint) -> Iterator[str]:
    """A line for each age at which something else is asked, with an example below."""
    if not found:
        return
    yield ""
    yield paint(TITLE, "bold")
    for meaning in found:
        for stretch in _worth_a_line(meaning):
            turn = paint(f"{stretch.relation.value:{_WIDTH}}", _STYLE[stretch.relation])
            place = stretch.head or stretch.base
            where = f"   {paint(str(place), 'place')}" if place else ""
            said = ", ".join(
                part for part in (policy(meaning), about(meaning), age(stretch)) if part
            )
            yield f"  {turn} {said}{where}"
            yield from (f"      {line}" for line in examples(meaning, stretch))


def meaning_rows(found: Sequence[Meaning]) -> Iterator[tuple[str, ...]]:
    """The same as a table, a cell for each of `COLUMNS`."""
    for meaning in found:
        for stretch in _worth_a_line(meaning):
            said = ". ".join(examples(meaning, stretch))
            yield policy(meaning), about(meaning), age(stretch), stretch.relation.value, said


def _worth_a_line(meaning: Meaning) -> Iterator[Stretch]:
    """The ages that differ; where none does, all together."""
    differing = [s for s in meaning.stretches if s.relation is not Relation.EQUIVALENT]
    yield from differing or [replace(meaning.stretches[0], until=None)]


def policy(meaning: Meaning) -> str:
    """Its name, or those of two that follow each other."""
    before, after = meaning.before, meaning.after
    names = [str(each or "no policy") for each in dict.fromkeys((before, after))]
    name = " → ".join(names)
    return visible(f"{name}{' (draft)' if meaning.draft else ''}")


def about(meaning: Meaning) -> str:
    """Which data; empty where they are all that the policy selects."""
    if meaning.whole:
        return ""
    said = [kind(each) for each in meaning.data[:_FEW]]
    more = len(meaning.data) - len(said)
    return visible("; ".join([*said, *([f"{more} more"] if more > 0 else [])]))


def kind(data: DataClass) -> str:
    """Data that all policies treat alike: `in odp (visibilities, LOW)`."""
    told = ", ".join(each for each in (data.product, data.telescope, data.campaign) if each)
    return f"in {data.namespace} ({told})" if told else f"in {data.namespace}"


def age(stretch: Stretch) -> str:
    """From when to when."""
    since, until = stretch.since, stretch.until
    if since is None:
        return "at every age" if until is None else f"younger than {until}"
    return f"from {since} on" if until is None else f"from {since} to {until}"


def examples(meaning: Meaning, stretch: Stretch) -> Iterator[str]:
    """Why it is what it is said to be."""
    if stretch.relation is Relation.IMPOSSIBLE:
        yield "there are too few areas to keep it, before and now"
    elif stretch.relation is Relation.EQUIVALENT:
        yield "whatever was enough is enough, and what was too little is too little"
    elif meaning.before is None or meaning.after is None:
        yield "nothing was asked before" if meaning.before is None else "nothing is asked any more"
    else:
        for example, said in (
            (stretch.stricter, "enough before and too little now"),
            (stretch.looser, "too little before and enough now"),
        ):
            if example is not None:
                data = f"a data set {kind(meaning.data[0])}{_of_age(stretch.since)}"
                yield visible(f"{said}: {data} {_where(example)}, {_lack(example)}")


def _of_age(since: Period | None) -> str:
    return "" if since is None else f", {since} old,"


def _where(example: Example) -> str:
    held = " and ".join(
        f"{each.area} ({each.tier}, {each.region or each.site})" for each in example.held
    )
    return f"on {held}" if held else "without any copy"


def _lack(example: Example) -> str:
    lack = example.lack
    places = f"{lack.apart}{'' if lack.needs == 1 else 's'}"
    return f"{lack.has} of {lack.needs} {places} with {' or '.join(lack.tiers)}"


# ── for machines ──────────────────────────────────────────────────────────────────────────────


def meaning_data(meaning: Meaning) -> dict[str, object]:
    """All of it, also the ages at which nothing differs."""
    return {
        "before": meaning.before,
        "after": meaning.after,
        "relation": meaning.relation.value,
        "draft": meaning.draft,
        "whole": meaning.whole,
        "data": [_data(each) for each in meaning.data],
        "ages": [_stretch(each) for each in meaning.stretches],
    }


def _data(data: DataClass) -> dict[str, object]:
    return {
        "namespace": data.namespace,
        "product": data.product,
        "telescope": data.telescope,
        "campaign": data.campaign,
    }


def _stretch(stretch: Stretch) -> dict[str, object]:
    return {
        "since": stretch.since and str(stretch.since),
        "until": stretch.until and str(stretch.until),
        "before": list(stretch.before),
        "after": list(stretch.after),
        "relation": stretch.relation.value,
        "stricter": _example(stretch.stricter),
        "looser": _example(stretch.looser),
        "base": _place(stretch.base),
        "head": _place(stretch.head),
    }


def _example(example: Example | None) -> dict[str, object] | None:
    if example is None:
        return None
    return {
        "areas": [
            {"area": e.area, "site": e.site, "region": e.region, "tier": e.tier}
            for e in example.held
        ],
        "lacks": {
            "tiers": list(example.lack.tiers),
            "apart": example.lack.apart,
            "has": example.lack.has,
            "needs": example.lack.needs,
        },
    }


def _place(span: Span | None) -> object:
    return None if span is None else place_data(span)

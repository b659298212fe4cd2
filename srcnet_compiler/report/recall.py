"""What is recalled, to where, until when and at what cost: in words and as data."""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from srcnet_compiler.plan.file import to_json
from srcnet_compiler.plan.model import Plan
from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.embargo import embargo_data, embargo_lines
from srcnet_compiler.report.paint import Paint, painter
from srcnet_compiler.review.embargo import embargo_of
from srcnet_compiler.review.recall.model import (
    Accessible,
    Decided,
    Impossible,
    Running,
    Source,
    Wanted,
)

FORMAT_VERSION = 1


def render_recalls(decided: Sequence[Decided], today: date, *, colour: bool) -> str:
    """What is done for each collection."""
    paint = painter(colour)
    return "".join(f"{line}\n" for each in decided for line in _lines(each, today, paint))


def _lines(each: Decided, today: date, paint: Paint) -> Iterator[str]:
    yield paint(f"{visible(each.name)}: {_head(each)}", "bold")
    outcome = each.outcome
    if isinstance(outcome, Wanted):
        if outcome.longer is None:
            yield from (f"  {line}" for line in _costs(each, outcome))
        if each.recall is not None:
            yield f"  as its policy says   {paint(str(each.recall.origin.at()), 'place')}"
    elif isinstance(outcome, Impossible):
        yield f"  {outcome.remedy}"
    embargo = embargo_of(each.policy, each.name, each.created)
    yield from (f"  {line}" for line in embargo_lines(embargo, today, paint))


def _head(each: Decided) -> str:
    outcome = each.outcome
    if isinstance(outcome, Impossible):
        return outcome.why
    if isinstance(outcome, Wanted):
        where = f"at {outcome.site} on {outcome.tier}, until {_moment(outcome.until)}"
        before = outcome.longer
        if before is not None:
            return f"stays {where} instead of {_moment(before.until)}"
        return f"is to be {where}"
    if outcome.running is not None:
        return _runs(outcome.running)
    return f"accessible already, on {', '.join(area.name for area in outcome.areas)}"


def _runs(running: Running) -> str:
    until = f"until {_moment(running.until)}"
    if running.is_complete:
        return f"recalled already, at {running.site} {until}"
    return (
        f"on its way already, {running.there} of {running.files} files at {running.site}, {until}"
    )


def _costs(each: Decided, wanted: Wanted) -> Iterator[str]:
    sources = ", ".join(map(_source, wanted.sources)) or "where it is"
    yield f"{round_bytes(each.bytes)} to transfer, from {sources}"
    for site, why in wanted.passed_over:
        yield f"not at {site}, which is nearer: {why}"


def _source(source: Source) -> str:
    if source.seconds is None:
        return source.area.name
    return f"{source.area.name} (all its drives read that in {_at_least(source.seconds)})"


def _at_least(seconds: int) -> str:
    """Rounded up, in the unit that people would choose."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds > 2 * size:
            return f"{-(-seconds // size)} {unit}"
    return f"{seconds} s"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


# ── for machines ──────────────────────────────────────────────────────────────────────────────


def recalls_data(decided: Sequence[Decided], plan: Plan | None) -> str:
    """All of it as JSON."""
    data = {
        "formatVersion": FORMAT_VERSION,
        "collections": [_data(each) for each in decided],
        "plan": None if plan is None else json.loads(to_json(plan)),
    }
    return json.dumps(data, indent=2) + "\n"


def _data(each: Decided) -> dict[str, Any]:
    return {
        "collection": each.name,
        "bytes": each.bytes,
        "policy": None if each.policy is None else each.policy.name,
        "place": None if each.recall is None else str(each.recall.origin.at()),
        "embargo": embargo_data(embargo_of(each.policy, each.name, each.created)),
        **_outcome(each.outcome),
    }


def _outcome(outcome: Accessible | Wanted | Impossible) -> dict[str, Any]:
    if isinstance(outcome, Impossible):
        return {"outcome": "impossible", "why": outcome.why, "remedy": outcome.remedy}
    if isinstance(outcome, Wanted):
        longer = outcome.longer
        return {
            "outcome": "recall" if longer is None else "extend",
            "site": outcome.site,
            "tier": outcome.tier,
            "until": outcome.until.isoformat(),
            "formerUntil": None if longer is None else longer.until.isoformat(),
            "sources": [
                {"area": source.area.name, "readSeconds": source.seconds}
                for source in outcome.sources
            ],
            "passedOver": [{"site": site, "why": why} for site, why in outcome.passed_over],
        }
    running = outcome.running
    return {
        "outcome": "accessible" if running is None or running.is_complete else "underway",
        "areas": [area.name for area in outcome.areas],
        "site": None if running is None else running.site,
        "until": None if running is None else running.until.isoformat(),
    }

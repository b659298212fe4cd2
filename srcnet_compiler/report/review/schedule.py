"""By when it can be moved what a change moves: in words and as data."""

from collections.abc import Iterator
from typing import Any

from srcnet_compiler.feasibility.schedule import Pair, Schedule
from srcnet_compiler.feasibility.solve import Verdict
from srcnet_compiler.names import SiteName
from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.report.feasibility import proof_lines, shortfall_data
from srcnet_compiler.report.paint import Paint
from srcnet_compiler.review.movement.model import Movement

TITLE = "By when, beside what arrives and is recalled"
NOBODY_SAYS = (
    "nothing can be said of the days: nobody states what the uplinks of the sites that take part "
    "carry, or a link between two of them"
)
_FEW = 12


def schedule_lines(movement: Movement, full: bool, paint: Paint) -> Iterator[str]:
    """For what is agreed, and with drafts where that is something else."""
    if not movement.sites or not any(each.comes.bytes for each in movement.sites):
        return
    yield ""
    yield paint(TITLE, "bold")
    if not movement.schedules:
        yield f"  {NOBODY_SAYS}"
    for found in movement.schedules:
        yield f"  {_basis(found)}: {_verdict(found, paint)}"
        yield from _why(found, paint)
        yield from _links(found, full)
        yield from _sites(found, full)
        yield from (f"    {line}" for line in _doubts(found))


def site_schedule(movement: Movement, site: SiteName) -> Iterator[str]:
    """What of it is about one site."""
    for found in movement.schedules:
        rate = _rates(found, site)
        if rate:
            yield f"{_basis(found)}: {rate}"


def _basis(found: Schedule) -> str:
    return "with drafts" if found.drafts else "by what is agreed"


def _verdict(found: Schedule, paint: Paint) -> str:
    if found.verdict is Verdict.POSSIBLE and found.last is not None:
        days = f"{found.days} day{'' if found.days == 1 else 's'}"
        return f"{paint('it fits', 'create')}, {found.first} to {found.last}: {days} at least"
    if found.verdict is Verdict.IMPOSSIBLE:
        proven = "proven" if found.limit is not None else "says the solver; that is not proven"
        return f"{paint('it does not fit', 'error')}, {proven}"
    return "the solver gives no answer"


def _why(found: Schedule, paint: Paint) -> Iterator[str]:
    if found.limit is None:
        return
    if found.verdict is Verdict.POSSIBLE:
        yield "    a day sooner is not possible, proven:"
    yield from proof_lines(found.limit, paint)


def _links(found: Schedule, full: bool) -> Iterator[str]:
    links = sorted(found.links.items(), key=lambda each: (-found.moves[each[0]], each[0]))
    shown = links if full else links[:_FEW]
    width = max((len(_named(pair)) for pair, _ in shown), default=0)
    for pair, (first, last) in shown:
        amount = round_bytes(found.moves[pair])
        yield f"    {_named(pair):{width}}  {amount:>8}  {first} to {last}"
    yield from _more(len(links) - len(shown))


def _sites(found: Schedule, full: bool) -> Iterator[str]:
    sites = sorted({site for pair in found.links for site in pair})
    shown = sites if full else sites[:_FEW]
    width = max(map(len, shown), default=0)
    for site in shown:
        yield f"    {site:{width}}  {_rates(found, site)}"
    yield from _more(len(sites) - len(shown))


def _rates(found: Schedule, site: SiteName) -> str:
    """What passes on the busiest day in each direction."""
    days = [stretch.per_day(site) for stretch in found.stretches]
    said = [
        f"up to {round_bytes(most)}/d {way}"
        for way, most in (
            ("in", max((comes for comes, _ in days), default=0)),
            ("out", max((goes for _, goes in days), default=0)),
        )
        if most
    ]
    spans = [span for pair, span in found.links.items() if site in pair]
    if not spans:
        return ""
    first, last = min(first for first, _ in spans), max(last for _, last in spans)
    return f"{', '.join(said)}, {first} to {last}"


def _doubts(found: Schedule) -> Iterator[str]:
    if found.places:
        yield f"held against {', '.join(str(place) for place in found.places)}"
    if found.unknown:
        yield f"nobody states what these uplinks carry, so it may take longer: {_few(found)}"
    if found.unsaid:
        many = round_bytes(found.unsaid_bytes)
        yield f"of {many} more nothing can be said: nothing that is known limits how they are moved"


def _few(found: Schedule) -> str:
    more = len(found.unknown) - _FEW
    return ", ".join(found.unknown[:_FEW]) + (f" and {more} more" if more > 0 else "")


def _named(pair: Pair) -> str:
    return f"{pair[0]} → {pair[1]}"


def _more(number: int) -> Iterator[str]:
    if number > 0:
        yield f"    … and {number} more   (all with --full)"


# ── for machines ──────────────────────────────────────────────────────────────────────────────


def schedule_data(found: Schedule) -> dict[str, Any]:
    """All of it; amounts are whole bytes, days are inclusive."""
    sites = sorted({site for pair in found.links for site in pair})
    return {
        "withDrafts": found.drafts,
        "verdict": found.verdict.value,
        "first": found.first.isoformat(),
        "last": None if found.last is None else found.last.isoformat(),
        "days": found.days if found.stretches else None,
        "proof": None if found.limit is None else shortfall_data(found.limit),
        "links": [
            {
                "from": pair[0],
                "to": pair[1],
                "bytes": found.moves[pair],
                "first": first.isoformat(),
                "last": last.isoformat(),
            }
            for pair, (first, last) in found.links.items()
        ],
        "stretches": [
            {
                "first": stretch.start.date().isoformat(),
                "last": stretch.last.isoformat(),
                "left": found.left(number),
                "sites": [
                    {"site": site, "inPerDay": comes, "outPerDay": goes}
                    for site in sites
                    for comes, goes in (stretch.per_day(site),)
                    if comes or goes
                ],
            }
            for number, stretch in enumerate(found.stretches)
        ],
        "places": [str(place) for place in found.places],
        "unknownUplinks": list(found.unknown),
        "unsaid": [
            {"from": source, "to": to, "bytes": many} for (source, to), many in found.unsaid.items()
        ],
    }

"""What a change moves of the data that is there: in words and as data."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from srcnet_compiler.catalogue.questions import Amount
from srcnet_compiler.names import SiteName
from srcnet_compiler.quantity import BitsPerSecond, round_bytes
from srcnet_compiler.report.paint import Paint
from srcnet_compiler.report.review.schedule import (
    schedule_data,
    schedule_lines,
    site_schedule,
)
from srcnet_compiler.review.movement.model import Movement, SiteWork, Work
from srcnet_compiler.span import Span

_FEW = 12
"""More links or sites than this are counted, unless all is asked for."""


def movement_lines(movement: Movement, full: bool, paint: Paint) -> Iterator[str]:
    """Totals, the links with most, and every site that takes part."""
    work = movement.after
    yield ""
    yield paint(_title(movement), "bold")
    yield f"  {said(movement, movement.changed)} are wanted otherwise than before"
    yield f"  {_copies(work)}; without the change {_copies(movement.before)}"
    if movement.changed_by:
        places = ", ".join(map(str, movement.changed_by[: None if full else _FEW]))
        yield f"  asked for at {paint(places, 'place')}"
    yield f"  {identity(movement)}"
    yield from (f"  {line}" for line in _remarks(movement))
    yield from flow_lines(movement, full, paint)


def site_lines(movement: Movement, site: SiteName, paint: Paint) -> Iterator[str]:
    """What comes to one site and goes from it."""
    yield ""
    yield paint(f"{_title(movement)}, at least, by its uplink alone", "bold")
    own = [_site(movement, each) for each in movement.sites if each.site == site]
    yield f"  {site}: {next(filter(None, own), 'nothing comes or goes')}"
    yield from (f"  {line}" for line in site_schedule(movement, site))
    yield f"  {identity(movement)}"
    yield from (f"  {line}" for line in _of_drafts(movement))


def identity(movement: Movement) -> str:
    """Which snapshot it rests on."""
    taken = f"{movement.at:%Y-%m-%d %H:%M} UTC"
    return f"snapshot: {movement.source} of {movement.instance} at {taken}, {movement.digest}"


def _title(movement: Movement) -> str:
    return f"What it moves of what is there, by the {movement.source} of {movement.at:%Y-%m-%d}"


def flow_lines(movement: Movement, full: bool, paint: Paint) -> Iterator[str]:
    """The links with most, and every site that takes part."""
    work = movement.after
    links = sorted(work.copied.items(), key=lambda item: (-item[1].bytes, item[0]))
    if links:
        yield ""
        yield paint("From where to where", "bold")
        shown = links if full else links[:_FEW]
        width = max(len(f"{source} → {to}") for (source, to), _ in shown)
        for (source, to), many in shown:
            yield f"  {f'{source} → {to}':{width}}  {_in_short(movement, many)}"
        yield from _more(len(links) - len(shown))
    if movement.sites:
        yield ""
        yield paint("Site by site, at least, by the uplinks alone", "bold")
        sites = sorted(movement.sites, key=lambda each: (-(each.days or 0), each.site))
        shown_sites = sites if full else sites[:_FEW]
        width = max(len(each.site) for each in shown_sites)
        for each in shown_sites:
            yield f"  {each.site:{width}}  {_site(movement, each)}"
        yield from _more(len(sites) - len(shown_sites))
    yield from schedule_lines(movement, full, paint)


def said(movement: Movement, many: Amount) -> str:
    """An amount; a forecast counts no collections."""
    if movement.source == "forecast":
        return f"collections with {round_bytes(many.bytes)}"
    noun = "collection" if many.collections == 1 else "collections"
    return f"{many.collections} {noun} with {round_bytes(many.bytes)}"


def _copies(work: Work) -> str:
    return (
        f"{round_bytes(work.total.bytes)} are copied" if work.total.bytes else "nothing is copied"
    )


def _remarks(movement: Movement) -> Iterator[str]:
    work = movement.after
    released = sum((each.bytes for each in work.released.values()), 0)
    if released:
        yield f"{round_bytes(released)} need not stay where they are"
    if work.recalled.bytes:
        yield f"{said(movement, work.recalled)} have to be recalled from tape for it"
    if work.offline.bytes:
        yield f"{said(movement, work.offline)} can be read at once now, and then only be recalled"
    if work.nowhere.bytes:
        yield f"of {said(movement, work.nowhere)} no whole copy is known, so that none can be made"
    if work.unplaced.bytes:
        yield f"for {said(movement, work.unplaced)} no area is left for all the copies"
    if movement.left.bytes:
        yield f"{said(movement, movement.left)} are no policy's any more; their rules stay"
    yield from _of_drafts(movement)


def _of_drafts(movement: Movement) -> Iterator[str]:
    if movement.drafts:
        yield f"rests on drafts: {', '.join(movement.drafts)}"


def _in_short(movement: Movement, many: Amount) -> str:
    if many.files is None or movement.source == "forecast":
        return round_bytes(many.bytes)
    return f"{round_bytes(many.bytes)} in {many.files} file{'' if many.files == 1 else 's'}"


def _site(movement: Movement, each: SiteWork) -> str:
    parts = [
        f"{round_bytes(many.bytes)} {way}"
        for way, many in (("in", each.comes), ("out", each.goes), ("may go", each.released))
        if many.bytes
    ]
    if each.days:
        last = movement.at + timedelta(days=each.days)
        days = f"{each.days} day{'' if each.days == 1 else 's'}"
        stated = ", ".join(map(str, each.places))
        parts.append(f"{days} at {_rate(each.uplink)}, until {last:%Y-%m-%d}   {stated}")
    elif each.uplink is None and (each.comes.bytes or each.goes.bytes):
        parts.append("its uplink is not known")
    return "; ".join(parts)


def _rate(uplink: BitsPerSecond | None) -> str:
    return f"{(uplink or 0) / 10**9:.3g} Gbit/s"


def _more(number: int) -> Iterator[str]:
    if number:
        yield f"  … and {number} more   (all with --full)"


# ── for machines ──────────────────────────────────────────────────────────────────────────────


def movement_data(movement: Movement) -> dict[str, Any]:
    """All of it; days are at least, by the uplinks alone."""
    return {
        "instance": movement.instance,
        "source": movement.source,
        "at": movement.at.isoformat(),
        "digest": movement.digest,
        "changed": _amount(movement.changed, movement.changed_by),
        "left": _amount(movement.left, movement.left_by),
        "drafts": list(movement.drafts),
        "before": _work(movement.before),
        "after": _work(movement.after),
        "sites": [
            {
                "site": each.site,
                "comes": _amount(each.comes),
                "goes": _amount(each.goes),
                "released": _amount(each.released),
                "uplink": each.uplink,
                "days": each.days,
                "places": [str(place) for place in each.places],
            }
            for each in movement.sites
        ],
        "schedules": [schedule_data(found) for found in movement.schedules],
    }


def _work(work: Work) -> dict[str, Any]:
    def amount(many: Amount, *key: str) -> dict[str, Any]:
        return _amount(many, work.places.get(key, ()))

    return {
        "copied": [
            {"from": source, "to": to, **amount(many, "copied", source, to)}
            for (source, to), many in work.copied.items()
        ],
        "released": [
            {"area": area, **amount(many, "released", area)} for area, many in work.released.items()
        ],
        "recalled": amount(work.recalled, "recalled"),
        "nowhere": amount(work.nowhere, "nowhere"),
        "unplaced": amount(work.unplaced, "unplaced"),
        "offline": amount(work.offline, "offline"),
        "belowFloor": [
            {"policy": name, **amount(many, "short", name)} for name, many in work.short.items()
        ],
    }


def _amount(many: Amount, places: Iterable[Span] | None = None) -> dict[str, Any]:
    said = {} if places is None else {"places": [str(place) for place in places]}
    return {"collections": many.collections, "files": many.files, "bytes": many.bytes, **said}

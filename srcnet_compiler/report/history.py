"""What was done when and by whom, and what stood at a moment: in words and as data."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from srcnet_compiler.apply.history import Event, Origin, Standing
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.changes import change_lines, shown
from srcnet_compiler.report.paint import painter
from srcnet_compiler.span import Span

FORMAT_VERSION = 1


def render_events(events: Sequence[Event], *, colour: bool, full: bool) -> str:
    """Run by run, oldest first."""
    return "".join(f"{line}\n" for line in _events(events, colour, full))


def _events(events: Sequence[Event], colour: bool, full: bool) -> Iterator[str]:
    paint = painter(colour)
    for (origin, system), found in groupby(
        events, key=lambda event: (event.origin, event.change.address.system)
    ):
        group = list(found)
        yield f"{_moment(group[0].at)}  {system}, {_who(origin)}"
        good = [event.change for event in group if event.status != "failed"]
        yield from change_lines(good, paint, full=full)
        for event in group:
            if event.status == "failed":
                change = event.change
                what = f"{change.action.value} {change.address.kind} {visible(change.address.name)}"
                yield f"  failed: {what}: {visible(event.text)}"


def render_standing(found: Iterable[Standing]) -> str:
    """Object by object, with its values."""
    return "".join(f"{line}\n" for each in found for line in _standing(each))


def _standing(found: Standing) -> Iterator[str]:
    yield f"{found.address.system} {found.address.kind} {visible(found.address.name)}"
    for name, (value, place) in sorted(found.fields.items()):
        yield f"    {name}: {shown(name, value)}" + (f"   {place}" if place is not None else "")


def events_data(events: Iterable[Event]) -> dict[str, Any]:
    """For machines."""
    return {
        "formatVersion": FORMAT_VERSION,
        "changes": [
            {
                "at": event.at,
                "address": str(event.change.address),
                "action": event.change.action.value,
                "impact": event.change.impact.value,
                "status": event.status,
                "text": event.text,
                "reason": event.change.reason,
                "fields": [
                    {
                        "name": field.name,
                        "before": field.before,
                        "after": field.after,
                        "place": _place(field.origin),
                    }
                    for field in event.change.fields
                ],
                "plan": event.origin.plan,
                "run": event.origin.run,
                "by": event.origin.by,
                "commit": event.origin.commit,
                "signers": list(event.origin.signers),
            }
            for event in events
        ],
    }


def standing_data(found: Iterable[Standing]) -> dict[str, Any]:
    """For machines."""
    return {
        "formatVersion": FORMAT_VERSION,
        "objects": [
            {
                "address": str(each.address),
                "since": each.since,
                "fields": [
                    {"name": name, "value": value, "place": _place(place)}
                    for name, (value, place) in sorted(each.fields.items())
                ],
            }
            for each in found
        ],
    }


def _who(origin: Origin) -> str:
    words = [
        f"by {visible(origin.by)}" if origin.by else "",
        f"plan {origin.plan[:12]}",
        f"commit {origin.commit[:12]}" if origin.commit else "",
        f"signed by {', '.join(map(visible, origin.signers))}" if origin.signers else "",
    ]
    return ", ".join(word for word in words if word)


def _moment(at: str) -> str:
    return f"{at[:16].replace('T', ' ')} UTC"


def _place(place: Span | None) -> str | None:
    return None if place is None else str(place)

"""Downtimes that are stated to those of the catalogue, whatever the day is."""

from collections.abc import Iterator, Sequence

from srcnet_compiler.federation.model import Federation
from srcnet_compiler.federation.notices import Downtime
from srcnet_compiler.targets.scapi.lower.places import once
from srcnet_compiler.targets.scapi.lower.words import Words
from srcnet_compiler.targets.scapi.model import NAME, Entry
from srcnet_compiler.targets.scapi.model.documents import moment_text


def downtimes(federation: Federation, entries: Sequence[Entry]) -> Iterator[Entry]:
    """Those of one site's entries; what the name means twice is left out."""
    for downtime in federation.downtimes:
        if (around := _meant(federation, downtime, entries)) is not None:
            yield _entry(downtime, around)


def _meant(federation: Federation, downtime: Downtime, entries: Sequence[Entry]) -> Entry | None:
    """A site, an area, a compute or a service: in this order, and only where it is one."""
    of = downtime.of
    if of in federation.sites:
        return next((e for e in entries if (e.kind, e.name) == ("site", of)), None)
    areas = [each.name for each in federation.areas.values() if of in (each.name, each.name_today)]
    if areas:
        return next((e for e in entries if e.kind == "area" and e.name in areas), None)
    compute = [f"{s.name}/{c}" for s in federation.sites.values() for c in s.compute if c == of]
    if compute:
        only = compute[0] if len(compute) == 1 else None
        return next((e for e in entries if e.kind == "compute" and e.name == only), None)
    services = [e for e in entries if e.kind.endswith("-service") and e.fields().get(NAME) == of]
    return services[0] if len(services) == 1 else None


def _entry(downtime: Downtime, around: Entry) -> Entry:
    here = downtime.origin
    words = Words(once((here.at("of"),), around.origins[""]))
    kind = "Planned" if downtime.planned else "Unplanned"
    words.say("date_range", _range(downtime), (here.at("from"), here.at("to")))
    words.say("type", kind, (here.at("planned"),))
    words.say("reason", downtime.reason, (here.at("reason"),))
    fields, origins = words.made()
    return Entry(
        "downtime",
        f"{around.name}/{downtime.name}",
        around.node,
        fields,
        around.key,
        origins=origins,
        drafts=around.drafts,
    )


def _range(downtime: Downtime) -> str:
    return f"{moment_text(downtime.start)} to {moment_text(downtime.end)}"

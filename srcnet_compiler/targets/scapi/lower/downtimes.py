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
        for around in _meant(federation, downtime, entries):
            yield _entry(downtime, around)


def _meant(federation: Federation, downtime: Downtime, entries: Sequence[Entry]) -> Iterator[Entry]:
    """A site, an area, a compute or a service: in this order, and only where it is one; with `/`
    in it all services of a site that are called so."""
    of = downtime.of
    areas = [each.name for each in federation.areas.values() if of in (each.name, each.name_today)]
    compute = [f"{s.known_as}/{c}" for s in federation.sites.values() for c in s.compute if c == of]
    services = [each for each in entries if each.kind.endswith("-service")]
    if of in federation.sites:
        yield from [e for e in entries if (e.kind, e.name) == ("site", federation.as_known(of))]
    elif areas:
        yield from [e for e in entries if e.kind == "area" and e.name in areas][:1]
    elif compute:
        only = compute[0] if len(compute) == 1 else None
        yield from [e for e in entries if e.kind == "compute" and e.name == only]
    elif "/" in of:
        site, _, called = federation.as_known(of).partition("/")
        of_site = [each for each in services if each.name.partition("/")[0] == site]
        yield from [e for e in of_site if called in (e.fields().get("type"), e.fields().get(NAME))]
    else:
        named = [each for each in services if each.fields().get(NAME) == of]
        yield from named if len(named) == 1 else ()


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

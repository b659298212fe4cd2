"""Federation to the site catalogue: sites to nodes, areas to storages, offers to services."""

from collections.abc import Iterable, Iterator

from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.federation.membership import Membership
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import SrcName
from srcnet_compiler.targets.scapi.lower.compute import compute_of
from srcnet_compiler.targets.scapi.lower.downtimes import downtimes
from srcnet_compiler.targets.scapi.lower.endings import without_ended
from srcnet_compiler.targets.scapi.lower.places import node_places, once
from srcnet_compiler.targets.scapi.lower.sites import Place, places_of
from srcnet_compiler.targets.scapi.lower.storage import storage_of
from srcnet_compiler.targets.scapi.lower.words import Words
from srcnet_compiler.targets.scapi.model import Entry, ScapiModel


def lower(
    federation: Federation, analysis: Analysis, members: Membership | None = None
) -> tuple[ScapiModel, ...]:
    """The one catalogue, where the federation has one; without what rests on a draft that no waiver
    accepts, and without what the catalogue has no word for."""
    catalogue = federation.site_catalogue
    if catalogue is None:
        return ()
    entries, ended = without_ended(federation, tuple(_entries(federation)))
    places = once(
        (catalogue.origin.at("name"),),
        *(entry.origins[""] for entry in entries if entry.kind == "node"),
    )
    return (
        ScapiModel(
            instance=catalogue.name,
            entries={entry.key: entry for entry in entries},
            ended={each.entry.key: each for each in ended},
            origins={"": places},
        ),
    )


def _entries(federation: Federation) -> Iterator[Entry]:
    """Node by node, each entry behind what it lies in."""
    places = places_of(federation)
    for src in sorted({place.site.src for place in places}):
        ours = [place for place in places if place.site.src == src]
        yield _node(federation, src, ours)
        made = [entry for place in ours for entry in (place.entry, *place.others)]
        made += [entry for place in ours for entry in _inside(place)]
        yield from made
        yield from downtimes(federation, made)


def _inside(place: Place) -> Iterator[Entry]:
    areas: list[Entry] = []
    for entry in storage_of(place):
        areas += [entry] if entry.kind == "area" else []
        yield entry
    yield from compute_of(place, {area.name: area for area in areas})


def _node(federation: Federation, src: SrcName, places: Iterable[Place]) -> Entry:
    words = Words(once(*(node_places(federation, place.site) for place in places)))
    words.say("name", src, ())
    for place in places:
        words.quote_within(place.said.own, "node")
    fields, origins = words.made()
    others = tuple(other for other, name in federation.aliases.items() if name == src)
    drafts = once(*(place.site.drafts for place in places))
    return Entry(
        "node",
        src,
        src,
        fields,
        known_as=(src, *others),
        at_first=frozenset({"name"}),
        origins=origins,
        drafts=drafts,
    )

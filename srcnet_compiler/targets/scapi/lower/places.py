"""Which spec places decide that an entry of the catalogue is there, and what it is called."""

from srcnet_compiler.federation.catalogued import CataloguedCompute, Own
from srcnet_compiler.federation.model import Federation, Site, StorageArea, accepted
from srcnet_compiler.federation.sites import class_in
from srcnet_compiler.span import Span, written

Spans = tuple[Span, ...]


def node_places(federation: Federation, site: Site) -> Spans:
    """What decides that a site has its node."""
    here = site.origin
    return (here.at("src"), *written(here, "status"), *accepted(federation, site.name))


def site_places(federation: Federation, site: Site) -> Spans:
    """What decides that a site is there, and as what."""
    *moved, name = site.known_by
    return (name, *moved, *node_places(federation, site))


def area_places(federation: Federation, area: StorageArea) -> Spans:
    """What decides that an area is there, and in which storage."""
    tier = federation.tiers[area.tier]
    kind = federation.classes.get(class_in(area.name, federation.classes) or "")
    return (
        area.origin.at("name"),
        *written(area.origin, "status", "tier", "endpoints", "within"),
        *written(tier.origin, "status"),
        *(written(kind.origin, "status") if kind else ()),
        *accepted(federation, area.name, area.site),
        *ends(federation, "area"),
    )


def area_name_places(federation: Federation, area: StorageArea) -> Spans:
    """What an area is called in Rucio, and so here."""
    move = federation.moved.get(area.name)
    today = area.origin.at("nameToday" if area.origin.has("nameToday") else "name")
    return (today,) if move is None else (move.origin.at("to"), move.origin.at("area"), today)


def compute_places(federation: Federation, site: Site, compute: CataloguedCompute) -> Spans:
    """What decides that a compute is there."""
    here = compute.origin
    names = (f"{site.name}/{compute.name}", site.name)
    waived = accepted(federation, *names)
    return (here.at("name"), *written(here, "status"), *waived, *ends(federation, "cluster"))


def ends(federation: Federation, key: str) -> Spans:
    """The documents that end something of this kind, whatever it is."""
    return tuple(span for end in federation.retired for span in written(end.origin, key))


def identity_places(own: Own) -> Spans:
    """Where an identity is stated, where it is."""
    return written(own.origin, "catalogueId")


def once(*spans: Spans) -> Spans:
    """All of them, each where it stands first."""
    return tuple(dict.fromkeys(span for each in spans for span in each))

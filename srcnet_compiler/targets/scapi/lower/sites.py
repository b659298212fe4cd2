"""Sites to entries: a place may have an entry of its own for each environment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from srcnet_compiler.federation.catalogued import CataloguedSite, Contact, Own
from srcnet_compiler.federation.model import Federation, Site
from srcnet_compiler.scapi_nodes import identity
from srcnet_compiler.targets.scapi.lower.places import once, site_places
from srcnet_compiler.targets.scapi.lower.words import Words, places_within, said_within, text_within
from srcnet_compiler.targets.scapi.model import Entry, Key


@dataclass(frozen=True, slots=True)
class Place:
    """A site with its entry, and what it says for the catalogue. `others` are entries beside its
    own, by the name that areas and compute give to the one that they stand in."""

    federation: Federation
    site: Site
    said: CataloguedSite
    entry: Entry
    others: Mapping[str, Entry]

    def around(self, own: Own) -> Entry:
        """The entry of the site that a thing stands in."""
        return self.others.get(_other(own) or "", self.entry)


def places_of(federation: Federation) -> list[Place]:
    """All sites that the catalogue is to have, in order of name."""
    return [
        Place(federation, site, said, entry, _others(federation, site, said))
        for said in federation.catalogued
        for site in (federation.sites[said.site],)
        for entry in (_entry(federation, site, said),)
        if not federation.holds_back(site.drafts, site.name)
    ]


def _entry(federation: Federation, site: Site, said: CataloguedSite) -> Entry:
    words = _described(federation, site, said)
    words.identify(said.own, identity("site", site.src, site.name))
    words.quote(said.own)
    return _made(site, site.name, words, said.own)


def _others(federation: Federation, site: Site, said: CataloguedSite) -> dict[str, Entry]:
    """Entries that things of the site stand in, each described by the first that names it."""
    found: dict[str, Entry] = {}
    for own in _things(said):
        name = _other(own)
        if name is None or name in found:
            continue
        words = _described(federation, site, said)
        words.exists = once(words.exists, tuple(places_within(own, "site")))
        words.say("id", identity("site", site.src, site.name, name), ())
        words.quote_within(own, "site")
        found[name] = _made(site, f"{site.name}/{name}", words, own)
    return found


def _things(said: CataloguedSite) -> Iterator[Own]:
    yield from said.areas.values()
    yield from (each.own for each in said.compute)


def _other(own: Own) -> str | None:
    return text_within(own, "site", "name") if dict(said_within(own, "site")) else None


def _described(federation: Federation, site: Site, said: CataloguedSite) -> Words:
    here = site.origin
    words = Words(once(site_places(federation, site)))
    words.say("name", site.name, (here.source_map.span(("metadata", "name")),))
    words.say("description", said.description, (here.at("description"),))
    words.say("country", site.country, (here.at("country"),))
    words.say("latitude", site.latitude, (here.at("location", "latitude"),))
    words.say("longitude", site.longitude, (here.at("location", "longitude"),))
    for key, contact in zip(_CONTACTS, _in_order(said.contacts), strict=False):
        spans = (contact.origin.at("email"), here.at("contacts"))
        words.say(key, contact.email, spans)
    return words


_CONTACTS = ("primary_contact_email", "secondary_contact_email")


def _in_order(contacts: tuple[Contact, ...]) -> list[Contact]:
    """Who operates the site first, else as they are written."""
    return sorted(contacts, key=lambda contact: contact.role != "operations")


def _made(site: Site, name: str, words: Words, own: Own) -> Entry:
    fields, origins = words.made()
    inside: Key = ("node", site.src)
    known = tuple(dict.fromkeys((str(fields["name"]), site.name)))
    return Entry(
        "site", name, site.src, fields, inside, known_as=known, origins=origins, drafts=site.drafts
    )

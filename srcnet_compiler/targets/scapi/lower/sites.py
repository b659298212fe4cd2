"""Sites to entries: a place may have several, one for each environment, beside its own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from srcnet_compiler.federation.catalogued import CataloguedSite, Contact, Own
from srcnet_compiler.federation.model import Federation, Site
from srcnet_compiler.scapi_nodes import identity
from srcnet_compiler.targets.scapi.lower.places import once, site_places
from srcnet_compiler.targets.scapi.lower.words import Words, text_of
from srcnet_compiler.targets.scapi.model import ID, NAME, Entry, Key


@dataclass(frozen=True, slots=True)
class Place:
    """A site with its entry, and what it says for the catalogue. `others` are the entries that it
    has beside; `known` are all entries of sites, by identity and by name."""

    federation: Federation
    site: Site
    said: CataloguedSite
    entry: Entry
    others: tuple[Entry, ...]
    known: Mapping[str, Entry]

    def around(self, own: Own) -> Entry:
        """The entry of the site that a thing stands in."""
        return self.known.get(text_of(own, "site") or "", self.entry)


def places_of(federation: Federation) -> list[Place]:
    """All sites that the catalogue is to have, in order of name."""
    places = [
        Place(federation, site, said, _entry(federation, site, said), others, {})
        for said in federation.catalogued
        for site in (federation.sites[said.site],)
        if not federation.holds_back(site.drafts, site.name)
        for others in (tuple(_others(federation, site, said)),)
    ]
    known: dict[tuple[str, str], Entry] = {}
    for place in places:
        for entry in (place.entry, *place.others):
            for name in (entry.id, str(entry.fields()[NAME]), entry.name):
                known.setdefault((place.site.src, name), entry)
    return [replace(place, known=_of_node(known, place.site.src)) for place in places]


def _of_node(known: Mapping[tuple[str, str], Entry], src: str) -> dict[str, Entry]:
    return {name: entry for (node, name), entry in known.items() if node == src}


def _entry(federation: Federation, site: Site, said: CataloguedSite) -> Entry:
    words = _described(federation, site, said)
    words.identify(said.own, identity("site", site.src, site.known_as))
    words.quote(said.own)
    at_first = {NAME} if said.own.id and NAME not in said.own.said else set()
    return _made(site, site.known_as, words, at_first)


def _others(federation: Federation, site: Site, said: CataloguedSite) -> Iterator[Entry]:
    """What is not said of such an entry is that of the site, where it is made."""
    listed = said.own.said.get("sites")
    for index, each in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(each, dict) or not isinstance(each.get(NAME), str):
            continue
        here = said.own.origin.at("catalogue", "sites", index)
        words = _described(federation, site, said)
        words.exists = once(words.exists, (here,))
        at_first = {*words.fields} - each.keys()
        words.say(ID, identity("site", site.src, site.known_as, each[NAME]), ())
        for key, value in each.items():
            words.quote_at(said.own.origin, ("catalogue", "sites", index, key), key, value)
        yield _made(site, f"{site.known_as}/{each[NAME]}", words, at_first)


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


def _made(site: Site, name: str, words: Words, at_first: set[str]) -> Entry:
    fields, origins = words.made()
    inside: Key = ("node", site.src)
    own = (site.name, site.known_as) if name == site.known_as else ()
    known = tuple(dict.fromkeys((str(fields[NAME]), *own)))
    return Entry(
        "site",
        name,
        site.src,
        fields,
        inside,
        known_as=known,
        at_first=frozenset(at_first),
        origins=origins,
        drafts=site.drafts,
    )

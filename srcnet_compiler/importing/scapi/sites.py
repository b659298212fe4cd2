"""Sites of the catalogue as our language says them: one draft for each place."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from srcnet_compiler.importing.naming import free_name, site_part
from srcnet_compiler.importing.scapi.finding import Known
from srcnet_compiler.importing.scapi.parts import Naming, compute_tree, service_tree, storage_trees
from srcnet_compiler.importing.scapi.rest import one_sentence, rest_of
from srcnet_compiler.importing.scapi.view import View
from srcnet_compiler.importing.words import countries, without_environment
from srcnet_compiler.importing.written import Noted, Tree
from srcnet_compiler.names import SiteName
from srcnet_compiler.scapi_nodes import Entry
from srcnet_compiler.source.trouble import shown

API_VERSION = "srcnet.skao.int/v1alpha1"
_NEAR = 0.01
"""Degrees, about a kilometre: entries of a node so near to each other are one place."""
_EXAMPLES = ("example.org", "example.com", "example.net", ".invalid", ".example")


@dataclass(frozen=True, slots=True)
class Draft:
    """One site, with what it is in the catalogue."""

    name: SiteName
    node: Entry
    entries: tuple[Entry, ...]
    """The entries of the catalogue that are about this place, the one that counts most first."""
    spec: Mapping[str, Tree]
    is_named: bool = True
    """Whether the catalogue says how the place is called; its country stands in where it does not.
    """
    names: Mapping[str, str] = field(default_factory=dict)
    """The names here of the entries below, by their paths in words."""


def drafts(view: View, known: Known, chosen: Mapping[str, str]) -> list[Draft]:
    """A draft of each place. `chosen` are names of sites by what the catalogue calls them."""
    taken: set[str] = set()
    todays: set[str] = set()
    made = []
    for node in view.nodes:
        src = known.member(node.text("name")) or "SRC"
        for entries in places(node, chosen):
            name = _name(src, node, entries, chosen)
            name = free_name(name, taken, between="") if not _chosen(entries, chosen) else name
            taken.add(name)
            made.append(_draft(view, SiteName(name), src, node, entries, todays))
    return made


def places(node: Entry, chosen: Mapping[str, str]) -> list[list[Entry]]:
    """A node's sites, those of one place together: of one chosen name, of one name without the
    environment in it, or of one spot on the map."""
    found: list[list[Entry]] = []
    for site in node.each("sites"):
        same = next(
            (each for each in found if any(_is_one(site, other, chosen) for other in each)), None
        )
        if same is None:
            found.append([site])
        else:
            same.append(site)
    return [sorted(each, key=lambda site: site.disabled) for each in found]


def _is_one(site: Entry, other: Entry, chosen: Mapping[str, str]) -> bool:
    said = {chosen.get(each.text("name")) for each in (site, other)}
    names = {without_environment(each.text("name")) for each in (site, other)}
    if None not in said:
        return len(said) == 1
    if len(names) == 1:
        return True
    spots = [(each.number("latitude"), each.number("longitude")) for each in (site, other)]
    (a, b), (c, d) = spots
    if a is None or b is None or c is None or d is None:
        return False
    return abs(a - c) < _NEAR and abs(b - d) < _NEAR


def _chosen(entries: Sequence[Entry], chosen: Mapping[str, str]) -> str | None:
    return next((chosen[n] for e in entries if (n := e.text("name")) in chosen), None)


def _name(src: str, node: Entry, entries: Sequence[Entry], chosen: Mapping[str, str]) -> str:
    if (name := _chosen(entries, chosen)) is not None:
        return name
    country = entries[0].text("country")
    part = _part(src, node, entries)
    return f"{src}-{part or (country if re.fullmatch('[A-Z]{2}', country) else 'SITE')}"


def _part(src: str, node: Entry, entries: Sequence[Entry]) -> str | None:
    areas = [e.text("name") for site in entries for e in site.walk() if e.kind == "area"]
    return site_part(src, node.text("name"), [site.text("name") for site in entries], areas)


def _draft(
    view: View,
    name: SiteName,
    src: str,
    node: Entry,
    entries: list[Entry],
    todays: set[str],
) -> Draft:
    first = entries[0]
    naming = Naming(name, name.removeprefix(f"{src}-").lower(), todays)
    spec: dict[str, Tree] = _country(src, first)
    described = filter(None, (each.text("description") for each in (*entries, node)))
    if text := one_sentence(next(described, "")):
        spec["description"] = text
    others = dict.fromkeys(theirs for e in entries if (theirs := e.text("name")) not in ("", name))
    if others:
        spec["alsoKnownAs"] = list(others)
    if identity := view.identity(first):
        spec["catalogueId"] = identity
    if rest := _rest(node, entries):
        spec["catalogue"] = rest
    spec |= _location(first)
    if contacts := _contacts(first):
        spec["contacts"] = contacts
    storages = [storage for site in entries for storage in site.each("storages")]
    computes = [compute for site in entries for compute in site.each("compute")]
    parts: dict[str, Sequence[Tree]] = {
        "storage": storage_trees(view, naming, first, storages),
        "compute": [compute_tree(view, naming, first, each) for each in computes],
        "services": [
            service_tree(view, naming, service)
            for compute in computes
            for service in compute.each("associated_local_services")
        ],
    }
    spec |= {key: trees for key, trees in parts.items() if trees}
    is_named = _part(src, node, entries) is not None
    return Draft(name, node, tuple(entries), spec, is_named, naming.names)


def _country(src: str, site: Entry) -> dict[str, Tree]:
    """The country, or why there is none: nobody but the site knows it then."""
    country = site.text("country").upper()
    if country in countries():
        return {"src": src, "country": country}
    said = shown(site.text("country")) if country else "nothing"
    return {"src": Noted(src, f"add `country:`, two letters; the catalogue says {said}")}


def _location(site: Entry) -> Mapping[str, Tree]:
    spot = {key: site.number(key) for key in ("latitude", "longitude")}
    within = {"latitude": 90, "longitude": 180}
    if any(value is None or abs(value) > within[key] for key, value in spot.items()):
        return {}
    return {"location": {key: round(value, 4) for key, value in spot.items() if value is not None}}


def _contacts(site: Entry) -> list[Tree]:
    """The mailboxes that are there; addresses of examples reach nobody."""
    found: dict[str, Tree] = {}
    for key in ("primary_contact_email", "secondary_contact_email"):
        email = site.text(key)
        if "@" in email and not email.endswith(_EXAMPLES) and email.isascii() and " " not in email:
            found[email] = {"role": "operations", "email": email}
    return list(found.values())


def _rest(node: Entry, entries: Sequence[Entry]) -> dict[str, Any]:
    """What is kept of the entries as it is."""
    first, *others = entries
    rest, about_node = rest_of(first), rest_of(node)
    if node.text("description") not in ("", first.text("description")):
        about_node["description"] = node.text("description")
    if about_node:
        rest["node"] = about_node
    more = [_other(site) for site in others]
    return {**rest, **({"sites": more} if more else {})}


def _other(site: Entry) -> dict[str, Any]:
    """An entry of the same place, as it is but for what stands below it."""
    own = {key: text for key in ("id", "name") if (text := site.text(key))}
    return {**own, **rest_of(site)}


def file_of(name: str) -> str:
    """The file of a site's spec."""
    return f"site-specs/{name.lower()}.yaml"


def head_of(source: str) -> tuple[str, ...]:
    """The comments above a new spec."""
    schema = "yaml-language-server: $schema=../schemas/site.schema.json"
    return (schema, f"From {source}, by `srcnet import scapi`. What it does not say is left out.")


def tree_of(draft: Draft) -> Mapping[str, Tree]:
    """The whole document."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Site",
        "metadata": {"name": draft.name},
        "spec": draft.spec,
    }

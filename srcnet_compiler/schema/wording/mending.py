"""What somebody probably meant by a text that does not have its form."""

import re
from collections.abc import Iterator, Mapping

from srcnet_compiler.schema.wording.amounts import amounts
from srcnet_compiler.schema.wording.lookup import Place

COUNTRIES = {
    "australia": "AU",
    "canada": "CA",
    "china": "CN",
    "france": "FR",
    "germany": "DE",
    "great britain": "GB",
    "india": "IN",
    "italy": "IT",
    "japan": "JP",
    "korea": "KR",
    "netherlands": "NL",
    "portugal": "PT",
    "south africa": "ZA",
    "south korea": "KR",
    "spain": "ES",
    "sweden": "SE",
    "switzerland": "CH",
    "united kingdom": "GB",
}
"""The members of the SKAO, and those who are about to be."""
_ADDRESS = re.compile(
    r"(?:(?P<protocol>[a-z][a-z0-9+.-]*)://(?:[^/@\s]*@)?)?"
    r"(?P<host>[A-Za-z0-9.-]+\.[A-Za-z0-9-]+)(?::(?P<port>[0-9]+))?(?P<path>/\S*)?"
)


def mended(text: str, place: Place) -> str | None:
    """The same text in a form that may stand here; None where no small change is enough."""
    return next((new for new in _changes(text, place) if place.accepts_text(new)), None)


def _changes(text: str, place: Place) -> Iterator[str]:
    bare = text.strip()
    yield bare
    yield from amounts(bare, place.node.get("pattern", ""))
    if bare.lower() in COUNTRIES:
        yield COUNTRIES[bare.lower()]
    yield from (bare.upper(), bare.lower(), bare.replace(" ", "-"), bare.replace(" ", ""))
    yield f"/{bare}"


def mended_number(value: object, place: Place) -> str | None:
    """A number out of a text: `46,02` with its decimal comma, the year of a date."""
    text = value.strip() if isinstance(value, str) else ""
    if place.node.get("type") == "number" and re.fullmatch(r"[-+]?[0-9]+,[0-9]+", text):
        return text.replace(",", ".")
    year = re.fullmatch(r"([0-9]{4})-[0-9]{2}(-[0-9]{2})?", text)
    least, most = place.node.get("minimum", 0), place.node.get("maximum", 0)
    return year[1] if year and least > 0 and least <= int(year[1]) <= most else None


def units(pattern: str) -> list[str]:
    """The units that a pattern lists after its number."""
    match = re.search(r"\ \?\(([A-Za-z/|%]+)\)\$$", pattern)
    return match[1].split("|") if match else []


def address_parts(text: str, siblings: Mapping[str, Place]) -> Mapping[str, str]:
    """An address taken apart into the keys that may stand beside it; nothing where it is none."""
    match = _ADDRESS.fullmatch(text.strip())
    if match is None or (match["protocol"] is None and match["port"] is None):
        return {}
    parts = {**match.groupdict(), "scheme": match["protocol"]}
    return {key: part for key, part in parts.items() if part and _fits(siblings.get(key), part)}


def _fits(place: Place | None, part: str) -> bool:
    return place is not None and (place.accepts_text(part) or place.node.get("type") == "integer")

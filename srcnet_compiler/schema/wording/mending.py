"""What somebody probably meant by a text that does not have its form."""

import re
from collections.abc import Iterator, Mapping

from srcnet_compiler.schema.wording.lookup import Place

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
    yield from (bare.upper(), bare.lower(), bare.replace(" ", "-"), bare.replace(" ", ""))
    amount = re.sub(r"\s+", " ", bare.replace(",", "."))
    yield amount
    for unit in sorted(units(place.node.get("pattern", "")), key=len, reverse=True):
        if amount.lower().endswith(unit.lower()):
            yield amount[: -len(unit)] + unit
    yield f"/{bare}"


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

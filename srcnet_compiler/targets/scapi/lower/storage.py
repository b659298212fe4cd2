"""Storage areas to storages with areas: those that share a capacity, or an identity, share one."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from posixpath import commonpath

from srcnet_compiler.federation.catalogued import Own
from srcnet_compiler.federation.model import Endpoint, StorageArea
from srcnet_compiler.scapi_nodes import SRM, TB, identity
from srcnet_compiler.span import written
from srcnet_compiler.targets.scapi.lower.places import area_name_places, area_places, once
from srcnet_compiler.targets.scapi.lower.sites import Place
from srcnet_compiler.targets.scapi.lower.words import Words, places_within, text_within
from srcnet_compiler.targets.scapi.model import DISABLED, Entry

_PREFIXES = {
    **{"https": "https", "davs": "https", "http": "http", "dav": "http"},
    **{"root": "root", "roots": "root"},
}
"""The catalogue's word for a protocol; it has none for others."""
_TIERS = {"T0": 0, "T1": 1}
"""The catalogue's tiers, by the class in an area's name."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An area with the way in that the catalogue can describe."""

    area: StorageArea
    own: Own
    way: Endpoint


def storage_of(place: Place) -> Iterator[Entry]:
    """Each storage of a site, and behind it its areas."""
    groups: dict[tuple[str, ...], list[Stored]] = defaultdict(list)
    for stored in _stored(place):
        groups[_group(place, stored)].append(stored)
    for group in groups.values():
        storage, base = _storage(place, group)
        yield storage
        for stored in group:
            yield _area(place, stored, storage, base, group)


def _stored(place: Place) -> Iterator[Stored]:
    federation = place.federation
    for name in place.site.areas:
        area, own = federation.areas[name], place.said.areas[name]
        way = next((each for each in area.endpoints if each.protocol in _PREFIXES), None)
        if way is not None and not federation.holds_back(area.drafts, area.name, area.site):
            yield Stored(area, own, way)


def _group(place: Place, stored: Stored) -> tuple[str, ...]:
    """What areas of one storage have in common."""
    around = place.around(stored.own).name
    stated = text_within(stored.own, "storage", "id")
    if stated is not None:
        return (around, stated)
    return (around, place.federation.around(stored.area.name)[-1], stored.way.host)


def _storage(place: Place, group: Sequence[Stored]) -> tuple[Entry, str]:
    """The storage, and the path that all its areas begin with."""
    around, first = place.around(group[0].own), _largest(place, group)
    area, here, way = first.area, first.area.origin, first.way
    exists = once(
        *(area_places(place.federation, each.area) for each in group),
        *(tuple(places_within(each.own, "storage")) for each in group),
        *(tuple(places_within(each.own, "site")) for each in group),
        around.origins[""],
    )
    words = Words(exists)
    words.say("id", identity("storage", area.src, area.site_known_as, area.name), ())
    words.say("host", way.host, (way.origin.at("host"),))
    words.say("srm", SRM[area.system] if area.system else None, (here.at("system"),))
    tier = place.federation.tiers[area.tier]
    media = (here.at("tier"), tier.origin.at("media"))
    words.say("device_type", "tape" if tier.archive else None, media)
    words.say("size_in_terabytes", _terabytes(area), (here.at("capacity"),))
    words.say("supported_protocols", _protocols(area, way.host), (here.at("endpoints"),))
    ways = tuple(span for each in group for span in written(each.area.origin, "endpoints"))
    words.say("base_path", _common(group), ways)
    for each in group:
        words.quote_within(each.own, "storage")
    fields, origins = words.made()
    known = (str(fields["name"]),) if "name" in fields else ()
    entry = Entry(
        "storage",
        area.name,
        area.src,
        fields,
        around.key,
        known_as=known,
        origins=origins,
        drafts=once(*(each.area.drafts for each in group)),
    )
    return entry, str(fields["base_path"])


def _largest(place: Place, group: Sequence[Stored]) -> Stored:
    """The area that the others lie in."""
    outer = {place.federation.around(each.area.name)[-1] for each in group}
    return next((each for each in group if each.area.name in outer), group[0])


def _area(
    place: Place, stored: Stored, storage: Entry, base: str, group: Sequence[Stored]
) -> Entry:
    area, own, here = stored.area, stored.own, stored.area.origin
    words = Words(once(area_places(place.federation, area), storage.origins[""]))
    words.identify(own, identity("area", area.src, area.site_known_as, area.name))
    words.say("type", "ingest" if area.role == "ingest" else "rse", written(here, "role"))
    move = place.federation.moved.get(area.name)
    name = move.after if move else area.name_today
    words.say("name", name, area_name_places(place.federation, area))
    parts = area.name.split("-")
    tier = _TIERS.get(parts[2]) if len(parts) > 2 else None
    words.say("tier", tier, (here.at("name"),))
    ways = once(
        (stored.way.origin.at("path"),),
        *(written(each.area.origin, "endpoints") for each in group),
        storage.origins.get("base_path", ()),
    )
    words.say("relative_path", _behind(stored.way.path, base), ways)
    if here.has("enabled"):
        words.say(DISABLED, not area.enabled, (here.at("enabled"),))
    words.quote(own)
    fields, origins = words.made()
    known = tuple(dict.fromkeys((str(fields["name"]), area.name_today, area.name)))
    at_first = {"tier"} if own.id and "tier" not in own.said else set()
    return Entry(
        "area",
        area.name,
        area.src,
        fields,
        storage.key,
        known_as=known,
        at_first=frozenset(at_first),
        origins=origins,
        drafts=area.drafts,
    )


def _terabytes(area: StorageArea) -> int | float | None:
    if area.capacity is None:
        return None
    return area.capacity // TB if area.capacity % TB == 0 else area.capacity / TB


def _protocols(area: StorageArea, host: str) -> list[dict[str, str | int]]:
    ways = dict.fromkeys(
        (_PREFIXES[each.protocol], each.port)
        for each in area.endpoints
        if each.host == host and each.protocol in _PREFIXES
    )
    found: list[dict[str, str | int]] = [{"prefix": way, "port": port} for way, port in ways]
    return sorted(found, key=repr)


def _common(group: Sequence[Stored]) -> str:
    return commonpath([each.way.path for each in group])


def _behind(path: str, base: str) -> str:
    """The rest of a path behind what it begins with; all of it where it does not."""
    inside = path == base or path.startswith(f"{base.rstrip('/')}/")
    return path.removeprefix(base.rstrip("/")) or "/" if inside else path

"""Do areas that hold copies stand in different places? Two names for one place hold one copy."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from srcnet_compiler.analysis.storage import is_local
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error, warning
from srcnet_compiler.federation.model import Endpoint, Federation, StorageArea

_FAMILIES = {
    **dict.fromkeys(("davs", "dav", "https", "http"), "http"),
    **dict.fromkeys(("root", "roots"), "root"),
    "s3s": "s3",
    "file": "file",
}
"""Protocols that lead to the same files where host, port and path are the same."""


class _Place(NamedTuple):
    """Where an endpoint leads to, by the folders of its path."""

    folders: tuple[str, ...]
    area: StorageArea
    endpoint: Endpoint

    def lies_in(self, other: "_Place") -> bool:
        return self.folders[: len(other.folders)] == other.folders


def check_places(federation: Federation) -> Iterator[Diagnostic]:
    """Areas that count for copies and share a place, or lie in the place of another one."""
    by_door: dict[tuple[str, ...], list[_Place]] = defaultdict(list)
    for area in federation.areas.values():
        if area.counts:
            for endpoint in area.endpoints:
                folders = tuple(name for name in endpoint.path.split("/") if name)
                by_door[_door(area, endpoint)].append(_Place(folders, area, endpoint))
    for _, places in sorted(by_door.items()):
        yield from _shared(federation, sorted(places, key=lambda p: (p.folders, p.area.name)))


def _door(area: StorageArea, endpoint: Endpoint) -> tuple[str, ...]:
    """What leads to the same storage for everybody; a machine's own name for itself does not."""
    own = endpoint.protocol == "file" or is_local(endpoint.host)
    host = (area.site,) if own else (endpoint.host.lower(),)
    return (_FAMILIES[endpoint.protocol], *host, str(endpoint.port))


def _shared(federation: Federation, places: list[_Place]) -> Iterator[Diagnostic]:
    """The places are in order, so that those in which one lies come right before it."""
    outer: list[_Place] = []
    for place in places:
        outer = [other for other in outer if place.lies_in(other)]
        others = [other for other in outer if other.area is not place.area]
        if others and not _is_part(federation, place, others[-1]):
            yield _twice(federation, place, others[-1])
        outer.append(place)


def _is_part(federation: Federation, place: _Place, other: _Place) -> bool:
    """A part may have a folder of the whole, though never all of it: names would meet there."""
    inside = other.area.name in federation.around(place.area.name)
    return inside and place.folders != other.folders


def _twice(federation: Federation, place: _Place, other: _Place) -> Diagnostic:
    one = place.folders == other.folders
    inner, outer = place.area.name, other.area.name
    areas = (place.area, other.area)
    held = any(federation.holds_back(area.drafts, area.name, area.site) for area in areas)
    report = warning if held else error
    return report(
        Code.SHARED_PLACE,
        f"`{inner}` and `{outer}` are one place: copies on both would be one copy"
        if one
        else f"`{inner}` lies in a folder of `{outer}`, so copies on both stand in one storage",
        Label(place.endpoint.origin.at("path")),
        Label(other.endpoint.origin.at("path"), f"`{outer}` begins here"),
        help="describe the storage once, or mend the host, the port or the path"
        if one
        else f"write `within: {outer}` where it is a part of it, or give them paths of their own",
        subject=inner,
    )

"""The network on a plain projection: sites where their specs say that they are.

A region whose sites are too near to each other for one map of the world is drawn again by itself,
larger.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import cos, hypot, log10, radians, sqrt

from srcnet_compiler.report.page.labels import HEIGHT, SIZE, Box, Label, Point, place, text_width
from srcnet_compiler.report.page.model import Page, Region, Site

_NEAR = 18.0
"""Sites that are nearer to each other than this on the map of the world are drawn larger."""
_MARGIN = 34.0


@dataclass(frozen=True, slots=True)
class Marker:
    """A site; its area on the drawing is in proportion to what it pledges. `hollow`: nothing."""

    site: Site
    point: Point
    hollow: bool


@dataclass(frozen=True, slots=True)
class Uplink:
    """The connection of a site, from it to where those of its region meet.

    `thick` 0: its bandwidth is not said.
    """

    site: Site
    x1: float
    y1: float
    x2: float
    y2: float
    thick: float


@dataclass(frozen=True, slots=True)
class Degree:
    """A line of the grid, and what is written at its end."""

    x1: float
    y1: float
    x2: float
    y2: float
    text: str
    x: float
    y: float
    anchor: str

    @property
    def box(self) -> Box:
        """What its text covers."""
        wide = text_width(self.text)
        left = self.x - (wide if self.anchor == "end" else wide / 2)
        return Box(left, self.y - SIZE, wide, HEIGHT)


@dataclass(frozen=True, slots=True)
class Panel:
    """One map. `elsewhere`: where regions lie that are drawn by themselves."""

    title: str
    width: float
    height: float
    frame: Box
    grid: tuple[Degree, ...]
    uplinks: tuple[Uplink, ...]
    markers: tuple[Marker, ...]
    labels: tuple[Label, ...]
    elsewhere: tuple[Box, ...]

    def site_of(self, label: Label) -> Site | None:
        """The site that a label names; None where it names a region."""
        return next((m.site for m in self.markers if m.site.name == label.name), None)

    @property
    def unnamed(self) -> tuple[Site, ...]:
        """Sites for whose names there is no room, but for those that are drawn elsewhere."""
        named = {label.name for label in self.labels}
        inside = [m for m in self.markers if not any(b.holds(m.point.box) for b in self.elsewhere)]
        return tuple(marker.site for marker in inside if marker.site.name not in named)


@dataclass(frozen=True, slots=True)
class _View:
    """Degrees to units of the drawing."""

    west: float
    north: float
    across: float
    down: float
    frame: Box

    def x(self, longitude: float) -> float:
        return self.frame.x + (longitude - self.west) * self.across

    def y(self, latitude: float) -> float:
        return self.frame.y + (self.north - latitude) * self.down


Placed = Sequence[tuple[Site, float, float]]
"""Sites with longitude and latitude."""


def panels(page: Page, alone: float, width: float, inset: float) -> tuple[Panel, ...]:
    """The world, `alone` or `width` wide with each region that is crowded in it beside it, `inset`
    wide; nothing where no site says where it is."""
    known = tuple(
        (site, site.longitude, site.latitude)
        for site in page.sites
        if site.longitude is not None and site.latitude is not None
    )
    if not known:
        return ()
    largest = max((site.pledged.value for site in page.sites if site.pledged), default=0)
    view = _view(known, width)
    crowded = [region for region in page.regions if _is_crowded(_of(known, region), view)]
    whole = width if crowded else alone
    world = _panel("All sites that say where they are", known, whole, float(largest), crowded)
    return (
        world,
        *(_panel(r.name, _of(known, r), inset, float(largest), ()) for r in crowded),
    )


def _of(known: Placed, region: Region) -> Placed:
    return tuple(each for each in known if each[0].region == region.number)


def _is_crowded(known: Placed, view: _View) -> bool:
    points = [(view.x(longitude), view.y(latitude)) for _, longitude, latitude in known]
    pairs = combinations(points, 2)
    near = sum(hypot(a[0] - b[0], a[1] - b[1]) < _NEAR for a, b in pairs)
    return near > 1


def _view(known: Placed, width: float) -> _View:
    """All sites with a margin, one degree of latitude as long as one of longitude in the middle."""
    longitudes = [longitude for _, longitude, _ in known]
    latitudes = [latitude for _, _, latitude in known]
    wide = max(max(longitudes) - min(longitudes), 8.0) * 1.16
    high = max(max(latitudes) - min(latitudes), 6.0) * 1.24
    middle = (max(latitudes) + min(latitudes)) / 2
    across = (width - 2 * _MARGIN) / wide
    down = across / max(cos(radians(middle)), 0.3)
    highest = width * (0.48 if width > 400 else 0.95)
    if high * down > highest:
        across, down = across * highest / (high * down), highest / high
    frame = Box(_MARGIN, 10.0, width - 2 * _MARGIN, max(high * down, width * 0.5))
    west = (max(longitudes) + min(longitudes)) / 2 - frame.width / across / 2
    north = middle + frame.height / down / 2
    return _View(west, north, across, down, frame)


def _panel(
    title: str, known: Placed, width: float, largest: float, crowded: Sequence[Region]
) -> Panel:
    view = _view(known, width)
    elsewhere = {region.number for region in crowded}
    markers = tuple(_markers(known, view, largest, elsewhere))
    wanted = [
        (marker.site.name, marker.point)
        for marker in sorted(markers, key=lambda m: (-m.point.radius, m.site.name))
        if marker.site.region not in elsewhere
    ]
    boxes = tuple(_around(_of(known, region), view) for region in crowded)
    wanted += [
        (f"{region.name}: {len(_of(known, region))} sites", _disc(box))
        for region, box in zip(crowded, boxes, strict=True)
    ]
    grid = tuple(_grid(view))
    taken = [*(marker.point.box for marker in markers), *boxes, *(line.box for line in grid)]
    height = view.frame.y + view.frame.height + HEIGHT + 4
    return Panel(
        title,
        width,
        height,
        view.frame,
        grid,
        tuple(_uplinks(known, view, elsewhere)),
        tuple(sorted(markers, key=lambda marker: -marker.point.radius)),
        place(wanted, Box(2, 2, width - 4, view.frame.height + 6), taken),
        boxes,
    )


def _markers(known: Placed, view: _View, largest: float, elsewhere: set[int]) -> Iterator[Marker]:
    for site, longitude, latitude in known:
        pledged = float(site.pledged.value) if site.pledged else 0.0
        small = site.region in elsewhere
        radius = 3.0 if small else 4.0 + 9.0 * sqrt(pledged / largest if largest else 0.0)
        yield Marker(site, Point(view.x(longitude), view.y(latitude), radius), not pledged)


def _around(known: Placed, view: _View) -> Box:
    """What a region's sites cover."""
    xs = [view.x(longitude) for _, longitude, _ in known]
    ys = [view.y(latitude) for _, _, latitude in known]
    left, top = min(xs) - 8, min(ys) - 8
    return Box(left, top, max(xs) + 8 - left, max(ys) + 8 - top)


def _disc(box: Box) -> Point:
    """The middle of a box, for a label beside it."""
    return Point(box.x + box.width / 2, box.y + box.height / 2, box.width / 2)


def _middle(known: Placed, view: _View) -> Point:
    """Where the connections of a region meet: no place of anything."""
    longitude = sum(longitude for _, longitude, _ in known) / len(known)
    latitude = sum(latitude for _, _, latitude in known) / len(known)
    return Point(view.x(longitude), view.y(latitude), 2.0)


def _uplinks(known: Placed, view: _View, elsewhere: set[int]) -> Iterator[Uplink]:
    by_region: dict[int | None, list[tuple[Site, float, float]]] = {}
    for each in known:
        by_region.setdefault(each[0].region, []).append(each)
    for region, inside in by_region.items():
        if region is None or region in elsewhere or len(inside) < 2:
            continue
        hub = _middle(inside, view)
        for site, longitude, latitude in inside:
            rate = float(site.uplink.value) if site.uplink else 0.0
            thick = 1.2 + 1.6 * max(log10(rate / 1e9), 0.0) if rate else 0.0
            yield Uplink(site, view.x(longitude), view.y(latitude), hub.x, hub.y, thick)


def _grid(view: _View) -> Iterator[Degree]:
    """Meridians and parallels at a round number of degrees, with room for what is at their ends."""
    frame = view.frame
    east = view.west + frame.width / view.across
    south = view.north - frame.height / view.down
    bottom, right = frame.y + frame.height, frame.x + frame.width
    step = _step(text_width("180°W") * 1.3 / view.across)
    for degree in _multiples(view.west, east, step):
        x = view.x(degree)
        text = _degrees(degree, "E", "W")
        if frame.x + text_width(text) / 2 < x < right - text_width(text) / 2:
            yield Degree(x, frame.y, x, bottom, text, x, bottom + SIZE + 2, "middle")
    for degree in _multiples(south, view.north, step):
        y = view.y(degree)
        if frame.y + SIZE < y < bottom - SIZE:
            text = _degrees(degree, "N", "S")
            yield Degree(frame.x, y, right, y, text, frame.x - 3, y + SIZE * 0.36, "end")


def _step(least: float) -> float:
    return next((step for step in (1, 2, 5, 10, 15, 30, 60) if step >= least), 90)


def _multiples(low: float, high: float, step: float) -> Iterator[float]:
    number = -(-low // step)
    while number * step <= high:
        yield number * step
        number += 1


def _degrees(degree: float, positive: str, negative: str) -> str:
    if degree > 180 or degree < -180:
        degree -= 360 if degree > 0 else -360
    side = positive if degree > 0 else negative if degree < 0 else ""
    return f"{abs(degree):g}°{side}"

"""Sites in the order of their nearness to somebody."""

from collections.abc import Iterable
from math import asin, cos, radians, sin, sqrt

from srcnet_compiler.federation.model import Federation, Site
from srcnet_compiler.names import SiteName
from srcnet_compiler.review.recall.model import Place

_EARTH_KM = 6371
_FAR = 10**6
"""Of places of which nobody knows where they are, in km."""


def place_named(federation: Federation, word: str) -> Place | None:
    """A site of this name, or else a country by its two letters; None: neither is known."""
    if word in federation.sites:
        return at_site(federation, SiteName(word))
    for region in federation.regions.values():
        if word in region.countries:
            return Place(None, word, region.name, None, None)
    country = any(site.country == word for site in federation.sites.values())
    return Place(None, word, None, None, None) if country else None


def at_site(federation: Federation, name: SiteName) -> Place:
    """Where a site is."""
    site = federation.sites[name]
    return Place(name, site.country, site.region, site.latitude, site.longitude)


def by_nearness(sites: Iterable[Site], near: Place | None) -> tuple[Site, ...]:
    """The nearest first: the site itself, those of its country, of its region, then by distance;
    among equals by name. Nobody to be near to: all are equals."""
    return tuple(sorted(sites, key=lambda site: (_farness(site, near), site.name)))


def _farness(site: Site, near: Place | None) -> tuple[int, ...]:
    if near is None:
        return ()
    return (
        site.name != near.site,
        site.country != near.country,
        near.region is None or site.region != near.region,
        _kilometres(site, near),
    )


def _kilometres(site: Site, near: Place) -> int:
    """Along the great circle, whole: what differs in the last digit is as far on every machine."""
    if None in (site.latitude, site.longitude, near.latitude, near.longitude):
        return _FAR
    assert site.latitude is not None
    assert site.longitude is not None
    assert near.latitude is not None
    assert near.longitude is not None
    north, south = radians(site.latitude), radians(near.latitude)
    east = radians(site.longitude - near.longitude)
    half = sin((north - south) / 2) ** 2 + cos(north) * cos(south) * sin(east / 2) ** 2
    return round(2 * _EARTH_KM * asin(sqrt(half)))

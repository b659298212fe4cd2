"""What documents say for the site catalogue to the model."""

from collections.abc import Iterable, Iterator, Sequence

from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.federation.catalogued import (
    CataloguedCompute,
    CataloguedService,
    CataloguedSite,
    Contact,
    Own,
    SiteCatalogue,
)
from srcnet_compiler.federation.model import Site
from srcnet_compiler.federation.notices import Retired
from srcnet_compiler.federation.shared import draft, secret
from srcnet_compiler.federation.unique import repeated
from srcnet_compiler.names import AreaName
from srcnet_compiler.schema.federation import FederationSpec
from srcnet_compiler.schema.site import Catalogued
from srcnet_compiler.schema.site import Site as SiteDocument
from srcnet_compiler.span import Origin, Span


def read_site_catalogue(spec: FederationSpec, origin: Origin) -> SiteCatalogue | None:
    """Where it is; None where the federation says nothing of it."""
    said, here = spec.siteCatalogue, origin.below("siteCatalogue")
    if said is None:
        return None
    own = secret(said.credentials.secretRef)
    reading = said.reading
    return SiteCatalogue(
        name=said.name,
        server=said.server,
        secret=own,
        read_secret=own if reading is None else secret(reading.credentials.secretRef),
        origin=here,
    )


def read_catalogued(
    sites: Sequence[tuple[SiteDocument, Site]], retired: Iterable[Retired]
) -> tuple[CataloguedSite, ...]:
    """What each site says for the catalogue, in order of name."""
    ended = {end.cluster for end in retired}
    ordered = sorted(sites, key=lambda pair: pair[1].name)
    return tuple(_site(document, site, ended) for document, site in ordered)


def check_identities(sites: Iterable[CataloguedSite]) -> Iterator[Diagnostic]:
    """An identity of the catalogue is of one thing."""
    stated = ((f"`{own.id}`", own.origin.at("catalogueId")) for own in _owned(sites) if own.id)
    yield from repeated(stated, "have each state its own `catalogueId`, or leave one out")


def _owned(sites: Iterable[CataloguedSite]) -> Iterator[Own]:
    for site in sites:
        yield site.own
        yield from site.areas.values()
        yield from (each.own for each in site.compute)
        yield from (each.own for each in site.services)


def _site(document: SiteDocument, site: Site, ended: set[str | None]) -> CataloguedSite:
    spec, here = document.spec, site.origin
    return CataloguedSite(
        site=site.name,
        description=spec.description,
        contacts=tuple(
            Contact(each.role, each.email, here.below("contacts", index))
            for index, each in enumerate(spec.contacts)
        ),
        own=_own(spec, here),
        areas={
            AreaName(area.name): _own(area, here.below("storage", index))
            for index, area in enumerate(spec.storage)
        },
        compute=tuple(
            CataloguedCompute(
                name=each.name,
                description=each.description,
                hardware=each.hardware,
                capabilities=tuple(each.capabilities),
                enabled=each.enabled,
                retired=f"{site.name}/{each.name}" in ended,
                own=_own(each, there),
                drafts=_drafts(each, there, site),
                origin=there,
            )
            for index, each in enumerate(spec.compute)
            for there in (here.below("compute", index),)
        ),
        services=tuple(
            CataloguedService(
                each.name, each.mandatory, _own(each, there), _drafts(each, there, site)
            )
            for index, each in enumerate(spec.services)
            for there in (here.below("services", index),)
        ),
    )


def _own(said: Catalogued, origin: Origin) -> Own:
    return Own(said.catalogueId, said.catalogue, origin)


def _drafts(said: Catalogued, origin: Origin, site: Site) -> tuple[Span, ...]:
    return (*draft(said, origin), *site.drafts)

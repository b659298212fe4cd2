"""Site documents to the model: places, storage areas, services."""

from collections.abc import Iterable, Mapping

from srcnet_compiler.federation.amounts import Findings
from srcnet_compiler.federation.model import Endpoint, Site, SiteService, StorageArea, Transfers
from srcnet_compiler.federation.notices import Renamed, Retired
from srcnet_compiler.federation.rates import Throughput
from srcnet_compiler.federation.shared import Shared, draft
from srcnet_compiler.names import AreaName, SiteName, SrcName, TierName
from srcnet_compiler.quantity import parse_bit_rate, parse_bytes, parse_duration
from srcnet_compiler.schema import site as schema
from srcnet_compiler.span import Origin, Span


def class_in(name: str, classes: Mapping[str, object]) -> str | None:
    """The storage class inside an area's name such as ``CHSRC-CSCS-T0``: the third part."""
    parts = name.split("-")
    return parts[2] if len(parts) > 2 and parts[2] in classes else None


def read_site(
    document: schema.Site,
    origin: Origin,
    shared: Shared,
    renamed: Iterable[Renamed],
    found: Findings,
) -> Site:
    """The site itself; its areas are read by `read_areas`."""
    spec, here = document.spec, origin.below("spec")
    network = spec.network.srcnet if spec.network else None
    name = SiteName(document.metadata.name)
    named = origin.at("metadata", "name")
    move = next((m for m in renamed if (m.kind, m.name) == ("site", name)), None)
    return Site(
        name=name,
        src=SrcName(spec.src),
        country=spec.country,
        region=shared.region_of(spec.country),
        city=spec.location.city if spec.location else None,
        latitude=spec.location.latitude if spec.location else None,
        longitude=spec.location.longitude if spec.location else None,
        timezone=spec.location.timezone if spec.location else None,
        uplink=found.amount(parse_bit_rate, network, here.below("network"), "srcnet"),
        areas=tuple(AreaName(area.name) for area in spec.storage),
        services=tuple(
            _service(service, name, here.below("services", index))
            for index, service in enumerate(spec.services)
        ),
        compute=tuple(compute.name for compute in spec.compute),
        drafts=draft(spec, here),
        origin=here,
        uplink_drafts=draft(spec.network, here.below("network")) if spec.network else (),
        known_as=name if move is None else move.before,
        known_by=(named,)
        if move is None
        else (*(move.origin.at(key) for key in ("from", "site", "to")), named),
    )


def read_areas(
    document: schema.Site,
    site: Site,
    shared: Shared,
    retired: Iterable[Retired],
    found: Findings,
) -> Iterable[StorageArea]:
    """The site's storage areas, in the order of the file."""
    ended = {end.area for end in retired if end.area is not None}
    for index, area in enumerate(document.spec.storage):
        yield _area(area, site, site.origin.below("storage", index), shared, ended, found)


def _area(
    area: schema.StorageArea,
    site: Site,
    origin: Origin,
    shared: Shared,
    ended: set[str],
    found: Findings,
) -> StorageArea:
    tier = shared.tiers.get(TierName(area.tier))
    kind = shared.classes.get(class_in(area.name, shared.classes) or "")
    today = area.nameToday or area.name
    retired = area.name in ended or today in ended
    capacity = found.amount(parse_bytes, area.capacity, origin, "capacity")
    pledged = found.amount(parse_bytes, area.pledged, origin, "pledged")
    drafts: tuple[Span, ...] = (
        *draft(area, origin),
        *site.drafts,
        *(tier.drafts if tier else ()),
        *(kind.drafts if kind else ()),
    )
    production = area.environment == "production" and area.role == "data" and area.enabled
    production = production and not area.adopted
    return StorageArea(
        name=AreaName(area.name),
        name_today=today,
        site=site.name,
        src=site.src,
        country=site.country,
        region=site.region,
        environment=area.environment,
        enabled=area.enabled,
        tier=TierName(area.tier),
        role=area.role,
        system=area.system,
        deterministic=area.layout == "deterministic",
        capacity=capacity,
        pledged=capacity if pledged is None else pledged,
        within=AreaName(area.within) if area.within else None,
        mount=area.posixMount,
        endpoints=tuple(
            Endpoint(
                endpoint.protocol,
                endpoint.host,
                endpoint.port,
                endpoint.path,
                endpoint.thirdPartyCopy,
                origin.below("endpoints", number),
                endpoint.implementation,
                None if endpoint.priorities is None else endpoint.priorities.model_dump(),
            )
            for number, endpoint in enumerate(area.endpoints)
        ),
        transfers=_transfers(area.transfers, origin.below("transfers"), found),
        retired=retired,
        counts=production and not retired and tier is not None and tier.counts,
        drafts=drafts,
        origin=origin,
        throughput=_throughput(area.throughput, origin.below("throughput"), found),
        adopted=area.adopted,
        site_known_as=site.known_as,
    )


def _throughput(
    throughput: schema.Throughput | None, origin: Origin, found: Findings
) -> Throughput | None:
    if throughput is None:
        return None
    return Throughput(
        found.amount(parse_bit_rate, throughput.read, origin, "read"),
        found.amount(parse_bit_rate, throughput.write, origin, "write"),
        draft(throughput, origin),
        origin,
    )


def _transfers(
    transfers: schema.TransferSettings | None, origin: Origin, found: Findings
) -> Transfers:
    if transfers is None:
        return Transfers()
    timeout = found.amount(parse_duration, transfers.archiveTimeout, origin, "archiveTimeout")
    return Transfers(transfers.fts, transfers.tokens, timeout)


def _service(service: schema.SiteService, site: SiteName, origin: Origin) -> SiteService:
    place = f"{service.host or ''}{service.path or ''}"
    return SiteService(
        service=service.service,
        label=service.name or (f"{service.service} at {place}" if place else service.service),
        site=site,
        environment=service.environment,
        enabled=service.enabled,
        at=service.at,
        storage=AreaName(service.storage) if service.storage else None,
        scheme=service.scheme,
        host=service.host,
        port=service.port,
        path=service.path,
        version=service.version,
        origin=origin,
    )

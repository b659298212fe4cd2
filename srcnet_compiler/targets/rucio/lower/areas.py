"""Storage areas to RSEs: settings, attributes, protocols, limits, and how far apart they are."""

from collections.abc import Iterator, Mapping, Sequence

from srcnet_compiler.analysis.caches import takes_extras
from srcnet_compiler.change import Json
from srcnet_compiler.federation.data_policy import DataPolicy
from srcnet_compiler.federation.model import Endpoint, Federation, Site, StorageArea
from srcnet_compiler.names import AreaName, TierName
from srcnet_compiler.quantity import Bytes
from srcnet_compiler.targets.rucio.lower.places import (
    Spans,
    distance_places,
    end_places,
    existence,
    name_places,
    region_places,
    size_place,
    standing,
    written,
)
from srcnet_compiler.targets.rucio.model import (
    AccountLimit,
    Distance,
    Origins,
    Protocol,
    Rse,
    RseType,
)
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.protocols import (
    IMPLEMENTATIONS,
    OPERATIONS,
    usual_domains,
)
from srcnet_compiler.targets.rucio.model.requirement import REGION, ROLE, SITE, TIER, WEIGHT

_GIGABYTE = 10**9


def is_managed(federation: Federation, area: StorageArea) -> bool:
    """Whether an area is one of Rucio's: in use and reachable, or at its end; and no mere draft."""
    if federation.holds_back(area.drafts, area.name, area.site):
        return False
    return area.retired or (area.enabled and bool(area.endpoints))


def name_of(federation: Federation, area: StorageArea) -> RseName:
    """What the area is called in Rucio."""
    move = federation.moved.get(area.name)
    return RseName(move.after if move else area.name_today)


def to_rse(federation: Federation, area: StorageArea, counts: bool) -> Rse:
    """One RSE; `counts` says whether policies may mean it.

    Of one that is adopted only what is written of the area itself: neither what follows from where
    it stands, nor attributes of ours.
    """
    site, tier = federation.sites[area.site], federation.tiers[area.tier]
    settings: dict[str, Json] = {
        "rse_type": (RseType.TAPE if tier.archive else RseType.DISK).value,
        "deterministic": area.deterministic if area.origin.has("layout") else None,
        "volatile": tier.volatile,
        **({} if area.adopted else _where(area, site)),
        "availability_write": False if area.retired else None,
    }
    return Rse(
        name=name_of(federation, area),
        settings={key: value for key, value in settings.items() if value is not None},
        attributes=dict(_attributes(area, counts, takes_extras(federation, area))),
        protocols=tuple(
            _protocol(endpoint, priority) for priority, endpoint in enumerate(area.endpoints, 1)
        ),
        limits={} if area.capacity is None else {"MaxSpaceAvailable": area.capacity},
        site=area.site,
        origins=_origins(federation, area),
        drafts=area.drafts,
    )


def _where(area: StorageArea, site: Site) -> Mapping[str, Json]:
    return {
        "country_name": area.country,
        "city": site.city,
        "latitude": site.latitude,
        "longitude": site.longitude,
        "time_zone": site.timezone,
    }


def _attributes(area: StorageArea, counts: bool, extra: bool) -> Iterator[tuple[str, str | bool]]:
    """Areas that do not count carry no tier, so that no policy's expression ever means them."""
    if not area.adopted:
        yield SITE, area.site_known_as
        if area.region is not None:
            yield REGION, area.region
    if counts:
        yield TIER, area.tier
        yield WEIGHT, str(max(1, (area.pledged or 0) // _GIGABYTE))
    if area.takes_in or extra:
        yield ROLE, area.role
    transfers = area.transfers
    if transfers.fts is not None:
        yield "fts", transfers.fts
    if transfers.tokens is not None:
        yield "oidc_support", transfers.tokens
    if transfers.archive_timeout is not None:
        yield "archive_timeout", str(transfers.archive_timeout)


def _protocol(endpoint: Endpoint, priority: int) -> Protocol:
    usual = usual_domains(priority, endpoint.third_party_copy)
    return Protocol(
        endpoint.protocol,
        endpoint.host,
        endpoint.port,
        endpoint.path,
        endpoint.implementation or IMPLEMENTATIONS[endpoint.protocol],
        usual if endpoint.priorities is None else _by_rucios_words(endpoint.priorities),
    )


def _by_rucios_words(said: Mapping[str, Mapping[str, int]]) -> Mapping[str, Mapping[str, int]]:
    """`thirdPartyCopyRead` is Rucio's `third_party_copy_read`."""
    return {
        domain: {OPERATIONS.get(name, name): value for name, value in priorities.items()}
        for domain, priorities in said.items()
    }


def _origins(federation: Federation, area: StorageArea) -> Origins:
    here, site = area.origin, federation.sites[area.site].origin
    tier = federation.tiers[area.tier].origin
    known_by = federation.sites[area.site].known_by
    counting = standing(federation, area)
    places: dict[str, Spans] = {
        "name": name_places(federation, area),
        "setting.rse_type": (here.at("tier"), tier.at("media")),
        "setting.deterministic": (here.at("layout"),),
        "setting.volatile": (here.at("tier"), tier.at("volatile")),
        "setting.country_name": (site.at("country"),),
        "setting.city": (site.at("location", "city"),),
        "setting.latitude": (site.at("location", "latitude"),),
        "setting.longitude": (site.at("location", "longitude"),),
        "setting.time_zone": (site.at("location", "timezone"),),
        "setting.availability_write": end_places(federation, area),
        f"attribute.{SITE}": known_by,
        f"attribute.{REGION}": region_places(federation, area),
        f"attribute.{TIER}": (here.at("tier"), *counting),
        f"attribute.{WEIGHT}": (size_place(area), *counting),
        f"attribute.{ROLE}": (here.at("role"), *written(here, "environment")),
        "attribute.fts": (here.at("transfers", "fts"),),
        "attribute.oidc_support": (here.at("transfers", "tokens"),),
        "attribute.archive_timeout": (here.at("transfers", "archiveTimeout"),),
        "limit.MaxSpaceAvailable": (here.at("capacity"),),
        **{
            f"protocol.{endpoint.protocol}://{endpoint.host}:{endpoint.port}": (
                endpoint.origin.at(),
            )
            for endpoint in area.endpoints
        },
        "existence": (),
    }
    exists = (*existence(federation, area), *known_by)
    return {key: tuple(dict.fromkeys((*found, *exists))) for key, found in places.items()}


def account_limit(
    federation: Federation, area: StorageArea, counts: bool
) -> Iterator[AccountLimit]:
    """What our rules may lock: what is pledged, on areas that policies can mean."""
    if area.pledged and (counts or area.takes_in or takes_extras(federation, area)):
        owner = federation.data.origin.at("owner")
        places = (size_place(area), owner, *standing(federation, area))
        yield AccountLimit(
            federation.data.owner,
            name_of(federation, area),
            Bytes(area.pledged),
            area.site,
            {"bytes": tuple(dict.fromkeys(places))},
            area.drafts,
        )


def is_in_force(federation: Federation, policy: DataPolicy) -> bool:
    """Whether anything is emitted for a policy."""
    return not (policy.retired or federation.holds_back(policy.drafts, policy.name))


def distances(
    federation: Federation, areas: Sequence[StorageArea], counted: set[AreaName]
) -> Iterator[Distance]:
    """Links that a policy can use: from where data are or come in, to where copies may be asked,
    or recalled to."""
    asked = {
        copies.tier
        for policy in federation.policies.values()
        if is_in_force(federation, policy)
        for phase in policy.phases
        for copies in phase.copies
    }
    asked |= {tier for policy in federation.policies.values() for tier in _to(federation, policy)}
    beside = {
        site
        for policy in federation.policies.values()
        if is_in_force(federation, policy)
        for extra in policy.extras
        for site in extra.sites
    }
    ends = {area.name for area in areas if area.name in counted and area.tier in asked}
    caches = {a.name for a in areas if a.site in beside and takes_extras(federation, a)}
    named = [(name_of(federation, area), area) for area in sorted(areas, key=lambda a: a.name)]
    origins = {"distance": distance_places(federation)}
    for source, start in named:
        if start.name in ends or (start.role == "ingest" and not start.adopted):
            for destination, end in named:
                if (end.name in ends or end.name in caches) and end is not start:
                    distance = _how_far(federation, start, end)
                    drafts = (*start.drafts, *end.drafts)
                    yield Distance(source, destination, distance, origins, drafts)


def _to(federation: Federation, policy: DataPolicy) -> Iterator[TierName]:
    """The tier that data of the policy are recalled to, where that is agreed."""
    recall = policy.recall
    if recall is None or not is_in_force(federation, policy):
        return
    if not federation.holds_back(recall.drafts, policy.name):
        yield recall.tier


def _how_far(federation: Federation, start: StorageArea, end: StorageArea) -> int:
    if start.site == end.site:
        return federation.data.same_site
    same = start.region is not None and start.region == end.region
    return federation.data.same_region if same else federation.data.otherwise

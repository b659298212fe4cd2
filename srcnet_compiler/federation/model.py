"""The federation as the rest of the compiler sees it: linked, typed, immutable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from srcnet_compiler.federation.catalogued import CataloguedSite, SiteCatalogue
from srcnet_compiler.federation.compute import Compute
from srcnet_compiler.federation.data_policy import DataPolicy
from srcnet_compiler.federation.kubernetes import Deployed, KubernetesCluster
from srcnet_compiler.federation.notices import Downtime, Freeze, Moved, Renamed, Retired, Waiver
from srcnet_compiler.federation.pipelines import Pipelines
from srcnet_compiler.federation.rates import Link, Throughput
from srcnet_compiler.federation.secret import Secret as Secret
from srcnet_compiler.federation.services import SecurityPolicy, Service, Template
from srcnet_compiler.names import (
    AreaName,
    Namespace,
    PolicyName,
    RegionName,
    SiteName,
    SrcName,
    TierName,
)
from srcnet_compiler.quantity import BitsPerSecond, Bytes, Seconds
from srcnet_compiler.span import Origin, Span


@dataclass(frozen=True, slots=True)
class Tier:
    """A kind of storage. Copies on a tier that does not count are never counted."""

    name: TierName
    archive: bool
    volatile: bool
    counts: bool
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class StorageClass:
    """What the class inside an area's name promises."""

    name: str
    tier: TierName
    role: str
    pledged: bool
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Region:
    """A failure domain made of countries."""

    name: RegionName
    countries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One way in to a storage area; `port` 0 for local files.

    `priorities` by `lan` and `wan` and operation, as the spec calls them; None: by its position.
    """

    protocol: str
    host: str
    port: int
    path: str
    third_party_copy: bool
    origin: Origin = field(compare=False, repr=False)
    implementation: str | None = None
    priorities: Mapping[str, Mapping[str, int]] | None = None


@dataclass(frozen=True, slots=True)
class Transfers:
    """What the data management system must know of an area; None where the spec says nothing."""

    fts: str | None = None
    tokens: bool | None = None
    archive_timeout: Seconds | None = None


@dataclass(frozen=True, slots=True)
class StorageArea:
    """A part of a site's storage that is used as one.

    `capacity` None: the spec does not say. `pledged` is what copies may use: the pledge, else the
    capacity. `within` names the area whose capacity this one lies in. `drafts` are the places that
    make it rest on a draft: itself, its site, its tier or the class in its name. One that is
    `adopted` is kept as it was found, and no policy means it. `site_known_as` is the name by which
    systems know its site.
    """

    name: AreaName
    name_today: str
    site: SiteName
    site_known_as: str
    src: SrcName
    country: str
    region: RegionName | None
    environment: str
    enabled: bool
    tier: TierName
    role: str
    system: str | None
    deterministic: bool
    capacity: Bytes | None
    pledged: Bytes | None
    within: AreaName | None
    mount: str | None
    endpoints: tuple[Endpoint, ...]
    transfers: Transfers
    retired: bool
    counts: bool
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)
    throughput: Throughput | None = None
    adopted: bool = False

    @property
    def takes_in(self) -> bool:
        """Whether data of the federation may come in here."""
        return self.role == "ingest" and self.environment == "production" and not self.adopted


@dataclass(frozen=True, slots=True)
class SiteService:
    """A service that a site offers; `label` is what a person would call it, `version` what the site
    says that it runs."""

    service: str
    label: str
    site: SiteName
    environment: str
    enabled: bool
    at: str | None
    storage: AreaName | None
    scheme: str | None
    host: str | None
    port: int | None
    path: str | None
    version: str | None
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Site:
    """One physical site. `known_as` is the name by which systems know it for good, whatever `name`
    the specs give it, and `known_by` where that is written."""

    name: SiteName
    known_as: str
    known_by: tuple[Span, ...] = field(compare=False, repr=False)
    src: SrcName
    country: str
    region: RegionName | None
    city: str | None
    latitude: float | None
    longitude: float | None
    timezone: str | None
    uplink: BitsPerSecond | None
    areas: tuple[AreaName, ...]
    services: tuple[SiteService, ...]
    compute: tuple[str, ...]
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)
    uplink_drafts: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class IdentifierRule:
    """How global identifiers are made of names: with `{name}`, and mostly `{namespace}`."""

    template: str
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NamespaceRule:
    """A namespace that data products are named in, and the account that owns it. `identifier` None:
    its products have no global identifiers."""

    name: Namespace
    account: str
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)
    identifier: IdentifierRule | None = None


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """An account that the federation's own services use."""

    name: str
    type: str
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class DataManagement:
    """The instance that moves data: its address, accounts, columns, activities, distances.

    `reads_as` with `read_secret` reads, `acts_as` with `secret` changes.
    """

    name: str
    server: str
    auth: str
    secret: Secret
    owner: str
    acts_as: str
    reads_as: str
    read_secret: Secret
    accounts: tuple[ServiceAccount, ...]
    namespaces: tuple[NamespaceRule, ...]
    columns: Mapping[str, str]
    activities: tuple[str, ...]
    same_site: int
    same_region: int
    otherwise: int
    config: Mapping[str, str]
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Naming:
    """The rule for areas' names; `existing` says what to make of a name of today against it."""

    area: str
    existing: str
    new: str
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """The harm that one plan may do without a waiver; `moved_data` in bytes.

    `in_flight` bytes are under way at any time, and for `collections_at_once` one run begins
    something; None: without a bound. In `freezes` nothing is begun that moves or releases data.
    """

    deleted_collections: int
    moved_data: Bytes
    drained_nodes: int
    retired_areas: int
    in_flight: Bytes | None
    collections_at_once: int | None
    freezes: tuple[Freeze, ...]
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Federation:
    """Everything that the specs say, with names resolved. Mappings are in order of name.

    `security` None: nobody has said what may run. `kubernetes` is in order of site and name, what
    is `deployed` on it in order of site, cluster and service. `pipelines` None: no forge runs any.
    `catalogued` is empty where there is no `site_catalogue`.
    """

    name: str
    members: tuple[SrcName, ...]
    aliases: Mapping[str, SrcName]
    regions: Mapping[RegionName, Region]
    tiers: Mapping[TierName, Tier]
    classes: Mapping[str, StorageClass]
    naming: Naming
    data: DataManagement
    service_storage: Mapping[str, str]
    token_only: bool
    limits: Limits
    sites: Mapping[SiteName, Site]
    areas: Mapping[AreaName, StorageArea]
    policies: Mapping[PolicyName, DataPolicy]
    compute: Compute
    kubernetes: tuple[KubernetesCluster, ...]
    services: Mapping[str, Service]
    templates: Mapping[str, Template]
    security: SecurityPolicy | None
    deployed: tuple[Deployed, ...]
    downtimes: tuple[Downtime, ...]
    moved: Mapping[AreaName, Moved]
    retired: tuple[Retired, ...]
    waivers: tuple[Waiver, ...]
    pipelines: Pipelines | None
    origin: Origin = field(compare=False, repr=False)
    links: tuple[Link, ...] = ()
    site_catalogue: SiteCatalogue | None = None
    catalogued: tuple[CataloguedSite, ...] = ()
    renamed: tuple[Renamed, ...] = ()

    def waives_drafts(self, *names: str) -> bool:
        """Whether a waiver accepts the drafts that one of these objects rests on, at any date.

        Artifacts do not depend on the day: the plan's guard looks at the waiver's end.
        """
        return any(waiver.kind == "draft" and waiver.of in names for waiver in self.waivers)

    def holds_back(self, drafts: Sequence[Span], *names: str) -> bool:
        """Whether something by one of these names rests on drafts that no waiver accepts."""
        return bool(drafts) and not self.waives_drafts(*names)

    def names_now(self, kind: str) -> Mapping[str, str]:
        """What queues, projects or sites are called that had another name before, by that name."""
        return {move.before: move.name for move in self.renamed if move.kind == kind}

    def as_known(self, label: str) -> str:
        """A site, or a label that begins with one and `/`, by the name that systems know."""
        first, slash, rest = label.partition("/")
        site = self.sites.get(SiteName(first))
        return f"{first if site is None else site.known_as}{slash}{rest}"

    def site_called(self, known_as: str) -> SiteName | None:
        """The site that systems know by this name; None where there is none."""
        return next((s.name for s in self.sites.values() if s.known_as == known_as), None)

    def around(self, name: AreaName) -> tuple[AreaName, ...]:
        """An area, and every area whose capacity it lies in, from the inside out."""
        outer = self.areas[name].within
        return (name, *(self.around(outer) if outer is not None else ()))


def accepted(federation: Federation, *names: str) -> tuple[Span, ...]:
    """The waivers that let something by one of these names rest on a draft."""
    return tuple(
        waiver.origin.at("of")
        for waiver in federation.waivers
        if waiver.kind == "draft" and waiver.of in names
    )

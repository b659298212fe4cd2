"""The shape of a Site: one physical place, its storage, compute and services."""

from typing import Annotated, Any, Literal

from pydantic import Field

from srcnet_compiler.schema.common import (
    AbsolutePath,
    Agreed,
    BitRateText,
    BytesText,
    CatalogueId,
    Count,
    Country,
    Document,
    DurationText,
    Email,
    Host,
    LegacyName,
    Name,
    Port,
    Spec,
    TierName,
    Timezone,
    Url,
    such_as,
)
from srcnet_compiler.schema.containers import ContainerResources, VariableName
from srcnet_compiler.schema.kubernetes import Kubernetes
from srcnet_compiler.schema.pipelines import SitePipelines
from srcnet_compiler.schema.slurm import Slurm

Environment = Literal["production", "staging", "development"]


class Catalogued(Agreed):
    """What SRCNet's site catalogue has an entry for."""

    catalogueId: CatalogueId | None = None
    """Its identity in the site catalogue; where it is left out, the one that follows from names."""
    catalogue: Annotated[dict[str, Any], Field(default_factory=dict)]
    """What the site catalogue says of it and nothing else here can: kept, and given back as is."""


class Location(Spec):
    """Where the site is."""

    city: str | None = None
    """The town, for people."""
    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, examples=[46.02])]
    """Degrees, north is positive."""
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, examples=[8.96])]
    """Degrees, east is positive."""
    timezone: Timezone | None = None
    """The zone that windows and downtimes of the site are understood in."""


class Contact(Spec):
    """Whom to ask. A role's address, not a person's."""

    role: Literal["operations", "security", "data", "management"]
    """What the contact answers for."""
    email: Email
    """Where mail reaches the role."""


class Network(Agreed):
    """How the site is connected."""

    wan: BitRateText | None = None
    """The site's connection to the outside."""
    srcnet: BitRateText | None = None
    """The part of it that the federation may use."""


class Endpoint(Spec):
    """One way in to a storage area."""

    protocol: Literal["davs", "dav", "https", "http", "root", "roots", "s3s", "file"]
    """The scheme of its addresses."""
    host: Host
    """The host alone."""
    port: Port
    """The port; 0 for `file`."""
    path: AbsolutePath
    """Where the federation's part of the storage begins."""
    thirdPartyCopy: bool = True
    """Whether other storage may copy from and to it directly."""


class TransferSettings(Spec):
    """What the data management system must know of an area beyond its endpoints."""

    fts: Url | None = None
    """The File Transfer Service that moves data in and out."""
    tokens: bool | None = None
    """Whether the storage accepts tokens."""
    archiveTimeout: DurationText | None = None
    """How long a file may take to reach tape before the transfer counts as failed."""


class Throughput(Agreed):
    """How fast an area is filled and read as a whole: for tape, what its drives carry together."""

    read: Annotated[BitRateText, such_as("40 Gbit/s")] | None = None
    """All readers together. Unknown where it is left out."""
    write: Annotated[BitRateText, such_as("20 Gbit/s")] | None = None
    """All writers together. Unknown where it is left out."""


class StorageArea(Catalogued):
    """A part of a site's storage that the federation uses as one."""

    name: Annotated[Name, such_as("CHSRC-CSCS-T0")]
    """Its name by the federation's rule, such as `CHSRC-CSCS-T0`."""
    nameToday: LegacyName | None = None
    """Its name in the data management system until a `Moved` document is applied."""
    alsoKnownAs: Annotated[list[str], Field(default_factory=list)]
    """Other names, for searching only."""
    environment: Environment = "production"
    """Only production areas hold copies that count."""
    enabled: bool = True
    """An area that is not enabled is described and left alone."""
    tier: TierName
    """A tier of the federation, such as `online`."""
    role: Literal["data", "ingest", "test", "cache"] = "data"
    """Only areas of role `data` hold copies that count."""
    system: Literal["storm", "xrootd", "dcache", "ceph", "eos", "s3", "posix"]
    """The storage software."""
    layout: Literal["deterministic", "recorded"] = "deterministic"
    """Whether a file's path follows from its name, or is recorded file by file."""
    capacity: BytesText | None = None
    """How much it holds. Unknown where it is left out."""
    pledged: BytesText | None = None
    """How much of it the site promises to the federation; all of it where this is left out."""
    within: Name | None = None
    """Another area of the site whose capacity this one lies in, so that it is not counted twice."""
    throughput: Throughput | None = None
    """How fast it is filled and read. Where it is left out nothing is held against it."""
    posixMount: AbsolutePath | None = None
    """Where the site's own services see the area as files."""
    endpoints: Annotated[list[Endpoint], Field(default_factory=list)]
    """The ways in, the preferred one first."""
    transfers: TransferSettings | None = None
    """What the data management system must know beyond the endpoints."""


class Compute(Catalogued):
    """A place where services and jobs of the federation run."""

    name: Annotated[Name, such_as("services")]
    """Unique within the site."""
    environment: Environment = "production"
    """What runs there."""
    enabled: bool = True
    """One that is not enabled is described and left alone."""
    description: str | None = None
    """One sentence for people."""
    hardware: Literal["bare-metal", "container", "vm"] | None = None
    """What services run on."""
    capabilities: Annotated[
        list[Literal["gpu", "high-mem", "large-scratch", "fast-scratch"]],
        Field(default_factory=list),
    ]
    """What sets it apart."""
    slurm: Slurm | None = None
    """The Slurm cluster that it is."""
    kubernetes: Kubernetes | None = None
    """The Kubernetes cluster that it is."""


class Scratch(Agreed):
    """Space for what jobs leave behind for a while, seen by the nodes of the site."""

    name: Annotated[Name, such_as("shared")]
    """Unique within the site."""
    path: Annotated[AbsolutePath, such_as("/scratch/srcnet")]
    """Where the federation's part of it begins."""
    capacity: Annotated[BytesText, such_as("200 TB")] | None = None
    """How much it holds. Unknown where it is left out."""
    keep: Annotated[DurationText, such_as("30 d")] | None = None
    """How long a file stays that nobody uses; until somebody removes it where left out."""


class SiteService(Catalogued):
    """A service that the site offers, as far as others must know it."""

    service: Annotated[Name, such_as("soda_sync")]
    """Which service of the federation it is, such as `soda_sync`."""
    name: str | None = None
    """What the site calls it."""
    environment: Environment = "production"
    """Who it is for."""
    enabled: bool = True
    """One that is not enabled is described and left alone."""
    at: Name | None = None
    """The site's compute that it runs on."""
    storage: Name | None = None
    """The area whose files it reads, by its name in this file."""
    scheme: Literal["https", "http"] | None = None
    """How it is spoken to."""
    host: Host | None = None
    """The host alone."""
    port: Port | None = None
    """The port; that of the scheme where this is left out."""
    path: AbsolutePath | None = None
    """Where it begins on the host; as the service says it, where it does."""
    version: str | None = None
    """The version that runs."""
    mandatory: bool | None = None
    """Whether the site calls it mandatory."""
    replicas: Annotated[Count, such_as(3)] | None = None
    """How many run here, where the service lets sites say so."""
    resources: ContainerResources | None = None
    """What a replica gets here, where the service lets sites say so."""
    env: Annotated[dict[VariableName, str], Field(default_factory=dict)]
    """Variables of its environment here, where the service lets sites say so."""


class SiteSpec(Catalogued):
    """One physical site."""

    src: Annotated[Name, such_as("CHSRC")]
    """The national SRC that it belongs to."""
    country: Country
    """Two letters of ISO 3166; the federation's regions are made of countries."""
    description: str | None = None
    """One sentence for people."""
    alsoKnownAs: Annotated[list[str], Field(default_factory=list)]
    """Names of the site elsewhere, for searching only."""
    location: Location | None = None
    """Where it is."""
    contacts: Annotated[list[Contact], Field(default_factory=list)]
    """Whom to ask."""
    network: Network | None = None
    """How it is connected."""
    storage: Annotated[list[StorageArea], Field(default_factory=list)]
    """Its storage areas."""
    scratch: Annotated[list[Scratch], Field(default_factory=list)]
    """Space that its jobs share."""
    compute: Annotated[list[Compute], Field(default_factory=list)]
    """Where services and jobs run."""
    services: Annotated[list[SiteService], Field(default_factory=list)]
    """What it offers."""
    pipelines: SitePipelines | None = None
    """What the forge must know to apply its part."""


class Site(Document):
    """One physical site: where it is, what it has, how far it lets the federation in."""

    kind: Literal["Site"]
    """`Site`."""
    spec: SiteSpec
    """What the site says of itself."""

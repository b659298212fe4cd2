"""The shape of the Federation: members, regions, tiers, names, identity, the shared services."""

from typing import Annotated, Literal

from pydantic import Field

from srcnet_compiler.schema.common import (
    AccountName,
    Agreed,
    BitRateText,
    BytesText,
    Count,
    Country,
    Credentials,
    Document,
    DurationText,
    GroupPath,
    Instant,
    Name,
    Namespace,
    Reason,
    Spec,
    TierName,
    Url,
    Whole,
    such_as,
    text,
)
from srcnet_compiler.schema.pipelines import Pipelines


class TierRecall(Agreed):
    """How long data on a tier take to come online."""

    within: DurationText
    """At most this long."""


class Tier(Agreed):
    """A kind of storage that policies may ask for."""

    media: Annotated[list[Literal["ssd", "hdd", "tape"]], Field(min_length=1)]
    """What it is made of; tape alone makes it an archive."""
    reachable: Literal["immediately", "after recall"]
    """When a file on it can be read."""
    recall: TierRecall | None = None
    """How long a recall takes."""
    volatile: bool = False
    """Whether the storage may drop files by itself."""
    counts: bool = True
    """Whether copies on it count towards a policy."""


class StorageClass(Agreed):
    """What the class inside an area's name promises."""

    tier: TierName
    """The tier of areas of this class."""
    role: Literal["data", "ingest", "test", "cache"] = "data"
    """The role of areas of this class."""
    pledged: bool = True
    """Whether its capacity is promised to the federation."""


class Naming(Spec):
    """The rule for names of storage areas."""

    area: Annotated[str, such_as("{src}-{site}-{class}[-{label}]")]
    """The form, of `{src}`, `{site}`, `{class}` and `[-{label}]`."""
    existing: Literal["ignore", "warn", "error"] = "warn"
    """What to say of a `nameToday` that does not follow the rule."""
    new: Literal["warn", "error"] = "error"
    """What to say of a new name that does not."""


class Identity(Spec):
    """Who people and services are."""

    issuer: Url
    """The identity provider."""
    groups: Annotated[
        dict[Annotated[Name, such_as("operators")], GroupPath], Field(default_factory=dict)
    ]
    """Groups of the provider, by what they are for."""


class RucioAccount(Spec):
    """An account that the federation's own services use."""

    name: AccountName
    """Its name."""
    type: Literal["SERVICE", "GROUP", "USER"] = "SERVICE"
    """Rucio's type of account."""


class Identifier(Agreed):
    """How a data product's global identifier is made of its namespace and name, and read back."""

    template: Annotated[
        str,
        text(
            r"^ivo://[!-~]+$",
            "an identifier that begins with `ivo://`, with `{name}` behind its `?`",
            "ivo://example.org/~?{namespace}:{name}",
        ),
    ]
    """The identifier (IVOA Identifiers 2.0) with `{name}`, and mostly `{namespace}`, behind `?`."""


class RucioNamespace(Agreed):
    """A namespace that data products are named in."""

    name: Namespace
    """Its name, a scope in Rucio."""
    account: AccountName | None = None
    """The account that owns it; the owner of the policies where this is left out."""
    identifier: Identifier | None = None
    """How its products are identified, where that differs from the federation's others."""


class Distances(Spec):
    """How far areas are from each other: Rucio prefers near sources."""

    sameSite: Count = 1
    """Within a site."""
    sameRegion: Count = 2
    """Within a region."""
    otherwise: Count = 4
    """Between regions."""


class RucioReading(Spec):
    """A further account, for reading alone: one that may export reads many links at once."""

    account: AccountName
    """The account that reads."""
    credentials: Credentials
    """How to prove that we are it."""


class Rucio(Spec):
    """The federation's Rucio."""

    name: Name = "rucio"
    """What this instance is called in plans and artifacts."""
    server: Url
    """The server's address."""
    auth: Url | None = None
    """The authentication server, where it differs."""
    credentials: Credentials
    """How to prove who we are."""
    owner: AccountName
    """Holds our rules and subscriptions; not an administrator, so that quotas bind it."""
    actsAs: AccountName
    """The account that the compiler acts as; an administrator."""
    reading: RucioReading | None = None
    """Another account for reading; the one that the compiler acts as where this is left out."""
    accounts: Annotated[list[RucioAccount], Field(default_factory=list)]
    """Accounts of the federation's own services."""
    namespaces: Annotated[list[RucioNamespace], Field(default_factory=list)]
    """Where data products are named."""
    identifier: Identifier | None = None
    """How data products are identified in the world. Not at all where it is left out."""
    metadata: Annotated[
        dict[
            Literal["product", "telescope", "campaign"],
            Literal["datatype", "project", "campaign", "prod_step", "stream_name", "provenance"],
        ],
        Field(default_factory=dict),
    ]
    """In which column of Rucio each selector of a policy is found."""
    activities: Annotated[list[Annotated[str, such_as("User Subscriptions")]], Field(min_length=1)]
    """What the transfer daemons serve: anything else would never move."""
    distances: Distances = Distances()
    """How far areas are from each other."""
    config: Annotated[dict[str, str], Field(default_factory=dict)]
    """Keys of the server's configuration table that we set, as `section/option`."""


class CatalogueReading(Spec):
    """A further login, for reading alone."""

    credentials: Credentials
    """How to prove that we are it."""


class SiteCatalogue(Spec):
    """SRCNet's catalogue of sites, the Site Capabilities API."""

    name: Annotated[Name, such_as("srcnet")] = "srcnet"
    """What this instance is called in plans and artifacts."""
    server: Annotated[Url, such_as("https://catalogue.example.org/api/v1")]
    """The address of its interface, with the version of it."""
    credentials: Credentials
    """How to prove who we are: a token."""
    reading: CatalogueReading | None = None
    """Another login for reading; the one that changes it where this is left out."""


class ServiceRule(Spec):
    """What every offer of a service must have."""

    storage: Literal["mounted", "any", "none"] = "none"
    """Whether it reads an area's files, and needs them mounted."""


class Freeze(Spec):
    """A time in which no data are moved or released."""

    from_: Annotated[Instant, Field(alias="from")]
    """The first moment, in UTC."""
    to: Instant
    """The first moment after it, in UTC."""
    reason: Reason
    """Why, for the people who wait."""


class Limits(Spec):
    """The harm that one plan may do without a waiver."""

    deletedCollections: Whole = 0
    """Data sets that lose their last copy."""
    movedData: BytesText = "0 B"
    """Data that must be transferred."""
    drainedNodes: Whole = 0
    """Compute nodes that are emptied: those of partitions that end, and of no other of ours."""
    retiredAreas: Whole = 1
    """Storage areas that are closed for writing."""
    inFlight: BytesText | None = None
    """Data that are under way at any time; what is due beyond that comes with a later run. Without
    it a run begins all that is due, as far as `movedData` lets it."""
    collectionsAtOnce: Count | None = None
    """Data sets for which one run begins something; without it all."""
    freeze: Annotated[list[Freeze], Field(default_factory=list)]
    """Times in which nothing is begun that moves or releases data. On every day that one touches
    plans say what waits, and until when; what has just arrived gets its copies all the same."""


class NetworkLink(Agreed):
    """What the network between two sites carries, in one direction."""

    from_: Annotated[Name, Field(alias="from"), such_as("AUSSRC-PERTH")]
    """The site that sends."""
    to: Annotated[Name, such_as("ESPSRC-IAA")]
    """The site that receives."""
    rate: Annotated[BitRateText, such_as("10 Gbit/s")]
    """How much of it the federation may use."""


class FederationSpec(Agreed):
    """What all members share."""

    members: Annotated[list[Annotated[Name, such_as("CHSRC")]], Field(min_length=1)]
    """The national SRCs."""
    aliases: Annotated[
        dict[Annotated[Name, such_as("SWISRC")], Annotated[Name, such_as("CHSRC")]],
        Field(default_factory=dict),
    ]
    """Other names of members, as they are met in systems."""
    regions: dict[Annotated[Name, such_as("europe")], list[Country]]
    """Failure domains, made of countries."""
    tiers: dict[TierName, Tier]
    """The kinds of storage."""
    storageClasses: dict[Annotated[Name, such_as("T0")], StorageClass]
    """The classes inside names of areas."""
    naming: Naming
    """The rule for names."""
    identity: Identity
    """Who people and services are."""
    rucio: Rucio
    """The federation's Rucio."""
    siteCatalogue: SiteCatalogue | None = None
    """The catalogue of sites that is kept as the specs say; none where this is left out."""
    services: Annotated[
        dict[Annotated[Name, such_as("soda_sync")], ServiceRule], Field(default_factory=dict)
    ]
    """The services that sites may offer."""
    links: Annotated[list[NetworkLink], Field(default_factory=list)]
    """Links of known rate. Between other sites only the sites' own connections are looked at."""
    tokenOnly: bool = True
    """Whether access is by tokens alone, so that plain http must not be used."""
    limits: Annotated[Limits, Field(default_factory=Limits)]
    """The harm that one plan may do."""
    pipelines: Pipelines | None = None
    """What forges run when specs change; nothing where this is left out."""


class Federation(Document):
    """What all members of the network share."""

    kind: Literal["Federation"]
    """`Federation`."""
    spec: FederationSpec
    """What all members share."""

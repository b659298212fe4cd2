"""The Federation document to the model: what all members share."""

from dataclasses import dataclass

from srcnet_compiler.federation.amounts import Findings
from srcnet_compiler.federation.model import (
    DataManagement,
    IdentifierRule,
    Limits,
    NamespaceRule,
    Naming,
    Region,
    Secret,
    ServiceAccount,
    StorageClass,
    Tier,
)
from srcnet_compiler.federation.notices import Freeze
from srcnet_compiler.federation.rates import Link
from srcnet_compiler.names import Namespace, RegionName, SiteName, TierName
from srcnet_compiler.quantity import BitsPerSecond, Bytes, parse_bit_rate, parse_bytes
from srcnet_compiler.schema.common import Agreed, SecretReference
from srcnet_compiler.schema.federation import FederationSpec, Identifier
from srcnet_compiler.span import Origin, Span


def draft(spec: Agreed, origin: Origin) -> tuple[Span, ...]:
    """The place where `spec` says that it is a draft; empty where it is agreed."""
    return (origin.at("status"),) if spec.status == "draft" else ()


@dataclass(frozen=True, slots=True)
class Shared:
    """The parts of the Federation document that sites and policies refer to."""

    tiers: dict[TierName, Tier]
    classes: dict[str, StorageClass]
    regions: dict[RegionName, Region]

    def region_of(self, country: str) -> RegionName | None:
        """The region that `country` lies in."""
        return next((r.name for r in self.regions.values() if country in r.countries), None)


def read_shared(spec: FederationSpec, origin: Origin) -> Shared:
    """Tiers, classes and regions, in order of name."""
    tiers = {
        TierName(name): Tier(
            TierName(name),
            archive=tier.media == ["tape"],
            volatile=tier.volatile,
            counts=tier.counts,
            drafts=draft(tier, origin.below("tiers", name)),
            origin=origin.below("tiers", name),
        )
        for name, tier in sorted(spec.tiers.items())
    }
    classes = {
        name: StorageClass(
            name,
            TierName(found.tier),
            found.role,
            found.pledged,
            drafts=draft(found, origin.below("storageClasses", name)),
            origin=origin.below("storageClasses", name),
        )
        for name, found in sorted(spec.storageClasses.items())
    }
    regions = {
        RegionName(name): Region(RegionName(name), tuple(countries))
        for name, countries in sorted(spec.regions.items())
    }
    return Shared(tiers, classes, regions)


def read_naming(spec: FederationSpec, origin: Origin) -> Naming:
    """The rule for areas' names."""
    naming = spec.naming
    return Naming(naming.area, naming.existing, naming.new, origin.below("naming"))


def read_limits(spec: FederationSpec, origin: Origin, found: Findings) -> Limits:
    """The harm that one plan may do."""
    limits, here = spec.limits, origin.below("limits")
    moved = found.required(parse_bytes, limits.movedData, here, "movedData", Bytes(0))
    return Limits(
        limits.deletedCollections,
        moved,
        limits.drainedNodes,
        limits.retiredAreas,
        found.amount(parse_bytes, limits.inFlight, here, "inFlight"),
        limits.collectionsAtOnce,
        tuple(
            Freeze(
                found.moment(freeze.from_, there, "from"),
                found.moment(freeze.to, there, "to"),
                freeze.reason,
                there,
            )
            for index, freeze in enumerate(limits.freeze)
            for there in (here.below("freeze", index),)
        ),
        here,
    )


def read_links(spec: FederationSpec, origin: Origin, found: Findings) -> tuple[Link, ...]:
    """Links of known rate, in the order of the document."""
    return tuple(
        Link(
            SiteName(link.from_),
            SiteName(link.to),
            found.required(parse_bit_rate, link.rate, here, "rate", BitsPerSecond(0)),
            draft(link, here),
            here,
        )
        for index, link in enumerate(spec.links)
        for here in (origin.below("links", index),)
    )


def read_data(spec: FederationSpec, origin: Origin) -> DataManagement:
    """The instance that moves data."""
    rucio, here = spec.rucio, origin.below("rucio")
    reading, own = rucio.reading, secret(rucio.credentials.secretRef)
    return DataManagement(
        name=rucio.name,
        server=rucio.server,
        auth=rucio.auth or rucio.server,
        secret=own,
        owner=rucio.owner,
        acts_as=rucio.actsAs,
        reads_as=rucio.actsAs if reading is None else reading.account,
        read_secret=own if reading is None else secret(reading.credentials.secretRef),
        accounts=tuple(
            ServiceAccount(account.name, account.type, here.below("accounts", index))
            for index, account in enumerate(rucio.accounts)
        ),
        namespaces=tuple(
            NamespaceRule(
                Namespace(space.name),
                space.account or rucio.owner,
                draft(space, here.below("namespaces", index)),
                here.below("namespaces", index),
                _identifier(space.identifier, here.below("namespaces", index, "identifier"))
                or _identifier(rucio.identifier, here.below("identifier")),
            )
            for index, space in enumerate(rucio.namespaces)
        ),
        columns=dict(rucio.metadata.items()),
        activities=tuple(rucio.activities),
        same_site=rucio.distances.sameSite,
        same_region=rucio.distances.sameRegion,
        otherwise=rucio.distances.otherwise,
        config=dict(sorted(rucio.config.items())),
        origin=here,
    )


def _identifier(said: Identifier | None, origin: Origin) -> IdentifierRule | None:
    return None if said is None else IdentifierRule(said.template, draft(said, origin), origin)


def secret(reference: SecretReference) -> Secret:
    """The one place that a reference names."""
    if reference.env is not None:
        return Secret("env", reference.env)
    if reference.file is not None:
        return Secret("file", reference.file)
    return Secret("vault", reference.vault or "")

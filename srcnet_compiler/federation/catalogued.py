"""What specs say for SRCNet's site catalogue alone: where it is, identities, words of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from srcnet_compiler.change import Json
from srcnet_compiler.federation.secret import Secret
from srcnet_compiler.names import AreaName, SiteName
from srcnet_compiler.span import Origin, Span


@dataclass(frozen=True, slots=True)
class SiteCatalogue:
    """The instance: `secret` changes it, `read_secret` reads it."""

    name: str
    server: str
    secret: Secret
    read_secret: Secret
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Own:
    """What one thing has there: `id` None: none is stated. `said` are the catalogue's own words."""

    id: str | None
    said: Mapping[str, Json]
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask, and about what."""

    role: str
    email: str
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CataloguedCompute:
    """A compute as the catalogue has it."""

    name: str
    description: str | None
    hardware: str | None
    capabilities: tuple[str, ...]
    enabled: bool
    retired: bool
    own: Own
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CataloguedService:
    """What the catalogue has of a service that a site offers, besides its address."""

    name: str | None
    mandatory: bool | None
    own: Own
    drafts: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class CataloguedSite:
    """A site as the catalogue has it; `services` are in the order of the site's own."""

    site: SiteName
    description: str | None
    contacts: tuple[Contact, ...]
    own: Own
    areas: Mapping[AreaName, Own]
    compute: tuple[CataloguedCompute, ...]
    services: tuple[CataloguedService, ...]

"""How fast data can go and are expected to: links, the throughput of areas, recalls."""

from dataclasses import dataclass, field

from srcnet_compiler.names import SiteName, TierName
from srcnet_compiler.quantity import BitsPerSecond, Bytes, DataRate, Seconds
from srcnet_compiler.span import Origin, Span


@dataclass(frozen=True, slots=True)
class Throughput:
    """How fast an area is read and written as a whole; None where the spec does not say."""

    read: BitsPerSecond | None
    write: BitsPerSecond | None
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Link:
    """What the network from one site to another carries."""

    source: SiteName
    target: SiteName
    rate: BitsPerSecond
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Recall:
    """Where recalled data go, `near` whom, and for how long.

    `rate` None: nobody has said how much it is. Above `approval_above` somebody must agree; None:
    never.
    """

    tier: TierName
    keep: Seconds
    rate: DataRate | None
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)
    near: str
    approval_above: Bytes | None

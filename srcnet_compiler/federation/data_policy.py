"""What happens to a class of data: which it is, how much comes, what is kept of it, how long."""

from dataclasses import dataclass, field

from srcnet_compiler.federation.rates import Recall
from srcnet_compiler.names import Namespace, PolicyName, SiteName, TierName
from srcnet_compiler.quantity import Bytes, DataRate, Period, Seconds
from srcnet_compiler.span import Origin, Span


@dataclass(frozen=True, slots=True)
class Volume:
    """What arrives from calendar year `year` on: `rate` each year, or `amount` once in it."""

    year: int
    rate: DataRate | None
    amount: Bytes | None
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Copies:
    """`count` copies on `tier`."""

    count: int
    tier: TierName
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Phase:
    """All `copies` together, all `apart` by region, site or area; `until` None: it lasts.

    `ends`: after it no copy is kept.
    """

    name: str
    until: Period | None
    apart: str
    copies: tuple[Copies, ...]
    origin: Origin = field(compare=False, repr=False)
    ends: bool = False

    @property
    def count(self) -> int:
        """How many copies the phase asks for."""
        return sum(copies.count for copies in self.copies)


@dataclass(frozen=True, slots=True)
class Extra:
    """A copy on a cache of each of `sites` for `keep` seconds from arrival on. It never counts."""

    sites: tuple[SiteName, ...]
    keep: Seconds
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Embargo:
    """For how long from arrival on only the group `readers` may read; `{namespace}` in its name
    stands for that of the data."""

    period: Period
    readers: str
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)

    def group(self, namespace: str) -> str:
        """Who may read data of this namespace."""
        return self.readers.replace("{namespace}", namespace)


@dataclass(frozen=True, slots=True)
class Selector:
    """Which data a policy is about. None or empty: no restriction, but for namespaces."""

    namespaces: tuple[Namespace, ...]
    product: str | None
    telescopes: tuple[str, ...]
    campaign: str | None


@dataclass(frozen=True, slots=True)
class DataPolicy:
    """What happens to a class of data. `ingest` are the countries whose ingest areas receive it.

    `embargo` None: everybody may read.
    """

    name: PolicyName
    selector: Selector
    volumes: tuple[Volume, ...]
    ingest: tuple[str, ...]
    deadline: Seconds
    floor: int
    phases: tuple[Phase, ...]
    activity: str
    retired: bool
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)
    embargo: Embargo | None = None
    recall: Recall | None = None
    extras: tuple[Extra, ...] = ()

    @property
    def end(self) -> Period | None:
        """The age at which no copy is kept any more; None: data stay for good."""
        last = self.phases[-1]
        return last.until if last.ends else None

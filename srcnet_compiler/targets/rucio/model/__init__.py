"""Rucio as this compiler manages it: the same types for what is wanted and what is there.

Each object flattens to *fields*, plain values by dotted name. A change is made of fields, the diff
compares them, and the module that carries a change out reads them again just before it acts. In a
wanted object only the fields that the specs own are present; what is absent is never looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import ClassVar, TypeAlias, TypeVar

from srcnet_compiler.change import Json
from srcnet_compiler.quantity import Bytes
from srcnet_compiler.span import Span
from srcnet_compiler.targets.rucio.model.embargo import Embargo
from srcnet_compiler.targets.rucio.model.lifecycle import Lifecycle, Pace
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.quiet import Quiet
from srcnet_compiler.targets.rucio.model.requirement import Requirement
from srcnet_compiler.targets.rucio.model.rules import Rule as Rule
from srcnet_compiler.targets.rucio.model.rules import RuleTemplate as RuleTemplate

Fields: TypeAlias = Mapping[str, Json]
Origins: TypeAlias = Mapping[str, tuple[Span, ...]]
"""The spec places that each field comes from, the most telling first."""

OWNED_ATTRIBUTES = "srcnet_"
"""Attributes with this prefix are ours alone: one that the specs do not ask for is taken away."""


class RseType(Enum):
    DISK = "DISK"
    TAPE = "TAPE"


@dataclass(frozen=True, slots=True)
class Protocol:
    """How an RSE is reached. `domains` holds priorities from 1, by domain and operation.

    Rucio knows a protocol by scheme, host and port; all else of it can be updated.
    """

    scheme: str
    hostname: str
    port: int
    prefix: str
    impl: str
    domains: Mapping[str, Mapping[str, int]]

    @property
    def key(self) -> str:
        return f"{self.scheme}://{self.hostname}:{self.port}"

    def value(self) -> Json:
        """What can be updated, as plain data."""
        domains = {name: dict(priorities) for name, priorities in sorted(self.domains.items())}
        return {"prefix": self.prefix, "impl": self.impl, "domains": domains}


@dataclass(frozen=True, slots=True)
class Stored:
    """What Rucio counts on an RSE; its counter may be minutes late."""

    files: int
    bytes: Bytes


@dataclass(frozen=True, slots=True)
class Rse:
    """A storage area in Rucio.

    `settings` are Rucio's columns by its own names; attribute values are what the server reads
    back: text, or true and false. Limits are bytes. `stored` is read only of an RSE that closes.
    `holds` are our rules that have data there, by id, read only of one that is to count elsewhere
    or no more.
    """

    kind: ClassVar[str] = "rse"
    name: RseName
    settings: Mapping[str, Json]
    attributes: Mapping[str, str | bool]
    protocols: tuple[Protocol, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)
    site: str = field(default="", compare=False)
    stored: Stored | None = field(default=None, compare=False)
    holds: frozenset[str] = field(default=frozenset(), compare=False)
    origins: Origins = field(default_factory=dict, compare=False, repr=False)
    drafts: tuple[Span, ...] = field(default=(), compare=False, repr=False)

    def fields(self) -> Fields:
        return {
            **{f"setting.{key}": value for key, value in self.settings.items()},
            **{f"attribute.{key}": value for key, value in self.attributes.items()},
            **{f"protocol.{protocol.key}": protocol.value() for protocol in self.protocols},
            **{f"limit.{key}": value for key, value in self.limits.items()},
        }


@dataclass(frozen=True, slots=True)
class Distance:
    """How far `destination` is from `source`; without one Rucio transfers nothing."""

    kind: ClassVar[str] = "distance"
    source: RseName
    destination: RseName
    distance: int
    origins: Origins = field(default_factory=dict, compare=False, repr=False)
    drafts: tuple[Span, ...] = field(default=(), compare=False, repr=False)

    @property
    def name(self) -> str:
        return f"{self.source} {self.destination}"

    def fields(self) -> Fields:
        return {"distance": self.distance}


@dataclass(frozen=True, slots=True)
class Account:
    """An account that the federation's own work needs; people's accounts are not ours."""

    kind: ClassVar[str] = "account"
    name: str
    type: str
    attributes: Mapping[str, str | bool] = field(default_factory=dict)
    origins: Origins = field(default_factory=dict, compare=False, repr=False)
    drafts: tuple[Span, ...] = field(default=(), compare=False, repr=False)

    def fields(self) -> Fields:
        return {"type": self.type, **{f"attribute.{k}": v for k, v in self.attributes.items()}}


@dataclass(frozen=True, slots=True)
class Scope:
    """A namespace in Rucio. It cannot be deleted; its owner is stated when it is created."""

    kind: ClassVar[str] = "scope"
    name: str
    account: str
    origins: Origins = field(default_factory=dict, compare=False, repr=False)
    drafts: tuple[Span, ...] = field(default=(), compare=False, repr=False)

    def fields(self) -> Fields:
        return {"account": self.account}


@dataclass(frozen=True, slots=True)
class AccountLimit:
    """The bytes that rules of `account` may lock on `rse`."""

    kind: ClassVar[str] = "account-limit"
    account: str
    rse: RseName
    bytes: Bytes
    site: str = field(default="", compare=False)
    origins: Origins = field(default_factory=dict, compare=False, repr=False)
    drafts: tuple[Span, ...] = field(default=(), compare=False, repr=False)

    @property
    def name(self) -> str:
        return f"{self.account}@{self.rse}"

    def fields(self) -> Fields:
        return {"bytes": self.bytes}


@dataclass(frozen=True, slots=True)
class Subscription:
    """What happens to a dataset of a policy when it arrives. `filter` is as Rucio stores it."""

    kind: ClassVar[str] = "subscription"
    name: str
    account: str
    filter: Mapping[str, str | Sequence[str]]
    rules: tuple[RuleTemplate, ...]
    comments: str
    active: bool = True
    policy: str = field(default="", compare=False)
    origins: Origins = field(default_factory=dict, compare=False, repr=False)
    drafts: tuple[Span, ...] = field(default=(), compare=False, repr=False)

    @property
    def policy_in_comment(self) -> str | None:
        """The policy that a subscription of ours is for; None where its comment is not ours."""
        start, _, rest = self.comments.partition(":")
        return rest.partition("/")[0] if start == "srcnet" else None

    def fields(self) -> Fields:
        return {
            "account": self.account,
            "filter": {
                key: value if isinstance(value, str) else list(value)
                for key, value in sorted(self.filter.items())
            },
            "replication_rules": [rule.value() for rule in self.rules],
            "comments": self.comments,
            "active": self.active,
        }


@dataclass(frozen=True, slots=True)
class ConfigOption:
    """One key of the server's configuration table. The server's own file wins over the table."""

    kind: ClassVar[str] = "config"
    section: str
    option: str
    value: str
    origins: Origins = field(default_factory=dict, compare=False, repr=False)
    drafts: tuple[Span, ...] = field(default=(), compare=False, repr=False)

    @property
    def name(self) -> str:
        return f"{self.section}/{self.option}"

    def fields(self) -> Fields:
        return {"value": self.value}


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset that a policy may select, as the server knows it. Only a reading has any.

    `created` is the day (UTC) on which the server first heard of it; its age counts from there.
    """

    scope: str
    name: str
    columns: Mapping[str, str | None]
    closed: bool
    rules: tuple[Rule, ...] = ()
    bytes: int = 0
    created: date | None = None

    @property
    def did(self) -> str:
        return f"{self.scope}:{self.name}"


Thing: TypeAlias = Rse | Distance | Account | Scope | AccountLimit | Subscription | ConfigOption


@dataclass(frozen=True, slots=True)
class RucioModel:
    """One Rucio. `owner` holds our rules and subscriptions; names are unique within a kind.

    `requirements` say, by subscription, what its rules are for; `lifecycles`, by policy, what
    becomes of data after arrival, at which `pace`, when not (`quiet`), and whether shares are
    restored (`rebalances`); `renames` the name before, by the name after; `ended` are policies that
    a spec retires, `closing` says why RSEs are. `set_aside` are RSEs that a spec describes and
    takes out of use, with the places that say so. Only a wanted model has these, `embargoes`, which
    the server hears nothing of, and `origins`: the places of the instance and of all distances
    together.

    What is seen has more than is wanted: RSEs that no spec describes and that our rules mean, and,
    as `account:name`, subscriptions of other accounts that carry our comment.
    """

    instance: str
    owner: str
    rses: Mapping[RseName, Rse] = field(default_factory=dict)
    distances: Mapping[str, Distance] = field(default_factory=dict)
    accounts: Mapping[str, Account] = field(default_factory=dict)
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    account_limits: Mapping[str, AccountLimit] = field(default_factory=dict)
    subscriptions: Mapping[str, Subscription] = field(default_factory=dict)
    config: Mapping[str, ConfigOption] = field(default_factory=dict)
    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    requirements: Mapping[str, Requirement] = field(default_factory=dict)
    lifecycles: Mapping[str, Lifecycle] = field(default_factory=dict)
    pace: Pace = field(default=Pace(), compare=False)
    quiet: tuple[Quiet, ...] = field(default=(), compare=False)
    rebalances: bool = field(default=False, compare=False)
    renames: Mapping[RseName, RseName] = field(default_factory=dict)
    ended: frozenset[str] = frozenset()
    closing: Mapping[RseName, str] = field(default_factory=dict)
    set_aside: Mapping[RseName, tuple[Span, ...]] = field(default_factory=dict, compare=False)
    origins: Origins = field(default_factory=dict, compare=False, repr=False)
    embargoes: Mapping[str, Embargo] = field(default_factory=dict, compare=False)

    def things(self) -> Iterator[Thing]:
        """Every object that is declared, in the order in which they can be created, by name."""
        yield from _by_name(self.accounts)
        yield from _by_name(self.scopes)
        yield from _by_name(self.config)
        yield from _by_name(self.rses)
        yield from _by_name(self.account_limits)
        yield from _by_name(self.distances)
        yield from _by_name(self.subscriptions)


N = TypeVar("N", bound=str)
T = TypeVar("T")


def _by_name(things: Mapping[N, T]) -> Iterator[T]:
    return (things[name] for name in sorted(things))

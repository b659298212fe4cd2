"""All that a Rucio has, whoever made it: what an import looks at.

Nothing here is wanted, and nothing is ours: rules of others are counted, not kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from srcnet_compiler.quantity import Bytes
from srcnet_compiler.targets.rucio.model import Rse
from srcnet_compiler.targets.rucio.model.names import RseName


@dataclass(frozen=True, slots=True, order=True)
class RulePattern:
    """What rules have in common: for whom and which data, and what they ask for.

    `lasting`: they have no end. `did_type` is what the rules are on, such as DATASET.
    """

    scope: str
    account: str
    expression: str
    copies: int
    activity: str
    grouping: str
    did_type: str
    lasting: bool


@dataclass(frozen=True, slots=True, order=True)
class Subscribed:
    """A subscription that is active; `asks` are the copies and expressions of its rules."""

    account: str
    name: str
    scopes: tuple[str, ...]
    asks: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Inventory:
    """What is there. `rules` counts them by pattern; `totals` is how much the storage itself says
    that it holds, of RSEs without a limit; `unread` says why an RSE was not seen as a whole.

    `exported` says whether the account may see all RSEs at once.
    """

    rses: Mapping[RseName, Rse]
    accounts: Mapping[str, str] = field(default_factory=dict)
    scopes: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[RulePattern, int] = field(default_factory=dict)
    subscriptions: tuple[Subscribed, ...] = ()
    totals: Mapping[RseName, Bytes] = field(default_factory=dict)
    unread: Mapping[RseName, str] = field(default_factory=dict)
    exported: bool = False

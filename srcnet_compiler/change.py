"""One step from what is to what should be, in words that every target shares."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from hashlib import sha256
from typing import NamedTuple, TypeAlias

from srcnet_compiler.span import Span

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"
"""A value as a plan file can hold it."""


class Action(Enum):
    """ADOPT takes over an object that exists and changes nothing else.

    RETIRE ends an object as far as can be undone; there is no action that destroys data.
    """

    ADOPT = "adopt"
    CREATE = "create"
    UPDATE = "update"
    RENAME = "rename"
    RETIRE = "retire"


class Impact(Enum):
    """What a change does to people and data, mildest first."""

    COSMETIC = "cosmetic"
    ADDITIVE = "additive"
    RECONFIGURE = "reconfigure"
    RESTART = "restart"
    DRAINS_JOBS = "drains-jobs"
    MOVES_DATA = "moves-data"
    DELETES_DATA = "deletes-data"
    LOWERS_COPIES = "lowers-copies"

    @property
    def rank(self) -> int:
        """Position in the order above, from 0."""
        return list(Impact).index(self)


class SystemName(NamedTuple):
    """One system that we read or change: `rucio/srcnet`, `slurm/CHSRC-CSCS.alps`."""

    target: str
    instance: str

    def __str__(self) -> str:
        return f"{self.target}/{self.instance}"


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """One object of one system: `rucio/srcnet/rse/CHSRC_XRD_PROD`."""

    target: str
    instance: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.target}/{self.instance}/{self.kind}/{self.name}"

    @property
    def system(self) -> SystemName:
        """Where it is."""
        return SystemName(self.target, self.instance)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """`before` is None where the object or the field does not exist yet, `after` where it ends."""

    name: str
    before: Json
    after: Json
    origin: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Wait:
    """A fact that must hold before a change may be carried out, in a form the target can check."""

    kind: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """`needs` are the objects whose changes come first; `drafts` the drafts this rests on.

    `moves` is how many bytes must be transferred, `drains` how many compute nodes are emptied.
    `until` is the last day (ISO 8601) on which the document holds that lets this end. `recalls` is
    how many bytes of archived data it makes accessible for a while, or keeps so.
    """

    address: Address
    action: Action
    fields: tuple[FieldChange, ...]
    impact: Impact
    reason: str = ""
    needs: tuple[Address, ...] = ()
    waits: tuple[Wait, ...] = ()
    drafts: tuple[Span, ...] = ()
    moves: int = 0
    drains: int = 0
    until: str | None = None
    recalls: int = 0

    @property
    def id(self) -> str:
        """The same for the same step in every plan: of address, action and values."""
        content = [
            str(self.address),
            self.action.value,
            [[f.name, f.before, f.after] for f in self.fields],
        ]
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return sha256(text.encode()).hexdigest()[:16]

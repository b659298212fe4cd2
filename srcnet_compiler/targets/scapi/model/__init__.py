"""SRCNet's site catalogue (SCAPI) as we manage it: the same types for what is wanted and there.

The catalogue keeps a node as one document. An entry is one object in it, with the fields that lie
in it and in no other entry. In a wanted one a field that is absent is not ours: nobody looks at it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from srcnet_compiler.change import Json
from srcnet_compiler.span import Span
from srcnet_compiler.task import Task

Fields: TypeAlias = Mapping[str, Json]
"""Values by name; of a mapping inside an entry each value by itself, as `other_attributes.key`."""
Origins: TypeAlias = Mapping[str, tuple[Span, ...]]
"""The spec places of a field; "" is the whole entry."""
Key: TypeAlias = tuple[str, str]
"""Kind and name of an entry."""

ID = "id"
NAME = "name"
DISABLED = "is_force_disabled"
AREA = "associated_storage_area_id"
WITHIN = "within"
"""In changes: the node, and the identities of the entries between it and this one."""

LISTS: Mapping[str, str] = {
    "site": "sites",
    "storage": "storages",
    "area": "areas",
    "compute": "compute",
    "local-service": "associated_local_services",
    "global-service": "associated_global_services",
    "queue": "queues",
    "downtime": "downtime",
}
"""The list, in what an entry lies in, that holds entries of its kind."""
MARKS = ("name", "type", "host", "port", "base_path", "path", "date_range")
"""What an entry without an identity is known by."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of a node. `name` is ours, of names in specs; `inside` is what it lies in.

    `area` is the entry that `associated_storage_area_id` leads to. `known_as` are the names by
    which one is found that was made by hand; `at_first` are fields that it gets where it is made,
    and that are nobody's afterwards. Only what was seen has `within`, and is `off`: switched off,
    by itself or with what it lies in.
    """

    kind: str
    name: str
    node: str
    fields_: Fields
    inside: Key | None = None
    area: Key | None = None
    known_as: tuple[str, ...] = field(default=(), compare=False)
    at_first: frozenset[str] = field(default=frozenset(), compare=False)
    within: tuple[str, ...] = field(default=(), compare=False)
    off: bool = field(default=False, compare=False)
    origins: Origins = field(default_factory=dict, compare=False, repr=False)
    drafts: tuple[Span, ...] = field(default=(), compare=False, repr=False)

    @property
    def key(self) -> Key:
        """How the model knows it."""
        return (self.kind, self.name)

    def fields(self) -> Fields:
        """Its fields, as changes speak of them."""
        return self.fields_

    @property
    def id(self) -> str:
        """Its identity; empty where it has none, as nodes and downtimes do."""
        return str(self.fields_.get(ID) or "")

    def spans(self, name: str = "") -> tuple[Span, ...]:
        """The places of a field, or of the whole where it has none of its own."""
        return self.origins.get(name) or self.origins.get("", ())


@dataclass(frozen=True, slots=True)
class Ended:
    """An entry that a document ends: why, and the last day on which that holds."""

    entry: Entry
    reason: str
    until: str
    places: tuple[Span, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ScapiModel:
    """One catalogue, as far as specs speak of it; names are unique within a kind.

    Only a wanted model has `ended` and `origins`; only what was seen has `implied`, which is so
    without an entry of its own: the downtime of an area whose whole storage has it. `tasks` is
    always empty.
    """

    instance: str
    entries: Mapping[Key, Entry] = field(default_factory=dict)
    ended: Mapping[Key, Ended] = field(default_factory=dict)
    implied: frozenset[Key] = field(default=frozenset(), compare=False)
    tasks: tuple[Task, ...] = ()
    origins: Origins = field(default_factory=dict, compare=False, repr=False)

    def things(self) -> Iterator[Entry]:
        """Every entry, node by node, each behind what it lies in."""
        return iter(self.entries.values())

    def find(self, kind: str, name: str) -> Entry | None:
        """The entry of this kind and name."""
        return self.entries.get((kind, name))

    def of(self, key: Key) -> Entry | None:
        """An entry, also one that is to end."""
        ended = self.ended.get(key)
        return self.entries.get(key) or (ended.entry if ended else None)

    def within(self, entry: Entry) -> tuple[str, ...]:
        """The node, and the identities of all that lies between it and the entry."""
        if entry.within or entry.inside is None:
            return entry.within or (entry.node,)
        around = self.of(entry.inside)
        if around is None or around.kind == "node":
            return (entry.node,)
        return (*self.within(around), around.id)

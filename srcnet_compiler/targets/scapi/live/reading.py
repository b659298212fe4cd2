"""What the catalogue has of the entries that are wanted or to end: one listing, then matching.

An entry is the one with the wanted identity; where nobody has that, the only one of its name, or
at its address, in the same place. Two of them are in doubt, and what is in doubt is left alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from srcnet_compiler.change import Address
from srcnet_compiler.targets.protocol import Gap, Reading, UnreachableError
from srcnet_compiler.targets.scapi.live.client import Client
from srcnet_compiler.targets.scapi.model import (
    DISABLED,
    ID,
    LISTS,
    MARKS,
    NAME,
    Entry,
    Key,
    ScapiModel,
)
from srcnet_compiler.targets.scapi.model.documents import Document, fields_of, in_order, listed


def read(client: Client, desired: ScapiModel) -> Reading[ScapiModel]:
    """Raises UnreachableError, RefusedError."""
    nodes = client.nodes()
    if not all(isinstance(node, dict) for node in nodes):
        raise UnreachableError(f"{client.server} lists what is no node")
    search = _Search(desired, nodes)
    for entry in (*desired.things(), *(each.entry for each in desired.ended.values())):
        search.look(entry)
    seen = ScapiModel(desired.instance, search.found, implied=frozenset(search.implied))
    return Reading(seen, tuple(search.gaps))


@dataclass
class _Search:
    """What was found of each entry so far. An object is that of one entry only."""

    desired: ScapiModel
    nodes: list[Document]
    found: dict[Key, Entry] = field(default_factory=dict)
    objects: dict[Key, Document] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    gaps: list[Gap] = field(default_factory=list)
    implied: set[Key] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Identities that are wanted belong to who states them, whatever else matches."""
        entries = (*self.desired.things(), *(each.entry for each in self.desired.ended.values()))
        self.claimed = {entry.id: entry.key for entry in entries if entry.id}
        self.there = {identity for node in self.nodes for identity in _identities(node)}

    def look(self, entry: Entry) -> None:
        """Find the object of an entry, or what stands against it."""
        among = self._among(entry)
        if among is None:
            return
        matching = self._matching(entry, among)
        if len(matching) > 1:
            self._doubt(entry, f"{len(matching)} entries could be it: state its `catalogueId`")
        elif matching:
            self._take(entry, matching[0])
        elif entry.id and entry.id in self.there:
            self._doubt(entry, "it lies elsewhere: say under `catalogue` in which entry")
        elif entry.kind == "downtime" and entry.inside is not None:
            self._imply(entry, entry.inside)

    def _among(self, entry: Entry) -> list[Document] | None:
        """The objects of its kind where it lies; None where nobody can say."""
        if entry.inside is None:
            return self.nodes
        if entry.inside in self.objects:
            around = self.objects[entry.inside]
            if _is_broken(around.get(LISTS[entry.kind])):
                self._doubt(entry, f"`{LISTS[entry.kind]}` around it is no list of entries")
                return None
            return listed(around, entry.kind)
        if any(gap.under == self._address(entry.inside) for gap in self.gaps):
            self._doubt(entry, "what it lies in is in doubt")
            return None
        return []

    def _matching(self, entry: Entry, among: Iterable[Document]) -> list[Document]:
        free = [each for each in among if id(each) not in self.taken]
        by_id = [each for each in free if entry.id and each.get(ID) == entry.id]
        if by_id:
            return by_id
        theirs = [each for each in free if self._may_be(entry, each)]
        return (
            [each for each in theirs if _text(each, NAME) in entry.known_as]
            or [each for each in theirs if _is_at(entry, each)]
            or self._by_areas(entry, theirs)
        )

    def _may_be(self, entry: Entry, said: Document) -> bool:
        """Whether its identity is not the one that another entry is to have."""
        return self.claimed.get(str(said.get(ID)), entry.key) == entry.key

    def _by_areas(self, entry: Entry, among: Iterable[Document]) -> list[Document]:
        """The storage that has one of the areas that are to lie in it."""
        inside = [each for each in self.desired.things() if each.inside == entry.key]
        areas = [each for each in inside if each.kind == "area"]
        names = {name for each in areas for name in each.known_as}
        ids = {each.id for each in areas}
        return [
            each
            for each in (among if entry.kind == "storage" else ())
            for area in listed(each, "area")
            if area.get(ID) in ids or _text(area, NAME) in names
        ][:1]

    def _imply(self, entry: Entry, area: Key) -> None:
        """Whether the whole storage of an area has the downtime."""
        around = self.found.get(area)
        storage = self.objects.get(around.inside) if around and around.inside else None
        if around is None or around.kind != "area" or storage is None:
            return
        if any(_is_at(entry, each) for each in listed(storage, "downtime")):
            self.implied.add(entry.key)

    def _take(self, entry: Entry, said: Document) -> None:
        around = self.found.get(entry.inside) if entry.inside is not None else None
        within: tuple[str, ...] = (str(said.get(NAME)),)
        if around is not None:
            within = around.within
            if around.kind != "node":
                step = around.id or str(around.fields().get(NAME) or "")
                if not step:
                    self._doubt(entry, "what it lies in has neither identity nor name")
                    return
                within = (*within, step)
        self.taken.add(id(said))
        self.objects[entry.key] = said
        wanted = (ID, DISABLED, *MARKS, *entry.fields())
        self.found[entry.key] = Entry(
            entry.kind,
            entry.name,
            within[0],
            fields_of(said, tuple(dict.fromkeys(wanted))),
            entry.inside,
            entry.area,
            within=within,
            off=said.get(DISABLED) is True or (around is not None and around.off),
        )

    def _doubt(self, entry: Entry, reason: str) -> None:
        self.gaps.append(Gap(self._address(entry.key), reason))

    def _address(self, key: Key) -> Address:
        return Address("scapi", self.desired.instance, *key)


def _is_at(entry: Entry, said: Mapping[str, Any]) -> bool:
    """Whether an object is at the address that an entry has, or at the same time."""
    fields = entry.fields()
    if entry.kind == "downtime":
        said_range = in_order("date_range", said.get("date_range"))
        return bool(said_range == fields["date_range"])
    if entry.kind == "storage":
        keys: tuple[str, ...] = ("host", "base_path")
    elif entry.kind.endswith("-service"):
        keys = ("type", "host", "path")
    else:
        return False
    return all(said.get(key) == fields.get(key) for key in keys)


def _identities(said: Document) -> Iterator[str]:
    """Those of an object and of all that lies in it."""
    if isinstance(said.get(ID), str):
        yield said[ID]
    for kind in LISTS:
        for each in listed(said, kind):
            yield from _identities(each)


def _text(said: Mapping[str, Any], key: str) -> str:
    value = said.get(key)
    return value.strip() if isinstance(value, str) else ""


def _is_broken(values: object) -> bool:
    if values is None:
        return False
    return not isinstance(values, list) or not all(isinstance(each, dict) for each in values)

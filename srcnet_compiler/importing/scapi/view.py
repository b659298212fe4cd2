"""The nodes of a catalogue with what lies above each entry, and what follows for it from there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from srcnet_compiler.importing.words import LOCAL, Environment, environment_in
from srcnet_compiler.scapi_nodes import Entry, Path, is_identity


@dataclass(frozen=True, slots=True)
class View:
    """All entries, in the order of the document."""

    nodes: tuple[Entry, ...]
    entries: tuple[Entry, ...]
    by_path: dict[Path, Entry] = field(repr=False)
    owners: dict[str, Path] = field(repr=False)
    """Which entry has an identity: the first that says so."""
    said: Mapping[str, Environment] = field(default_factory=dict, repr=False)
    """Environments that people have said, by the names of entries in the catalogue."""

    def above(self, entry: Entry) -> Entry | None:
        """The entry that this one is listed in."""
        return self.by_path.get(entry.path[:-2])

    def up(self, entry: Entry) -> Iterator[Entry]:
        """This entry and all above it."""
        here: Entry | None = entry
        while here is not None:
            yield here
            here = self.above(here) if here.kind != "node" else None

    def identity(self, entry: Entry) -> str:
        """Its identity; empty where it has none that is its own."""
        found = entry.id.lower()
        return found if self.owners.get(found) == entry.path else ""

    def nearest(self, entry: Entry, kind: str) -> Entry:
        """This entry or the one above it of this kind."""
        return next(each for each in self.up(entry) if each.kind == kind)

    def of_kind(self, *kinds: str) -> tuple[Entry, ...]:
        """All entries of these kinds."""
        return tuple(each for each in self.entries if each.kind in kinds)

    def is_off(self, entry: Entry) -> bool:
        """Whether it is switched off, by itself or with what it is in."""
        return any(each.disabled for each in self.up(entry))

    def environment(self, entry: Entry) -> Environment:
        """The environment that is told of an entry; where none is, what a catalogue is for."""
        return self.environment_told(entry) or "production"

    def environment_told(self, entry: Entry) -> Environment | None:
        """The environment that was said, or that an entry names; else that of what it is in."""
        for each in self.up(entry):
            if (said := self.said.get(each.text("name"))) is not None:
                return said
            if LOCAL.fullmatch(each.text("host")):
                return "development"
            found = environment_in(*_telling(each))
            if found is not None:
                return found
        return None


def _telling(entry: Entry) -> tuple[str, ...]:
    """What of an entry may name an environment: of storage its areas' names alone, in which the
    class or label `TEST` is none."""
    if entry.kind == "area":
        return (entry.text("name").replace("TEST", ""),)
    if entry.kind in ("storage", "node"):
        return ()
    return entry.text("name"), entry.text("host"), entry.text("description")


def view(nodes: Sequence[Entry]) -> View:
    """A view of these nodes."""
    entries = tuple(entry for node in nodes for entry in node.walk())
    by_path = {entry.path: entry for entry in entries}
    owners: dict[str, Path] = {}
    for entry in entries:
        if is_identity(entry.id):
            owners.setdefault(entry.id.lower(), entry.path)
    return View(tuple(nodes), entries, by_path, owners)


def address(storage: Entry, area: Entry) -> tuple[str, str]:
    """Host and path of an area: a whole address as relative path says no more than the storage."""
    host = storage.text("host")
    if "://" in host:
        host = host.partition("://")[2].partition("/")[0].partition(":")[0]
    words = []
    for text in (storage.text("base_path"), area.text("relative_path")):
        words += [] if "://" in text else [word for word in text.split("/") if word]
    return host, "/" + "/".join(words)

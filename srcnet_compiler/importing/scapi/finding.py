"""What the rules know of the federation, and how a catalogue's entries are named in findings."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from srcnet_compiler.diagnostic import Label
from srcnet_compiler.importing.finding import Finding, Where
from srcnet_compiler.scapi_nodes import Entry, path_text


@dataclass(frozen=True, slots=True)
class Known:
    """What the federation says that the catalogue is held against, as far as it is known."""

    members: tuple[str, ...] = ()
    aliases: dict[str, str] = field(default_factory=dict)
    """Other names of members."""
    token_only: bool = False
    ids: tuple["Stated", ...] = ()
    """The identities that specs state."""

    def member(self, node: str) -> str:
        """The member that a node is."""
        return self.aliases.get(node, node)


class Stated(NamedTuple):
    """An identity of the catalogue that a spec states."""

    id: str
    what: str
    label: Label


def at(entry: Entry, key: str | None = None, text: str = "") -> Where:
    """Where an entry has a key; where it is, without one."""
    return Where(entry.path if key is None else (*entry.path, key), text)


def called(entry: Entry) -> str:
    """What people call an entry: its name, or else its type, host or path in the catalogue."""
    for key in ("name", "type", "host", "description"):
        if text := entry.text(key):
            return text
    return path_text(entry.path)


def is_about(finding: Finding, node: Entry, sites: Iterable[Entry]) -> bool:
    """Whether a finding has to do with these sites of a node: with something in them, or with the
    node itself."""
    return any(
        any(path[: len(site.path)] == site.path for site in sites)
        or (path[: len(node.path)] == node.path and path[len(node.path) :][:1] != ("sites",))
        for path, _ in finding.places
    )

"""What a rule finds in a catalogue: by paths, which become places when all has been looked at."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Severity
from srcnet_compiler.importing.json_text import JsonText
from srcnet_compiler.scapi_nodes import Entry, Path, path_text


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


class Where(NamedTuple):
    """A place in the catalogue, and what is to be seen there."""

    path: Path
    text: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A defect of the catalogue. The first place is the one to look at first."""

    code: Code
    message: str
    places: tuple[Where, ...]
    help: str
    subject: str
    severity: Severity = Severity.WARNING
    labels: tuple[Label, ...] = ()
    """Places in specs."""


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


_MOST_PLACES = 6
"""A finding about hundreds of entries names some, and counts the others."""


def diagnostics(document: JsonText, found: Iterable[Finding]) -> Iterator[Diagnostic]:
    """Findings at their lines and columns, each with its path in words."""
    findings = list(found)
    spans = document.spans(p.path for f in findings for p in f.places[:_MOST_PLACES])
    for each in findings:
        labels = [
            Label(spans[place.path], f"`{path_text(place.path)}`{_words(place.text)}")
            for place in each.places[:_MOST_PLACES]
        ]
        if (more := len(each.places) - _MOST_PLACES) > 0:
            last = labels[-1]
            labels[-1] = Label(last.span, f"{last.text}, and {more} more")
        yield Diagnostic(
            each.code,
            each.severity,
            each.message,
            (*labels, *each.labels),
            each.help,
            each.subject,
        )


def _words(text: str) -> str:
    return f": {text}" if text else ""

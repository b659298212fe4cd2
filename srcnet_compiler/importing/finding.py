"""What a rule finds in what is imported: by paths, which become places when all was looked at."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Severity
from srcnet_compiler.span import Path, Span


class Places(Protocol):
    """A document that knows where its values stand."""

    def spans(self, paths: Iterable[Path], /) -> Mapping[Path, Span]:
        """Where the values at these paths stand; at the nearest one above what is not there."""
        ...


class Where(NamedTuple):
    """A place in a document, and what is to be seen there."""

    path: Path
    text: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A defect of what is imported. The first place is the one to look at first."""

    code: Code
    message: str
    places: tuple[Where, ...]
    help: str
    subject: str
    severity: Severity = Severity.WARNING
    labels: tuple[Label, ...] = ()
    """Places in specs."""


_MOST_PLACES = 6
"""A finding about hundreds of entries names some, and counts the others."""


def words_of_path(path: Path) -> str:
    """A path as people read it: `[0].protocols[1].prefix`; of the document alone, nothing."""
    parts = (f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)
    return "".join(parts).removeprefix(".")


def diagnostics(
    document: Places, found: Iterable[Finding], words: Callable[[Path], str] = words_of_path
) -> Iterator[Diagnostic]:
    """Findings at their lines and columns, each with its path in words."""
    findings = list(found)
    spans = document.spans(p.path for f in findings for p in f.places[:_MOST_PLACES])
    for each in findings:
        labels = [
            Label(spans[place.path], _label(words(place.path), place.text))
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


def _label(path: str, text: str) -> str:
    return ": ".join(filter(None, (path and f"`{path}`", text)))

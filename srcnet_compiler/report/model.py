"""The findings of one run, in one order, for every reader."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from srcnet_compiler import diagnostic
from srcnet_compiler.diagnostic import Diagnostic, Severity

TOOL = "srcnet-compiler"


@dataclass(frozen=True, slots=True)
class Report:
    """Findings in the order of their places, with what is needed to show them.

    `sources` holds the lines of each file that was read, also of those without a finding; a file
    that could not be read is missing. `facts` is what the run did, such as `("sites", 17)`; `note`
    what a person should know besides, such as what was not looked at.
    `pages` is the address under which the pages of findings are published, None where nobody
    publishes them.
    """

    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, Sequence[str]] = field(default_factory=dict)
    title: str = "srcnet"
    version: str = ""
    facts: tuple[tuple[str, int], ...] = ()
    pages: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "diagnostics", tuple(sorted(self.diagnostics, key=_order)))

    def count(self, severity: Severity) -> int:
        """How many findings weigh this much."""
        return sum(found.severity is severity for found in self.diagnostics)

    @property
    def verdict(self) -> str:
        """The whole in a few words: `1 error, 2 warnings`, or `no findings`."""
        counts = [(severity.value, self.count(severity)) for severity in Severity]
        words = [f"{n} {word}" + ("s" if n > 1 else "") for word, n in counts if n]
        return ", ".join(words) or "no findings"


def _order(found: Diagnostic) -> tuple[object, ...]:
    """By place, then code; the rest makes the order total, so that no set's order can show."""
    place = found.labels[0].span if found.labels else None
    where = (place.file, place.line, place.column) if place else ("", 0, 0)
    rest = (found.severity.value, found.message, found.subject or "", found.help or "")
    return (*where, found.code.value, *rest, repr(found.labels))


def fingerprints(report: Report) -> tuple[str, ...]:
    """A name for each finding, in the report's order, by which a later run knows it again."""
    return diagnostic.fingerprints(report.diagnostics)


def writable(text: str) -> str:
    r"""`text` as UTF-8 can hold it: a byte of a file name that is not UTF-8 becomes `\udcff`.

    In JSON this is the escape that a reader turns back.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")

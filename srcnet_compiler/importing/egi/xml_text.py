"""XML of others, read without entities or declarations of types: mappings of texts, with places.

Of what a downtime is made of has no depth, so anything deeper is none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from srcnet_compiler.diagnostic import Outcome
from srcnet_compiler.importing.drafting.papers import not_read
from srcnet_compiler.source import MAX_BYTES, text_lines
from srcnet_compiler.span import Path, Span

_DEEPEST = 6
_MOST = 200_000
"""Elements."""


@dataclass(frozen=True, slots=True)
class XmlPaper:
    """What a document lists: its elements in order, each with its attributes and those in it."""

    file: str
    lines: Sequence[str]
    root: str
    data: list[dict[str, Any]]
    starts: Mapping[Path, Span] = field(repr=False)

    def spans(self, paths: Iterable[Path], /) -> Mapping[Path, Span]:
        return {path: self._span(path) for path in paths}

    def _span(self, path: Path) -> Span:
        while path not in self.starts:
            path = path[:-1]
        return self.starts[path]


class _Locator(Protocol):
    def getLineNumber(self) -> int | None: ...  # noqa: N802  as xml.sax has it

    def getColumnNumber(self) -> int | None: ...  # noqa: N802


class _TooMuchError(Exception):
    pass


class _Rows(ContentHandler):
    """Rows below the root, and their fields; the text of what lies deeper is its field's."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self._file = file
        self._locator: _Locator | None = None
        self._depth = self._count = 0
        self._text: list[str] = []
        self.root = ""
        self.rows: list[dict[str, Any]] = []
        self.starts: dict[Path, Span] = {}

    def setDocumentLocator(self, locator: _Locator) -> None:  # noqa: N802
        self._locator = locator

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        self._depth += 1
        self._count += 1
        if self._depth > _DEEPEST or self._count > _MOST:
            raise _TooMuchError
        here = self._span(len(name) + 1)
        if self._depth == 1:
            self.root = name
            self.starts[()] = here
        elif self._depth == 2:
            self.rows.append({"": name, **dict(attrs.items())})
            self.starts[(len(self.rows) - 1,)] = here
        elif self._depth == 3:
            self.starts[(len(self.rows) - 1, name)] = here
            self._text = []

    def characters(self, content: str) -> None:
        if self._depth >= 3:
            self._text.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802
        if self._depth == 3:
            self.rows[-1][name] = "".join(self._text).strip()
        self._depth -= 1

    def _span(self, length: int) -> Span:
        assert self._locator is not None
        line = self._locator.getLineNumber() or 1
        column = (self._locator.getColumnNumber() or 0) + 1
        return Span(self._file, line, column, line, column + length)


def read_xml_paper(file: str, content: bytes) -> Outcome[XmlPaper]:
    """A text as XML; None where it is not whole, or has what no list of downtimes has."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.sax import parseString

    first = Span(file, 1, 1, 1, 1)
    if len(content) > MAX_BYTES:
        return Outcome(None, (not_read(f"this is larger than {MAX_BYTES // 10**6} MB", first),))
    rows = _Rows(file)
    try:
        parseString(content, rows, forbid_dtd=True)
    except SAXParseException as trouble:
        line, column = trouble.getLineNumber() or 1, (trouble.getColumnNumber() or 0) + 1
        words = f"this is not XML, or not all of it: {trouble.getMessage()}"
        return Outcome(None, (not_read(words, Span(file, line, column, line, column + 1)),))
    except DefusedXmlException:
        words = "this declares types or entities, which no list of downtimes does"
        return Outcome(None, (not_read(words, first),))
    except (_TooMuchError, ValueError, LookupError):
        words = "this is deeper or longer than any list of downtimes, or in no known encoding"
        return Outcome(None, (not_read(words, first),))
    return Outcome(XmlPaper(file, text_lines(content), rows.root, rows.rows, rows.starts))

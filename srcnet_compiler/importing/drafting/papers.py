"""Other people's documents: what they say, and where in the text it stands."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Outcome, error
from srcnet_compiler.importing.finding import Finding, Where, words_of_path
from srcnet_compiler.importing.json_text import Trouble, read_json, repeated
from srcnet_compiler.source import parse
from srcnet_compiler.source.compose import Document
from srcnet_compiler.span import Path, Span


class Paper(Protocol):
    """A document that was read."""

    @property
    def file(self) -> str:
        """What its places call it."""
        ...

    @property
    def lines(self) -> Sequence[str]:
        """Its lines, as findings show them."""
        ...

    @property
    def data(self) -> Any:  # noqa: ANN401  documents of others
        """What it says."""
        ...

    def spans(self, paths: Iterable[Path], /) -> Mapping[Path, Span]:
        """Where the values at these paths stand; at the nearest one above what is not there."""
        ...


@dataclass(frozen=True, slots=True)
class YamlPaper:
    """One document of a YAML file."""

    document: Document

    @property
    def file(self) -> str:
        return self.document.source_map.file

    @property
    def lines(self) -> Sequence[str]:
        return self.document.source_map.lines

    @property
    def data(self) -> Any:  # noqa: ANN401  documents of others
        return self.document.data

    def spans(self, paths: Iterable[Path], /) -> Mapping[Path, Span]:
        return {path: self.document.source_map.span(path) for path in paths}


def read_json_paper(file: str, content: bytes) -> Outcome[Paper]:
    """A text as JSON; None where it is not whole."""
    document = read_json(file, content)
    if isinstance(document, Trouble):
        return Outcome(None, (not_read(document.words, document.span),))
    return Outcome(document)


def read_yaml_papers(file: str, content: bytes) -> Outcome[tuple[Paper, ...]]:
    """The documents of a text as YAML: none where it holds comments alone, None where it cannot
    be read."""
    outcome = parse(file, content)
    if outcome.value is None and {each.code for each in outcome.diagnostics} == {Code.EMPTY}:
        return Outcome(())
    if outcome.value is None:
        return Outcome(None, outcome.diagnostics)
    return Outcome(tuple(YamlPaper(each) for each in outcome.value))


def not_read(words: str, span: Span) -> Diagnostic:
    """Why nothing of a document is imported."""
    return error(
        Code.NOT_IMPORTED,
        words,
        Label(span),
        help="nothing was written; get the whole of it again",
    )


def twice(paper: Paper) -> Iterable[Finding]:
    """Keys that JSON says more than once."""
    for path in repeated(paper.data):
        yield Finding(
            Code.DUPLICATE_KEY,
            f"`{path[-1]}` stands more than once in `{words_of_path(path[:-1])}`",
            (Where(path, "the last one counts"),),
            "keep the one that is meant",
            words_of_path(path),
        )

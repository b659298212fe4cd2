"""What an import wants written: new specs, and additions to those that are there. Nothing is
written here: either all of it becomes files, or none."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error, warning
from srcnet_compiler.importing.merging import Difference, NotMergedError, Rules, merge
from srcnet_compiler.importing.written import Tree, document, flow
from srcnet_compiler.source.compose import Document
from srcnet_compiler.source.edits import plain_text
from srcnet_compiler.source.load import parse
from srcnet_compiler.source.trouble import shown
from srcnet_compiler.span import Path, Span


class SpecPlace(NamedTuple):
    """One document among the specs that are there."""

    file: str
    number: int


@dataclass(frozen=True, slots=True)
class Existing:
    """The specs that are there: each file's text and its documents, by name."""

    texts: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, tuple[Document, ...]] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()

    def of_kind(self, kind: str) -> Iterable[tuple[SpecPlace, Document]]:
        """All documents of a kind, in the order of their files."""
        for file, documents in self.documents.items():
            for number, each in enumerate(documents):
                if isinstance(each.data, dict) and each.data.get("kind") == kind:
                    yield SpecPlace(file, number), each


def existing(contents: Mapping[str, bytes]) -> Existing:
    """The specs in these files; a file that cannot be read is a finding, and nothing is added."""
    texts, documents = {}, {}
    found: list[Diagnostic] = []
    for file, content in sorted(contents.items()):
        read, text = parse(file, content), plain_text(content)
        found += read.diagnostics
        if read.value is not None and text is not None:
            texts[file] = text
            documents[file] = read.value
    return Existing(texts, documents, tuple(found))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A document as an import would have it, and where: in a new file, or in one that is there.

    `head` are comments of a new file. `place` says where in the source a value stands.
    """

    file: str
    tree: Mapping[str, Tree]
    head: tuple[str, ...] = ()
    into: SpecPlace | None = None
    place: Callable[[Path], Label | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file before (None: there is none) and after."""

    file: str
    before: str | None
    after: str
    added: int = 0
    """Values that were added to what was there."""


@dataclass(frozen=True, slots=True)
class Writing:
    """Everything that would be written, and what there is to say of it."""

    changes: tuple[FileChange, ...]
    diagnostics: tuple[Diagnostic, ...]


def prepare(
    there: Existing, wanted: Iterable[Wanted], rules: Rules, source: str, *, theirs: bool = False
) -> Writing:
    """All changes of files. `source` is what people call where the import is from."""
    before, now, documents = there.texts, dict(there.texts), dict(there.documents)
    found: list[Diagnostic] = []
    added: dict[str, int] = {}
    for each in wanted:
        if each.into is None:
            text = document(each.tree, each.head)
            now[each.file] = _behind(now[each.file], text) if each.file in now else text
            if each.file in documents:
                documents[each.file] = parse(each.file, now[each.file].encode()).value or ()
            continue
        file, number = each.into
        try:
            merged = merge(now[file], documents[file], number, each.tree, rules, theirs=theirs)
        except NotMergedError:
            found.append(_not_merged(documents[file][number], source))
            continue
        found += (
            _difference(difference, each, source, theirs) for difference in merged.differences
        )
        added[file] = added.get(file, 0) + len(merged.added)
        if merged.text != now[file]:
            now[file] = merged.text
            documents[file] = parse(file, merged.text.encode()).value or ()
    changes = (
        FileChange(file, before.get(file), text, added.get(file, 0))
        for file, text in now.items()
        if text != before.get(file)
    )
    return Writing(tuple(changes), tuple(found))


def _behind(before: str, text: str) -> str:
    """A further document in a file, whose last line may not have ended."""
    end = "" if before.endswith(("\n", "\r")) else "\n"
    return f"{before}{end}---\n{text}"


def _difference(each: Difference, wanted: Wanted, source: str, theirs: bool) -> Diagnostic:
    key = next((str(part) for part in reversed(each.path) if isinstance(part, str)), "")
    here, there = shown(flow(each.here)), shown(flow(each.there))
    labels = (Label(each.span, "here"), wanted.place(each.path))
    what = f"`{key}` is {here} here, and {there} in {source}"
    if theirs:
        return warning(
            Code.IMPORT_DIFFERS, f"{what}, whose word was taken", *_labels(labels), subject=key
        )
    return warning(
        Code.IMPORT_DIFFERS,
        what,
        *_labels(labels),
        help="mend whichever is wrong; `--take theirs` takes what is imported",
        subject=key,
    )


def _labels(labels: Sequence[Label | None]) -> tuple[Label, ...]:
    return tuple(label for label in labels if label is not None)


def _not_merged(there: Document, source: str) -> Diagnostic:
    file = there.source_map.file
    return error(
        Code.NOT_MERGED,
        f"what {source} adds cannot be put in here without changing what else is said",
        Label(Span(file, 1, 1, 1, 1)),
        help="write out what stands behind `&`, `*` and `<<` here, and import again",
        subject=file,
    )

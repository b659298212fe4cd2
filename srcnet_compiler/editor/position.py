"""From a place in a text to what stands there: a key, a value, a name."""

from collections.abc import Iterable
from dataclasses import dataclass

from srcnet_compiler.editor.mentions import Mention
from srcnet_compiler.editor.workspace import Read
from srcnet_compiler.schema import kinds, quick
from srcnet_compiler.schema.wording.lookup import Place
from srcnet_compiler.source import Document
from srcnet_compiler.span import Path, Span


@dataclass(frozen=True, slots=True)
class Here:
    """What stands at a place: the key (`is_key`) or the value at `path` of a document."""

    document: Document
    kind: str
    path: Path
    span: Span
    is_key: bool


def holds(span: Span, line: int, column: int) -> bool:
    """Whether a span reaches over a place, or ends at it; lines and columns count from 1."""
    return (span.line, span.column) <= (line, column) <= (span.end_line, span.end_column)


def here(documents: Iterable[Document], line: int, column: int) -> Here | None:
    """The narrowest key or value at a place; None between them."""
    best: Here | None = None
    for document in documents:
        data, places = document.data, document.source_map
        kind = data.get("kind") if isinstance(data, dict) else None
        for is_key, paths in ((False, places.values), (True, places.keys)):
            for path in paths:
                span = places.key_span(path) if is_key else places.span(path)
                if holds(span, line, column) and (best is None or _size(span) < _size(best.span)):
                    best = Here(document, str(kind), path, span, is_key)
    return best


def mention_at(read: Read, line: int, column: int) -> Mention | None:
    """The name at a place."""
    return next((each for each in read.mentions if holds(each.span, line, column)), None)


def same(mention: Mention, among: Iterable[Mention]) -> list[Mention]:
    """Every place of the same name, in order; where it is given first."""
    found = [each for each in among if each.is_of(mention)]
    return sorted(found, key=lambda each: (not each.gives, each.span))


def root_place(kind: object) -> Place | None:
    """What the schema says of a kind of document."""
    if not isinstance(kind, str) or kind not in kinds.KINDS:
        return None
    schema = quick.published(kind)
    if schema is None:
        from srcnet_compiler.schema.export import schema_of

        schema = schema_of(kind)
    return Place(schema, schema)


def _size(span: Span) -> tuple[int, int]:
    return span.end_line - span.line, span.end_column - span.column

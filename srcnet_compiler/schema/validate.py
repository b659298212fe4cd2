"""Plain data to documents of known shape; every fault a finding at its place.

Nothing heavy is loaded before it is needed: a good document that stands alone is checked against
its published schema (`quick`), shapes are loaded to link documents and to find words for faults.
"""

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Outcome, error, has_errors
from srcnet_compiler.schema import kinds, quick, versions
from srcnet_compiler.span import Origin

if TYPE_CHECKING:
    from srcnet_compiler import source
    from srcnet_compiler.schema.common import Document

S = TypeVar("S", bound="Document")


@dataclass(frozen=True, slots=True)
class Located(Generic[S]):
    """A document of known shape, and where it was written; `origin` is that of its root."""

    document: S
    origin: Origin


def validate(document: "source.Document") -> "Outcome[Located[Document]]":
    """The document by the shape of its kind, or all that is wrong with it, in file order.

    One of the version before has the places of its own file, and the shape of this version.
    """
    upgraded = versions.upgraded(document)
    if upgraded.value is None:
        return Outcome(None, upgraded.diagnostics)
    shaped = _shaped(upgraded.value)
    if has_errors(upgraded.diagnostics):
        shaped = replace(shaped, value=None)
    older = upgraded.diagnostics
    if shaped.value is None:  # what is wrong may be what would change
        older = tuple(replace(found, fix=None) for found in older)
    return Outcome(shaped.value, (*older, *shaped.diagnostics))


def _shaped(document: "source.Document") -> "Outcome[Located[Document]]":
    from pydantic import ValidationError

    data, source_map = document.data, document.source_map
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in kinds.KINDS:
        from srcnet_compiler.schema import wording

        return Outcome(None, wording.without_kind(data, source_map))
    try:
        shaped = kinds.shape(kind).model_validate(data)
        errors = []
    except ValidationError as trouble:
        errors = trouble.errors(include_url=False)
    if errors or _has_null(data):
        from srcnet_compiler.schema import wording

        return Outcome(None, wording.findings(kind, errors, data, source_map))
    return Outcome(Located(shaped, Origin(source_map)))


def _has_null(data: object) -> bool:
    """Whether nothing is written somewhere: `wording` knows where."""
    if isinstance(data, dict):
        return any(map(_has_null, data.values()))
    return any(map(_has_null, data)) if isinstance(data, list) else data is None


def check(document: "source.Document") -> tuple[Diagnostic, ...]:
    """What `validate` finds, for a document that nobody goes on with: a good one costs 1 ms."""
    upgraded = versions.upgraded(document)
    data = upgraded.value.data if upgraded.value is not None else None
    if (
        isinstance(data, dict)
        and quick.accepts(data.get("kind"), data)
        and not has_errors(upgraded.diagnostics)
    ):
        return upgraded.diagnostics
    return validate(document).diagnostics


def check_folder(located: "Located[Any]") -> Diagnostic | None:
    """A document in a folder where nobody looks for its kind; files elsewhere are left alone.

    The file's name must be relative to the top of the repository of specs.
    """
    kind: str = located.document.kind
    file = located.origin.source_map.file
    top, allowed = PurePath(file).parts[0], kinds.folders(kind)
    if top in allowed or top not in kinds.FOLDERS:
        return None
    return error(
        Code.WRONG_FOLDER,
        f"a `{kind}` does not belong in `{top}/`",
        Label(located.origin.at("kind")),
        help=f"move the file to {' or '.join(f'`{folder}/`' for folder in allowed)}",
    )

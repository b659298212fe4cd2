"""What pydantic found, in words of ours: where to put the cursor and what to type.

`lookup` reads the published schema, `spot` a place in a document, `keys` and `values` have words.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.schema import quick, versions
from srcnet_compiler.schema.wording import keys
from srcnet_compiler.schema.wording.envelope import without_kind
from srcnet_compiler.schema.wording.fixes import fix_of
from srcnet_compiler.schema.wording.lookup import Node, Place
from srcnet_compiler.schema.wording.spot import Spot, spot, written
from srcnet_compiler.schema.wording.values import words
from srcnet_compiler.span import Path, SourceMap

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


__all__ = ["findings", "nulls", "without_kind"]


def findings(
    kind: str, errors: "Iterable[ErrorDetails]", data: object, source_map: SourceMap
) -> tuple[Diagnostic, ...]:
    """All that is wrong with a document of this kind, in the order of the file, each once."""
    schema = quick.published(kind) or _made(kind)
    root = Place(schema, schema)
    troubles = [
        (trouble, spot(source_map, root, *written(trouble["loc"], data)))
        for trouble in errors
        if not _is_null(trouble, data)
    ]
    misspelt = {
        (*here.path[:-1], keys.meant(here))
        for trouble, here in troubles
        if trouble["type"] == "extra_forbidden"
    }
    found = [
        _finding(trouble, here)
        for trouble, here in troubles
        if trouble["type"] != "missing" or trouble["loc"] not in misspelt
    ]
    found += [
        keys.without_value(spot(source_map, root, path, None))
        for path in nulls(data)
        if root.at(path) is not None
    ]
    return tuple(sorted(dict.fromkeys(found), key=_order))


def nulls(data: object, path: Path = ()) -> Iterator[Path]:
    """Where nothing is written after a key or a dash. An optional key is left out, never empty."""
    if data is None:
        yield path
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from nulls(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from nulls(value, (*path, index))


def _made(kind: str) -> Node:
    """The schema made here, which takes as long as all the rest."""
    from srcnet_compiler.schema.export import schema_of

    return schema_of(kind)


def _is_null(trouble: "ErrorDetails", data: object) -> bool:
    """Whether an error only says that a value is missing after its key: `nulls` finds these."""
    return trouble["type"] not in _OF_KEYS and written(trouble["loc"], data)[1] is None


def _finding(trouble: "ErrorDetails", here: Spot) -> Diagnostic:
    if trouble["loc"][-1:] == ("[key]",):
        return keys.wrong_key(here)
    match trouble["type"]:
        case "extra_forbidden" | "invalid_key":
            older = versions.renamed(here.root.node.get("title"), here.path)
            return keys.older_key(here, older) if older else keys.unknown_key(here)
        case "missing":
            return keys.missing_key(here, str(trouble["loc"][-1]))
        case "exactly_one":
            return keys.exactly_one(here)
    message, remedy = words(trouble["type"], here)
    fix = fix_of(trouble["type"], here)
    return error(Code.SHAPE, message, Label(here.span), help=remedy, fix=fix)


def _order(found: Diagnostic) -> tuple[object, ...]:
    return (found.labels[0].span, found.code.value, found.message)


_OF_KEYS = frozenset({"extra_forbidden", "invalid_key", "missing", "exactly_one"})

"""A catalogue as it is read: its nodes, and everything that the rules find in it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Outcome, error
from srcnet_compiler.importing.finding import Finding, Where
from srcnet_compiler.importing.json_text import JsonText, Trouble, read_json, repeated
from srcnet_compiler.importing.scapi import between, fields
from srcnet_compiler.importing.scapi.finding import Known
from srcnet_compiler.importing.scapi.view import View, view
from srcnet_compiler.scapi_nodes import Entry, Misread, Path, entries_of, path_text

OfEntries: TypeAlias = Callable[[Sequence[Entry], Known], Iterator[Finding]]
OfView: TypeAlias = Callable[[View, Known], Iterator[Finding]]

OF_ONE: tuple[OfEntries, ...] = (
    fields.wrong_kinds,
    fields.missing_fields,
    fields.later_fields,
    fields.blanks_around,
    fields.addresses_as_paths,
    fields.not_sayable,
    fields.local_hosts,
    fields.plain_http,
    fields.wrong_countries,
    fields.without_address,
    fields.wrong_downtimes,
)
OF_SEVERAL: tuple[OfView, ...] = (
    between.strangers,
    between.same_nodes,
    between.same_identities,
    between.environments_in_names,
    between.names_with_blanks,
    between.shared_names,
    between.shared_places,
    between.wrong_systems,
    between.dangling_areas,
    between.without_storage,
    between.wrong_types,
    between.paths_differ,
    between.mandatory_differs,
    between.versions_differ,
    between.identities_gone,
)
"""The rules, in the order in which they are applied; none of them knows of any particular site."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What was read."""

    document: JsonText
    view: View
    misread: tuple[Misread, ...]


def read(file: str, content: bytes) -> Outcome[Catalogue]:
    """The catalogue in a text; None where it is not whole, or no catalogue."""
    document = read_json(file, content)
    if isinstance(document, Trouble):
        return Outcome(None, (_unreadable(document.words, Label(document.span)),))
    nodes, misread = entries_of(document.data)
    if not nodes:
        words = f"this {misread[0].words}" if misread else "there are no nodes in this"
        return Outcome(None, (_unreadable(words, Label(document.spans([()])[()])),))
    return Outcome(Catalogue(document, view(nodes), misread))


def _unreadable(words: str, label: Label) -> Diagnostic:
    return error(
        Code.NOT_IMPORTED,
        words,
        label,
        help="nothing was written; get the whole catalogue again: what its `/nodes` answers",
    )


def findings(catalogue: Catalogue, known: Known) -> list[Finding]:
    """Everything that the rules find, in their order."""
    found = [
        Finding(
            Code.NOT_IMPORTED,
            f"`{path_text(each.path)}` {each.words}",
            (Where(each.path),),
            "it is left out; mend it in the catalogue, and import again",
            path_text(each.path),
        )
        for each in catalogue.misread
    ]
    found += (_twice(path) for path in repeated(catalogue.document.data))
    for of_one in OF_ONE:
        found += of_one(catalogue.view.entries, known)
    for of_several in OF_SEVERAL:
        found += of_several(catalogue.view, known)
    return found


def _twice(path: Path) -> Finding:
    return Finding(
        Code.DUPLICATE_KEY,
        f"`{path[-1]}` stands more than once in `{path_text(path[:-1])}`",
        (Where(path, "the last one counts"),),
        "keep the one that is meant",
        path_text(path),
    )

"""A name changed wherever it stands; refused where that would not be all that it means."""

import re
from datetime import date

from srcnet_compiler.diagnostic import Fix, Severity
from srcnet_compiler.editor.mentions import Mention
from srcnet_compiler.editor.position import mention_at, root_place, same
from srcnet_compiler.editor.workspace import Snapshot, Workspace
from srcnet_compiler.schema.wording.lookup import Place, scalar
from srcnet_compiler.source.edits import mend
from srcnet_compiler.span import Span

_KNOWN_ELSEWHERE = {
    "service": "clusters know the service by this name",
    "template": "clusters know the template by this name",
    "data policy": "Rucio knows the policy by this name",
    "namespace": "Rucio knows the namespace by this name",
    "activity": "Rucio's transfer daemons know the activity by this name",
    "group": "the identity provider knows the group by this name",
    "storage class": "names of storage areas are made with it",
    "member": "names of storage areas are made with it",
}
_BY_MOVED = {"queue": "clusters know", "project": "clusters know", "site": "systems know"}
"""Kinds that a `Moved` document gives another name, and who knows them by theirs."""
_LABELS = re.compile(r"[/.]")


class RefusedError(Exception):
    """Why a name cannot be changed here, in the reader's words."""


def renamable(snapshot: Snapshot, file: str, line: int, column: int) -> Mention:
    """The name at a place. Raises RefusedError where it cannot be changed by text alone."""
    read = snapshot.files.get(file)
    mention = mention_at(read, line, column) if read else None
    if mention is None:
        raise RefusedError("no name that can be changed stands here")
    for name, each in snapshot.files.items():
        if not each.is_whole:
            raise RefusedError(f"{name} cannot be read, so it is not known what it names")
    places = same(mention, snapshot.mentions)
    given = [each for each in places if each.gives]
    if not given:
        raise RefusedError(f"nothing is called `{mention.name}`, so there is nothing to rename")
    kinds = {each.what for each in given}
    if len(kinds) > 1:
        names = " and ".join(sorted(" or ".join(kind) for kind in kinds))
        raise RefusedError(f"`{mention.name}` is the name of a {names}")
    _refuse_known_elsewhere(snapshot, given[0])
    _refuse_labels(snapshot, given[0])
    return mention


def _refuse_known_elsewhere(snapshot: Snapshot, given: Mention) -> None:
    what = given.what[0]
    if what in _BY_MOVED and not (
        _said(snapshot, what, given.name) or _renamed_before(snapshot, given)
    ):
        raise RefusedError(
            f"{_BY_MOVED[what]} the {what} by this name: say by a document `kind: Moved` with"
            f" `{what}: NEW, from: {given.name}, to: NEW` what it is called from now on, then"
            " rename it here"
        )
    if what in _KNOWN_ELSEWHERE:
        raise RefusedError(
            f"{_KNOWN_ELSEWHERE[what]}: another one would begin, and this one end. Describe the"
            " new one beside it, and end this one by a `Retired` document"
        )
    if what == "storage area":
        (document,) = [
            each
            for each in snapshot.files[given.span.file].documents
            if each.source_map.values.get(given.path) is not None
            and each.source_map.span(given.path) == given.span
        ]
        if (*given.path[:-1], "nameToday") not in document.source_map.values:
            raise RefusedError(
                f"Rucio knows the area as `{given.name}`: write `nameToday: {given.name}` first,"
                " then rename it here, and in Rucio by a `Moved` document"
            )


def _said(snapshot: Snapshot, what: str, name: str) -> list[str]:
    """The new names that `Moved` documents give to what is called so now."""
    return [
        str(spec.get(what))
        for read in snapshot.files.values()
        for document in read.documents
        if isinstance(document.data, dict) and document.data.get("kind") == "Moved"
        for spec in (document.data.get("spec"),)
        if isinstance(spec, dict) and spec.get("from") == name and spec.get(what) is not None
    ]


def _renamed_before(snapshot: Snapshot, given: Mention) -> dict[str, Span]:
    """Where `Moved` documents say that a site is called so now, by file: systems know it by another
    name anyway, so that one is as good as the other."""
    if given.what[0] != "site":
        return {}
    return {
        file: document.source_map.span(("spec", "to"))
        for file, read in snapshot.files.items()
        for document in read.documents
        if isinstance(document.data, dict) and document.data.get("kind") == "Moved"
        for spec in (document.data.get("spec"),)
        if isinstance(spec, dict) and spec.get("site") == spec.get("to") == given.name
    }


def _refuse_labels(snapshot: Snapshot, given: Mention) -> None:
    """A name that is part of another text, such as SITE/CLUSTER, is not found by its own place."""
    for name, read in snapshot.files.items():
        for document in read.documents:
            data = document.data
            kind = data.get("kind") if isinstance(data, dict) else None
            spec = data.get("spec") if isinstance(data, dict) else None
            if kind not in ("Retired", "Waiver", "Downtime") or not isinstance(spec, dict):
                continue
            for key, value in spec.items():
                parts = _LABELS.split(value) if isinstance(value, str) else ()
                if len(parts) > 1 and key != "reason" and given.name in parts:
                    line = document.source_map.span(("spec", key)).line
                    raise RefusedError(f"{name}:{line} names it as a part of `{value}`")


def rename(
    workspace: Workspace,
    snapshot: Snapshot,
    place: tuple[str, int, int],
    new: str,
    today: date,
) -> dict[str, list[Fix]]:
    """What to write where, by file. Raises RefusedError, also where errors would follow."""
    mention = renamable(snapshot, *place)
    places = same(mention, snapshot.mentions)
    given = places[0]
    if new == mention.name:
        return {}
    what = given.what[0]
    again = _renamed_before(snapshot, given)
    said = _said(snapshot, what, given.name)
    if what in _BY_MOVED and said and new not in said:
        raise RefusedError(f"a `Moved` document says that it is called `{said[0]}`: take that")
    if not _may_be_called(given, new):
        raise RefusedError(f"`{new}` cannot be the name of a {given.what[0]}")
    taken = next((e for e in snapshot.mentions if e.gives and _collides(e, given, new)), None)
    if taken is not None:
        where = f"{taken.span.file}:{taken.span.line}"
        raise RefusedError(f"`{new}` is the name of another {taken.what[0]}, at {where}")
    fixes: dict[str, list[Fix]] = {}
    for each in places:
        fixes.setdefault(each.span.file, []).append(Fix(each.span, scalar(new)))
    for file, place_of_to in again.items():
        fixes.setdefault(file, []).append(Fix(place_of_to, scalar(new)))
    _refuse_errors(workspace, snapshot, fixes, today)
    return fixes


def _collides(other: Mention, given: Mention, new: str) -> bool:
    near = given.scope is None or other.scope is None or given.scope == other.scope
    return other.name == new and near and bool({*other.what} & {*given.what})


def _may_be_called(given: Mention, new: str) -> bool:
    root = root_place(given.kind)
    place = root.at(given.path) if root else None
    if root is None or place is None:
        return False
    if place.node.get("type") == "string":
        return place.accepts_text(new)
    above = root.at(given.path[:-1])
    names = above.node.get("propertyNames", {}) if above else {}
    return above is not None and Place(root.root, {"type": "string", **names}).accepts_text(new)


def _refuse_errors(
    workspace: Workspace, snapshot: Snapshot, fixes: dict[str, list[Fix]], today: date
) -> None:
    """The specs as they would be, looked at as always."""
    texts = {
        name: mend(snapshot.files[name].content.decode(), each).text for name, each in fixes.items()
    }
    after = workspace.snapshot(today, texts).findings
    before = sum(each.severity is Severity.ERROR for each in snapshot.findings)
    errors = [each for each in after if each.severity is Severity.ERROR]
    if len(errors) > before:
        raise RefusedError(f"then {errors[-1].message} ({errors[-1].labels[0].span})")

"""Both sides of a comparison, read from git or from the folder, compiled and compared."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from srcnet_compiler import pipeline
from srcnet_compiler.cli.cache import Cache
from srcnet_compiler.cli.catalogue import engine_for, opened
from srcnet_compiler.cli.documents import Documents
from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.progress import waiting
from srcnet_compiler.cli.repository import Blob, repository
from srcnet_compiler.cli.revisions import Asked
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import errors_alone, reading, stop_on_errors, system_trouble
from srcnet_compiler.cli.systems import export
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Outcome, error
from srcnet_compiler.pipeline import Compiled, Shaped
from srcnet_compiler.review.compare import Side, compare
from srcnet_compiler.review.edits import edits
from srcnet_compiler.review.model import Commit, Drift, Edit, Review, Revision
from srcnet_compiler.review.movement.count import movement
from srcnet_compiler.review.movement.days import schedules
from srcnet_compiler.review.movement.model import Movement
from srcnet_compiler.schema.versions import in_this_version
from srcnet_compiler.source import MAX_BYTES, Document, parse, read_bytes
from srcnet_compiler.source.text import too_large
from srcnet_compiler.span import Span


def review(
    settings: Settings,
    asked: Asked,
    members: Sequence[Path],
    today: date,
    live: bool,
    site: str | None = None,
    catalogue: Path | None = None,
) -> Review:
    """The whole comparison; with a site, only its own systems are read. Ends the command where a
    side has errors."""
    wanted = [asked.base, asked.head, *([asked.main] if asked.main is not None else [])]
    read = texts(settings.root, wanted)
    compiled = _compiled(settings.root, read, today, members)
    stop_on_errors(compiled[1])
    _insist_on_base(asked, compiled[0])
    found = compare(*sides(read[0], read[1], compiled[0], compiled[1]), today)
    found = replace(found, commits=commits(settings.root, asked))
    if catalogue is not None:
        found = replace(found, movement=_movement(settings, catalogue, compiled[0], compiled[1]))
    if asked.main is not None:
        found = replace(found, moved=moved(read[0], read[2]))
    return replace(found, drift=_drift(compiled[-1 if asked.main else 0], site)) if live else found


def _insist_on_base(asked: Asked, base: Compiled) -> None:
    if base.failed:
        number = len(errors_alone(base.diagnostics)[0])
        raise StopError(
            Exit.FINDINGS,
            f"the specs of {asked.base} have {number} error{'' if number == 1 else 's'} themselves,"
            " so that nothing can be compared with them",
            f"`git switch --detach {asked.base.commit}` and `srcnet validate` show them; "
            "`srcnet plan` compares with the systems instead",
        )


def _movement(settings: Settings, catalogue: Path, base: Compiled, head: Compiled) -> Movement:
    """What head moves of what a snapshot has."""
    snapshot = opened(settings, catalogue)
    sides = [
        (compiled.federation, compiled.analysis)
        for compiled in (base, head)
        if compiled.federation is not None and compiled.analysis is not None
    ]
    with waiting("asking the snapshot"), engine_for(snapshot) as engine:
        found = movement(engine, snapshot, sides[0], sides[1], snapshot.taken)
    with waiting("asking by when it can be moved"):
        return replace(found, schedules=schedules(sides[1], sides[0][0], found))


def _drift(main: Compiled, site: str | None) -> tuple[Drift, ...] | None:
    """What the systems are otherwise than the specs that were applied to them; None where the site
    has none of its own."""
    from srcnet_compiler.converge import name_of, reach, verify

    sites = {name_of(lowered): lowered.target.site(lowered.model) for lowered in main.models}
    wanted = [each for each in main.models if site is None or sites[name_of(each)] == site]
    if not wanted:
        return None
    with system_trouble(), reading(wanted), reach(main, os.environ, wanted) as reached:
        return tuple(
            Drift(
                verdict.system,
                (*verdict.differences, *verdict.waiting),
                tuple(unseen.reason for unseen in verdict.unseen),
                sites[verdict.system],
            )
            for verdict in verify(reached)
        )


@dataclass(frozen=True, slots=True)
class Texts:
    """The files of a revision, as they were read."""

    revision: Revision
    files: Mapping[str, Outcome[bytes]]


def texts(root: Path, revisions: Sequence[Revision]) -> tuple[Texts, ...]:
    """The spec files of each; what stands in several is read once."""
    repo = repository(root)
    listed = {revision: repo.specs(revision.commit) for revision in revisions if revision.commit}
    files = (blob for each in listed.values() for blob in each.values() if blob.is_file)
    blobs = {blob.id: blob for blob in files}
    contents = dict(zip(blobs, repo.contents([*blobs.values()]), strict=True))
    return tuple(
        Texts(
            revision,
            _of(listed[revision], contents) if revision.commit else _in_folder(root),
        )
        for revision in revisions
    )


def _of(files: Mapping[str, Blob], contents: Mapping[str, bytes]) -> dict[str, Outcome[bytes]]:
    return {
        name: _limited(name, contents[blob.id]) if blob.is_file else Outcome(None, (_link(name),))
        for name, blob in files.items()
    }


def _link(name: str) -> Diagnostic:
    return error(
        Code.UNREADABLE,
        "this is no file but a link, of which a revision does not say where it leads",
        Label(Span(name, 1, 1, 1, 1)),
        help="put the file itself there",
    )


def _limited(name: str, content: bytes) -> Outcome[bytes]:
    if len(content) > MAX_BYTES:
        return Outcome(None, (too_large(name),))
    return Outcome(content)


def _in_folder(root: Path) -> dict[str, Outcome[bytes]]:
    top = root.resolve()
    return {
        name: read_bytes(path, name)
        for path in pipeline.spec_files(root)
        for name in (pipeline.name_of(top, path),)
    }


def _compiled(
    root: Path, sides: Iterable[Texts], today: date, members: Sequence[Path]
) -> tuple[Compiled, ...]:
    """The same as `compile_each`, with what earlier runs have read, where they kept it."""
    cache = Cache(root)
    if not cache.is_used:
        return compile_each(sides, today, members)
    documents = Documents(cache)
    found = compile_each(sides, today, members, documents.shape)
    documents.save()
    return found


def compile_each(
    sides: Iterable[Texts],
    today: date,
    members: Sequence[Path],
    shaped: pipeline.Shape = pipeline.shaped,
) -> tuple[Compiled, ...]:
    """Each as far as it compiles, without the artifacts; what is the same text is read once."""
    known: dict[tuple[str, bytes], Shaped] = {}

    def shape(name: str, content: bytes) -> Shaped:
        if (name, content) not in known:
            known[name, content] = shaped(name, content)
        return known[name, content]

    exported = {str(path): export(path) for path in members}
    found = []
    for side in sides:
        loaded = pipeline.load_contents(side.files.items(), shape)
        checked = pipeline.check_loaded(*loaded, today)
        lowered = pipeline.with_models(pipeline.with_members(checked, exported))
        found.append(pipeline.with_pipelines(lowered))
    return tuple(found)


def sides(
    base: Texts, head: Texts, compiled_base: Compiled, compiled_head: Compiled
) -> tuple[Side, Side]:
    """What the comparison takes: each side with the documents of the files that differ."""
    names = _differing(base, head)
    return (
        Side(base.revision, compiled_base, _documents(base, names)),
        Side(head.revision, compiled_head, _documents(head, names)),
    )


def moved(base: Texts, main: Texts) -> tuple[Edit, ...]:
    """What the main line says otherwise since then."""
    names = _differing(base, main)
    return edits(_documents(base, names), _documents(main, names))


def _differing(one: Texts, other: Texts) -> list[str]:
    return [
        name
        for name in sorted({*one.files, *other.files})
        if _bytes(one, name) != _bytes(other, name)
    ]


def _bytes(side: Texts, name: str) -> bytes | None:
    found = side.files.get(name)
    return None if found is None else found.value


def _documents(side: Texts, names: Iterable[str]) -> tuple[Document, ...]:
    return tuple(
        document
        for name in names
        if (content := _bytes(side, name)) is not None
        for document in in_this_version(parse(name, content).value or ())
    )


def commits(root: Path, asked: Asked) -> tuple[Commit, ...]:
    """Who changed which file on the way; what is not committed is nobody's yet."""
    if asked.base.commit is None:
        return ()
    log = repository(root).log(asked.base.commit, asked.head.commit or "HEAD")
    return tuple(Commit(*entry) for entry in log)

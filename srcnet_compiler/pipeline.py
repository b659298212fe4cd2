"""The stages in order. Read this file first.

text → documents → specs → federation → analysis → models → artifacts. Each stage reports all that
it can find, and the next begins only where nothing was an error.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from srcnet_compiler import source
from srcnet_compiler.analysis.memberships import check_membership
from srcnet_compiler.analysis.passes import Analysis, analyse
from srcnet_compiler.artifact import Artifact
from srcnet_compiler.diagnostic import Diagnostic, has_errors
from srcnet_compiler.federation.link import link
from srcnet_compiler.federation.membership import Membership, read_membership
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.schema.common import Document
from srcnet_compiler.schema.validate import Located, check_folder, validate
from srcnet_compiler.source import no_collection, parse, read_bytes, text_lines
from srcnet_compiler.targets.protocol import Target
from srcnet_compiler.targets.registry import TARGETS

FOLDERS = ("policies", "site-specs")


@dataclass(frozen=True, slots=True)
class Sources:
    """What was read: the specs, their lines by file for messages, and a digest of all bytes.

    Linked specs are let go, since the federation says all that they do: `specs` is empty then.
    """

    specs: tuple[Located[Document], ...]
    lines: Mapping[str, Sequence[str]]
    digest: str


@dataclass(frozen=True, slots=True)
class Lowered:
    """One instance of one target, as it should be."""

    target: Target[Any, Any]
    model: Any


@dataclass(frozen=True, slots=True)
class Compiled:
    """How far the stages came. What is None was not reached; `diagnostics` say why."""

    sources: Sources
    diagnostics: tuple[Diagnostic, ...]
    federation: Federation | None = None
    analysis: Analysis | None = None
    models: tuple[Lowered, ...] = ()
    artifacts: tuple[Artifact, ...] = field(default=(), repr=False)
    membership: Membership | None = field(default=None, repr=False)
    members: str | None = None
    """The digest of the export that `membership` was read from."""

    @property
    def failed(self) -> bool:
        """Whether some finding is an error, so that nothing may be planned."""
        return has_errors(self.diagnostics)


def spec_files(root: Path) -> tuple[Path, ...]:
    """The spec files below `root`, in order of path.

    Raises OSError for a folder that cannot be looked into: specs are not absent because of it.
    """

    def stop(trouble: OSError) -> None:
        raise trouble

    return tuple(
        sorted(
            Path(folder, name)
            for top in FOLDERS
            if (root / top).is_dir()
            for folder, below, files in os.walk(root / top, onerror=stop)
            for name in (*below, *files)
            if name.endswith((".yaml", ".yml"))
        )
    )


@no_collection()
def load(root: Path, files: Iterable[Path]) -> tuple[Sources, tuple[Diagnostic, ...]]:
    """Text to specs: every finding about reading and shape."""
    specs: list[Located[Document]] = []
    lines: dict[str, Sequence[str]] = {}
    found: list[Diagnostic] = []
    hasher, top = sha256(), root.resolve()
    for path in files:
        name = _name(top, path)
        content = read_bytes(path, name)
        found += content.diagnostics
        if content.value is None:
            continue
        hasher.update(f"{name}\0{len(content.value)}\0".encode())
        hasher.update(content.value)
        parsed = parse(name, content.value)
        found += parsed.diagnostics
        documents = parsed.value or ()
        # what is held once more costs as much as the specs themselves
        lines[name] = documents[0].source_map.lines if documents else text_lines(content.value)
        located, faults = shapes(documents)
        specs += located
        found += faults
    return Sources(tuple(specs), lines, hasher.hexdigest()), tuple(found)


def shapes(
    documents: Iterable[source.Document],
) -> tuple[list[Located[Document]], list[Diagnostic]]:
    """The documents of a file that have their shape, and what is wrong with the others."""
    specs: list[Located[Document]] = []
    found: list[Diagnostic] = []
    for document in documents:
        shaped = validate(document)
        found += shaped.diagnostics
        if shaped.value is not None:
            specs.append(shaped.value)
            misplaced = check_folder(shaped.value)
            found += [misplaced] if misplaced else []
    return specs, found


@no_collection()
def check(root: Path, today: date) -> Compiled:
    """All stages up to the analysis."""
    return check_loaded(*load(root, spec_files(root)), today)


def check_loaded(sources: Sources, found: tuple[Diagnostic, ...], today: date) -> Compiled:
    """The stages from loaded specs, in which `found` was found, up to the analysis."""
    if has_errors(found):
        return Compiled(sources, found)
    linked = link(sources.specs)
    found = (*found, *linked.diagnostics)
    if linked.value is None:
        return Compiled(sources, found)
    analysed = analyse(linked.value, today)
    read = replace(sources, specs=())
    return Compiled(read, (*found, *analysed.diagnostics), linked.value, analysed.value)


@no_collection()
def compile_specs(root: Path, today: date, members: Mapping[str, str] | None = None) -> Compiled:
    """All stages: models and artifacts of every target, checked.

    `members` are the files of an export of the identity provider, by name; without any nobody's
    membership is looked at.
    """
    return compile_checked(with_members(check(root, today), members))


def with_members(checked: Compiled, texts: Mapping[str, str] | None) -> Compiled:
    """What the identity provider says of who belongs to which group, read and checked."""
    if not texts or checked.federation is None:
        return checked
    read = read_membership(texts)
    found = read.diagnostics
    if read.value is not None:
        found = (*found, *check_membership(checked.federation, read.value))
    lines = {name: text.splitlines() for name, text in texts.items()}
    hasher = sha256()
    for text in sorted(texts.values()):  # wherever the files stand now
        hasher.update(f"{len(text)}\0{text}".encode())
    return replace(
        checked,
        sources=replace(checked.sources, lines={**checked.sources.lines, **lines}),
        diagnostics=(*checked.diagnostics, *found),
        membership=read.value,
        members=hasher.hexdigest(),
    )


def compile_checked(checked: Compiled) -> Compiled:
    """The stages behind the analysis, where it found no error."""
    if checked.failed or checked.federation is None or checked.analysis is None:
        return checked
    federation, analysis = checked.federation, checked.analysis
    models = tuple(
        Lowered(target, model)
        for target in TARGETS
        for model in target.lower(federation, analysis, checked.membership)
    )
    objections = tuple(
        found for lowered in models for found in lowered.target.check(lowered.model, federation)
    )
    artifacts = tuple(
        sorted(
            (artifact for lowered in models for artifact in lowered.target.emit(lowered.model)),
            key=lambda artifact: artifact.path,
        )
    )
    return replace(
        checked,
        diagnostics=(*checked.diagnostics, *objections),
        models=models,
        artifacts=() if has_errors(objections) else artifacts,
    )


def digest_of(artifacts: Iterable[Artifact]) -> str:
    """One digest for all artifacts: what a plan is bound to."""
    hasher = sha256()
    for artifact in artifacts:
        hasher.update(f"{artifact.path}\0{len(artifact.content)}\0{artifact.content}".encode())
    return hasher.hexdigest()


def _name(top: Path, path: Path) -> str:
    """How a file is called in messages: from the resolved top of the specs, else as given.

    A link is called by its own name, wherever it leads.
    """
    try:
        return str(PurePosixPath((path.parent.resolve() / path.name).relative_to(top)))
    except ValueError:
        return str(path)

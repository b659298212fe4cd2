"""The stages in order. Read this file first.

text → documents → specs → federation → analysis → models → artifacts. Each stage reports all that
it can find, and the next begins only where nothing was an error.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

from srcnet_compiler.analysis.memberships import check_membership
from srcnet_compiler.analysis.passes import Analysis, analyse
from srcnet_compiler.artifact import Artifact
from srcnet_compiler.change import SystemName
from srcnet_compiler.diagnostic import Diagnostic, Outcome, has_errors
from srcnet_compiler.federation.link import link
from srcnet_compiler.federation.membership import Membership, read_membership
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.schema.common import Document
from srcnet_compiler.schema.validate import Located, check_folder, validate
from srcnet_compiler.source import no_collection, parse, read_bytes, text_lines
from srcnet_compiler.spec_files import Digest, names_of
from srcnet_compiler.spec_files import name_of as name_of
from srcnet_compiler.spec_files import spec_files as spec_files
from srcnet_compiler.targets.protocol import Managed, Merged, Target
from srcnet_compiler.targets.registry import MERGED, TARGETS


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
class Pipelined:
    """The pipelines of one forge, as they should be: merging their files is what applies them."""

    target: Merged[Any]
    model: Any


@dataclass(frozen=True, slots=True)
class Compiled:
    """How far the stages came. What is None was not reached; `diagnostics` say why."""

    sources: Sources
    diagnostics: tuple[Diagnostic, ...]
    federation: Federation | None = None
    analysis: Analysis | None = None
    models: tuple[Lowered, ...] = ()
    pipelines: tuple[Pipelined, ...] = ()
    artifacts: tuple[Artifact, ...] = field(default=(), repr=False)
    membership: Membership | None = field(default=None, repr=False)
    members: str | None = None
    """The digest of the export that `membership` was read from."""
    today: date | None = None
    """The day that everything was judged by."""

    @property
    def failed(self) -> bool:
        """Whether some finding is an error, so that nothing may be planned."""
        return has_errors(self.diagnostics)


@dataclass(frozen=True, slots=True)
class Shaped:
    """What one file says by itself; `lines` as messages show them."""

    specs: tuple[Located[Document], ...]
    lines: Sequence[str]
    diagnostics: tuple[Diagnostic, ...]


def shaped(name: str, content: bytes) -> Shaped:
    """The text of one file to specs: it depends on nothing else."""
    parsed = parse(name, content)
    found = [*parsed.diagnostics]
    documents = parsed.value or ()
    specs: list[Located[Document]] = []
    for document in documents:
        outcome = validate(document)
        found += outcome.diagnostics
        if outcome.value is not None:
            specs.append(outcome.value)
            misplaced = check_folder(outcome.value)
            found += [misplaced] if misplaced else []
    # what is held once more costs as much as the specs themselves
    lines = documents[0].source_map.lines if documents else text_lines(content)
    return Shaped(tuple(specs), lines, tuple(found))


Shape: TypeAlias = Callable[[str, bytes], Shaped]
"""What says what a file says, as `shaped` does; it may remember what it was asked before."""


def load(
    root: Path, files: Iterable[Path], shape: Shape = shaped
) -> tuple[Sources, tuple[Diagnostic, ...]]:
    """Text to specs: every finding about reading and shape."""
    names = names_of(root, files)
    return load_contents(((name, read_bytes(path, name)) for name, path in names), shape)


@no_collection()
def load_contents(
    contents: Iterable[tuple[str, Outcome[bytes]]], shape: Shape = shaped
) -> tuple[Sources, tuple[Diagnostic, ...]]:
    """As `load`, from files by name as they were read, wherever from."""
    specs: list[Located[Document]] = []
    lines: dict[str, Sequence[str]] = {}
    found: list[Diagnostic] = []
    digest = Digest()
    for name, content in contents:
        found += content.diagnostics
        if content.value is None:
            continue
        digest.add(name, content.value)
        said = shape(name, content.value)
        specs += said.specs
        lines[name] = said.lines
        found += said.diagnostics
    return Sources(tuple(specs), lines, digest.hexdigest()), tuple(found)


@no_collection()
def check(root: Path, today: date, shape: Shape = shaped) -> Compiled:
    """All stages up to the analysis."""
    return check_loaded(*load(root, spec_files(root), shape), today)


def check_loaded(sources: Sources, found: tuple[Diagnostic, ...], today: date) -> Compiled:
    """The stages from loaded specs, in which `found` was found, up to the analysis."""
    if has_errors(found):
        return Compiled(sources, found, today=today)
    linked = link(sources.specs)
    found = (*found, *linked.diagnostics)
    if linked.value is None:
        return Compiled(sources, found, today=today)
    analysed = analyse(linked.value, today)
    read = replace(sources, specs=())
    found = (*found, *analysed.diagnostics)
    return Compiled(read, found, linked.value, analysed.value, today=today)


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


@dataclass(frozen=True, slots=True)
class Made:
    """What one instance comes to: its model, what its system would object to, its files."""

    made: Lowered | Pipelined
    objections: tuple[Diagnostic, ...]
    artifacts: tuple[Artifact, ...]


def made(checked: Compiled) -> Iterator[Made]:
    """The stages behind the analysis, one instance after another, where it found no error: who
    lets each go needs no memory for all."""
    managed: list[Managed] = []
    for lowered in _lowered(checked):
        assert checked.federation is not None
        target, model = lowered.target, lowered.model
        managed.append(_managed(lowered))
        yield Made(lowered, tuple(target.check(model, checked.federation)), target.emit(model))
    if not checked.failed and checked.federation is not None:
        for merged in MERGED:
            for model in merged.lower(checked.federation, managed):
                pipelined = Pipelined(merged, model)
                yield Made(pipelined, tuple(merged.check(model)), merged.emit(model))


def with_models(checked: Compiled) -> Compiled:
    """The models of every target, where the analysis found no error: all that is compared."""
    return replace(checked, models=tuple(_lowered(checked)))


def _lowered(checked: Compiled) -> Iterator[Lowered]:
    if not checked.failed and checked.federation is not None and checked.analysis is not None:
        for target in TARGETS:
            for model in target.lower(checked.federation, checked.analysis, checked.membership):
                yield Lowered(target, model)


def compile_checked(checked: Compiled) -> Compiled:
    """The stages behind the analysis, where it found no error."""
    all_made = tuple(made(checked))
    objections = tuple(found for each in all_made for found in each.objections)
    artifacts = (artifact for each in all_made for artifact in each.artifacts)
    return replace(
        checked,
        diagnostics=(*checked.diagnostics, *objections),
        models=tuple(each.made for each in all_made if isinstance(each.made, Lowered)),
        pipelines=tuple(each.made for each in all_made if isinstance(each.made, Pipelined)),
        artifacts=()
        if has_errors(objections)
        else tuple(sorted(artifacts, key=lambda artifact: artifact.path)),
    )


def _managed(lowered: Lowered) -> Managed:
    target, model = lowered.target, lowered.model
    origins = model.origins
    places = origins.get("instance") or origins.get("") or ()
    return Managed(SystemName(target.name, model.instance), target.site(model), tuple(places))


def digest_of(artifacts: Iterable[Artifact]) -> str:
    """One digest for all artifacts: what a plan is bound to."""
    hasher = sha256()
    for artifact in artifacts:
        hasher.update(f"{artifact.path}\0{len(artifact.content)}\0{artifact.content}".encode())
    return hasher.hexdigest()

"""A forge to files, below `cicd/<forge>/` as they stand in the repository."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from srcnet_compiler.artifact import Artifact
from srcnet_compiler.emit.yaml import Sourced, to_artifact
from srcnet_compiler.targets.cicd.model import HEADER, OWNERS, Forge, PipelineFile, Spans


def emit(desired: Forge) -> tuple[Artifact, ...]:
    """All files of one forge."""
    return tuple(_file(f"cicd/{desired.instance}/{each.name}", each) for each in desired.things())


def _file(path: str, wanted: PipelineFile) -> Artifact:
    head = f"{wanted.title}. {HEADER}"
    if PurePosixPath(path).name == OWNERS:
        return _owners(path, head, wanted)
    return to_artifact(path, head, wanted.tree, wanted.places)


def _owners(path: str, head: str, wanted: PipelineFile) -> Artifact:
    """One line for each pattern; of several that match a file the last holds."""
    lines, sources = [f"# {head}\n"], {1: wanted.places}
    tree = wanted.tree
    assert isinstance(tree, Mapping)
    for number, (pattern, value) in enumerate(tree.items(), start=2):
        names, spans = _names(value, wanted.places)
        lines.append(f"{pattern} {names}\n")
        sources[number] = spans
    return Artifact(PurePosixPath(path), "".join(lines), sources)


def _names(value: object, spans: Spans) -> tuple[str, Spans]:
    return (str(value.value), value.spans) if isinstance(value, Sourced) else (str(value), spans)

"""Artifacts as files: only what changed is written, each file whole or not at all."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from srcnet_compiler.artifact import Artifact
from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.shared import write_file
from srcnet_compiler.span import Span

SOURCE_MAP = "source-map.json"


def write_build(folder: Path, artifacts: Iterable[Artifact]) -> int:
    """Make `folder` hold exactly the artifacts and their source map; how many files changed.

    Files that an earlier run wrote and this one does not are removed; files of others are not.
    """
    wanted = {str(artifact.path): artifact.content for artifact in artifacts}
    before = _written_before(folder)
    wanted[SOURCE_MAP] = _source_map(artifacts)
    if folder.is_dir() and before is None and any(folder.iterdir()):
        raise StopError(
            Exit.FILES,
            f"`{folder}` holds files that srcnet did not write",
            "name another folder with `--out DIR`, or empty this one",
        )
    changed = 0
    for name, content in sorted(wanted.items()):
        changed += _write(folder / name, content)
    for name in sorted(set(before or ()) - set(wanted)):
        (folder / name).unlink(missing_ok=True)
        changed += 1
    return changed


def read_source_map(folder: Path) -> dict[str, list[list[Span]]] | None:
    """For each file, the spec places of each of its lines; None where there is no build."""
    try:
        data = json.loads((folder / SOURCE_MAP).read_text("utf-8"))
        spans = [Span(*item) for item in data["places"]]
        return {
            name: [[spans[i] for i in data["sets"][line]] for line in lines]
            for name, lines in data["files"].items()
        }
    except (FileNotFoundError, ValueError, KeyError, TypeError, IndexError):
        return None


def _written_before(folder: Path) -> list[str] | None:
    known = read_source_map(folder)
    return None if known is None else [*known]


def _source_map(artifacts: Iterable[Artifact]) -> str:
    """Places and sets of places are written once; each line refers to a set.

    Thousands of lines share one set of hundreds of places: it is hashed once.
    """
    places: dict[Span, int] = {}
    sets: dict[tuple[Span, ...], int] = {}
    met: dict[int, int] = {}
    files: dict[str, list[int]] = {}
    for artifact in artifacts:
        numbers = files[str(artifact.path)] = []
        for line in range(1, len(artifact.sources) + 1):
            found = artifact.sources[line]
            if id(found) not in met:
                met[id(found)] = sets.setdefault(found, len(sets))
            numbers.append(met[id(found)])
    refs = [[places.setdefault(span, len(places)) for span in found] for found in sets]
    content = {"places": list(_rows(places)), "sets": refs, "files": files}
    return json.dumps(content, separators=(",", ":")) + "\n"


def _rows(places: Iterable[Span]) -> Iterator[list[str | int]]:
    for span in places:
        yield [span.file, span.line, span.column, span.end_line, span.end_column]


def _write(path: Path, content: str) -> bool:
    data = content.encode()
    try:
        if path.read_bytes() == data:
            return False
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, content)
    return True

"""Artifacts as files: only what changed is written, all of it or nothing."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from types import MappingProxyType

from srcnet_compiler.artifact import Artifact
from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.files import PARTIAL, write_files
from srcnet_compiler.span import Span

SOURCE_MAP = "source-map.json"
PROVENANCE = "provenance.json"


def write_build(
    folder: Path, artifacts: Iterable[Artifact], beside: Mapping[str, str] = MappingProxyType({})
) -> int:
    """Make `folder` hold exactly the artifacts, their source map and what is to lie `beside`; how
    many files changed.

    Files that an earlier run wrote and this one does not are removed; files of others are not.
    """
    wanted = {str(artifact.path): artifact.content for artifact in artifacts}
    before = _written_before(folder)
    wanted |= {SOURCE_MAP: _source_map(artifacts), **beside}
    if before is None and _holds_files(folder):
        raise StopError(
            Exit.FILES,
            f"`{folder}` holds files that srcnet did not write",
            "name another folder with `--out DIR`, or empty this one",
        )
    stale = [path for name in before or () if name not in wanted for path in _ours(folder, name)]
    changed = {
        folder / name: wanted[name]
        for name in (SOURCE_MAP, *sorted(wanted.keys() - {SOURCE_MAP}))
        if not _says(folder / name, wanted[name])
    }
    write_files(changed)
    for path in stale:
        path.unlink()
    return len(changed) + len(stale)


def read_source_map(folder: Path) -> dict[str, list[list[Span]]] | None:
    """For each file, the spec places of each of its lines; None where there is no build."""
    try:
        data = json.loads((folder / SOURCE_MAP).read_text("utf-8"))
        spans = [Span(*item) for item in data["places"]]
        sets = [[spans[place] for place in found] for found in data["sets"]]
        return {name: [sets[line] for line in lines] for name, lines in data["files"].items()}
    except (FileNotFoundError, ValueError, KeyError, TypeError, IndexError):
        return None


def _holds_files(folder: Path) -> bool:
    """Whether somebody keeps files here: not what a killed run of ours has left."""
    return any(path.is_file() and path.suffix != PARTIAL for path in folder.rglob("*"))


def _ours(folder: Path, name: str) -> Iterator[Path]:
    """The file that an earlier run wrote; none where its map has been led out of the folder."""
    path = folder / name
    if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
        yield path


def _written_before(folder: Path) -> list[str] | None:
    known = read_source_map(folder)
    return None if known is None else [*known]


def _source_map(artifacts: Iterable[Artifact]) -> str:
    """Places and sets of places are written once; each line refers to a set.

    Thousands of lines share one set of hundreds of places: it is hashed once. The
    numbers of all sets are millions, so that they are text from the start.
    """
    sets: defaultdict[tuple[Span, ...], int] = defaultdict(count().__next__)
    met: dict[int, int] = {}
    files: dict[str, list[int]] = {}
    for artifact in artifacts:
        numbers = files[str(artifact.path)] = []
        for found in artifact.sources.values():
            if id(found) not in met:
                met[id(found)] = sets[found]
            numbers.append(met[id(found)])
    places: defaultdict[Span, str] = defaultdict(map(str, count()).__next__)
    rows = ",".join(f"[{','.join(map(places.__getitem__, found))}]" for found in sets)
    return f'{{"places":{_json(list(places))},"sets":[{rows}],"files":{_json(files)}}}\n'


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _says(path: Path, content: str) -> bool:
    try:
        return path.read_bytes() == content.encode()
    except FileNotFoundError:
        return False

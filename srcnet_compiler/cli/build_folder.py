"""Artifacts as files: only what changed is written, all of it or nothing."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from filecmp import cmp
from hashlib import sha256
from pathlib import Path

from srcnet_compiler.artifact import Artifact
from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.files import PARTIAL, Writing
from srcnet_compiler.cli.source_map import SOURCE_MAP, SourceMapText, names_in
from srcnet_compiler.spec_files import Digest

PROVENANCE = "provenance.json"
"""The file that says of each artifact what it was made from."""


class Build:
    """A folder that is to hold exactly what is added, and a map of where it comes from.

    Nothing is seen of it before all is there. Files that an earlier run wrote and this one does not
    are removed; files of others are not.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before = names_in(folder)
        self._is_foreign = self._before is None and _holds_files(folder)
        self._map = SourceMapText()
        self._names: dict[str, None] = {}
        self._digest = Digest()
        self._digests: dict[str, str] = {}
        self._changed = 0

    def __enter__(self) -> "Build":
        self._writing = Writing()
        if not self._is_foreign:
            self._map_file = self._writing.open(self._folder / SOURCE_MAP)
        return self

    def __exit__(self, *trouble: object) -> None:
        if not self._is_foreign:
            with suppress(OSError):  # a full disk, which is known by now
                self._map_file.close()
        self._writing.__exit__(*trouble)

    @property
    def names(self) -> tuple[str, ...]:
        """All files of the build in their order, with what is said about them."""
        return (*self._names, SOURCE_MAP, PROVENANCE)

    @property
    def digests(self) -> Mapping[str, str]:
        """The SHA-256 of what each artifact says, by name."""
        return self._digests

    @property
    def digest(self) -> str:
        """What all of them say, once they are seen."""
        return self._digest.hexdigest()

    def add(self, artifact: Artifact) -> None:
        """A file of the build; all of one instance follow one another."""
        name = str(artifact.path)
        self._names[name] = None
        if self._is_foreign:
            return
        content = artifact.content.encode()
        self._map_file.write(self._map.of(artifact))
        self._digests[name] = sha256(content).hexdigest()
        self._put(name, content)

    def _put(self, name: str, content: bytes) -> None:
        path = f"{self._folder}/{name}"
        self._digest.add(name, content)
        if not _says(path, content):
            self._writing.add(path, content)
            self._changed += 1

    def commit(self, provenance: str) -> int:
        """Let all that was added be seen, with where it comes from; how many files changed."""
        if self._is_foreign:
            raise StopError(
                Exit.FILES,
                f"`{self._folder}` holds files that srcnet did not write",
                "name another folder with `--out DIR`, or empty this one",
            )
        self._map_file.write(self._map.end())
        self._map_file.close()
        self._digest.add(SOURCE_MAP, Path(self._map_file.name).read_bytes())
        path = self._folder / SOURCE_MAP
        if path.is_file() and cmp(path, self._map_file.name, shallow=False):
            self._writing.drop(path)
        else:
            self._changed += 1
        self._put(PROVENANCE, provenance.encode())
        gone = [name for name in self._before or () if name not in self._names]
        stale = [path for name in gone for path in _ours(self._folder, name)]
        self._writing.commit()
        for path in stale:
            path.unlink()
        return self._changed + len(stale)


def _holds_files(folder: Path) -> bool:
    """Whether somebody keeps files here: not what a killed run of ours has left."""
    return any(path.is_file() and path.suffix != PARTIAL for path in folder.rglob("*"))


def _ours(folder: Path, name: str) -> Iterator[Path]:
    """The file that an earlier run wrote; none where its map has been led out of the folder."""
    path = folder / name
    inside = name not in (SOURCE_MAP, PROVENANCE) and path.resolve().is_relative_to(
        folder.resolve()
    )
    if inside and path.is_file():
        yield path


def _says(path: str, content: bytes) -> bool:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - thousands of times
            return file.read() == content
    except FileNotFoundError:
        return False

"""Which files are specs, how they are called, and one digest for all that they say.

Loaded by those who only want to know whether anything changed: nothing heavy is imported.
"""

import os
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path, PurePosixPath

from srcnet_compiler.names import SPEC_FOLDERS

SUFFIXES = (".yaml", ".yml")
"""How the name of a spec ends."""


def spec_files(root: Path) -> tuple[Path, ...]:
    """The spec files below `root`, in order of path.

    Raises OSError for a folder that cannot be looked into: specs are not absent because of it.
    """

    def stop(trouble: OSError) -> None:
        raise trouble

    found = (
        f"{folder}/{name}"
        for top in SPEC_FOLDERS
        if (root / top).is_dir()
        for folder, below, files in os.walk(root / top, onerror=stop)
        for name in (*below, *files)
        if name.endswith(SUFFIXES)
    )
    return tuple(map(Path, sorted(found, key=lambda path: path.split("/"))))


def names_of(root: Path, files: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """The files with what they are called in messages."""
    top = root.resolve()
    folders: dict[Path, str | None] = {}
    for path in files:
        folder = path.parent
        if folder not in folders:
            folders[folder] = _below(top, folder)
        yield _named(folders[folder], path), path


def name_of(top: Path, path: Path) -> str:
    """How a file is called in messages: from the resolved top of the specs, else as given.

    A link is called by its own name, wherever it leads.
    """
    return _named(_below(top, path.parent), path)


def _below(top: Path, folder: Path) -> str | None:
    """Where a folder lies, seen from the top; None where it lies elsewhere."""
    try:
        found = PurePosixPath(folder.resolve().relative_to(top))
    except ValueError:
        return None
    return "" if found == PurePosixPath() else f"{found}/"


def _named(below: str | None, path: Path) -> str:
    return str(path) if below is None else f"{below}{path.name}"


class Digest:
    """One digest for files with their names, as they are added."""

    def __init__(self) -> None:
        self._hasher = sha256()

    def add(self, name: str, content: bytes) -> None:
        self._hasher.update(f"{name}\0{len(content)}\0".encode())
        self._hasher.update(content)

    def hexdigest(self) -> str:
        return self._hasher.hexdigest()

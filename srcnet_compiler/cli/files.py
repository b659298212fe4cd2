"""Files that commands write: whole or not at all, and never over what somebody else has written."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from srcnet_compiler.cli.exits import Exit, StopError

PARTIAL = ".partial"
_HEAD = 4096
"""Bytes of a file that tell whether it is ours."""


def spare_others(path: Path, root: Path, what: str, is_ours: Callable[[str], bool]) -> None:
    """End the command where `path` is another's file, or lies among the specs below `root`.

    `is_ours` judges by the beginning of a file, which is `what`. Pipes may be written.
    """
    spare_specs(path, root)
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        head = file.read(_HEAD)
    if head and not is_ours(head):
        raise StopError(
            Exit.FILES, f"`{path}` exists, and is not {what}", "name another file, or remove this"
        )


def spare_specs(path: Path, root: Path) -> None:
    """End the command where `path` lies in a folder in which only specs belong."""
    from srcnet_compiler.names import SPEC_FOLDERS

    for folder in SPEC_FOLDERS:
        if path.resolve().is_relative_to((root / folder).resolve()):
            raise StopError(
                Exit.FILES,
                f"`{path}` lies in `{folder}/`, where only specs belong",
                "name a place outside of it with `--out`",
            )


def write_file(path: Path, text: str) -> None:
    """The whole file or, where the disk is full, the one that was there before."""
    write_files({path: text})


def write_files(contents: Mapping[Path, str]) -> None:
    """All of the files, each of them whole, or none: what a full disk stops has changed nothing."""
    with Writing() as writing:
        for path, text in contents.items():
            writing.add(path, text.encode())
        writing.commit()


class Writing:
    """Files that are written beside those of their names, and take their place together."""

    def __init__(self) -> None:
        self._partial: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        self._made: list[Path] = []

    def __enter__(self) -> "Writing":
        return self

    def __exit__(self, *trouble: object) -> None:
        """What has not taken its place goes, with the folders that were made for it."""
        for partial in self._partial.values():
            Path(partial).unlink(missing_ok=True)
        for folder in reversed(self._made):
            with suppress(OSError):  # somebody has put something there
                folder.rmdir()

    def add(self, path: Path | str, content: bytes) -> None:
        """A file with this content."""
        place = self._begin(path)
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        with open(descriptor, "wb", buffering=0) as file:  # noqa: PTH123 - thousands of times
            left = memoryview(content)
            while left:
                left = left[file.write(left) :]

    def open(self, path: Path | str) -> TextIO:
        """A file to be written."""
        return Path(self._begin(path)).open("w", encoding="utf-8")

    def drop(self, path: Path | str) -> None:
        """Leave this file as it is."""
        Path(self._partial.pop(self._meant(path))).unlink()

    def commit(self) -> None:
        """Let all of them take their places, in the order in which they were begun."""
        self._made.clear()
        while self._partial:
            path = next(iter(self._partial))
            os.replace(self._partial[path], path)  # noqa: PTH105
            del self._partial[path]

    def _begin(self, path: Path | str) -> str:
        """Where to write what is to stand at `path`: beside it, but for a pipe or a terminal, which
        has at once what is written to it."""
        place = self._meant(path)
        if os.path.lexists(place):
            meant = Path(place).resolve()  # what a link leads to, not the link
            place = str(meant)
            if meant.exists() and not meant.is_file():
                return place  # of a folder, the error
        folder, name = os.path.split(place)
        partial = self._partial[place] = f"{folder}/.{name}{PARTIAL}"
        return partial

    def _meant(self, path: Path | str) -> str:
        """The path without links to folders on its way, with the folder that it lies in."""
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = str(self._folder(Path(folder).resolve()))
        return f"{self._folders[folder]}/{name}"

    def _folder(self, folder: Path) -> Path:
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        for each in reversed(missing):
            each.mkdir(exist_ok=True)
            self._made.append(each)
        return folder

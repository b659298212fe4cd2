"""What a reading that was stopped has left, for the next one to go on with.

Rows are appended to files, and from time to time a line says how long these are then: what stands
behind that is torn, and cut off. A power cut may leave less than a line says; then nothing is kept.
"""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from srcnet_compiler.catalogue.model import GIVEN, NOTHING, VERSION, CatalogueError, Kept

_PROGRESS = "progress.jsonl"
KEPT_FOR = timedelta(days=1)
"""What is older is read anew: a snapshot shall be of one time."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A snapshot on its way. `asked` says of what, in any words that tell it from others."""

    taken: datetime
    asked: str
    counts: Mapping[str, int]
    kept: Kept


def file_of(folder: Path, table: str) -> Path:
    """Where the rows of a table are until all are there."""
    return folder / f"{table}.jsonl"


@contextmanager
def progress_in(folder: Path) -> Iterator[BinaryIO]:
    """The lines that say how far a reading came, for one writer alone. Raises CatalogueError where
    there is another."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _PROGRESS).open("a+b") as progress:
        try:
            fcntl.flock(progress, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CatalogueError("another snapshot is being taken to the same place") from None
        yield progress


def go_on(folder: Path, progress: BinaryIO, taken: datetime, asked: str) -> Begun:
    """What is there of the same, cut to what is whole; nothing where it is of something else, or
    too old."""
    found = _read(folder, progress)
    if found is not None and found.asked == asked and taken - found.taken < KEPT_FOR:
        return found
    for table in GIVEN:
        file_of(folder, table).write_bytes(b"")
    progress.truncate(0)
    _say(progress, {"version": VERSION, "asked": asked, "taken": taken.isoformat()})
    return Begun(taken, asked, dict.fromkeys(GIVEN, 0), NOTHING)


def mark(
    progress: BinaryIO, counts: Mapping[str, int], sizes: Mapping[str, int], done: str | None
) -> None:
    """All rows so far belong together; the files have these sizes."""
    _say(progress, {"counts": counts, "sizes": sizes, "done": done})


def _say(progress: BinaryIO, what: Mapping[str, Any]) -> None:
    progress.write(json.dumps(what).encode() + b"\n")
    progress.flush()


def _read(folder: Path, progress: BinaryIO) -> Begun | None:
    progress.seek(0)
    whole = [line for line in progress if line.endswith(b"\n")]
    try:
        head, *marks = (json.loads(line) for line in whole)
        if head["version"] != VERSION or not marks:
            return None
        taken, asked = datetime.fromisoformat(head["taken"]), str(head["asked"])
        done = frozenset(str(each["done"]) for each in marks if each["done"] is not None)
        counts = {table: int(marks[-1]["counts"][table]) for table in GIVEN}
        sizes = {table: int(marks[-1]["sizes"][table]) for table in GIVEN}
    except (ValueError, KeyError, TypeError):
        return None
    if any(_size(file_of(folder, table)) < size for table, size in sizes.items()):
        return None
    progress.truncate(sum(map(len, whole)))
    for table, size in sizes.items():
        with file_of(folder, table).open("r+b") as file:
            file.truncate(size)
    return Begun(taken, asked, counts, Kept(done, _names(folder)))


def _names(folder: Path) -> dict[str, set[str]]:
    names: dict[str, set[str]] = {}
    with file_of(folder, "collections").open("rb") as file:
        for line in file:
            row = json.loads(line)
            names.setdefault(row["scope"], set()).add(row["name"])
    return names


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else -1

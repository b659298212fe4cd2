"""Opening a snapshot that was written before."""

import json
import os
from datetime import datetime
from pathlib import Path

from srcnet_compiler.catalogue.model import (
    FACTS,
    TABLES,
    VERSION,
    CatalogueError,
    Snapshot,
    Source,
)


def open_snapshot(folder: Path) -> Snapshot:
    """The snapshot in a folder. Raises CatalogueError where there is none, or one of another
    version.

    A writer that was stopped between its two last steps has put the one before it aside: it stands
    again.
    """
    facts = folder / FACTS
    if not folder.exists() and (former_of(folder) / FACTS).is_file():
        os.replace(former_of(folder), folder)  # noqa: PTH105 - a folder
    try:
        said = json.loads(facts.read_text("utf-8"))
    except FileNotFoundError:
        raise CatalogueError(f"there is no snapshot of a catalogue in `{folder}`") from None
    except (OSError, ValueError) as trouble:
        raise CatalogueError(f"`{facts}` cannot be read: {trouble}") from None
    try:
        if said["version"] != VERSION:
            raise CatalogueError(
                f"the snapshot in `{folder}` has version {said['version']}: this srcnet reads"
                f" {VERSION}"
            )
        found = Snapshot(
            folder,
            str(said["instance"]),
            datetime.fromisoformat(said["taken"]),
            Source(said["source"]),
            {table: int(said["counts"][table]) for table in TABLES},
        )
    except (KeyError, TypeError, ValueError):
        raise CatalogueError(f"`{facts}` does not say what a snapshot's must") from None
    for table in TABLES:
        if not found.file(table).is_file():
            raise CatalogueError(f"the snapshot in `{folder}` has no `{found.file(table).name}`")
    return found


def former_of(folder: Path) -> Path:
    """Where the snapshot before the last one stands while the last one takes its place."""
    return folder.absolute().with_name(f".{folder.name}.former")

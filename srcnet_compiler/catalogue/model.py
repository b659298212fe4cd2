"""A snapshot: tables in Parquet, and what is said about them as a whole."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TypeAlias

VERSION = 1
FACTS = "snapshot.json"
"""The file that says what a snapshot is; a folder without it is none."""

Value: TypeAlias = str | int | bool | datetime | None
Row: TypeAlias = tuple[Value, ...]
Columns: TypeAlias = Mapping[str, str]
"""Names of columns with their types, in words of SQL that every engine has."""


class Source(Enum):
    """Where a snapshot comes from, and so what may be asked of it."""

    READING = "reading"
    """A catalogue was asked: everything is in it."""
    DUMP = "dump"
    """Files that a catalogue left: no rules, and nobody counted the files of a collection."""
    FORECAST = "forecast"
    """What the policies expect: each row is all that arrives of one kind in one month."""


class CatalogueError(Exception):
    """A snapshot, or what one is made from, is not as it must be; the text says what is wrong."""


COLLECTIONS: Columns = {
    "id": "BIGINT",
    "scope": "VARCHAR",
    "name": "VARCHAR",
    "product": "VARCHAR",
    "telescope": "VARCHAR",
    "campaign": "VARCHAR",
    "created": "TIMESTAMP",
    "closed": "BOOLEAN",
    "files": "BIGINT",
    "bytes": "BIGINT",
}
"""One row for each collection; what policies select by is null where it has none. `created` is in
UTC; `files` is null where nobody counted them."""
RULES: Columns = {
    "collection": "BIGINT",
    "scope": "VARCHAR",
    "name": "VARCHAR",
    "id": "VARCHAR",
    "account": "VARCHAR",
    "ours": "BOOLEAN",
    "copies": "BIGINT",
    "expression": "VARCHAR",
    "comment": "VARCHAR",
    "state": "VARCHAR",
    "expires": "TIMESTAMP",
    "locks_ok": "BIGINT",
    "locks": "BIGINT",
}
"""`expires` is null also where an end waits for the rule's successor."""
COPIES: Columns = {
    "collection": "BIGINT",
    "scope": "VARCHAR",
    "name": "VARCHAR",
    "rse": "VARCHAR",
    "files": "BIGINT",
    "bytes": "BIGINT",
    "locked_files": "BIGINT",
    "whole": "BOOLEAN",
    "locked": "BOOLEAN",
}
"""What is available where. `locked_files` are, of these, at least under a lock of ours that is in
place and has no end. `whole`: all of the collection is there; `locked`: and under such locks."""
TABLES: Mapping[str, Columns] = {"collections": COLLECTIONS, "rules": RULES, "copies": COPIES}

HELD: Columns = {
    "scope": "VARCHAR",
    "name": "VARCHAR",
    "rse": "VARCHAR",
    "files": "BIGINT",
    "bytes": "BIGINT",
}
LOCKS: Columns = {"scope": "VARCHAR", "name": "VARCHAR", "rse": "VARCHAR", "rule": "VARCHAR"}
"""That all files of a collection which a rule put on an RSE are there."""


def _given(columns: Columns, *made: str) -> Columns:
    return {name: kind for name, kind in columns.items() if name not in made}


GIVEN: Mapping[str, Columns] = {
    "collections": _given(COLLECTIONS, "id"),
    "rules": _given(RULES, "collection"),
    "held": HELD,
    "locks": LOCKS,
}
"""What a snapshot is made from; the numbers of collections, and what is locked, are worked out."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot in a folder. `taken` is in UTC; `counts` are the rows of each table."""

    folder: Path
    instance: str
    taken: datetime
    source: Source
    counts: Mapping[str, int]

    def file(self, table: str) -> Path:
        """Where a table is."""
        return self.folder / f"{table}.parquet"


MARK = "mark"
"""In the place of a table: all rows until here belong together, and need not be read again. Its
only row names the namespace of which nothing is to come, if any."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What an earlier reading had that was stopped: `done` are namespaces that are wholly there,
    `names` of others the collections that are."""

    done: frozenset[str] = frozenset()
    names: Mapping[str, Collection[str]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many collections are there."""
        return sum(len(names) for names in self.names.values())


NOTHING = Kept()
"""Of a reading that begins anew."""

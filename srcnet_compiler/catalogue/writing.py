"""Writing a snapshot: rows as they come into files, then tables, which take their place as one."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from srcnet_compiler.catalogue.engine import DuckDb
from srcnet_compiler.catalogue.model import (
    FACTS,
    GIVEN,
    MARK,
    TABLES,
    VERSION,
    Row,
    Source,
)
from srcnet_compiler.catalogue.reading import former_of, open_snapshot
from srcnet_compiler.catalogue.resuming import Begun, file_of, go_on, mark, progress_in

_PARTIAL = ".partial"

_MADE = {
    "collections": """
        SELECT row_number() OVER (ORDER BY scope, name) AS id, *
        FROM (SELECT DISTINCT ON (scope, name) * FROM given_collections)
        ORDER BY id""",
    "rules": """
        SELECT c.id AS collection, r.*
        FROM given_rules r JOIN collections c ON c.scope = r.scope AND c.name = r.name
        ORDER BY collection, r.id""",
    "copies": """
        WITH kept AS (
            SELECT id, copies, locks // copies AS files FROM rules
            WHERE ours AND expires IS NULL AND copies > 0 AND locks_ok = locks
        ), places AS (
            SELECT l.scope, l.name, l.rse, k.copies, k.files,
                   count(*) OVER (PARTITION BY l.scope, l.name, l.rule) AS places
            FROM given_locks l JOIN kept k ON k.id = l.rule
        ), locked AS (
            SELECT scope, name, rse, max(files) AS files FROM places
            WHERE places = copies GROUP BY scope, name, rse
        ), found AS (
            SELECT c.id AS collection, h.*, least(h.files, coalesce(l.files, 0)) AS locked_files,
                   CASE WHEN c.files IS NULL THEN h.bytes >= c.bytes ELSE h.files >= c.files END
                       AS whole,
                   c.files AS all_files
            FROM given_held h
            JOIN collections c ON c.scope = h.scope AND c.name = h.name
            LEFT JOIN locked l ON l.scope = h.scope AND l.name = h.name AND l.rse = h.rse
        )
        SELECT collection, scope, name, rse, files, bytes, locked_files, whole,
               whole AND coalesce(locked_files >= all_files AND all_files > 0, false) AS locked
        FROM found ORDER BY collection, rse""",
}
"""A rule with all its locks in place has whole copies on its RSEs where these are as many as its
copies; where a rule's collection is split over more, none is known to be whole."""


class Writer:
    """Takes rows while a snapshot is made; `counts` are those so far, `kept` is what an earlier
    reading had."""

    def __init__(self, folder: Path, progress: BinaryIO, begun: Begun) -> None:
        self.counts = dict(begun.counts)
        self.kept = begun.kept
        self._folder, self._progress = folder, progress
        self._stack = ExitStack()
        self._files: dict[str, BinaryIO] = {
            table: self._stack.enter_context(file_of(folder, table).open("ab")) for table in GIVEN
        }

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def add(self, table: str, rows: Sequence[Row]) -> None:
        """Rows of one of the tables that a snapshot is made from, in the order of its columns; or
        a mark."""
        if table == MARK:
            self._mark(rows)
            return
        names = tuple(GIVEN[table])
        file = self._files[table]
        for row in rows:
            line = json.dumps(dict(zip(names, row, strict=True)), default=str, ensure_ascii=False)
            file.write(f"{line}\n".encode())
        self.counts[table] += len(rows)

    def _mark(self, rows: Sequence[Row]) -> None:
        for file in self._files.values():
            file.flush()
        sizes = {table: file.tell() for table, file in self._files.items()}
        for (done,) in rows:
            mark(self._progress, self.counts, sizes, None if done is None else str(done))

    def finish(self) -> dict[str, int]:
        """Makes the tables of what came; their numbers of rows."""
        self._stack.close()
        counts = {}
        with DuckDb(self._folder / "spill") as engine:
            for table, columns in GIVEN.items():
                engine.load_lines(f"given_{table}", columns, file_of(self._folder, table))
            for table in TABLES:
                engine.store(table, _MADE[table], self._folder / f"{table}.parquet")
                counts[table] = engine.count(table)
        return counts


@contextmanager
def writing(
    folder: Path, instance: str, taken: datetime, source: Source, asked: str | None = None
) -> Iterator[Writer]:
    """A snapshot at `folder`, whole or not at all: one that is there stays until then.

    Where it is said what is `asked`, what was marked stays when it is stopped, however that comes,
    and the next writer that is asked the same goes on with it. Raises CatalogueError where
    something else is there, or somebody else is at it.
    """
    folder = folder.absolute()
    if folder.exists() and any(folder.iterdir()):
        open_snapshot(folder)
    partial = folder.with_name(f".{folder.name}{_PARTIAL}")
    if asked is None:
        shutil.rmtree(partial, ignore_errors=True)
    try:
        with progress_in(partial) as progress:
            begun = go_on(partial, progress, taken, asked or "")
            with Writer(partial, progress, begun) as writer:
                yield writer
                counts = writer.finish()
            facts = {
                "version": VERSION,
                "instance": instance,
                "taken": begun.taken.isoformat(),
                "source": source.value,
                "counts": counts,
            }
            _publish(partial, folder, facts)
    finally:
        if asked is None:
            shutil.rmtree(partial, ignore_errors=True)


def _publish(partial: Path, folder: Path, facts: Mapping[str, object]) -> None:
    """In the place of the one before, with nothing but what belongs to it. The facts are written
    last: without these it is no snapshot yet."""
    names = {FACTS, *(f"{table}.parquet" for table in TABLES)}
    (partial / FACTS).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    whole, former = partial.with_suffix(".whole"), former_of(folder)
    shutil.rmtree(whole, ignore_errors=True)
    whole.mkdir()
    for name in sorted(names):
        (partial / name).rename(whole / name)
    if folder.exists():
        shutil.rmtree(former, ignore_errors=True)
        os.replace(folder, former)  # noqa: PTH105 - a folder
    os.replace(whole, folder)  # noqa: PTH105
    shutil.rmtree(former, ignore_errors=True)
    shutil.rmtree(partial, ignore_errors=True)

"""The engines that answer questions to a snapshot: DuckDB in this process, or Spark.

Both take the same text of SQL. An engine is imported when one is opened.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from srcnet_compiler.catalogue.model import TABLES, CatalogueError, Columns, Row, Snapshot

if TYPE_CHECKING:
    from types import TracebackType

_SPARK = {
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
Answer: TypeAlias = list[dict[str, Any]]


class Engine(Protocol):
    """Answers questions to tables by name."""

    def table(self, name: str, columns: Columns, rows: Iterable[Row]) -> None:
        """A small table of our own."""

    def parquet(self, name: str, path: Path) -> None:
        """A table in a file."""

    def view(self, name: str, sql: str) -> None:
        """What a question gives, by a name."""

    def ask(self, sql: str) -> Answer:
        """The rows of an answer, by names of columns; whole numbers are integers."""


class DuckDb(AbstractContextManager["DuckDb"]):
    """DuckDB in this process; what does not fit into memory goes to the folder `spill`."""

    def __init__(self, spill: Path | None = None) -> None:
        import duckdb

        self._failures = duckdb.Error
        self._connection = duckdb.connect(":memory:")
        self._connection.execute("SET preserve_insertion_order = false")
        self._connection.execute("SET TimeZone = 'UTC'")
        if spill is not None:
            self._connection.execute(f"SET temp_directory = {literal(str(spill))}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def table(self, name: str, columns: Columns, rows: Iterable[Row]) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
            for row in rows:
                line = dict(zip(columns, row, strict=True))
                file.write(json.dumps(line, default=str) + "\n")
            file.flush()
            self.load_lines(name, columns, Path(file.name))

    def load_lines(self, name: str, columns: Columns, path: Path) -> None:
        """A table from a file with one JSON object a line."""
        kinds = ", ".join(f"{column}: '{kind}'" for column, kind in columns.items())
        self._run(
            f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM read_json({literal(str(path))},"
            f" columns = {{{kinds}}}, format = 'newline_delimited')"
        )

    def store(self, name: str, sql: str, path: Path) -> None:
        """What a question gives, as a file and a table of that name."""
        self._run(f"COPY ({sql}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)")
        self.parquet(name, path)

    def parquet(self, name: str, path: Path) -> None:
        self.view(name, f"SELECT * FROM read_parquet({literal(str(path))})")

    def view(self, name: str, sql: str) -> None:
        self._run(f"CREATE OR REPLACE TEMPORARY VIEW {name} AS {sql}")

    def count(self, name: str) -> int:
        """The rows of a table."""
        return int(self.ask(f"SELECT count(*) AS rows FROM {name}")[0]["rows"])

    def ask(self, sql: str) -> Answer:
        found = self._run(sql)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, map(_plain, row), strict=True)) for row in found.fetchall()]

    def _run(self, sql: str) -> Any:  # noqa: ANN401 - a connection of DuckDB's
        try:
            return self._connection.execute(sql)
        except self._failures as trouble:
            raise CatalogueError(f"DuckDB: {_first_line(trouble)}") from trouble


class Spark(AbstractContextManager["Spark"]):
    """Spark, by the address of its master, `local[2]` being this machine; needs the extra `spark`
    and Java."""

    def __init__(self, master: str, settings: Mapping[str, str] | None = None) -> None:
        try:
            from pyspark.errors import PySparkException
            from pyspark.sql import SparkSession
        except ImportError:
            raise CatalogueError(
                "Spark is not installed: `pip install 'srcnet-compiler[spark]'`"
            ) from None
        self._failures: type[Exception] = PySparkException
        builder: Any = SparkSession.builder.master(master).appName("srcnet")
        for key, value in (_SPARK | dict(settings or {})).items():
            builder = builder.config(key, value)
        try:
            self._session = builder.getOrCreate()
        except Exception as trouble:  # of Java, in words of its own
            raise CatalogueError(
                f"Spark does not start with master `{master}`: {_first_line(trouble)}"
            ) from trouble
        self._session.sparkContext.setLogLevel("ERROR")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.stop()

    def table(self, name: str, columns: Columns, rows: Iterable[Row]) -> None:
        kinds = {"VARCHAR": "STRING", "TIMESTAMP": "TIMESTAMP_NTZ"}
        schema = ", ".join(f"{column} {kinds.get(kind, kind)}" for column, kind in columns.items())
        self._session.createDataFrame(list(rows), schema).createOrReplaceTempView(name)

    def parquet(self, name: str, path: Path) -> None:
        try:
            self._session.read.parquet(str(path)).createOrReplaceTempView(name)
        except self._failures as trouble:
            raise CatalogueError(f"Spark: {_first_line(trouble)}") from trouble

    def view(self, name: str, sql: str) -> None:
        self._run(f"CREATE OR REPLACE TEMPORARY VIEW {name} AS {sql}")

    def ask(self, sql: str) -> Answer:
        return [
            {key: _plain(value) for key, value in row.asDict().items()} for row in self._run(sql)
        ]

    def _run(self, sql: str) -> Sequence[Any]:
        try:
            rows: Sequence[Any] = self._session.sql(sql).collect()
        except self._failures as trouble:
            raise CatalogueError(f"Spark: {_first_line(trouble)}") from trouble
        return rows


def open_tables(engine: Engine, snapshot: Snapshot) -> None:
    """The tables of a snapshot, by their names."""
    for table in TABLES:
        engine.parquet(table, snapshot.file(table))


def _plain(value: object) -> object:
    """Sums of amounts are decimals to the engines; to us all of them are whole."""
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return value


def literal(value: str) -> str:
    """A text as DuckDB's SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


def _first_line(trouble: Exception) -> str:
    return (str(trouble).strip().splitlines() or [type(trouble).__name__])[0]

"""Spark asked the same questions, in the same words, about the same snapshots as DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from specs import REAL, compiled
from test_catalogue import AT, collection, of_tier, rule, written

from srcnet_compiler.catalogue.engine import DuckDb, Spark, open_tables
from srcnet_compiler.catalogue.forecast import forecast
from srcnet_compiler.catalogue.model import CatalogueError, Snapshot, Source
from srcnet_compiler.catalogue.questions import holdings
from srcnet_compiler.catalogue.reading import open_snapshot
from srcnet_compiler.catalogue.writing import writing
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.pipeline import Compiled

pytestmark = pytest.mark.live("spark")


@pytest.fixture(scope="module")
def specs() -> Compiled:
    return compiled(REAL)


@pytest.fixture(scope="module")
def federation(specs: Compiled) -> Federation:
    assert specs.federation is not None
    return specs.federation


@pytest.fixture(scope="module")
def spark() -> Iterator[Spark]:
    # of so few rows one part is enough
    with Spark("local[2]", {"spark.sql.shuffle.partitions": "1"}) as engine:
        yield engine


def agreed(spark: Spark, snapshot: Snapshot, federation: Federation, at: datetime) -> None:
    with DuckDb() as duckdb:
        open_tables(duckdb, snapshot)
        open_tables(spark, snapshot)
        by_duckdb = holdings(duckdb, snapshot, federation, at)
        assert by_duckdb.total.collections > 0
        by_spark = holdings(spark, snapshot, federation, at)
        assert by_spark == by_duckdb
        assert [*by_spark.phases, *by_spark.years] == [*by_duckdb.phases, *by_duckdb.years]


def test_a_forecast_says_the_same_to_both(
    spark: Spark, specs: Compiled, federation: Federation, tmp_path: Path
):
    assert specs.analysis is not None
    with writing(tmp_path / "there", "here", datetime(2031, 1, 1), Source.FORECAST) as writer:
        for table, row in forecast(federation, specs.analysis, 2030):
            writer.add(table, [row])
    snapshot = open_snapshot(tmp_path / "there")
    agreed(spark, snapshot, federation, snapshot.taken)


def test_a_reading_with_all_its_oddities_says_the_same_to_both(
    spark: Spark, federation: Federation, tmp_path: Path
):
    one, other, *_ = of_tier(federation, "online")
    made = datetime(2025, 11, 22)
    names = [f"näme'{number}\N{PILE OF POO}" for number in range(40)]
    rules = [rule(name, name, ok=10 if n % 3 else 9, of=10) for n, name in enumerate(names)]
    snapshot = written(
        tmp_path / "there",
        collections=[
            *(collection(name, size=4 * 10**18) for name in names),
            ("advanced", "at-the-moment", "advanced", None, None, made, True, 1, 1),
            ("advanced", "uncounted", "advanced", None, None, AT, True, None, 1),
            ("nobodys", "it", None, None, None, AT, True, 0, 0),
        ],
        rules=rules,
        held=[
            ("testing", name, area.name_today, 10, 4 * 10**18)
            for n, name in enumerate(names)
            for area in ([one, other] if n % 2 else [one])
        ],
        locks=[("testing", name, one.name_today, name) for name in names],
    )
    agreed(spark, snapshot, federation, AT)


def test_what_spark_objects_to_is_said_in_a_sentence(spark: Spark):
    with pytest.raises(CatalogueError, match=r"^Spark: .*nothing"):
        spark.ask("SELECT * FROM nothing")

"""Snapshots of a catalogue, as commands take and open them."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.settings import Settings, now

if TYPE_CHECKING:
    from srcnet_compiler.catalogue.engine import DuckDb, Spark
    from srcnet_compiler.catalogue.model import Kept, Row, Snapshot, Source
    from srcnet_compiler.pipeline import Compiled

    Rows = tuple[str, Sequence[Row]]


def read_live(found: "Compiled", place: Path) -> "Snapshot":
    """Asks the federation's catalogue, and leaves a snapshot of it at a place."""
    from srcnet_compiler.catalogue.model import Source
    from srcnet_compiler.cli.shared import system_trouble
    from srcnet_compiler.targets.rucio import live

    assert found.federation is not None
    data = found.federation.data
    spaces = {each.name for each in data.namespaces}
    for policy in found.federation.policies.values():
        spaces |= set(policy.selector.namespaces)
    with system_trouble():
        client = live.connect(data, os.environ, account=data.reads_as, secret=data.read_secret)
        with client:
            asked = json.dumps([data.server, sorted(spaces), data.owner, dict(data.columns)])
            return _written(
                place,
                data.name,
                _moment(),
                Source.READING,
                lambda kept: live.list_catalogue(client, spaces, data.owner, data.columns, kept),
                asked,
            )


def read_one(found: "Compiled", place: Path, scope: str, name: str) -> "Snapshot":
    """Asks the federation's catalogue for one collection."""
    return read_some(found, place, [(scope, name)])


def read_some(found: "Compiled", place: Path, names: "Sequence[tuple[str, str]]") -> "Snapshot":
    """Asks the federation's catalogue for some collections."""
    from srcnet_compiler.catalogue.model import Source
    from srcnet_compiler.cli.shared import system_trouble
    from srcnet_compiler.targets.rucio import live

    assert found.federation is not None
    data = found.federation.data
    with system_trouble():
        client = live.connect(data, os.environ, account=data.reads_as, secret=data.read_secret)
        with client:
            rows = [
                some
                for scope, name in names
                for some in live.list_collection(client, scope, name, data.owner, data.columns)
            ]
    return _written(place, data.name, _moment(), Source.READING, lambda kept: rows)


def read_dumps(found: "Compiled", place: Path, files: Iterable[Path]) -> "Snapshot":
    """Reads files that the catalogue's operators left."""
    from srcnet_compiler.catalogue.model import Source
    from srcnet_compiler.targets.rucio import live

    assert found.federation is not None
    rows = live.read_dumps(files)
    return _written(place, found.federation.data.name, _moment(), Source.DUMP, lambda kept: rows)


def foresee(found: "Compiled", place: Path, year: int) -> "Snapshot":
    """Works out what the policies' volumes come to at the end of a year."""
    from srcnet_compiler.analysis.capacity import years
    from srcnet_compiler.catalogue.forecast import forecast
    from srcnet_compiler.catalogue.model import Source

    assert found.federation is not None
    assert found.analysis is not None
    known = years(found.federation)
    if year not in known:
        raise StopError(
            Exit.USAGE,
            f"the policies' volumes say nothing of {year}",
            f"name a year from {known.start} to {known.stop - 1}"
            if known
            else "give a policy its `volume` first",
        )
    rows = ((table, (row,)) for table, row in forecast(found.federation, found.analysis, year))
    end = datetime(year + 1, 1, 1)
    return _written(place, found.federation.data.name, end, Source.FORECAST, lambda kept: rows)


def opened(settings: Settings, catalogue: Path) -> "Snapshot":
    """The snapshot that was taken before."""
    from srcnet_compiler.catalogue.model import CatalogueError
    from srcnet_compiler.catalogue.reading import open_snapshot

    try:
        return open_snapshot(settings.root / catalogue)
    except CatalogueError as trouble:
        raise StopError(Exit.FILES, str(trouble), "`srcnet catalogue snapshot` takes one") from None


@contextmanager
def engine_for(snapshot: "Snapshot", spark: str | None = None) -> "Iterator[DuckDb | Spark]":
    """An engine with the tables of a snapshot; Spark where its master is named."""
    from srcnet_compiler.catalogue.engine import DuckDb, Spark, open_tables

    with catalogue_trouble(), DuckDb() if spark is None else Spark(spark) as engine:
        open_tables(engine, snapshot)
        yield engine


@contextmanager
def catalogue_trouble() -> Iterator[None]:
    """What is wrong with a snapshot, or what it is made from, as the exit code for files."""
    from srcnet_compiler.catalogue.model import CatalogueError

    try:
        yield
    except CatalogueError as trouble:
        raise StopError(Exit.FILES, str(trouble)) from None


def _written(
    place: Path,
    instance: str,
    taken: datetime,
    source: "Source",
    rows: "Callable[[Kept], Iterable[Rows]]",
    asked: str | None = None,
) -> "Snapshot":
    """`rows` gets what an earlier reading of what is `asked` had when it was stopped."""
    from srcnet_compiler.catalogue.model import NOTHING
    from srcnet_compiler.catalogue.reading import open_snapshot
    from srcnet_compiler.catalogue.writing import writing
    from srcnet_compiler.cli.progress import counting

    with catalogue_trouble(), counting() as tell:
        with writing(place, instance, taken, source, asked) as writer:
            if writer.kept != NOTHING:
                said = f"goes on after {writer.kept.count} collections that are there already"
                click.echo(said, err=True)
            _take(rows(writer.kept), writer.add, writer.counts, tell)
            tell("making tables")
        return open_snapshot(place)


def _take(
    rows: "Iterable[Rows]",
    add: "Callable[[str, Sequence[Row]], None]",
    counts: dict[str, int],
    tell: Callable[[str], None],
) -> None:
    for table, some in rows:
        add(table, some)
        tell(f"{counts['collections']} collections, {counts['rules']} rules")


def _moment() -> datetime:
    return now().replace(tzinfo=None, microsecond=0)

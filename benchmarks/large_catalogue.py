"""A catalogue of ten million collections, made up, and what a change of policies moves in it.

python -m benchmarks.large_catalogue make FOLDER    some 2 minutes, 500 MB
python -m benchmarks.large_catalogue ask FOLDER     the work that is measured
"""

import json
import sys
from datetime import date, datetime
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

from srcnet_compiler.analysis.placement import inclusion
from srcnet_compiler.catalogue.engine import DuckDb, open_tables
from srcnet_compiler.catalogue.model import FACTS, VERSION, Columns
from srcnet_compiler.catalogue.reading import open_snapshot
from srcnet_compiler.diagnostic import Outcome
from srcnet_compiler.pipeline import Compiled, check_loaded, load_contents, spec_files
from srcnet_compiler.review.movement.count import movement
from srcnet_compiler.source import read_bytes

COLLECTIONS = 10_000_000
TAKEN = datetime(2027, 6, 1)
TODAY = date(2026, 11, 22)
POLICY = "v01-campaign"
CHOICES: Columns = {
    "digits": "VARCHAR",
    "slot": "INTEGER",
    "rse": "VARCHAR",
    "low": "DOUBLE",
    "high": "DOUBLE",
}
SPECS = Path(__file__).parents[1]


def specs(copies: int) -> Compiled:
    """The specs of this repository with so many copies of the campaign's data."""
    contents = []
    for path in spec_files(SPECS):
        name = path.relative_to(SPECS).as_posix()
        content = read_bytes(path, name)
        if name.endswith(f"{POLICY}.yaml"):
            assert content.value is not None
            changed = content.value.replace(b"count: 2", f"count: {copies}".encode())
            content = Outcome(changed)
        contents.append((name, content))
    found = check_loaded(*load_contents(contents), TODAY)
    assert not found.failed
    return found


def make(folder: Path, collections: int = COLLECTIONS) -> None:
    """Files as a reading leaves them, without rules: nobody asks for these here."""
    analysis = specs(2).analysis
    assert analysis is not None
    (placement,) = (each for each in analysis.placements if each.policy == POLICY)
    rows = []
    for draw in placement.draws:
        for number, slot in enumerate(draw.slots):
            areas = placement.domains[slot]
            shares = inclusion({area.name: area.pledged or 0 for area in areas}, 1)
            ends = list(accumulate((shares[area.name] for area in areas), initial=Fraction(0)))
            for bucket in draw.buckets:
                rows += (
                    (f"{bucket:02}", number, area.name_today, float(low), float(high))
                    for area, low, high in zip(areas, ends, ends[1:], strict=False)
                )
    folder.mkdir(parents=True)
    with DuckDb(folder / "spill") as engine:
        engine.table("choices", CHOICES, rows)
        engine.store(
            "collections",
            f"""
            SELECT range AS id, 'testing' AS scope, 'run-' || lpad(range::VARCHAR, 9, '0') AS name,
                   NULL::VARCHAR AS product, NULL::VARCHAR AS telescope, NULL::VARCHAR AS campaign,
                   TIMESTAMP '2026-01-01' + INTERVAL 4 SECOND * range AS created,
                   true AS closed, 1 + range % 50 AS files, (1 + range % 50) * 150000000 AS bytes
            FROM range({collections})""",
            folder / "collections.parquet",
        )
        engine.store(
            "copies",
            """
            SELECT c.id AS collection, c.scope, c.name, k.rse, c.files, c.bytes,
                   c.files AS locked_files, true AS whole, true AS locked
            FROM collections c JOIN choices k ON k.digits = right(c.name, 2)
              AND (hash(c.id, k.slot) % 1000000) / 1000000.0 >= k.low
              AND (hash(c.id, k.slot) % 1000000) / 1000000.0 < k.high""",
            folder / "copies.parquet",
        )
        engine.store(
            "rules",
            "SELECT id AS collection, scope, name, '' AS id FROM collections LIMIT 0",
            folder / "rules.parquet",
        )
        counts = {table: engine.count(table) for table in ("collections", "rules", "copies")}
    facts = {"instance": "made up", "taken": TAKEN.isoformat(), "source": "reading"}
    text = json.dumps({"version": VERSION, **facts, "counts": counts})
    (folder / FACTS).write_text(text, encoding="utf-8")


def ask(folder: Path) -> None:
    """What a third copy moves."""
    base, head = specs(2), specs(3)
    assert base.federation is not None
    assert base.analysis is not None
    assert head.federation is not None
    assert head.analysis is not None
    snapshot = open_snapshot(folder)
    with DuckDb() as engine:
        open_tables(engine, snapshot)
        found = movement(
            engine,
            snapshot,
            (base.federation, base.analysis),
            (head.federation, head.analysis),
            snapshot.taken,
        )
    total = found.after.total
    assert found.changed.collections == snapshot.counts["collections"]
    assert found.before.total.collections == 0
    assert total.collections == snapshot.counts["collections"]
    print(f"{len(found.after.copied)} links, {total.bytes} bytes in {total.files} files")


if __name__ == "__main__":
    {"make": make, "ask": ask}[sys.argv[1]](Path(sys.argv[2]))

"""Snapshots of a catalogue: written whole or not at all, and what they are found to hold."""

from __future__ import annotations

import bz2
import gzip
import json
from collections import defaultdict
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import permutations
from pathlib import Path

import pytest
from cli_runner import srcnet
from hypothesis import given
from hypothesis import strategies as st
from specs import GOLDEN, REAL, TODAY, compile_texts, texts

from srcnet_compiler.analysis.capacity import loads
from srcnet_compiler.catalogue.engine import DuckDb, open_tables
from srcnet_compiler.catalogue.forecast import forecast
from srcnet_compiler.catalogue.model import TABLES, CatalogueError, Row, Snapshot, Source
from srcnet_compiler.catalogue.policies import phase_at, places
from srcnet_compiler.catalogue.questions import Amount, Holdings, holdings
from srcnet_compiler.catalogue.reading import former_of, open_snapshot
from srcnet_compiler.catalogue.satisfying import kept, missing
from srcnet_compiler.catalogue.writing import writing
from srcnet_compiler.federation.data_policy import Copies, Phase
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.names import PolicyName, TierName
from srcnet_compiler.pipeline import Compiled
from srcnet_compiler.targets.rucio.live.dumps import read_dumps

AT = datetime(2026, 11, 22)


def collection(name: str, created: datetime = AT, files: int = 10, size: int = 1000) -> Row:
    return ("testing", name, None, None, None, created, True, files, size)


def rule(name: str, number: str, *, ours: bool = True, copies: int = 1, ok: int, of: int) -> Row:
    account = "srcnet-policy" if ours else "somebody"
    return ("testing", name, number, account, ours, copies, "x=y", "", "OK", None, ok, of)


def written(folder: Path, source: Source = Source.READING, **tables: list[Row]) -> Snapshot:
    with writing(folder, "here", AT, source) as writer:
        for table, rows in tables.items():
            writer.add(table, rows)
    return open_snapshot(folder)


def rows_of(snapshot: Snapshot, table: str) -> list[dict[str, object]]:
    with DuckDb() as engine:
        open_tables(engine, snapshot)
        return engine.ask(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4")


def held(snapshot: Snapshot, federation: Federation, at: datetime = AT) -> Holdings:
    with DuckDb() as engine:
        open_tables(engine, snapshot)
        return holdings(engine, snapshot, federation, at)


@pytest.fixture
def federation(real: Compiled) -> Federation:
    assert real.federation is not None
    return real.federation


# ── writing ───────────────────────────────────────────────────────────────────────────────────


def test_a_snapshot_reads_back_as_it_was_written(tmp_path: Path):
    odd = "'\"\\,\t|Å\N{PILE OF POO}"
    made = datetime(2026, 1, 31, 23, 59, 59, 123456)
    snapshot = written(
        tmp_path / "there",
        collections=[("testing", odd, "p", None, "", made, False, None, 10**18)],
        held=[("testing", odd, "RSE", 3, 10**18)],
    )
    (found,) = rows_of(snapshot, "collections")
    assert found == {
        "id": 1, "scope": "testing", "name": odd, "product": "p", "telescope": None,
        "campaign": "", "created": made, "closed": False, "files": None, "bytes": 10**18,
    }  # fmt: skip
    (copy,) = rows_of(snapshot, "copies")
    assert (copy["collection"], copy["whole"], copy["locked"]) == (1, True, False)
    assert snapshot.counts == {"collections": 1, "rules": 0, "copies": 1}
    assert sorted(each.name for each in tmp_path.iterdir()) == ["there"]
    assert {each.name for each in snapshot.folder.iterdir()} == {
        "snapshot.json",
        *(f"{table}.parquet" for table in TABLES),
    }


def test_what_breaks_off_leaves_the_snapshot_that_was_there(tmp_path: Path):
    before = written(tmp_path / "there", collections=[collection("one")])

    def broken() -> None:
        with writing(before.folder, "here", AT, Source.READING) as writer:
            writer.add("collections", [collection("two")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert [row["name"] for row in rows_of(open_snapshot(before.folder), "collections")] == ["one"]
    assert [each.name for each in tmp_path.iterdir()] == ["there"]


def test_a_writer_stopped_between_its_last_two_steps_has_lost_nothing(tmp_path: Path):
    before = written(tmp_path / "there", collections=[collection("one")])
    before.folder.rename(former_of(before.folder))
    assert open_snapshot(before.folder).counts == before.counts


def test_a_folder_of_somebody_else_is_not_written_over(tmp_path: Path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "thesis.tex").write_text("all of it")
    with pytest.raises(CatalogueError, match="no snapshot"):
        written(tmp_path / "there", collections=[collection("one")])
    assert (tmp_path / "there" / "thesis.tex").read_text() == "all of it"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "cannot be read"),
        ("[]", "does not say"),
        ('{"version": 99}', "has version 99"),
        ('{"version": 1, "instance": "x"}', "does not say"),
    ],
)
def test_a_snapshot_that_is_none_is_refused(tmp_path: Path, content: str, words: str):
    (tmp_path / "snapshot.json").write_text(content)
    with pytest.raises(CatalogueError, match=words):
        open_snapshot(tmp_path)


def test_a_snapshot_without_one_of_its_tables_is_refused(tmp_path: Path):
    snapshot = written(tmp_path / "there", collections=[collection("one")])
    snapshot.file("rules").unlink()
    with pytest.raises(CatalogueError, match=r"has no `rules\.parquet`"):
        open_snapshot(snapshot.folder)


# ── what is locked ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("rules", "places", "locked"),
    [
        ([rule("d", "r", ok=10, of=10)], ["A"], 10),
        ([rule("d", "r", copies=2, ok=20, of=20)], ["A", "B"], 10),
        ([rule("d", "r", ok=9, of=10)], ["A"], 0),  # still on its way
        ([rule("d", "r", ok=0, of=0)], ["A"], 0),  # OK, and of nothing
        ([rule("d", "r", ok=6, of=6)], ["A"], 6),  # files were attached since
        ([rule("d", "r", ours=False, ok=10, of=10)], ["A"], 0),
        ([rule("d", "r", ok=10, of=10)], ["A", "B"], 0),  # one copy, on two places together
        ([(*rule("d", "r", ok=10, of=10)[:9], AT, 10, 10)], ["A"], 0),  # it will end
        ([], ["A"], 0),  # a lock of a rule that is gone
    ],
)
def test_what_is_locked_is_never_said_to_be_more(
    tmp_path: Path, rules: list[Row], places: list[str], locked: int
):
    snapshot = written(
        tmp_path / "there",
        collections=[collection("d")],
        rules=rules,
        held=[("testing", "d", "A", 10, 1000)],
        locks=[("testing", "d", rse, "r") for rse in places],
    )
    (copy,) = rows_of(snapshot, "copies")
    assert copy["whole"] is True
    assert copy["locked_files"] == locked
    assert copy["locked"] is (locked == 10)


# ── which copies are of use ───────────────────────────────────────────────────────────────────


def brute(phase: Phase, there: list[StorageArea]) -> int:
    """As many copies as can be given an area each: every order is tried."""
    wanted = [copies.tier for copies in phase.copies for _ in range(copies.count)]
    best = 0
    for chosen in permutations([*there, *([None] * len(wanted))], len(wanted)):
        given = [
            (tier, area) for tier, area in zip(wanted, chosen, strict=True) if area is not None
        ]
        domains = [
            {"region": area.region, "site": area.site, "area": area.name}[phase.apart]
            for _, area in given
        ]
        right = all(area.tier == tier and area.counts for tier, area in given)
        if right and None not in domains and len(set(domains)) == len(domains):
            best = max(best, len(given))
    return best


@given(st.data())
def test_as_many_copies_are_of_use_as_can_be(real: Compiled, data: st.DataObject):
    assert real.federation is not None
    areas = sorted(real.federation.areas.values(), key=lambda area: area.name)
    tiers = sorted({area.tier for area in areas})
    there = data.draw(st.lists(st.sampled_from(areas), max_size=4, unique_by=lambda a: a.name))
    counts = data.draw(st.dictionaries(st.sampled_from(tiers), st.integers(1, 2), min_size=1))
    origin = real.federation.origin
    phase = Phase(
        "some",
        None,
        data.draw(st.sampled_from(["region", "site", "area"])),
        tuple(Copies(n, TierName(tier), origin) for tier, n in list(counts.items())[:2]),
        origin,
    )
    useful = kept(phase, there)
    assert len(useful) == brute(phase, there)
    assert {area.name for area in useful} <= {area.name for area in there}
    assert len(missing(phase, useful)) == phase.count - len(useful)


# ── what a snapshot holds ─────────────────────────────────────────────────────────────────────


def of_tier(federation: Federation, tier: str) -> list[StorageArea]:
    """One area of the tier in each region."""
    found: dict[str, StorageArea] = {}
    for area in federation.areas.values():
        if area.tier == tier and area.counts and area.region is not None:
            found.setdefault(area.region, area)
    return list(found.values())


def test_collections_are_told_apart_by_policy_phase_and_what_they_lack(
    tmp_path: Path, federation: Federation
):
    one, other, *_ = of_tier(federation, "online")
    kinds = {"two": [one, other], "single": [one], "none": [], "same": [one, one]}
    rules = []
    locks = []
    for name, areas in kinds.items():
        for area in {area.name: area for area in areas}.values():
            number = f"{name}-{area.name}"
            rules.append(rule(name, number, ok=10, of=10))
            locks.append(("testing", name, area.name_today, number))
    snapshot = written(
        tmp_path / "there",
        collections=[
            *(collection(name) for name in kinds),
            ("nobodys", "it", None, None, None, AT, True, 1, 5),
        ],
        rules=rules,
        locks=locks,
        held=[("testing", lock[1], lock[2], 10, 1000) for lock in locks]
        + [("testing", "none", "NOWHERE", 10, 1000)],
    )
    found = held(snapshot, federation)
    assert found.phases == {
        ("v01-campaign", "kept"): Amount(4, 40, 4000),
        (None, None): Amount(1, 1, 5),
    }
    assert found.total == Amount(5, 41, 4005)
    assert [(lack.tiers, lack.amount, lack.example) for lack in found.lacks] == [
        (("online",), Amount(2, 20, 2000), "testing:same"),
        (("online", "online"), Amount(1, 10, 1000), "testing:none"),
    ]
    by_rse = {on.rse: (on.area, on.amount.collections, on.locked) for on in found.areas}
    assert by_rse == {
        one.name_today: (one.name, 3, 3),
        other.name_today: (other.name, 1, 1),
        "NOWHERE": (None, 1, 0),
    }
    assert found.years == {
        ("v01-campaign", 2026): Amount(4, 40, 4000),
        (None, 2026): Amount(1, 1, 5),
    }


@pytest.mark.parametrize(
    ("created", "phase"),
    [
        (datetime(2026, 11, 21, 12), "fresh"),
        (datetime(2025, 11, 23), "fresh"),
        (datetime(2025, 11, 22, 23, 59, 59), "archive"),
        (datetime(1999, 1, 1), "archive"),
    ],
)
def test_phases_begin_on_their_day(
    tmp_path: Path, federation: Federation, created: datetime, phase: str
):
    row = ("advanced", "d", "advanced", None, None, created, True, 1, 5)
    found = held(written(tmp_path / "there", collections=[row]), federation)
    assert found.phases == {("advanced-data-products", phase): Amount(1, 1, 5)}
    policy = federation.policies[PolicyName("advanced-data-products")]
    assert phase_at(policy, created, AT).name == phase


# ── forecasts ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("year", [2027, 2030, 2033])
def test_a_forecast_comes_to_what_the_policies_expect(
    real: Compiled, federation: Federation, tmp_path: Path, year: int
):
    assert real.analysis is not None
    with writing(tmp_path / "there", "here", datetime(year + 1, 1, 1), Source.FORECAST) as writer:
        for table, row in forecast(federation, real.analysis, year):
            writer.add(table, [row])
    snapshot = open_snapshot(tmp_path / "there")
    found = held(snapshot, federation, snapshot.taken)
    for policy in federation.policies.values():
        arrived = sum(
            (
                volume.rate.bytes_per_year if volume.rate else Fraction(volume.amount or 0)
                for each in range(2026, year + 1)
                for volume in [v for v in policy.volumes if v.year <= each][-1:]
                if volume.rate or volume.year == each
            ),
            Fraction(0),
        )
        there = sum((a for (p, _), a in found.phases.items() if p == policy.name), Amount())
        assert there.bytes == arrived
    expected: dict[str, Fraction] = defaultdict(Fraction)
    for load in loads(federation, real.analysis.placements):
        if load.year == year:
            expected[load.area] += load.expected
    for on in found.areas:
        assert on.area is not None
        share = expected[on.area] / sum(expected.values())
        assert abs(Fraction(on.amount.bytes) / sum(expected.values()) - share) < Fraction(3, 100)


# ── dumps ─────────────────────────────────────────────────────────────────────────────────────

BY_RSE = (
    "{rse}\ttesting\td-01\t1000\t2026-02-01 10:00:00\t2026-02-02 10:00:00\t\tA\n"
    "{rse}\ttesting\td-02\t500\t2026-03-01T10:00:00\t2026-03-02 10:00:00\t\tU\n"
)
COMPLETE = (
    "{rse}\ttesting\td-01\troot\t900\t2026-01-01 10:00:00.123\t\n"
    "{rse}\ttesting\td-03\troot\t\t2026-01-01 10:00:00\t\tA\n"
)


@pytest.mark.parametrize("packed", [None, gzip.compress, bz2.compress])
def test_dumps_of_both_forms_are_read_packed_or_not(
    tmp_path: Path, federation: Federation, packed: object
):
    one, other, *_ = of_tier(federation, "online")
    files = [tmp_path / "one", tmp_path / "other"]
    for file, form, area in zip(files, (BY_RSE, COMPLETE), (one, other), strict=True):
        text = form.format(rse=area.name_today).encode()
        file.write_bytes(packed(text) if callable(packed) else text)
    with writing(tmp_path / "there", "here", AT, Source.DUMP) as writer:
        for table, rows in read_dumps(files):
            writer.add(table, rows)
    snapshot = open_snapshot(tmp_path / "there")
    (row,) = rows_of(snapshot, "collections")
    assert (row["name"], row["files"], row["bytes"]) == ("d-01", None, 1000)
    assert row["created"] == datetime(2026, 1, 1, 10, 0, 0, 123000)
    assert [(c["rse"], c["whole"]) for c in rows_of(snapshot, "copies")] == sorted(
        [(one.name_today, True), (other.name_today, False)]
    )
    (lack,) = held(snapshot, federation).lacks
    assert (lack.tiers, lack.amount) == (("online",), Amount(1, None, 1000))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"what\tis\tthis\n", ":1` is no line of a dump of data sets: it has 3 fields"),
        (b"R\ts\tn\t1\tyesterday\t\t\tA\n", "`yesterday` is no time"),
        (b"R\ts\tn\troot\tmany\t2026-01-01\t\n", "`many` is no number of bytes"),
        (b"\x1f\x8bno", "cannot be read"),
        (b"\xff\xfe\xfd", "cannot be read"),
    ],
)
def test_a_line_that_is_no_dumps_is_said_with_its_place(tmp_path: Path, content: bytes, words: str):
    (tmp_path / "dump").write_bytes(content)
    with pytest.raises(CatalogueError) as said:
        list(read_dumps([tmp_path / "dump"]))
    assert words in str(said.value)
    assert str(tmp_path / "dump") in str(said.value)


# ── at the keyboard ───────────────────────────────────────────────────────────────────────────


def test_a_forecast_is_taken_and_shown(tmp_path: Path):
    place = tmp_path / "f"
    today = {"SRCNET_CATALOGUE_TODAY": str(TODAY), "SRCNET_CATALOGUE_CATALOGUE": str(place)}
    done = srcnet("catalogue", "snapshot", "--forecast", "2030", cwd=REAL, env=today)
    assert done.code == 0, done
    assert "a forecast for srcnet" in done.out
    shown = srcnet("catalogue", "show", cwd=REAL, env=today)
    assert shown.code == 0, shown
    assert "observatory-data-products (draft)  fresh" in shown.out
    assert "missing 1 on nearline" in shown.out
    assert "policies/data/observatory-data-products.yaml:24:7" in shown.out
    later_on = srcnet(
        "catalogue", "show", "--at", "2035-01-01", "--format", "json", cwd=REAL, env=today
    )
    data = json.loads(later_on.out)
    assert data["formatVersion"] == 1
    assert data["snapshot"]["source"] == "forecast"
    assert {phase["phase"]: phase["bytes"] for phase in data["phases"]} == {
        "archive": 390 * 10**15,
        "kept": 150 * 10**12,
    }


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["show", "--catalogue", "nowhere"], 74, "there is no snapshot of a catalogue in"),
        (["snapshot", "--forecast", "1990"], 64, "name a year from 2026 to"),
        (["snapshot", "--forecast", "2030", "--dump", "x"], 64, "two sources"),
        (["snapshot", "--forecast", "2030", "--catalogue", "policies/x"], 74, "only specs belong"),
        (["snapshot", "--dump", "nothing"], 74, "`nothing` cannot be read: No such file"),
        (["snapshot"], 77, "credentials"),
    ],
)
def test_what_goes_wrong_is_said_with_what_to_type(args: list[str], code: int, words: str):
    done = srcnet("catalogue", *args, "--today", str(TODAY), cwd=REAL)
    assert done.code == code, done
    assert words in done.err
    assert not (REAL / ".srcnet" / "catalogue").exists()


def test_the_areas_of_a_federation_have_each_name_that_the_catalogue_may_know(
    federation: Federation,
):
    known = places(federation)
    assert all(known.by_name[a.name_today] is a for a in federation.areas.values())
    assert known.of((0b101, 0, 0, 0)) == (known.numbered[0], known.numbered[2])


# ── data that end ─────────────────────────────────────────────────────────────────────────────

KEPT = "phases: [{name: kept, apart: site, copies: [{count: 2, tier: online}]}]"
ENDS = KEPT.replace("kept,", "kept, until: 90 d, then: no copy is kept,")


def ending() -> Compiled:
    """The golden federation, whose project products end at the age of 90 days."""
    path = "policies/data/others.yaml"
    files = texts(GOLDEN)
    assert files[path].count(KEPT) == 1
    rate = "[{from: 2026, rate: 50 TB/yr}]"
    text = files[path].replace(KEPT, ENDS).replace("[{from: 2026, amount: 50 TB}]", rate, 1)
    return compile_texts({**files, path: text}, TODAY)


def test_what_has_ended_is_told_apart_and_lacks_nothing(tmp_path: Path):
    compiled = ending()
    assert compiled.federation is not None
    made = [AT - timedelta(days=days) for days in (0, 89, 90, 400)]
    rows = [
        ("project", f"d-{n}", "project", "LOW", None, created, True, 1, 5)
        for n, created in enumerate(made)
    ]
    found = held(written(tmp_path / "there", collections=rows), compiled.federation)
    key = "project-products"
    assert found.phases == {(key, "kept"): Amount(2, 2, 10), (key, None): Amount(2, 2, 10)}
    assert [lack.amount for lack in found.lacks] == [Amount(2, 2, 10)]
    policy = compiled.federation.policies[PolicyName(key)]
    phases = [phase_at(policy, created, AT) for created in made]
    assert [phase and phase.name for phase in phases] == ["kept", "kept", None, None]


def test_a_forecast_lets_go_of_what_has_ended(tmp_path: Path):
    compiled = ending()
    assert compiled.federation is not None
    assert compiled.analysis is not None
    for year in (2027, 2029):
        found = list(forecast(compiled.federation, compiled.analysis, year))
        there = [row for table, row in found if table == "collections" and row[0] == "project"]
        assert {row[5].year for row in there} == {year}
        assert sum(row[8] for row in there) == 50 * 10**12 // 4  # three months of twelve
        copies = [row for table, row in found if table == "held" and row[0] == "project"]
        assert len(copies) == 2 * len(there)

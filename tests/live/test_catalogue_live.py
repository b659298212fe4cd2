"""A snapshot of a real Rucio: everything that is there, and nothing but that."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cli_runner import srcnet
from meddler import meddling
from policy_cases import Area, Case
from rucio_daemons import Daemons
from rucio_data import add_datasets, put_files

from srcnet_compiler.catalogue.engine import DuckDb, open_tables
from srcnet_compiler.catalogue.reading import open_snapshot
from srcnet_compiler.demo.rucio_server import RucioServer

pytestmark = pytest.mark.live("rucio")

SIZE = 64
"""Bytes of a file."""


@pytest.fixture
def case(rucio: RucioServer, daemons: Daemons, tmp_path: Path) -> Case:
    """On each database."""
    return Case(rucio, daemons, tmp_path)


def taken(case: Case) -> dict[str, list[dict[str, Any]]]:
    """The tables of a snapshot, as somebody takes it at the keyboard."""
    case.compile()
    specs = case.folder / "specs"
    done = srcnet("catalogue", "snapshot", cwd=specs)
    assert done.code == 0, done
    with DuckDb() as engine:
        open_tables(engine, open_snapshot(specs / ".srcnet" / "catalogue"))
        return {
            table: engine.ask(f"SELECT * FROM {table} ORDER BY name")
            for table in ("collections", "rules", "copies")
        }


def locked(tables: dict[str, list[dict[str, Any]]]) -> Counter[str]:
    """By collection, how many copies of it stay."""
    return Counter(copy["name"] for copy in tables["copies"] if copy["locked"])


def shown(case: Case) -> dict[str, Any]:
    done = srcnet("catalogue", "show", "--format", "json", cwd=case.folder / "specs")
    assert done.code == 0, done
    data: dict[str, Any] = json.loads(done.out)
    return data


def test_a_snapshot_has_what_is_there_as_an_observer_of_the_tables_sees_it(case: Case):
    case.describe(Area("CH", "20 TB"), Area("JP", "9 TB"), Area("CH", use="INGEST"), ingest="CH")
    case.bootstrap()
    case.converge()
    client, scope, ingest = case.client, case.scope, case.rse("CH", "INGEST")
    case.arrive(ingest, scope, ["kept-01", "kept-02"], files=3)
    case.daemons.run("transmogrifier")
    case.settle(scope, ["kept-01", "kept-02"])
    files = put_files(client, ingest, scope, ["late.0", "late.1"])
    add_datasets(client, scope, {"open-03": files, "empty-04": []}, closed=False)
    client.set_local_account_limit("root", case.rse("JP"), -1)
    client.add_replication_rule([{"scope": scope, "name": "open-03"}], 1, case.rse("JP"))
    client.add_scope("root", f"{case.tag}-else")
    other = put_files(client, ingest, f"{case.tag}-else", ["theirs.0"])
    add_datasets(client, f"{case.tag}-else", {"theirs-05": other})

    tables = taken(case)

    assert [(c["name"], c["closed"], c["files"], c["bytes"]) for c in tables["collections"]] == [
        ("empty-04", False, 0, 0),
        ("kept-01", True, 3, 3 * SIZE),
        ("kept-02", True, 3, 3 * SIZE),
        ("open-03", False, 2, 2 * SIZE),
    ]
    # the server has not counted yet, so that files were looked at
    whole = {(c["name"], c["rse"]) for c in tables["copies"] if c["whole"]}
    everywhere = {case.rse("CH"), case.rse("JP"), ingest}
    assert whole == {
        *((name, rse) for name in ("kept-01", "kept-02") for rse in everywhere),
        ("open-03", ingest),
    }
    observed = {name: copies for name, (copies, _) in case.held(scope).items()}
    at_ingest = Counter(c["name"] for c in tables["copies"] if c["locked"] and c["rse"] == ingest)
    counted = locked(tables) - at_ingest  # the observer counts no ingest area
    assert {name: counted[name] for name in observed} == observed
    assert observed == {"kept-01": 2, "kept-02": 2, "open-03": 0}
    ours = {(r["name"], r["ours"]) for r in tables["rules"]}
    assert ours == {("kept-01", True), ("kept-02", True), ("open-03", False)}
    ids = {row["id"] for name in ("kept-01", "kept-02") for row in case.rules(scope, name)}
    assert {r["id"] for r in tables["rules"] if r["ours"]} == ids

    lacking = shown(case)["lacking"]
    assert [(each["example"], each["missing"]) for each in lacking] == [
        (f"{scope}:empty-04", ["online", "online"])
    ]
    case.daemons.run("abacus-collection-replica")
    assert taken(case) == tables
    for name in ("kept-01", "open-03"):
        asked = ("where", f"{scope}:{name}", "--format", "json")
        ways = [srcnet(*asked, *more, cwd=case.folder / "specs") for more in ((), ("--live",))]
        assert [way.code for way in ways] == [0, 0], ways
        snapshot, alone = (json.loads(way.out) for way in ways)
        for each in (snapshot, alone):
            del each["asOf"], each["digest"]  # one holds all collections, the other this one
        assert snapshot == alone
    gone = srcnet("where", f"{scope}:nothing", "--live", cwd=case.folder / "specs")
    assert gone.code == 1, gone
    assert "in the catalogue" in gone.err


def test_what_is_stuck_ending_or_split_is_not_taken_for_kept(case: Case):
    case.describe(Area("CH", "20 TB"), Area("JP", "9 TB"))
    case.bootstrap()
    case.converge()
    client, scope, ch = case.client, case.scope, case.rse("CH")
    names = ["ending-01", "stuck-02", "whole-03"]
    case.arrive(ch, scope, names, files=2)
    case.daemons.run("transmogrifier")
    case.settle(scope, ["ending-01", "whole-03"])
    client.delete_distance(ch, case.rse("JP"))
    case.arrive(ch, scope, ["stuck-04"], files=2)
    case.daemons.run("transmogrifier", "evaluator")
    (first, _) = case.rules(scope, "ending-01")
    client.update_replication_rule(first["id"], {"lifetime": 86_400})
    case.daemons.run("abacus-collection-replica")

    tables = taken(case)

    assert {name: locked(tables)[name] for name in (*names, "stuck-04")} == {
        "ending-01": 1,
        "stuck-02": 2,
        "whole-03": 2,
        "stuck-04": 1,
    }
    lacking = {each["example"]: each for each in shown(case)["lacking"]}
    assert list(lacking) == [f"{scope}:ending-01"]
    assert lacking[f"{scope}:ending-01"]["collections"] == 2
    ended = {r["name"] for r in tables["rules"] if r["expires"] is not None}
    assert ended == {"ending-01"}


def test_a_server_that_goes_away_costs_only_what_was_not_there_yet(case: Case):
    case.describe(Area("CH", "20 TB"), Area("JP", "9 TB"))
    case.bootstrap()
    case.converge()
    names = ["one-01", "two-02", "three-03"]
    case.arrive(case.rse("CH"), case.scope, names)
    case.daemons.run("transmogrifier")
    case.settle(case.scope, names)
    undisturbed = taken(case)
    with meddling(case.server.url) as meddler:
        rucio = case.documents["policies/federation.yaml"]["spec"]["rucio"]
        rucio.update(server=meddler.url, auth=meddler.url)
        case.compile()
        specs = case.folder / "specs"
        meddler.meddle = lambda handler: (
            "/rules" in handler.path and handler.say(500, b"Internal Server Error")
        )
        stopped = srcnet("catalogue", "snapshot", cwd=specs)
        assert stopped.code == 69, stopped
        assert open_snapshot(specs / ".srcnet" / "catalogue").counts["rules"] == 6  # as it was
        meddler.meddle = lambda handler: False
        meddler.paths.clear()
        done = srcnet("catalogue", "snapshot", cwd=specs)
        assert done.code == 0, done
        assert "goes on after 3 collections that are there already" in done.err
        assert not [path for path in meddler.paths if "bulkmeta" in path]
        with DuckDb() as engine:
            open_tables(engine, open_snapshot(specs / ".srcnet" / "catalogue"))
            for table, rows in undisturbed.items():
                assert engine.ask(f"SELECT * FROM {table} ORDER BY name") == rows

"""Every figure of a report says which lines of the specs, and which data, it rests on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_runner import srcnet
from specs import REAL, TODAY, repository, texts

from srcnet_compiler.catalogue.identity import digest_of
from srcnet_compiler.catalogue.reading import open_snapshot

COMMANDS = ("CATALOGUE", "DIFF", "WHAT_IF", "WHERE", "FEASIBILITY")
DAYS = {f"SRCNET_{name}_TODAY": str(TODAY) for name in COMMANDS}
POLICY, CANADA = "policies/data/v01-campaign.yaml", "site-specs/cansrc-uvic.yaml"
HELD = "testing:v01-campaign.2026-01.00"

OWN = {
    "place",
    "places",
    "base",
    "head",
    "askedBy",
    "copiesPlace",
    "basePlaces",
    "origin",
    "labels",
}
"""Where a report says what something rests on."""
PARTS = {"bottlenecks", "needs", "there"}
"""What a sum is made of, each with its places; they are walked over as well."""
OF_DATA = {"copies", "rules", "created", "files", "collections", "locks", "locksOk"}
"""What the snapshot says by itself."""
NO_FIGURES = {
    "formatVersion", "tool", "line", "column", "endLine", "endColumn", "year", "years", "days",
    "effects", "edits", "causes", "conditions", "kinds", "changed", "orders", "drains",
}  # fmt: skip
"""Numbers that count parts of the report, or say when."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real specs with one more copy, one uplink, and what there will be by the end of 2026."""
    root = tmp_path_factory.mktemp("traced") / "specs"
    for name, text in texts(REAL).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    repository(root)
    taken = srcnet("catalogue", "snapshot", "--forecast", "2026", cwd=root, env=DAYS)
    assert taken.code == 0, taken
    for name, old, new in (
        (POLICY, "count: 2", "count: 3"),
        (CANADA, "  country: CA\n", "  country: CA\n  network: {srcnet: 1 Gbit/s}\n"),
    ):
        path = root / name
        assert old in path.read_text("utf-8")
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    return root


def asked(folder: Path, *words: str) -> str:
    done = srcnet(*words, cwd=folder, env=DAYS)
    assert done.code in (0, 1), done
    return done.out


DIFF = ("diff", "main", "--catalogue", ".srcnet/catalogue")
REPORTS = {
    "movement": (*DIFF,),
    "policy page": (*DIFF, "--policy"),
    "site page": (*DIFF, "--site", "CANSRC-UVIC"),
    "what-if": ("what-if", "--lose", "CNSRC-SHAO"),
    "where": ("where", HELD),
    "feasibility": ("feasibility",),
}


def untraced(data: Any, way: str = "", known: bool = False) -> Iterator[str]:
    """The figures beside which, and above which, no place is named."""
    if isinstance(data, dict):
        here = known or any(_names_a_place(data[key]) for key in OWN & data.keys())
        here = here or any(_all_traced(data[key]) for key in PARTS & data.keys())
        for key, value in data.items():
            if key not in NO_FIGURES and key not in OWN:
                yield from untraced(value, f"{way}.{key}", here or key in OF_DATA)
    elif isinstance(data, list):
        for value in data:
            yield from untraced(value, f"{way}[]", known)
    elif isinstance(data, int | float) and not isinstance(data, bool) and data and not known:
        yield way


def _all_traced(parts: Any) -> bool:
    return isinstance(parts, list) and bool(parts) and not [*untraced(parts)]


def _names_a_place(value: Any) -> bool:
    if isinstance(value, dict):
        if "place" in value:
            return _names_a_place(value["place"])
        return bool(value) and ("file" in value or any(map(_names_a_place, value.values())))
    if isinstance(value, list):
        return bool(value) and all(map(_names_a_place, value))
    return isinstance(value, str) and re.search(r"\.yaml:[0-9]+:[0-9]+$", value) is not None


@pytest.mark.parametrize("report", REPORTS)
def test_no_figure_is_without_the_lines_that_it_rests_on(folder: Path, report: str):
    data = json.loads(asked(folder, *REPORTS[report], "--format", "json"))
    part = data["movement"] if "page" in data else data
    assert sorted(set(untraced(part))) == []


def test_the_walk_finds_what_has_no_place():
    assert [*untraced({"a": {"bytes": 3}})] == [".a.bytes"]
    assert [*untraced({"a": {"bytes": 3, "places": []}})] == [".a.bytes"]
    assert [*untraced({"a": {"bytes": 3, "place": "site-specs/a.yaml:1:2"}})] == []
    assert [*untraced({"place": None, "a": [{"bytes": 0}, {"bytes": 1.5}]})] == [".a[].bytes"]


@pytest.mark.parametrize("report", [name for name in REPORTS if name != "feasibility"])
def test_every_report_on_data_says_which_snapshot(folder: Path, report: str):
    snapshot = open_snapshot(folder / ".srcnet/catalogue")
    digest = digest_of(snapshot)
    data = json.loads(asked(folder, *REPORTS[report], "--format", "json"))
    part = data["movement"] if "page" in data else data
    assert (part["digest"], part["instance"], part["source"]) == (digest, "srcnet", "forecast")
    assert (part.get("at") or part["asOf"]) == snapshot.taken.isoformat()
    forms = ["text", *(["markdown", "html"] if "page" in data else [])]
    for form in forms:
        said = asked(folder, *REPORTS[report], "--format", form)
        assert f"forecast of srcnet at 2027-01-01 00:00 UTC, {digest}" in said, form


@pytest.mark.parametrize("report", ["movement", "policy page"])
@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_every_reader_is_shown_the_lines(folder: Path, report: str, form: str):
    said = asked(folder, *REPORTS[report], "--format", form)
    assert f"asked for at {POLICY}:17:15" in said
    assert f"10 days at 1 Gbit/s, until 2027-01-11   {CANADA}:9:21" in said


def test_another_snapshot_has_another_digest(folder: Path, tmp_path: Path):
    place = str(tmp_path / "other")
    words = ("catalogue", "snapshot", "--forecast", "2027", "--catalogue", place)
    assert srcnet(*words, cwd=folder, env=DAYS).code == 0
    here = open_snapshot(folder / ".srcnet/catalogue")
    assert digest_of(open_snapshot(tmp_path / "other")) != digest_of(here)
    assert digest_of(here) == digest_of(here)

"""The ledger asked: who changed what when, which spec line said so, what stood at a day."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cli_runner import golden_specs, srcnet

from srcnet_compiler.apply.history import events, standing
from srcnet_compiler.apply.ledger import ANNOUNCED, RUN, Ledger
from srcnet_compiler.apply.shared import open_shared
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, Json
from srcnet_compiler.span import Span

BEFORE_FACTS = """
CREATE TABLE entry (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL, run TEXT NOT NULL, plan TEXT NOT NULL,
  change TEXT NOT NULL, address TEXT NOT NULL, action TEXT NOT NULL,
  status TEXT NOT NULL, text TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL
);
INSERT INTO entry VALUES (1, '2026-01-01T00:00:00+00:00', 'r0', 'p0', 'c0',
  'rucio/golden/scope/old', 'create', 'done', '', 'null', 'null');
"""


def a_change(
    kind: str, name: str, action: Action, *fields: tuple[str, Json, Json], file: str, line: int
) -> Change:
    place = Span(file, line, 5, line, 9)
    made = tuple(FieldChange(*each, origin=place) for each in fields)
    return Change(Address("rucio", "golden", kind, name), action, made, Impact.ADDITIVE)


def limit(before: int | None, after: int, line: int) -> Change:
    action = Action.CREATE if before is None else Action.UPDATE
    field = ("limit.MaxSpaceAvailable", before, after)
    return a_change("rse", "NORTH", action, field, file="site-specs/north.yaml", line=line)


def scope(name: str, action: Action = Action.CREATE, *fields: tuple[str, Json, Json]) -> Change:
    said = fields or (("account", None, "root"),)
    return a_change("scope", name, action, *said, file="policies/federation.yaml", line=3)


def tell(ledger: Ledger) -> None:
    """Three runs: one signed, one that was killed, one that ended what that had begun."""
    facts: Json = {
        "by": "srcnet apply on ci-1",
        "commit": "c0ffee" * 6,
        "signers": [{"name": "Ada", "keyId": "00"}],
    }
    first = {"at": "2026-03-01T10:00:00+00:00", "run": "r1", "plan": "aaaaaaaaaaaabbbb"}
    ledger.begin(**first, facts=facts)
    for change in (limit(None, 10**15, 9), scope("a"), scope("b")):
        ledger.write(change, "intent", **first)
        ledger.write(change, "done", **first)
    ledger.write(scope("c"), "failed", text="no \x1b[31mright", **first)
    second = {"at": "2026-04-01T10:00:00+00:00", "run": "r2", "plan": "ccccccccccccdddd"}
    ledger.begin(**second, facts={**facts, "commit": None, "signers": []})
    changes = (
        limit(10**15, 2 * 10**15, 11),
        scope("b2", Action.RENAME, ("name", "b", "b2")),
        scope("a", Action.RETIRE, ("closed", False, True)),
    )
    for change in changes:
        ledger.write(change, ANNOUNCED, **second)
    third = {**second, "at": "2026-04-01T12:00:00+00:00", "run": "r3"}
    ledger.begin(**third, facts={"by": "srcnet apply on ci-2", "signers": []}, status=RUN)
    for change in changes:
        ledger.write(change, ANNOUNCED, **third)
        ledger.write(change, "already", **third)
    last = {"at": "2026-05-01T10:00:00+00:00", "run": "r4", "plan": "ccccccccccccdddd"}
    ledger.begin(**last)
    for change in changes:
        ledger.write(change, "already", **last)


@pytest.fixture(params=["directory", "git"])
def specs(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Specs from which was applied what is told above."""
    folder = golden_specs(tmp_path / "specs")
    if request.param == "directory":
        (folder / ".srcnet/state").mkdir(parents=True)
        with Ledger(StateStore(folder / ".srcnet/state").ledger_path) as ledger:
            tell(ledger)
    else:
        subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "state.git"], check=True)
        (folder / "srcnet.toml").write_text('state = "git:../state.git"\n')
        store = open_shared(tmp_path / "ci", "../state.git", "refs/srcnet/state")
        now = datetime(2026, 3, 1, tzinfo=UTC)
        with store.lock("ci", now, timedelta(hours=1)), Ledger(store.ledger_path) as ledger:
            tell(ledger)
    return folder


def test_each_change_is_told_with_who_and_what_and_which_line(specs: Path):
    ran = srcnet("history", cwd=specs)
    assert ran.code == 0, ran
    assert ran.out == (
        "2026-03-01 10:00 UTC  rucio/golden, by srcnet apply on ci-1, plan aaaaaaaaaaaa,"
        " commit c0ffeec0ffee, signed by Ada\n"
        "  + create rse NORTH  [additive]\n"
        "      limit.MaxSpaceAvailable: 1 PB   site-specs/north.yaml:9:5\n"
        "  + create scope a  [additive]\n"
        "      account: root   policies/federation.yaml:3:5\n"
        "  + create scope b  [additive]\n"
        "      account: root   policies/federation.yaml:3:5\n"
        "  failed: create scope c: no ␛[31mright\n"
        "2026-04-01 12:00 UTC  rucio/golden, by srcnet apply on ci-2, plan cccccccccccc\n"
        "  ~ update rse NORTH  [additive]\n"
        "      limit.MaxSpaceAvailable: 1 PB → 2 PB   site-specs/north.yaml:11:5\n"
        "  > rename scope b2  [additive]\n"
        "      name: b → b2   policies/federation.yaml:3:5\n"
        "  - retire scope a  [additive]\n"
        "      closed: false → true   policies/federation.yaml:3:5\n"
    )


def addresses(ran_out: str, key: str) -> list[str]:
    return [each["address"].removeprefix("rucio/golden/") for each in json.loads(ran_out)[key]]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("--site", "NORTH"), ["rse/NORTH", "rse/NORTH"]),
        (("--object", "scope/B"), ["scope/b", "scope/b2"]),
        (("--since", "2026-03-02"), ["rse/NORTH", "scope/b2", "scope/a"]),
        (("--site", "CHSRC-CSCS"), []),
    ],
)
def test_it_can_be_asked_for_less(specs: Path, asked: tuple[str, ...], told: list[str]):
    ran = srcnet("history", *asked, "--format", "json", cwd=specs)
    assert addresses(ran.out, "changes") == told


def test_what_stood_at_the_end_of_a_day(specs: Path):
    def at(day: str) -> list[str]:
        return addresses(
            srcnet("history", "--as-of", day, "--format", "json", cwd=specs).out, "objects"
        )

    assert at("2026-02-28") == []
    assert at("2026-03-01") == ["rse/NORTH", "scope/a", "scope/b"]
    assert at("2026-03-31") == ["rse/NORTH", "scope/a", "scope/b"]
    assert at("2026-04-01") == ["rse/NORTH", "scope/b2"]
    ran = srcnet("history", "--as-of", "2026-04-01", cwd=specs)
    assert ran.out == (
        "rucio/golden rse NORTH\n"
        "    limit.MaxSpaceAvailable: 2 PB   site-specs/north.yaml:11:5\n"
        "rucio/golden scope b2\n"
        "    account: root   policies/federation.yaml:3:5\n"
    )


@pytest.mark.parametrize("more", [(), ("--as-of", "2026-12-31")])
def test_a_site_that_there_is_not_is_said_with_the_nearest(specs: Path, more: tuple[str, ...]):
    ran = srcnet("history", "--site", "CHSRC-CSSC", *more, cwd=specs)
    assert (ran.code, ran.out) == (64, ""), ran
    assert "there is no site `CHSRC-CSSC`" in ran.err
    assert "did you mean `CHSRC-CSCS`?" in ran.err


def test_a_site_that_has_left_still_has_its_history(specs: Path):
    """What the journal tells of it stays, whatever the specs say today."""
    assert not (specs / "site-specs/north.yaml").exists()
    ran = srcnet("history", "--site", "north", cwd=specs)
    assert ran.code == 0, ran
    assert "create rse NORTH" in ran.out


def test_a_site_with_another_name_has_the_history_of_its_former_one(specs: Path):
    """For whoever asks by the new name; the journal has the former one."""
    (specs / "policies/moved.yaml").write_text(
        "kind: Moved\nspec: {site: SOUTH, from: NORTH, to: SOUTH}\n", "utf-8"
    )
    path = specs / "site-specs/chsrc-cscs.yaml"
    path.write_text(path.read_text("utf-8").replace("name: CHSRC-CSCS,", "name: SOUTH,"), "utf-8")
    ran = srcnet("history", "--site", "SOUTH", cwd=specs)
    assert ran.code == 0, ran
    assert "create rse NORTH" in ran.out


def test_a_folder_from_which_nothing_was_applied_has_no_history(tmp_path: Path):
    ran = srcnet("history", cwd=golden_specs(tmp_path / "specs"))
    assert (ran.code, ran.out) == (0, "nothing of that was changed from here\n")
    ran = srcnet("history", cwd=tmp_path)
    assert ran.code == 74


def test_a_ledger_from_before_there_were_facts_is_read_and_goes_on(tmp_path: Path):
    with sqlite3.connect(tmp_path / "l") as raw:
        raw.executescript(BEFORE_FACTS)
    raw.close()
    with Ledger(tmp_path / "l") as ledger:
        tell(ledger)
    with Ledger(tmp_path / "l") as ledger:
        lines = ledger.lines()
    first, *_ = events(lines)
    assert (first.change.address.name, first.origin.by) == ("old", None)
    assert [each.address.name for each in standing(lines)] == ["NORTH", "b2", "old"]


def test_an_object_that_was_renamed_stands_with_its_values_however_often_the_plan_is_run(
    tmp_path: Path,
):
    plan = {"at": "2026-03-01T10:00:00+00:00", "run": "r1", "plan": "aaaaaaaaaaaabbbb"}
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.write(scope("b"), "done", **plan)
        renamed = scope("b2", Action.RENAME, ("name", "b", "b2"))
        again = scope("b", Action.CREATE, ("account", None, "other"))
        for status in ("done", "already", "already"):
            ledger.write(renamed, status, **plan)
            ledger.write(again, status, **plan)
        there = {each.address.name: each.fields for each in standing(ledger.lines())}
    said = {name: {key: value for key, (value, _) in f.items()} for name, f in there.items()}
    assert said == {"b": {"account": "other"}, "b2": {"account": "root"}}


def test_what_is_made_anew_has_nothing_of_what_somebody_removed(tmp_path: Path):
    plan = {"at": "2026-03-01T10:00:00+00:00", "run": "r1", "plan": "aaaaaaaaaaaabbbb"}
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.write(scope("b", Action.CREATE, ("closed", None, True)), "done", **plan)
        later = {**plan, "at": "2026-04-01T10:00:00+00:00"}
        ledger.write(scope("b", Action.CREATE, ("account", None, "x")), "done", **later)
        (there,) = standing(ledger.lines())
    assert ({key: value for key, (value, _) in there.fields.items()}, there.since) == (
        {"account": "x"},
        later["at"],
    )

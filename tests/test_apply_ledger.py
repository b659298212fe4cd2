"""The ledger: append-only, durable, and able to say what is still open."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from srcnet_compiler.apply.ledger import ANNOUNCED, Ledger
from srcnet_compiler.apply.state import StateError
from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact


def change(name: str, action: Action = Action.CREATE) -> Change:
    fields = (FieldChange("value", None, name),)
    return Change(Address("rucio", "srcnet", "config", name), action, fields, Impact.ADDITIVE)


def write(ledger: Ledger, which: Change, *statuses: str, plan: str = "p1", at: str = "t") -> None:
    for status in statuses:
        ledger.write(which, status, at=at, run="r1", plan=plan, before=None, after={"a": [1]})


def test_what_is_final_counts_from_the_plans_last_beginning(tmp_path: Path):
    with Ledger(tmp_path / "l") as ledger:
        ledger.begin(at="t", run="r1", plan="p1")
        write(ledger, change("a/b"), "intent", "done")
        write(ledger, change("a/c"), "already")
        write(ledger, change("a/d"), "intent", "failed")
        write(ledger, change("a/e"), "intent")
        write(ledger, change("a/f"), "done", plan="p2")
        assert ledger.final("p1").keys() == {change("a/b").id, change("a/c").id}
        assert ledger.begun("p1") == {change(f"a/{n}").id for n in "bde"}
        ledger.begin(at="t", run="r2", plan="p1")
        assert ledger.final("p1") == {}
        assert ledger.final("p2").keys() == {change("a/f").id}


def test_an_intent_without_a_result_is_in_doubt_until_there_is_one(tmp_path: Path):
    with Ledger(tmp_path / "l") as ledger:
        write(ledger, change("a/b"), "intent")
        (doubt,) = ledger.in_doubt("p1")
        assert (doubt.change, doubt.address) == (change("a/b").id, "rucio/srcnet/config/a/b")
        write(ledger, change("a/b"), "already")
        assert ledger.in_doubt() == ()


def test_what_a_run_announced_and_is_not_heard_of_again_may_have_been_begun(tmp_path: Path):
    with Ledger(tmp_path / "l") as ledger:
        for name in "abc":
            write(ledger, change(name), ANNOUNCED)
        write(ledger, change("a"), "waiting")
        write(ledger, change("b"), "left")
        assert ledger.begun("p1") == {change("c").id}
        assert [line.change for line in ledger.in_doubt()] == [change("c").id]
        for status in (ANNOUNCED, "waiting"):  # another run, that found a reason to wait
            ledger.write(change("c"), status, at="t", run="r2", plan="p1")
        assert ledger.begun("p1") == {change("c").id}
        assert ledger.in_doubt() == ()
        assert ledger.final("p1") == {}


def test_what_a_killed_run_began_is_settled_by_a_later_plan_for_the_system(tmp_path: Path):
    """Runners plan anew: what the killed one had done is not in the new plan at all."""
    with Ledger(tmp_path / "l") as ledger:
        write(ledger, change("a"), "intent", "done", plan="p0")
        for name in "ab":
            write(ledger, change(name), ANNOUNCED, plan="p1")
        elsewhere = replace(change("e"), address=Address("slurm", "s", "qos", "e"))
        write(ledger, elsewhere, ANNOUNCED, plan="p1")
        assert len(ledger.in_doubt()) == 3
        write(ledger, change("c"), ANNOUNCED, plan="p2")
        assert len(ledger.in_doubt()) == 4
        write(ledger, change("c"), "done", plan="p2")
        assert [line.change for line in ledger.in_doubt()] == [elsewhere.id]


def test_waiting_is_counted_from_its_first_day_over_plans_and_ends_with_success(tmp_path: Path):
    which = change("a/b")
    with Ledger(tmp_path / "l") as ledger:
        assert ledger.waiting_since(which.id) is None
        write(ledger, which, "waiting", at="2026-03-01")
        write(ledger, which, "failed", at="2026-03-02")
        write(ledger, which, "waiting", at="2026-03-03", plan="p2")
        assert ledger.waiting_since(which.id) == "2026-03-01"
        write(ledger, which, "intent", "done", at="2026-03-04", plan="p2")
        assert ledger.waiting_since(which.id) is None
        write(ledger, which, "waiting", at="2026-03-05", plan="p3")
        assert ledger.waiting_since(which.id) == "2026-03-05"


def test_ours_is_what_we_made_adopted_or_renamed(tmp_path: Path):
    with Ledger(tmp_path / "l") as ledger:
        write(ledger, change("a/made"), "intent", "done")
        write(ledger, change("a/found", Action.ADOPT), "intent", "done")
        write(ledger, change("a/moved", Action.RENAME), "already")
        write(ledger, change("a/failed"), "intent", "failed")
        write(ledger, change("a/updated", Action.UPDATE), "intent", "done")
        assert {each.name for each in ledger.ours()} == {"a/made", "a/found", "a/moved"}


def test_a_line_can_be_neither_changed_nor_removed(tmp_path: Path):
    with Ledger(tmp_path / "l") as ledger:
        write(ledger, change("a/b"), "intent")
        with sqlite3.connect(tmp_path / "l") as raw:
            for statement in ("UPDATE entry SET status = 'done'", "DELETE FROM entry"):
                with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                    raw.execute(statement)
        raw.close()
        assert len(ledger.lines()) == 1


def test_a_line_is_there_after_the_writer_was_killed(tmp_path: Path):
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "sys.path.insert(0, sys.argv[2]); from test_apply_ledger import *\n"
        "ledger = Ledger(Path(sys.argv[1])); write(ledger, change('a/b'), 'intent')\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    here = Path(__file__).parent
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "l"), str(here)],
        env={**os.environ, "PYTHONPATH": str(here.parent)},
        check=False,
    )
    assert ended.returncode == -9
    with Ledger(tmp_path / "l") as ledger:
        (line,) = ledger.lines()
    assert (line.status, line.after) == ("intent", {"a": [1]})


def test_a_file_that_is_no_ledger_is_said_so(tmp_path: Path):
    (tmp_path / "l").write_text("not a database, but long enough to be taken for one" * 100)
    with pytest.raises(StateError, match="cannot use the ledger"):
        Ledger(tmp_path / "l")

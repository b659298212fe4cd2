"""A snapshot that is stopped goes on where it was: killed, cut off, or with another question."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from test_catalogue import AT, collection, rows_of, rule

from srcnet_compiler.catalogue.model import MARK, NOTHING, CatalogueError, Kept, Source
from srcnet_compiler.catalogue.reading import open_snapshot
from srcnet_compiler.catalogue.writing import Writer, writing


class StoppedError(Exception):
    pass


def first(writer: Writer) -> None:
    assert writer.kept == NOTHING
    writer.add("collections", [collection("one"), collection("two")])
    writer.add("locks", [("testing", "one", "RSE", "r1")])
    writer.add(MARK, [(None,)])
    writer.add("collections", [collection("half")])
    raise StoppedError


def stopped(
    folder: Path,
    work: Callable[[Writer], None] = first,
    at: datetime = AT,
    asked: str | None = "everything",
) -> None:
    with pytest.raises(StoppedError), writing(folder, "here", at, Source.READING, asked) as writer:
        work(writer)


def test_what_was_marked_is_kept_and_what_came_behind_it_is_cut_off(tmp_path: Path):
    folder = tmp_path / "there"
    stopped(folder)
    assert not folder.exists()
    later = AT + timedelta(hours=3)
    with writing(folder, "here", later, Source.READING, "everything") as writer:
        assert writer.kept == Kept(names={"testing": {"one", "two"}})
        writer.add("collections", [collection("half"), collection("three")])
        writer.add("rules", [rule("one", "r1", ok=10, of=10)])
        writer.add(MARK, [("testing",)])
    found = open_snapshot(folder)
    assert [row["name"] for row in rows_of(found, "collections")] == ["half", "one", "three", "two"]
    assert found.counts == {"collections": 4, "rules": 1, "copies": 0}
    assert found.taken == AT
    assert [each.name for each in tmp_path.iterdir()] == ["there"]


def test_a_namespace_that_is_wholly_there_is_not_read_again(tmp_path: Path):
    def work(writer: Writer) -> None:
        writer.add(MARK, [("testing",)])
        raise StoppedError

    stopped(tmp_path / "there", work)
    with writing(tmp_path / "there", "here", AT, Source.READING, "everything") as writer:
        assert writer.kept == Kept(frozenset({"testing"}))


@pytest.mark.parametrize(
    ("asked", "later"), [("other", timedelta()), (None, timedelta()), ("everything", timedelta(1))]
)
def test_another_question_and_an_old_answer_begin_anew(
    tmp_path: Path, asked: str | None, later: timedelta
):
    stopped(tmp_path / "there")
    with writing(tmp_path / "there", "here", AT + later, Source.READING, asked) as writer:
        assert writer.kept == NOTHING
        writer.add("collections", [collection("three")])
    found = open_snapshot(tmp_path / "there")
    assert [row["name"] for row in rows_of(found, "collections")] == ["three"]
    assert found.taken == AT + later


@pytest.mark.parametrize("lost", ["collections.jsonl", "progress.jsonl"])
def test_of_what_lost_its_end_in_a_power_cut_nothing_is_believed(tmp_path: Path, lost: str):
    stopped(tmp_path / "there")
    file = tmp_path / ".there.partial" / lost
    file.write_bytes(file.read_bytes()[:100])
    with writing(tmp_path / "there", "here", AT, Source.READING, "everything") as writer:
        assert writer.kept == NOTHING


def test_two_at_once_do_not_mix(tmp_path: Path):
    with writing(tmp_path / "there", "here", AT, Source.READING, "everything") as writer:
        writer.add("collections", [collection("one")])
        with (
            pytest.raises(CatalogueError, match="another snapshot is being taken"),
            writing(tmp_path / "there", "here", AT, Source.READING, "everything"),
        ):
            pass
    assert open_snapshot(tmp_path / "there").counts["collections"] == 1


def test_the_snapshot_that_was_there_stays_until_the_next_is_whole(tmp_path: Path):
    folder = tmp_path / "there"
    with writing(folder, "here", AT, Source.READING, "everything") as writer:
        writer.add("collections", [collection("old")])
    stopped(folder)
    assert [row["name"] for row in rows_of(open_snapshot(folder), "collections")] == ["old"]


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from srcnet_compiler.catalogue.model import MARK, Source
from srcnet_compiler.catalogue.writing import writing
last = int(sys.argv[2])
with writing(Path(sys.argv[1]), "here", datetime(2026, 11, 22), Source.READING, "all") as writer:
    there = writer.kept.names.get("testing", ())
    for number in range(10):
        name = f"n{number}"
        if name in there:
            continue
        row = ("testing", name, None, None, None, datetime(2026, 1, 1), True, 1, 1)
        writer.add("collections", [row])
        if number == last:
            os.kill(os.getpid(), signal.SIGKILL)
        writer.add(MARK, [(None,)])
"""


def test_killed_again_and_again_it_ends_as_if_nothing_had_been(tmp_path: Path):
    folder = tmp_path / "there"
    for last in (0, 2, 3, 9):
        done = subprocess.run([sys.executable, "-c", KILLED, folder, str(last)], check=False)
        assert done.returncode == -9
        assert not folder.exists()
    subprocess.run([sys.executable, "-c", KILLED, folder, "-1"], check=True)
    found = open_snapshot(folder)
    assert [row["name"] for row in rows_of(found, "collections")] == [f"n{n}" for n in range(10)]

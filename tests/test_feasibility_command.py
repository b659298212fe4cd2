"""`srcnet feasibility`, as its users meet it."""

import json
from pathlib import Path

import jsonschema
import pytest
from cli_runner import srcnet
from specs import REAL, TODAY

SCHEMA = json.loads((REAL / "schemas/feasibility.schema.json").read_text("utf-8"))
DAY = ("--today", str(TODAY))
MOVE = {
    "name": "M1",
    "from": "AUSSRC-PERTH",
    "to": "ESPSRC-IAA",
    "bytes": 10**15,
    "earliest": "2027-01-01T00:00Z",
    "latest": "2027-02-01T00:00Z",
}


def test_data_follow_the_schema_and_say_what_the_text_says():
    ran = srcnet("feasibility", *DAY, "--format", "json", cwd=REAL)
    found = json.loads(ran.out)
    jsonschema.validate(found, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert ran.code == 0
    assert found["agreedIsPossible"]
    text = srcnet("feasibility", *DAY, cwd=REAL).out
    sentences = [each["shortfall"]["sentence"] for each in found["answers"] if each["shortfall"]]
    assert sentences
    assert all(sentence in text for sentence in sentences)


def test_nothing_but_the_answer_is_on_stdout():
    """The solver greets whoever asks it, unless it is kept from it."""
    assert srcnet("feasibility", *DAY, cwd=REAL).out.startswith("what is agreed, 2026 to 2034\n")


def test_the_page_asks_nobody_for_anything():
    page = srcnet("feasibility", *DAY, "--format", "html", cwd=REAL).out
    assert page.startswith("<!doctype html>")
    assert "default-src 'none'" in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<svg") == 2 + 14  # tiers and areas that hold copies


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("{", "Expecting"),
        ("{}", "it is no list"),
        ("[3]", "a move is no object"),
        (json.dumps([{**MOVE, "to": "NOWHERE"}]), "there is no site `NOWHERE`"),
        (json.dumps([{**MOVE, "bytes": "9 PB"}]), "`bytes` is a whole number"),
        (json.dumps([{**MOVE, "latest": "2026-01-01"}]), "move `M1` ends before it begins"),
        (json.dumps([{k: v for k, v in MOVE.items() if k != "name"}]), "a move has no `name`"),
        (json.dumps([{**MOVE, "latest": 3}]), "`latest` is a moment such as 2027-03-01T08:00Z"),
    ],
)
def test_moves_that_are_none_are_refused_in_words(tmp_path: Path, written: str, why: str):
    file = tmp_path / "moves.json"
    file.write_text(written, "utf-8")
    ran = srcnet("feasibility", *DAY, "--moves", str(file), cwd=REAL)
    assert ran.code == 64
    assert why in ran.err
    assert "Traceback" not in ran.err


def test_a_move_that_nothing_limits_is_possible(tmp_path: Path):
    file = tmp_path / "moves.json"
    file.write_text(json.dumps([MOVE]), "utf-8")
    ran = srcnet("feasibility", *DAY, "--moves", str(file), cwd=REAL)
    assert ran.code == 0
    assert "transfers, wherever the policies allow: not limited" in ran.out
    assert srcnet("feasibility", "--moves", str(tmp_path / "none"), cwd=REAL).code == 74

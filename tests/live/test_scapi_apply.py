"""The site catalogue from the command line: what people have made by hand is taken over, one line
changes one line, and nothing of anybody else's is ever lost."""

from __future__ import annotations

import copy
import json
import os
import signal
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import site_catalogue
import yaml
from cli_operator import Typist, wait_until
from site_catalogue import TOKEN, Catalogue, Node, once_on
from stand import CSCS, described
from stand_scapi import FEDERATION, THEIRS, monitoring, ours, tape

from srcnet_compiler.change import Action
from srcnet_compiler.plan.file import from_json
from srcnet_compiler.scapi_nodes import is_identity

SYSTEM = ("--system", "scapi/srcnet")
TOKENS = {"GOLDEN_CATALOGUE_TOKEN": TOKEN, "GOLDEN_CATALOGUE_READING_TOKEN": TOKEN}


@pytest.fixture(scope="module")
def catalogue() -> Iterator[Catalogue]:
    with site_catalogue.running(*THEIRS) as catalogue:
        yield catalogue


@pytest.fixture(scope="module")
def someone(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Typist:
    """The catalogue is filled by hand with what the specs say, as sites have done it: in another
    order, with identities that no spec knows, and words of their own."""
    specs = tmp_path_factory.mktemp("scapi") / "specs"
    at = (FEDERATION, "https://catalogue.example.org/api/v1", catalogue.url)
    someone = described(specs, at, environment=TOKENS)
    someone("compile", "--out", "build")
    for path in sorted((specs / "build/scapi/srcnet/nodes").iterdir(), reverse=True):
        node = by_hand(yaml.safe_load(path.read_text("utf-8")))
        there = catalogue.nodes.pop(node["name"], {"sites": []})
        catalogue.fill({**there, **node, "sites": [*there["sites"], *node["sites"]]})
    return someone


def line_of(someone: Typist, text: str) -> str:
    """The first line of a node's file that says this."""
    path = "build/scapi/srcnet/nodes/CHSRC.yaml"
    lines = (someone.specs / path).read_text("utf-8").split("\n")
    return f"{path}:{lines.index(text) + 1}"


def by_hand(said: Any) -> Any:
    """The same, as somebody would have typed it into the forms."""
    if isinstance(said, list):
        return [by_hand(each) for each in reversed(said)]
    if isinstance(said, str) and is_identity(said) and UUID(said).version == 5:
        return said[:14] + "4" + said[15:]  # what its page has made up
    if not isinstance(said, dict):
        return said
    made = {key: by_hand(value) for key, value in reversed(said.items())}
    if "type" in made or "country" in made:
        made = {**made, "is_force_disabled": made.get("is_force_disabled", False), "mood": "calm"}
    return made


def plan(someone: Typist) -> list[Any]:
    someone("plan", "--out", "plan.json", *SYSTEM)
    return [*from_json((someone.specs / "plan.json").read_text("utf-8")).changes]


def test_what_was_made_by_hand_is_only_taken_over_and_not_written(
    catalogue: Catalogue, someone: Typist
):
    before, writes = catalogue.content(), catalogue.writes
    changes = plan(someone)
    assert len(changes) > 50
    assert {change.action for change in changes} == {Action.ADOPT}
    rehearsed = someone("apply", "plan.json", "--rehearse")
    assert f"{len(changes)} would be done; nothing was changed" in rehearsed.out
    someone("apply", "plan.json")
    assert (catalogue.content(), catalogue.writes) == (before, writes)
    assert plan(someone) == []
    where = someone("explain", line_of(someone, "        size_in_terabytes: 2000")).out
    assert f"{CSCS}:" in where
    assert "capacity: 2 PB" in where


def test_one_line_of_a_spec_changes_one_line_there(catalogue: Catalogue, someone: Typist):
    before = {name: json.loads(text) for name, text in catalogue.content().items()}
    someone.edit(CSCS, "capacity: 2 PB", "capacity: 3 PB")
    (change,) = plan(someone)
    assert str(change.address) == "scapi/srcnet/storage/CHSRC-CSCS-T2"
    someone("apply", "plan.json", "--rehearse")
    assert tape(catalogue.nodes["CHSRC"])["size_in_terabytes"] == 2000  # check mode is one
    writes = catalogue.writes
    someone("apply", "plan.json")
    assert catalogue.writes == writes + 1
    tape(before["CHSRC"])["size_in_terabytes"] = 3000
    assert {name: json.loads(text) for name, text in catalogue.content().items()} == before


def test_what_another_writes_between_the_look_and_the_word_is_kept(
    catalogue: Catalogue, someone: Typist
):
    someone.edit(CSCS, "capacity: 3 PB", "capacity: 4 PB")
    catalogue.meanwhile = [
        lambda: catalogue.edit("CHSRC", lambda n: monitoring(n).update(version="theirs")),
    ]
    someone("apply", "--yes", *SYSTEM)
    node = catalogue.nodes["CHSRC"]
    assert tape(node)["size_in_terabytes"] == 4000
    assert monitoring(node)["version"] == "theirs"


def test_who_changes_the_same_field_at_that_moment_is_not_overruled(
    catalogue: Catalogue, someone: Typist
):
    someone.edit(CSCS, "capacity: 4 PB", "capacity: 5 PB")
    plan(someone)
    catalogue.edit("CHSRC", lambda n: tape(n).update(size_in_terabytes=7))
    stale = someone("apply", "plan.json", code=5)
    assert "conflict scapi/srcnet/storage/CHSRC-CSCS-T2: " in stale.out
    assert tape(catalogue.nodes["CHSRC"])["size_in_terabytes"] == 7
    someone("apply", "--yes", *SYSTEM)
    assert tape(catalogue.nodes["CHSRC"])["size_in_terabytes"] == 5000


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (site_catalogue.answers(500), 1, "answers 500: so it is"),
        (site_catalogue.closes, 69, "hangs up instead of answering"),
    ],
)
def test_a_write_that_fails_is_said_and_the_next_run_ends_it(
    fault: Any, code: int, words: str, catalogue: Catalogue, someone: Typist
):
    size = tape(catalogue.nodes["CHSRC"])["size_in_terabytes"] // 1000
    someone.edit(CSCS, f"capacity: {size} PB", f"capacity: {size + 1} PB")
    before = catalogue.content()
    catalogue.faults = [once_on("POST", fault)] * (2 if code == 1 else 1)
    ran = someone("apply", "--yes", *SYSTEM, code=code)
    assert words in ran.out + ran.err
    assert catalogue.content() == before
    catalogue.faults = []
    someone("apply", "--yes", *SYSTEM)
    assert tape(catalogue.nodes["CHSRC"])["size_in_terabytes"] == (size + 1) * 1000
    assert TOKEN not in "\n".join(someone.said)


def test_killed_while_the_node_is_written_it_is_found_out_what_became_of_it(
    catalogue: Catalogue, someone: Typist
):
    size = tape(catalogue.nodes["CHSRC"])["size_in_terabytes"] // 1000
    someone.edit(CSCS, f"capacity: {size} PB", f"capacity: {size + 1} PB")
    plan(someone)
    writes, catalogue.pause = catalogue.writes, 1.0
    with someone.begin("apply", "plan.json") as process:
        wait_until(lambda: catalogue.writes > writes)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    catalogue.pause = 0.0
    wait_until(lambda: tape(catalogue.nodes["CHSRC"])["size_in_terabytes"] == (size + 1) * 1000)
    writes = catalogue.writes
    someone("apply", "plan.json")
    assert catalogue.writes == writes
    assert "in doubt" not in someone("status").out


def test_what_nobody_describes_any_more_stays(catalogue: Catalogue, someone: Typist):
    before = copy.deepcopy(ours(catalogue.nodes["CHSRC"]))
    (path,) = someone.specs.glob(CSCS)
    text = path.read_text("utf-8")
    start = text.index("    - {service: gatekeeper, at: edge")
    path.write_text(text[:start] + text[text.index("\n", start) + 1 :], "utf-8")
    assert plan(someone) == []
    assert ours(catalogue.nodes["CHSRC"]) == before


def test_the_doctor_looks_at_the_catalogue(catalogue: Catalogue, someone: Typist):
    said = someone("doctor", code=77).out  # no other system is there
    assert f"srcnet lets us in: site catalogue {catalogue.url}" in said
    assert "srcnet lets us in to read: " in said
    assert "srcnet: list the nodes: 7 are there" in said


def test_nodes_of_others_are_as_they_were(catalogue: Catalogue, someone: Typist):
    (theirs,) = [node for node in THEIRS if node["name"] == "NLSRC"]
    assert json.loads(catalogue.content()["NLSRC"]) == theirs
    assert without(catalogue.nodes["CHSRC"], "CHSRC-LAB") == THEIRS[1]["sites"][0]


def without(node: Node, name: str) -> Node:
    (found,) = [site for site in node["sites"] if site["name"] == name]
    kept: Node = found
    return kept

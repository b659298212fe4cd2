"""The figures of what a change moves: each number is one of the review, with its lines."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from cli_runner import edit, golden_specs, srcnet
from pages import Read, committed
from specs import TODAY

from srcnet_compiler.quantity import round_bytes

SNAPSHOT = ("catalogue", "snapshot", "--forecast", "2028", "--today", TODAY)
DIFF = ("diff", "HEAD", "--catalogue", ".srcnet/catalogue", "--today", TODAY)
COPIES = "copies: [{count: 2, tier: online}]}]\n  activity: User Subscriptions\n---"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden federation with one more copy of a policy's data, and a slower uplink."""
    found = committed(golden_specs(tmp_path_factory.mktemp("moving") / "specs"))
    assert srcnet(*SNAPSHOT, cwd=found).code == 0
    edit(found / "policies/data/others.yaml", COPIES, COPIES.replace("2", "3"))
    edit(found / "site-specs/chsrc-cscs.yaml", "srcnet: 40 Gbit/s", "srcnet: 400 Mbit/s")
    return found


@pytest.fixture(scope="module")
def movement(folder: Path) -> dict[str, object]:
    done = srcnet(*DIFF, "--format", "json", cwd=folder)
    assert done.code == 0, done
    found: dict[str, object] = json.loads(done.out)["movement"]
    return found


@pytest.fixture(scope="module", params=[(), ("--policy",)], ids=["whole", "policy"])
def page(request: pytest.FixtureRequest, folder: Path) -> Read:
    done = srcnet(*DIFF, *request.param, "--format", "html", cwd=folder)
    assert done.code == 0, done
    read = Read()
    read.feed(done.out)
    assert read.wrong == []
    return read


def test_the_map_of_shades_has_what_passes_from_site_to_site(page: Read, movement):
    sums: Counter[str] = Counter()
    for each in movement["sites"]:
        sums["in"] += each["comes"]["bytes"]
        sums["out"] += each["goes"]["bytes"]
    (table,) = (each for each in page.all("table") if each.attributes.get("class") == "heat")
    shades = [
        each
        for each in page.all("td")
        if re.search(r"\bheat-[1-6]\b", each.attributes.get("class") or "")
    ]
    assert shades
    assert any("heat-6" in (each.attributes["class"] or "") for each in shades)
    assert sums["in"] == sums["out"]
    between: dict[tuple[str, str], int] = defaultdict(int)
    for found in movement["schedules"]:
        for each in (*found["links"], *found["unsaid"]):
            between[each["from"], each["to"]] = each["bytes"]
    assert Counter(each.text.strip() for each in shades) == Counter(
        round_bytes(many) for many in between.values()
    )
    for source, target in between:
        assert source in table.text
        assert target in table.text


def test_what_is_left_is_drawn_day_by_day_until_nothing_is(page: Read, movement):
    (found,) = movement["schedules"]
    labels = [
        each.attributes.get("aria-label") or ""
        for each in page.all("a")
        if " left, " in (each.attributes.get("aria-label") or "")
    ]
    assert len(labels) == len(found["stretches"]) == found["days"] > 2
    for label, stretch in zip(labels, found["stretches"], strict=True):
        assert label.startswith(stretch["first"])
        left = round_bytes(stretch["left"]) if stretch["left"] else "nothing"
        assert f": {left} left, " in label
    assert labels[-1].split(": ")[1].startswith("nothing left")


def test_every_site_of_which_something_else_is_expected_has_its_years(page: Read, folder: Path):
    done = srcnet(*DIFF, "--policy", "--format", "json", cwd=folder)
    titles = [each.text for each in page.all("figcaption")]
    differ = [
        each for each in json.loads(done.out)["sites"] if each["years"] and not each["slight"]
    ]
    assert differ
    for each in differ:
        assert any(title.startswith(f"{each['site']}: ") for title in titles), each["site"]


def test_no_name_is_given_twice_and_every_figure_has_one(page: Read):
    names = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert len(names) == len(set(names))
    for each in page.all("svg"):
        if "plot" in (each.attributes.get("class") or "").split():
            assert each.attributes.get("aria-labelledby") in names


def test_every_number_of_a_figure_leads_to_lines_of_the_specs(page: Read):
    notes = {each.attributes.get("id"): each.text for each in page.all("li")}
    figures = [
        each for each in page.all("a") if " left, " in (each.attributes.get("aria-label") or "")
    ]
    for each in figures:
        note = (each.attributes["href"] or "").removeprefix("#")
        assert "site-specs/chsrc-cscs.yaml:13" in notes[note]

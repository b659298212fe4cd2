"""SRCNet's site catalogue: every defect is found at its place, and what is said becomes specs."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from scapi_catalogues import DEFECTS, Defect, area, as_bytes, identity, right
from specs import REAL, TODAY

from srcnet_compiler.diagnostic import Code
from srcnet_compiler.importing.finding import Finding, diagnostics
from srcnet_compiler.importing.json_text import read_json
from srcnet_compiler.importing.scapi.catalogue import Catalogue, findings, read
from srcnet_compiler.importing.scapi.downtimes import downtimes
from srcnet_compiler.importing.scapi.finding import Known
from srcnet_compiler.importing.scapi.matching import RULES, matched, stated
from srcnet_compiler.importing.scapi.sites import drafts
from srcnet_compiler.importing.writing import Existing, Writing, existing, prepare
from srcnet_compiler.importing.written import bare
from srcnet_compiler.pipeline import shaped, spec_files
from srcnet_compiler.scapi_nodes import path_text
from srcnet_compiler.source.layout import laid_out

KNOWN = Known(("CHSRC", "UKSRC"), {}, token_only=True)
COLLECTED = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 19, 26)
"""The numbers of the defects that were collected of the real catalogue."""


def catalogue(nodes: object) -> Catalogue:
    outcome = read("nodes.json", nodes if isinstance(nodes, bytes) else as_bytes(nodes))
    assert outcome.value is not None, outcome.diagnostics
    return outcome.value


def found_in(nodes: object, known: Known = KNOWN) -> list[Finding]:
    return findings(catalogue(nodes), known)


def written(nodes: object, known: Known = KNOWN, there: Existing | None = None) -> Writing:
    there = there or Existing()
    made = drafts(catalogue(nodes).view, known, {})
    match = matched(made, there, "the catalogue")
    off = downtimes(made, match.names, there, TODAY)
    return prepare(there, (*match.wanted, *off.wanted), RULES, "the catalogue")


def texts(writing: Writing) -> dict[str, str]:
    return {change.file: change.after for change in writing.changes}


def spec_of(writing: Writing, file: str) -> dict[str, Any]:
    (located,) = shaped(file, texts(writing)[file].encode()).specs
    spec: dict[str, Any] = located.document.model_dump(exclude_unset=True)["spec"]
    return spec


# ── defects ───────────────────────────────────────────────────────────────────────────────────


def test_a_right_catalogue_has_no_finding():
    assert found_in(right()) == []


def test_every_defect_that_was_collected_has_a_fixture():
    assert {defect.number for defect in DEFECTS} - {0} == {*COLLECTED}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda each: f"{each.number}-{each.code}")
def test_a_defect_is_found_at_its_place_and_nothing_else_is(defect: Defect):
    nodes = right()
    defect.change(nodes)
    found = found_in(nodes)
    assert {each.code.value for each in found} == {defect.code, *defect.also}
    (finding,) = (each for each in found if each.code.value == defect.code)
    assert tuple(path_text(place.path) for place in finding.places) == defect.paths


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda each: f"{each.number}-{each.code}")
def test_the_place_is_where_the_value_stands_in_the_file(defect: Defect):
    nodes = right()
    defect.change(nodes)
    read = catalogue(nodes)
    (finding,) = (each for each in findings(read, KNOWN) if each.code.value == defect.code)
    (diagnostic,) = diagnostics(read.document, [finding], path_text)
    lines = as_bytes(nodes).decode().splitlines()
    for place, label in zip(finding.places, diagnostic.labels, strict=True):
        value: Any = nodes
        for part in place.path:
            value = value[part]
        line = lines[label.span.line - 1][label.span.column - 1 : label.span.end_column - 1]
        said = json.dumps(value, ensure_ascii=False)
        assert line == (said[0] if isinstance(value, dict | list) and value else said)
        assert path_text(place.path) in label.text


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda each: f"{each.number}-{each.code}")
def test_whatever_is_wrong_the_specs_are_laid_out_and_a_second_time_changes_nothing(
    defect: Defect,
):
    nodes = right()
    defect.change(nodes)
    first = written(nodes)
    for file, text in texts(first).items():
        assert laid_out(file, text.encode()).value == text
    there = existing({file: text.encode() for file, text in texts(first).items()})
    again = written(nodes, there=there)
    assert (again.changes, again.diagnostics) == ((), ())


def test_an_identity_that_the_catalogue_has_no_more_is_found():
    first = written(right())
    there = existing({file: text.encode() for file, text in texts(first).items()})
    nodes = right()
    del nodes[0]["sites"][0]["compute"][0]["associated_local_services"][1]
    known = Known(KNOWN.members, {}, True, tuple(stated(there, {"CHSRC"})))
    (finding,) = found_in(nodes, known)
    assert finding.code is Code.IDENTITY_GONE
    assert identity(13) in finding.message
    assert finding.labels[0].span.file == "site-specs/chsrc-cscs.yaml"


# ── bad input ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (as_bytes(right())[:700], "ends in the middle"),
        (b"", "ends in the middle"),
        (b"<html>", "this is not JSON"),
        (b'[{"name": NaN}]', "`NaN` is no number"),
        (b"\xff\xfe[", "not UTF-8"),
        (b"[" * 100_000, "nested more deeply"),
        (b"7", "neither a list of nodes nor one node"),
        (b"[]", "there are no nodes"),
        (b"[1, 2]", "is not a node"),
    ],
)
def test_what_is_no_catalogue_is_said_and_nothing_is_made_of_it(content: bytes, words: str):
    outcome = read("nodes.json", content)
    assert outcome.value is None
    (found,) = outcome.diagnostics
    assert words in found.message
    assert found.labels[0].span.file == "nodes.json"


def test_one_node_alone_is_a_catalogue_too():
    (finding,) = found_in({**right()[0], "name": "XXSRC"})
    assert path_text(finding.places[0].path) == "name"


def test_a_key_that_stands_twice_is_found():
    text = as_bytes(right()).decode().replace('"country": "CH"', '"country": "FR", "country": "CH"')
    (finding,) = found_in(text.encode())
    assert finding.code is Code.DUPLICATE_KEY
    assert path_text(finding.places[0].path) == "nodes[0].sites[0].country"


def test_names_of_other_scripts_become_names_of_ours_or_the_country():
    nodes = right()
    nodes[0]["sites"][0]["name"] = "CHSRC Zürich"
    nodes[1]["sites"][0]["name"] = "上海"
    nodes[1]["sites"][0]["storages"][0]["areas"][0]["name"] = "上海_XRD"
    assert {*texts(written(nodes))} == {"site-specs/chsrc-cscs.yaml", "site-specs/uksrc-gb.yaml"}
    nodes[0]["sites"][0]["storages"][0]["areas"][0]["name"] = "CHSRC_XRD"
    made = written(nodes)
    assert {*texts(made)} == {"site-specs/chsrc-zurich.yaml", "site-specs/uksrc-gb.yaml"}
    assert spec_of(made, "site-specs/uksrc-gb.yaml")["alsoKnownAs"] == ["上海"]


def test_names_that_would_be_the_same_are_told_apart():
    nodes = right()
    there = nodes[1]["sites"][0]
    other = {**there, "id": identity(41), "name": "UKSRC_RAL", "latitude": 55.0}
    nodes[1]["sites"].append({**other, "storages": [], "compute": []})
    assert {*texts(written(nodes))} >= {
        "site-specs/uksrc-ral.yaml",
        "site-specs/uksrc-ral2.yaml",
    }


def test_half_characters_and_nothing_do_not_end_the_import():
    nodes = right()
    nodes[0]["sites"][0]["other_attributes"] = {"a": None, "b": "x\ud800y", "c": [None, 1]}
    content = json.dumps(nodes).encode()
    spec = spec_of(written(content), "site-specs/chsrc-cscs.yaml")
    assert spec["catalogue"]["other_attributes"] == {"b": "x\ufffdy", "c": [1]}


# ── what becomes of it ────────────────────────────────────────────────────────────────────────


def test_entries_of_one_place_become_one_site_with_environments():
    nodes = right()
    production = nodes[1]["sites"][0]
    production["name"] = "UKSRC RAL (Production)"
    staging = json.loads(json.dumps(production).replace("00000000-0000", "00000000-0001"))
    staging |= {"name": "UKSRC RAL (Pre-Production)", "is_force_disabled": True}
    nodes[1]["sites"] = [staging, production]
    spec = spec_of(written(nodes), "site-specs/uksrc-ral.yaml")
    assert spec["catalogueId"] == identity(21)
    assert [each["name"] for each in spec["catalogue"]["sites"]] == [staging["name"]]
    environments = [(c.get("environment"), c.get("enabled")) for c in spec["compute"]]
    assert environments == [(None, None), ("staging", False)]
    kept, other = spec["storage"]
    assert (kept["name"], "nameToday" in kept) == ("UKSRC-RAL-T1", False)
    assert other["name"] == "UKSRC-RAL-T1-STAGE"
    assert other["catalogue"]["site"] == staging["id"]


def test_a_storage_gives_its_size_to_its_first_area_and_the_others_lie_within():
    nodes = right()
    listed = nodes[0]["sites"][0]["storages"][0]["areas"]
    listed.append(area(4, "CHSRC_ND", relative_path="/nondeterministic"))
    listed.append({**area(5, "", relative_path="/in"), "type": "ingest"})
    first, second, third = spec_of(written(nodes), "site-specs/chsrc-cscs.yaml")["storage"]
    assert (first["capacity"], "within" in first) == ("100 TB", False)
    assert (second["within"], second["layout"], second["nameToday"]) == (
        "CHSRC-CSCS-T1",
        "recorded",
        "CHSRC_ND",
    )
    assert (third["role"], third["status"], third["within"]) == ("ingest", "draft", first["name"])


def test_a_downtime_that_is_not_over_is_a_document_beside_its_site():
    nodes = right()
    soon = "2199-03-01T00:00:00.000Z to 2199-03-02T12:30:00.000Z"
    over = "2020-03-01T00:00:00.000Z to 2020-03-02T00:00:00.000Z"
    said = [{"type": "Planned", "date_range": each, "reason": "power"} for each in (soon, over)]
    nodes[0]["sites"][0]["storages"][0]["downtime"] = said
    writing = written(nodes)
    (located,) = shaped(
        "d.yaml", texts(writing)["site-specs/chsrc-cscs/downtimes.yaml"].encode()
    ).specs
    spec = located.document.model_dump(by_alias=True)["spec"]
    assert spec == {
        "of": "CHSRC-CSCS-T1",
        "from": "2199-03-01T00:00Z",
        "to": "2199-03-02T12:30Z",
        "planned": True,
        "reason": "power",
    }


def test_what_people_renamed_moved_and_wrote_stays():
    files = texts(written(right()))
    mine = files["site-specs/chsrc-cscs.yaml"].replace("CHSRC-CSCS-T1", "CHSRC-LUGANO-T1")
    mine = mine.replace("metadata: {name: CHSRC-CSCS}", "metadata: {name: CHSRC-LUGANO}")
    mine = mine.replace("100 TB", "90 TB   # as it was measured").replace(
        "- name: cloud", "- name: alps"
    )
    mine = mine.replace("at: cloud", "at: alps")
    there = existing({"site-specs/mine.yaml": mine.encode()})
    nodes = right()[:1]
    nodes[0]["sites"][0]["compute"][0]["associated_local_services"][1]["version"] = "4.1"
    writing = written(nodes, there=there)
    (change,) = writing.changes
    assert change.after == mine.replace(
        f"catalogueId: {identity(13)}}}", f'catalogueId: {identity(13)}, version: "4.1"}}'
    )
    (differs,) = writing.diagnostics
    assert differs.message == "`capacity` is `90 TB` here, and `100 TB` in the catalogue"


def test_what_a_later_version_says_is_kept_wherever_it_stands():
    nodes = right()
    nodes[0]["quota"] = {"cores": 5}
    place = nodes[0]["sites"][0]
    place["zone"] = "a"
    place["storages"][0] |= {"media": "nvme"}
    place["storages"][0]["supported_protocols"][0]["tokens"] = True
    place["storages"][0]["areas"][0]["lifetime"] = 7
    place["compute"][0] |= {"queues": [{"name": "batch"}], "gpus": 4}
    place["compute"][0]["associated_local_services"][0]["beta"] = False
    spec = spec_of(written(nodes), "site-specs/chsrc-cscs.yaml")
    (area,), (compute,), service = spec["storage"], spec["compute"], spec["services"][0]
    assert spec["catalogue"]["zone"] == "a"
    assert spec["catalogue"]["node"]["quota"] == {"cores": 5}
    kept = area["catalogue"]
    assert (kept["lifetime"], kept["storage"]["media"]) == (7, "nvme")
    assert kept["storage"]["supported_protocols"] == [
        {"prefix": "https", "port": 1094, "tokens": True}
    ]
    assert (compute["catalogue"]["queues"], compute["catalogue"]["gpus"]) == (
        [{"name": "batch"}],
        4,
    )
    assert service["catalogue"] == {"beta": False}


# ── the real catalogue ────────────────────────────────────────────────────────────────────────

SNAPSHOT = os.environ.get("SRCNET_SCAPI_SNAPSHOT")
with_snapshot = pytest.mark.skipif(
    SNAPSHOT is None, reason="SRCNET_SCAPI_SNAPSHOT names no copy of the site catalogue"
)
REAL_KNOWN = Known(
    (
        *("AUSSRC", "CANSRC", "CHSRC", "CNSRC", "ESPSRC", "ITSRC", "JPSRC", "KRSRC", "SKAO"),
        *("SWESRC", "UKSRC"),
    ),
    {"SKAOSRC": "SKAO"},
    token_only=True,
)


def snapshot() -> bytes:
    assert SNAPSHOT is not None
    return Path(SNAPSHOT).read_bytes()


def places_of(found: list[Finding], code: Code) -> list[str]:
    return [path_text(each.places[0].path) for each in found if each.code is code]


@with_snapshot
def test_every_defect_of_the_real_catalogue_is_found_at_its_place():
    found = found_in(snapshot(), REAL_KNOWN)
    messages = "\n".join(each.message for each in found)
    uk, sweden = "nodes[10].sites", "nodes[9].sites[0]"
    assert (
        "4 areas are `UKSRC_RAL_XRD_DEVCEPHFS`, on 3 hosts and with 200 TB and 500 TB" in messages
    )
    assert places_of(found, Code.BLANKS_AROUND) == [f"{uk}[1].storages[0].host"]
    assert [
        path for path in places_of(found, Code.ADDRESS_AS_PATH) if path.endswith("relative_path")
    ] == [f"{sweden}.storages[{i}].areas[0].relative_path" for i in range(3)]
    assert places_of(found, Code.DANGLING_AREA) == [
        "nodes[2].sites[0].compute[0].associated_local_services[5].associated_storage_area_id",
        f"{sweden}.compute[0].associated_local_services[0].associated_storage_area_id",
    ]
    without = places_of(found, Code.SERVICE_WITHOUT_STORAGE)
    assert Counter(path.partition(".")[0] for path in without) == {
        **{"nodes[1]": 1, "nodes[2]": 1, "nodes[6]": 1, "nodes[9]": 1, "nodes[10]": 5},
    }
    assert places_of(found, Code.SERVICE_TYPE) == [
        "nodes[2].sites[0].compute[0].associated_local_services[5].type"
    ]
    assert "17 offers of `soda_sync` have 5 different paths" in messages
    assert "`soda_sync` is mandatory at 7 of 17 places, and not at 10" in messages
    assert places_of(found, Code.SYSTEM_CONTRADICTED) == [
        "nodes[2].sites[0].storages[2].srm",
        "nodes[7].sites[0].storages[0].srm",
    ]
    assert places_of(found, Code.PLAIN_HTTP) == [
        "nodes[5].sites[0].storages[0].supported_protocols[0].prefix"
    ]
    assert places_of(found, Code.LOCAL_HOST) == [
        "nodes[8].sites[0].compute[0].associated_local_services[2].host"
    ]
    assert {
        "nodes[3].sites[0].compute[0]",
        "nodes[7].sites[0].storages[0].areas[0]",
        "nodes[8].sites[0].storages[0].areas[2]",
    } <= {*places_of(found, Code.MISSING_FIELD)}
    assert places_of(found, Code.ENVIRONMENT_IN_NAME) == [f"{uk}[{i}].name" for i in range(6)]
    assert places_of(found, Code.NAME_RULE) == [f"{uk}[{i}].name" for i in range(6)]
    assert "`soda_sync` runs in 4 versions, 1.6.2, 1.7, 1.7.3, 1.8.2, and 12 of 17" in messages


def real_specs() -> Existing:
    files = (path for path in spec_files(REAL) if "site-specs" in path.parts)
    return existing({path.relative_to(REAL).as_posix(): path.read_bytes() for path in files})


PEOPLE_ADDED = {
    "area environment": {"UKSRC-RAL-T1-CEPHFS", "UKSRC-RAL-T1-XRD01"},
    "area within": {"UKSRC-RAL-T1-XRD03"},
    "service environment": {"UKSRC_RAL_XRD_PROD"},
    "service storage": {"UKSRC-CAM"},
    "site alsoKnownAs": {"ESPSRC-IAA", "SWESRC-OSO"},
}
"""What people have written that the catalogue does not have, names and cities apart."""
WITHOUT_CITY = {"CNSRC-SHAO", "SKAO-STFC", "UKSRC-JBO", "UKSRC-RAL"}
PEOPLE_SAY = {
    "CHSRC-CSCS": {"description"},
    "SKAO-STFC": {"description"},
    "UKSRC-JBO": {"description"},
    "UKSRC-RAL-T1-XRD03": {"environment"},
}
"""What people have written otherwise than the catalogue: docs/how-to/import.md lists it."""


@with_snapshot
def test_importing_the_real_catalogue_into_the_specs_changes_nothing():
    there = real_specs()
    writing = written(snapshot(), REAL_KNOWN, there)
    assert writing.changes == ()
    assert {each.code for each in writing.diagnostics} == {Code.IMPORT_DIFFERS}
    said = [each.subject for each in writing.diagnostics]
    assert sorted(map(str, said)) == sorted(key for keys in PEOPLE_SAY.values() for key in keys)


@with_snapshot
def test_no_identity_in_the_specs_is_gone_from_the_real_catalogue():
    members = REAL_KNOWN.members
    ids = tuple(stated(real_specs(), members))
    known = Known(members, REAL_KNOWN.aliases, True, ids)
    assert len(ids) == 14 + 26 + 17 + 120
    assert not places_of(found_in(snapshot(), known), Code.IDENTITY_GONE)


def things(data: Any) -> dict[str, dict[str, Any]]:
    """Everything with an identity, by it."""
    spec = data["spec"]
    listed = [each for key in ("storage", "compute", "services") for each in spec.get(key, ())]
    own = {
        key: value for key, value in spec.items() if key not in {"storage", "compute", "services"}
    }
    return {each["catalogueId"]: each for each in (own, *listed)}


NAMES = {"name", "at", "storage", "within", "nameToday"}
"""People choose names; areas that stand on hosts of another site were moved there."""


@with_snapshot
def test_what_is_imported_into_nothing_is_part_of_what_the_specs_say():
    made = drafts(catalogue(snapshot()).view, REAL_KNOWN, {})
    ours: dict[str, dict[str, Any]] = {}
    for _, document in real_specs().of_kind("Site"):
        if "catalogueId" in document.data["spec"]:  # type: ignore[index,operator,call-overload]
            ours |= things(document.data)
    imported: dict[str, dict[str, Any]] = {}
    for draft in made:
        imported |= things({"spec": bare(draft.spec)})
    assert {*imported} == {*ours}
    otherwise = Counter(
        key
        for text, there in imported.items()
        for key, value in there.items()
        if key not in NAMES and not says(ours[text].get(key), value, key)
    )
    assert otherwise == {"description": 3, "environment": 1, "source": 1}


@with_snapshot
def test_what_the_specs_say_beyond_the_catalogue_is_what_people_added():
    imported: dict[str, dict[str, Any]] = {}
    for draft in drafts(catalogue(snapshot()).view, REAL_KNOWN, {}):
        imported |= things({"spec": bare(draft.spec)})
    added: dict[str, set[str]] = {}
    cities = set()
    for site, thing in sited_things():
        there = imported[thing["catalogueId"]]
        if "city" in thing.get("location", {}):
            cities.add(site)
        for key, value in thing.items():
            if key not in there or (key == "alsoKnownAs" and {*value} - {*there[key]}):
                name = thing.get("name", site)
                added.setdefault(f"{kind_of(thing)} {key}", set()).add(name)
    assert added == PEOPLE_ADDED
    assert {site for site, _ in sited_things()} - cities == WITHOUT_CITY


def sited_things() -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything in the specs that the catalogue has, with its site."""
    for _, document in real_specs().of_kind("Site"):
        data: Any = document.data
        if "catalogueId" in data["spec"]:
            yield from ((data["metadata"]["name"], each) for each in things(data).values())


def kind_of(thing: Mapping[str, Any]) -> str:
    keys = {"service": "service", "src": "site", "tier": "area"}
    return next((kind for key, kind in keys.items() if key in thing), "compute")


def test_the_page_lists_what_people_added_or_said_otherwise():
    page = (REAL / "docs/how-to/import.md").read_text("utf-8")
    listed = {*re.findall(r"`([\w-]+)`", page.partition("## What of our specs")[2])}
    people = {*WITHOUT_CITY, *PEOPLE_SAY}.union(*PEOPLE_ADDED.values())
    assert people - listed == set()


def test_each_file_of_the_specs_says_what_it_began_as():
    for name, text in real_specs().texts.items():
        place = name.removeprefix("site-specs/")
        entry = "catalogueId" in text
        if "/" in place:
            assert "kind: Waiver" in text, name
            assert not entry, name
        else:
            first = text.splitlines()[1]
            began = (
                "# From SRCNet's site catalogue of " if entry else "# A member without an entry in "
            )
            assert first.startswith(began), name


def says(here: Any, there: Any, key: str) -> bool:
    if isinstance(there, dict):
        return all(says(here.get(k), value, k) for k, value in there.items())
    if key == "alsoKnownAs":
        return {*there} <= {*here}
    if isinstance(there, float):
        return abs(here - there) < 0.001
    return bool(here == there)


def test_a_text_is_read_in_any_form():
    assert read_json("f", b"\xef\xbb\xbf[1]").data == [1]  # type: ignore[union-attr]

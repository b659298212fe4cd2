"""`srcnet import storage-json`, `osg` and `egi`: as people and pipelines run them."""

import json
from pathlib import Path

import pytest
from cli_runner import contents, edit, golden_specs, on_a_terminal, srcnet
from foreign_files import CLOUD, DOWNTIMES, GROUP, as_json, entry, gocdb, volumes

TODAY = ("--today", "2026-11-26")
SITE = ("--site", "CHSRC-CSCS")
CSCS = "site-specs/chsrc-cscs.yaml"
DOWN = "site-specs/chsrc-cscs/downtimes.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The specs of the golden federation, and files of others outside of them."""
    specs = golden_specs(tmp_path / "specs")
    (tmp_path / "storage.json").write_bytes(as_json(volumes()))
    group = GROUP.replace("DAV.example.org", "XROOTD.example.ch")
    (tmp_path / "group.yaml").write_text(group)
    (tmp_path / "down.yaml").write_text(DOWNTIMES)
    (tmp_path / "cloud.yaml").write_text(CLOUD)
    (tmp_path / "down.xml").write_bytes(gocdb(entry("xrootd.example.ch")))
    return specs


@pytest.mark.parametrize(
    "line",
    [
        ("storage-json", "../storage.json"),
        ("osg", "../group.yaml", "../down.yaml"),
        ("egi", "../cloud.yaml"),
        ("egi", "../down.xml"),
    ],
    ids=lambda line: "-".join(line).replace("../", ""),
)
def test_drafts_are_written_the_specs_stay_right_and_again_nothing_changes(
    folder: Path, line: tuple[str, ...]
):
    before = contents(folder)
    dry = srcnet("import", *line, *SITE, *TODAY, "--dry-run", cwd=folder)
    assert (dry.code, "+" in dry.out, contents(folder)) == (0, True, before), dry
    first = srcnet("import", *line, *SITE, *TODAY, cwd=folder)
    assert first.code == 0, first
    made = contents(folder)
    changed = {file for file in made if made[file] != before.get(file)}
    assert changed
    assert changed <= {CSCS, DOWN}
    assert srcnet("validate", *TODAY, cwd=folder).code == 0
    again = srcnet("import", *line, *TODAY, cwd=folder)
    assert (again.code, again.err.endswith("nothing to change\n")) == (0, True), again
    assert contents(folder) == made


def test_a_site_that_is_not_said_is_asked_or_told_how_to_say(folder: Path):
    before = contents(folder)
    ran = srcnet("import", "storage-json", "../storage.json", *TODAY, cwd=folder)
    assert ran.code == 64
    assert "no spec says which site `T2_CH_EXAMPLE` is" in ran.err
    assert "--site T2_CH_EXAMPLE=SITE" in ran.err
    unknown = srcnet("import", "osg", "../group.yaml", "--site", "CHSRC-CSC", cwd=folder)
    assert (unknown.code, "did you mean `CHSRC-CSCS`?" in unknown.err) == (64, True)
    name = srcnet("import", "osg", "../group.yaml", "--name", "X", cwd=folder)
    assert (name.code, "does not say which area is called what" in name.err) == (64, True)
    assert contents(folder) == before


def test_a_person_is_asked_for_what_nothing_tells(folder: Path):
    (disk, _) = volumes()
    del disk["type"]
    (folder.parent / "storage.json").write_bytes(as_json([disk]))
    answers = "CHSRC-CSCS\nonline\nstaging\nCHSRC-CSCS-T1-CMS\n"
    line = ("import", "storage-json", "../storage.json", *TODAY)
    ran = on_a_terminal(*line, cwd=folder, typed=answers, after=b"T2_CH_EXAMPLE`?: ")
    assert ran.code == 0, ran
    text = (folder / CSCS).read_text()
    assert "- name: CHSRC-CSCS-T1-CMS " in text
    assert "      environment: staging\n" in text.partition("CHSRC-CSCS-T1-CMS")[2]


def test_a_file_that_is_not_whole_leaves_everything_as_it_is(folder: Path):
    before = contents(folder)
    for name, line in {
        "storage.json": ("storage-json", "../storage.json"),
        "down.xml": ("egi", "../down.xml"),
    }.items():
        path = folder.parent / name
        path.write_bytes(path.read_bytes()[:150])
        ran = srcnet("import", *line, *SITE, cwd=folder)
        assert (ran.code, "error[not-imported]" in ran.out) == (1, True), ran
    (folder.parent / "down.yaml").write_text("- Class: [SCHEDULED\n")
    ran = srcnet("import", "osg", "../group.yaml", "../down.yaml", *SITE, cwd=folder)
    assert (ran.code, "down.yaml" in ran.out) == (1, True), ran
    assert contents(folder) == before


def test_where_one_file_cannot_be_written_none_is_and_a_second_run_finishes(folder: Path):
    before = contents(folder)
    (folder / DOWN).mkdir(parents=True)
    line = ("import", "osg", "../group.yaml", "../down.yaml", *SITE, *TODAY)
    assert srcnet(*line, cwd=folder).code == 74
    assert contents(folder) == before
    (folder / DOWN).rmdir()
    assert srcnet(*line, cwd=folder).code == 0
    assert {CSCS, DOWN} <= {f for f, text in contents(folder).items() if text != before.get(f)}


def test_findings_name_line_and_column_of_the_foreign_file_for_machines_too(folder: Path):
    edit(folder.parent / "down.yaml", "StartTime: Nov 30, 2026 15:00 +0000", "StartTime: tomorrow")
    ran = srcnet(
        *("import", "osg", "../down.yaml", "../group.yaml", *SITE, *TODAY, "--format", "json"),
        cwd=folder,
    )
    (found,) = (e for e in json.loads(ran.out)["findings"] if e["code"] == "wrong-value")
    assert found["message"].startswith("`tomorrow` is no time")
    place = found["places"][0]
    assert (place["file"], place["line"], place["column"]) == ("../down.yaml", 5, 14)


def test_standard_input_does_as_well_as_a_file(folder: Path):
    ran = srcnet("import", "egi", "-", *SITE, *TODAY, cwd=folder, stdin=CLOUD)
    assert (ran.code, ran.err.startswith(f"{CSCS}: ")) == (0, True), ran

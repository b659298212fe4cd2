"""Commands for people at a keyboard, as they are typed: fmt, validate --fix, init, new."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_runner import TODAY, contents, edit, golden_specs, srcnet

SITE = "site-specs/chsrc-cscs.yaml"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Specs for one test."""
    return golden_specs(tmp_path / "specs")


# ── fmt ───────────────────────────────────────────────────────────────────────────────────────


def careless(folder: Path) -> Path:
    """Two files of the specs in a layout of their own."""
    for name in (SITE, "site-specs/europe.yaml"):
        path = folder / name
        path.write_text(path.read_text("utf-8").replace("spec:\n", "spec:   \n\n\n"), "utf-8")
    return folder


def test_fmt_writes_the_layout_and_names_the_files(own: Path):
    before = contents(own)
    ran = srcnet("fmt", cwd=careless(own))
    assert (ran.code, ran.out.splitlines()) == (0, [SITE, "site-specs/europe.yaml"])
    after = contents(own)
    assert b"spec:\n\n  src" in after[SITE]
    assert {name for name in after if after[name] != before[name]} == {*ran.out.splitlines()}
    again = srcnet("fmt", cwd=own)
    assert (again.code, again.out) == (0, "")
    assert "nothing to change" in again.err


@pytest.mark.parametrize("args", [["--check"], ["--diff"], ["--check", "--diff"]])
def test_fmt_that_shows_writes_nothing(own: Path, args: list[str]):
    before = contents(careless(own))
    ran = srcnet("fmt", *args, cwd=own)
    assert contents(own) == before
    assert ran.code == ("--check" in args)
    assert SITE in ran.out
    assert ("-spec:   \n" in ran.out) == ("--diff" in args)


def test_fmt_leaves_alone_what_is_no_yaml_and_does_the_rest(own: Path):
    broken = careless(own) / SITE
    broken.write_text(text := "kind: [Site\n   a:   1\n", "utf-8")
    ran = srcnet("fmt", cwd=own)
    assert (ran.code, ran.out) == (1, "site-specs/europe.yaml\n")
    assert f"--> {SITE}:" in ran.err
    assert broken.read_text("utf-8") == text


def test_fmt_of_a_file_that_is_not_there_ends_with_74(own: Path):
    ran = srcnet("fmt", "site-specs/nowhere.yaml", cwd=own)
    assert (ran.code, ran.out) == (74, "")
    assert "there is no such file" in ran.err


def test_fmt_of_one_file_reads_no_other(own: Path):
    careless(own)
    ran = srcnet("fmt", "europe.yaml", cwd=own / "site-specs")
    assert (ran.code, ran.out) == (0, "europe.yaml\n")
    assert srcnet("fmt", "--check", cwd=own).out == f"would change {SITE}\n"


def test_fmt_writes_all_or_nothing(own: Path):
    """A folder that nothing can be written to: the other folder's file stays as it was."""
    before = contents(careless(own))
    (own / "policies/other").mkdir()
    sealed = own / "policies/other/site.yaml"
    sealed.write_text("a:   1\n", "utf-8")
    (own / "policies/other/.site.yaml.partial").mkdir()
    ran = srcnet("fmt", cwd=own)
    assert ran.code == 74
    assert {name: text for name, text in contents(own).items() if name in before} == before


# ── validate --fix ────────────────────────────────────────────────────────────────────────────


def misspelt(folder: Path) -> Path:
    """A key, a word and a name that can only be misspelt, and an amount without its unit."""
    edit(folder / SITE, "      capacity: 390.5 TB", "      capcity: 390.5 tb  # of disks")
    edit(folder / SITE, "  country: CH", "  country: ch")
    return folder


def test_fix_mends_what_is_certain_shows_it_and_checks_again(own: Path):
    before = contents(own)
    ran = srcnet("validate", "--fix", "--today", TODAY, cwd=misspelt(own))
    assert f"mended {SITE}:" in ran.out
    assert ": capcity → capacity\n" in ran.out
    assert ": ch → CH\n" in ran.out
    assert "it again" in ran.err
    assert (own / SITE).read_text("utf-8").count("capacity: 390.5 tb  # of disks") == 1
    assert ran.code == 1
    again = srcnet("validate", "--fix", "--today", TODAY, cwd=own)
    assert (again.code, again.err) == (0, "1 mended\n")
    assert "390.5 tb → 390.5 TB\nno findings\n" in again.out
    edit(own / SITE, "  # of disks", "")
    assert contents(own) == before


@pytest.mark.parametrize(("args", "code"), [(["--check"], 1), (["--diff"], 0)])
def test_fix_that_shows_writes_nothing(own: Path, args: list[str], code: int):
    before = contents(misspelt(own))
    ran = srcnet("validate", "--fix", *args, "--today", TODAY, cwd=own)
    assert (ran.code, ran.err) == (code, "2 to be mended\n")
    assert contents(own) == before
    shown = "+  country: CH\n" if "--diff" in args else f"would mend {SITE}:"
    assert shown in ran.out


def test_fix_of_one_file_mends_that_one(own: Path):
    edit(misspelt(own) / "policies/federation.yaml", "kind: Federation\n", "kind: Federatoin\n")
    before = contents(own)
    ran = srcnet("validate", "--fix", "chsrc-cscs.yaml", cwd=own / "site-specs")
    assert "mended chsrc-cscs.yaml:" in ran.out
    after = contents(own)
    assert [name for name in after if after[name] != before[name]] == [SITE]


def test_fix_leaves_what_two_people_might_mean_in_two_ways(own: Path):
    edit(own / SITE, "      capacity: 390.5 TB", "      capacity: 390.5")
    before = contents(own)
    ran = srcnet("validate", "--fix", "--today", TODAY, cwd=own)
    assert ran.code == 1
    assert "without a unit" in ran.out
    assert contents(own) == before


def test_fix_writes_no_word_of_its_own_into_a_report(own: Path):
    ran = srcnet("validate", "--fix", "--format", "json", cwd=misspelt(own))
    assert json.loads(ran.out)["findings"]
    assert "capcity → capacity" in ran.err


@pytest.mark.parametrize("args", [["--check"], ["--diff"]])
def test_check_and_diff_go_with_fix(own: Path, args: list[str]):
    assert srcnet("validate", *args, cwd=own).code == 64

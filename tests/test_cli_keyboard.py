"""Commands for people at a keyboard, as they are typed: fmt, validate --fix, init, new."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_runner import contents, golden_specs, srcnet

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

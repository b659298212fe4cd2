"""Commands for some of the systems: those of a site, one by its name, and who belongs to what."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cli_runner import srcnet
from moved_specs import site_renamed
from specs import GOLDEN, HERE, TODAY

from srcnet_compiler.pipeline import compile_specs

DAY = ("--today", TODAY.isoformat())
SCIM = HERE / "scim"


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOLDEN, tmp_path / "specs"))


@pytest.mark.parametrize("name", ["plan", "apply", "verify"])
@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (
            ("--site", "chsrc-cscs"),
            "no site `chsrc-cscs`\n  help: did you mean `CHSRC-CSCS`",
        ),
        (("--site", "SWESRC-OSO"), "srcnet changes nothing at SWESRC-OSO: no cluster there"),
        (("--system", "slurm/common"), "there is no system `slurm/common`\n  help: did you mean"),
        (
            ("--system", "rucoi"),
            "no system `rucoi`\n  help: there are rucio/golden, slurm/",
        ),
    ],
)
def test_what_is_not_there_is_said_with_what_is(
    name: str, asked: tuple[str, str], says: str, specs: Path
):
    ran = srcnet(name, *asked, *DAY, cwd=specs)
    assert (ran.code, ran.out) == (64, "")
    assert says in ran.err


def test_a_site_by_its_former_name_is_answered_with_the_new_one(tmp_path: Path):
    for file, text in site_renamed("CHSRC-CSCS", "CHSRC-LUGANO").items():
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    ran = srcnet("plan", "--site", "CHSRC-CSCS", *DAY, cwd=tmp_path)
    assert (ran.code, ran.out) == (64, "")
    assert "there is no site `CHSRC-CSCS` any more\n  help: a `Moved` document says that" in ran.err
    assert "`--site CHSRC-LUGANO`" in ran.err
    ran = srcnet("plan", "--site", "CHSRC-LUGANO", *DAY, cwd=tmp_path)
    assert "CHSRC_SLURM_KEY" in ran.err


@pytest.mark.parametrize("name", ["plan", "verify"])
@pytest.mark.parametrize(
    ("asked", "variable"),
    [
        (("--site", "CHSRC-CSCS"), "CHSRC_SLURM_KEY"),
        (("--system", "slurm/CHSRC-CSCS.own"), "CHSRC_SLURM_KEY"),
        (("--system", "rucio"), "GOLDEN_RUCIO_TOKEN"),
    ],
)
def test_only_the_systems_that_are_asked_for_need_their_credentials(
    name: str, asked: tuple[str, str], variable: str, specs: Path
):
    ran = srcnet(name, *asked, *DAY, cwd=specs)
    assert (ran.code, ran.out) == (77, "")
    assert f"the environment variable {variable} is not set" in ran.err


def test_a_key_that_is_none_is_refused_and_not_repeated(specs: Path):
    env = {"CHSRC_SLURM_KEY": "my-secret-word"}
    ran = srcnet("plan", "--system", "slurm/CHSRC-CSCS.own", *DAY, cwd=specs, env=env)
    assert ran.code == 77
    assert "CHSRC_SLURM_KEY does not hold a private key for ssh" in ran.err
    assert "my-secret-word" not in ran.err


def test_a_plan_says_itself_which_systems_it_is_for(specs: Path):
    ran = srcnet("apply", "plan.json", "--site", "CHSRC-CSCS", cwd=specs)
    assert ran.code == 64
    assert "leave `--site` and `--system` out" in ran.err


def members(*names: str) -> list[str | Path]:
    return [part for name in names for part in ("--members", SCIM / name)]


def test_who_belongs_to_a_group_is_what_the_export_says(specs: Path):
    built = specs / "build/slurm/CHSRC-CSCS.common/accounting.yaml"
    assert srcnet("compile", *DAY, cwd=specs).code == 0
    without = built.read_text("utf-8")
    ran = srcnet("compile", *members("users.json", "groups.json"), *DAY, cwd=specs)
    assert ran.code == 0, ran
    assert "members:" not in without
    assert "members:" in built.read_text("utf-8")


def test_an_export_that_is_damaged_stops_everything(specs: Path, tmp_path: Path):
    half = tmp_path / "half.json"
    half.write_text((SCIM / "users.json").read_text("utf-8")[:-40])
    ran = srcnet("compile", "--members", half, *DAY, cwd=specs)
    assert ran.code == 1
    assert "wrong-membership" in ran.out
    assert not (specs / "build").exists()


def test_an_export_that_cannot_be_read_is_said(specs: Path, tmp_path: Path):
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe")
    for name, says in (("none.json", "cannot read"), ("binary.json", "is not text in UTF-8")):
        ran = srcnet("plan", "--members", tmp_path / name, *DAY, cwd=specs)
        assert (ran.code, ran.out) == (74, "")
        assert says in ran.err


def test_a_plan_is_bound_to_what_an_export_says_and_not_to_where_it_lies(tmp_path: Path):
    files = {name: (SCIM / name).read_text("utf-8") for name in ("users.json", "groups.json")}
    moved = {f"/elsewhere/{name}": text for name, text in reversed(files.items())}
    other = {**files, "users.json": files["users.json"].replace('"active"', '"Active"', 1)}
    first, again, changed = (
        compile_specs(GOLDEN, TODAY, texts).members for texts in (files, moved, other)
    )
    assert first == again
    assert first != changed


def test_a_doctor_says_which_clusters_it_did_not_look_at(specs: Path):
    path = specs / "policies/allocation/cycle-0.yaml"
    path.write_text(path.read_text("utf-8").replace("share: 60 %", "share: 90 %"), "utf-8")
    ran = srcnet("doctor", cwd=specs)
    assert ran.code == 1
    assert "   ?  CHSRC-CSCS.common: not looked at while the specs have errors\n" in ran.out

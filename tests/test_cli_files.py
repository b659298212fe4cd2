"""Files that commands write and read: builds and plans, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cli_runner import TODAY, Ran, contents, edit, golden_specs, srcnet
from specs import compiled

from srcnet_compiler.converge import binding, name_of
from srcnet_compiler.plan.build import build_plan
from srcnet_compiler.plan.file import from_json, to_json
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio.model import RucioModel

AREA = "      capacity: 390.5 TB"
SECRET = {"GOLDEN_RUCIO_TOKEN": "a-token-of-nobody"}


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    return golden_specs(tmp_path / "specs")


def compile_into(folder: Path, *args: str | Path, before: tuple[str, ...] = ()) -> Ran:
    return srcnet("compile", "--today", TODAY, *args, cwd=folder, before=before)


def changed(ran: Ran) -> int:
    """How many files it says have changed."""
    assert ran.code == 0, ran
    verdict = ran.out.splitlines()[-1]
    assert verdict.endswith((" files changed)", " 1 file changed)")), ran
    return int(verdict.split()[-3])


def saved_plan(specs: Path, path: Path) -> Path:
    """A plan from these specs, as for a server with nothing in it."""
    result = compiled(specs)
    lowered = next(each for each in result.models if each.target.name == "rucio")
    model = lowered.model
    changes = lowered.target.diff(model, Reading(RucioModel(model.instance, model.owner)))
    plan = build_plan([name_of(lowered)], changes, (), frozenset(), binding(result))
    path.write_text(to_json(plan), "utf-8")
    return path


# ── builds ────────────────────────────────────────────────────────────────────────────────────


def test_compiling_again_changes_nothing_and_touches_no_file(specs: Path):
    first = changed(compile_into(specs))
    built = contents(specs / "build")
    times = [path.stat().st_mtime_ns for path in sorted((specs / "build").rglob("*"))]
    assert first == len(built) > 10
    assert changed(compile_into(specs)) == 0
    assert contents(specs / "build") == built
    assert [path.stat().st_mtime_ns for path in sorted((specs / "build").rglob("*"))] == times


def test_a_change_of_one_value_changes_its_files_alone(specs: Path):
    compile_into(specs)
    before = contents(specs / "build")
    edit(specs / "site-specs/chsrc-cscs.yaml", AREA, "      capacity: 391.5 TB")
    assert changed(compile_into(specs)) == 5
    after = contents(specs / "build")
    assert {n for n in after if before[n] != after[n]} == {
        "rucio/golden/sites/CHSRC-CSCS.yaml",
        "kubernetes/CHSRC-CSCS.edge/storage.yaml",  # people may read the area there
        "kubernetes/CHSRC-CSCS.services/storage.yaml",  # its services see the area as a volume
        "scapi/srcnet/nodes/CHSRC.yaml",
        "provenance.json",
    }


def test_files_of_what_is_no_longer_there_are_removed_and_files_of_others_are_not(specs: Path):
    compile_into(specs)
    build = specs / "build"
    (build / "rucio/golden/notes.md").write_text("mine")
    policies = specs / "policies/data/others.yaml"
    documents = policies.read_text().split("---\n")
    kept = [text for text in documents if "name: scratch-products" not in text]
    assert len(kept) == len(documents) - 1
    policies.write_text("---\n".join(kept))
    gone = build / "rucio/golden/policies/scratch-products.yaml"
    assert gone.exists()
    assert changed(compile_into(specs)) > 0
    assert not gone.exists()
    assert (build / "rucio/golden/notes.md").read_text() == "mine"


def test_nothing_is_written_where_a_spec_has_an_error(specs: Path):
    compile_into(specs)
    before = contents(specs / "build")
    edit(specs / "site-specs/chsrc-cscs.yaml", AREA, "      capacity: 391.5")
    assert compile_into(specs).code == 1
    assert contents(specs / "build") == before
    assert compile_into(specs, "--out", "other").code == 1
    assert not (specs / "other").exists()


def test_a_folder_of_somebody_else_is_left_alone(specs: Path):
    (specs / "build").mkdir()
    (specs / "build/thesis.tex").write_text("years of work")
    ran = compile_into(specs)
    assert (ran.code, ran.out) == (74, "")
    assert "holds files that srcnet did not write" in ran.err
    assert contents(specs / "build") == {"thesis.tex": b"years of work"}


@pytest.mark.parametrize("content", [b"", b"not json", b"[]", b'{"files": 3}', b"\xff\xfe\0"])
def test_a_source_map_that_is_broken_makes_the_build_somebody_elses(content: bytes, specs: Path):
    (specs / "build").mkdir()
    (specs / "build/source-map.json").write_bytes(content)
    assert compile_into(specs).code == 74
    assert srcnet("explain", "site-specs/europe.yaml:3", cwd=specs).code == 74


def test_a_source_map_cannot_lead_out_of_its_folder(specs: Path):
    """It may come with somebody's pull request."""
    compile_into(specs)
    mine = specs / "mine.txt"
    mine.write_text("mine")
    link = specs / "build/link"
    link.symlink_to(specs, target_is_directory=True)
    path = specs / "build/source-map.json"
    data = json.loads(path.read_text())
    for name in ("../mine.txt", str(mine), "link/mine.txt"):
        data["files"][name] = [0]
    path.write_text(json.dumps(data))
    changed(compile_into(specs))
    assert mine.read_text() == "mine"


def test_what_a_killed_run_has_left_is_no_obstacle(specs: Path):
    (specs / "build/rucio/golden").mkdir(parents=True)
    (specs / "build/rucio/golden/.accounts.yaml.partial").write_text("hal")
    (specs / "build/.source-map.json.partial").write_text("{")
    assert changed(compile_into(specs)) > 10
    assert not list((specs / "build").rglob("*.partial"))


def not_writable(specs: Path, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    (tmp_path / "file").write_text("a file, and no folder")
    yield "a file", tmp_path / "file"
    yield "below a file", tmp_path / "file/build"
    yield "the system", Path("/proc/build")
    yield "a name that is too long", specs / ("b" * 300)


def test_a_build_folder_that_cannot_be_written_ends_with_74(specs: Path, tmp_path: Path):
    for what, folder in not_writable(specs, tmp_path):
        ran = compile_into(specs, "--out", folder)
        assert (ran.code, ran.out) == (74, ""), what
        assert ran.err.startswith("error: files cannot be read or written `"), what
    assert (tmp_path / "file").read_text() == "a file, and no folder"


def without_rights() -> tuple[str, ...]:
    """Under which even root must keep to the rights of files."""
    if os.getuid() != 0:
        return ()
    caps = "-dac_override,-dac_read_search"
    tool = ("setpriv", f"--bounding-set={caps}", f"--inh-caps={caps}")
    if subprocess.run([*tool, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("root cannot give up its rights here")
    return tool


def test_rights_are_respected_and_missing_ones_named(specs: Path):
    compile_into(specs)
    before = contents(specs / "build")
    edit(specs / "site-specs/chsrc-cscs.yaml", AREA, "      capacity: 391.5 TB")
    folder = specs / "build/rucio/golden/sites"
    folder.chmod(0o500)
    ran = compile_into(specs, before=without_rights())
    folder.chmod(0o700)
    assert ran.code == 74
    assert "Permission denied" in ran.err
    assert contents(specs / "build") == before


# ── a disk without space ──────────────────────────────────────────────────────────────────────


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB with specs on it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("no disk can be mounted here")
    try:
        golden_specs(disk / "specs")
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Take all the space that is left."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                continue
        except OSError:
            return ballast
    raise AssertionError("the disk has no end")


def test_a_full_disk_leaves_the_earlier_build_as_it_was(small_disk: Path):
    specs = small_disk / "specs"
    assert changed(compile_into(specs)) > 10
    before = contents(specs / "build")
    edit(specs / "site-specs/chsrc-cscs.yaml", AREA, "      capacity: 391.5 TB")
    edit(specs / "site-specs/chsrc-cscs.yaml", "capacity: 2 PB", "capacity: 3 PB")
    ballast = fill(small_disk)
    ran = compile_into(specs)
    assert (ran.code, ran.out) == (74, "")
    assert "No space left on device" in ran.err
    assert contents(specs / "build") == before
    ballast.unlink()
    assert changed(compile_into(specs)) > 0


def test_a_full_disk_does_not_stand_in_the_way_of_the_first_build(small_disk: Path):
    specs = small_disk / "specs"
    ballast = fill(small_disk)
    assert compile_into(specs).code == 74
    assert not [path for path in (specs / "build").rglob("*") if path.is_file()]
    ballast.unlink()
    assert changed(compile_into(specs)) > 10


def test_a_limit_in_the_middle_of_a_build_leaves_nothing_half_written(specs: Path):
    """The first files fit, a later one does not."""
    compile_into(specs)
    before = contents(specs / "build")
    sizes = sorted(len(content) for content in before.values())
    limit = ("prlimit", f"--fsize={sizes[len(sizes) // 2]}", "--")
    edit(specs / "policies/federation.yaml", "otherwise: 4", "otherwise: 5")
    edit(specs / "site-specs/world.yaml", "capacity: 400 TB", "capacity: 401 TB")
    ran = compile_into(specs, before=limit)
    assert (ran.code, ran.out) == (74, "")
    assert contents(specs / "build") == before
    fresh = compile_into(specs, "--out", "fresh", before=limit)
    assert fresh.code == 74
    assert contents(specs / "fresh") == {}


def test_schemas_are_written_all_or_none(tmp_path: Path):
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/Site.schema.json").write_text("{}")
    before = contents(tmp_path)
    ran = srcnet("schema", "--write", cwd=tmp_path, before=("prlimit", "--fsize=2000", "--"))
    assert (ran.code, ran.out) == (74, "")
    assert contents(tmp_path) == before


# ── plans ─────────────────────────────────────────────────────────────────────────────────────


def test_show_says_in_words_what_a_plan_does(specs: Path, tmp_path: Path):
    plan = saved_plan(specs, tmp_path / "plan.json")
    text = srcnet("show", plan, cwd=specs)
    assert (text.code, text.err) == (0, "")
    assert "+ create account-limit srcnet-policy@CHSRC_TAPE" in text.out
    assert "+ create 14 rses: AUSSRC-PERTH-INGEST, " in text.out
    assert "site-specs/chsrc-cscs.yaml:42:17" in text.out
    full = srcnet("show", plan, "--full", cwd=specs)
    assert "+ create rse CHSRC_TAPE" in full.out
    assert full.out.count("+ create ") == plan.read_text().count('"action":"create"')
    again = srcnet("show", plan, "--format", "json", cwd=specs)
    assert again.out == plan.read_text()
    markdown = srcnet("show", plan, "--format", "markdown", cwd=specs)
    assert markdown.out.startswith("### golden: ")


def tampered(text: str) -> Iterator[tuple[str, bytes]]:
    whole = text.encode()
    yield "empty", b""
    yield "half", whole[: len(whole) // 2]
    yield "without its end", whole[:-3]
    yield "binary", bytes(range(256)) * 100
    yield "latin", whole.replace(b"golden", b"g\xf6lden")
    yield "another value", whole.replace(b"390500000000000", b"390500000000001")
    yield "one change less", b"\n".join(whole.splitlines()[:6] + whole.splitlines()[7:])
    yield "another version", whole.replace(b'"formatVersion":3', b'"formatVersion":99')
    yield "a list", b"[]"
    yield "a number", b"3"
    yield "deep", b"[" * 100_000
    yield (
        "deep inside",
        whole.replace(b'"supersedes":null', b'"supersedes":' + b"[" * 900 + b"]" * 900),
    )
    yield "a long number", b'{"digest": ' + b"9" * 10_000 + b"}"
    yield "half a character", whole.replace(b'"supersedes":null', b'"supersedes":"\\ud800"')
    yield "a spec", b"apiVersion: srcnet.skao.int/v1alpha2\nkind: Site\n"


def test_a_plan_that_is_not_as_it_was_made_is_refused(specs: Path, tmp_path: Path):
    text = saved_plan(specs, tmp_path / "plan.json").read_text()
    path = tmp_path / "bad.json"
    for what, content in tampered(text):
        path.write_bytes(content)
        ran = srcnet("show", path, cwd=specs)
        assert (ran.code, ran.out) == (5, ""), what
        assert ran.err.startswith("error: `"), what
        assert "help: make a new one" in ran.err, what
    applied = srcnet("apply", path, "--today", TODAY, cwd=specs, env=SECRET)
    assert (applied.code, applied.out) == (5, "")


def test_a_plan_of_100_mb_is_refused_like_any_other(tmp_path: Path):
    path = tmp_path / "plan.json"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    assert srcnet("show", path, cwd=tmp_path).code == 5


def test_a_plan_that_cannot_be_read_ends_with_74(specs: Path, tmp_path: Path):
    (tmp_path / "link").symlink_to("nowhere")
    for path in (tmp_path / "none.json", tmp_path, tmp_path / "link"):
        for args in (["show", path], ["apply", path, "--today", TODAY]):
            ran = srcnet(*args, cwd=specs, env=SECRET)
            assert (ran.code, ran.out) == (74, ""), args
            assert ran.err.startswith(f"error: cannot read plan `{path}`: "), args


def test_a_plan_is_bound_to_specs_and_tool(specs: Path, tmp_path: Path):
    path = saved_plan(specs, tmp_path / "plan.json")
    plan = from_json(path.read_text())
    older = replace(plan, binding=replace(plan.binding, tool="0.0.1"))
    path.write_text(to_json(older))
    ran = srcnet("apply", path, "--today", TODAY, cwd=specs, env=SECRET)
    assert (ran.code, ran.out) == (5, "")
    assert "another version of srcnet" in ran.err
    path.write_text(to_json(plan))
    edit(specs / "site-specs/chsrc-cscs.yaml", AREA, AREA + "  # a comment")
    ran = srcnet("apply", path, "--today", TODAY, cwd=specs, env=SECRET)
    assert (ran.code, ran.out) == (5, "")
    assert "other specs than those in this folder" in ran.err


def test_a_state_that_cannot_be_read_ends_with_74(specs: Path, tmp_path: Path):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "ledger.sqlite").write_bytes(b"no database, whatever it is called" * 50)
    ran = srcnet("status", "--state", broken, cwd=specs)
    assert (ran.code, ran.out) == (74, "")
    assert "file is not a database" in ran.err
    ran = srcnet("plan", "--state", broken, "--today", TODAY, cwd=specs, env=SECRET)
    assert (ran.code, ran.out) == (74, "")


# ── what others have written ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["notes.md", "srcnet.toml", "site-specs/europe.yaml", "mine.json"])
def test_a_plan_is_never_saved_over_what_is_no_plan(name: str, specs: Path):
    (specs / "notes.md").write_text("mine")
    (specs / "srcnet.toml").write_text("[plan]\n")
    (specs / "mine.json").write_text('{"binding": "of a book"}')
    before = contents(specs)
    ran = srcnet("plan", "--out", name, "--today", TODAY, cwd=specs, env=SECRET)
    assert (ran.code, ran.out) == (74, "")
    assert ran.err.startswith(f"error: `{name}` ")
    assert "  help: " in ran.err
    assert contents(specs) == before


def test_a_plan_may_be_saved_over_an_older_one(specs: Path):
    saved_plan(specs, specs / "plan.json")
    (specs / "empty").touch()
    for name in ("plan.json", "empty", "new.json"):
        ran = srcnet("plan", "--out", name, "--today", TODAY, cwd=specs, env=SECRET)
        assert ran.code in (69, 77), "it goes on as far as the server"


@pytest.mark.parametrize(
    "args",
    [
        ["plan", "--out", "policies/plan.json"],
        ["plan", "--out", "build/../site-specs/more/plan.json"],
        ["compile", "--out", "site-specs/build"],
        ["compile", "--out", "policies"],
        ["schema", "--write", "--out", "site-specs"],
    ],
    ids=" ".join,
)
def test_nothing_is_written_among_the_specs(args: list[str], specs: Path):
    before = contents(specs)
    ran = srcnet(*args, cwd=specs, env=SECRET)
    assert (ran.code, ran.out) == (74, "")
    assert "where only specs belong" in ran.err
    assert contents(specs) == before


def test_a_schema_is_never_written_over_what_is_none(tmp_path: Path):
    (tmp_path / "site.schema.json").write_text("mine")
    ran = srcnet("schema", "--write", "--out", ".", cwd=tmp_path)
    assert (ran.code, ran.out) == (74, "")
    assert contents(tmp_path) == {"site.schema.json": b"mine"}

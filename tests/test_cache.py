"""What earlier runs have kept: a run with it says and writes what a run without it does."""

import os
import pickle
import shutil
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cli_runner import contents, edit, golden_specs
from hypothesis import given, settings
from hypothesis import strategies as st

from srcnet_compiler.cli import cache as module
from srcnet_compiler.cli.cache import FOLDER, Cache
from srcnet_compiler.cli.documents import Documents
from srcnet_compiler.cli.group import run
from srcnet_compiler.cli.options import FORMATS
from srcnet_compiler.pipeline import load, shaped, spec_files

TODAY = "2026-11-22"
SITE = "site-specs/chsrc-cscs.yaml"


@pytest.fixture(autouse=True)
def own_key(tmp_path_factory, monkeypatch):
    """A user's folder of our own, so that nobody's is touched."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("user")))
    monkeypatch.setenv("NO_COLOR", "1")


def compile_here(folder: Path, form: str = "text", *more: str) -> tuple[int, str, str]:
    """`srcnet compile` in this process: its exit code and what it says."""
    out, err, before = StringIO(), StringIO(), Path.cwd()
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = run(["-C", str(folder), "compile", "--today", TODAY, "--format", form, *more])
    finally:
        os.chdir(before)
    return code, out.getvalue(), err.getvalue()


def without_cache(folder: Path, form: str) -> tuple[tuple[int, str, str], dict[str, bytes]]:
    """What a copy of the folder, in which nothing was kept, is told, and what is built there."""
    with TemporaryDirectory() as name:
        copy = Path(name) / "specs"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(".srcnet"))
        told = compile_here(copy, form)
        return told, contents(copy / "build") if (copy / "build").is_dir() else {}


# ── the law ───────────────────────────────────────────────────────────────────────────────────


def nothing(specs: Path) -> None:
    """Leave all as it is."""


def comment(specs: Path) -> None:
    with (specs / SITE).open("a", encoding="utf-8") as file:
        file.write("# a word\n")


def another_value(specs: Path) -> None:
    """Of the same length, with the time of before: only the change's own time tells."""
    path = specs / SITE
    text, before = path.read_text("utf-8"), path.stat()
    digits = {"3": "4", "4": "3"}
    place = text.index("capacity: ") + len("capacity: ")
    path.write_text(text[:place] + digits.get(text[place], "3") + text[place + 1 :], "utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def break_spec(specs: Path) -> None:
    with (specs / SITE).open("a", encoding="utf-8") as file:
        file.write("nonsense: [\n")


def mend_spec(specs: Path) -> None:
    path = specs / SITE
    path.write_text(path.read_text("utf-8").replace("nonsense: [\n", ""), "utf-8")


def rename_spec(specs: Path) -> None:
    for path in sorted((specs / "site-specs").glob("*europe*")):
        path.rename(path.with_name(f"a{path.name}"))


def touch_all(specs: Path) -> None:
    for path in spec_files(specs):
        path.touch()


def _a_built_file(specs: Path) -> Path | None:
    return next(iter(sorted((specs / "build").rglob("*.yaml"))), None)


def spoil_build(specs: Path) -> None:
    path = _a_built_file(specs)
    if path is not None:
        path.write_bytes(bytes(byte ^ 1 for byte in path.read_bytes()))


def spoil_map(specs: Path) -> None:
    path = specs / "build/source-map.json"
    if path.is_file():
        path.write_text(path.read_text("utf-8").replace("[0", "[1", 1), "utf-8")


def lose_built_file(specs: Path) -> None:
    path = _a_built_file(specs)
    if path is not None:
        path.unlink()


def lose_build(specs: Path) -> None:
    shutil.rmtree(specs / "build", ignore_errors=True)


def lose_cache(specs: Path) -> None:
    shutil.rmtree(specs / FOLDER, ignore_errors=True)


def spoil_cache(specs: Path) -> None:
    for path in (specs / FOLDER).glob("*"):
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2] + b"x" + data[len(data) // 2 + 1 :])


def cut_cache(specs: Path) -> None:
    for path in (specs / FOLDER).glob("*"):
        path.write_bytes(path.read_bytes()[:-7])


EDITS: list[Callable[[Path], None]] = [
    *(nothing, comment, another_value, break_spec, mend_spec, rename_spec, touch_all),
    *(spoil_build, spoil_map, lose_built_file, lose_build, lose_cache, spoil_cache, cut_cache),
]


@given(st.lists(st.tuples(st.sampled_from(EDITS), st.sampled_from(FORMATS)), max_size=8))
@settings(max_examples=20)
def test_what_is_kept_changes_nothing_of_what_is_said_and_built(
    steps: list[tuple[Callable[[Path], None], str]],
):
    with TemporaryDirectory() as name:
        specs = golden_specs(Path(name) / "specs")
        compile_here(specs)
        for change, form in steps:
            change(specs)
            told, built = without_cache(specs, form)
            assert compile_here(specs, form) == told, change.__name__
            assert (contents(specs / "build") if (specs / "build").is_dir() else {}) == built


def test_every_edit_is_seen_after_any_other():
    """The same, for each edit of a folder in which all is settled."""
    with TemporaryDirectory() as name:
        specs = golden_specs(Path(name) / "specs")
        for change in EDITS:
            for form in ("text", "json"):
                compile_here(specs)
                compile_here(specs)
                change(specs)
                told, built = without_cache(specs, form)
                assert compile_here(specs, form) == told, change.__name__
                assert contents(specs / "build") == built, change.__name__


# ── what it is for ────────────────────────────────────────────────────────────────────────────


def test_where_nothing_changed_no_spec_is_read(tmp_path: Path, monkeypatch):
    specs = golden_specs(tmp_path / "specs")
    first = compile_here(specs)
    monkeypatch.setattr("srcnet_compiler.pipeline.check", None)
    again = compile_here(specs)
    assert again[0] == first[0]
    assert again[1].endswith(" 0 files changed)\n")
    comment(specs)
    assert compile_here(specs)[0] == 70


def test_another_day_another_folder_and_another_form_are_asked_anew(tmp_path: Path, monkeypatch):
    specs = golden_specs(tmp_path / "specs")
    compile_here(specs)
    monkeypatch.setattr("srcnet_compiler.pipeline.check", None)
    assert compile_here(specs, "sarif")[0] == 0
    assert compile_here(specs, "text", "--today", "2026-11-23")[0] == 70
    assert compile_here(specs, "text", "--out", "other")[0] == 70


def test_only_files_that_changed_are_read_again(tmp_path: Path, monkeypatch):
    specs = golden_specs(tmp_path / "specs")
    files = spec_files(specs)
    kept = Documents(Cache(specs))
    cold = load(specs, files, kept.shape)
    kept.save()
    comment(specs)
    read: list[str] = []

    def noted(name: str, content: bytes) -> object:
        read.append(name)
        return shaped(name, content)

    monkeypatch.setattr("srcnet_compiler.cli.documents.shaped", noted)
    again = load(specs, files, Documents(Cache(specs)).shape)
    assert read == [SITE]
    assert again[0].specs != ()
    assert [s.document for s in again[0].specs] == [s.document for s in cold[0].specs]


# ── who is trusted ────────────────────────────────────────────────────────────────────────────


class Trap:
    """What somebody would put into a pickle."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.mkdir, ("trapped",)


@pytest.mark.parametrize("name", ["compiled", "documents"])
def test_a_cache_that_came_with_a_pull_request_is_not_opened(
    name: str, tmp_path: Path, monkeypatch
):
    specs = golden_specs(tmp_path / "specs")
    expected = compile_here(specs)
    compile_here(specs)
    monkeypatch.chdir(tmp_path)
    path = specs / FOLDER / name
    path.write_bytes(b"\0" * 32 + pickle.dumps(Trap()))
    path.chmod(0o600)
    shutil.rmtree(specs / "build")
    assert compile_here(specs) == expected
    assert not list(tmp_path.rglob("trapped"))


def test_what_another_user_or_another_compiler_kept_is_not_there(tmp_path: Path, monkeypatch):
    cache = Cache(tmp_path)
    cache.write("thing", b"content")
    assert cache.read("thing") == b"content"
    assert cache.read("other") is None
    (tmp_path / FOLDER / "other").write_bytes((tmp_path / FOLDER / "thing").read_bytes())
    (tmp_path / FOLDER / "other").chmod(0o600)
    assert cache.read("other") is None
    monkeypatch.setattr(module, "_compiler", lambda: b"another")
    assert cache.read("thing") is None
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "somebody"))
    assert cache.read("thing") is None


def test_what_others_could_have_read_or_written_is_not_there(tmp_path: Path):
    cache = Cache(tmp_path)
    cache.write("thing", b"content")
    path = tmp_path / FOLDER / "thing"
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / FOLDER).stat().st_mode & 0o777 == 0o700
    path.chmod(0o644)
    assert cache.read("thing") is None
    path.chmod(0o600)
    assert cache.read("thing") == b"content"
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")
    assert cache.read("thing") is None


def test_a_folder_in_which_nothing_can_be_kept_is_no_trouble(tmp_path: Path):
    specs = golden_specs(tmp_path / "specs")
    (specs / ".srcnet").write_text("a file, and no folder")
    first = compile_here(specs)
    assert first[0] == 0
    assert compile_here(specs)[1].endswith(" 0 files changed)\n")


def test_a_link_that_came_with_a_pull_request_leads_nowhere(tmp_path: Path):
    specs, home = golden_specs(tmp_path / "specs"), tmp_path / "home"
    home.mkdir()
    (specs / ".srcnet").symlink_to(home, target_is_directory=True)
    assert compile_here(specs)[0] == 0
    assert compile_here(specs)[0] == 0
    assert not list(home.iterdir())


def test_specs_that_came_back_are_found_as_they_are(tmp_path: Path):
    """As after `git checkout` of another branch and back."""
    specs = golden_specs(tmp_path / "specs")
    compile_here(specs)
    text = (specs / SITE).read_text("utf-8")
    edit(specs / SITE, "capacity: 2 PB", "capacity: 3 PB")
    other = compile_here(specs)
    (specs / SITE).write_text(text, "utf-8")
    back = compile_here(specs)
    told, built = without_cache(specs, "text")
    assert other[0] == back[0] == 0
    assert contents(specs / "build") == built
    assert compile_here(specs) == told

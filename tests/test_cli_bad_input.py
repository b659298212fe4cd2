"""Specs that are no specs: each gets a finding and an exit code, and never a traceback."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_runner import TODAY, contents, golden_specs, srcnet
from test_cli_files import compile_into, without_rights

SITE = """\
apiVersion: srcnet.skao.int/v1alpha2
kind: Site
metadata: {name: CHSRC-NEW}
spec:
  src: CHSRC
  country: CH
  storage:
    - name: CHSRC-NEW-T1
      tier: online
      system: xrootd
      capacity: 400 TB
      endpoints: [{protocol: davs, host: new.example.ch, port: 1094, path: /data}]
"""


def text(before: str, after: str) -> Callable[[Path], None]:
    """A site with one thing changed."""
    assert SITE.count(before) == 1
    return lambda path: path.write_text(SITE.replace(before, after), "utf-8")


def data(content: bytes | str) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content.encode() if isinstance(content, str) else content)


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(100_000_000)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def listener(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as there:
        here = os.open(path.parent, os.O_RDONLY)
        there.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefghi", "bcdefghij", strict=True)
)

# What is written, the finding's code, and words of its message or its help.
BAD: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "empty": (data(b""), "empty-document", "holds no document"),
    "only a comment": (data("# nothing\n"), "empty-document", "holds no document"),
    "a directory": (Path.mkdir, "unreadable-file", "this is a directory"),
    "binary": (data(bytes(range(256)) * 100), "not-utf-8", "is not UTF-8"),
    "zeros": (data(bytes(5000)), "not-utf-8", "not text"),
    "100 MB": (huge, "too-large", "larger than 16 MB"),
    "an alias bomb": (data(BOMB), "too-large", "counting what aliases stand for"),
    "20,000 brackets": (data("[" * 20_000), "too-large", "nested more than 64 deep"),
    "20,000 closed": (data("[" * 20_000 + "]" * 20_000), "too-large", "nested more than 64 deep"),
    "Latin-1": (data(SITE.replace("new.", "zürich.").encode("latin-1")), "not-utf-8", "Latin-1"),
    "no unit": (text("400 TB", "400"), "wrong-shape", "without a unit"),
    "a negative size": (text("400 TB", "-400 TB"), "wrong-shape", "cannot be negative"),
    "an unknown unit": (text("400 TB", "400 Tb"), "wrong-shape", "400 Tb"),
    "an unknown key": (text("capacity:", "capcity:"), "unknown-key", "did you mean `capacity`?"),
    "an unknown kind": (text("kind: Site", "kind: Siet"), "unknown-kind", "did you mean `Site`?"),
    "a list for text": (text("country: CH", "country: [CH]"), "wrong-shape", "is a list"),
    "text for a list": (text("  storage:\n", "  storage: none\n  x:\n"), "wrong-shape", "storage"),
    "a list": (data("- a\n- b\n"), "wrong-shape", "must be a mapping"),
    "half a document": (data(SITE[:-30]), "yaml-syntax", ""),
    "a tab": (text("    - name", "\t- name"), "yaml-syntax", "tab"),
    "a link to nothing": (lambda p: p.symlink_to("nowhere"), "unreadable-file", "no such file"),
    "a link to itself": (lambda p: p.symlink_to(p), "unreadable-file", "symbolic links"),
    "a pipe": (pipe, "unreadable-file", "this is a pipe"),
    "a socket": (listener, "unreadable-file", "this is a socket"),
    "a device": (lambda p: p.symlink_to("/dev/zero"), "unreadable-file", "this is a device"),
}
UNREADABLE = "unreadable-file"


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gets_its_finding(name: str, tmp_path: Path):
    make, code, words = BAD[name]
    path = tmp_path / "bad.yaml"
    make(path)
    ran = srcnet("validate", "bad.yaml", cwd=tmp_path)
    assert ran.code == (74 if code == UNREADABLE else 1)
    assert ran.err == ""
    assert f"error[{code}]: " in ran.out
    assert "--> bad.yaml:" in ran.out
    assert "  help: " in ran.out
    assert words in ran.out
    assert len(ran.out) < 5000, "a finding is for people"


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    return golden_specs(tmp_path / "specs")


def test_among_good_specs_every_bad_file_is_found_at_once(specs: Path):
    """And nothing is compiled from the rest."""
    for number, (make, _, _) in enumerate(BAD.values()):
        make(specs / f"site-specs/bad{number:02}.yaml")
    ran = compile_into(specs)
    assert (ran.code, ran.err) == (74, "")
    for number, (_, code, _) in enumerate(BAD.values()):
        place = ran.out.index(f"--> site-specs/bad{number:02}.yaml:")
        said = ran.out.rindex("error[", 0, place)
        assert ran.out[said:place].startswith(f"error[{code}]: ")
    assert not (specs / "build").exists()


def test_a_missing_file_is_a_finding_like_any_other(tmp_path: Path):
    ran = srcnet("validate", "none.yaml", "no/such/folder.yaml", "", cwd=tmp_path)
    assert (ran.code, ran.err) == (74, "")
    assert ran.out.count("error[unreadable-file]") == 2  # what is said of both files is said once
    assert "none.yaml:1:1" in ran.out
    assert "no/such/folder.yaml:1:1" in ran.out


def test_two_sites_with_one_name_show_each_other(specs: Path):
    (specs / "site-specs/again.yaml").write_text(SITE.replace("CHSRC-NEW", "CHSRC-CSCS"))
    ran = srcnet("validate", "--today", TODAY, cwd=specs)
    assert (ran.code, ran.err) == (1, "")
    assert "error[duplicate-name]: " in ran.out
    assert "site-specs/again.yaml:3:" in ran.out
    assert "site-specs/chsrc-cscs.yaml:3:" in ran.out


def test_where_there_are_no_specs_that_is_said(tmp_path: Path):
    for name in ("validate", "compile", "doctor"):
        ran = srcnet(name, cwd=tmp_path)
        assert (ran.code, ran.out) == (74, ""), name
        assert ran.err.startswith("error: there are no specs in `"), name
    ran = srcnet("-C", tmp_path / "none", "validate", cwd=tmp_path)
    assert (ran.code, ran.out) == (74, "")
    assert ran.err.startswith("error: there is no folder `"), ran.err


def test_a_spec_that_may_not_be_read_is_named(specs: Path):
    path = specs / "site-specs/chsrc-cscs.yaml"
    path.chmod(0)
    ran = srcnet("validate", "--today", TODAY, cwd=specs, before=without_rights())
    path.chmod(0o600)
    assert (ran.code, ran.err) == (74, "")
    assert "--> site-specs/chsrc-cscs.yaml:1:1" in ran.out


def test_a_folder_of_specs_that_may_not_be_read_is_not_taken_for_an_empty_one(specs: Path):
    """What is absent because nobody could look must not be planned without."""
    folder = specs / "site-specs/more"
    folder.mkdir()
    (folder / "new.yaml").write_text(SITE)
    folder.chmod(0)
    ran = srcnet("validate", "--today", TODAY, cwd=specs, before=without_rights())
    folder.chmod(0o700)
    assert ran.code == 74
    assert "site-specs/more" in ran.out + ran.err


def test_specs_that_come_and_go_while_they_are_read_do_no_harm(specs: Path):
    """Each run sees the file, half of it, or none: it says so, or compiles what it saw."""
    path, stop = specs / "site-specs/flicker.yaml", threading.Event()

    def flicker() -> None:
        while not stop.wait(0.001):
            path.write_text(SITE)
            path.unlink()

    thread = threading.Thread(target=flicker)
    thread.start()
    try:
        codes = {srcnet("compile", "--today", TODAY, cwd=specs).code for _ in range(3)}
    finally:
        stop.set()
        thread.join()
    assert codes <= {0, 1, 74}
    assert compile_into(specs).code == 0
    built = contents(specs / "build")
    assert compile_into(specs, "--out", "fresh").code == 0
    assert contents(specs / "fresh") == built

"""The server's environment: found, refused or waited for; that it works, the live server shows."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from srcnet_compiler.demo import rucio_venv
from srcnet_compiler.demo.rucio_venv import ServerError, ensure_server_venv, find_server_venv


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(rucio_venv.OVERRIDE, raising=False)


def complete(path: Path) -> Path:
    path.mkdir()
    (path / rucio_venv.MARKER).write_text(rucio_venv._marker_text())
    return path


def test_a_complete_environment_is_taken_as_it_is(tmp_path: Path):
    venv, said = complete(tmp_path / "venv"), []
    assert ensure_server_venv(venv, said.append) == venv
    assert find_server_venv(venv) == venv
    assert said == []


def test_one_for_other_requirements_is_not_complete(tmp_path: Path):
    venv = complete(tmp_path / "venv")
    (venv / rucio_venv.MARKER).write_text("rucio==37.0.0\n")
    assert find_server_venv(venv) is None


def test_a_folder_that_is_something_else_is_left_alone(tmp_path: Path):
    folder = tmp_path / "venv"
    folder.mkdir()
    (folder / "thesis.tex").write_text("years of work")
    with pytest.raises(ServerError, match="in the way"):
        ensure_server_venv(folder, lambda line: None)
    assert (folder / "thesis.tex").read_text() == "years of work"


def test_a_named_one_without_the_server_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(rucio_venv.OVERRIDE, str(tmp_path))
    with pytest.raises(ServerError, match=r"no Rucio server; it needs rucio==41\.5\.1"):
        ensure_server_venv(tmp_path / "other", lambda line: None)


def test_who_finds_another_at_work_waits_and_takes_what_it_made(tmp_path: Path):
    venv = tmp_path / "venv"
    program = (
        "import sys; from pathlib import Path; from srcnet_compiler.demo import rucio_venv;"
        "print('asking', flush=True);"
        "print(rucio_venv.ensure_server_venv(Path(sys.argv[1]), print))"
    )
    with (tmp_path / "venv.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        other = subprocess.Popen(
            [sys.executable, "-c", program, venv], stdout=subprocess.PIPE, text=True
        )
        assert other.stdout.readline() == "asking\n"
        complete(venv)
    with other:
        assert other.stdout.read() == f"{venv}\n"
    assert other.returncode == 0

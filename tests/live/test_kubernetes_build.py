"""What the API server is built with and from: found, refused or waited for."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from process_table import descendants, is_running, wait_for_end

from srcnet_compiler.demo import kubernetes_build, kubernetes_server
from srcnet_compiler.demo.kubernetes_build import ServerError, ensure_built, find_programs

KUBERNETES = Path(__file__).parents[2] / ".srcnet" / "kubernetes"

with_go = pytest.mark.skipif(
    kubernetes_build.why_no_go() is not None, reason=f"{kubernetes_build.why_no_go()}"
)


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(kubernetes_build.ASSETS, raising=False)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A machine without Go, and without an API server."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


def complete(path: Path) -> Path:
    for name, marker in (
        ("bin", kubernetes_build._programs_marker()),
        ("crds", kubernetes_build._definitions_marker()),
    ):
        (path / name).mkdir(parents=True)
        (path / name / kubernetes_build.MARKER).write_text(marker)
    return path


def test_what_was_built_is_taken_as_it_is(tmp_path: Path):
    built, said = complete(tmp_path / "built"), []
    assert ensure_built(built, said.append) == built
    assert kubernetes_server.why_not(built) is None
    assert kubernetes_server.why_no_crds(built) is None
    assert said == []


@pytest.mark.parametrize("part", ["bin", "crds"])
def test_what_was_built_from_other_sources_is_not_complete(tmp_path: Path, part: str):
    built = complete(tmp_path / "built")
    (built / part / kubernetes_build.MARKER).write_text("Kubernetes 1.30.0\n")
    assert not kubernetes_build.is_complete(built)


def test_without_go_it_says_what_to_install(tmp_path: Path, bare: None):
    with pytest.raises(ServerError, match=r"not made: Go 1\.26 or later is not installed"):
        ensure_built(tmp_path / "built", lambda line: None)
    reason = kubernetes_server.why_not(tmp_path / "built")
    assert reason is not None
    assert reason.startswith("no Kubernetes API server: Go 1.26 or later is not installed")
    assert "KUBEBUILDER_ASSETS names no folder with kube-apiserver and etcd" in reason
    assert kubernetes_server.why_no_crds(tmp_path) == "no CRDs: Go 1.26 or later is not installed"


@pytest.mark.parametrize(("options", "status"), [([], 1), (["--if-possible"], 0)])
def test_who_asks_if_it_is_possible_is_told_and_goes_on(
    tmp_path: Path, bare: None, options: list[str], status: int
):
    module = ["-m", "srcnet_compiler.demo.kubernetes_build", str(tmp_path / "built")]
    done = subprocess.run(
        [sys.executable, *module, *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == status
    assert "Go 1.26 or later is not installed" in done.stderr
    assert (kubernetes_build.SKIPPED in done.stderr) == (status == 0)
    assert len(done.stderr.splitlines()) == 1


@with_go
def test_with_go_it_says_how_to_build(tmp_path: Path):
    reason = kubernetes_server.why_not(tmp_path / "built")
    assert reason is not None
    assert "run `make kube`" in reason
    assert "run `make kube`" in str(kubernetes_server.why_no_crds(tmp_path / "built"))


@with_go
def test_an_old_go_that_may_not_get_a_newer_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "go.mod").write_text("go 9.1.0\n\tk8s.io/kubernetes v9.1.0\n")
    monkeypatch.setattr(kubernetes_build, "MODULE", tmp_path)
    monkeypatch.setenv("GOTOOLCHAIN", "local")
    assert "Kubernetes 9.1.0 needs 9.1 or later" in str(kubernetes_build.why_no_go())
    monkeypatch.setenv("GOTOOLCHAIN", "auto")
    assert kubernetes_build.why_no_go() is None


@with_go
def test_modules_that_cannot_be_had_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    with pytest.raises(ServerError, match=r"kueue v0\.17\.0 cannot be had: .*GOPROXY=off"):
        ensure_built(tmp_path / "built", lambda line: None)
    assert list((tmp_path / "built").iterdir()) == []


@pytest.mark.live("kubernetes")
@with_go
def test_a_module_that_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    changed = kubernetes_build.Definitions("x", "k8s.io/utils", utils(), "h1:other=", "nowhere")
    monkeypatch.setattr(kubernetes_build, "DEFINITIONS", (changed,))
    with pytest.raises(ServerError, match="is not what it was"):
        ensure_built(tmp_path / "built", lambda line: None)


def utils() -> str:
    """The version of a small module that the API server was built with."""
    lines = (kubernetes_build.MODULE / "go.mod").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("\tk8s.io/utils "))


def test_programs_on_the_path_or_named_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare: None
):
    if not (KUBERNETES / "bin" / "etcd").is_file():
        pytest.skip("nothing is built here")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in kubernetes_build.PROGRAMS:
        (programs / name).symlink_to(KUBERNETES / "bin" / name)
    assert find_programs(tmp_path / "built") is None
    monkeypatch.setenv("PATH", str(programs))
    assert find_programs(tmp_path / "built") == programs
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv(kubernetes_build.ASSETS, str(programs))
    assert find_programs(tmp_path / "built") == programs


def test_a_named_folder_without_them_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(kubernetes_build.ASSETS, str(tmp_path))
    with pytest.raises(ServerError, match="has no kube-apiserver and no etcd"):
        find_programs(tmp_path / "built")
    assert "KUBEBUILDER_ASSETS" in str(kubernetes_server.why_not(tmp_path / "built"))


def test_a_named_folder_with_something_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in kubernetes_build.PROGRAMS:
        (tmp_path / name).symlink_to(shutil.which("ls"))
    monkeypatch.setenv(kubernetes_build.ASSETS, str(tmp_path))
    with pytest.raises(ServerError, match=r"the tests are for 1\.36\.\d+ or later"):
        find_programs(tmp_path / "built")


@with_go
def test_a_folder_that_is_something_else_is_left_alone(tmp_path: Path):
    folder = tmp_path / "built"
    folder.mkdir()
    (folder / "thesis.tex").write_text("years of work")
    with pytest.raises(ServerError, match="in the way"):
        ensure_built(folder, lambda line: None)
    assert (folder / "thesis.tex").read_text() == "years of work"


def test_who_finds_another_at_work_waits_and_takes_what_it_made(tmp_path: Path):
    built = tmp_path / "built"
    program = (
        "import sys; from pathlib import Path; from srcnet_compiler.demo import kubernetes_build;"
        "print('asking', flush=True);"
        "print(kubernetes_build.ensure_built(Path(sys.argv[1]), print))"
    )
    with (tmp_path / "built.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        other = subprocess.Popen(
            [sys.executable, "-c", program, built], stdout=subprocess.PIPE, text=True
        )
        assert other.stdout.readline() == "asking\n"
        complete(built)
    with other:
        assert other.stdout.read() == f"{built}\n"
    assert other.returncode == 0


@pytest.mark.live("kubernetes")
@with_go
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_build_that_is_broken_off_leaves_no_process_and_nothing_that_looks_whole(
    tmp_path: Path, how: signal.Signals
):
    built = tmp_path / "built"
    shutil.copytree(KUBERNETES / "crds", built / "crds")
    module = ["-m", "srcnet_compiler.demo.kubernetes_build", str(built)]
    (tmp_path / "tmp").mkdir()
    cold = os.environ | {"GOCACHE": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "tmp")}
    with subprocess.Popen(
        [sys.executable, *module], env=cold, stderr=subprocess.PIPE, text=True
    ) as building:
        assert "some minutes" in building.stderr.readline()
        family = wait_for_compiler(building.pid)
        building.send_signal(how)
    assert building.returncode != 0
    for each in family:
        wait_for_end(each)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not (built / "bin").exists()
    assert not kubernetes_build.is_complete(built)


def wait_for_compiler(builder: int) -> set[int]:
    while len(family := descendants({builder})) < 2:
        assert is_running(builder)
    return family

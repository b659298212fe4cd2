"""What is measured, and how fast it should be. A case sets up what it needs and ends it again."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpus import write
from benchmarks.measure import ROOT, SRCNET, Task, environment
from benchmarks.site_catalogue import write as write_catalogue

TODAY = "2026-11-01"
MODULE = (sys.executable, "-m")


@dataclass(frozen=True, slots=True)
class Case:
    """`goal` in seconds and `goal_memory` in MB; None where none was set.

    `part` is the part of the task that the goal is about; None: all of it. `task` gets a folder
    of its own.
    """

    name: str
    what: str
    task: Callable[[Path], AbstractContextManager[Task]]
    goal: float | None = None
    goal_memory: float | None = None
    part: str | None = None
    is_live: bool = False
    runs: int = 9


@contextmanager
def _help(folder: Path) -> Iterator[Task]:
    yield Task((*SRCNET, "--help"))


@contextmanager
def _validate_file(folder: Path) -> Iterator[Task]:
    write(folder, 1)
    (file,) = (folder / "site-specs").iterdir()
    yield Task((*SRCNET, "validate", str(file)))


@contextmanager
def _compile_real(folder: Path) -> Iterator[Task]:
    yield _compile(ROOT, folder / "build")


@contextmanager
def _compile_200(folder: Path) -> Iterator[Task]:
    write(folder / "specs", 200)
    yield _compile(folder / "specs", folder / "build")


@contextmanager
def _again_200(folder: Path) -> Iterator[Task]:
    write(folder / "specs", 200)
    yield _again(folder)


@contextmanager
def _changed_200(folder: Path) -> Iterator[Task]:
    write(folder / "specs", 200)
    yield _one_changed(folder)


def _again(folder: Path) -> Task:
    """What the run before has built and kept is there."""
    return Task(_compile(folder / "specs", folder / "build").command)


def _one_changed(folder: Path) -> Task:
    """The same; each run finds that one site has other amounts."""
    site = min((folder / "specs/site-specs").iterdir())
    written, step = site.read_text("utf-8"), 0

    def further() -> None:
        nonlocal step
        step += 1
        site.write_text(written.replace("capacity: ", f"capacity: {step}", 1), "utf-8")

    return Task(_again(folder).command, before=further)


def _compile(specs: Path, out: Path) -> Task:
    """Cold: nothing is there from an earlier run."""

    def forget() -> None:
        shutil.rmtree(out, ignore_errors=True)
        shutil.rmtree(specs / ".srcnet/cache", ignore_errors=True)

    command = (*SRCNET, "-C", str(specs), "compile", "--out", str(out), "--today", TODAY)
    return Task(command, before=forget)


@contextmanager
def _stages_200(folder: Path) -> Iterator[Task]:
    write(folder / "specs", 200)
    yield _stages(folder / "specs", folder / "build")


def _stages(specs: Path, out: Path) -> Task:
    return Task(
        (*MODULE, "benchmarks.stages", str(specs), str(out)),
        before=lambda: shutil.rmtree(out, ignore_errors=True),
        tells_parts=True,
    )


@contextmanager
def _floors(folder: Path) -> Iterator[Task]:
    """With five data sets in each class."""
    yield Task((*MODULE, "benchmarks.floors", "200", "2000", "5"), tells_parts=True)


@contextmanager
def _compile_kubernetes(folder: Path) -> Iterator[Task]:
    write(folder / "specs", 200, kubernetes=True)
    yield _compile(folder / "specs", folder / "build")


@contextmanager
def _again_kubernetes(folder: Path) -> Iterator[Task]:
    write(folder / "specs", 200, kubernetes=True)
    yield _again(folder)


@contextmanager
def _changed_kubernetes(folder: Path) -> Iterator[Task]:
    write(folder / "specs", 200, kubernetes=True)
    yield _one_changed(folder)


@contextmanager
def _stages_kubernetes(folder: Path) -> Iterator[Task]:
    write(folder / "specs", 200, kubernetes=True)
    yield _stages(folder / "specs", folder / "build")


@contextmanager
def _diff_one(folder: Path) -> Iterator[Task]:
    """Of one site among 200 an area gets smaller."""
    write(folder / "specs", 200)
    _commit(folder / "specs")
    changed = sorted((folder / "specs/site-specs").iterdir())[50]
    text = changed.read_text("utf-8")
    changed.write_text(re.sub(r"capacity: (\d)\d+ PB", r"capacity: \1 PB", text, count=1), "utf-8")
    assert changed.read_text("utf-8") != text
    yield _diff(folder / "specs")


@contextmanager
def _diff_none(folder: Path) -> Iterator[Task]:
    write(folder / "specs", 200)
    _commit(folder / "specs")
    yield _diff(folder / "specs")


@contextmanager
def _feasibility(folder: Path) -> Iterator[Task]:
    write(folder / "specs", 200)
    work = (*MODULE, "benchmarks.feasibility_work", str(folder / "specs"))
    yield Task(work, tells_parts=True)


def _diff(specs: Path) -> Task:
    return Task((*SRCNET, "-C", str(specs), "diff", "HEAD", "--today", TODAY))


def _commit(specs: Path) -> None:
    author = ("-c", "user.name=a site admin", "-c", "user.email=admin@site.example.org")
    for words in (
        ("init", "--quiet"),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "Specs"),
    ):
        subprocess.run(["git", *author, *words], cwd=specs, check=True)


@contextmanager
def _export_live(folder: Path) -> Iterator[Task]:
    with _server(folder, 100, "filled") as specs:
        root = str(specs.with_name("root.json"))
        yield Task((*MODULE, "benchmarks.live_read", str(specs), root), tells_parts=True)


@contextmanager
def _read_live(folder: Path) -> Iterator[Task]:
    with _server(folder, 32, "filled") as specs:
        yield Task((*MODULE, "benchmarks.live_read", str(specs)), tells_parts=True)


@contextmanager
def _apply_live(folder: Path) -> Iterator[Task]:
    """Each run finds all distances to be other than they were: 23 sites have 506 of them."""
    sites, step = 23, 0
    with _server(folder, sites) as specs:
        federation = specs / "policies/federation.yaml"
        written = federation.read_text("utf-8")

        def further() -> None:
            nonlocal step
            step += 1
            distances = f"distances: {{sameRegion: {2 + step}, otherwise: {4 + step}}}"
            rucio = written.replace("    activities:", f"    {distances}\n    activities:")
            federation.write_text(rucio, "utf-8")

        apply = ("apply", "--yes", "--today", TODAY)
        yield Task((*SRCNET, "-C", str(specs), *apply), before=further)


@contextmanager
def _import_live(folder: Path) -> Iterator[Task]:
    """By the compiler's own account, which may not export: RSE by RSE."""
    command = (*MODULE, "benchmarks.live_import", str(folder), _database())
    with _prepared(command, folder / "specs") as specs:
        yield Task((*SRCNET, "-C", str(specs), "import", "rucio", "--dry-run", "--today", TODAY))


@contextmanager
def _slurm_read(folder: Path) -> Iterator[Task]:
    with _cluster(folder, "filled") as cluster:
        yield Task((*MODULE, "benchmarks.slurm_work", "read", str(cluster)), tells_parts=True)


@contextmanager
def _slurm_apply(folder: Path) -> Iterator[Task]:
    """Each run makes them in accounts of its own, five with a hundred users each."""
    with _cluster(folder) as cluster:
        work = [*MODULE, "benchmarks.slurm_work", "apply", str(cluster), "r0", "5"]
        step = 0

        def further() -> None:
            nonlocal step
            step += 1
            work[-2] = f"r{step}"

        yield Task(work, before=further, tells_parts=True)


def _cluster(folder: Path, *more: str) -> AbstractContextManager[Path]:
    """A cluster of its own, and the file that says how to reach it."""
    command = (*MODULE, "benchmarks.live_cluster", str(folder), *more)
    return _prepared(command, folder / "cluster.json")


def _server(folder: Path, sites: int, *more: str) -> AbstractContextManager[Path]:
    """A server of its own, and where the specs for it are."""
    command = (*MODULE, "benchmarks.live_server", str(folder), str(sites), _database(), *more)
    return _prepared(command, folder / "specs")


def _database() -> str:
    return os.environ.get("SRCNET_BENCH_DATABASE", "sqlite")


@contextmanager
def _prepared(command: tuple[str, ...], where: Path) -> Iterator[Path]:
    """What this command prepares, until it is told that nobody needs it any more."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            if process.stdout.readline() != "ready\n":
                raise RuntimeError("the system could not be prepared")
            yield where
        finally:
            process.stdin.close()


@contextmanager
def _import_10k(folder: Path) -> Iterator[Task]:
    file, out = folder / "nodes.json", folder / "out"
    write_catalogue(file)

    def forget() -> None:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()

    command = (*SRCNET, "-C", str(out), "import", "scapi", str(file), "--format", "json")
    yield Task((*command, "--today", TODAY), forget)


@contextmanager
def _move_10m(folder: Path) -> Iterator[Task]:
    made = folder / "catalogue"
    module = (*MODULE, "benchmarks.large_catalogue")
    subprocess.run([*module, "make", str(made)], cwd=ROOT, env=environment(), check=True)
    yield Task((*module, "ask", str(made)))


CASES = (
    Case("help", "srcnet --help", _help, 0.080),
    Case("validate-file", "validate one file of 300 lines", _validate_file, 0.150),
    Case("compile-real", "compile SRCNet's own sites", _compile_real, 0.6),
    Case("compile-200", "compile 200 sites, cold", _compile_200, 1.5, 100),
    Case("again-200", "compile 200 sites, nothing changed", _again_200, 0.15),
    Case("changed-200", "compile 200 sites, one changed", _changed_200),
    Case("diff-200-one", "what one changed site among 200 does", _diff_one, 1),
    Case("diff-200-none", "that nothing changed among 200", _diff_none, 0.1),
    Case(
        "feasibility-200",
        "ten years of 2,000 policies on 200 sites",
        _feasibility,
        6,
        part="all",
        runs=3,
    ),
    Case("import-10000", "import a site catalogue of 10,000 nodes", _import_10k, 60, runs=1),
    Case("stages-200", "the stages for 200 sites", _stages_200),
    Case(
        "floors-2000",
        "the proof for 2000 classes and 200 sites",
        _floors,
        5,
        part="prove",
        runs=3,
    ),
    Case(
        "kubernetes-200",
        "compile 200 sites of 12 services, cold",
        _compile_kubernetes,
        3,
        250,
        runs=3,
    ),
    Case("again-kubernetes-200", "the same, nothing changed", _again_kubernetes, runs=3),
    Case("changed-kubernetes-200", "the same, one site changed", _changed_kubernetes, runs=3),
    Case("stages-kubernetes-200", "the stages for them", _stages_kubernetes, runs=3),
    Case(
        "move-10m",
        "what a policy moves of 10,000,000 collections",
        _move_10m,
        30,
        runs=3,
    ),
    Case(
        "export-live",
        "200 RSEs, 9,900 distances, as root",
        _export_live,
        5,
        part="read",
        is_live=True,
        runs=3,
    ),
    Case("read-live", "64 RSEs, 992 distances, one by one", _read_live, is_live=True, runs=3),
    Case(
        "import-live",
        "import 1,000 RSEs and 100,000 rules",
        _import_live,
        60,
        is_live=True,
        runs=1,
    ),
    Case("apply-live", "apply 506 changes, and verify", _apply_live, is_live=True, runs=1),
    Case(
        "slurm-5000-associations",
        "one site: 5,000 associations, 200 partitions",
        _slurm_read,
        3,
        part="read",
        is_live=True,
        runs=3,
    ),
    Case(
        "slurm-500-associations",
        "500 new associations in Slurm",
        _slurm_apply,
        10,
        part="apply",
        is_live=True,
        runs=2,
    ),
)

"""Kubernetes' API server and etcd, built from their own modules, and the CRDs of what runs there.

No package has the API server; a Go toolchain builds it, once, in some minutes.
`python -m srcnet_compiler.demo.kubernetes_build FOLDER` makes it beforehand; with `--if-possible`
it says why it cannot, and is content.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from srcnet_compiler.demo.made_once import is_made_from, made_once
from srcnet_compiler.demo.processes import (
    ServerError,
    clean_environment,
    end,
    failure,
    spawn,
)

MODULE = Path(__file__).with_name("kubernetes_build")
PROGRAMS = ("kube-apiserver", "etcd")
ASSETS = "KUBEBUILDER_ASSETS"
MARKER = "srcnet-made-from.txt"
DEFINITION = re.compile(r"^kind: CustomResourceDefinition$", re.MULTILINE)
BUILD_SECONDS = 3600
TELL_EVERY = 30.0
SKIPPED = "tests that need it are skipped, and the demo goes without it"


@dataclass(frozen=True, slots=True)
class Definitions:
    """Where a Go module keeps the CRDs of its project; `checksum` is the module's own."""

    name: str
    module: str
    version: str
    checksum: str
    folder: str


DEFINITIONS = (
    Definitions(
        "kueue",
        "sigs.k8s.io/kueue",
        "v0.17.0",
        "h1:7hzb38M4eKGzYW+CFv2s1L+swzzacUCHOCXxZmAV90I=",
        "config/components/crd/bases",
    ),
    Definitions(
        "gateway-api",
        "sigs.k8s.io/gateway-api",
        "v1.6.3",
        "h1:lKpJa5bGlraC/QeACvCpsHLdmO6y0iKfzVl6gzaFEYc=",
        "config/crd/standard",
    ),
    Definitions(
        "argocd",
        "github.com/argoproj/argo-cd/v3",
        "v3.5.7",
        "h1:Xm1BF+I5OgDKUG3SDK49vn2/Y5AMyaNVko+/JT08gj0=",
        "manifests/crds",
    ),
    Definitions(
        "flux",
        "github.com/fluxcd/kustomize-controller",
        "v1.9.6",
        "h1:XB+G3A0mky0j5uVHZWv4oSlS2RvZBoNIUhstIvY0JKE=",
        "config/crd/bases",
    ),
    Definitions(
        "flux",
        "github.com/fluxcd/source-controller",
        "v1.9.6",
        "h1:nG534/bI6nVpyHra7ONAk6xDB3xPsVT+EOLHZHXPrrc=",
        "config/crd/bases",
    ),
)


def ensure_built(path: Path, progress: Callable[[str], None]) -> Path:
    """The folder with `bin` and `crds`, made when it is not there or not what it should be.

    Several processes may ask at once; one makes it, the others wait. What was left half made is
    made anew. Programs that are had otherwise (`find_programs`) are not built. ServerError says
    what was missing; what Go said is in `<path>.log`. Only from the main thread.
    """
    return made_once(path, is_complete, lambda place: _make(place, progress))


def find_programs(path: Path) -> Path | None:
    """The folder with `kube-apiserver` and `etcd` to use without building; None: there is none.

    The variable KUBEBUILDER_ASSETS names one that is taken as it is; then the PATH, then ours.
    """
    chosen = os.environ.get(ASSETS)
    if chosen:
        return _checked(Path(chosen))
    found = _on_path()
    if found is not None:
        return found
    return (
        path.absolute() / "bin" if is_made_from(path / "bin", MARKER, _programs_marker()) else None
    )


def is_complete(path: Path) -> bool:
    """Whether there are programs, and all CRDs, made to their end from the sources of today."""
    return find_programs(path) is not None and has_definitions(path)


def has_definitions(path: Path) -> bool:
    """Whether all CRDs are there, in the versions of today."""
    return is_made_from(path / "crds", MARKER, _definitions_marker())


def why_no_go() -> str | None:
    """Why nothing can be built here; None: it can, if the modules can be had."""
    needed = _needed_go()
    if shutil.which("go") is None:
        return f"Go {_written(needed)} or later is not installed"
    try:
        said = re.search(r"\bgo(\d+)\.(\d+)", _ask_go("version"))
        version = (int(said[1]), int(said[2])) if said else (0, 0)
        # since 1.21, Go gets a newer one of itself, unless it is told not to
        gets_newer = version >= (1, 21) and "auto" in _ask_go("env", "GOTOOLCHAIN")
    except ServerError as problem:
        return str(problem)
    if version >= needed or gets_newer:
        return None
    return (
        f"{_go()} is Go {_written(version)};"
        f" Kubernetes {kubernetes_version()} needs {_written(needed)} or later"
    )


def _written(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def kubernetes_version() -> str:
    """Of the API server that we build, such as `1.36.3`."""
    return _in_go_mod(r"^\tk8s\.io/kubernetes v([0-9.]+)$")[1]


def _needed_go() -> tuple[int, int]:
    needed = _in_go_mod(r"^go (\d+)\.(\d+)")
    return int(needed[1]), int(needed[2])


def _in_go_mod(pattern: str) -> re.Match[str]:
    found = re.search(pattern, (MODULE / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"go.mod has no line like {pattern}")
    return found


def _programs_marker() -> str:
    sources = (MODULE / "go.mod", MODULE / "go.sum", *sorted(MODULE.glob("cmd/*/main.go")))
    digest = hashlib.sha256(b"\0".join(source.read_bytes() for source in sources))
    return f"Kubernetes {kubernetes_version()}\n{digest.hexdigest()}\n"


def _definitions_marker() -> str:
    return "".join(f"{each.name} {each.module} {each.version}\n" for each in DEFINITIONS)


def _checked(folder: Path) -> Path:
    missing = [name for name in PROGRAMS if shutil.which(name, path=str(folder)) is None]
    if missing:
        raise ServerError(f"{ASSETS} names {folder}, which has no {' and no '.join(missing)}")
    version = _version_of(folder)
    if not _is_new_enough(version):
        raise ServerError(
            f"{ASSETS} names {folder}, which has {version};"
            f" the tests are for {kubernetes_version()} or later"
        )
    return folder.absolute()


def _on_path() -> Path | None:
    """A folder of the PATH's programs, if both are there, in one place and new enough."""
    where = {Path(found).parent for name in PROGRAMS if (found := shutil.which(name)) is not None}
    if len(where) != 1 or any(shutil.which(name) is None for name in PROGRAMS):
        return None
    (folder,) = where
    return folder if _is_new_enough(_version_of(folder)) else None


@cache
def _version_of(folder: Path) -> str:
    try:
        return subprocess.run(
            [str(folder / "kube-apiserver"), "--version"],
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return "an API server that does not run"


def _is_new_enough(version: str) -> bool:
    number = re.search(r"v(\d+)\.(\d+)", version)
    needed = tuple(int(each) for each in kubernetes_version().split(".")[:2])
    return number is not None and (int(number[1]), int(number[2])) >= needed


def _make(path: Path, progress: Callable[[str], None]) -> None:
    reason = why_no_go()
    if reason is not None:
        raise ServerError(f"Kubernetes' API server or its CRDs are not made: {reason}")
    if path.exists() and any(each.name not in ("bin", "crds") for each in path.iterdir()):
        raise ServerError(f"{path} is in the way: it has more in it than we make there")
    path.mkdir(exist_ok=True)
    log = path.with_name(path.name + ".log")
    log.unlink(missing_ok=True)
    if not has_definitions(path):
        with _replacing(path / "crds", _definitions_marker()) as folder:
            for each in DEFINITIONS:
                progress(f"getting the CRDs of {each.name} ({each.module} {each.version})")
                _copy_definitions(each, folder / each.name)
    if find_programs(path) is None:
        with _replacing(path / "bin", _programs_marker()) as folder:
            progress(
                f"building Kubernetes {kubernetes_version()}'s API server and etcd in {path}:"
                " some minutes on the first time, seconds when Go's cache has them"
            )
            _compile(folder, log, progress)


@contextmanager
def _replacing(path: Path, marker: str) -> Iterator[Path]:
    """An empty folder to fill, that takes the place of `path` when all went well."""
    new = path.with_name(path.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    try:
        yield new
        (new / MARKER).write_text(marker, encoding="utf-8")
        if path.exists():
            shutil.rmtree(path)
        new.rename(path)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _copy_definitions(wanted: Definitions, target: Path) -> None:
    what = f"{wanted.module} {wanted.version}"
    said = _ask_go("mod", "download", "-json", f"{wanted.module}@{wanted.version}")
    got = json.loads(said)
    if "Dir" not in got:
        raise ServerError(f"{what} cannot be had: {got.get('Error', said)}")
    if got["Sum"] != wanted.checksum:
        raise ServerError(f"{what} is not what it was: {got['Sum']}, not {wanted.checksum}")
    target.mkdir(exist_ok=True)
    files = sorted((Path(got["Dir"]) / wanted.folder).glob("*.yaml"))
    texts = {file.name: file.read_text(encoding="utf-8") for file in files}
    definitions = {name: text for name, text in texts.items() if DEFINITION.search(text)}
    if not definitions:
        raise ServerError(f"{what} has no CRD in {wanted.folder}")
    for name, text in definitions.items():
        (target / name).write_text(text, encoding="utf-8")


def _compile(folder: Path, log: Path, progress: Callable[[str], None]) -> None:
    version = kubernetes_version()
    major, minor, _ = version.split(".")
    facts = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    link = " ".join(f"-X k8s.io/component-base/version.{k}={v}" for k, v in facts.items())
    options = ["-v", "-trimpath", "-buildvcs=false", "-ldflags", f"-s -w {link}"]
    work = folder / "work"  # here, not in /tmp: a Go that is killed leaves it
    work.mkdir()
    go = spawn(
        [_go(), "-C", str(MODULE), "build", *options, "-o", f"{folder}/", "./cmd/..."],
        env={**_go_environment(), "GOTMPDIR": str(work)},
        log=log,
        end_with=signal.SIGINT,  # the one that it cleans up after
    )
    begun = time.monotonic()
    try:
        while go.poll() is None:
            try:
                go.wait(TELL_EVERY)
            except subprocess.TimeoutExpired:
                done = len(log.read_text(encoding="utf-8", errors="replace").splitlines())
                progress(f"building: {done} packages so far")
            if time.monotonic() - begun > BUILD_SECONDS:
                raise failure(f"building was not done after {BUILD_SECONDS} s", log)
    finally:
        end(go, signal.SIGINT, signal.SIGTERM)
    if go.returncode != 0:
        raise failure(f"building Kubernetes' API server ended with status {go.returncode}", log)
    shutil.rmtree(work, ignore_errors=True)


def _ask_go(*words: str) -> str:
    """What Go says on standard output, whether it succeeds or not."""
    try:
        done = subprocess.run(
            [_go(), *words],
            env=_go_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=1800,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServerError(f"go {words[0]}: {error}") from None
    if not done.stdout:
        raise ServerError(f"go {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def _go() -> str:
    return shutil.which("go") or "go"


def _go_environment() -> Mapping[str, str]:
    """Ours, with all that says where Go gets modules from and where it keeps them."""
    more = {name: value for name, value in os.environ.items() if _is_for_go(name)}
    return clean_environment(**{**more, "GOWORK": "off"})  # no workspace around us counts


def _is_for_go(name: str) -> bool:
    wanted = ("GO", "CGO_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_", "XDG_CACHE_HOME")
    return name.upper().startswith(wanted)


def main(arguments: list[str]) -> str | None:
    """What to exit with: nothing, or why it was not made."""
    wanted = [each for each in arguments if each != "--if-possible"]
    try:
        ensure_built(Path(wanted[0]), lambda line: print(line, file=sys.stderr, flush=True))
    except ServerError as problem:
        if "--if-possible" not in arguments:
            return str(problem)
        print(f"{problem}; {SKIPPED}", file=sys.stderr)
    except KeyboardInterrupt:
        return "interrupted; what was compiled is in Go's cache"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

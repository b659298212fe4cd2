"""The virtual environment that the demo's Rucio server lives in, apart from the compiler's own.

Apart, since Rucio's server pins old versions of libraries that the compiler shares.
`python -m srcnet_compiler.demo.rucio_venv FOLDER` makes it beforehand.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from srcnet_compiler.demo.made_once import is_made_from, made_once
from srcnet_compiler.demo.processes import ServerError, clean_environment, run

RUCIO_VERSION = "41.5.1"
REQUIREMENTS = (f"rucio=={RUCIO_VERSION}", "gunicorn==27.0.1", "psycopg[binary]==3.3.9")
MARKER = "srcnet-requirements.txt"
OVERRIDE = "SRCNET_RUCIO_SERVER_VENV"


def ensure_server_venv(path: Path, progress: Callable[[str], None]) -> Path:
    """The environment at `path`, made when it is not there or not what it should be (some 40 s).

    Several processes may ask at once; one makes it, the others wait. An environment that was left
    half made is made anew. If the variable SRCNET_RUCIO_SERVER_VENV names one, that is taken as it
    is. ServerError says what was missing; what pip said is in `<path>.log`.
    """
    chosen = os.environ.get(OVERRIDE)
    if chosen:
        return _checked(Path(chosen))
    return made_once(path, is_complete, lambda place: _make(place, progress))


def find_server_venv(path: Path) -> Path | None:
    """The environment to use without making anything; None when there is none."""
    chosen = os.environ.get(OVERRIDE)
    if chosen:
        return _checked(Path(chosen))
    return path.absolute() if is_complete(path) else None


def is_complete(path: Path) -> bool:
    """Whether the environment was made to its end, for the requirements of today."""
    return is_made_from(path, MARKER, _marker_text())


def _marker_text() -> str:
    python = f"# Python {sys.version_info.major}.{sys.version_info.minor}"
    return "\n".join((python, *REQUIREMENTS, ""))


def _checked(venv: Path) -> Path:
    installed = sorted(venv.glob("lib/python3*/site-packages/rucio-*.dist-info"))
    versions = [
        folder.name.removeprefix("rucio-").removesuffix(".dist-info") for folder in installed
    ]
    if RUCIO_VERSION not in versions or not (venv / "bin" / "gunicorn").is_file():
        found = f"Rucio {versions[0]}" if versions else "no Rucio server"
        raise ServerError(
            f"{OVERRIDE} names {venv}, which has {found}; it needs {', '.join(REQUIREMENTS)}"
        )
    return venv.absolute()


def _make(path: Path, progress: Callable[[str], None]) -> None:
    if path.exists():
        if any(path.iterdir()) and not (path / "pyvenv.cfg").is_file():
            raise ServerError(f"{path} is in the way: it is not a virtual environment")
        progress("removing a server environment that is out of date or half made")
        shutil.rmtree(path)
    log = path.with_name(path.name + ".log")
    log.unlink(missing_ok=True)
    env = clean_environment(
        **{name: value for name, value in os.environ.items() if _is_for_pip(name)}
    )
    progress(f"making the Rucio server's environment in {path}")
    run(
        [sys.executable, "-m", "venv", str(path)],
        env=env,
        log=log,
        what="making a virtual environment (on Debian it needs the package python3-venv)",
        seconds=300,
    )
    progress(f"installing {', '.join(REQUIREMENTS)}")
    pip = [str(path / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    run(
        [*pip, "install", "--progress-bar", "off", *REQUIREMENTS],
        env=env,
        log=log,
        what="installing the Rucio server",
        seconds=1800,
    )
    (path / MARKER).write_text(_marker_text(), encoding="utf-8")


def _is_for_pip(name: str) -> bool:
    return name.upper().startswith(("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_"))


if __name__ == "__main__":
    try:
        ensure_server_venv(Path(sys.argv[1]), lambda line: print(line, file=sys.stderr))
    except ServerError as problem:
        sys.exit(str(problem))

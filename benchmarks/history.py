"""The record of all runs: one line of JSON each, to be compared over the life of the project."""

import json
import os
import platform
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT, Measured

FILE = Path(__file__).with_name("history.jsonl")


def add(results: Mapping[str, Measured], load_before: float, file: Path = FILE) -> None:
    """Append one line: when, which code, what kind of machine and how busy it was, all results."""
    line = {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "revision": _revision(),
        "machine": _machine(),
        "load": round(load_before, 2),
        "results": {name: _plain(found) for name, found in results.items()},
    }
    with file.open("a", encoding="utf-8") as history:
        history.write(json.dumps(line) + "\n")


def _plain(found: Measured) -> dict[str, Any]:
    parts = {name: round(seconds, 4) for name, seconds in found.parts.items()}
    return {
        "wall": round(found.wall, 4),
        "cpu": round(found.cpu, 4),
        "memory_mb": round(found.memory, 1),
        "runs": found.runs,
        **({"parts": parts} if parts else {}),
    }


def _machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "processor": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _revision() -> str | None:
    """The commit, with `+` where files differ from it; None outside a checkout."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--dirty=+"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return described.stdout.strip()

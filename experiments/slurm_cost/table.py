"""From the recordings to the package's table, a file that is never written by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

from experiments.slurm_cost.cases import CASES
from experiments.slurm_cost.derive import Raw, trial
from srcnet_compiler.targets.slurm.model.trial import Outcome, Source, Trial

PROJECT = Path(__file__).parents[2]
RECORDINGS = PROJECT / "tests" / "recordings" / "slurm"
RECORDING = "cost.json"
TABLE = PROJECT / "srcnet_compiler" / "targets" / "slurm" / "model" / "measured.json"


def recording(folder: Path) -> Raw:
    """What was seen at one version: the version, how it was seen, and a record of each case."""
    found: Raw = json.loads((folder / RECORDING).read_text("utf-8"))
    return found


def write_recording(folder: Path, version: str, said: str, cases: Iterable[Raw]) -> None:
    """In the order in which the cases are listed, whoever recorded them when."""
    order = [case.name for case in CASES]
    raw = {
        "version": version,
        "how": said,
        "cases": sorted(cases, key=lambda each: order.index(each["case"])),
    }
    text = json.dumps(raw, indent=1, ensure_ascii=False)
    (folder / RECORDING).write_text(f"{text}\n", "utf-8")


def trials() -> tuple[Trial, ...]:
    """What all recordings say, by case, older versions first."""
    order = [case.name for case in CASES]
    found = [
        trial(raw, recorded["version"])
        for folder in _folders()
        for recorded in [recording(folder)]
        for raw in recorded["cases"]
    ]
    return tuple(sorted(found, key=lambda each: (order.index(each.case), each.version)))


def text() -> str:
    """The file as it should be: a line for each trial, without what is as usual."""
    lines = [json.dumps(_stated(each), ensure_ascii=False) for each in trials()]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _folders() -> list[Path]:
    return sorted(path.parent for path in RECORDINGS.glob(f"*/{RECORDING}"))


def _stated(each: Trial) -> dict[str, object]:
    values = ((field, getattr(each, field.name)) for field in fields(each))
    return {
        field.name: value.value if isinstance(value, (Outcome, Source)) else value
        for field, value in values
        if value != field.default
    }

"""From the recordings to the package's table, a module that is never written by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path

from experiments.slurm_cost.cases import CASES
from experiments.slurm_cost.derive import Raw, trial
from srcnet_compiler.targets.slurm.model.trial import Outcome, Source, Trial

PROJECT = Path(__file__).parents[2]
RECORDINGS = PROJECT / "tests" / "recordings" / "slurm"
RECORDING = "cost.json"
TABLE = PROJECT / "srcnet_compiler" / "targets" / "slurm" / "model" / "measured.py"
HEAD = '''\
"""What was tried on real Slurm: made by `python -m experiments.slurm_cost table`; do not edit.

From {recordings}.
"""

from srcnet_compiler.targets.slurm.model.trial import Outcome, Source, Trial

TRIALS = (
'''


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
    """The module as it should be."""
    names = [f"tests/recordings/slurm/{folder.name}/{RECORDING}" for folder in _folders()]
    lines = [line for each in trials() for line in _lines(each)]
    return HEAD.format(recordings=" and ".join(names)) + "\n".join([*lines, ")", ""])


def _folders() -> list[Path]:
    return sorted(path.parent for path in RECORDINGS.glob(f"*/{RECORDING}"))


def _lines(each: Trial) -> Iterator[str]:
    """As the formatter leaves it, without what is as usual."""
    yield "    Trial("
    for field in fields(each):
        value = getattr(each, field.name)
        if value != field.default:
            yield f"        {field.name}={_value(value)},"
    yield "    ),"


def _value(value: object) -> str:
    if isinstance(value, (Outcome, Source)):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        inner = [f"({', '.join(json.dumps(word) for word in pair)})" for pair in value]
        lines = "".join(f"\n            {each}," for each in inner)
        return f"({inner[0]},)" if len(inner) == 1 else f"({lines}\n        )"
    return repr(value)

"""One change on a cluster of its own: made, reconfigured, restarted; and what is seen each time."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from experiments.slurm_cost.case import FRAGMENT, Case, Edit
from experiments.slurm_cost.derive import acts
from experiments.slurm_cost.stand import Raw, Stand, standing
from srcnet_compiler.demo.processes import ServerError

PATIENCE = {"change": 2, "reconfigure": 6, "restart": 6, "mended": 6}
"""Seconds that a change gets to act."""
AFTERWARDS = 1
"""Seconds in which what goes wrong with daemons and jobs has gone wrong."""


def record(case: Case, folder: Path) -> Raw:
    """Everything that was seen; ServerError where not even the beginning was as it should be."""
    with standing(folder, case.settings) as stand:
        given = _prepare(case, stand)
        raw: Raw = {
            "case": case.name,
            "change": case.change,
            "kind": case.kind,
            "shows": case.shows,
            "gone": case.gone,
            "settings": dict(case.settings),
            "given": given,
        }
        raw["before"] = stand.look(case.probe, stand.process())
        if acts(raw, raw["before"]):
            raise ServerError(f"{case.name}: acts before it was made: {raw['before']['probe']}")
        raw["steps"] = _steps(case, stand, raw)
        return raw


def _prepare(case: Case, stand: Stand) -> list[Raw]:
    given = []
    if case.fragment:
        given.append(stand.edit(Edit(FRAGMENT, "", case.fragment)))
        given.append(stand.must("scontrol reconfigure"))
    given += [stand.must(line) for line in case.given]
    for job in case.inside:
        stand.start(job)
    stand.wait_until_saved()
    stand.log()
    for each in given:
        each.pop("milliseconds", None)
    return given


def _steps(case: Case, stand: Stand, raw: Raw) -> list[Raw]:
    done = [_change(case, stand, raw)]
    done.append(_reconfigure(case, stand, raw))
    restarted = _restart(case, stand, raw, "restart")
    done.append(restarted)
    if not restarted["did"][0]["starts"]:
        undone = [Edit(edit.file, edit.into, edit.out or "#") for edit in reversed(case.edits)]
        wrote = [stand.edit(edit) for edit in undone]
        mended = _restart(case, stand, raw, "mended")
        done.append(mended | {"did": [*wrote, *mended["did"]]})
    return done


def _change(case: Case, stand: Stand, raw: Raw) -> Raw:
    process = stand.process()
    did = [stand.edit(edit) for edit in case.edits]
    did += [stand.type(line) for line in case.typed]
    step = _seen(case, stand, raw, "change", did, process)
    if case.later and acts(raw, step["then"]):
        for job in case.later:
            stand.start(job)
        stand.wait_until_saved()
    return step


def _reconfigure(case: Case, stand: Stand, raw: Raw) -> Raw:
    process = stand.process()
    did = [stand.type("scontrol reconfigure")]
    return _seen(case, stand, raw, "reconfigure", did, process)


def _restart(case: Case, stand: Stand, raw: Raw, name: str) -> Raw:
    process = stand.process()
    return _seen(case, stand, raw, name, [stand.restart()], process)


def _seen(
    case: Case, stand: Stand, raw: Raw, name: str, did: list[Raw], process: int | None
) -> Raw:
    """What was done, and how it looks when the change acts, or could have."""
    deadline = time.monotonic() + PATIENCE[name]
    while stand.lives() and time.monotonic() < deadline:
        if acts(raw, {"probe": stand.see(case.probe)}):
            break
        time.sleep(0.5)
    time.sleep(AFTERWARDS)
    return {"step": name, "did": did, "then": stand.look(case.probe, process)}


def version() -> str:
    """Of the Slurm that is installed, such as `22.05.8`."""
    done = subprocess.run(["slurmctld", "-V"], capture_output=True, text=True, check=True)
    return done.stdout.split()[-1]

"""Measured in a process of its own: what plan and apply do to a live Slurm cluster, part by part.

`python -m benchmarks.slurm_work read CLUSTER` reads and compares all of `slurm_model.big`, and has
Slurm judge its fragment; `... apply CLUSTER NAME ACCOUNTS` plans and makes 500 associations in
accounts of that name. CLUSTER is a file of live_cluster.py. The seconds of each part are JSON.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from benchmarks.slurm_model import big, with_members
from srcnet_compiler.apply.receipt import Status
from srcnet_compiler.apply.run import apply_plan
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.change import Action, Json, SystemName
from srcnet_compiler.plan.build import waves
from srcnet_compiler.plan.file import digest
from srcnet_compiler.plan.model import Binding, Plan
from srcnet_compiler.source import no_collection
from srcnet_compiler.targets.slurm.diff import diff
from srcnet_compiler.targets.slurm.emit import emit_fragment
from srcnet_compiler.targets.slurm.live import (
    Controller,
    open_connection,
    read,
    rehearse,
)
from srcnet_compiler.targets.slurm.model import SlurmModel

T = TypeVar("T")
USERS = 500


class Parts:
    """Seconds by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def take(self, name: str, task: Callable[[], T]) -> T:
        begin = time.perf_counter()
        with no_collection():
            done = task()
        self.seconds[name] = time.perf_counter() - begin
        return done


def measure_reading(parts: Parts, controller: Controller) -> None:
    wanted = big(controller.bounds)
    reading = parts.take("read", lambda: read(controller.runner, wanted))
    changes = parts.take("diff", lambda: diff(wanted, reading))
    candidate = emit_fragment("", wanted).content
    found = parts.take("check", lambda: rehearse(controller.files, candidate))
    assert not reading.gaps, reading.gaps
    assert (len(reading.model.partitions), len(wanted.associations)) == (200, 5000)
    assert reading.model.associations.keys() > wanted.associations.keys()
    assert not changes, changes[:3]
    assert not found, found


def measure_apply(
    parts: Parts, controller: Controller, reach: Mapping[str, Json], name: str, accounts: int
) -> None:
    """The accounts are there before: it is about who is in them."""
    users = USERS // accounts
    wanted = with_members(controller.bounds, name, accounts=accounts, users=users)
    before = with_members(controller.bounds, name, accounts=accounts, users=0)
    _apply(_plan(controller, before), reach)
    plan = parts.take("plan", lambda: _plan(controller, wanted))
    made = [change for change in plan.changes if change.action is Action.CREATE]
    assert len(made) == len(plan.changes) == USERS
    parts.take("apply", lambda: _apply(plan, reach))
    assert not parts.take("verify", lambda: _plan(controller, wanted)).changes


def _plan(controller: Controller, wanted: SlurmModel) -> Plan:
    reading = read(controller.runner, wanted)
    assert not reading.gaps, reading.gaps
    changes = diff(wanted, reading)
    return Plan(
        (SystemName("slurm", wanted.instance),),
        Binding("specs", "artifacts", "tool"),
        waves(changes),
    )


def _apply(plan: Plan, reach: Mapping[str, Json]) -> None:
    with TemporaryDirectory() as state:
        receipt = apply_plan(
            plan,
            digest=digest(plan),
            store=StateStore(Path(state)),
            connections={f"slurm/{plan.instance}": reach},
            clock=lambda: datetime.now(UTC),  # noqa: TID251 - here is where time comes from
        )
    assert {result.status for result in receipt.results} == {Status.DONE}, receipt.trouble


def main(what: str, cluster: Path, *more: str) -> None:
    reach = json.loads(cluster.read_text("utf-8"))
    controller = open_connection(reach)
    parts = Parts()
    if what == "read":
        measure_reading(parts, controller)
    else:
        name, accounts = more
        measure_apply(parts, controller, reach, name, int(accounts))
    print(json.dumps(parts.seconds))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])

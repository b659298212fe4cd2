"""Law 4 on a real Rucio: a policy changes under hundreds of data sets, and everything goes wrong.

Applies and daemons are killed at random moments, transfers fail, an area is down. An observer with
a connection of its own counts the valid copies of every file all the while, from the tables alone.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest
from apply_process import descendants, start, survivors
from life_cases import TAPE, end_released, out_of_order, phase, policy, whole, with_archive
from policy_cases import MOVE, Area, Case, now, said
from rucio_daemons import Daemons

from srcnet_compiler.apply.receipt import exit_code
from srcnet_compiler.change import Action, Change
from srcnet_compiler.converge import carry_out, reach
from srcnet_compiler.demo.rucio_server import RucioServer
from srcnet_compiler.plan.model import Plan
from srcnet_compiler.targets.rucio import TARGET

pytestmark = pytest.mark.live("rucio")

DATASETS = 204
PATIENCE = 900
"""Seconds for one apply, on a machine that is busy."""
SIZE = 64
"""Bytes of each file; each data set has one."""
BOTH = (2, 2)
"""Copies, and regions: the floor is of copies that are apart by region."""


class Observer:
    """Looks at the database again and again, beside all that goes on, and remembers the worst."""

    def __init__(self, case: Case, server: RucioServer) -> None:
        self._daemons = Daemons(server)  # one of its own: nobody kills it, and it runs none
        self._case = replace(case, daemons=self._daemons)
        self._over = Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self.looks = 0
        self.worst = BOTH
        self.trouble: Exception | None = None

    def __enter__(self) -> Observer:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join(60)
        self._daemons.close()

    def _watch(self) -> None:
        while not self._over.is_set():
            try:
                self.worst = min(self.worst, whole(self._case))
            except Exception as trouble:
                self.trouble = trouble
                return
            self.looks += 1
            self._over.wait(0.1)

    def assert_never_below(self, floor: tuple[int, int]) -> None:
        assert self.trouble is None, self.trouble
        assert self.worst >= floor


class Chaos:
    """Kills at random moments, by a seed that is told."""

    def __init__(self, case: Case, server: RucioServer, seed: int) -> None:
        self._case, self._server = case, server
        self.chance = random.Random(seed)
        self.killed: Counter[str] = Counter()

    def apply(self, plan: Plan, *, disturbed: bool) -> None:
        """The plan in a process of its own; killed, or as far as it can be done now."""
        with reach(self._case.compile(), {}) as systems:
            connections = {str(s.name): dict(s.connection or {}) for s in systems}
        process = start(plan, self._case.folder / "state", connections)
        seen = ()
        if disturbed:
            time.sleep(self.chance.uniform(0.5, 6))
            seen = descendants(process.pid)
            below = [each.pid for each in seen]
            victim = self.chance.choice([process.pid, process.pid, *below])
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
                    self.killed["apply"] += 1
        try:
            receipt, words = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
        assert survivors(seen) == ()
        if not disturbed:
            assert process.returncode in (0, 6), (receipt, words)

    def move(self, *, disturbed: bool) -> None:
        """A turn of the daemons. Those that are killed have forgotten what they had copied, so that
        these transfers fail."""
        if not disturbed:
            self._case.daemons.run(*MOVE)
            return
        turn = Thread(target=self._turn, daemon=True)
        turn.start()
        turn.join(self.chance.uniform(0.05, 0.4))
        if turn.is_alive():
            self.killed["daemons"] += 1
        self._case.daemons.close()
        turn.join(60)
        self._case.daemons = Daemons(self._server)

    def _turn(self) -> None:
        with suppress(Exception):  # it is killed
            self._case.daemons.run(*MOVE)


@pytest.fixture
def case(rucio_postgresql: RucioServer, tmp_path: Path) -> Iterator[Case]:
    """With daemons of its own, which are killed."""
    found = Case(rucio_postgresql, Daemons(rucio_postgresql), tmp_path)
    yield found
    found.daemons.close()


def arrived(case: Case, datasets: int) -> None:
    """Data sets with their two copies on disks in two regions, in a world that has tape as well."""
    case.describe(Area("CH", "9 TB"), Area("JP", "9 TB"), Area("ZA", "9 TB"), Area("CA", "9 TB"))
    with_archive(case, "CH", "JP")
    names = [f"night-{number:03d}" for number in range(datasets)]
    case.bootstrap()
    case.converge()
    case.arrive(case.rse("CH"), case.scope, names)
    case.daemons.run("transmogrifier")
    case.settle(case.scope, names)
    assert whole(case) == BOTH


def held_by_area(case: Case) -> dict[str, tuple[int, int]]:
    """By area, how many file locks of lasting rules there are, all OK, and of how many bytes."""
    rows = case.daemons.sql(
        "SELECT s.rse, count(*) locks, sum(l.bytes) bytes FROM locks l"
        " JOIN rules r ON r.id = l.rule_id JOIN rses s ON s.id = l.rse_id"
        " WHERE r.account = :owner AND r.expires_at IS NULL AND l.state = 'O' GROUP BY s.rse",
        owner=case.owner,
    )
    return {row["rse"]: (int(row["locks"]), int(row["bytes"])) for row in rows}


def predicted(case: Case, plan: Plan) -> dict[str, tuple[int, int]]:
    """The same once the plan is done, by what it says: each region has one area on a tier."""
    with reach(case.compile(), {}) as (system,):
        seen = system.read().model
    areas = {
        f"(srcnet_region={rse.attributes['srcnet_region']}&srcnet_tier={tier})": str(name)
        for name, rse in seen.rses.items()
        if (tier := rse.attributes.get("srcnet_tier"))
    }
    lasting = {r.id: r.rse_expression for d in seen.datasets.values() for r in d.rules}
    for change in plan.changes:
        values = {field.name: field.after for field in change.fields}
        if (change.address.kind, change.action) == ("rule", Action.RETIRE):
            del lasting[values["id"]]
        elif (change.address.kind, change.action) == ("rule", Action.CREATE):
            lasting[change.id] = values["rule"]["rse_expression"]
    counts = Counter(areas[expression] for expression in lasting.values())
    return {rse: (count, count * SIZE) for rse, count in counts.items()}


@pytest.mark.timeout(3600)
def test_whatever_is_killed_or_fails_no_file_falls_below_its_floor(
    case: Case, rucio_postgresql: RucioServer
):
    seed = int(os.environ.get("SRCNET_FLOORS_SEED", time.time_ns() % 10**6))
    print(f"SRCNET_FLOORS_SEED={seed}")
    arrived(case, DATASETS)
    policy(case)["phases"] = [phase("kept", online=1, nearline=1)]
    plan = case.plan()
    assert any("below its floor" in claim for claim in plan.proven)
    expected = predicted(case, plan)
    chaos = Chaos(case, rucio_postgresql, seed)
    with Observer(case, rucio_postgresql) as observer:
        with out_of_order(case, case.rse("JP", TAPE)):
            for _ in range(2):
                chaos.apply(plan, disturbed=True)
                chaos.move(disturbed=True)
                end_released(case)
        for turn in range(12):
            boost_stuck(case)
            plan = case.plan()
            if not plan.changes:
                break
            chaos.apply(plan, disturbed=False)
            chaos.move(disturbed=turn < 2)
            end_released(case)
    observer.assert_never_below(BOTH)
    print(f"{observer.looks} looks, killed: {dict(chaos.killed)}")
    assert observer.looks > 20
    assert set(chaos.killed) == {"apply", "daemons"}
    assert case.plan().changes == ()
    assert case.verify().is_converged
    assert whole(case) == BOTH
    assert held_by_area(case) == expected


def boost_stuck(case: Case) -> None:
    """Rucio tries again by itself, hours later."""
    query = "SELECT id FROM rules WHERE account = :owner AND state = 'S'"
    for row in case.daemons.sql(query, owner=case.owner):
        case.client.update_replication_rule(row["id"], {"boost_rule": True})


def test_the_observer_sees_what_the_proof_foresaw_where_a_guard_is_left_out(
    case: Case, rucio_postgresql: RucioServer
):
    arrived(case, 8)
    policy(case)["phases"] = [phase("kept", online=1, nearline=1)]
    good = case.plan()
    hasty = replace(good, waves=tuple(tuple(map(without_wait, wave)) for wave in good.waves))
    with reach(case.compile(), {}) as systems:
        (system,) = systems
        proof = TARGET.prove(system.lowered.model, system.read(), hasty.changes)
        (objection,) = proof.objections
        assert "7 more may be left with 1 of 2 valid copies" in objection.message
        with Observer(case, rucio_postgresql) as observer:
            receipt = carry_out(hasty, systems, case.store, now)
            assert exit_code(receipt) == 0, said(receipt)
            assert whole(case) == (1, 1)
    with pytest.raises(AssertionError):
        observer.assert_never_below(BOTH)


def without_wait(change: Change) -> Change:
    ends = (change.address.kind, change.action) == ("rule", Action.RETIRE)
    return replace(change, waits=()) if ends else change

"""Law 9 with the state in a git ref: each run is another machine, and all that it had dies with it.

The next machine has nothing but the ref. It sees what was announced and not heard of again, looks,
and ends where an undisturbed run ends, having done nothing twice.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from apply_cases import KEY, Mixed, connection, create, plan_of
from apply_process import Runner, now, start, survivors, to_end
from rucio_data import connect
from test_kill_sweep import effects, fresh_tag, kill_once, log_size, undisturbed, unfinished

from srcnet_compiler.apply.ledger import ANNOUNCED, Ledger
from srcnet_compiler.apply.run import GATHERED
from srcnet_compiler.apply.store import Store
from srcnet_compiler.demo.rucio_server import RucioServer
from srcnet_compiler.plan.file import digest
from srcnet_compiler.plan.model import Plan

pytestmark = pytest.mark.live("rucio")

KILLS = 8


def test_killed_anywhere_the_next_runner_ends_it(rucio_sqlite: RucioServer, tmp_path: Path):
    seed = int(os.environ.get("SRCNET_SWEEP_SEED", time.time_ns() % 10**6))
    print(f"SRCNET_SWEEP_SEED={seed}")
    chance = random.Random(seed)
    expected, once = undisturbed(rucio_sqlite, fresh_tag(chance), tmp_path)
    killed: Counter[str] = Counter()
    while killed.total() < KILLS:
        tag = fresh_tag(chance)
        client = connect(rucio_sqlite)
        case = Mixed(tag)
        case.prepare(client)
        plan, folder, skip = case.plan(), tmp_path / tag, log_size(rucio_sqlite)
        folder.mkdir()
        subprocess.run(["git", "init", "--quiet", "--bare", folder / "state.git"], check=True)

        interrupted = sweep(chance, KILLS - killed.total(), plan, folder, rucio_sqlite, skip, tag)
        killed.update(interrupted)

        assert case.seen(client) == expected, interrupted
        assert effects(rucio_sqlite, tag, skip) == once, interrupted
        check_journal(plan, Runner(folder / "looks", folder / "state.git").store())
    print(f"{killed.total()} kills ({dict(killed)})")


def sweep(
    chance: random.Random,
    kills: int,
    plan: Plan,
    folder: Path,
    server: RucioServer,
    skip: int,
    tag: str,
) -> Counter[str]:
    """Apply, kill, let another machine apply an hour later, and at last to the end."""
    killed: Counter[str] = Counter()
    hours = 0
    while killed.total() < kills:
        runner = Runner(folder / f"runner-{hours}", folder / "state.git", hours)
        hours += 1
        process = start(plan, runner, {KEY: connection(server)})
        whom, seen = kill_once(chance, process)
        code, receipt, said = to_end(process)
        assert survivors(seen) == ()
        if code == 0:
            return killed
        assert whom is not None, unfinished(code, receipt, said)
        killed[whom] += 1
        if effects(server, tag, skip):
            assert announced(plan, Runner(folder / f"after-{hours}", runner.remote).store())
        early = Runner(folder / f"early-{hours}", runner.remote, runner.hours)
        if code == -signal.SIGKILL and is_locked(early):
            code, receipt, said = to_end(start(plan, early, {}))
            assert code == 5, unfinished(code, receipt, said)
    last = Runner(folder / "last", folder / "state.git", hours)
    code, receipt, said = to_end(start(plan, last, {KEY: connection(server)}))
    assert code == 0, unfinished(code, receipt, said)
    return killed


def is_locked(looking: Runner) -> bool:
    """Whether somebody has the lock whose time is not up, at the hour of the one that looks."""
    return looking.store().holder(now() + timedelta(hours=looking.hours)) is not None


def announced(plan: Plan, store: Store) -> bool:
    """Whether the ref knows of all that could have been changed."""
    path = store.find_ledger()
    assert path is not None
    with Ledger(path) as ledger:
        lines = ledger.lines(digest(plan))
    known = {line.change for line in lines if line.status == ANNOUNCED}
    return known == {change.id for change in plan.changes}


def check_journal(plan: Plan, store: Store) -> None:
    """Every change has its one end, and nothing is in doubt."""
    path = store.find_ledger()
    assert path is not None
    with Ledger(path) as ledger:
        lines = ledger.lines(digest(plan))
        assert ledger.final(digest(plan)).keys() == {change.id for change in plan.changes}
        assert ledger.in_doubt() == ()
    done = Counter(line.change for line in lines if line.status == "done")
    assert set(done.values()) <= {1}


CLOSED_ON_THE_WAY = """#!/bin/sh
echo >> pushes
[ "$(wc -l < pushes)" -le 2 ] || { echo 'closed for the night' >&2; exit 1; }
"""
"""A forge that takes the lock and what is announced, and nothing after that."""


def test_a_remote_that_closes_on_the_way_ends_it_and_the_next_runner_goes_on(
    rucio_sqlite: RucioServer, tmp_path: Path
):
    tag = fresh_tag(random.Random(time.time_ns()))
    client = connect(rucio_sqlite)
    keys = [f"key{number}" for number in range(GATHERED + 20)]
    plan = plan_of(*(create("config", f"{tag}/{key}", value="1") for key in keys))
    remote = tmp_path / "state.git"
    subprocess.run(["git", "init", "--quiet", "--bare", remote], check=True)
    hook = remote / "hooks/pre-receive"
    hook.write_text(CLOSED_ON_THE_WAY)
    hook.chmod(0o755)
    reached = {KEY: connection(rucio_sqlite)}

    code, _, said = to_end(start(plan, Runner(tmp_path / "one", remote), reached))
    assert code == 74, said
    assert "closed for the night" in said
    done = client.get_config(tag)
    assert GATHERED // 2 == len(done) < len(keys)  # each has an intent and a result
    assert announced(plan, Runner(tmp_path / "looks", remote).store())

    hook.unlink()
    skip = log_size(rucio_sqlite)
    code, receipt, said = to_end(start(plan, Runner(tmp_path / "two", remote, 1), reached))
    assert code == 0, unfinished(code, receipt, said)
    assert client.get_config(tag) == dict.fromkeys(keys, 1)
    assert effects(rucio_sqlite, tag, skip).total() == len(keys) - len(done)
    check_journal(plan, Runner(tmp_path / "looks", remote).store())

"""Law 9: killed anywhere and resumed, an apply ends in the same state, and did nothing twice."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import string
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from apply_cases import KEY, Mixed, connection
from apply_process import Running, descendants, start, survivors, to_end
from rucio_data import connect

from srcnet_compiler.apply.ledger import Ledger
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.change import Json
from srcnet_compiler.demo.rucio_server import RucioServer
from srcnet_compiler.plan.file import digest
from srcnet_compiler.plan.model import Plan

pytestmark = pytest.mark.live("rucio")

KILLS = 50
REQUEST = re.compile(r'"(POST|PUT|DELETE) (\S+) HTTP[^"]*" 2')
BEGINNING = "None\n"
"""What apply_process.py says when a change is about to begin."""
IDENTIFIER = re.compile(r"\b[0-9a-f]{32}\b")


def fresh_tag(chance: random.Random) -> str:
    return "".join(chance.choices(string.ascii_lowercase, k=5))


def effects(server: RucioServer, tag: str, skip: int) -> Counter[tuple[str, str]]:
    """How often the server did what: its own log of changes, from byte `skip` on."""
    end = log_size(server)
    with (server.folder / "log" / "access.log").open("rb") as log:
        log.seek(skip)
        text = log.read(end - skip).decode().replace(tag, "tag").replace(tag.upper(), "TAG")
    return Counter(
        (match[1], IDENTIFIER.sub("ID", match[2]))
        for match in REQUEST.finditer(text)
        if match[2] != "/replicas/list"  # a question, though it is POSTed
    )


def log_size(server: RucioServer) -> int:
    """When the server, which answers first and writes then, has written all."""
    log = server.folder / "log" / "access.log"
    before = -1
    while (size := log.stat().st_size) != before:
        before = size
        time.sleep(0.3)
    return size


def victim(chance: random.Random, process: subprocess.Popen[str]) -> tuple[str, int]:
    """Whom to kill: us two times in five, else Ansible, its module, or anything below us."""
    below = descendants(process.pid)
    whom = chance.choice(["us", "us", "ansible", "module", "any"])
    if whom == "us" or not below:
        return "us", process.pid
    if whom == "ansible":
        return whom, next((each.pid for each in below if each.parent == below[0].pid), below[0].pid)
    return whom, below[-1].pid if whom == "module" else chance.choice(below).pid


def kill_once(
    chance: random.Random, process: subprocess.Popen[str]
) -> tuple[str | None, tuple[Running, ...]]:
    """Wait for a random moment, mostly while changes are made, and kill. Gives whom, None when all
    was over before, and what was running below us."""
    acting = chance.random() < 0.7
    if acting:
        assert process.stderr is not None
        while process.stderr.readline() not in (BEGINNING, ""):
            continue
    try:
        process.wait(chance.uniform(0, 2.0 if acting else 1.5))
    except subprocess.TimeoutExpired:
        seen = descendants(process.pid)
        whom, pid = victim(chance, process)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return None, seen
        return whom, seen
    return None, ()


def undisturbed(
    server: RucioServer, tag: str, folder: Path
) -> tuple[Json, Counter[tuple[str, str]]]:
    client = connect(server)
    case = Mixed(tag)
    case.prepare(client)
    skip = log_size(server)
    code, _, said = to_end(start(case.plan(), folder / tag, {KEY: connection(server)}))
    assert code == 0, said
    done = effects(server, tag, skip)
    return case.seen(client), done


def test_killed_anywhere_it_ends_as_if_undisturbed(rucio_sqlite: RucioServer, tmp_path: Path):
    seed = int(os.environ.get("SRCNET_SWEEP_SEED", time.time_ns() % 10**6))
    print(f"SRCNET_SWEEP_SEED={seed}")
    chance = random.Random(seed)
    expected, once = undisturbed(rucio_sqlite, fresh_tag(chance), tmp_path)
    killed: Counter[str] = Counter()
    plans = 0
    while killed.total() < KILLS:
        plans += 1
        tag = fresh_tag(chance)
        client = connect(rucio_sqlite)
        case = Mixed(tag)
        case.prepare(client)
        plan, state, skip = case.plan(), tmp_path / tag, log_size(rucio_sqlite)

        interrupted = sweep_one(chance, KILLS - killed.total(), plan, state, rucio_sqlite)
        killed.update(interrupted)

        assert case.seen(client) == expected, f"{interrupted} of plan {plans}"
        assert effects(rucio_sqlite, tag, skip) == once, f"{interrupted} of plan {plans}"
        check_ledger(plan, state, interrupted.total())
    print(f"{killed.total()} kills ({dict(killed)}) over {plans} plans of {len(plan.changes)}")
    assert {"us", "ansible", "module"} <= set(killed)


def sweep_one(
    chance: random.Random, kills: int, plan: Plan, state: Path, server: RucioServer
) -> Counter[str]:
    """Apply, kill, apply again, so many times at most, and then to the end."""
    killed: Counter[str] = Counter()
    while killed.total() < kills:
        process = start(plan, state, {KEY: connection(server)})
        whom, seen = kill_once(chance, process)
        code, receipt, said = to_end(process)
        assert survivors(seen) == ()
        if whom == "us" and code != -signal.SIGKILL:
            whom = None  # it had ended before, and was not buried yet
        if whom is not None:
            killed[whom] += 1
            assert (code == -signal.SIGKILL) == (whom == "us"), unfinished(code, receipt, said)
        if code == 0:  # too late a kill, or none: the plan is carried out
            return killed
        assert whom is not None, unfinished(code, receipt, said)
    code, receipt, said = to_end(start(plan, state, {KEY: connection(server)}))
    assert code == 0, unfinished(code, receipt, said)
    return killed


def unfinished(code: int, receipt: Json, said: str) -> str:
    """What the run ended with, and what became of the changes that it did not do."""
    if receipt is None:
        return f"exit code {code}\n{said}"
    left = [each for each in receipt["results"] if each["status"] not in ("done", "already")]
    return f"exit code {code}: {json.dumps(left)} {receipt['trouble']}\n{said}"


def check_ledger(plan: Plan, state: Path, kills: int) -> None:
    """Every change has its one result; each kill left one change in doubt at most."""
    with Ledger(StateStore(state).ledger_path) as ledger:
        lines = ledger.lines(digest(plan))
        assert ledger.final(digest(plan)).keys() == {change.id for change in plan.changes}
        assert ledger.in_doubt() == ()
    done = Counter(line.change for line in lines if line.status == "done")
    begun = Counter(line.change for line in lines if line.status == "intent")
    assert set(done.values()) <= {1}
    assert done.keys() <= begun.keys()
    assert begun.total() - done.total() <= kills

"""What can be in the way of a plan on a real Rucio: others, interrupts, full disks, no server."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from apply_cases import (
    KEY,
    connection,
    create,
    plan_of,
)
from apply_process import carry_out, descendants, now, start, survivors, to_end
from rucio_data import connect

from srcnet_compiler.apply.ledger import Ledger
from srcnet_compiler.apply.receipt import Status, exit_code
from srcnet_compiler.apply.run import apply_plan
from srcnet_compiler.apply.state import LockHeldError, StateError, StateStore
from srcnet_compiler.change import Json
from srcnet_compiler.demo import rucio_server
from srcnet_compiler.demo.rucio_server import RucioServer
from srcnet_compiler.plan.file import digest
from srcnet_compiler.plan.model import Plan

if TYPE_CHECKING:
    from rucio.client import Client

pytestmark = pytest.mark.live("rucio")


@pytest.fixture
def client(rucio_sqlite: RucioServer) -> Client:
    return connect(rucio_sqlite)


@pytest.fixture
def reached(rucio_sqlite: RucioServer) -> dict[str, Json]:
    return connection(rucio_sqlite)


def config_plan(section: str, count: int) -> Plan:
    return plan_of(*(create("config", f"{section}/k{n:03}", value=str(n)) for n in range(count)))


def wait_for_line(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if line.strip() == text:
            return
    raise AssertionError("it ended")


def test_of_two_at_once_the_second_is_refused(reached: dict[str, Json], tmp_path: Path):
    plan = config_plan("both", 40)
    first = start(plan, tmp_path, {KEY: reached})
    wait_for_line(first, "None")
    with pytest.raises(LockHeldError) as refused:
        carry_out(plan, tmp_path, reached)
    assert refused.value.holder is not None
    assert refused.value.holder.pid == first.pid
    code, _, _ = to_end(first)
    assert code == 0
    assert exit_code(carry_out(plan, tmp_path, reached)) == 0


def test_an_interrupt_ends_it_after_the_change_in_flight_and_leaves_nothing_running(
    client: Client, reached: dict[str, Json], tmp_path: Path
):
    plan = config_plan("intr", 60)
    process = start(plan, tmp_path, {KEY: reached})
    wait_for_line(process, "Status.DONE")
    seen = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    code, receipt, said = to_end(process)
    assert code == 130, said
    assert isinstance(receipt, dict)
    assert receipt["interrupted"] is True
    assert receipt["counts"]["failed"] == 0
    assert 0 < receipt["counts"]["done"] < 60
    assert receipt["counts"]["done"] == len(client.get_config("intr"))
    assert survivors(seen) == ()
    with Ledger(StateStore(tmp_path).ledger_path) as ledger:
        assert ledger.in_doubt() == ()
    resumed = carry_out(plan, tmp_path, reached)
    assert exit_code(resumed) == 0
    assert len(resumed.earlier) == receipt["counts"]["done"]


@pytest.fixture
def own_rucio(
    rucio_sqlite: RucioServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RucioServer]:
    """A server that a test may kill."""
    folder = tmp_path_factory.mktemp("own") / "rucio"
    with rucio_server.running(folder, database="sqlite", venv=rucio_sqlite.venv) as server:
        yield server


def test_a_server_that_goes_away_ends_it_with_69_and_the_next_run_goes_on(
    own_rucio: RucioServer, tmp_path: Path
):
    plan = config_plan("gone", 60)
    reached = connection(own_rucio, timeout=3)
    for take_away, bring_back in (
        (rucio_server.kill, rucio_server.restart),
        (rucio_server.pause, rucio_server.resume),
    ):
        assert _cut_off(plan, tmp_path, reached, lambda take=take_away: take(own_rucio)) == 69
        bring_back(own_rucio)
    receipt = carry_out(plan, tmp_path, reached)
    assert exit_code(receipt) == 0
    assert len(receipt.earlier) > 0
    assert connect(own_rucio).get_config("gone") == {f"k{n:03}": n for n in range(60)}


def _cut_off(
    plan: Plan, state: Path, reached: Mapping[str, Json], take_away: Callable[[], None]
) -> int:
    process = start(plan, state, {KEY: reached})
    wait_for_line(process, "Status.DONE")
    take_away()
    code, receipt, said = to_end(process)
    assert isinstance(receipt, dict), said
    assert receipt["counts"]["failed"] == 1
    assert receipt["counts"]["left"] > 0
    return code


def test_a_full_disk_is_said_so_and_nothing_is_lost(
    client: Client, reached: dict[str, Json], tmp_path: Path
):
    plan = config_plan("full", 60)
    process = start(plan, tmp_path, {KEY: reached})
    wait_for_line(process, "Status.DONE")
    # A limit on the size of our files stands for the disk: the ledger's journal runs into it.
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (100_000, 100_000))
    code, receipt, said = to_end(process)
    assert (code, receipt) == (74, None), said
    assert "cannot use the ledger" in said
    done = client.get_config("full")
    with Ledger(StateStore(tmp_path).ledger_path) as ledger:
        lines = ledger.lines()
    begun = {line.change for line in lines if line.status == "intent"}
    assert 0 < len(done) < 60
    assert len(done) <= len(begun) <= len(done) + 1
    assert exit_code(carry_out(plan, tmp_path, reached)) == 0
    assert len(client.get_config("full")) == 60


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a small disk")
def test_a_disk_that_was_full_from_the_start_is_found_before_anything_is_done(
    client: Client, reached: dict[str, Json], tmp_path: Path
):
    disk = tmp_path / "disk"
    disk.mkdir()
    small = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if subprocess.run(small, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        (disk / "fill").write_bytes(b"x" * 60_000)
        with pytest.raises(StateError, match=r"No space|full"):
            carry_out(config_plan("tiny", 3), disk / "state", reached)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    from rucio.common.exception import ConfigNotFound

    with pytest.raises(ConfigNotFound):
        client.get_config("tiny")


def test_a_module_of_a_killed_run_that_lives_on_keeps_the_next_one_out(
    client: Client, reached: dict[str, Json], tmp_path: Path
):
    """The lock of the target, held here by somebody else: the run waits for it."""
    import fcntl

    store = StateStore(tmp_path)
    store.prepare()
    with store.target_lock("rucio", "srcnet").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        process = start(config_plan("late", 2), tmp_path, {KEY: reached})
        time.sleep(4)
        with Ledger(store.ledger_path) as ledger:
            assert [line.status for line in ledger.lines()] == ["begin"]
        assert process.poll() is None
    code, receipt, said = to_end(process)
    assert code == 0, (receipt, said)


def test_hosts_that_match_nothing_are_no_success(tmp_path: Path):
    import ansible_runner

    from srcnet_compiler.apply.ansible import Events

    (tmp_path / "play.yml").write_text("- hosts: nobody\n  gather_facts: false\n  tasks: []\n")
    for inventory in ({"all": {"hosts": {}}}, {"all": {"hosts": {"localhost": {}}}}):
        events = Events(frozenset({"localhost"}))
        ran = ansible_runner.run(
            private_data_dir=str(tmp_path),
            project_dir=str(tmp_path),
            playbook="play.yml",
            inventory=inventory,
            quiet=True,
            event_handler=events,
            envvars={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        )
        assert ran.status == "successful"
        assert events.trouble(ran.status) == "no host matched: nothing was done"


def test_two_systems_side_by_side_and_the_trouble_of_one_is_not_the_others(
    rucio_sqlite: RucioServer, client: Client, tmp_path: Path
):
    good = create("config", "side/x", value="1")
    bad = replace(good, address=replace(good.address, instance="other"))
    later = replace(create("config", "side/y", value="1"), needs=(bad.address,))
    plan = plan_of(good, bad, later)
    receipt = apply_plan(
        plan,
        digest=digest(plan),
        store=StateStore(tmp_path),
        connections={
            KEY: connection(rucio_sqlite),
            "rucio/other": connection(
                rucio_sqlite, rucio_host="http://127.0.0.1:9", auth_host="http://127.0.0.1:9"
            ),
        },
        clock=now,
    )
    found = {(r.change.address.instance, r.change.address.name): r for r in receipt.results}
    assert found[("srcnet", "side/x")].status is Status.DONE
    assert found[("other", "side/x")].status is Status.FAILED
    assert found[("srcnet", "side/y")].status is Status.LEFT
    assert exit_code(receipt) == 69
    assert client.get_config("side") == {"x": 1}

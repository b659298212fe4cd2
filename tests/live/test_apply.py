"""A plan carried out on a real Rucio: every kind of change, and all that can be in the way."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from apply_cases import (
    Mixed,
    change,
    connection,
    create,
    new,
    plan_of,
    rse_fields,
    template,
    update,
)
from apply_process import carry_out, command_line, descendants
from rucio_data import add_account, connect

from srcnet_compiler.apply.ledger import Ledger
from srcnet_compiler.apply.receipt import Receipt, Status, exit_code
from srcnet_compiler.apply.run import open_waits_key
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.change import Action, Json, SystemName, Wait
from srcnet_compiler.demo.rucio_server import RucioServer
from srcnet_compiler.plan.file import digest

if TYPE_CHECKING:
    from rucio.client import Client

pytestmark = pytest.mark.live("rucio")


def statuses(receipt: Receipt) -> dict[str, str]:
    return {
        f"{result.change.action.value} {result.change.address.kind}": result.status.value
        for result in receipt.results
    }


@pytest.fixture
def client(rucio_sqlite: RucioServer) -> Client:
    return connect(rucio_sqlite)


@pytest.fixture
def reached(rucio_sqlite: RucioServer) -> dict[str, Json]:
    return connection(rucio_sqlite)


# ── what is done ──────────────────────────────────────────────────────────────────────────────


def test_every_kind_of_change_is_done_once_and_found_done_after(rucio: RucioServer, tmp_path: Path):
    client = connect(rucio)
    case = Mixed("every")
    case.prepare(client)
    plan = case.plan()
    before = case.seen(client)

    rehearsed = carry_out(plan, tmp_path / "state", connection(rucio), rehearsal=True)
    assert case.seen(client) == before
    assert {result.status for result in rehearsed.results} == {Status.DONE}

    told: list[Any] = []
    receipt = carry_out(plan, tmp_path / "state", connection(rucio), progress=told.append)
    assert [result.text for result in receipt.results if result.status is not Status.DONE] == []
    assert (exit_code(receipt), receipt.trouble) == (0, ())
    assert len(told) == 2 * len(plan.changes)
    after: Any = case.seen(client)
    assert after["accounts"]["tag-old"] == [
        "USER",
        "ACTIVE",
        [[{"key": "srcnet_role", "value": "second"}]],
    ]
    assert after["accounts"]["tag-dead"][:2] == ["SERVICE", "ACTIVE"]
    assert "TAG-OLD-3" not in after["rses"]
    old = after["rses"]["TAG-OLD-0"]
    assert [each["scheme"] for each in old["facts"]["protocols"]] == ["davs", "root"]
    assert old["facts"]["protocols"][0]["domains"]["wan"]["read"] == 2
    assert "srcnet_gone" not in old["attributes"]
    assert [row[-1] for row in after["subscriptions"]].count("INACTIVE") == 1
    assert [row[-1] for row in after["rules"]].count(True) == 2

    again = carry_out(plan, tmp_path / "state", connection(rucio))
    assert exit_code(again) == 0
    assert {result.status for result in again.results} == {Status.ALREADY}
    assert case.seen(client) == after


def test_what_drifted_after_a_plan_is_mended_by_the_same_plan(
    client: Client, reached: dict[str, Json], tmp_path: Path
):
    client.add_rse("DRIFT-A")
    client.add_rse_attribute("DRIFT-A", "srcnet_tier", "old")
    plan = plan_of(update("rse", "DRIFT-A", ("attribute.srcnet_tier", "old", "online")))
    assert statuses(carry_out(plan, tmp_path, reached)) == {"update rse": "done"}
    client.add_rse_attribute("DRIFT-A", "srcnet_tier", "old")
    assert statuses(carry_out(plan, tmp_path, reached)) == {"update rse": "done"}
    assert client.list_rse_attributes("DRIFT-A")["srcnet_tier"] == "online"


def test_a_released_rule_that_is_wanted_again_is_called_back(
    client: Client, reached: dict[str, Json], tmp_path: Path
):
    client.add_rse("BACK-A")
    client.add_scope("root", "back")
    client.add_dataset("back", "d")
    client.set_local_account_limit("root", "BACK-A", -1)
    comments = "srcnet:back/fresh/0"
    (rule,) = client.add_replication_rule(
        [{"scope": "back", "name": "d"}],
        1,
        "BACK-A",
        comment=comments,
        activity="User Subscriptions",
    )
    client.delete_replication_rule(rule)
    assert client.get_replication_rule(rule)["expires_at"] is not None
    wanted: Json = {**template("BACK-A", comments), "account": "root"}
    plan = plan_of(create("rule", f"back:d {comments}", rule=wanted))
    assert statuses(carry_out(plan, tmp_path, reached)) == {"create rule": "done"}
    assert client.get_replication_rule(rule)["expires_at"] is None


# ── what is not done ──────────────────────────────────────────────────────────────────────────


def test_what_moved_underneath_is_left_as_it_is_and_what_does_not_need_it_goes_on(
    client: Client, reached: dict[str, Json], tmp_path: Path
):
    client.add_rse("MOVED-A")
    client.add_rse_attribute("MOVED-A", "srcnet_tier", "by-hand")
    client.add_rse("MOVED-TAKEN", rse_type="TAPE")
    plan = plan_of(
        update("rse", "MOVED-A", ("attribute.srcnet_tier", "old", "online")),
        new("rse", "MOVED-TAKEN", rse_fields("europe", "h.org")),
        update("rse", "MOVED-GONE", ("attribute.srcnet_tier", "old", "online")),
        create("distance", "MOVED-TAKEN MOVED-A", distance=1),
        create("config", "moved/free", value="1"),
    )
    receipt = carry_out(plan, tmp_path, reached)
    assert exit_code(receipt) == 5
    found = {str(r.change.address.name): (r.status.value, r.text) for r in receipt.results}
    assert found["MOVED-A"] == (
        "conflict",
        "`attribute.srcnet_tier` is 'by-hand', neither 'old' nor 'online'",
    )
    assert found["MOVED-TAKEN"][0] == "conflict"
    assert found["MOVED-GONE"] == ("conflict", "it is not there")
    assert found["MOVED-TAKEN MOVED-A"] == (
        "left",
        "needs rucio/srcnet/rse/MOVED-TAKEN, which is conflict",
    )
    assert found["moved/free"][0] == "done"
    assert client.list_rse_attributes("MOVED-A")["srcnet_tier"] == "by-hand"
    assert client.get_distance("MOVED-TAKEN", "MOVED-A") == []


def test_what_the_server_accepts_and_does_not_do_is_a_failure(
    client: Client, reached: dict[str, Json], tmp_path: Path
):
    plan = plan_of(new("rse", "BELIEF-A", {"setting.rse_type": "DISK", "setting.colour": "red"}))
    receipt = carry_out(plan, tmp_path, reached)
    assert exit_code(receipt) == 1
    (result,) = receipt.results
    assert result.text == "accepted but not so: `setting.colour` is None, not 'red'"


def test_what_the_server_refuses_fails_with_its_words_and_the_rest_goes_on(
    client: Client, reached: dict[str, Json], tmp_path: Path
):
    plan = plan_of(
        create("account-limit", "nobody@NOWHERE", bytes=1), create("config", "words/x", value="1")
    )
    receipt = carry_out(plan, tmp_path, reached)
    failed, done = receipt.results
    assert (failed.status, done.status, exit_code(receipt)) == (Status.FAILED, Status.DONE, 1)
    assert "nobody" in failed.text or "NOWHERE" in failed.text


def test_an_account_without_rights_ends_with_77_and_so_does_a_wrong_password(
    rucio_sqlite: RucioServer, client: Client, tmp_path: Path
):
    add_account(client, "weak", password="weak-password")
    weak = connection(
        rucio_sqlite,
        account="weak",
        creds={"username": "weak", "password": "weak-password"},
    )
    plan = plan_of(
        create("config", "rights/x", value="1"), create("scope", "rights", account="weak")
    )
    receipt = carry_out(plan, tmp_path / "a", weak)
    assert exit_code(receipt) == 77
    assert [result.status for result in receipt.results] == [Status.FAILED, Status.FAILED]

    wrong = connection(rucio_sqlite, creds={"username": "weak", "password": "no-such-password"})
    receipt = carry_out(plan, tmp_path / "b", wrong)
    assert exit_code(receipt) == 77
    assert [result.status for result in receipt.results] == [Status.FAILED, Status.LEFT]
    assert "no-such-password" not in repr(receipt)


# ── waiting ───────────────────────────────────────────────────────────────────────────────────


def test_a_rule_is_released_only_when_every_file_has_its_valid_copies(
    client: Client, reached: dict[str, Json], tmp_path: Path
):
    for name, region in (("WAIT-EU", "europe"), ("WAIT-EU2", "europe"), ("WAIT-AF", "africa")):
        client.add_rse(name)
        client.add_protocol(
            name,
            {
                **{"scheme": "file", "hostname": "localhost", "port": 0},
                **{"prefix": f"/{name}/", "impl": "rucio.rse.protocols.posix.Default"},
                "domains": {"wan": {"read": 1, "write": 1, "delete": 1}},
            },
        )
        client.add_rse_attribute(name, "srcnet_region", region)
        client.add_rse_attribute(name, "srcnet_tier", "online")
        client.set_local_account_limit("root", name, -1)
    client.add_scope("root", "wait")
    client.add_dataset("wait", "d")
    files = [
        {"scope": "wait", "name": f"f{number}", "bytes": 1, "adler32": "00000001"}
        for number in range(2)
    ]

    def add_rule(rse: str, comments: str) -> str:
        (rule,) = client.add_replication_rule(
            [{"scope": "wait", "name": "d"}], 1, rse, comment=comments
        )
        return str(rule)

    def copy(rse: str, *which: dict[str, Any]) -> None:
        client.add_replicas(rse, list(which))

    fact = {
        **{"scope": "wait", "name": "d", "account": "root", "tag": "srcnet:w/fresh/"},
        **{"tier": "srcnet_tier", "apart": "srcnet_region", "copies": {"online": 2}},
    }
    copy("WAIT-EU", *files)
    client.attach_dids("wait", "d", files)
    pin = add_rule("(WAIT-EU)", "srcnet:w/arrival/pin")
    release = change(
        "rule",
        "wait:d srcnet:w/arrival/pin",
        Action.RETIRE,
        ("id", pin, pin),
        ("released", False, True),
    )
    wait = Wait("copies-valid", json.dumps(fact), "every file has its copies")
    plan = plan_of(
        replace(release, waits=(wait,)),
        create("config", "wait/free", value="1"),
    )

    def result() -> tuple[int, str]:
        receipt = carry_out(plan, tmp_path, reached)
        found = next(r for r in receipt.results if r.change.address.kind == "rule")
        if found.status is Status.WAITING:
            assert client.get_replication_rule(pin)["expires_at"] is None
            assert found.since is not None
        return exit_code(receipt), found.text

    assert result() == (6, "wait:d is still open")
    client.close("wait", "d")
    short = "2 of 2 files of wait:d lack valid copies (2 online, apart by srcnet_region)"
    assert result() == (6, short)
    add_rule("WAIT-EU", "srcnet:w/fresh/0")
    assert result() == (6, short)
    copy("WAIT-EU2", *files)
    add_rule("WAIT-EU2", "srcnet:w/fresh/1")
    assert result() == (6, short)  # two copies, in one region
    copy("WAIT-AF", *files)
    assert result() == (6, short)  # a third one, which nobody locks
    third = add_rule("WAIT-AF", "somebody's")
    assert result() == (6, short)  # locked by a rule that is not ours
    client.update_replication_rule(third, {"comment": "srcnet:w/fresh/2", "lifetime": 10**7})
    assert result() == (6, short)  # ours, but it ends
    client.update_replication_rule(third, {"lifetime": None})
    client.update_replicas_states("WAIT-AF", [{**files[1], "state": "U"}])
    assert result() == (6, short.replace("2 of 2", "1 of 2"))  # locked, but one is not there
    waits = StateStore(tmp_path).get(open_waits_key(SystemName("rucio", "srcnet")))
    assert waits is not None
    assert isinstance(waits.value, dict)
    first = min(line.at for line in _lines(tmp_path) if line.status == "waiting")
    assert [each["since"] for each in waits.value["waits"]] == [first]
    client.update_replicas_states("WAIT-AF", [{**files[1], "state": "A"}])
    assert result() == (0, "")
    assert client.get_replication_rule(pin)["expires_at"] is not None
    waits = StateStore(tmp_path).get(open_waits_key(SystemName("rucio", "srcnet")))
    assert waits is not None
    assert waits.value == {"plan": digest(plan), "waits": []}


def _lines(state: Path) -> tuple[Any, ...]:
    with Ledger(StateStore(state).ledger_path) as ledger:
        return ledger.lines()


def test_a_place_keeps_its_region_while_rules_of_ours_rely_on_it(
    client: Client, reached: dict[str, Json], tmp_path: Path
):
    client.add_rse("RELY-A")
    client.add_rse_attribute("RELY-A", "srcnet_region", "africa")
    client.set_local_account_limit("root", "RELY-A", -1)
    client.add_scope("root", "rely")
    client.add_dataset("rely", "d")
    files = [{"scope": "rely", "name": "f", "bytes": 1, "adler32": "00000001"}]
    client.add_replicas("RELY-A", files)
    client.attach_dids("rely", "d", files)
    expression = "RELY-A&srcnet_region=africa"
    client.add_replication_rule([{"scope": "rely", "name": "d"}], 1, expression)
    moving = update("rse", "RELY-A", ("attribute.srcnet_region", "africa", "asia"))

    def result(**fact: Json) -> tuple[int, str]:
        subject = json.dumps({"rse": "RELY-A", **fact})
        wait = Wait("rules-moved", subject, "no rule of ours holds data on RELY-A")
        receipt = carry_out(plan_of(replace(moving, waits=(wait,))), tmp_path, reached)
        return exit_code(receipt), receipt.results[0].text

    moves = (6, "rules of ours hold 1 datasets on RELY-A; that of rely:d must move")
    assert result(attributes={"srcnet_region": "asia"}) == moves
    means_it: dict[str, Json] = {"attributes": {"srcnet_region": "africa"}}
    assert result(**means_it, without=[expression]) == moves
    assert result(**means_it, without=["RELY-A"]) == (0, "")


# ── no secret ─────────────────────────────────────────────────────────────────────────────────


def test_no_secret_is_written_or_shown_while_it_runs_or_after(
    rucio_sqlite: RucioServer, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    canary = "canary-4d1f0c-password"
    add_account(client, "canary", password=canary, admin=True)
    monkeypatch.setenv("SRCNET_CANARY", canary)
    reached = connection(
        rucio_sqlite, account="canary", creds={"username": "canary", "password": canary}
    )
    state = tmp_path / "state"
    names = [f"CANARY-{number}" for number in range(12)]
    plan = plan_of(*(new("rse", name, rse_fields("europe", "h.org")) for name in names))
    found: set[str] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            found.update(_where(canary, state))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        receipt = carry_out(plan, state, reached)
    finally:
        done.set()
        watcher.join()
    found.update(_where(canary, state))
    assert exit_code(receipt) == 0
    assert found == set()
    assert canary not in repr(receipt)


def _where(canary: str, state: Path) -> Iterator[str]:
    """Files of the state, and processes below us: what they were called with, and their
    environment."""
    wanted = canary.encode()
    for folder, _, names in os.walk(state):  # which passes over what is gone by then
        for path in (Path(folder, name) for name in names):
            try:
                if path.is_file() and wanted in path.read_bytes():
                    yield str(path)
            except OSError:
                continue
    for process in descendants(os.getpid()):
        for name in ("cmdline", "environ"):
            try:
                if wanted in Path(f"/proc/{process.pid}/{name}").read_bytes():
                    yield f"{name} of {command_line(process.pid)}"
            except OSError:
                continue

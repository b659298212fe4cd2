"""The gate, spoken to over its real socket: nothing goes on that the ledger does not hold."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from srcnet_compiler.apply.gate import Gate, Journal, Step
from srcnet_compiler.apply.ledger import Ledger
from srcnet_compiler.apply.receipt import Cause, Status
from srcnet_compiler.apply.state import StateError
from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CONNECTION = {"rucio_host": "http://x", "creds": {"username": "me", "password": 'ca"nary'}}
CHANGES = tuple(
    Change(
        Address("rucio", "srcnet", "config", f"a/{name}"),
        Action.CREATE,
        (FieldChange("value", None, "1"),),
        Impact.ADDITIVE,
    )
    for name in "xy"
)
X, Y = CHANGES


class Module:
    """The other end, as the role's module speaks."""

    def __init__(self, path: Path) -> None:
        folder = os.open(path.parent, os.O_RDONLY)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(f"/proc/self/fd/{folder}/{path.name}")
        os.close(folder)
        self.stream = self.socket.makefile("rb")

    def tell(self, **message: object) -> Any:
        return self.say(json.dumps(message).encode())

    def say(self, line: bytes) -> Any:
        """None: nobody listens any more."""
        try:
            self.socket.sendall(line + b"\n")
            answer = self.stream.readline()
        except ConnectionError:
            return None
        return json.loads(answer) if answer else None

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger") as ledger:
        yield ledger


@contextmanager
def open_gate(
    tmp_path: Path,
    ledger: Ledger,
    steps: list[Step] | None = None,
    connection: Mapping[str, Any] = CONNECTION,
    rehearsal: bool = False,
) -> Iterator[tuple[Gate, Module]]:
    deep = tmp_path / ("a folder with a long name, longer than a socket may have " * 3)
    deep.mkdir()
    journal = Journal(ledger, lambda: NOW, "r1", "p1", rehearsal)
    progress = (lambda step: None) if steps is None else steps.append
    with Gate(deep, CHANGES, connection, journal, progress) as gate:
        module = Module(gate.path)
        try:
            yield gate, module
        finally:
            module.close()


def test_go_is_said_when_the_ledger_holds_the_intent(tmp_path: Path, ledger: Ledger):
    steps: list[Step] = []
    with open_gate(tmp_path, ledger, steps) as (gate, module):
        assert module.tell(at="hello") == {"go": True, "connection": CONNECTION}
        assert module.tell(at="intent", id=X.id, before={"v": 1}) == {"go": True}
        (line,) = ledger.lines()
        assert (line.status, line.change, line.before) == ("intent", X.id, {"v": 1})
        assert gate.in_flight == (X,)
        assert module.tell(at="result", id=X.id, status="done", text="fine") == {"go": True}
        assert gate.in_flight == ()
        assert [line.status for line in ledger.lines()] == ["intent", "done"]
        assert gate.results[X.id].status is Status.DONE
    assert [(step.change, step.status) for step in steps] == [(X, None), (X, Status.DONE)]


def test_after_stop_the_change_in_flight_may_end_and_no_other_may_begin(
    tmp_path: Path, ledger: Ledger
):
    with open_gate(tmp_path, ledger) as (gate, module):
        module.tell(at="intent", id=X.id)
        gate.stop()
        assert module.tell(at="result", id=X.id, status="done") == {"go": True}
        assert module.tell(at="intent", id=Y.id) == {"go": False, "why": "stopping"}
    assert [line.change for line in ledger.lines()] == [X.id, X.id]


def test_what_the_gate_does_not_understand_is_no_go(tmp_path: Path, ledger: Ledger):
    for line in (b"{", b"[]", b'{"at":"intent","id":"unknown"}', b'{"at":"result"}', b"\xff"):
        with open_gate(tmp_path, ledger) as (_, module):
            assert module.say(line)["go"] is False
            assert module.say(b'{"at":"hello"}') is None
        next(tmp_path.glob("a folder*")).rmdir()
    assert ledger.lines() == ()


def test_a_second_module_is_not_heard(tmp_path: Path, ledger: Ledger):
    with open_gate(tmp_path, ledger) as (gate, module):
        assert module.tell(at="hello")["go"] is True
        module.close()
        second = Module(gate.path)
        second.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            second.tell(at="hello")
        second.close()


def test_when_we_go_the_module_hears_the_end(tmp_path: Path, ledger: Ledger):
    with open_gate(tmp_path, ledger) as (gate, module):
        module.tell(at="intent", id=X.id)
        gate.__exit__()
        assert module.stream.readline() == b""
    assert ledger.in_doubt() != ()


def test_a_secret_that_comes_back_in_a_text_is_cut_out(tmp_path: Path, ledger: Ledger):
    steps: list[Step] = []
    with open_gate(tmp_path, ledger, steps) as (gate, module):
        module.tell(at="intent", id=X.id, before={"note": ['is ca"nary']})
        module.tell(at="result", id=X.id, status="failed", text='no: ca"nary', cause="refused")
        assert gate.results[X.id].cause is Cause.REFUSED
        assert "nary" not in gate.results[X.id].text
    assert "nary" not in repr(ledger.lines())
    assert "nary" not in repr(steps)


def test_a_rehearsal_writes_nothing(tmp_path: Path, ledger: Ledger):
    with open_gate(tmp_path, ledger, rehearsal=True) as (gate, module):
        module.tell(at="result", id=X.id, status="done")
        assert gate.results[X.id].status is Status.DONE
    assert ledger.lines() == ()


def test_a_ledger_that_cannot_be_written_is_no_go(tmp_path: Path, ledger: Ledger):
    with open_gate(tmp_path, ledger) as (gate, module):
        ledger.close()
        assert module.tell(at="intent", id=X.id)["go"] is False
        assert isinstance(gate.trouble, StateError)


def test_a_fault_of_whoever_shows_progress_stops_the_module_and_is_kept(
    tmp_path: Path, ledger: Ledger
):
    folder = tmp_path / "g"
    folder.mkdir()

    def broken(step: Step) -> None:
        raise ZeroDivisionError

    journal = Journal(ledger, lambda: NOW, "r1", "p1")
    with Gate(folder, CHANGES, CONNECTION, journal, broken) as gate:
        module = Module(gate.path)
        assert module.tell(at="intent", id=X.id) is None
        module.close()
    assert isinstance(gate.trouble, ZeroDivisionError)

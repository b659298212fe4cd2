"""The journal: what was about to happen, and what happened, durable before the next step.

Append-only: the database itself refuses to change or remove a line. No value in it is secret, since
changes carry references to secrets only. An intent without a result is *in doubt*: only reading the
system again decides.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from srcnet_compiler.apply.state import StateError
from srcnet_compiler.change import Address, Change, Json

INTENT = "intent"
BEGIN = "begin"
FINAL = frozenset({"done", "already"})
"""Results after which a change of a plan needs nothing more."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL, run TEXT NOT NULL, plan TEXT NOT NULL,
  change TEXT NOT NULL, address TEXT NOT NULL, action TEXT NOT NULL,
  status TEXT NOT NULL, text TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS entry_plan ON entry (plan, change, seq);
CREATE INDEX IF NOT EXISTS entry_change ON entry (change, seq);
CREATE TRIGGER IF NOT EXISTS entry_stays BEFORE UPDATE ON entry
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS entry_remains BEFORE DELETE ON entry
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""
_COLUMNS = "seq, at, run, plan, change, address, action, status, text, before, after"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the journal. `status` is `begin`, `intent` or a result (receipt.Status)."""

    seq: int
    at: str
    run: str
    plan: str
    change: str
    address: str
    action: str
    status: str
    text: str
    before: Json
    after: Json


class Ledger:
    """Opened by one process at a time (the state's lock sees to it), used by any of its threads.

    Raises StateError whenever the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._turn = threading.RLock()
        with self._as_state_error():
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.executescript(_SCHEMA)
                path.chmod(0o600)
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """A full disk may keep the journal from being folded into one file; nothing is lost."""
        with self._turn, self._as_state_error():
            self._db.close()

    def write(
        self,
        change: Change,
        status: str,
        *,
        at: str,
        run: str,
        plan: str,
        text: str = "",
        before: Json = None,
        after: Json = None,
    ) -> None:
        """Add one line; on the disk when it returns."""
        values = (at, run, plan, change.id, str(change.address), change.action.value, status, text)
        with self._turn, self._as_state_error():
            self._db.execute(
                "INSERT INTO entry (at, run, plan, change, address, action, status, text, before,"
                " after) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*values, _text(before), _text(after)),
            )

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Lines that are on the disk, all of them or none, when the block has ended."""
        with self._turn, self._as_state_error():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def begin(self, *, at: str, run: str, plan: str) -> None:
        """Start a plan, or a finished one over again: what is final counts from here."""
        with self._turn, self._as_state_error():
            self._db.execute(
                "INSERT INTO entry (at, run, plan, change, address, action, status, text, before,"
                " after) VALUES (?, ?, ?, '', '', '', ?, '', 'null', 'null')",
                (at, run, plan, BEGIN),
            )

    def lines(self, plan: str | None = None) -> tuple[Line, ...]:
        """Everything, or everything about one plan, oldest first."""
        if plan is None:
            return self._select("1 = 1")
        return self._select("plan = ?", plan)

    def final(self, plan: str) -> dict[str, Line]:
        """By change: what this plan, since it began, has carried out or found to be so already."""
        latest: dict[str, Line] = {}
        for line in self.lines(plan):
            if line.status == BEGIN:
                latest.clear()
            else:
                latest[line.change] = line
        return {change: line for change, line in latest.items() if line.status in FINAL}

    def begun(self, plan: str) -> frozenset[str]:
        """Changes that this plan has ever begun: they may stand between before and after."""
        return frozenset(line.change for line in self.lines(plan) if line.status == INTENT)

    def in_doubt(self, plan: str | None = None) -> tuple[Line, ...]:
        """Intents of which no result is known."""
        latest = {(line.plan, line.change): line for line in self.lines(plan)}
        return tuple(line for line in latest.values() if line.status == INTENT)

    def waiting_since(self, change: str) -> str | None:
        """Since when this step has been found waiting, in this plan or those before it."""
        since = None
        for line in self._select("change = ?", change):
            if line.status == "waiting":
                since = since or line.at
            elif line.status in FINAL:
                since = None
        return since

    def ours(self) -> frozenset[Address]:
        """What we have created, adopted or renamed."""
        mine = self._select(
            "action IN ('create', 'adopt', 'rename') AND status IN ('done', 'already')"
        )
        return frozenset(Address(*line.address.split("/", 3)) for line in mine)

    def _select(self, where: str, *values: str) -> tuple[Line, ...]:
        with self._turn, self._as_state_error():
            rows = self._db.execute(
                f"SELECT {_COLUMNS} FROM entry WHERE {where} ORDER BY seq", values
            ).fetchall()
        return tuple(_line(row) for row in rows)

    @contextmanager
    def _as_state_error(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StateError(f"cannot use the ledger {self.path}: {error}") from error


def _line(row: tuple[Any, ...]) -> Line:
    seq, at, run, plan, change, address, action, status, text, before, after = row
    values = json.loads(before), json.loads(after)
    return Line(seq, at, run, plan, change, address, action, status, text, *values)


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)

"""The journal: what was about to happen, and what happened, durable before the next step.

Append-only: the database itself refuses to change or remove a line. No value in it is secret, since
changes carry references to secrets only. An intent without a result is *in doubt*: only reading the
system again decides.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from srcnet_compiler.apply.state import StateError
from srcnet_compiler.change import Address, Change, Json

INTENT = "intent"
ANNOUNCED = "announced"
"""An intent of a whole batch, where the journal is durable only when it is published. The run that
announced a change says what became of it, or it is in doubt."""
BEGIN = "begin"
RUN = "run"
"""A run that goes on with a plan, as `begin` is one that starts it."""
FINAL = frozenset({"done", "already"})
"""Results after which a change of a plan needs nothing more."""
TOLD = FINAL | {"failed"}
"""Results of which the journal keeps what was to be made of which field."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL, run TEXT NOT NULL, plan TEXT NOT NULL,
  change TEXT NOT NULL, address TEXT NOT NULL, action TEXT NOT NULL,
  status TEXT NOT NULL, text TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,
  facts TEXT NOT NULL DEFAULT 'null'
);
CREATE INDEX IF NOT EXISTS entry_plan ON entry (plan, change, seq);
CREATE INDEX IF NOT EXISTS entry_change ON entry (change, seq);
CREATE TRIGGER IF NOT EXISTS entry_stays BEFORE UPDATE ON entry
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS entry_remains BEFORE DELETE ON entry
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""
_FACTS = "ALTER TABLE entry ADD COLUMN facts TEXT NOT NULL DEFAULT 'null'"
"""For a journal from before it held facts."""
_COLUMNS = "at, run, plan, change, address, action, status, text, before, after, facts"
_INSERT = f"INSERT INTO entry ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the journal. `status` is one of the words above or a result (receipt.Status).

    `facts` are, where a run begins, what its plan was made from and who signed it; where a change
    is done, its fields, each with the place in the specs that says so.
    """

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
    facts: Json = None


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
                columns = self._db.execute("PRAGMA table_info(entry)").fetchall()
                if "facts" not in {name for _, name, *_ in columns}:
                    self._db.execute(_FACTS)
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
        facts = _facts(change) if status in TOLD else None
        with self._turn, self._as_state_error():
            self._db.execute(_INSERT, (*values, _text(before), _text(after), _text(facts)))

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

    def begin(
        self, *, at: str, run: str, plan: str, facts: Json = None, status: str = BEGIN
    ) -> None:
        """Start a plan, or a finished one over again: what is final counts from here. With status
        RUN a run is noted that goes on with it."""
        values = (at, run, plan, "", "", "", status, "", "null", "null", _text(facts))
        with self._turn, self._as_state_error():
            self._db.execute(_INSERT, values)

    def take_over(self, lines: Iterable[Line]) -> None:
        """Add lines that another journal holds, in their order; all of them or none."""
        rows = [
            (
                *(line.at, line.run, line.plan, line.change, line.address, line.action),
                *(line.status, line.text, _text(line.before), _text(line.after)),
                _text(line.facts),
            )
            for line in lines
        ]
        with self.at_once():
            self._db.executemany(_INSERT, rows)

    def count(self) -> int:
        """How many lines there are; they are numbered from 1."""
        with self._turn, self._as_state_error():
            (last,) = self._db.execute("SELECT coalesce(max(seq), 0) FROM entry").fetchone()
        return int(last)

    def since(self, seq: int) -> tuple[Line, ...]:
        """The lines after this one."""
        return self._select("seq > ?", seq)

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
        latest: dict[tuple[str, str], str] = {}
        begun = set()
        for line in self.lines(plan):
            latest[line.run, line.change] = line.status
            if line.status == INTENT:
                begun.add(line.change)
        unheard = {change for (_, change), status in latest.items() if status == ANNOUNCED}
        return frozenset(begun | unheard)

    def in_doubt(self, plan: str | None = None) -> tuple[Line, ...]:
        """Intents of which no result is known. Where a plan that was made anew came to a result on
        the same system, that was read again meanwhile: what was in doubt there no longer is."""
        lines = self.lines(plan)
        latest = {(line.plan, line.change): line for line in lines}
        results = {(_system(line), line.plan): line.seq for line in lines if line.status in FINAL}

        def is_settled(line: Line) -> bool:
            return any(
                where == _system(line) and other != line.plan and seq > line.seq
                for (where, other), seq in results.items()
            )

        open_ones = (line for line in latest.values() if line.status in (INTENT, ANNOUNCED))
        return tuple(line for line in open_ones if not is_settled(line))

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

    def _select(self, where: str, *values: str | int) -> tuple[Line, ...]:
        with self._turn, self._as_state_error():
            rows = self._db.execute(
                f"SELECT seq, {_COLUMNS} FROM entry WHERE {where} ORDER BY seq", values
            ).fetchall()
        return tuple(_line(row) for row in rows)

    @contextmanager
    def _as_state_error(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StateError(f"cannot use the ledger {self.path}: {error}") from error


def _system(line: Line) -> str:
    return "/".join(line.address.split("/", 2)[:2])


def _line(row: tuple[Any, ...]) -> Line:
    words, values = row[:-3], row[-3:]
    return Line(*words, *(json.loads(value) for value in values))


def _facts(change: Change) -> Json:
    """What a change made of which fields, and which places in the specs said so."""
    fields: list[Json] = [
        [f.name, f.before, f.after, None if f.origin is None else list(f.origin)]
        for f in change.fields
    ]
    return {"fields": fields, "impact": change.impact.value, "reason": change.reason}


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)

"""What remembers across runs: a directory (state.py) or a git ref (shared.py), by one protocol."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from srcnet_compiler.apply.state import Entry, Holder
from srcnet_compiler.change import Json


class HeldLock(Protocol):
    """A lock that is held."""

    @property
    def holder(self) -> Holder:
        """Us, and until when."""

    def renew(self, now: datetime, ttl: timedelta) -> None:
        """Move the expiry on. Raises StateError where the lock is not ours any more."""


class Store(Protocol):
    """Lock, values and journal. Every method raises StateError where the store fails."""

    @property
    def lock_for(self) -> timedelta:
        """How long a lock is respected of which nothing is heard."""

    @property
    def announces(self) -> bool:
        """Whether the journal is durable only once it is published: then what is about to happen
        is announced and published before a module is called."""

    @property
    def ledger_path(self) -> Path:
        """The journal of whoever holds the lock."""

    def find_ledger(self) -> Path | None:
        """The journal as it is now, for whoever only looks; None before the first run."""

    def publish(self, gather: int = 1) -> None:
        """Make durable, and visible to all, what the holder of the lock has written into the
        journal; lines fewer than `gather` may wait."""

    def lock(self, owner: str, now: datetime, ttl: timedelta) -> AbstractContextManager[HeldLock]:
        """Hold the store until the end of the block. Raises LockHeldError."""

    def holder(self, now: datetime) -> Holder | None:
        """Who is applying, as far as a look can tell."""

    def all_keys(self) -> Sequence[str]:
        """The keys that have a value, in order."""

    def get(self, key: str) -> Entry | None:
        """The value under `key`; None when there is none."""

    def put(self, key: str, value: Json, expected: str | None) -> Entry:
        """Replace the value that has version `expected` (None: there must be none yet). Durable
        when it returns. Raises OutrunError when somebody was faster."""

    def target_lock(self, target: str, instance: str) -> Path:
        """The file that whoever acts on this instance from here holds locked while it acts."""

    def run_folder(self, run: str) -> Path:
        """A fresh private folder for one run."""

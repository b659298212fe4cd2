"""A lock that is kept while its holder lives: renewed by time, however long a change takes."""

import threading
from contextlib import suppress
from datetime import datetime, timedelta

from srcnet_compiler.apply.gate import Clock
from srcnet_compiler.apply.state import StateError
from srcnet_compiler.apply.store import HeldLock

_BEATS = 10
"""How often it is looked at while the lock is respected."""


class Heartbeat:
    """Renews a lock in a thread of its own, until the end of the block.

    A renewal that fails there is tried again at the next beat: a remote may be gone for a moment.
    Whoever is about to begin a change calls `insist`.
    """

    def __init__(self, lock: HeldLock, clock: Clock, lock_for: timedelta) -> None:
        self._lock = lock
        self._clock = clock
        self._lock_for = lock_for
        self._turn = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def insist(self) -> None:
        """Renew the lock where half of its time is over. Raises StateError where that cannot be
        done, as where somebody else has taken it over."""
        with self._turn:
            now = self._clock()
            if datetime.fromisoformat(self._lock.holder.expires) - now < self._lock_for / 2:
                self._lock.renew(now, self._lock_for)

    def _beat(self) -> None:
        while not self._ended.wait(self._lock_for.total_seconds() / _BEATS):
            with suppress(StateError):
                self.insist()

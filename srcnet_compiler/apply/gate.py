"""The gate: a module asks here before each change and tells here after it.

One unix socket per module call, in a folder that only we can enter. Lines of JSON, each answered
before the module goes on:

    hello  → {"go": true, "connection": {...}}    how to reach the system, secrets included
    intent → {"go": true}                         the ledger holds it: act
    result → {"go": true}                         the ledger holds it: next

An intent or a result is one change's, or, as ``each``, those of several that are done at once.
Without a ``go`` the module stops. So nothing happens that the ledger does not know of, nothing goes
on when we are gone, and credentials stand in no file, environment or argument.
"""

import json
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from io import BufferedRWPair
from pathlib import Path
from typing import TypeAlias

from srcnet_compiler.apply.ledger import ANNOUNCED, INTENT, Ledger
from srcnet_compiler.apply.receipt import Cause, Result, Status
from srcnet_compiler.apply.state import StateError
from srcnet_compiler.change import Change, Json

Connection: TypeAlias = Mapping[str, Json]
Clock: TypeAlias = Callable[[], datetime]
"""The time now, with its zone."""

HIDDEN = "(hidden)"
SHORT = 4
"""A secret shorter than this hides nothing when it is cut out of a text, but mangles it."""
SECRETS = frozenset({"password", "token", "secret", "private_key", "ssh_passphrase", "passphrase"})
"""Keys of a connection whose values must never be repeated."""


@dataclass(frozen=True, slots=True)
class Step:
    """Progress: `status` None when a change is about to begin."""

    change: Change
    status: Status | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Journal:
    """Where a call's intents and results go. A rehearsal writes nothing."""

    ledger: Ledger
    clock: Clock
    run: str
    plan: str
    rehearsal: bool = False

    def write(
        self, change: Change, status: str, text: str = "", before: Json = None, after: Json = None
    ) -> datetime:
        """Add a line, return its time."""
        now = self.clock()
        if not self.rehearsal:
            self.ledger.write(
                change,
                status,
                at=now.isoformat(),
                run=self.run,
                plan=self.plan,
                text=text,
                before=before,
                after=after,
            )
        return now

    def announce(self, changes: Iterable[Change]) -> None:
        """Say of a whole batch that it is about to be done."""
        with self.at_once():
            for change in changes:
                self.write(change, ANNOUNCED)

    def at_once(self) -> AbstractContextManager[None]:
        """Lines that are durable, all of them or none, when the block has ended."""
        return nullcontext() if self.rehearsal else self.ledger.at_once()


Told: TypeAlias = Sequence[tuple[Change, Mapping[str, Json]]]
"""What a message says of which change."""


class Gate:
    """Serves one module call in a thread of its own, from `open` to `close`."""

    def __init__(
        self,
        folder: Path,
        changes: tuple[Change, ...],
        connection: Connection,
        journal: Journal,
        progress: Callable[[Step], None] = lambda step: None,
    ) -> None:
        self.results: dict[str, Result] = {}
        self.trouble: BaseException | None = None
        self._folder = folder
        self._changes = {change.id: change for change in changes}
        self._connection = connection
        self._secrets = tuple(_secrets(connection))
        self._journal = journal
        self._progress = progress
        self._begun: dict[str, datetime] = {}
        self._stopping = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._open: socket.socket | None = None
        self._quiet_since = time.monotonic()
        self._thread = threading.Thread(target=self._serve, name=f"gate {folder.name}")

    @property
    def path(self) -> Path:
        return self._folder / "gate"

    @property
    def in_flight(self) -> tuple[Change, ...]:
        """Changes that got a go and have not told a result: in doubt, if the module is gone."""
        return tuple(self._changes[id_] for id_ in self._begun if id_ not in self.results)

    @property
    def was_used(self) -> bool:
        """Whether a module has come."""
        return self._open is not None

    @property
    def silence(self) -> float:
        """For how many seconds no module has been there; 0 while one is."""
        if self.was_used and self._thread.is_alive():
            return 0.0
        return time.monotonic() - self._quiet_since

    def __enter__(self) -> "Gate":
        with _short(self.path) as path:
            self._listener.bind(path)
        self._listener.listen(1)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        # Wakes the thread, whichever of the two it waits for.
        for each in (self._listener, self._open):
            if each is not None:
                _shut(each)
        self._thread.join()
        self._listener.close()
        self.path.unlink(missing_ok=True)

    def stop(self) -> None:
        """Let the change in flight finish and tell its result, and let no other begin."""
        self._stopping.set()

    def hide(self, text: str) -> str:
        """The text without any of the connection's secrets."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text

    def _without_secrets(self, value: Json) -> Json:
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, Mapping):
            return {key: self._without_secrets(inner) for key, inner in value.items()}
        if isinstance(value, Sequence):
            return [self._without_secrets(inner) for inner in value]
        return value

    def _serve(self) -> None:
        """One connection, once: a survivor of an earlier run finds no ear here."""
        try:
            peer, _ = self._listener.accept()
        except OSError:
            return
        self._open = peer
        try:
            self._attend(peer)
        finally:
            self._quiet_since = time.monotonic()

    def _attend(self, peer: socket.socket) -> None:
        with peer, peer.makefile("rwb") as stream:
            try:
                if _is_us(peer):
                    self._listen_to(stream)
            except BaseException as error:  # of the caller's progress: raised where it is seen
                self.trouble = error

    def _listen_to(self, stream: BufferedRWPair) -> None:
        try:
            for line in stream:
                answer = self._answer(line)
                stream.write(json.dumps(answer).encode() + b"\n")
                stream.flush()
                if not answer["go"]:
                    return
        except OSError:
            return  # the module is gone; what it began is in doubt

    def _answer(self, line: bytes) -> dict[str, Json]:
        try:
            said = json.loads(line)
            at = said["at"]
            if at == "hello":
                return {"go": not self._stopping.is_set(), "connection": self._connection}
            each = said.get("each") or [said]
            told = [(self._changes[one["id"]], one) for one in each]
            return self._intend(told) if at == "intent" else self._conclude(told)
        except StateError as error:
            self.trouble = error
            return {"go": False, "why": "the ledger cannot be written"}
        except (ValueError, KeyError, TypeError) as error:
            return {"go": False, "why": f"not understood: {type(error).__name__}"}

    def _intend(self, told: Told) -> dict[str, Json]:
        if self._stopping.is_set():
            return {"go": False, "why": "stopping"}
        begun: dict[str, datetime] = {}
        with self._journal.at_once():
            for change, said in told:
                before = self._without_secrets(said.get("before"))
                begun[change.id] = self._journal.write(change, INTENT, before=before)
        self._begun |= begun
        for change, _ in told:
            self._progress(Step(change, None))
        return {"go": True}

    def _conclude(self, told: Told) -> dict[str, Json]:
        with self._journal.at_once():
            results = [self._concluded(change, said) for change, said in told]
        self.results |= {result.change.id: result for result in results}
        for result in results:
            self._progress(Step(result.change, result.status, result.text))
        return {"go": True}

    def _concluded(self, change: Change, said: Mapping[str, Json]) -> Result:
        status, text = Status(said["status"]), self.hide(str(said.get("text") or ""))
        cause = Cause(said["cause"]) if said.get("cause") else None
        before, after = (self._without_secrets(said.get(key)) for key in ("before", "after"))
        now = self._journal.write(change, status.value, text, before, after)
        begun = self._begun.get(change.id, now)
        return Result(change, status, text, cause, (now - begun).total_seconds())


def _secrets(value: Json, key: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _secrets(inner, name)
    elif isinstance(value, str) and key in SECRETS and len(value) >= SHORT:
        yield value
        escaped = json.dumps(value)[1:-1]
        if escaped != value:  # as it reads inside a quoted answer of the system
            yield escaped


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """The path through an open folder: the kernel takes no more than 107 bytes for a socket's."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _is_us(peer: socket.socket) -> bool:
    size = struct.calcsize("3i")
    _, user, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return bool(user == os.getuid())


def _shut(each: socket.socket) -> None:
    try:
        each.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # closed already

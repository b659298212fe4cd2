"""The state store on one machine: a directory that remembers across runs, one owner at a time.

``lock`` names the owner, ``kv/`` holds small values that are replaced only by whoever saw the last
one, ``ledger.sqlite`` is the journal (ledger.py), ``targets/`` holds one lock per instance for the
process that acts on it, ``runs/`` what a running apply needs and the next one sweeps away.
"""

import fcntl
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

from srcnet_compiler.change import Json

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
LONGEST_NAME = 4096
"""Bytes of a lock file that are read."""
LOCK_FOR = timedelta(hours=1)


class StateError(OSError):
    """The state cannot be read or written, a full disk among others: exit 74."""


class OutrunError(Exception):
    """A value was replaced by somebody else since it was read; read it again."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the lock. Times are ISO 8601, UTC."""

    owner: str
    host: str
    pid: int
    since: str
    expires: str


class LockHeldError(Exception):
    """Somebody else is applying: exit 5."""

    def __init__(self, holder: Holder | None, why: str) -> None:
        who = (
            "another process"
            if holder is None
            else f"{holder.owner} (process {holder.pid} on {holder.host}), since {holder.since}"
        )
        super().__init__(f"the state is locked by {who}: {why}")
        self.holder = holder


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored value and the version that a replacement must name."""

    value: Json
    version: str


@dataclass(slots=True)
class Lock:
    """A lock that is held; ends with the process at the latest."""

    file: int
    holder: Holder
    before: Holder | None = None
    """Who had it and did not give it back: a process that was killed."""

    def renew(self, now: datetime, ttl: timedelta) -> None:
        """Move the expiry on; long runs call it, so that another host does not take over."""
        self.holder = Holder(
            self.holder.owner,
            self.holder.host,
            self.holder.pid,
            self.holder.since,
            (now + ttl).isoformat(),
        )
        with _as_state_error("renew", Path("lock")):
            _say(self.file, self.holder)


@dataclass(frozen=True, slots=True)
class StateStore:
    """The directory `path`, made when first needed, readable by its owner alone."""

    path: Path
    lock_for: ClassVar[timedelta] = LOCK_FOR
    announces: ClassVar[bool] = False

    @property
    def ledger_path(self) -> Path:
        return self.path / "ledger.sqlite"

    def find_ledger(self) -> Path | None:
        """The journal, for whoever looks; None before the first run."""
        return self.ledger_path if self.ledger_path.exists() else None

    def publish(self, gather: int = 1) -> None:
        """What stands in the journal is durable, and everybody who shares it reads this file."""

    def prepare(self) -> None:
        """Make the directory and find out now, not half-way, whether it can be written."""
        with _as_state_error("prepare", self.path):
            self._make_folders()
            _write(self.path / "probe", "x" * 4096)

    def _make_folders(self) -> None:
        for folder in (self.path, *(self.path / name for name in ("kv", "runs", "targets"))):
            folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)

    @contextmanager
    def lock(self, owner: str, now: datetime, ttl: timedelta) -> Iterator[Lock]:
        """Hold the state until the end of the block.

        On one host the kernel knows whether the holder lives: a lock whose process is gone is taken
        over, one whose process lives is respected even when it has expired. Of another host, which
        shares the directory, only the expiry is known. Raises LockHeldError, StateError.
        """
        self.prepare()
        with _as_state_error("lock", self.path):
            file = _open_locked(self.path / "lock", now)
        try:
            with _as_state_error("lock", self.path):
                held = _holder(file)
                if (
                    held is not None
                    and held.host != socket.gethostname()
                    and not is_over(held, now)
                ):
                    raise LockHeldError(held, f"it runs on another host until {held.expires}")
                lock = Lock(file, _me(owner, now, ttl), held)
                _say(file, lock.holder)
            try:
                yield lock
            finally:
                os.ftruncate(file, 0)
        finally:
            os.close(file)

    def holder(self, now: datetime) -> Holder | None:
        """Who is applying, as far as a look can tell that must not get in anybody's way."""
        with _as_state_error("read", self.path):
            try:
                file = os.open(self.path / "lock", os.O_RDONLY)
            except FileNotFoundError:
                return None
            held = _holder(file)
            os.close(file)
        if held is None or held.host != socket.gethostname():
            return None if held is None or is_over(held, now) else held
        return held if Path(f"/proc/{held.pid}").exists() else None

    def all_keys(self) -> tuple[str, ...]:
        """The keys that have a value, in order."""
        with _as_state_error("read", self.path):
            return tuple(sorted(path.stem for path in (self.path / "kv").glob("*.json")))

    def get(self, key: str) -> Entry | None:
        """The value under `key`; None when there is none."""
        with _as_state_error("read", self.path):
            try:
                text = self._file(key).read_text(encoding="utf-8")
            except FileNotFoundError:
                return None
        return Entry(json.loads(text), version_of(text))

    def put(self, key: str, value: Json, expected: str | None) -> Entry:
        """Replace the value that has version `expected` (None: there must be none yet).

        Durable when it returns. Raises OutrunError when somebody was faster.
        """
        text = value_text(value)
        with _as_state_error("write", self.path):
            self._make_folders()
            turn = os.open(self.path / "kv" / ".turn", os.O_WRONLY | os.O_CREAT, PRIVATE_FILE)
            try:
                fcntl.flock(turn, fcntl.LOCK_EX)
                now = self.get(key)
                if (now.version if now else None) != expected:
                    raise OutrunError(f"`{key}` is not what it was")
                _write(self._file(key), text)
            finally:
                os.close(turn)
        return Entry(value, version_of(text))

    def target_lock(self, target: str, instance: str) -> Path:
        """The file that whoever acts on this instance holds locked while it acts."""
        return self.path / "targets" / f"{target}-{plain_name(instance)}.lock"

    def run_folder(self, run: str) -> Path:
        """A fresh private folder for one run. What killed runs left behind is swept first."""
        with _as_state_error("prepare", self.path):
            for debris in (self.path / "runs").iterdir():
                shutil.rmtree(debris, ignore_errors=True)
            folder = self.path / "runs" / run
            folder.mkdir(mode=PRIVATE_FOLDER)
        return folder

    def _file(self, key: str) -> Path:
        return self.path / "kv" / f"{plain_name(key)}.json"


def _open_locked(path: Path, now: datetime) -> int:
    file = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held = _holder(file)
        os.close(file)
        late = ", although its time was up" if held is not None and is_over(held, now) else ""
        raise LockHeldError(held, f"it is running{late}") from None
    except BaseException:
        os.close(file)
        raise
    return file


def _me(owner: str, now: datetime, ttl: timedelta) -> Holder:
    until = now + ttl
    return Holder(owner, socket.gethostname(), os.getpid(), now.isoformat(), until.isoformat())


def is_over(holder: Holder, now: datetime) -> bool:
    """Whether its time is up."""
    return datetime.fromisoformat(holder.expires) <= now


def _holder(file: int) -> Holder | None:
    """None also when a holder died while it wrote its name: then only the kernel's lock counts."""
    return read_holder(os.pread(file, LONGEST_NAME, 0))


def read_holder(text: bytes) -> Holder | None:
    """The holder that somebody wrote; None where it is not all there."""
    try:
        holder = Holder(**json.loads(text))
        datetime.fromisoformat(holder.expires)
    except (ValueError, TypeError):
        return None
    return holder


def _say(file: int, holder: Holder) -> None:
    os.ftruncate(file, 0)
    os.pwrite(file, json.dumps(asdict(holder)).encode(), 0)
    os.fsync(file)


def _write(path: Path, text: str) -> None:
    """All or nothing, and on the disk when it returns."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    fresh = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _as_state_error(verb: str, path: Path) -> Iterator[None]:
    try:
        yield
    except StateError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise StateError(error.errno, f"cannot {verb} the state in {path}: {reason}") from error


def value_text(value: Json) -> str:
    """A value as it is stored."""
    return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False)


def version_of(text: str) -> str:
    """What a replacement of this value must name."""
    return sha256(text.encode()).hexdigest()


def plain_name(key: str) -> str:
    """A file name that no two keys share."""
    clean = "".join(c if c.isalnum() or c in "-_." else "_" for c in key)
    return clean if clean == key and key[0] not in "-." else f"{clean}-{version_of(key)[:8]}"

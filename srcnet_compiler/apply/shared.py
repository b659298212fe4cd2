"""The state store in a git ref: what runners that come and go share.

The ref's newest commit is the state: `lock` names the holder until an expiry, `kv/` holds values,
`ledger/` the journal in parts of equal length. Every change is a push that names the commit which
it replaces, so of two that are made at once one is refused. The holder writes into a journal of its
own on this machine, and pushes what has come together.
"""

import fcntl
import json
import os
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from srcnet_compiler import git
from srcnet_compiler.apply.chain import Memory
from srcnet_compiler.apply.clone import Clone
from srcnet_compiler.apply.snapshot import Edits, LocalJournal, Snapshot, write_journal
from srcnet_compiler.apply.state import (
    PRIVATE_FILE,
    PRIVATE_FOLDER,
    Entry,
    Holder,
    Lock,
    LockHeldError,
    OutrunError,
    StateError,
    StateStore,
    is_over,
    plain_name,
    value_text,
    version_of,
)
from srcnet_compiler.change import Json

LOCK_FOR = timedelta(minutes=15)
FORMAT, MARK = "format", b"srcnet state 1\n"
TRIES = 12
SEEN_KEPT = 4
"""Journals that were looked at and are kept, since somebody may be reading them still."""
_UNKNOWN = "unknown"
OURS = Path(".srcnet")
"""The folder beside the specs that holds our clones and journals."""


class SharedStore:
    """The ref, and the folder on this machine where we keep our clone and our journal."""

    lock_for = LOCK_FOR
    announces = True

    def __init__(self, folder: Path, remote: str, ref: str, near: Path) -> None:
        self.folder = folder
        self.clone = Clone(folder / "clone.git", remote, ref, near)
        self._local = StateStore(folder / "local")
        self._threads = threading.RLock()
        self._prepared = self._in_turn = False
        self._held: Lock | None = None
        self._head: str | None = _UNKNOWN
        self._journal = LocalJournal(self._local.ledger_path, folder / "published")
        self._memory = Memory(folder / "seen-last")
        self._recalled = ""

    @property
    def ledger_path(self) -> Path:
        return self._local.ledger_path

    @contextmanager
    def lock(self, owner: str, now: datetime, ttl: timedelta) -> Iterator["SharedLock"]:
        """Hold the state until the end of the block.

        A lock of somebody else is respected until it expires. One that a killed run in this very
        folder has left is taken over at once: the kernel knows that its process is gone. Raises
        LockHeldError, StateError.
        """
        with self._turn():  # makes the folder, for us alone
            pass
        with self._local.lock(owner, now, ttl) as local:
            try:
                self._take(local, now)
                yield SharedLock(self, local)
            except LockHeldError:
                raise
            except BaseException:
                with suppress(StateError):  # it expires; what went wrong first is said
                    self._give_back()
                raise
            else:
                self._give_back()
            finally:
                self._journal.leave()
                self._held, self._head = None, _UNKNOWN

    def _take(self, local: Lock, now: datetime) -> None:
        def taking(seen: Snapshot) -> Edits:
            held = seen.holder
            if (
                held is not None
                and not is_over(held, now)
                and not _is_same(held, local.holder)
                and not _is_same(held, local.before)
            ):
                raise LockHeldError(held, f"it has time until {held.expires}")
            return {"lock": _holder_text(local.holder)}

        self._held, self._head = local, _UNKNOWN
        with self._turn():
            self._change(taking, f"lock: {local.holder.owner}")
            self._recall(self._snapshot())
            self._journal.take(self._snapshot())

    def _give_back(self) -> None:
        def giving(seen: Snapshot) -> Edits:
            self._insist_on_ours(seen)
            return {"lock": None, **self._journal.news(seen)}

        with self._turn():
            self._change(giving, "unlock")
            self._landed()

    def _recall(self, seen: Snapshot) -> None:
        """Insist that the journal goes on from what was seen of it before."""
        if seen.journal and seen.journal == self._recalled:
            return
        _, links = seen.journal_lines()
        self._memory.insist(links, self.clone.name)
        if links:
            self._memory.keep(len(links), links[-1])
        self._recalled = seen.journal

    def _landed(self) -> None:
        """What was pushed is there: seen, and ours."""
        self._journal.landed(self._snapshot())
        count, known = self._journal.last
        if count:
            self._memory.keep(count, known)

    def renew(self, now: datetime, ttl: timedelta) -> None:
        """Move the expiry on, where the lock is still ours."""
        held = self._held
        assert held is not None
        expires = (now + ttl).isoformat()
        me = held.holder
        later = Holder(me.owner, me.host, me.pid, me.since, expires)

        def renewing(seen: Snapshot) -> Edits:
            self._insist_on_ours(seen)
            return {"lock": _holder_text(later), **self._journal.news(seen)}

        with self._turn():
            self._change(renewing, "go on")
            held.renew(now, ttl)
            self._landed()

    def publish(self, gather: int = 1) -> None:
        """Push the lines that were written since the last push, where there are so many."""
        if self._journal.waiting() < max(gather, 1):
            return

        def publishing(seen: Snapshot) -> Edits:
            self._insist_on_ours(seen)
            return self._journal.news(seen)

        with self._turn():
            self._change(publishing, "journal")
            self._landed()

    def holder(self, now: datetime) -> Holder | None:
        """Who is applying; None also where the lock has expired."""
        held = self._see().holder
        return None if held is None or is_over(held, now) else held

    def all_keys(self) -> tuple[str, ...]:
        """The keys that have a value, in order."""
        paths = (Path(path) for path in self._see().blobs)
        return tuple(sorted(path.stem for path in paths if path.parent.name == "kv"))

    def get(self, key: str) -> Entry | None:
        """The value under `key`; None when there is none. It is of the state as we saw it last:
        whoever replaces it says which one was meant."""
        return _entry(self._see(afresh=False), key)

    def put(self, key: str, value: Json, expected: str | None) -> Entry:
        """Replace the value that has version `expected` (None: there must be none yet).

        Durable when it returns. Raises OutrunError when somebody was faster.
        """
        text = value_text(value)

        def putting(seen: Snapshot) -> Edits:
            now = _entry(seen, key)
            if (now.version if now else None) != expected:
                self._head = _UNKNOWN
                raise OutrunError(f"`{key}` is not what it was")
            return {_path(key): text.encode()}

        self._change(putting, f"value: {plain_name(key)}")
        return Entry(value, version_of(text))

    def find_ledger(self) -> Path | None:
        """The journal as it stands in the ref, in a file that nobody changes."""
        seen = self._see()
        with self._turn():
            self._recall(seen)
            if not seen.parts:
                return None
            path = self.folder / "seen" / f"{seen.journal[:32]}.sqlite"
            if not path.exists():
                write_journal(path, seen.lines())
                others = sorted(path.parent.glob("*.sqlite"), key=lambda p: p.stat().st_mtime)
                for old in others[:-SEEN_KEPT]:
                    for file in path.parent.glob(f"{old.name}*"):
                        file.unlink(missing_ok=True)
        return path

    def target_lock(self, target: str, instance: str) -> Path:
        """The file that whoever acts on this instance from here holds locked while it acts."""
        return self._local.target_lock(target, instance)

    def run_folder(self, run: str) -> Path:
        """A fresh private folder for one run on this machine."""
        return self._local.run_folder(run)

    def _see(self, *, afresh: bool = True) -> Snapshot:
        with self._turn():
            if self._head == _UNKNOWN or (afresh and self._held is None):
                self._head = self.clone.fetch()
            return self._snapshot()

    def _snapshot(self) -> Snapshot:
        if self._head is None:
            return Snapshot(self.clone, None, {})
        seen = Snapshot(self.clone, self._head, self.clone.files(self._head))
        if (mark := seen.read(FORMAT)) != MARK:
            what = "something else than a state of srcnet" if mark is None else "a newer state"
            raise StateError(f"{self.clone.name} holds {what}: name another ref with `--state`")
        return seen

    def _change(self, edit: Callable[[Snapshot], Edits], message: str) -> None:
        """Replace what `edit` says of the newest state; again where somebody was first."""
        with self._turn():
            for number in range(TRIES):
                if number:
                    time.sleep(random.uniform(0, min(0.05 * 2**number, 2)))
                if number or self._held is None or self._head == _UNKNOWN:
                    self._head = self.clone.fetch()
                edits = edit(self._snapshot())
                if not edits:
                    return
                mark = {} if self._head is not None else {FORMAT: MARK}
                made = self.clone.commit(self._head, {**edits, **mark}, message)
                if self.clone.push(self._head, made):
                    self._head = made
                    return
        raise StateError(f"cannot write the state in {self.clone.name}: others are always first")

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One thread of one process in this folder at a time."""
        with self._threads:
            if self._in_turn:
                yield
                return
            try:
                self.folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
                file = os.open(self.folder / "turn", os.O_WRONLY | os.O_CREAT, PRIVATE_FILE)
            except OSError as error:
                raise StateError(
                    error.errno, f"cannot keep the state in {self.folder}: {error.strerror}"
                ) from error
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                self._in_turn = True
                if not self._prepared:
                    self.clone.prepare()
                    self._prepared = True
                yield
            finally:
                self._in_turn = False
                os.close(file)

    def _insist_on_ours(self, seen: Snapshot) -> None:
        held = seen.holder
        if self._held is None or held is None or not _is_same(held, self._held.holder):
            who = "nobody" if held is None else f"{held.owner} on {held.host}"
            raise StateError(f"the lock in {self.clone.name} ran out, and {who} has it now")


@dataclass(frozen=True, slots=True)
class SharedLock:
    """The lock in the ref, and the one on this machine that goes with it."""

    store: SharedStore
    local: Lock

    @property
    def holder(self) -> Holder:
        return self.local.holder

    def renew(self, now: datetime, ttl: timedelta) -> None:
        """Move the expiry on; what has come together in the journal goes with it."""
        self.store.renew(now, ttl)


def open_shared(root: Path, remote: str, ref: str) -> SharedStore:
    """The state in `ref` of a remote: by its name in the repository of the specs' folder `root`, by
    its address, or by its path, seen from there. Raises StateError where there is no such remote.
    """
    if remote.startswith("-"):
        raise StateError(f"`{remote}` is no remote: git would take it as an option")
    address = _address(root, remote)
    name = sha256(f"{address}#{ref}".encode()).hexdigest()[:16]
    return SharedStore(root / OURS / "shared" / name, address, ref, root)


def _address(root: Path, remote: str) -> str:
    if re.search(r":|^[/~.]|/", remote) is None:
        try:
            done = git.run(["remote", "get-url", "--push", "--", remote], root)
        except git.GitError as trouble:
            raise StateError(f"{trouble}, and the state is in a git ref") from None
        if done.returncode != 0:
            raise StateError(f"no remote `{remote}` is known to git in {root}: {git.reason(done)}")
        remote = done.stdout.decode().strip()
    is_path = "://" not in remote and not re.match(r"[^/]+:", remote)
    return str((root / Path(remote).expanduser()).resolve()) if is_path else remote


def _is_same(one: Holder, other: Holder | None) -> bool:
    """Whether it is the same run, whenever it was renewed."""
    return other is not None and (one.owner, one.host, one.pid, one.since) == (
        other.owner,
        other.host,
        other.pid,
        other.since,
    )


def _holder_text(holder: Holder) -> bytes:
    return json.dumps(asdict(holder), sort_keys=True, indent=1).encode() + b"\n"


def _path(key: str) -> str:
    return f"kv/{plain_name(key)}.json"


def _entry(seen: Snapshot, key: str) -> Entry | None:
    text = seen.read(_path(key))
    if text is None:
        return None
    return Entry(json.loads(text), version_of(text.decode()))

"""What every module of ours does: ask the gate, look again, act, look again, tell.

A target gives `observe`, `act` and `unmet`; the order of steps and the decisions are here. Where a
target can do many changes at once, the same steps are taken for all of them together. The other end
of the socket is srcnet_compiler/apply/gate.py.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

Wire = Mapping[str, Any]
"""A change, a field or a wait as srcnet_compiler/apply/wire.py writes it."""
Seen = Mapping[str, Any] | None
"""An object's fields as just read; None when it is not there."""
Said = dict[str, Any]

DONE, ALREADY, FAILED = "done", "already", "failed"
CONFLICT, WAITING, LEFT = "conflict", "waiting", "left"
GOOD = (DONE, ALREADY)
ANSWER_SECONDS = 60
"""How long the gate may take: it waits for a disk."""
LOCK_SECONDS = 60
"""How long the last change of an earlier, killed run may take to end."""


class StoppedError(Exception):
    """The gate said no, or is gone: nothing more may happen."""


class ConflictError(Exception):
    """The object is neither as the plan saw it nor as the plan wants it."""


class FailedError(Exception):
    """A change that did not work. `cause` is unreachable, refused or other.

    `final`: nothing else will work either.
    """

    def __init__(self, text: str, cause: str = "other", final: bool = False) -> None:
        super().__init__(text)
        self.text, self.cause, self.final = text, cause, final


class Target(Protocol):
    """A kind of system. What goes wrong is one of the errors above."""

    def observe(self, change: Wire) -> Seen: ...

    def act(self, change: Wire, todo: Sequence[Wire], before: Seen) -> None:
        """Set the fields of `todo`; `before` is the object as just read."""

    def unmet(self, wait: Wire) -> str | None:
        """Why the wait goes on, in words; None when the fact holds."""

    def passes_through_absence(self, field: Wire) -> bool:
        """Whether a change that was cut off may have left this field without a value."""


class Step(NamedTuple):
    """A change that is to be made: the fields still to be set, and the object as just read."""

    change: Wire
    todo: Sequence[Wire]
    before: Seen


@runtime_checkable
class Together(Protocol):
    """What a target offers besides, where each command costs more than what it says."""

    def together(self, changes: Sequence[Wire]) -> int:
        """How many of these, from the first on, can be carried out at once."""

    def glance(self, changes: Sequence[Wire]) -> Target:
        """Looks once for all of these, and answers from that."""

    def act_together(self, steps: Sequence[Step]) -> None:
        """Do what can be done at once; whether it worked is for a look to say."""


class Gate:
    """Our end of the socket; use it in a `with` block."""

    def __init__(self, path: Path) -> None:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(ANSWER_SECONDS)
        try:
            # The kernel takes no path longer than 107 bytes, but one through an open folder.
            self._socket.connect(f"/proc/self/fd/{folder}/{path.name}")
        except OSError as error:
            self._socket.close()
            raise StoppedError(f"the gate does not answer: {error}") from None
        finally:
            os.close(folder)
        self._stream = self._socket.makefile("rwb")

    def __enter__(self) -> Gate:
        return self

    def __exit__(self, *_: object) -> None:
        # As long as its stream is open the socket is, whatever it is told.
        with suppress(OSError):
            self._stream.close()
        self._socket.close()

    def tell(self, **message: object) -> Wire:
        """Send one message; return the answer, or raise StoppedError when it is not a go."""
        try:
            self._stream.write(json.dumps(message).encode() + b"\n")
            self._stream.flush()
            line = self._stream.readline()
        except OSError as error:
            raise StoppedError(f"the gate is gone: {error}") from None
        if not line:
            raise StoppedError("the gate is gone")
        answer: Wire = json.loads(line)
        if not answer.get("go"):
            raise StoppedError(answer.get("why") or "stopped")
        return answer


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Be the only one who acts on this instance: a killed run's last change may still be running.

    Raises StoppedError when that does not end.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    with path.open("a") as file:
        while not _locked(file.fileno()):
            if time.monotonic() > deadline:
                raise StoppedError("another process acts on this system and does not end")
            time.sleep(0.1)
        yield


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def carry_out(
    changes: Sequence[Wire], target: Target, gate: Gate, rehearse: bool
) -> dict[str, Said]:
    """Take the changes in order. Returns, by id, what became of each.

    `rehearse`: look and decide, act on nothing.
    """
    results: dict[str, Said] = {}
    ended: dict[str, str] = {}
    stopped: str | None = None
    for group in _groups(changes, target, ended):
        begun: Collection[str] = ()
        if stopped is None and len(group) > 1 and isinstance(target, Together):
            try:
                begun = _at_once(group, target, gate, rehearse, results)
            except StoppedError as stop:
                stopped = str(stop)
        for change in group:
            said = results.get(change["id"])
            if said is None and stopped is None:
                try:
                    said = _one(change, target, gate, rehearse, ended, change["id"] in begun)
                except StoppedError as stop:
                    stopped, said = str(stop), {"status": LEFT, "text": str(stop)}
                else:
                    stopped = said.pop("final", None)
            elif said is None:
                said = {"status": LEFT, "text": stopped}
            results[change["id"]] = said
            key = address(change["address"])
            if ended.get(key) in (None, *GOOD):
                ended[key] = said["status"]
    return results


def _groups(
    changes: Sequence[Wire], target: Target, ended: Mapping[str, str]
) -> Iterator[Sequence[Wire]]:
    """The changes in order, parted into what is done at once; `ended` grows in between."""
    first = 0
    while first < len(changes):
        size = 1
        if isinstance(target, Together) and (free := _independent(changes[first:], ended)):
            size = max(1, target.together(free))
        yield changes[first : first + size]
        first += size


def _independent(changes: Sequence[Wire], ended: Mapping[str, str]) -> Sequence[Wire]:
    """Those, from the first on, that wait for no other: what they need is good already."""
    here: set[str] = set()
    for number, change in enumerate(changes):
        key, needs = address(change["address"]), [*map(address, change["needs"])]
        if key in here or key in ended or any(need in here for need in needs):
            return changes[:number]
        if any(ended.get(need, DONE) not in GOOD for need in needs):
            return changes[:number]
        here.add(key)
    return changes


def _at_once(
    group: Sequence[Wire],
    target: Together,
    gate: Gate,
    rehearse: bool,
    results: dict[str, Said],
) -> Collection[str]:
    """Take the steps of `_one` for all at once; gives the ids of those that were begun.

    Whatever is not as it should be then has no result: alone it says why, or is done after all.
    """
    settled: list[tuple[Wire, Said]] = []
    steps: list[Step] = []
    try:
        look = target.glance(group)
    except FailedError:
        return ()
    for change in group:
        try:
            weighed = _weigh(change, look, rehearse, {})
        except ConflictError as conflict:
            settled.append((change, {"status": CONFLICT, "text": str(conflict)}))
        except FailedError:
            continue
        else:
            if isinstance(weighed, Step):
                steps.append(weighed)
            else:
                settled.append((change, weighed))
    _tell_all(gate, settled, results)
    if not steps:
        return ()
    each = [{"id": step.change["id"], "before": step.before} for step in steps]
    gate.tell(at="intent", each=each)
    _tell_all(gate, [*_done_at_once(steps, target)], results)
    return {step.change["id"] for step in steps}


def _done_at_once(steps: Sequence[Step], target: Together) -> Iterator[tuple[Wire, Said]]:
    """Those that are proved to be done."""
    with suppress(ConflictError, FailedError):
        target.act_together(steps)
    try:
        look = target.glance([step.change for step in steps])
    except FailedError:
        return
    for change, _, before in steps:
        try:
            after = look.observe(change)
            _prove(change, after)
        except (ConflictError, FailedError):
            continue
        yield change, {"status": DONE, "before": before, "after": after}


def _tell_all(gate: Gate, said: Sequence[tuple[Wire, Said]], results: dict[str, Said]) -> None:
    if said:
        gate.tell(at="result", each=[{"id": change["id"], **what} for change, what in said])
    results |= {change["id"]: _short(what) for change, what in said}


def _one(
    change: Wire,
    target: Target,
    gate: Gate,
    rehearse: bool,
    ended: Mapping[str, str],
    begun: bool = False,
) -> Said:
    """`begun`: together with others it was not done."""
    missing = [n for n in map(address, change["needs"]) if ended.get(n, DONE) not in GOOD]
    if missing:
        text = f"needs {missing[0]}, which is {ended[missing[0]]}"
        return _told(gate, change, {"status": LEFT, "text": text})
    try:
        weighed = _weigh(change, target, rehearse, ended)
        if not isinstance(weighed, Step):
            return _told(gate, change, weighed)
        gate.tell(at="intent", id=change["id"], before=weighed.before)
        begun = True
        target.act(*weighed)
        after = target.observe(change)
        _prove(change, after)
        return _told(gate, change, {"status": DONE, "before": weighed.before, "after": after})
    except ConflictError as conflict:
        status = FAILED if begun else CONFLICT
        return _told(gate, change, {"status": status, "text": str(conflict)})
    except FailedError as failure:
        said = {"status": FAILED, "text": failure.text, "cause": failure.cause}
        _told(gate, change, said)
        return {**said, "final": failure.text} if failure.final else said


def _weigh(change: Wire, target: Target, rehearse: bool, ended: Mapping[str, str]) -> Step | Said:
    """The step to take, or what has become of a change for which none is to be taken now.

    Raises ConflictError, FailedError.
    """
    before = target.observe(change)
    if rehearse and before is None and ended.get(address(change["address"])) == DONE:
        # Its name will be there when the rename that comes before has been carried out.
        return {"status": DONE, "text": "not looked at: renamed before"}
    todo = decide(change, before, target)
    if todo is None:
        return {"status": ALREADY, "before": before}
    unmet = [text for text in map(target.unmet, change["waits"]) if text]
    if unmet:
        return {"status": WAITING, "text": "; ".join(unmet)}
    if rehearse:
        return {"status": DONE, "before": before}
    return Step(change, todo, before)


def _told(gate: Gate, change: Wire, said: Said) -> Said:
    gate.tell(at="result", id=change["id"], **said)
    return _short(said)


def _short(said: Said) -> Said:
    return {key: said[key] for key in ("status", "text", "cause") if key in said}


def decide(change: Wire, now: Seen, target: Target) -> Sequence[Wire] | None:
    """The fields that are still to be set; None when nothing is to be done.

    Raises ConflictError.
    """
    action, fields = change["action"], change["fields"]
    if now is None:
        if action == "create":
            return list(fields)
        if action == "retire":
            return None
        raise ConflictError("it is not there")
    todo = [field for field in fields if now.get(field["name"]) != field["after"]]
    for field in todo:
        value = now.get(field["name"])
        cut_off = value is None and change["begun"] and target.passes_through_absence(field)
        if action == "adopt" or not (value == field["before"] or cut_off):
            wanted = f"neither {field['before']!r} nor {field['after']!r}"
            raise ConflictError(f"`{field['name']}` is {value!r}, {wanted}")
    if action == "adopt" and not change["ours"]:
        return []  # nothing to set, but to be noted in the ledger
    return todo or None


def _prove(change: Wire, after: Seen) -> None:
    """What a system accepts is not always what it does."""
    if change["action"] == "retire" and after is None:
        return
    for field in change["fields"]:
        value = (after or {}).get(field["name"])
        if value != field["after"]:
            text = f"`{field['name']}` is {value!r}, not {field['after']!r}"
            raise FailedError(f"accepted but not so: {text}")


def address(parts: Wire) -> str:
    """An address as text."""
    return "/".join(parts[part] for part in ("target", "instance", "kind", "name"))

"""Carry out a plan: lock, what is still to do, one call after another, a receipt.

Killed anywhere and run again, the end is the same: the ledger knows what was begun, the module
looks again before it acts, and nothing that an earlier run has started is still running.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from srcnet_compiler.apply import ansible
from srcnet_compiler.apply.fence import best_fence, remark
from srcnet_compiler.apply.gate import Clock, Connection, Gate, Journal, Step
from srcnet_compiler.apply.heartbeat import Heartbeat
from srcnet_compiler.apply.ledger import BEGIN, RUN, Ledger
from srcnet_compiler.apply.receipt import Cause, Receipt, Result, Signer, Status
from srcnet_compiler.apply.store import HeldLock, Store
from srcnet_compiler.apply.wire import Call, as_wire, calls
from srcnet_compiler.change import Change, Json, SystemName
from srcnet_compiler.plan.model import Plan

SIDE_BY_SIDE = 4
"""Calls to different systems at once; each is a process of its own."""
GATHERED = 50
"""Lines of the journal that come together before they are published, where they must be."""
GOOD = (Status.DONE, Status.ALREADY)


@dataclass(frozen=True, slots=True)
class Barred:
    """Why nothing can be done on a system."""

    why: str
    cause: Cause = Cause.OTHER


def apply_plan(
    plan: Plan,
    *,
    digest: str,
    store: Store,
    connections: Mapping[str, Connection],
    clock: Clock,
    barred: Mapping[str, Barred] = MappingProxyType({}),
    owner: str = "srcnet apply",
    progress: Callable[[Step], None] = lambda step: None,
    say: Callable[[str], None] = lambda line: None,
    rehearsal: bool = False,
    commit: str | None = None,
    signers: tuple[Signer, ...] = (),
) -> Receipt:
    """Do all of the plan that is ready, and say what became of each change.

    `digest` names the plan: a run goes on where an earlier one of the same plan stopped; a plan
    that is finished is looked at anew from its beginning. `connections` has, by system, how to
    reach each system, as the target's `connection` says it, secrets included; `barred` those that
    there is no way to reach: what others of them need not wait for is done. `progress` is
    called in other threads. With `rehearsal` nothing is changed and nothing recorded. An interrupt
    (Ctrl-C) ends the run after the change in flight, a second one at once. `commit` is where the
    specs stand in their history, `signers` who signed the plan: both are noted. Raises
    LockHeldError, StateError.
    """
    started = clock()
    with store.lock(owner, started, store.lock_for) as lock, Ledger(store.ledger_path) as ledger:
        run = f"{started:%Y%m%dT%H%M%S.%f}-{os.getpid()}"
        facts = _facts(plan, lock, commit, signers)
        earlier = _begin(plan, digest, ledger, started, run, rehearsal, facts)
        journal = Journal(ledger, clock, run, digest, rehearsal)
        if (weak := remark(best_fence())) is not None:
            say(weak)
        beat = Heartbeat(lock, clock, store.lock_for)
        work = _Work(store, journal, connections, barred, _renewing(progress, beat, store))
        with beat, _private(), _run_folder(store, run) as folder:
            for group in calls(_without(plan.waves, earlier)):
                work.do(group, folder)
        results = tuple(work.result(c) for c in plan.changes if c.id not in earlier)
        if not rehearsal:
            results = tuple(_since(result, ledger) for result in results)
            store.publish()
            if not plan.only_recalls:  # it waits for nothing, and leaves what others wait for
                _store_waits(store, plan.systems, digest, results)
    return Receipt(
        plan=digest,
        run=run,
        systems=plan.systems,
        started=started.isoformat(),
        ended=clock().isoformat(),
        results=results,
        earlier=tuple(change for change in plan.changes if change.id in earlier),
        trouble=tuple(dict.fromkeys(work.trouble)),
        interrupted=work.interrupted,
        rehearsal=rehearsal,
        signers=signers,
    )


def open_waits_key(system: SystemName | None = None) -> str:
    """Under which the state store holds what a system is waiting for, and since when; None: how
    the keys of all begin."""
    return "waits-" if system is None else f"waits-{system.target}-{system.instance}"


def _facts(
    plan: Plan, lock: HeldLock, commit: str | None, signers: tuple[Signer, ...]
) -> dict[str, Json]:
    """What is noted of a run: who applies, what its plan was made from, who signed it.

    A recall makes no specs true: whoever asks which were applied last does not hear of its.
    """
    holder = lock.holder
    applied: dict[str, Json] = {"commit": commit, "specs": plan.binding.specs}
    return {
        "by": f"{holder.owner} on {holder.host}",
        **({"commit": None} if plan.only_recalls else applied),
        "tool": plan.binding.tool,
        "signers": [{"name": each.name, "keyId": each.key_id} for each in signers],
    }


def _begin(
    plan: Plan,
    digest: str,
    ledger: Ledger,
    now: datetime,
    run: str,
    rehearsal: bool,
    facts: Json,
) -> frozenset[str]:
    """The changes that need nothing more."""
    final = ledger.final(digest)
    goes_on = bool(final) and any(change.id not in final for change in plan.changes)
    if not rehearsal:
        afresh = not goes_on and (final or not ledger.lines(digest))
        status = BEGIN if afresh else RUN
        ledger.begin(at=now.isoformat(), run=run, plan=digest, facts=facts, status=status)
    return frozenset(final) if goes_on else frozenset()


def _without(
    waves: tuple[tuple[Change, ...], ...], earlier: frozenset[str]
) -> tuple[tuple[Change, ...], ...]:
    return tuple(tuple(change for change in wave if change.id not in earlier) for wave in waves)


@dataclass(slots=True)
class _Work:
    """What one run has done so far."""

    store: Store
    journal: Journal
    connections: Mapping[str, Connection]
    barred: Mapping[str, Barred]
    progress: Callable[[Step], None]
    results: dict[str, Result] = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)
    interrupted: bool = False

    def do(self, group: tuple[Call, ...], folder: Path) -> None:
        """Carry out calls side by side; returns when the last has ended."""
        if self.interrupted:
            return
        ready = [each for call in group if (each := self._ready(call)).changes]
        for call in ready:
            self._bar(call)
        ready = [call for call in ready if str(call.system) in self.connections]
        wired = [list(_wire(call, self.journal)) for call in ready]
        self._announce(ready)
        stop = ansible.Stop()
        with ExitStack() as stack:
            gates = [stack.enter_context(self._gate(call, folder)) for call in ready]
            threads = stack.enter_context(ThreadPoolExecutor(SIDE_BY_SIDE))
            stack.callback(stop.now.set)  # whatever ends us, nothing goes on without us
            running = [
                threads.submit(self._run, call, changes, gate, stop)
                for call, changes, gate in zip(ready, wired, gates, strict=True)
            ]
            self._wait(running, gates, stop)
        for call, gate, future in zip(ready, gates, running, strict=True):
            self._settle(call, gate, future.result())

    def _announce(self, ready: list[Call]) -> None:
        """Nothing is changed that those who share the journal could not know of."""
        if self.store.announces and not self.journal.rehearsal:
            self.journal.announce(change for call in ready for change in call.changes)
            self.store.publish()

    def _ready(self, call: Call) -> Call:
        """The call without what needs something that did not succeed in an earlier group."""
        bad = {
            str(result.change.address): result.status
            for result in self.results.values()
            if result.status not in GOOD
        }
        ready = []
        for change in call.changes:
            needs = [str(need) for need in change.needs if str(need) in bad]
            if needs:
                text = f"needs {needs[0]}, which is {bad[needs[0]].value}"
                self.results[change.id] = Result(change, Status.LEFT, text)
                bad.setdefault(str(change.address), Status.LEFT)
            else:
                ready.append(change)
        return replace(call, changes=tuple(ready))

    def _bar(self, call: Call) -> None:
        """The changes of a system that there is no way to."""
        if str(call.system) in self.connections:
            return
        known = self.barred.get(str(call.system), Barred("the specs have no such system any more"))
        for number, change in enumerate(call.changes):
            status, cause = (Status.LEFT, None) if number else (Status.FAILED, known.cause)
            self.results[change.id] = Result(change, status, known.why, cause)

    def _gate(self, call: Call, folder: Path) -> Gate:
        own = folder / call.name
        own.mkdir(mode=0o700)
        connection = self.connections[str(call.system)]
        return Gate(own, call.changes, connection, self.journal, self.progress)

    def _run(
        self, call: Call, changes: list[Json], gate: Gate, stop: ansible.Stop
    ) -> ansible.Outcome:
        lock = self.store.target_lock(*call.system)
        return ansible.run(
            call,
            changes,
            gate,
            gate.path.parent,
            lock,
            stop,
            rehearsal=self.journal.rehearsal,
        )

    def _wait(
        self, running: list[Future[ansible.Outcome]], gates: list[Gate], stop: ansible.Stop
    ) -> None:
        patience = None
        while True:
            try:
                if not wait(running, timeout=patience).not_done:
                    return
                stop.now.set()
            except KeyboardInterrupt:
                # The first time let what has begun come to its end, the second time do not.
                if self.interrupted:
                    stop.now.set()
                self.interrupted = True
                patience = ansible.GRACE_SECONDS
                for gate in gates:
                    gate.stop()

    def _settle(self, call: Call, gate: Gate, outcome: ansible.Outcome) -> None:
        if gate.trouble is not None:
            raise gate.trouble
        self.results.update(gate.results)
        missing = [change for change in call.changes if change.id not in gate.results]
        in_flight = {change.id for change in gate.in_flight}
        reason = outcome.trouble or ("interrupted" if self.interrupted else None)
        stopped = [r.text for r in gate.results.values() if r.cause is not None]
        for change in missing:
            if change.id in in_flight:
                text = "begun, its end unknown: apply again, and reading decides"
                self.results[change.id] = Result(change, Status.FAILED, text)
            else:
                text = reason or (stopped[-1] if stopped else "not reached")
                self.results[change.id] = Result(change, Status.LEFT, text)
                if self.store.announces:
                    self.journal.write(change, Status.LEFT.value, gate.hide(text))
        if outcome.trouble is not None and not self.interrupted:
            self.trouble.append(outcome.trouble)
        elif missing and reason is None and not stopped:
            self.trouble.append(f"{len(missing)} changes have no result")

    def result(self, change: Change) -> Result:
        """What became of the change; it was left if no call got to it."""
        left = Result(change, Status.LEFT, "interrupted" if self.interrupted else "not reached")
        return self.results.get(change.id, left)


def _wire(call: Call, journal: Journal) -> Iterator[Json]:
    begun, ours = journal.ledger.begun(journal.plan), journal.ledger.ours()
    for change in call.changes:
        yield {
            **as_wire(change),
            "begun": change.id in begun,
            "ours": change.address in ours,
        }


def _renewing(
    progress: Callable[[Step], None], beat: Heartbeat, store: Store
) -> Callable[[Step], None]:
    """What is called before each change and after it: without the lock none begins."""

    def renewing(step: Step) -> None:
        beat.insist()
        if step.status is not None:
            store.publish(GATHERED)
        progress(step)

    return renewing


@contextmanager
def _private() -> Iterator[None]:
    """Whatever is written meanwhile is ours to read alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def _run_folder(store: Store, run: str) -> Iterator[Path]:
    folder = store.run_folder(run)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _since(result: Result, ledger: Ledger) -> Result:
    if result.status is not Status.WAITING:
        return result
    return replace(result, since=ledger.waiting_since(result.change.id))


def _store_waits(
    store: Store, systems: tuple[SystemName, ...], digest: str, results: tuple[Result, ...]
) -> None:
    for system in systems:
        waits: list[Json] = [
            {
                "change": result.change.id,
                "address": str(result.change.address),
                "text": result.text,
                "since": result.since,
            }
            for result in results
            if result.status is Status.WAITING and result.change.address.system == system
        ]
        key = open_waits_key(system)
        known = store.get(key)
        if waits or known is not None:
            value: Json = {"plan": digest, "waits": waits}
            store.put(key, value, known.version if known else None)

"""From specs to systems that are so: read, plan, guard, carry out, read again.

What the commands and the demo share. Everything here meets real systems; the thinking is done by
the stages in pipeline.py, `plan` and the targets.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from threading import Thread
from typing import Any, TypeAlias, TypeVar

from srcnet_compiler import __version__
from srcnet_compiler.apply.gate import Clock, Step
from srcnet_compiler.apply.ledger import Ledger
from srcnet_compiler.apply.receipt import Cause, Receipt, Signer
from srcnet_compiler.apply.run import Barred, apply_plan, open_waits_key
from srcnet_compiler.apply.store import Store
from srcnet_compiler.change import Address, Change, SystemName
from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.pipeline import Compiled, Lowered, digest_of
from srcnet_compiler.plan.build import build_plan
from srcnet_compiler.plan.file import digest
from srcnet_compiler.plan.guard import guard, held_back
from srcnet_compiler.plan.likely import likely_moves
from srcnet_compiler.plan.model import Binding, Held, Plan, Unseen, Verdict
from srcnet_compiler.targets.protocol import Reading, RefusedError, UnreachableError

T = TypeVar("T")
R = TypeVar("R")
Trouble: TypeAlias = UnreachableError | RefusedError


@dataclass(frozen=True, slots=True)
class System:
    """One instance of one target: what it should be, and how to talk to it.

    `client` reads; `connection` is what a change is made with. Where `trouble` says why it cannot
    be reached, there is no client. `day` is the one that ages are judged by.
    """

    lowered: Lowered
    client: Any
    connection: Mapping[str, Any] | None
    trouble: Trouble | None = None
    day: date | None = None

    @property
    def name(self) -> SystemName:
        """As plans and the apply stage call it."""
        return name_of(self.lowered)

    def read(self) -> Reading[Any]:
        """The system as it is now. Raises UnreachableError where nothing of it could be read,
        RefusedError where it does not let us look."""
        if self.trouble is not None:
            raise self.trouble
        reading: Reading[Any] = self.lowered.target.read(self.client, self.lowered.model)
        if reading.gaps and not any(self._is_seen(thing, reading) for thing in self._things()):
            raise UnreachableError(
                f"{self.name} answers nothing that makes sense: {reading.gaps[0].reason}"
            )
        return replace(reading, day=self.day)

    def _is_seen(self, thing: Address, reading: Reading[Any]) -> bool:
        return not any(gap.covers(thing) for gap in reading.gaps)

    def _things(self) -> Iterator[Address]:
        return (Address(*self.name, each.kind, each.name) for each in self.lowered.model.things())

    def objects(self) -> int:
        """How many objects the specs ask for."""
        return sum(1 for _ in self._things())


def systems_of(compiled: Compiled, site: str | None = None) -> tuple[Lowered, ...]:
    """What the specs describe, of one site alone where it is named."""
    return tuple(
        lowered
        for lowered in compiled.models
        if site is None or lowered.target.site(lowered.model) == site
    )


@contextmanager
def reach(
    compiled: Compiled, environment: Mapping[str, str], wanted: Sequence[Lowered] | None = None
) -> Iterator[tuple[System, ...]]:
    """The systems of the specs, or those that are `wanted`, in their order.

    One that cannot be reached stops no other. Raises UnreachableError, RefusedError where there is
    no other.
    """
    federation = _federation(compiled)
    with ExitStack() as stack:
        systems = _side_by_side(
            lambda lowered: replace(_reach(federation, lowered, environment), day=compiled.today),
            compiled.models if wanted is None else wanted,
        )
        for system in systems:
            if system.client is not None:
                stack.callback(system.client.close)
        _insist_on_one(system.trouble for system in systems)
        yield systems


def _reach(federation: Federation, lowered: Lowered, environment: Mapping[str, str]) -> System:
    target, model = lowered.target, lowered.model
    connection = None
    try:
        connection = target.connection(federation, model, environment)
        client = target.connect(target.reading_connection(federation, model, environment))
    except (UnreachableError, RefusedError) as trouble:
        return System(lowered, None, connection, trouble)
    return System(lowered, client, connection)


def _insist_on_one(troubles: Iterable[Trouble | None]) -> None:
    """Raises the first trouble where every system has one."""
    found = list(troubles)
    if found and None not in found:
        raise next(trouble for trouble in found if trouble is not None)


def _side_by_side(function: Callable[[T], R], things: Sequence[T]) -> tuple[R, ...]:
    """The results in order, each from a thread that nobody waits for who is interrupted."""
    if len(things) == 1:
        return (function(things[0]),)
    futures: list[Future[R]] = [Future() for _ in things]

    def work(future: Future[R], thing: T) -> None:
        try:
            future.set_result(function(thing))
        except BaseException as trouble:
            future.set_exception(trouble)

    for future, thing in zip(futures, things, strict=True):
        Thread(target=work, args=(future, thing), daemon=True).start()
    return tuple(future.result() for future in futures)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a system gave when it was read; one of both is None."""

    system: System
    reading: Reading[Any] | None
    trouble: Trouble | None = None
    changes: tuple[Change, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    proven: tuple[str, ...] = ()
    postponed: tuple[Held, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def unseen(self) -> tuple[Unseen, ...]:
        if self.reading is None:
            return (Unseen(Address(*self.system.name, "", ""), str(self.trouble)),)
        return tuple(Unseen(gap.under, gap.reason) for gap in self.reading.gaps)


def _look(systems: Sequence[System], *, trying: bool) -> tuple[_Seen, ...]:
    """Read them, those that cannot be read beside the others, and have them try what would change,
    and prove it. Raises as `reach` does."""
    seen = _side_by_side(lambda system: _read(system, trying), systems)
    _insist_on_one(each.trouble for each in seen)
    return seen


def _read(system: System, trying: bool) -> _Seen:
    target, model = system.lowered.target, system.lowered.model
    try:
        reading = system.read()
        changes = target.diff(model, reading)
        late = target.overdue(model, reading)
        findings = (*target.check_seen(model, reading.model), *late)
        later = tuple(Held(what, why) for what, why in target.postponed(model, reading))
        if not trying:
            return _Seen(system, reading, None, changes, findings, postponed=later)
        findings += tuple(target.try_out(system.client, model, reading, changes))
    except (UnreachableError, RefusedError) as trouble:
        return _Seen(system, None, trouble)
    proof = target.prove(model, reading, changes)
    found = (*findings, *proof.objections)
    notes = target.notes(model, reading)
    return _Seen(system, reading, None, changes, found, proof.claims, later, notes)


def rebalancing(system: System) -> System:
    """The same, and what is there is shared out anew."""
    target, model = system.lowered.target, system.lowered.model
    return replace(system, lowered=Lowered(target, target.rebalancing(model)))


def make_plan(compiled: Compiled, systems: Sequence[System], known: frozenset[Address]) -> Plan:
    """What would make the systems as the specs say; `known` is what was adopted before.

    Raises UnreachableError, RefusedError where none can be read.
    """
    notes: list[str] = []
    changes: list[Change] = []
    adoptions: list[Change] = []
    findings = list(
        likely_moves(
            _federation(compiled),
            ((s.name, s.lowered.target.site(s.lowered.model)) for s in systems),
            map(name_of, compiled.models),
            known,
        )
    )
    unseen: list[Unseen] = []
    proven: list[str] = []
    postponed: list[Held] = []
    for seen in _look(systems, trying=True):
        lowered = seen.system.lowered
        unseen += seen.unseen
        changes += seen.changes
        findings += seen.findings
        proven += seen.proven
        notes += seen.notes
        postponed += seen.postponed
        if seen.reading is not None:
            adoptions += lowered.target.adoptions(lowered.model, seen.reading)
    return build_plan(
        [system.name for system in systems],
        changes,
        adoptions,
        known,
        binding(compiled),
        unseen=unseen,
        held=(
            *postponed,
            *held_back(_federation(compiled), {system.name.target for system in systems}),
        ),
        findings=findings,
        proven=proven,
        tasks={
            system.name: tasks
            for system in systems
            if (tasks := system.lowered.target.tasks(system.lowered.model))
        },
        notes=notes,
    )


def binding(compiled: Compiled) -> Binding:
    """What a plan from these specs is bound to."""
    return Binding(
        compiled.sources.digest, digest_of(compiled.artifacts), __version__, compiled.members
    )


def known_objects(store: Store) -> frozenset[Address]:
    """The objects that an earlier run made or adopted."""
    if (path := store.find_ledger()) is None:
        return frozenset()
    with Ledger(path) as ledger:
        return ledger.ours()


def open_waits(store: Store) -> tuple[Mapping[str, str], ...]:
    """What earlier runs left waiting: address, text and since when, in order of address."""
    keys = (key for key in store.all_keys() if key.startswith(open_waits_key()))
    entries: list[Any] = [entry.value for key in keys if (entry := store.get(key)) is not None]
    waits = (wait for value in entries for wait in value["waits"])
    return tuple(sorted(waits, key=lambda wait: str(wait["address"])))


def objections(
    plan: Plan, compiled: Compiled, today: date, *, signed: bool = False
) -> tuple[Diagnostic, ...]:
    """Why the plan must not be carried out on `today`; `signed` by somebody who is trusted."""
    return guard(plan, _federation(compiled), today, signed=signed)


def carry_out(
    plan: Plan,
    systems: Sequence[System],
    store: Store,
    clock: Clock,
    *,
    progress: Callable[[Step], None] = lambda step: None,
    say: Callable[[str], None] = lambda line: None,
    rehearsal: bool = False,
    commit: str | None = None,
    signers: tuple[Signer, ...] = (),
) -> Receipt:
    """Do all of the plan that is ready on the day. Raises LockHeldError, StateError; as `reach`,
    where the day is one that holds something back and a system does not say what."""
    connections = {str(s.name): s.connection for s in systems if s.connection is not None}
    return apply_plan(
        _as_of_day(plan, systems),
        digest=digest(plan),
        store=store,
        connections=connections,
        clock=clock,
        barred={str(s.name): _barred(s.trouble) for s in systems if str(s.name) not in connections},
        progress=progress,
        say=say,
        rehearsal=rehearsal,
        commit=commit,
        signers=signers,
    )


def _as_of_day(plan: Plan, systems: Sequence[System]) -> Plan:
    """The plan with the waits of the day, which may be another than that on which it was made."""
    now: dict[int, Change] = {}
    for system in systems:
        target, model, changes = system.lowered.target, system.lowered.model, plan.of(system.name)
        found = target.as_of_day(model, system.read, system.day, changes)
        now |= {id(was): change for was, change in zip(changes, found, strict=True)}
    waves = (tuple(now.get(id(change), change) for change in wave) for wave in plan.waves)
    return replace(plan, waves=tuple(waves))


def _barred(trouble: Trouble | None) -> Barred:
    cause = Cause.REFUSED if isinstance(trouble, RefusedError) else Cause.UNREACHABLE
    return Barred(str(trouble), cause)


def verify(systems: Sequence[System]) -> tuple[Verdict, ...]:
    """The systems read again and compared: no difference is the proof that they are as they should
    be. Raises UnreachableError, RefusedError where none can be read."""
    return tuple(_verdict(seen) for seen in _look(systems, trying=False))


def _verdict(seen: _Seen) -> Verdict:
    system = seen.system
    waiting = held_up(seen.changes)
    held = {id(change) for change in waiting}
    return Verdict(
        system.name,
        system.objects(),
        tuple(change for change in seen.changes if id(change) not in held),
        waiting,
        seen.unseen,
        seen.findings,
        seen.postponed,
    )


def held_up(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """The changes that wait for a fact, and those that come after such a one."""
    places = {change.address for change in changes if change.waits}
    size = -1
    while size != len(places):
        size = len(places)
        places |= {change.address for change in changes if not places.isdisjoint(change.needs)}
    return tuple(
        change for change in changes if change.waits or not places.isdisjoint(change.needs)
    )


def name_of(lowered: Lowered) -> SystemName:
    """How plans call it."""
    return SystemName(lowered.target.name, lowered.model.instance)


def _federation(compiled: Compiled) -> Federation:
    if compiled.federation is None:
        raise ValueError("specs with errors cannot be applied")
    return compiled.federation

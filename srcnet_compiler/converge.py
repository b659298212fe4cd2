"""From specs to systems that are so: read, plan, guard, carry out, read again.

What the commands and the demo share. Everything here meets real systems; the thinking is done by
the stages in pipeline.py, `plan` and the targets.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from srcnet_compiler import __version__
from srcnet_compiler.apply.gate import Clock, Step
from srcnet_compiler.apply.ledger import Ledger
from srcnet_compiler.apply.receipt import Receipt
from srcnet_compiler.apply.run import apply_plan, open_waits_key
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.change import Address, Change
from srcnet_compiler.diagnostic import Diagnostic, has_errors
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.pipeline import Compiled, Lowered, digest_of
from srcnet_compiler.plan.build import build_plan
from srcnet_compiler.plan.file import digest
from srcnet_compiler.plan.guard import guard, held_back
from srcnet_compiler.plan.model import Binding, Plan, Unseen
from srcnet_compiler.targets.protocol import Reading, UnreachableError


@dataclass(frozen=True, slots=True)
class System:
    """One instance of one target, reached: what it should be, and how to talk to it.

    `client` reads; `connection` is what a change is made with.
    """

    lowered: Lowered
    client: Any
    connection: Mapping[str, Any]

    @property
    def key(self) -> str:
        """As the apply stage calls it: target/instance."""
        return f"{self.lowered.target.name}/{self.lowered.model.instance}"

    def read(self) -> Reading[Any]:
        """The system as it is now. Raises UnreachableError where nothing of it could be read."""
        reading: Reading[Any] = self.lowered.target.read(self.client, self.lowered.model)
        if reading.gaps and not any(self._is_seen(thing, reading) for thing in self._things()):
            raise UnreachableError(
                f"{self.key} answers nothing that makes sense: {reading.gaps[0].reason}"
            )
        return reading

    def _is_seen(self, thing: Address, reading: Reading[Any]) -> bool:
        return not any(gap.covers(thing) for gap in reading.gaps)

    def _things(self) -> Iterator[Address]:
        target, model = self.lowered.target.name, self.lowered.model
        return (Address(target, model.instance, each.kind, each.name) for each in model.things())

    def objects(self) -> int:
        """How many objects the specs ask for."""
        return sum(1 for _ in self._things())


@contextmanager
def reach(compiled: Compiled, environment: Mapping[str, str]) -> Iterator[tuple[System, ...]]:
    """All systems of the specs. Raises UnreachableError, RefusedError."""
    federation = _federation(compiled)
    systems: list[System] = []
    try:
        for lowered in compiled.models:
            target, model = lowered.target, lowered.model
            connection = target.connection(federation, model, environment)
            client = target.connect(target.reading_connection(federation, model, environment))
            systems.append(System(lowered, client, connection))
        yield tuple(systems)
    finally:
        for system in systems:
            system.client.close()


def make_plan(compiled: Compiled, system: System, known: frozenset[Address]) -> Plan:
    """What would make the system as the specs say; `known` is what was adopted before."""
    target, model = system.lowered.target, system.lowered.model
    reading = system.read()
    return build_plan(
        model.instance,
        target.diff(model, reading),
        target.adoptions(model, reading),
        known,
        binding(compiled),
        unseen=(Unseen(gap.under, gap.reason) for gap in reading.gaps),
        held=held_back(_federation(compiled)),
        findings=target.check_seen(model, reading.model),
    )


def binding(compiled: Compiled) -> Binding:
    """What a plan from these specs is bound to."""
    return Binding(compiled.sources.digest, digest_of(compiled.artifacts), __version__)


def known_objects(store: StateStore) -> frozenset[Address]:
    """The objects that an earlier run made or adopted."""
    if not store.ledger_path.exists():
        return frozenset()
    with Ledger(store.ledger_path) as ledger:
        return ledger.ours()


def open_waits(store: StateStore) -> tuple[Mapping[str, str], ...]:
    """What earlier runs left waiting: address, text and since when, in order of address."""
    keys = (key for key in store.all_keys() if key.startswith(open_waits_key("")))
    entries: list[Any] = [entry.value for key in keys if (entry := store.get(key)) is not None]
    waits = (wait for value in entries for wait in value["waits"])
    return tuple(sorted(waits, key=lambda wait: str(wait["address"])))


def objections(plan: Plan, compiled: Compiled, today: date) -> tuple[Diagnostic, ...]:
    """Why the plan must not be carried out on `today`."""
    return guard(plan, _federation(compiled), today)


def carry_out(
    plan: Plan,
    system: System,
    store: StateStore,
    clock: Clock,
    *,
    progress: Callable[[Step], None] = lambda step: None,
    say: Callable[[str], None] = lambda line: None,
    rehearsal: bool = False,
) -> Receipt:
    """Do all of the plan that is ready. Raises LockHeldError, StateError."""
    return apply_plan(
        plan,
        digest=digest(plan),
        store=store,
        connections={system.key: system.connection},
        clock=clock,
        progress=progress,
        say=say,
        rehearsal=rehearsal,
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is left to do, what only waits, and what could not be seen."""

    instance: str
    objects: int
    differences: tuple[Change, ...]
    waiting: tuple[Change, ...]
    unseen: tuple[Unseen, ...]
    findings: tuple[Diagnostic, ...]

    @property
    def is_converged(self) -> bool:
        """Whether all could be read, nothing differs but for what waits for a fact, and nothing
        else that is there spoils what is wanted."""
        return not self.differences and not self.unseen and not has_errors(self.findings)


def verify(system: System) -> Verdict:
    """The system read again and compared: no difference is the proof that it is as it should be."""
    model = system.lowered.model
    reading = system.read()
    changes = system.lowered.target.diff(model, reading)
    waiting = held_up(changes)
    held = {id(change) for change in waiting}
    return Verdict(
        model.instance,
        system.objects(),
        tuple(change for change in changes if id(change) not in held),
        waiting,
        tuple(Unseen(gap.under, gap.reason) for gap in reading.gaps),
        tuple(system.lowered.target.check_seen(model, reading.model)),
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


def _federation(compiled: Compiled) -> Federation:
    if compiled.federation is None:
        raise ValueError("specs with errors cannot be applied")
    return compiled.federation

"""What changes say of an object: its address and places, what it refers to, which jobs use it."""

import json
from collections.abc import Iterable, Iterator

from srcnet_compiler.change import Action, Address, Change, FieldChange, Wait
from srcnet_compiler.hostlist import expand
from srcnet_compiler.span import Span
from srcnet_compiler.targets.slurm.model import Job, SlurmModel, subtree
from srcnet_compiler.targets.slurm.model.cost import Cost, cost
from srcnet_compiler.targets.slurm.model.things import (
    Account,
    Association,
    Fields,
    Key,
    Partition,
    Qos,
    Reservation,
    Thing,
)

DRAINED = "DRAIN"


def address(model: SlurmModel, kind: str, name: str) -> Address:
    """How a change calls an object."""
    return Address("slurm", model.instance, kind, name)


def references(thing: Thing) -> Iterator[Key]:
    """The objects that Slurm must know before it takes this one."""
    if isinstance(thing, Account):
        yield (Account.kind, thing.parent)
    elif isinstance(thing, Association):
        yield (Account.kind, thing.account)
        yield from _qos(thing.qos or (), thing.default_qos)
    elif isinstance(thing, Qos):
        yield from _qos(thing.preempt or (), None)
    elif isinstance(thing, Partition):
        yield from ((Account.kind, name) for name in thing.allow_accounts or ())
        yield from _qos(thing.allow_qos or (), thing.qos)
    else:
        yield from ((Account.kind, name) for name in thing.accounts or ())
        if thing.partition:
            yield (Partition.kind, thing.partition)


def _qos(names: Iterable[str], one: str | None) -> Iterator[Key]:
    yield from ((Qos.kind, name) for name in (*names, *([one] if one else [])))


# ── how it ends ───────────────────────────────────────────────────────────────────────────────


def drain(
    desired: SlurmModel,
    here: Address,
    found: Partition,
    why: str,
    jobs: tuple[Job, ...],
    seen: SlurmModel,
) -> Iterator[Change]:
    """Nobody may come in any more, before anybody waits for the last one to go."""
    if found.state == DRAINED:
        return
    price = cost("partition-removal", seen.version)
    yield Change(
        here,
        Action.UPDATE,
        (FieldChange("State", found.state, DRAINED),),
        price.impact,
        f"{why}; no new job may enter it, those in it go on{count(jobs)}",
        until=desired.ended_until.get((found.kind, found.name)),
    )


def left_by(desired: SlurmModel, found: Thing) -> set[str]:
    """The nodes of a partition on which no other of ours will have jobs."""
    if not isinstance(found, Partition):
        return set()
    kept = {node for each in desired.partitions.values() for node in _nodes(each)}
    return _nodes(found) - kept


def _nodes(partition: Partition) -> set[str]:
    try:
        return set(expand(partition.nodes))
    except ValueError:  # `ALL`, or what Slurm alone understands
        return {partition.nodes}


def at_its_end(found: Thing) -> Fields:
    """What it is when it goes. A partition is drained by then, whatever it was."""
    return {name: value for name, value in found.fields().items() if name != "State"}


def removal(kind: str) -> str:
    return f"{kind}-removal" if kind in (Partition.kind, Reservation.kind) else "accounting-removal"


def idle(found: Thing) -> Wait:
    """That no job uses it: running or pending, since a pending one would be lost as well."""
    if isinstance(found, Association):
        subject = {"account": found.account, "user": found.user, "partition": found.partition}
        subject = {key: value for key, value in subject.items() if value}
    else:
        subject = {found.kind: found.name}
    text = f"no job, running or pending, uses {found.kind} {found.name}"
    return Wait(f"{found.kind}-idle", json.dumps(subject, sort_keys=True), text)


# ── jobs ──────────────────────────────────────────────────────────────────────────────────────


def touched(seen: SlurmModel, kind: str, name: str) -> tuple[Job, ...]:
    """The jobs that use an object now: of an account all below it, of a user's association his."""
    if kind == Partition.kind:
        return tuple(job for job in seen.jobs if name in job.partitions)
    if kind == Qos.kind:
        return tuple(job for job in seen.jobs if job.qos == name)
    if kind == Reservation.kind:
        return tuple(job for job in seen.jobs if job.reservation == name)
    account, _, rest = name.partition("/")
    user, _, partition = rest.partition("/")
    if user:
        return tuple(
            job
            for job in seen.jobs
            if (job.account, job.user) == (account, user)
            and (not partition or partition in job.partitions)
        )
    below = subtree({each.name: each.parent for each in seen.accounts.values()}, account)
    return tuple(job for job in seen.jobs if job.account in below)


def reason(price: Cost, jobs: tuple[Job, ...]) -> str:
    return f"{price.daemon}{count(jobs)}"


def count(jobs: tuple[Job, ...]) -> str:
    if not jobs:
        return ""
    running = sum(job.running for job in jobs)
    return f"; it has {running} running and {len(jobs) - running} pending jobs"


def origin(thing: Thing, name: str) -> Span | None:
    """The most telling spec place of a field."""
    return next(iter(thing.origins.get(name, ())), None)

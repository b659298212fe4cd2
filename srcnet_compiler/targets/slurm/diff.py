"""The changes that turn one cluster into the other: owned fields only, nothing because absent."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from srcnet_compiler.change import Action, Address, Change, FieldChange, Wait
from srcnet_compiler.hostlist import expand
from srcnet_compiler.span import Span
from srcnet_compiler.targets.protocol import Reading, taking_over, without_unseen
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
_FOR_PEOPLE = frozenset({"Description", "Organization"})


def diff(desired: SlurmModel, observed: Reading[SlurmModel]) -> tuple[Change, ...]:
    """Changes in an order in which objects can be made; what nobody could read is left alone."""
    seen = observed.model
    changes = [
        change
        for thing in desired.things()
        if is_ours(desired, seen, thing)
        for change in _to_change(desired, seen, thing)
    ]
    changes += _endings(desired, seen, changes)
    return without_unseen(changes, observed.gaps)


def adoptions(desired: SlurmModel, observed: Reading[SlurmModel]) -> tuple[Change, ...]:
    """One change for each wanted object that exists: taking it over, and nothing else."""
    taken = [
        taking_over(
            address(desired, thing.kind, thing.name),
            thing.fields(),
            found.fields(),
            partial(_origin, thing),
            impact=cost("accounting-text", observed.model.version).impact,
            drafts=thing.drafts,
        )
        for thing in desired.things()
        if is_ours(desired, observed.model, thing)
        and (found := observed.model.find(thing.kind, thing.name)) is not None
    ]
    return without_unseen(taken, observed.gaps)


def address(model: SlurmModel, kind: str, name: str) -> Address:
    """How a change calls an object."""
    return Address("slurm", model.instance, kind, name)


def is_ours(desired: SlurmModel, seen: SlurmModel, thing: Thing) -> bool:
    """Whether an object may be changed at all, whatever a spec says."""
    if isinstance(thing, (Qos, Reservation)):
        return desired.owns_name(thing.name)
    if isinstance(thing, Partition):
        return bool(desired.fragment) and thing.name not in seen.foreign.partitions
    name = thing.name if isinstance(thing, Account) else thing.account
    parents = {**{a.name: a.parent for a in desired.accounts.values()}}
    inside = {*subtree(parents, desired.root_account), *seen.accounts}
    return name in inside and name not in seen.foreign.accounts


# ── what is missing, and what differs ─────────────────────────────────────────────────────────


def _to_change(desired: SlurmModel, seen: SlurmModel, thing: Thing) -> Iterator[Change]:
    found = seen.find(thing.kind, thing.name)
    before = found.fields() if found is not None else {}
    fields = tuple(
        FieldChange(name, before.get(name), value, _origin(thing, name))
        for name, value in thing.fields().items()
        if found is None or before.get(name) != value
    )
    if found is not None and not fields:
        return
    price = cost(_kind_of_cost(thing, fields, found is not None), seen.version)
    yield Change(
        address(desired, thing.kind, thing.name),
        Action.CREATE if found is None else Action.UPDATE,
        fields,
        price.impact,
        _reason(price, touched(seen, thing.kind, thing.name) if found is not None else ()),
        needs=tuple(dict.fromkeys(_needs(desired, seen, thing))),
        drafts=thing.drafts,
    )


def _kind_of_cost(thing: Thing, fields: Iterable[FieldChange], exists: bool) -> str:
    if isinstance(thing, (Partition, Reservation)):
        return thing.kind
    only_text = exists and {field.name for field in fields} <= _FOR_PEOPLE
    return "accounting-text" if only_text else "accounting"


def _needs(desired: SlurmModel, seen: SlurmModel, thing: Thing) -> Iterator[Address]:
    """Objects that this one refers to and that do not exist yet."""
    for kind, name in references(thing):
        wanted = desired.find(kind, name) is not None
        if wanted and seen.find(kind, name) is None and (kind, name) != (thing.kind, thing.name):
            yield address(desired, kind, name)


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


# ── what ends ─────────────────────────────────────────────────────────────────────────────────


def _endings(desired: SlurmModel, seen: SlurmModel, changes: Iterable[Change]) -> Iterator[Change]:
    """What a spec retires, and members who are none any more; nothing because it is absent."""
    ending = {**dict(_former_members(desired, seen)), **desired.ended}
    changing = {change.address for change in changes}
    for (kind, name), why in sorted(ending.items()):
        found = seen.find(kind, name)
        if found is None or desired.find(kind, name) is not None:
            continue
        here = address(desired, kind, name)
        # what still refers to it is changed, or ends, before
        users = tuple(
            address(desired, other.kind, other.name)
            for other in seen.things()
            if (kind, name) in references(other)
            and (
                address(desired, other.kind, other.name) in changing
                or (other.kind, other.name) in ending
            )
        )
        jobs = touched(seen, kind, name)
        if isinstance(found, Partition):
            yield from _drain(desired, here, found, why, jobs, seen)
            users = (*users, here)
        price = cost(_removal(kind), seen.version)
        yield Change(
            here,
            Action.RETIRE,
            (
                *(FieldChange(name, value, None) for name, value in _at_its_end(found).items()),
                *_default_account(desired, seen, found, ending),
            ),
            price.impact,
            f"{why}; {_reason(price, jobs)}",
            needs=users,
            waits=(_idle(found),),
            drains=len(_left_by(desired, found)),
            until=desired.ended_until.get((kind, name)),
        )


def _former_members(desired: SlurmModel, seen: SlurmModel) -> Iterator[tuple[Key, str]]:
    for name, found in seen.associations.items():
        if found.user and found.account in desired.complete and name not in desired.associations:
            yield (found.kind, name), f"{found.user} is no longer a member of {found.account}"


def _default_account(
    desired: SlurmModel, seen: SlurmModel, found: Thing, ending: Mapping[Key, str]
) -> Iterator[FieldChange]:
    """A user keeps a default account that he is in; None where this was his last in the cluster.

    24.11 lets nobody out of his default account.
    """
    if not isinstance(found, Association) or not found.user:
        return
    before = seen.foreign.users.get(found.user)
    associations = (*desired.associations.values(), *seen.associations.values())
    staying = {
        each.account
        for each in associations
        if each.user == found.user and (each.kind, each.name) not in ending
    }
    theirs = seen.foreign.members.get(found.user, ())
    if before == found.account and before not in staying:
        after = next(iter((*sorted(staying), *theirs)), None)
        yield FieldChange("DefaultAccount", before, after)


def _drain(
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
        f"{why}; no new job may enter it, those in it go on{_count(jobs)}",
        until=desired.ended_until.get((found.kind, found.name)),
    )


def _left_by(desired: SlurmModel, found: Thing) -> set[str]:
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


def _at_its_end(found: Thing) -> Fields:
    """What it is when it goes. A partition is drained by then, whatever it was."""
    return {name: value for name, value in found.fields().items() if name != "State"}


def _removal(kind: str) -> str:
    return f"{kind}-removal" if kind in (Partition.kind, Reservation.kind) else "accounting-removal"


def _idle(found: Thing) -> Wait:
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


def _reason(price: Cost, jobs: tuple[Job, ...]) -> str:
    return f"{price.daemon}{_count(jobs)}"


def _count(jobs: tuple[Job, ...]) -> str:
    if not jobs:
        return ""
    running = sum(job.running for job in jobs)
    return f"; it has {running} running and {len(jobs) - running} pending jobs"


def _origin(thing: Thing, name: str) -> Span | None:
    """The most telling spec place of a field."""
    return next(iter(thing.origins.get(name, ())), None)

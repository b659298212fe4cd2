"""The changes that turn one cluster into the other: owned fields only, nothing because absent."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from srcnet_compiler.change import Action, Address, Change, FieldChange
from srcnet_compiler.targets.protocol import Reading, taking_over, without_unseen
from srcnet_compiler.targets.slurm.diff.moving import UNNAMED as UNNAMED
from srcnet_compiler.targets.slurm.diff.moving import (
    closings,
    default_account,
    endings,
    following,
    gives_up,
)
from srcnet_compiler.targets.slurm.diff.moving import postponed as postponed
from srcnet_compiler.targets.slurm.diff.objects import (
    address,
    at_its_end,
    drain,
    idle,
    left_by,
    origin,
    reason,
    removal,
)
from srcnet_compiler.targets.slurm.diff.objects import references as references
from srcnet_compiler.targets.slurm.diff.objects import touched as touched
from srcnet_compiler.targets.slurm.model import SlurmModel, subtree
from srcnet_compiler.targets.slurm.model.cost import cost
from srcnet_compiler.targets.slurm.model.things import (
    Account,
    Association,
    Key,
    Partition,
    Qos,
    Reservation,
    Thing,
)

_FOR_PEOPLE = frozenset({"Description", "Organization"})


def diff(desired: SlurmModel, observed: Reading[SlurmModel]) -> tuple[Change, ...]:
    """Changes in an order in which objects can be made; what nobody could read is left alone."""
    seen = observed.model
    wanted = following(desired, seen)
    changes = [
        *closings(wanted, seen),
        *(
            change
            for thing in wanted.things()
            if is_ours(wanted, seen, thing)
            for change in _to_change(wanted, seen, thing)
        ),
    ]
    changes += _endings(wanted, seen, changes)
    changes += endings(wanted, seen, changes)
    return without_unseen(changes, observed.gaps)


def adoptions(desired: SlurmModel, observed: Reading[SlurmModel]) -> tuple[Change, ...]:
    """One change for each wanted object that exists: taking it over, and nothing else."""
    taken = [
        taking_over(
            address(desired, thing.kind, thing.name),
            thing.fields(),
            found.fields(),
            partial(origin, thing),
            impact=cost("accounting-text", observed.model.version).impact,
            drafts=thing.drafts,
        )
        for thing in desired.things()
        if is_ours(desired, observed.model, thing)
        and (found := observed.model.find(thing.kind, thing.name)) is not None
    ]
    return without_unseen(taken, observed.gaps)


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
        FieldChange(name, before.get(name), value, origin(thing, name))
        for name, value in thing.fields().items()
        if found is None or before.get(name) != value
    )
    if isinstance(thing, Association):
        fields += tuple(default_account(desired, seen, thing))
    if found is not None and not fields:
        return
    left = tuple(gives_up(desired, found, thing))
    price = cost(_kind_of_cost(thing, fields, found is not None), seen.version)
    yield Change(
        address(desired, thing.kind, thing.name),
        Action.CREATE if found is None else Action.UPDATE,
        fields,
        price.impact,
        reason(price, touched(seen, thing.kind, thing.name) if found is not None else ()),
        needs=tuple(dict.fromkeys(_needs(desired, seen, thing))),
        waits=tuple(map(idle, left)),
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
            yield from drain(desired, here, found, why, jobs, seen)
            users = (*users, here)
        price = cost(removal(kind), seen.version)
        yield Change(
            here,
            Action.RETIRE,
            (
                *(FieldChange(name, value, None) for name, value in at_its_end(found).items()),
                *_default_account(desired, seen, found, ending),
            ),
            price.impact,
            f"{why}; {reason(price, jobs)}",
            needs=users,
            waits=(idle(found),),
            drains=len(left_by(desired, found)),
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

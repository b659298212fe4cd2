"""What has another name now: the new one is made, what names the old one follows, the old one is
closed, and it ends when no job uses it any more.

Slurm gives no partition, QOS or account another name. A pending job never starts whose QOS its
account may not ask for any more, and a partition or account that goes takes its jobs along: so
whoever may ask for the new one may ask for the old one too, as long as a job uses it. The old
account goes below the new one, which so has its use, of the past and of what still runs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from srcnet_compiler.change import Action, Address, Change, FieldChange, Wait
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.slurm.diff.objects import (
    address,
    at_its_end,
    count,
    drain,
    idle,
    left_by,
    reason,
    references,
    removal,
    touched,
)
from srcnet_compiler.targets.slurm.model import Job, SlurmModel
from srcnet_compiler.targets.slurm.model.cost import cost
from srcnet_compiler.targets.slurm.model.successor import Successor
from srcnet_compiler.targets.slurm.model.things import (
    Account,
    Association,
    Key,
    Names,
    Partition,
    Qos,
    Reservation,
    Thing,
)

_SUBMIT = "GrpSubmitJobs"
_CLOSED = frozenset({_SUBMIT, "Parent"})
"""Fields that have changed by the time at which the old one ends."""


def following(desired: SlurmModel, seen: SlurmModel) -> SlurmModel:
    """What is wanted as long as the old ones are there."""
    if not _old(desired, seen):
        return desired
    kept = {(kind, desired.moved[kind, name].name): name for kind, name in used(desired, seen)}
    return replace(
        desired,
        associations={
            name: replace(each, qos=_with_old(each.qos, Qos.kind, kept))
            for name, each in {**dict(_people(desired, seen)), **desired.associations}.items()
        },
        qos={
            name: replace(each, preempt=_with_old(each.preempt, Qos.kind, kept))
            for name, each in desired.qos.items()
        },
        partitions={
            name: replace(each, allow_accounts=_with_old(each.allow_accounts, Account.kind, kept))
            for name, each in desired.partitions.items()
        },
        reservations={
            name: replace(each, accounts=_with_old(each.accounts, Account.kind, kept))
            for name, each in desired.reservations.items()
        },
    )


def _old(desired: SlurmModel, seen: SlurmModel) -> dict[Key, Successor]:
    """What is still there of what has another name now."""
    return {
        key: after
        for key, after in sorted(desired.moved.items())
        if seen.find(*key) is not None and desired.find(*key) is None
    }


def used(desired: SlurmModel, seen: SlurmModel) -> dict[Key, str]:
    """The old ones that cannot end yet, with the reason in words."""
    old = _old(desired, seen)
    found = {key: count(jobs) for key in old if (jobs := touched(seen, *key))}
    stay = {name for kind, name in found if kind == Account.kind}
    for name in {n for kind, n in old if kind == Qos.kind}:
        for account in sorted(stay):
            limits = seen.associations.get(account)
            if limits is not None and name in (*(limits.qos or ()), limits.default_qos):
                found.setdefault((Qos.kind, name), f"; account {account} may still ask for it")
    return found


def _with_old(names: Names | None, kind: str, kept: Mapping[Key, str]) -> Names | None:
    old = {kept[kind, name] for name in names or () if (kind, name) in kept}
    return tuple(sorted({*names, *old})) if names and old else names


def _people(desired: SlurmModel, seen: SlurmModel) -> Iterator[tuple[str, Association]]:
    """Who is in the old account and so in the new one, where nobody has said who belongs to it."""
    for each, after in _in_old_accounts(desired, seen):
        if after.name not in desired.complete:
            place = (after.place,) if after.place is not None else ()
            new = Association(after.name, each.user, each.partition, origins={"name": place})
            yield new.name, new


def _in_old_accounts(
    desired: SlurmModel, seen: SlurmModel
) -> Iterator[tuple[Association, Successor]]:
    old = _old(desired, seen)
    for _, each in sorted(seen.associations.items()):
        if each.user and (after := old.get((Account.kind, each.account))) is not None:
            yield each, after


def default_account(desired: SlurmModel, seen: SlurmModel, thing: Thing) -> Iterator[FieldChange]:
    """Who names no account when submitting has that of the new name."""
    if isinstance(thing, Association) and thing.user:
        before = seen.foreign.users.get(thing.user)
        after = _old(desired, seen).get((Account.kind, before or ""))
        if after is not None and after.name == thing.account:
            yield FieldChange("DefaultAccount", before, after.name, after.place)


# ── closed, and ended ─────────────────────────────────────────────────────────────────────────


def closings(desired: SlurmModel, seen: SlurmModel) -> Iterator[Change]:
    """Nobody may come in any more, who is in goes on: when all of the new one is there."""
    for (kind, name), after in _old(desired, seen).items():
        needs, jobs = (address(desired, kind, after.name),), touched(seen, kind, name)
        why = f"it is called {after.name} now"
        found = seen.find(kind, name)
        if isinstance(found, Partition):
            for change in drain(desired, address(desired, kind, name), found, why, jobs, seen):
                fields = (replace(each, origin=after.place) for each in change.fields)
                yield replace(change, needs=needs, fields=tuple(fields))
        elif isinstance(found, Qos):
            yield from _submit_nothing(desired, seen, found, after, why + _still(jobs), needs)
        elif isinstance(found, Account):
            yield from _close_account(desired, seen, found, after, why)


def _close_account(
    desired: SlurmModel, seen: SlurmModel, found: Account, after: Successor, why: str
) -> Iterator[Change]:
    here = address(desired, found.kind, found.name)
    new = address(desired, found.kind, after.name)
    if found.parent != after.name:
        yield Change(
            here,
            Action.UPDATE,
            (FieldChange("Parent", found.parent, after.name, after.place),),
            cost("accounting", seen.version).impact,
            f"{why}; below that, all that it has used and uses counts there",
            needs=(new,),
        )
    limits = seen.associations.get(found.name)
    if limits is not None:
        people = tuple(
            address(desired, each.kind, each.name)
            for each in desired.associations.values()
            if each.account == after.name
        )
        why += _still(touched(seen, found.kind, found.name))
        yield from _submit_nothing(desired, seen, limits, after, why, (new, *people))


def _still(jobs: tuple[Job, ...]) -> str:
    return f"; no new job may enter it, those in it go on{count(jobs)}"


def _submit_nothing(
    desired: SlurmModel,
    seen: SlurmModel,
    found: Qos | Association,
    after: Successor,
    why: str,
    needs: tuple[Address, ...],
) -> Iterator[Change]:
    if found.grp_submit != 0:
        yield Change(
            address(desired, found.kind, found.name),
            Action.UPDATE,
            (FieldChange(_SUBMIT, found.grp_submit, 0, after.place),),
            cost("accounting", seen.version).impact,
            why,
            needs=needs,
        )


def gives_up(desired: SlurmModel, found: Thing | None, thing: Thing) -> Iterator[Thing]:
    """Old ones that an object named until now: it waits for their last job before it does not."""
    if found is None:
        return
    after = {*references(thing)}
    for kind, name in dict.fromkeys(references(found)):
        if (kind, name) in desired.moved and (kind, name) not in after:
            if kind == Qos.kind and isinstance(thing, Association):
                yield Qos(name)
            elif kind == Account.kind and isinstance(thing, (Partition, Reservation)):
                yield Account(name, "")


def endings(desired: SlurmModel, seen: SlurmModel, changes: Iterable[Change]) -> Iterator[Change]:
    """The end of the old ones that no job uses, after all other `changes`."""
    changing = {change.address for change in changes}
    in_use = used(desired, seen)
    ending = {key: after for key, after in _old(desired, seen).items() if key not in in_use}
    people = {
        (each.kind, each.name): after
        for each, after in _in_old_accounts(desired, seen)
        if (Account.kind, each.account) in ending
    }
    going = {**ending, **people}
    for (kind, name), after in sorted(going.items()):
        found = seen.find(kind, name)
        if found is None:
            continue
        here = address(desired, kind, name)
        users = (
            address(desired, each.kind, each.name)
            for each in seen.things()
            if (kind, name) in references(each)
            and (
                address(desired, each.kind, each.name) in changing
                or (each.kind, each.name) in going
            )
        )
        price = cost(removal(kind), seen.version)
        new = after.name if (kind, name) in ending else after.name + f"/{name.partition('/')[2]}"
        yield Change(
            here,
            Action.RETIRE,
            tuple(
                FieldChange(field, value, None)
                for field, value in at_its_end(found).items()
                if field not in _CLOSED
            ),
            price.impact,
            f"it is called {new} now; {reason(price, ())}",
            needs=tuple(dict.fromkeys((*users, here, address(desired, kind, new)))),
            waits=(idle(found), *(unnamed(found.name) if isinstance(found, Qos) else ())),
            drains=len(left_by(desired, found)),
        )


UNNAMED = "qos-unnamed"
"""The kind of wait until no other cluster of the database lets anybody ask for a QOS."""


def unnamed(name: str) -> tuple[Wait, ...]:
    """The other clusters are closed and followed by their own plans."""
    text = f"no account of another cluster may ask for qos {name} any more"
    return (Wait(UNNAMED, name, text),)


def postponed(desired: SlurmModel, observed: Reading[SlurmModel]) -> tuple[tuple[str, str], ...]:
    """The old ones that a later run ends, with the reason."""
    return tuple(
        (
            f"{kind} `{name}`",
            f"is called {desired.moved[kind, name].name} now, and a later run ends it{why}",
        )
        for (kind, name), why in sorted(used(desired, observed.model).items())
    )

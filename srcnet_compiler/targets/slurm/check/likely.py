"""What would be made beside one of ours that no spec describes any more and that is just alike:
said with the document to type, never taken for the same."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from srcnet_compiler.diagnostic import Code, Diagnostic, warning
from srcnet_compiler.targets.slurm.check.places import label
from srcnet_compiler.targets.slurm.model import SlurmModel
from srcnet_compiler.targets.slurm.model.things import Account, Fields, Qos, Thing

Limits: TypeAlias = Callable[[SlurmModel, str], Fields]


def likely_moves(desired: SlurmModel, seen: SlurmModel) -> Iterator[Diagnostic]:
    """Queues with the limits, and projects with the shares, of what is not described any more."""
    queues = (desired.qos, seen.qos, _limits_of_qos)
    projects = (desired.accounts, seen.accounts, _limits_of_account)
    yield from _of_kind(desired, seen, "queue", Qos.kind, *queues)
    yield from _of_kind(desired, seen, "project", Account.kind, *projects)


def _limits_of_qos(model: SlurmModel, name: str) -> Fields:
    return model.qos[name].fields()


def _limits_of_account(model: SlurmModel, name: str) -> Fields:
    limits = model.associations.get(name)
    parent = {"Parent": model.accounts[name].parent}
    return parent if limits is None else {**parent, **limits.fields()}


def _of_kind(
    desired: SlurmModel,
    seen: SlurmModel,
    what: str,
    kind: str,
    wanted: Mapping[str, Thing],
    there: Mapping[str, Thing],
    limits: Limits,
) -> Iterator[Diagnostic]:
    start = f"{desired.prefix}-"
    gone = [
        name
        for name in sorted(there.keys() - wanted.keys())
        if name.startswith(start)
        and (kind, name) not in desired.ended
        and (kind, name) not in desired.moved
    ]
    for name in sorted(wanted.keys() - there.keys()) if gone else ():
        own = limits(desired, name)
        alike = [old for old in gone if own.items() <= limits(seen, old).items()]
        if name.startswith(start) and alike:
            yield _likely(wanted[name], what, name, alike, start)


def _likely(thing: Thing, what: str, name: str, alike: list[str], start: str) -> Diagnostic:
    new, old = name.removeprefix(start), alike[0].removeprefix(start)
    others = f", and so have {', '.join(f'`{each}`' for each in alike[1:])}" if alike[1:] else ""
    return warning(
        Code.LIKELY_MOVE,
        f"`{name}` would be made beside `{alike[0]}`, which no spec describes and which has the"
        f" same limits{others}",
        label(thing, "name"),
        help=f"where it is the same {what}, say so by a document `kind: Moved` with `{what}: {new},"
        f" from: {old}, to: {new}`: its jobs go on, and what it had ends after them",
        subject=name,
    )

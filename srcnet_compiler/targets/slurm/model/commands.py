"""The commands that carry a change out, for whoever runs them on the controller.

Partitions have none of their own: the whole fragment is written, then the daemon is told once.
What sacctmgr says of its success is worth nothing (what exists already is an error, a change to the
same value is none): read again.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from srcnet_compiler.change import Action, Change, FieldChange, Json
from srcnet_compiler.targets.slurm.model import UNLIMITED
from srcnet_compiler.targets.slurm.model.things import Association, Qos, Reservation
from srcnet_compiler.targets.slurm.model.times import format_length
from srcnet_compiler.targets.slurm.model.tres import tres_assignment

Argv: TypeAlias = tuple[str, ...]

_LENGTHS = frozenset({"MaxWall", "GrpWall", "Duration", "MaxStartDelay"})
_CLEARED = frozenset({"DefaultQOS", "Flags"})
"""Lists and names that an empty text would leave as they are: -1 takes them away."""


def commands(change: Change, cluster: str) -> tuple[Argv, ...]:
    """What to run, in order; nothing for a partition, an adoption, and what goes with its account.

    Text is passed as words of a command, never through a shell.
    """
    if change.action is Action.ADOPT:
        return ()
    kind, name = change.address.kind, change.address.name
    if kind == Qos.kind:
        return (_sacctmgr(change.action, ["qos", name], [], _words(change)),)
    if kind == Reservation.kind:
        return (_scontrol(change),)
    if kind == Association.kind:
        return tuple(_association(change, cluster))
    if kind == "account":
        return tuple(_account(change, cluster))
    return ()


def _account(change: Change, cluster: str) -> Iterator[Argv]:
    """Parents belong to the cluster, texts to the whole database."""
    who = ["account", change.address.name]
    if change.action is Action.UPDATE:
        parent = [f for f in change.fields if f.name == "Parent"]
        texts = [f for f in change.fields if f.name != "Parent"]
        if parent:
            yield _sacctmgr(change.action, who, [f"cluster={cluster}"], _assigned(parent))
        if texts:
            yield _sacctmgr(change.action, who, [], _assigned(texts))
    else:
        yield _sacctmgr(change.action, who, [f"cluster={cluster}"], _words(change))


def _association(change: Change, cluster: str) -> Iterator[Argv]:
    account, _, rest = change.address.name.partition("/")
    user, _, partition = rest.partition("/")
    where = [f"cluster={cluster}"]
    if not user:
        # it comes and goes with its account: only its limits are said
        words = _words(change)
        if change.action is not Action.RETIRE and words:
            yield _sacctmgr(Action.UPDATE, ["account", account], where, words)
        return
    default = next((f for f in change.fields if f.name == "DefaultAccount"), None)
    if default is not None and default.after is None:
        yield _sacctmgr(change.action, ["user", user], where, [])  # his last one here
        return
    if default is not None:
        yield _sacctmgr(Action.UPDATE, ["user", user], where, _assigned([default]))
    where = [f"account={account}", *where, *([f"partition={partition}"] if partition else [])]
    yield _sacctmgr(change.action, ["user", user], where, _words(change))


def _sacctmgr(action: Action, who: Iterable[str], where: list[str], words: list[str]) -> Argv:
    """Its own grammar: conditions and values look alike, and `set` parts them."""
    if action is Action.CREATE:
        return ("sacctmgr", "-i", "add", *who, *where, *words)
    if action is Action.RETIRE:
        return ("sacctmgr", "-i", "delete", *_named(who), *where)
    return ("sacctmgr", "-i", "modify", *_named(who), *where, "set", *words)


def _named(who: Iterable[str]) -> Argv:
    kind, name = who
    return (kind, "where", f"name={name}")


def _scontrol(change: Change) -> Argv:
    """A reservation; its purge is a flag with a value."""
    which = f"ReservationName={change.address.name}"
    if change.action is Action.RETIRE:
        return ("scontrol", "delete", which)
    verb = "create" if change.action is Action.CREATE else "update"
    fields = {f.name: f.after for f in change.fields}
    purge = fields.pop("PURGE_COMP", None)
    flags = fields.get("Flags") or []
    if isinstance(purge, int) and purge != UNLIMITED and isinstance(flags, (list, tuple)):
        fields["Flags"] = [*flags, f"PURGE_COMP={format_length(purge)}"]
    return ("scontrol", verb, "reservation", which, *_said(fields, verb == "update"))


def _said(fields: Mapping[str, Json], may_clear: bool) -> Iterator[str]:
    for name, value in fields.items():
        text = "" if name == "Flags" and not value else _text(name, value, None)
        if text or (may_clear and name != "Flags"):
            yield f"{name}={text}"


def _words(change: Change) -> list[str]:
    """All fields as assignments; a new object needs no word for what is empty or unlimited."""
    if change.action is not Action.CREATE:
        return _assigned(change.fields)
    return [
        f"{field.name}={_text(field.name, field.after, None)}"
        for field in change.fields
        if field.after not in ("", UNLIMITED) and field.after not in ([], {})
    ]


def _assigned(fields: Iterable[FieldChange]) -> list[str]:
    return [f"{field.name}={_text(field.name, field.after, field.before)}" for field in fields]


def _text(name: str, value: Json, before: Json) -> str:
    if isinstance(value, Mapping):
        return tres_assignment(_counts(before), _counts(value))
    if isinstance(value, (list, tuple)):
        return ",".join(str(each) for each in value) or ("-1" if name in _CLEARED else "")
    if value == UNLIMITED:
        return "-1"
    if name in _LENGTHS and isinstance(value, int):
        return format_length(value)
    if value == "" and name in _CLEARED:
        return "-1"
    return str(value)


def _counts(value: Json) -> dict[str, int]:
    pairs = value.items() if isinstance(value, Mapping) else ()
    return {name: amount for name, amount in pairs if isinstance(amount, int)}

"""What Slurm would mangle, round or refuse, and what is not ours to touch, on any cluster."""

from collections.abc import Iterable, Iterator

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.hostlist import expand
from srcnet_compiler.targets.slurm.check.places import label
from srcnet_compiler.targets.slurm.model import UNLIMITED, SlurmModel, subtree
from srcnet_compiler.targets.slurm.model.things import (
    Account,
    Association,
    Partition,
    Qos,
    Reservation,
    Thing,
)
from srcnet_compiler.targets.slurm.model.times import REPEATING
from srcnet_compiler.targets.slurm.model.tres import format_tres
from srcnet_compiler.targets.slurm.model.words import (
    keeps_name,
    keeps_partition,
    keeps_text,
    keeps_word,
)

_TEXTS = ("Description", "Organization")
_WHOLE_MINUTES = ("MaxWall", "GrpWall", "MaxTime", "DefaultTime")


def check(desired: SlurmModel) -> Iterator[Diagnostic]:
    """All objections to one cluster's model."""
    for thing in desired.things():
        yield from _name(thing)
        yield from _values(thing)
        yield from _ownership(desired, thing)
        if isinstance(thing, (Partition, Reservation)):
            yield from _nodes(thing)
        yield from _references(desired, thing)
        if isinstance(thing, Association):
            yield from _default_qos(desired, thing)


def refused(message: str, place: Label, remedy: str, subject: str) -> Diagnostic:
    """Slurm would not take it, or would take it for something else."""
    return error(Code.REFUSED_BY_SYSTEM, message, place, help=remedy, subject=subject)


def not_ours(message: str, place: Label, remedy: str, subject: str) -> Diagnostic:
    """It belongs to somebody else."""
    return error(Code.NOT_OURS, message, place, help=remedy, subject=subject)


def _name(thing: Thing) -> Iterator[Diagnostic]:
    if isinstance(thing, Partition):
        names = [(thing.name, keeps_partition(thing.name), "letters")]
    elif isinstance(thing, Association):
        # the account has a finding of its own
        names = [(n, keeps_name(n), "small letters") for n in (thing.user,) if n]
    else:
        names = [(thing.name, keeps_name(thing.name), "small letters")]
    for name, kept, letters in names:
        if not kept:
            yield refused(
                f"Slurm takes no {thing.kind} called `{name}`, or calls it something else",
                label(thing, "name"),
                f"{letters}, digits, `_`, `.` and `-`, a letter first; no word that it keeps for"
                " itself",
                name,
            )


def _values(thing: Thing) -> Iterator[Diagnostic]:
    for name, value in thing.fields().items():
        if name in _TEXTS and isinstance(value, str) and not keeps_text(value):
            yield refused(
                f"Slurm does not keep `{value}` as it is written",
                label(thing, name),
                "small letters, digits, spaces and simple signs; no quotes and no `|`",
                thing.name,
            )
        elif name in _WHOLE_MINUTES and isinstance(value, int) and value != UNLIMITED:
            if value % 60 or value <= 0:
                yield refused(
                    f"`{name}` of {thing.kind} `{thing.name}` is no whole number of minutes",
                    label(thing, name),
                    "Slurm counts these in minutes",
                    thing.name,
                )
        elif isinstance(value, dict):
            yield from _resources(thing, name, value)
        elif isinstance(value, list):
            for each in value:
                if not keeps_word(str(each)) or "," in str(each):
                    yield refused(
                        f"`{each}` cannot stand in a list of Slurm's",
                        label(thing, name),
                        "letters, digits, `_`, `.` and `-`",
                        thing.name,
                    )


def _resources(thing: Thing, name: str, value: dict[str, int]) -> Iterator[Diagnostic]:
    try:
        format_tres(value)
        bad = [key for key, amount in value.items() if not keeps_word(key) or amount < 0]
        problem = f"`{bad[0]}` is no amount of a resource" if bad else None
    except ValueError as found:
        problem = str(found)
    if problem:
        yield refused(
            f"`{name}` of {thing.kind} `{thing.name}`: {problem}",
            label(thing, name),
            "whole numbers; memory in whole MiB",
            thing.name,
        )


def _ownership(desired: SlurmModel, thing: Thing) -> Iterator[Diagnostic]:
    parents = {each.name: each.parent for each in desired.accounts.values()}
    inside = subtree(parents, desired.root_account)
    remedy = f"ours are account `{desired.root_account}` with all below it, and names that begin"
    remedy += f" with `{desired.prefix}`"
    if isinstance(thing, (Qos, Reservation)) and not desired.owns_name(thing.name):
        yield not_ours(f"{thing.kind} `{thing.name}` is not ours", label(thing), remedy, thing.name)
    elif isinstance(thing, Account) and thing.name not in inside:
        yield not_ours(f"account `{thing.name}` is not ours", label(thing), remedy, thing.name)
    elif isinstance(thing, Association) and thing.account not in inside:
        yield not_ours(f"account `{thing.account}` is not ours", label(thing), remedy, thing.name)
    elif isinstance(thing, Partition) and not desired.fragment:
        yield not_ours(
            f"partition `{thing.name}` has no file to stand in",
            label(thing),
            "the site lets the federation have no partitions: ask its administrators",
            thing.name,
        )
    if isinstance(thing, Qos):
        for name in thing.preempt or ():
            if not desired.owns_name(name):
                yield not_ours(
                    f"QOS `{thing.name}` would preempt jobs of `{name}`, which is not ours",
                    label(thing, "Preempt"),
                    "only jobs of our own may be preempted",
                    thing.name,
                )


def _nodes(thing: Partition | Reservation) -> Iterator[Diagnostic]:
    if thing.nodes is None:
        return
    try:
        hosts = expand(thing.nodes)
    except ValueError as problem:
        remedy = "such as `a[1-3,7]`"
        yield refused(str(problem), label(thing, "Nodes"), remedy, thing.name)
        return
    twice = _twice(hosts)
    if twice:
        yield refused(
            f"`{thing.nodes}` means `{twice[0]}` twice",
            label(thing, "Nodes"),
            "let its ranges not overlap",
            thing.name,
        )


def _twice(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]


def _references(desired: SlurmModel, thing: Thing) -> Iterator[Diagnostic]:
    """Names with our prefix must be described; others are the cluster's to know."""
    if isinstance(thing, Reservation) and len(REPEATING.intersection(thing.flags)) > 1:
        yield refused(
            f"`{thing.name}` repeats in two ways",
            label(thing, "Flags"),
            f"one of {', '.join(sorted(REPEATING))}",
            thing.name,
        )
    for field, name in qos_of(thing):
        if desired.owns_name(name) and name not in desired.qos:
            yield error(
                Code.UNKNOWN_NAME,
                f"{thing.kind} `{thing.name}` names QOS `{name}`, which nothing describes",
                label(thing, field),
                help="describe it, or take it out: slurmctld would exit, or let nobody in",
                subject=thing.name,
            )
    if isinstance(thing, Reservation) and not thing.accounts and not thing.users:
        yield refused(
            f"nobody may use the window `{thing.name}`",
            label(thing, "Accounts"),
            "name accounts or users: Slurm takes no reservation without",
            thing.name,
        )


def _default_qos(desired: SlurmModel, thing: Association) -> Iterator[Diagnostic]:
    """Slurm discards a change after which a default could not be asked for, and ends with 0."""
    if thing.qos is not None and thing.default_qos is None:
        yield refused(
            f"`{thing.name}` says which QOS may be asked for, and not which is its default",
            label(thing, "QosLevel"),
            "state the default too, if only as inherited",
            thing.name,
        )
    chain = list(_upwards(desired, thing))
    asked = next((each.qos for each in chain if each.qos), ())
    default = next((each.default_qos for each in chain if each.default_qos), None)
    if default and asked and default not in asked:
        yield refused(
            f"the default QOS `{default}` of `{thing.name}` is none of its QOS",
            label(thing, "DefaultQOS", "QosLevel"),
            f"it may ask for {', '.join(asked)}: state a default of its own, or widen these",
            thing.name,
        )


def _upwards(desired: SlurmModel, thing: Association) -> Iterator[Association]:
    """An association, that of its account, and those above, from which it inherits."""
    yield thing
    name = thing.account
    if not thing.user and name in desired.accounts:
        name = desired.accounts[name].parent
    for _ in range(len(desired.accounts)):
        above = desired.associations.get(name)
        if above is not None:
            yield above
        if name not in desired.accounts:
            return
        name = desired.accounts[name].parent


def qos_of(thing: Thing) -> Iterator[tuple[str, str]]:
    """The QOS that an object names, each with the field that does."""
    if isinstance(thing, Qos):
        yield from (("Preempt", name) for name in thing.preempt or ())
    elif isinstance(thing, Association):
        yield from (("QosLevel", name) for name in thing.qos or ())
        yield from [("DefaultQOS", thing.default_qos)] if thing.default_qos else []
    elif isinstance(thing, Partition):
        yield from (("AllowQos", name) for name in thing.allow_qos or ())
        yield from [("QOS", thing.qos)] if thing.qos else []

"""A cluster to files: the fragment for slurm.conf, and the rest as people read it in review."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from srcnet_compiler.artifact import Artifact
from srcnet_compiler.change import Json
from srcnet_compiler.emit.yaml import Sourced, Tree, to_artifact
from srcnet_compiler.span import Span
from srcnet_compiler.targets.slurm.model import UNLIMITED, SlurmModel, parents_first
from srcnet_compiler.targets.slurm.model.fragment import HEADER
from srcnet_compiler.targets.slurm.model.lines import (
    LENGTHS,
    partition_line,
    partition_words,
    word,
)
from srcnet_compiler.targets.slurm.model.things import Association, Thing
from srcnet_compiler.targets.slurm.model.tres import format_tres
from srcnet_compiler.targets.slurm.model.words import keeps_partition, keeps_word
from srcnet_compiler.task import SHELL


def emit(desired: SlurmModel) -> tuple[Artifact, ...]:
    """All files of one cluster."""
    folder = f"slurm/{desired.instance}"
    accounting = desired.accounts or desired.qos
    return (
        *([_accounting(f"{folder}/accounting.yaml", desired)] if accounting else []),
        *_tasks(folder, desired),
        *([emit_fragment(folder, desired)] if desired.fragment else []),
        *([_reservations(f"{folder}/reservations.yaml", desired)] if desired.reservations else []),
    )


# ── the fragment ──────────────────────────────────────────────────────────────────────────────


def emit_fragment(folder: str, desired: SlurmModel) -> Artifact:
    """One line for each partition. One that slurm.conf would misread is left out: the check of the
    model has said so."""
    lines, sources = [f"{HEADER}\n"], {1: _spans(desired, desired.partitions.values())}
    for name, partition in sorted(desired.partitions.items()):
        if keeps_partition(name) and all(keeps_word(v) for _, v in partition_words(partition)):
            lines.append(f"{partition_line(partition)}\n")
            sources[len(lines)] = _spans(desired, [partition])
    path = PurePosixPath(folder) / PurePosixPath(desired.fragment).name
    return Artifact(path, "".join(lines), sources)


# ── for people ────────────────────────────────────────────────────────────────────────────────


def _accounting(path: str, desired: SlurmModel) -> Artifact:
    members: dict[str, list[Association]] = defaultdict(list)
    for _, association in sorted(desired.associations.items()):
        members[association.account].append(association)
    tree: dict[str, Tree] = {
        "qos": [_thing(each) for _, each in sorted(desired.qos.items())],
        "accounts": [
            _account(desired, name, members[name]) for name in parents_first(desired.accounts)
        ],
    }
    things: tuple[Thing, ...] = (
        *desired.qos.values(),
        *desired.accounts.values(),
        *desired.associations.values(),
    )
    head = f"QOS and accounts of the federation on cluster {desired.cluster}"
    return to_artifact(path, head, tree, _spans(desired, things))


def _account(desired: SlurmModel, name: str, members: Iterable[Association]) -> Tree:
    """An account with its own limits, and its members with what is set for them."""
    account = desired.accounts[name]
    tree: dict[str, Tree] = {"name": _sourced(name, account, "name"), **_fields(account)}
    users: list[Tree] = []
    for each in members:
        if each.user:
            where: dict[str, Tree] = {"partition": each.partition} if each.partition else {}
            users.append(_sourced({"user": each.user, **where, **_fields(each)}, each, "name"))
        else:
            tree |= _fields(each)
    if users:
        tree["members"] = users
    return _sourced(tree, account, "name")


def _reservations(path: str, desired: SlurmModel) -> Artifact:
    things = desired.reservations
    tree: Tree = {"reservations": [_thing(each) for _, each in sorted(things.items())]}
    head = f"Windows of the federation on cluster {desired.cluster}, times of {desired.time_zone}"
    return to_artifact(path, head, tree, _spans(desired, things.values()))


def _tasks(folder: str, desired: SlurmModel) -> Iterator[Artifact]:
    """What srcnet leaves to the cluster's administrators, where there is anything: a page, and the
    files on it to install."""
    if desired.tasks:
        from srcnet_compiler.emit.templates import fill_template

        head = (*desired.origins.get("instance", ()), *(s for t in desired.tasks for s in t.spans))
        files = {
            t.script.name: fill_template(
                f"{folder}/{t.script.name}", f"slurm/{t.script.name}.j2", t.script.values, t.spans
            )
            for t in desired.tasks
            if t.script is not None
        }
        shown = [
            (t, t.lines if t.script is None else files[t.script.name].content.splitlines())
            for t in desired.tasks
        ]
        values = {"cluster": desired.cluster, "shell": SHELL, "tasks": shown}
        path = f"{folder}/admin.md"
        yield fill_template(path, "slurm/admin.md.j2", values, tuple(dict.fromkeys(head)))
        yield from files.values()


def _thing(thing: Thing) -> Tree:
    return _sourced({"name": _sourced(thing.name, thing, "name"), **_fields(thing)}, thing, "name")


def _fields(thing: Thing) -> dict[str, Tree]:
    return {name: _sourced(_shown(name, v), thing, name) for name, v in thing.fields().items()}


def _shown(name: str, value: Json) -> Tree:
    """A value as Slurm shows it: people compare the two."""
    if isinstance(value, dict):
        try:
            return format_tres(value)
        except ValueError:  # the check of the model has said so
            return dict(value)
    if isinstance(value, list):
        return list(value)
    return word(name, value) if name in LENGTHS or value == UNLIMITED else _scalar(value)


def _scalar(value: Json) -> Tree:
    return value if isinstance(value, (str, int)) or value is None else str(value)


def _sourced(value: Tree, thing: Thing, key: str) -> Tree:
    return Sourced(value, thing.origins.get(key, ()))


def _spans(desired: SlurmModel, things: Iterable[Thing]) -> tuple[Span, ...]:
    """Every place that has a part in some `things`, and the one that names the cluster."""
    sets = {id(found): found for thing in things for found in thing.origins.values()}
    spans = (span for found in sets.values() for span in found)
    return tuple(dict.fromkeys((*desired.origins.get("instance", ()), *spans)))

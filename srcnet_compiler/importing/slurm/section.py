"""What a cluster says of itself, as a spec says it, and what of it is left to its people."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from srcnet_compiler.hostlist import compress, expand
from srcnet_compiler.importing.slurm.answers import Answers, Login
from srcnet_compiler.importing.written import Tree
from srcnet_compiler.targets.slurm.model import Node, SlurmModel
from srcnet_compiler.targets.slurm.model.things import Association

_NO_MEMORY = 1 << 20
"""What Slurm takes a node's memory for where nobody has said it."""
_GPU = "gpu"
_WORDS = {"cpu": "cores", "mem": "memory", "gres/gpu": "gpus"}
"""Limits of Slurm that a spec has words for."""


@dataclass(frozen=True, slots=True)
class Section:
    """One entry of a site's `compute`. `notes` are what no spec says of it, `left` what is there
    and is others', by kind."""

    tree: Mapping[str, Tree]
    notes: tuple[str, ...]
    left: Mapping[str, tuple[str, ...]]


def section(
    seen: SlurmModel, queues: Sequence[str], clusters: Sequence[str], login: Login, answers: Answers
) -> Section:
    """The cluster as a spec describes it.

    `seen` was read with the answers' account as the federation's. `queues` are the classes of jobs
    that policies know, `clusters` all on the same accounting database.
    """
    groups = _groups(seen, answers.partitions)
    root = seen.associations.get(answers.account or "")
    here = [name for name in queues if f"{seen.prefix}-{name}" in seen.qos]
    slurm: dict[str, Tree] = {
        "cluster": seen.cluster,
        "version": seen.settings.get("SLURM_VERSION", "{}.{:02}".format(*seen.version)),
        **({"database": {"name": answers.database}} if answers.database else {}),
        "controller": _controller(login),
        **({} if _is_shared(seen) else {"shared": False}),
        "allows": list(answers.allows),
        **({"fragment": answers.fragment} if answers.fragment else {}),
        **({"preemption": True} if _preempts(seen) else {}),
        "nodes": [_written(group) for group in groups],
        **_share(root),
        **({"queues": here} if here and len(here) < len(queues) else {}),
    }
    notes = (
        *_node_notes(groups),
        *_limit_notes(root),
        *_database_notes(seen, clusters, answers),
        *_gres_notes(seen),
    )
    return Section({"name": answers.name, "slurm": slurm}, notes, _left(seen, answers))


class _Group(NamedTuple):
    """Nodes that are alike."""

    names: str
    cores: int
    memory: int | None
    gpus: Mapping[str, int]
    untyped: int


def _groups(seen: SlurmModel, partitions: Sequence[str]) -> list[_Group]:
    """All nodes of the partitions, alike ones together, in the order of their names."""
    nodes = {**seen.foreign.partitions, **{n: p.nodes for n, p in seen.partitions.items()}}
    names = {host for partition in partitions for host in expand(nodes[partition])}
    alike: dict[tuple[int, int, tuple[tuple[str, int], ...], int], list[str]] = {}
    for name in sorted(names & seen.nodes.keys()):
        node = seen.nodes[name]
        alike.setdefault((node.cpus, node.memory, _gpus(node), _untyped(node)), []).append(name)
    found = [
        _Group(
            compress(hosts), cores, None if memory <= _NO_MEMORY else memory, dict(gpus), untyped
        )
        for (cores, memory, gpus, untyped), hosts in alike.items()
    ]
    return sorted(found, key=lambda group: expand(group.names))


def _gpus(node: Node) -> tuple[tuple[str, int], ...]:
    """Those whose type is known."""
    typed = ((name.split(":"), count) for name, count in node.gres.items())
    return tuple((parts[1], count) for parts, count in typed if parts[0] == _GPU and parts[1:])


def _untyped(node: Node) -> int:
    return node.gres.get(_GPU, 0)


def _written(group: _Group) -> Mapping[str, Tree]:
    return {
        "names": group.names,
        "cores": group.cores,
        **({} if group.memory is None else {"memory": _memory(group.memory)}),
        **({"gpus": group.gpus} if group.gpus else {}),
    }


def _controller(login: Login) -> Mapping[str, Tree]:
    kind, where = login.key
    stated = {
        "host": login.host,
        "port": login.port if login.port != 22 else None,
        "hostKey": login.host_key,
        "configuration": login.configuration,
        "commands": login.commands,
        "user": login.user,
    }
    return {
        **{key: value for key, value in stated.items() if value is not None},
        "credentials": {"secretRef": {kind: where}},
    }


def _is_shared(seen: SlurmModel) -> bool:
    """Whether others use the cluster too: `root` is everybody's, and nobody's."""
    return bool(seen.foreign.accounts.keys() - {"root"})


def _preempts(seen: SlurmModel) -> bool:
    return seen.settings.get("PreemptType") == "preempt/qos"


def _share(root: Association | None) -> Mapping[str, Tree]:
    """What the federation's account may have at most."""
    limits = {_WORDS[name]: amount for name, amount in _limits(root).items() if name in _WORDS}
    if not limits:
        return {}
    if "memory" in limits:
        written: Mapping[str, Tree] = {**limits, "memory": _memory(limits["memory"])}
    else:
        written = limits
    order = ("cores", "memory", "gpus")
    return {"share": {"ceiling": {key: written[key] for key in order if key in written}}}


def _memory(amount: int) -> str:
    """Slurm counts in MiB."""
    mebi = amount >> 20
    return f"{mebi >> 10} GiB" if mebi % 1024 == 0 else f"{mebi} MiB"


def _limits(root: Association | None) -> Mapping[str, int]:
    return {} if root is None else dict(root.grp_tres or {})


# ── what a spec does not say ──────────────────────────────────────────────────────────────────


def _node_notes(groups: Sequence[_Group]) -> Iterator[str]:
    for group in groups:
        if group.memory is None:
            yield (
                f"{group.names}: Slurm was not told how much memory they have;"
                " add `memory:` once it was"
            )
        if group.untyped:
            yield (
                f"{group.names}: {group.untyped} GPUs whose type Slurm was not told;"
                " add `gpus: {TYPE: COUNT}` once it was"
            )


def _limit_notes(root: Association | None) -> Iterator[str]:
    for name, amount in sorted(_limits(root).items()):
        if name not in _WORDS:
            yield f"the federation's account has GrpTRES={name}={amount}: no spec says it"


def _database_notes(seen: SlurmModel, clusters: Sequence[str], answers: Answers) -> Iterator[str]:
    others = sorted(set(clusters) - {seen.cluster})
    if others and answers.database is None:
        yield (
            f"the accounting database is also that of {', '.join(others)}, which share its QOS;"
            " say what it is called with `--database NAME`"
        )


def _gres_notes(seen: SlurmModel) -> Iterator[str]:
    counted = {name for node in seen.nodes.values() for name in node.gres}
    for name in sorted({each.partition(":")[0] for each in counted} - {_GPU}):
        yield (
            f"nodes count `{name}`: if that is local scratch in GB, add `scratchResource: {name}`"
        )


def _left(seen: SlurmModel, answers: Answers) -> Mapping[str, tuple[str, ...]]:
    """What nobody will touch."""
    found = {
        "account": sorted(seen.foreign.accounts.keys() - {"root"}),
        "QOS": sorted(seen.foreign.qos),
        "partition": sorted(seen.foreign.partitions),
        "reservation": sorted(seen.foreign.reservations),
    }
    ours = {
        "window that no spec describes yet": sorted(seen.reservations),
    }
    return {kind: tuple(names) for kind, names in {**found, **ours}.items() if names}

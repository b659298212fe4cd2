"""What the cluster itself says to what is wanted: names that others have, nodes that are not there.

The daemon's own check misses an unknown account in AllowAccounts and a second default partition.
"""

from collections.abc import Iterator

from srcnet_compiler.diagnostic import Code, Diagnostic, error, warning
from srcnet_compiler.hostlist import compress, expand
from srcnet_compiler.targets.slurm.check.emitted import not_ours, qos_of, refused
from srcnet_compiler.targets.slurm.check.likely import likely_moves
from srcnet_compiler.targets.slurm.check.places import instance_label, label
from srcnet_compiler.targets.slurm.model import SlurmModel
from srcnet_compiler.targets.slurm.model.fragment import fragment_lines
from srcnet_compiler.targets.slurm.model.things import Account, Partition, Reservation, Thing

_TRES_FIELDS = (
    *("GrpTRES", "GrpTRESMins", "GrpTRESRunMins", "MaxTRESPerJob", "MaxTRESPerUser"),
    *("MaxTRESPerAccount", "MinTRESPerJob"),
)


def check_seen(desired: SlurmModel, seen: SlurmModel) -> Iterator[Diagnostic]:
    """Errors where a plan would fail or hurt others, warnings for what somebody should know."""
    yield from _cluster(desired, seen)
    for thing in desired.things():
        yield from _taken(seen, thing)
        yield from _accounts(desired, seen, thing)
        yield from _qos(desired, seen, thing)
        yield from _resources(seen, thing)
        if isinstance(thing, (Partition, Reservation)):
            yield from _nodes(seen, thing)
    yield from _fragment(desired, seen)
    yield from _settings(desired, seen)
    yield from likely_moves(desired, seen)


def _cluster(desired: SlurmModel, seen: SlurmModel) -> Iterator[Diagnostic]:
    name = seen.settings.get("ClusterName", desired.cluster)
    if name != desired.cluster:
        yield refused(
            f"the cluster that answers is called `{name}`, not `{desired.cluster}`",
            instance_label(desired),
            "mend the cluster's name, or its controller",
            desired.instance,
        )


def _taken(seen: SlurmModel, thing: Thing) -> Iterator[Diagnostic]:
    others = {
        "partition": seen.foreign.partitions,
        "account": seen.foreign.accounts,
    }.get(thing.kind, {})
    if thing.name in others:
        yield not_ours(
            f"{thing.kind} `{thing.name}` of the cluster is not ours",
            label(thing, "name"),
            "choose another name: a second one would stop slurmctld or change what is theirs",
            thing.name,
        )


def _accounts(desired: SlurmModel, seen: SlurmModel, thing: Thing) -> Iterator[Diagnostic]:
    known = {*desired.accounts, *seen.accounts, *seen.foreign.accounts}
    named: list[tuple[str, str]] = []
    if isinstance(thing, Partition):
        named = [("AllowAccounts", name) for name in thing.allow_accounts or ()]
    elif isinstance(thing, Reservation):
        named = [("Accounts", name) for name in thing.accounts or ()]
    elif isinstance(thing, Account):
        named = [("Parent", thing.parent)]
    for field, name in named:
        if name not in known:
            yield error(
                Code.UNKNOWN_NAME,
                f"{thing.kind} `{thing.name}` names account `{name}`, which the cluster does not"
                " have and nothing describes",
                label(thing, field),
                help="Slurm would say nothing, and let nobody of it in: mend the name",
                subject=thing.name,
            )


def _qos(desired: SlurmModel, seen: SlurmModel, thing: Thing) -> Iterator[Diagnostic]:
    known = {*desired.qos, *seen.qos, *seen.foreign.qos}
    for field, name in qos_of(thing):
        # those with our prefix are found without a cluster
        if name not in known and not desired.owns_name(name):
            yield error(
                Code.UNKNOWN_NAME,
                f"{thing.kind} `{thing.name}` names QOS `{name}`, which the cluster does not have",
                label(thing, field),
                help="slurmctld would exit, or let nobody in: mend the name",
                subject=thing.name,
            )


def _resources(seen: SlurmModel, thing: Thing) -> Iterator[Diagnostic]:
    tracked = seen.settings.get("AccountingStorageTRES", "").split(",")
    fields = thing.fields()
    for field in _TRES_FIELDS:
        value = fields.get(field)
        for name in value if isinstance(value, dict) else ():
            if name not in tracked and tracked != [""]:
                yield refused(
                    f"the cluster does not count `{name}`, which {thing.kind} `{thing.name}`"
                    " limits",
                    label(thing, field),
                    f"ask the site for `AccountingStorageTRES={name}`, or leave the limit out",
                    thing.name,
                )


def _nodes(seen: SlurmModel, thing: Partition | Reservation) -> Iterator[Diagnostic]:
    if thing.nodes is None or not seen.nodes:
        return
    try:
        missing = [name for name in expand(thing.nodes) if name not in seen.nodes]
    except ValueError:
        return  # found without a cluster
    if missing:
        yield error(
            Code.UNKNOWN_NAME,
            f"the cluster has no node `{compress(missing)}`, which {thing.kind} `{thing.name}`"
            " is to use",
            label(thing, "Nodes"),
            help=f"it has {compress(seen.nodes)}",
            subject=thing.name,
        )


def _fragment(desired: SlurmModel, seen: SlurmModel) -> Iterator[Diagnostic]:
    """What stands in our file on the controller and is not from us."""
    for line in fragment_lines(seen.written):
        if not line.name:
            yield not_ours(
                f"line {line.number} of `{desired.fragment}` is no partition: `{line.text[:60]}`",
                instance_label(desired),
                "somebody wrote it there, and it would be lost: have it moved to slurm.conf",
                desired.instance,
            )


def _settings(desired: SlurmModel, seen: SlurmModel) -> Iterator[Diagnostic]:
    enforced = seen.settings.get("AccountingStorageEnforce", "limits,qos").split(",")
    for word, what in (("limits", "limits"), ("qos", "QOS")):
        if word not in enforced and (desired.qos or desired.associations):
            yield warning(
                Code.REFUSED_BY_SYSTEM,
                f"cluster `{desired.cluster}` does not enforce {what}: ours are written and do"
                " nothing",
                instance_label(desired),
                help=f"ask the site for `AccountingStorageEnforce=…,{word}`",
                subject=desired.instance,
            )
    if seen.settings.get("PreemptType", "preempt/qos") != "preempt/qos":
        for qos in desired.qos.values():
            if qos.preempt:
                yield warning(
                    Code.REFUSED_BY_SYSTEM,
                    f"cluster `{desired.cluster}` does not preempt by QOS: `{qos.name}` waits like"
                    " others",
                    label(qos, "Preempt"),
                    help="preemption is the site's to have: `PreemptType=preempt/qos`",
                    subject=qos.name,
                )

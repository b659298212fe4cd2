"""Slurm: queues as partitions and QOS, projects as accounts, windows as reservations.

Of a cluster that others use too, only what is the federation's is touched. `live` is imported when
a system is met.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from srcnet_compiler.change import Change, Json
from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.federation.compute import SlurmCluster
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import SiteName
from srcnet_compiler.targets.protocol import Reading, Target
from srcnet_compiler.targets.slurm import check, diff, emit, lower
from srcnet_compiler.targets.slurm.model import SlurmModel
from srcnet_compiler.targets.slurm.model.fragment import fragment_lines, without_qos
from srcnet_compiler.targets.slurm.model.things import Partition

if TYPE_CHECKING:
    from srcnet_compiler.targets.slurm.live import Controller


def _check(model: SlurmModel, federation: Federation) -> Iterator[Diagnostic]:
    return check.check(model)


def _connection(
    federation: Federation, model: SlurmModel, environment: Mapping[str, str]
) -> Mapping[str, Json]:
    from srcnet_compiler.targets.slurm import live

    return live.connection(_cluster(federation, model), model, environment)


def _reading_connection(
    federation: Federation, model: SlurmModel, environment: Mapping[str, str]
) -> Mapping[str, Json]:
    from srcnet_compiler.targets.slurm import live

    return live.connection(_cluster(federation, model), model, environment, reading=True)


def _cluster(federation: Federation, model: SlurmModel) -> SlurmCluster:
    return next(c for c in federation.compute.clusters if lower.instance_of(c) == model.instance)


def _connect(connection: Mapping[str, Json]) -> "Controller":
    from srcnet_compiler.targets.slurm import live

    return live.open_connection(connection)


def _read(client: "Controller", desired: SlurmModel) -> Reading[SlurmModel]:
    from srcnet_compiler.targets.slurm import live

    return live.read(client.runner, desired)


def _try_out(
    client: "Controller",
    desired: SlurmModel,
    reading: Reading[SlurmModel],
    changes: Sequence[Change],
) -> Iterator[Diagnostic]:
    """What the site's own Slurm says to all wanted partitions at once, each at its spec place."""
    from srcnet_compiler.targets.slurm import live

    if not any(change.address.kind == Partition.kind for change in changes):
        return
    seen = reading.model
    ours = emit.emit_fragment("", desired)
    yield from check.check_fragment(ours, desired, seen)
    staying = "".join(
        f"{line.text}\n"
        for line in fragment_lines(seen.written)
        if line.name not in desired.partitions
    )
    known = {*desired.qos, *seen.qos, *seen.foreign.qos}
    candidate = without_qos(ours.content + staying, known)
    try:
        yield from check.explain(ours, live.rehearse(client.files, candidate))
    except OSError as trouble:
        yield check.untried(desired, str(trouble))


TARGET: "Target[SlurmModel, Controller]" = Target(
    name="slurm",
    site=lambda model: SiteName(model.site),
    lower=lower.lower,
    emit=emit.emit,
    tasks=lambda model: model.tasks,
    check=_check,
    check_seen=check.check_seen,
    connection=_connection,
    reading_connection=_reading_connection,
    connect=_connect,
    read=_read,
    diff=diff.diff,
    adoptions=diff.adoptions,
    postponed=diff.postponed,
    try_out=_try_out,
    whole=lambda model: model,
)

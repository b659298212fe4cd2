"""Kubernetes: services, interactive work and shared quota on each site's cluster.

Of a cluster that others use too, only what has our label is touched. `live` is imported when a
system is met.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from srcnet_compiler.change import Change, Json
from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.federation.kubernetes import KubernetesCluster
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import SiteName
from srcnet_compiler.targets.kubernetes import check, diff, emit, lower
from srcnet_compiler.targets.kubernetes.model import KubernetesModel
from srcnet_compiler.targets.protocol import Reading, Target

if TYPE_CHECKING:
    from srcnet_compiler.targets.kubernetes.live import Api


def _check(model: KubernetesModel, federation: Federation) -> Iterator[Diagnostic]:
    return check.check(model)


def _connection(
    federation: Federation, model: KubernetesModel, environment: Mapping[str, str]
) -> Mapping[str, Json]:
    from srcnet_compiler.targets.kubernetes import live

    return live.connection(_cluster(federation, model), model, environment)


def _reading_connection(
    federation: Federation, model: KubernetesModel, environment: Mapping[str, str]
) -> Mapping[str, Json]:
    from srcnet_compiler.targets.kubernetes import live

    return live.connection(_cluster(federation, model), model, environment, reading=True)


def _cluster(federation: Federation, model: KubernetesModel) -> KubernetesCluster:
    clusters = federation.kubernetes
    return next(each for each in clusters if lower.instance_of(each) == model.instance)


def _connect(connection: Mapping[str, Json]) -> "Api":
    from srcnet_compiler.targets.kubernetes import live

    return live.open_connection(connection)


def _read(client: "Api", desired: KubernetesModel) -> Reading[KubernetesModel]:
    from srcnet_compiler.targets.kubernetes import live

    return live.read(client, desired)


def _try_out(
    client: "Api",
    desired: KubernetesModel,
    reading: Reading[KubernetesModel],
    changes: Sequence[Change],
) -> Iterator[Diagnostic]:
    """What the API server says to each object, at its spec place."""
    from srcnet_compiler.targets.kubernetes import live

    yield from check.gone(desired, changes)
    there = [each for each in changes if not check.is_gone(desired, each)]
    trial = live.rehearse(client.client, desired, there)
    yield from check.explain(desired, trial.objections)
    if trial.untried:
        yield check.untried(desired, trial.untried)


TARGET: "Target[KubernetesModel, Api]" = Target(
    name="kubernetes",
    site=lambda model: SiteName(model.site),
    lower=lower.models,
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
    whole=lambda model: replace(model, objects={**model.objects, **model.fetched}),
)

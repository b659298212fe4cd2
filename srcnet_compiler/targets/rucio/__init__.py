"""Rucio: storage areas as RSEs, policies as subscriptions and rules."""

from collections.abc import Mapping

from srcnet_compiler.change import Json
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.targets.protocol import Target
from srcnet_compiler.targets.rucio import check, diff, emit, live, lower
from srcnet_compiler.targets.rucio.live import RucioClient
from srcnet_compiler.targets.rucio.model import RucioModel


def _connection(
    federation: Federation, model: RucioModel, environment: Mapping[str, str]
) -> Mapping[str, Json]:
    return live.connection(federation.data, environment)


TARGET: Target[RucioModel, RucioClient] = Target(
    name="rucio",
    lower=lower.lower,
    emit=emit.emit,
    check=check.check,
    connection=_connection,
    connect=live.open_connection,
    read=live.read,
    diff=diff.diff,
    adoptions=diff.adoptions,
)

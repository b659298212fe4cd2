"""SCAPI: what sites say of themselves, as SRCNet's catalogue of sites keeps it.

Only fields that specs state are ours, in entries that specs describe. `live` is imported when a
system is met.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from srcnet_compiler.change import Json
from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.targets.protocol import Reading, Target
from srcnet_compiler.targets.scapi import check, diff, emit, lower
from srcnet_compiler.targets.scapi.model import ScapiModel

if TYPE_CHECKING:
    from srcnet_compiler.targets.scapi.live import Client


def _check(model: ScapiModel, federation: Federation) -> Iterator[Diagnostic]:
    return check.check(model)


def _connection(
    federation: Federation, model: ScapiModel, environment: Mapping[str, str]
) -> Mapping[str, Json]:
    from srcnet_compiler.targets.scapi import live

    assert federation.site_catalogue is not None
    return live.connection(federation.site_catalogue, environment)


def _reading_connection(
    federation: Federation, model: ScapiModel, environment: Mapping[str, str]
) -> Mapping[str, Json]:
    from srcnet_compiler.targets.scapi import live

    assert federation.site_catalogue is not None
    return live.connection(federation.site_catalogue, environment, reading=True)


def _connect(connection: Mapping[str, Json]) -> "Client":
    from srcnet_compiler.targets.scapi import live

    return live.open_connection(connection)


def _read(client: "Client", desired: ScapiModel) -> Reading[ScapiModel]:
    from srcnet_compiler.targets.scapi import live

    return live.read(client, desired)


TARGET: "Target[ScapiModel, Client]" = Target(
    name="scapi",
    site=lambda model: None,
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
    try_out=lambda client, model, reading, changes: (),
    whole=lambda model: model,
)

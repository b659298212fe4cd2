"""Rucio: storage areas as RSEs, policies as subscriptions and rules.

`live` is imported when a system is met: whoever only compiles needs no client.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.change import Json
from srcnet_compiler.federation.membership import Membership
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.targets.protocol import Reading, Rehearsal, Target
from srcnet_compiler.targets.rucio import check, diff, emit, lower
from srcnet_compiler.targets.rucio.model import RucioModel
from srcnet_compiler.targets.rucio.model.lifecycle import Pace

if TYPE_CHECKING:
    from srcnet_compiler.targets.rucio.live import RucioClient


def _lower(
    federation: Federation, analysis: Analysis, members: Membership | None = None
) -> tuple[RucioModel, ...]:
    return lower.lower(federation, analysis)


def _connection(
    federation: Federation, model: RucioModel, environment: Mapping[str, str]
) -> Mapping[str, Json]:
    from srcnet_compiler.targets.rucio import live

    return live.connection(federation.data, environment)


def _reading_connection(
    federation: Federation, model: RucioModel, environment: Mapping[str, str]
) -> Mapping[str, Json]:
    from srcnet_compiler.targets.rucio import live

    data = federation.data
    return live.connection(data, environment, account=data.reads_as, secret=data.read_secret)


def _connect(connection: Mapping[str, Json]) -> "RucioClient":
    from srcnet_compiler.targets.rucio import live

    return live.open_connection(connection)


def _read(client: "RucioClient", desired: RucioModel) -> Reading[RucioModel]:
    from srcnet_compiler.targets.rucio import live

    return live.read(client, desired)


def _rehearse(base: RucioModel, head: RucioModel, day: date) -> Rehearsal | None:
    """Nothing is too much at once: all that would ever be begun is looked at."""
    seen, wanted = check.settled(base, head, day), replace(head, pace=Pace())
    return check.rehearse(wanted, seen, diff.diff(wanted, seen))


TARGET: "Target[RucioModel, RucioClient]" = Target(
    name="rucio",
    site=lambda model: None,
    lower=_lower,
    emit=emit.emit,
    tasks=lambda model: (),
    check=check.check,
    check_seen=check.check_seen,
    connection=_connection,
    reading_connection=_reading_connection,
    connect=_connect,
    read=_read,
    diff=diff.diff,
    adoptions=diff.adoptions,
    try_out=lambda client, model, reading, changes: (),
    whole=lambda model: model,
    prove=check.prove,
    rehearse=_rehearse,
    postponed=diff.postponed,
    overdue=check.overdue,
    as_of_day=diff.as_of_day,
    rebalancing=diff.rebalancing,
    notes=diff.notes,
)

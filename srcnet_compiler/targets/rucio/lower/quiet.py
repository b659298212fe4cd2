"""Freezes and downtimes to days on which data are left alone. Nothing of it is emitted."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.targets.rucio.lower.areas import name_of
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.quiet import Quiet

_MOMENT = timedelta(microseconds=1)


def quiet(federation: Federation) -> Iterator[Quiet]:
    """Every day that one touches is quiet as a whole: a run's transfers go on for hours."""
    for freeze in federation.limits.freezes:
        why = f"the freeze is over ({freeze.reason})"
        yield Quiet(why, freeze.start.date(), _last(freeze.end))
    for down in federation.downtimes:
        rses = {
            name
            for area in federation.areas.values()
            if down.of in (area.site, area.name, area.name_today)
            for name in _names(federation, area)
        }
        if rses:
            why = f"`{down.name}` is over ({down.of} is down: {down.reason})"
            yield Quiet(why, down.start.date(), _last(down.end), frozenset(rses))


def _last(end: datetime) -> date:
    return (end - _MOMENT).date()


def _names(federation: Federation, area: StorageArea) -> tuple[RseName, RseName]:
    return RseName(area.name_today), name_of(federation, area)

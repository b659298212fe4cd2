"""Reading RSEs and the links between them.

One export has all of both; where the account may not export (by Rucio's generic policy only root
may), they are asked for one by one.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, TypeAlias

from srcnet_compiler.quantity import Bytes
from srcnet_compiler.targets.rucio.live import answers
from srcnet_compiler.targets.rucio.live.answers import Answer
from srcnet_compiler.targets.rucio.live.client import RucioClient
from srcnet_compiler.targets.rucio.live.look import Look, unreadable
from srcnet_compiler.targets.rucio.model import Distance, Rse, RucioModel, Stored
from srcnet_compiler.targets.rucio.model.names import RseName

Storage: TypeAlias = tuple[dict[RseName, Rse], dict[str, Distance]]
_UNSEEN: Mapping[str, Any] = {}


def storage(look: Look, desired: RucioModel) -> Callable[[], Storage]:
    """Asks for the wanted RSEs, those that are to be renamed, and the wanted links."""
    names = sorted({*desired.rses, *desired.renames.values()})
    if not names:
        return lambda: ({}, {})
    # The slowest answer of all: on its way before anything else.
    export = look.ask(lambda client: client.export_data(distance=bool(desired.distances)))
    rows = look.ask(lambda client: {row["rse"]: row for row in client.list_rses()})
    limits = {
        name: look.ask(_limits(name))
        for name in names
        if name not in desired.rses or desired.rses[name].limits
    }

    stored = {name: look.ask(_stored(name)) for name in names if name in desired.closing}

    def taken() -> Storage:
        exported = _exported(export)
        there = look.take(rows, None, Rse.kind)
        if there is None:  # an export has almost as much
            there = exported.get("rses") or {}
            if not exported:
                look.miss(Distance.kind, "", "without the list of RSEs they cannot be looked for")
        links = exported.get("distances")
        wanted = [
            d for d in desired.distances.values() if {d.source, d.destination} <= there.keys()
        ]
        asked = {} if links is not None else {d.name: look.ask(_distance(d)) for d in wanted}
        rses = dict(_rses(look, [there[n] for n in names if n in there], exported, limits))
        for name, answer in stored.items():
            if name in rses:
                rses[name] = replace(rses[name], stored=look.take(answer, None, "usage", name))
        if links is None:
            found = ((d, look.take(asked[d.name], None, d.kind, d.name)) for d in wanted)
        else:
            found = ((d, _link(links, d)) for d in wanted)
        return rses, {
            d.name: Distance(d.source, d.destination, value)
            for d, value in found
            if value is not None
        }

    return taken


def _exported(export: Future[Any]) -> Mapping[str, Any]:
    """Nothing where it is refused or does not work: one by one may."""
    try:
        return dict(export.result())
    except unreadable():
        return {}


def _rses(
    look: Look,
    rows: Iterable[Answer],
    exported: Mapping[str, Any],
    limits: Mapping[RseName, Future[Mapping[str, int]]],
) -> Iterable[tuple[RseName, Rse]]:
    """Also those with a gap, as far as they were seen: they are not absent."""
    details: Mapping[str, Any] = exported.get("rses") or {}
    missing = [row["rse"] for row in rows if row["rse"] not in details]
    asked = {name: look.ask(_details(name)) for name in missing}
    for row in rows:
        name = RseName(row["rse"])
        if name in asked:
            detail = look.take(asked[name], _UNSEEN, Rse.kind, name, absent="RSENotFound")
        else:
            detail = details[name]
        limit = look.take(limits[name], _UNSEEN, Rse.kind, name) if name in limits else _UNSEEN
        try:
            seen = answers.rse(row, detail.get("attributes") or {}, detail, limit)
        except unreadable() as error:
            look.miss(Rse.kind, name, f"its answer makes no sense: {error}")
            seen = answers.rse(row, {}, {}, {})
        yield seen.name, seen


def _details(name: str) -> Callable[[RucioClient], Answer]:
    """As an export has them."""
    return lambda client: {**client.get_rse(name), "attributes": client.list_rse_attributes(name)}


def _limits(name: str) -> Callable[[RucioClient], Mapping[str, int]]:
    return lambda client: dict(client.get_rse_limits(name))


def _stored(name: str) -> Callable[[RucioClient], Stored | None]:
    """What the server has counted; None where it has not yet."""

    def ask(client: RucioClient) -> Stored | None:
        counts = (row for row in client.get_rse_usage(name) if row["source"] == "rucio")
        found = next(counts, None)
        return None if found is None else Stored(found["files"] or 0, Bytes(found["used"] or 0))

    return ask


def _distance(link: Distance) -> Callable[[RucioClient], int | None]:
    return lambda client: answers.distance(client.get_distance(link.source, link.destination))


def _link(links: Mapping[str, Any], link: Distance) -> int | None:
    found = (links.get(link.source) or {}).get(link.destination)
    return None if found is None else int(found["distance"])

"""Reading RSEs and the links between them.

One export has all of both; where the account may not export (by Rucio's generic policy only root
may), they are asked for one by one.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
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
from srcnet_compiler.targets.rucio.model.requirement import COUNTS_BY, TIER

Storage: TypeAlias = tuple[dict[RseName, Rse], dict[str, Distance]]
_UNSEEN: Mapping[str, Any] = {}
_FEW = 200
"""So many RSEs are looked at one by one to find one that may have been renamed by hand."""


def storage(look: Look, desired: RucioModel) -> Callable[[], Storage]:
    """Asks for the wanted RSEs, those to be renamed, others that our rules mean, and wanted links.

    A link is found under the names that its ends are to have.
    """
    known = {*desired.rses, *desired.renames.values(), *desired.set_aside}
    if not known:
        return lambda: ({}, {})
    # The slowest answer of all: on its way before anything else.
    export = look.ask(lambda client: client.export_data(distance=bool(desired.distances)))
    rows = look.ask(lambda client: {row["rse"]: row for row in client.list_rses()})
    meant = look.ask(_meant(desired))
    limits = {
        name: look.ask(_limits(name))
        for name in sorted(known - desired.set_aside.keys())
        if name not in desired.rses or desired.rses[name].limits
    }
    stored = {name: look.ask(_stored(name)) for name in sorted(known & desired.closing.keys())}

    def taken() -> Storage:
        exported = _exported(export)
        there = look.take(rows, None, Rse.kind)
        if there is None:  # an export has almost as much
            there = exported.get("rses") or {}
            if not exported:
                look.miss(Distance.kind, "", "without the list of RSEs they cannot be looked for")
        links = exported.get("distances")
        wanted = [(d, _today(d, desired, there)) for d in desired.distances.values()]
        wanted = [(d, now) for d, now in wanted if {now.source, now.destination} <= there.keys()]
        asked = {} if links is not None else {d.name: look.ask(_distance(now)) for d, now in wanted}
        others = look.take(meant, (), Rse.kind, absent="InvalidRSEExpression")
        alike = _alike(look, desired, there, exported, known)
        names = sorted({*known, *others, *alike} & there.keys())
        rses = dict(_rses(look, [there[n] for n in names], exported, limits))
        _miss_by_later_name(look, desired)
        for name, answer in stored.items():
            if name in rses:
                rses[name] = replace(rses[name], stored=look.take(answer, None, "usage", name))
        held = {name: look.ask(_held(name, desired.owner)) for name in _leaving(desired, rses)}
        for name, locks in held.items():
            rses[name] = replace(rses[name], holds=look.take(locks, frozenset(), "rule"))
        if links is None:
            found = ((d, look.take(asked[d.name], None, d.kind, d.name)) for d, _ in wanted)
        else:
            found = ((d, _link(links, now)) for d, now in wanted)
        return rses, {
            d.name: Distance(d.source, d.destination, value)
            for d, value in found
            if value is not None
        }

    return taken


def _meant(desired: RucioModel) -> Callable[[RucioClient], tuple[str, ...]]:
    """Asks the server which RSEs have a tier that a rule of ours may ask for."""
    phases = (phase for each in desired.lifecycles.values() for phase in each.phases)
    tiers = {tier for phase in phases for tier in phase.requirement.copies}
    expression = "|".join(f"{TIER}={tier}" for tier in sorted(tiers))

    def ask(client: RucioClient) -> tuple[str, ...]:
        found = client.list_rses(rse_expression=expression) if tiers else ()
        return tuple(row["rse"] for row in found)

    return ask


def _alike(
    look: Look,
    desired: RucioModel,
    there: Collection[str],
    exported: Mapping[str, Any],
    known: Collection[str],
) -> list[str]:
    """RSEs that no spec describes, with an endpoint of one that is wanted and not there: perhaps
    they are the same. Not looked for where that would take long."""
    absent = (
        rse
        for name, rse in desired.rses.items()
        if name not in there and desired.renames.get(name) not in there
    )
    wanted = {protocol.key for rse in absent for protocol in rse.protocols}
    strangers = sorted(name for name in there if name not in known)
    details: Mapping[str, Any] = exported.get("rses") or {}
    unseen = [name for name in strangers if name not in details]
    if not wanted or len(unseen) > _FEW:
        return []
    asked = {name: look.ask(_details(name)) for name in unseen}
    found: list[str] = []
    for name in strangers:
        try:
            detail = asked[name].result() if name in asked else details[name]
            keys = {answers.protocol(each).key for each in detail.get("protocols") or ()}
        except unreadable():
            continue  # nothing is planned for it
        found += [name] if keys & wanted else []
    return found


def _today(link: Distance, desired: RucioModel, there: Collection[str]) -> Distance:
    """The link by the names that its ends have now."""
    ends = (link.source, link.destination)
    source, destination = (n if n in there else desired.renames.get(n, n) for n in ends)
    return replace(link, source=source, destination=destination)


def _miss_by_later_name(look: Look, desired: RucioModel) -> None:
    """An RSE that is to be renamed and was not seen is in doubt under its later name as well."""
    later = {before: after for after, before in desired.renames.items()}
    for gap in tuple(look.gaps):
        name = RseName(gap.under.name)
        if gap.under.kind == Rse.kind and name in later:
            look.miss(Rse.kind, later[name], gap.reason)


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


def _leaving(desired: RucioModel, rses: Mapping[RseName, Rse]) -> Iterator[RseName]:
    """The RSEs that count, and are to count elsewhere or no more."""
    for after, wanted in sorted(desired.rses.items()):
        name = after if after in rses else desired.renames.get(after, after)
        found = rses.get(name)
        if found is None or TIER not in found.attributes:
            continue
        if any(found.attributes.get(key) != wanted.attributes.get(key) for key in COUNTS_BY):
            yield name


def _held(name: RseName, owner: str) -> Callable[[RucioClient], frozenset[str]]:
    """The owner's rules that have data on the RSE."""

    def ask(client: RucioClient) -> frozenset[str]:
        locks = client.get_dataset_locks_by_rse(name)
        return frozenset(str(lock["rule_id"]) for lock in locks if lock["account"] == owner)

    return ask


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

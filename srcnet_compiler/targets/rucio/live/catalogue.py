"""All that Rucio has of some namespaces, in bulk, as rows of a snapshot.

Names of data sets by namespace, then for `AT_ONCE` of them their metadata, what the server counts
of them on each RSE, and their locks; then rules are listed by namespace, streamed. The server
counts copies in the background. Where it counts no whole copy of a data set, its files are looked
at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, TypeAlias, TypeVar

from srcnet_compiler.catalogue.model import MARK, NOTHING, Kept, Row
from srcnet_compiler.targets.protocol import UnreachableError
from srcnet_compiler.targets.rucio.live.client import RucioClient
from srcnet_compiler.targets.rucio.live.errors import in_plain_words
from srcnet_compiler.targets.rucio.live.look import Look
from srcnet_compiler.targets.rucio.live.rules import DATASET, OURS

AT_ONCE = 500
"""Data sets in one question; the server takes up to 1000."""
AHEAD = 16
"""Questions that are out at a time, each for so many data sets: answers wait in memory."""
Rows: TypeAlias = tuple[str, Sequence[Row]]
"""Rows of one of the tables that a snapshot is made from."""
_T = TypeVar("_T")
_Dids: TypeAlias = list[dict[str, str]]
_RULES_AT_ONCE = 10_000


def list_catalogue(
    client: RucioClient,
    namespaces: Collection[str],
    owner: str,
    columns: Mapping[str, str],
    kept: Kept = NOTHING,
) -> Iterator[Rows]:
    """Every data set of the namespaces with its rules, copies and locks, as it comes, but for what
    is `kept`; marks say what belongs together.

    `columns` are the server's names of what policies select by. Raises UnreachableError where
    anything cannot be read: half a catalogue is none. RefusedError passes.
    """
    with in_plain_words(client.host), Look(client, client.host) as look:
        there = client.list_scopes()
        if not all(isinstance(scope, str) for scope in there):
            raise UnreachableError(f"{client.host} answers nonsense: its scopes are no names")
        for scope in sorted(set(there) & set(namespaces) - kept.done):
            yield from _data_sets(look, client, scope, columns, kept.names.get(scope, ()))
            yield from _rules(client, scope, owner)  # after them: none is without its rules
            yield MARK, [(scope,)]


def list_collection(
    client: RucioClient, scope: str, name: str, owner: str, columns: Mapping[str, str]
) -> list[Rows]:
    """One data set, as `list_catalogue` lists all of them; nothing where there is none."""
    with in_plain_words(client.host):
        dids = [{"scope": scope, "name": name}]
        if not list(client.get_metadata_bulk(dids)):
            return []
        rules = [_rule(raw, owner) for raw in client.list_did_rules(scope, name)]
        return [("rules", rules), *_read(client, dids, columns)]


def _rules(client: RucioClient, scope: str, owner: str) -> Iterator[Rows]:
    listed = client.list_replication_rules({"scope": scope, "did_type": DATASET})
    for some in _parts(listed, _RULES_AT_ONCE):
        yield "rules", [_rule(raw, owner) for raw in some]


def _rule(raw: Mapping[str, Any], owner: str) -> Row:
    """A rule with a successor ends only when that one is complete: until then it has no end."""
    counts = [int(raw[f"locks_{state}_cnt"]) for state in ("ok", "replicating", "stuck")]
    return (
        raw["scope"],
        raw["name"],
        raw["id"],
        raw["account"],
        raw["account"] == owner and (raw["comments"] or "").startswith(OURS),
        int(raw["copies"]),
        raw["rse_expression"],
        raw["comments"],
        raw["state"],
        None if raw.get("child_rule_id") else _moment(raw["expires_at"]),
        counts[0],
        sum(counts),
    )


def _data_sets(
    look: Look, client: RucioClient, scope: str, columns: Mapping[str, str], kept: Collection[str]
) -> Iterator[Rows]:
    names = client.list_dids(scope, [{}], did_type="dataset")
    asked = []
    for part in _parts((name for name in names if name not in kept), AT_ONCE):
        dids = [{"scope": scope, "name": str(name)} for name in part]
        asked.append(look.ask(partial(_read, dids=dids, columns=columns)))
        if len(asked) >= AHEAD:
            yield from asked.pop(0).result()
    for answer in asked:
        yield from answer.result()


def _parts(things: Iterable[_T], size: int) -> Iterator[list[_T]]:
    left = iter(things)
    while part := list(islice(left, size)):
        yield part


def _read(client: RucioClient, dids: _Dids, columns: Mapping[str, str]) -> list[Rows]:
    rows = list(client.get_metadata_bulk(dids))
    open_ones = [_did(row) for row in rows if row["is_open"] or row["length"] is None]
    sizes = _sizes(client, open_ones) if open_ones else {}
    found = {row["name"]: _collection(row, columns, sizes) for row in rows}
    counted = {
        (each["name"], each["rse"]): (int(each["available_length"] or 0), each["available_bytes"])
        for each in client.list_dataset_replicas_bulk(dids)
    }
    whole = {name for (name, _), (files, _) in counted.items() if files >= _files(found.get(name))}
    others = [_did(row) for row in rows if row["name"] not in whole and _files(found[row["name"]])]
    held = {key: value for key, value in counted.items() if key[0] in whole and value[0]}
    held |= _by_files(client, others) if others else {}
    scope = dids[0]["scope"]
    typed = [{**did, "type": "dataset"} for did in dids]
    locks = [
        (lock["scope"], lock["name"], lock["rse"], lock["rule_id"])
        for lock in client.get_locks_for_dids(typed)
        if str(lock["state"]) in ("OK", "O")
    ]
    return [
        ("collections", list(found.values())),
        ("held", [(scope, *key, files, int(size or 0)) for key, (files, size) in held.items()]),
        ("locks", locks),
        (MARK, [(None,)]),
    ]


def _collection(
    row: Mapping[str, Any], columns: Mapping[str, str], sizes: Mapping[str, tuple[int, int]]
) -> Row:
    selected = [row.get(columns[key]) for key in ("product", "telescope", "campaign")]
    files, size = sizes.get(row["name"], (int(row["length"] or 0), int(row["bytes"] or 0)))
    created = _moment(row["created_at"])
    if created is None:
        raise UnreachableError(
            f"the server does not say when {row['scope']}:{row['name']} was made"
        )
    return (
        row["scope"],
        row["name"],
        *(None if value is None else str(value) for value in selected),
        created,
        not row["is_open"],
        files,
        size,
    )


def _files(row: Row | None) -> int:
    return int(row[7]) if row is not None and isinstance(row[7], int) else 0


def _sizes(client: RucioClient, dids: _Dids) -> dict[str, tuple[int, int]]:
    """Files and bytes of data sets, by their content."""
    sizes: dict[str, tuple[int, int]] = {did["name"]: (0, 0) for did in dids}
    for file in client.bulk_list_files(dids):
        files, size = sizes[file["parent_name"]]
        sizes[file["parent_name"]] = files + 1, size + int(file["bytes"] or 0)
    return sizes


def _by_files(client: RucioClient, dids: _Dids) -> dict[tuple[str, str], tuple[int, int]]:
    """Files and bytes of data sets on each RSE, by their files' own copies."""
    parents: dict[tuple[str, str], list[str]] = defaultdict(list)
    for file in client.bulk_list_files(dids):
        parents[file["scope"], file["name"]].append(file["parent_name"])
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for copy in client.list_replicas(dids):
        for rse, state in copy["states"].items():
            for name in parents[copy["scope"], copy["name"]] if state == "AVAILABLE" else ():
                files, size = found.get((name, rse), (0, 0))
                found[name, rse] = files + 1, size + int(copy["bytes"] or 0)
    return found


def _did(row: Mapping[str, Any]) -> dict[str, str]:
    return {"scope": row["scope"], "name": row["name"]}


def _moment(value: datetime | str | None) -> datetime | None:
    """The client makes times of texts that look like its own."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value).replace(tzinfo=None)

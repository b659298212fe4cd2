"""What must be seen of a Rucio before data are recalled: some data sets, and where room is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from srcnet_compiler.targets.rucio.live import answers
from srcnet_compiler.targets.rucio.live.client import RucioClient
from srcnet_compiler.targets.rucio.live.errors import in_plain_words
from srcnet_compiler.targets.rucio.live.rules import OURS
from srcnet_compiler.targets.rucio.model import Dataset, RucioModel
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.subscription import parse_filter


@dataclass(frozen=True, slots=True)
class SeenForRecall:
    """Data sets with the rules of ours on them; when those end that have an end, by id, in UTC;
    and how many bytes our rules may still lock on each RSE that is there and may be written."""

    datasets: Mapping[str, Dataset]
    ends: Mapping[str, datetime]
    room: Mapping[RseName, int]


def look_for_recall(
    client: RucioClient, desired: RucioModel, dids: Sequence[tuple[str, str]]
) -> SeenForRecall:
    """One request for each data set, and four for all. Raises UnreachableError, RefusedError."""
    filters = [parse_filter(dict(life.filter)) for life in desired.lifecycles.values()]
    columns = sorted({column for each in filters for column in each.metadata})
    with in_plain_words(client.host):
        rows = client.get_metadata_bulk([{"scope": scope, "name": name} for scope, name in dids])
        datasets: dict[str, Dataset] = {}
        ends: dict[str, datetime] = {}
        for row in rows:
            found = answers.dataset(row, columns)
            rules = [
                raw
                for raw in client.list_did_rules(found.scope, found.name)
                if raw["account"] == desired.owner and (raw["comments"] or "").startswith(OURS)
            ]
            datasets[found.did] = _with_rules(found, rules)
            ends |= {r["id"]: r["expires_at"] for r in rules if r["expires_at"] is not None}
        return SeenForRecall(datasets, ends, _room(client, desired.owner))


def _with_rules(dataset: Dataset, rules: Iterable[Mapping[str, object]]) -> Dataset:
    read = (answers.rule(raw) for raw in rules)
    return replace(dataset, rules=tuple(sorted(read, key=lambda rule: (rule.comments, rule.id))))


def _room(client: RucioClient, owner: str) -> dict[RseName, int]:
    """The server lists what it counts in the background, some minutes late."""
    open_ones = {row["rse"] for row in client.list_rses() if row.get("availability_write", True)}
    limits = client.get_local_account_limits(owner)
    used = {row["rse"]: int(row["bytes"] or 0) for row in client.get_local_account_usage(owner)}
    return {
        RseName(rse): max(0, int(min(limit, 2**62)) - used.get(rse, 0))
        for rse, limit in limits.items()
        if rse in open_ones
    }

"""What the server answers, as our model says it: one function for each kind of object.

Raises ValueError, KeyError or TypeError for an answer that makes no sense.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from srcnet_compiler.change import Json
from srcnet_compiler.quantity import Bytes
from srcnet_compiler.targets.rucio.model import (
    Dataset,
    Fields,
    Protocol,
    Rse,
    Rule,
    RuleTemplate,
    Subscription,
)
from srcnet_compiler.targets.rucio.model.names import RseName

Answer: TypeAlias = Mapping[str, Any]

COLUMNS = (
    "rse_type",
    "deterministic",
    "volatile",
    "staging_area",
    "city",
    "region_code",
    "country_name",
    "continent",
    "time_zone",
    "ISP",
    "ASN",
    "longitude",
    "latitude",
    "availability_read",
    "availability_write",
    "availability_delete",
    "qos_class",
)
"""Settings of an RSE that are listed with it."""
DETAILS = ("lfn2pfn_algorithm", "verify_checksum", "sign_url")
"""Settings that are shown with its protocols. The server fills in what was never set."""
OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "lan": ("read", "write", "delete"),
    "wan": ("read", "write", "delete", "third_party_copy_read", "third_party_copy_write"),
}
UNLIMITED = -1
"""An account limit that is written as -1 reads back as Infinity."""

TEMPLATE = frozenset(
    {
        "copies",
        "rse_expression",
        "comments",
        "activity",
        "weight",
        "grouping",
        "ignore_availability",
        "lifetime",
    }
)


def rse(
    row: Answer, attributes: Mapping[str, Any], details: Answer, limits: Mapping[str, Any]
) -> Rse:
    """From a line of `list_rses`; `details` as `get_rse` or an export has them.

    Settings that are null are left out.
    """
    settings = {
        **{key: row.get(key) for key in COLUMNS},
        **{key: details.get(key) for key in DETAILS},
    }
    return Rse(
        name=RseName(row["rse"]),
        settings={key: value for key, value in settings.items() if value is not None},
        attributes={key: _text_or_bool(value) for key, value in attributes.items()},
        protocols=tuple(protocol(each) for each in details.get("protocols") or ()),
        limits={name: int(value) for name, value in limits.items()},
    )


def protocol(raw: Answer) -> Protocol:
    """Every operation gets a priority; 0 where it is not offered, which the server has as null."""
    domains = raw.get("domains") or {}
    return Protocol(
        scheme=raw["scheme"],
        hostname=raw["hostname"],
        port=int(raw["port"]),
        prefix=raw["prefix"],
        impl=raw["impl"],
        domains={
            domain: {name: (domains.get(domain) or {}).get(name) or 0 for name in operations}
            for domain, operations in OPERATIONS.items()
        },
    )


def account_attributes(raw: Iterable[Any]) -> dict[str, str | bool]:
    """The server answers with a list in a list."""
    pairs = [pair for each in raw for pair in (each if isinstance(each, list) else [each])]
    return {pair["key"]: _text_or_bool(pair["value"]) for pair in pairs}


def account_limit(value: float | None) -> Bytes | None:
    """Bytes, UNLIMITED, or None for no limit of its own."""
    if value is None:
        return None
    return Bytes(UNLIMITED if math.isinf(value) else int(value))


def distance(links: Sequence[Answer]) -> int | None:
    """From `get_distance`, which gives the link in a list, or an empty one."""
    return int(links[0]["distance"]) if links else None


def _text_or_bool(value: object) -> str | bool:
    return value if isinstance(value, bool) else str(value)


# ── policies and their data ───────────────────────────────────────────────────────────────────


def subscription_fields(raw: Answer) -> Fields:
    """A subscription as changes speak of it, also one that our model has no words for."""
    return {
        "account": raw["account"],
        "filter": dict(sorted(_decoded(raw["filter"]).items())),
        "replication_rules": [_rule_value(rule) for rule in _decoded(raw["replication_rules"])],
        "comments": raw["comments"] or "",
        "active": raw["state"] != "INACTIVE",
    }


def subscription(raw: Answer) -> Subscription:
    """Raises ValueError for rules with demands that our model has no words for."""
    rules = _decoded(raw["replication_rules"])
    strange = sorted({key for rule in rules for key in _strange(rule)})
    if strange:
        raise ValueError(f"its rules demand what is not ours: {', '.join(strange)}")
    return Subscription(
        name=raw["name"],
        account=raw["account"],
        filter=_decoded(raw["filter"]),
        rules=tuple(_template(rule) for rule in rules),
        comments=raw["comments"] or "",
        active=raw["state"] != "INACTIVE",
    )


def _decoded(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Filter and rules come as JSON in a text."""
    return json.loads(value) if isinstance(value, str) else value


def _rule_value(raw: Answer) -> Json:
    return dict(raw) if _strange(raw) else _template(raw).value()


def _strange(raw: Answer) -> list[str]:
    missing = [key for key in ("copies", "rse_expression") if raw.get(key) is None]
    unknown = [key for key, value in raw.items() if key not in TEMPLATE and value is not None]
    return missing + unknown


def _template(raw: Answer) -> RuleTemplate:
    """With what the transmogrifier and the rule itself take where nothing is said."""
    return RuleTemplate(
        copies=int(raw["copies"]),
        rse_expression=raw["rse_expression"],
        comments=raw.get("comments") or "",
        activity=raw.get("activity") or "User Subscriptions",
        weight=raw.get("weight"),
        grouping=raw.get("grouping") or "DATASET",
        ignore_availability=bool(raw.get("ignore_availability")),
        lifetime=int(raw["lifetime"]) if raw.get("lifetime") else None,
    )


def rule(raw: Answer) -> Rule:
    """From a line of a rule listing. A rule with a child counts until the child is complete."""
    counts = [int(raw[f"locks_{state}_cnt"]) for state in ("ok", "replicating", "stuck")]
    return Rule(
        id=raw["id"],
        copies=int(raw["copies"]),
        rse_expression=raw["rse_expression"],
        comments=raw["comments"] or "",
        state=raw["state"],
        locks_ok=counts[0],
        locks=sum(counts),
        released=raw["expires_at"] is not None and raw.get("child_rule_id") is None,
        moves=raw.get("child_rule_id") is not None,
    )


def rule_fields(raw: Answer) -> Fields:
    """A rule as changes speak of it."""
    template: Any = _template(raw).value()
    return {
        "id": raw["id"],
        "rule": {**template, "account": raw["account"]},
        "released": rule(raw).released,
    }


def dataset(row: Answer, columns: Iterable[str]) -> Dataset:
    """From a line of metadata, without its rules; `columns` as the server's `str` spells them."""
    return Dataset(
        scope=row["scope"],
        name=row["name"],
        columns={key: None if row[key] is None else str(row[key]) for key in columns if key in row},
        closed=not row["is_open"],
        bytes=int(row["bytes"] or 0),
        created=row["created_at"].date() if row.get("created_at") else None,
    )

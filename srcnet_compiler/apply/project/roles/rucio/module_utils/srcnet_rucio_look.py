"""The fields of one object of a Rucio, read now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rucio.common import exception as rucio

if TYPE_CHECKING:
    from rucio.client import Client

Fields = dict[str, Any]

COLUMNS = ("city", "country_name", "continent", "region_code", "time_zone", "ISP", "ASN")


def observe(client: Client, kind: str, name: str, owner: str) -> Fields | None:
    """The fields in the form of a change's fields; None when the object is not there."""
    try:
        return LOOKS[kind](client, name, owner)
    except (rucio.AccountNotFound, rucio.RSENotFound, rucio.ConfigNotFound):
        return None


def _account(client: Client, name: str, owner: str) -> Fields | None:
    found = client.get_account(name)
    if found["status"] == "DELETED":
        return None
    pairs = [pair for each in client.list_account_attributes(name) for pair in each]
    return {
        "type": found["account_type"],
        **{f"attribute.{pair['key']}": pair["value"] for pair in pairs},
    }


def _scope(client: Client, name: str, owner: str) -> Fields | None:
    owners = {each["scope"]: each["account"] for each in client.list_scope_owners()}
    return {"account": owners[name]} if name in owners else None


def _config(client: Client, name: str, owner: str) -> Fields | None:
    value = client.get_config(*name.split("/", 1))
    return {"value": value if isinstance(value, str) else str(value)}


def _rse(client: Client, name: str, owner: str) -> Fields | None:
    facts = client.get_rse(name)
    attributes = client.list_rse_attributes(name)
    settings = {k: v for k, v in facts.items() if k not in ("protocols", "rse", "id", "domain")}
    settings |= {key: attributes[key] for key in COLUMNS if key in attributes}
    return {
        **{f"setting.{key}": value for key, value in settings.items()},
        **{f"attribute.{key}": value for key, value in attributes.items()},
        **{_key(protocol): _value(protocol) for protocol in facts["protocols"]},
        **{f"limit.{key}": value for key, value in client.get_rse_limits(name).items()},
    }


def _key(protocol: Fields) -> str:
    return f"protocol.{protocol['scheme']}://{protocol['hostname']}:{protocol['port']}"


def _value(protocol: Fields) -> Fields:
    domains = {
        name: {key: value for key, value in sorted(priorities.items()) if value}
        for name, priorities in sorted(protocol["domains"].items())
    }
    domains = {name: value for name, value in domains.items() if value}
    return {"prefix": protocol["prefix"], "impl": protocol["impl"], "domains": domains}


def _account_limit(client: Client, name: str, owner: str) -> Fields | None:
    account, rse = name.split("@", 1)
    value = client.get_local_account_limit(account, rse)[rse]
    return None if value is None else {"bytes": value}


def _distance(client: Client, name: str, owner: str) -> Fields | None:
    found = client.get_distance(*name.split(" "))
    return {"distance": found[0]["distance"]} if found else None


def _subscription(client: Client, name: str, owner: str) -> Fields | None:
    for each in client.list_subscriptions(name=name, account=owner):
        return {
            "account": each["account"],
            "filter": json.loads(each["filter"]),
            "replication_rules": json.loads(each["replication_rules"]),
            "comments": each["comments"],
            "active": each["state"] != "INACTIVE",
        }
    return None


LOOKS = {
    "account": _account,
    "scope": _scope,
    "config": _config,
    "rse": _rse,
    "account-limit": _account_limit,
    "distance": _distance,
    "subscription": _subscription,
}

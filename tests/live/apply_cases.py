"""Plans to be carried out on a real Rucio, what must be there before, and what is there after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, Json, SystemName
from srcnet_compiler.demo.rucio_server import RucioServer
from srcnet_compiler.plan.build import waves
from srcnet_compiler.plan.model import Binding, Plan

if TYPE_CHECKING:
    from rucio.client import Client

INSTANCE = "srcnet"
KEY = f"rucio/{INSTANCE}"
PRIORITIES = {"read": 1, "write": 1, "delete": 1}
IMPL = "rucio.rse.protocols.gfal.Default"


def connection(server: RucioServer, owner: str = "root", **more: Json) -> dict[str, Json]:
    """How `apply` reaches the server as root; `owner` has our rules and subscriptions."""
    return {
        "rucio_host": server.url,
        "auth_host": server.url,
        "auth_type": "userpass",
        "account": server.account,
        "creds": {"username": server.username, "password": server.password},
        "owner": owner,
        "timeout": 60,
        **more,
    }


def address(kind: str, name: str) -> Address:
    return Address("rucio", INSTANCE, kind, name)


def change(kind: str, name: str, action: Action, *fields: tuple[str, Json, Json]) -> Change:
    needs: tuple[Address, ...] = ()
    if kind == "distance":
        needs = tuple(address("rse", rse) for rse in name.split(" "))
    if kind == "account-limit":
        account, rse = name.split("@")
        needs = (address("account", account), address("rse", rse))
    made = tuple(FieldChange(*field) for field in fields)
    return Change(address(kind, name), action, made, Impact.ADDITIVE, needs=needs)


def create(kind: str, name: str, **fields: Json) -> Change:
    return new(kind, name, fields)


def new(kind: str, name: str, fields: dict[str, Json]) -> Change:
    return change(kind, name, Action.CREATE, *((key, None, fields[key]) for key in fields))


def update(kind: str, name: str, *fields: tuple[str, Json, Json]) -> Change:
    return change(kind, name, Action.UPDATE, *fields)


def plan_of(*changes: Change) -> Plan:
    return Plan(
        (SystemName("rucio", INSTANCE),), Binding("specs", "artifacts", "tool"), waves(changes)
    )


def rse_fields(region: str, host: str) -> dict[str, Json]:
    return {
        "setting.rse_type": "DISK",
        "attribute.srcnet_region": region,
        "attribute.srcnet_tier": "online",
        "attribute.srcnet_weight": "12",
        f"protocol.davs://{host}:443": protocol("/data"),
        "limit.MaxSpaceAvailable": 4 * 10**15,
    }


def protocol(prefix: str, read: int = 1) -> Json:
    wan = {**PRIORITIES, "read": read, "third_party_copy_read": 1, "third_party_copy_write": 1}
    return {
        "prefix": prefix,
        "impl": IMPL,
        "domains": {"lan": dict.fromkeys(PRIORITIES, 0), "wan": wan},
    }


def template(expression: str, comments: str) -> dict[str, Json]:
    return {
        "copies": 1,
        "rse_expression": expression,
        "grouping": "DATASET",
        "activity": "User Subscriptions",
        "ignore_availability": True,
        "comments": comments,
    }


def subscription(account: str, scope: str, expression: str, comments: str) -> dict[str, Json]:
    return {
        "account": account,
        "filter": {"did_type": ["DATASET"], "scope": [f"^{scope}$"]},
        "replication_rules": [template(expression, f"{comments}/0")],
        "comments": comments,
        "active": True,
    }


class Mixed:
    """A plan of some 80 changes of every kind and action. `tag`: three letters, new each time."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.up = tag.upper()
        self.scope = f"{tag}-old"
        self.released: dict[str, str] = {}

    def prepare(self, client: Client) -> None:
        """What the plan expects to find."""
        up, tag = self.up, self.tag
        for number in range(4):
            name = f"{up}-OLD-{number}"
            client.add_rse(name, rse_type="DISK")
            client.add_rse_attribute(name, "srcnet_region", "africa")
            client.add_rse_attribute(name, "srcnet_gone", "x")
            for host in ("one.org", "two.org"):
                value: Any = protocol("/old")
                place = {"scheme": "davs", "hostname": host, "port": 443}
                client.add_protocol(name, {**place, **value})
            client.set_rse_limits(name, "MaxSpaceAvailable", 10**12)
            client.set_local_account_limit("root", name, 10**15)
        client.add_distance(f"{up}-OLD-0", f"{up}-OLD-1", {"distance": 1})
        client.add_distance(f"{up}-OLD-1", f"{up}-OLD-0", {"distance": 1})
        client.add_account(f"{tag}-old", "SERVICE", "")
        client.add_account_attribute(f"{tag}-old", "srcnet_role", "first")
        client.add_account(f"{tag}-dead", "USER", "")
        client.delete_account(f"{tag}-dead")
        client.set_config_option(f"{tag}-conf", "old", "1")
        client.add_scope("root", self.scope)
        for number in range(6):
            client.add_dataset(self.scope, f"d{number}")
        for number in range(4, 6):
            comments = f"srcnet:{tag}/fresh/0"
            (self.released[f"d{number}"],) = client.add_replication_rule(
                [{"scope": self.scope, "name": f"d{number}"}],
                1,
                f"{up}-OLD-1",
                comment=comments,
                activity="User Subscriptions",
            )
        for number in range(2):
            value = subscription("root", tag, f"{up}-OLD-1", f"srcnet:{tag}/old")
            client.add_subscription(
                f"{tag}-old-{number}",
                "root",
                value["filter"],
                value["replication_rules"],
                value["comments"],
                False,
                False,
                False,
            )

    def plan(self) -> Plan:
        return plan_of(*self._new(), *self._changed())

    def _new(self) -> Iterator[Change]:
        up, tag = self.up, self.tag
        for number in range(3):
            account = f"{tag}-a{number}"
            fields: dict[str, Json] = {"type": "SERVICE", "attribute.srcnet_role": "x"}
            yield new("account", account, fields)
        yield new("account", f"{tag}-dead", {"type": "SERVICE"})
        for number in range(3):
            yield create("config", f"{tag}-conf/key{number}", value=str(number))
            yield create("scope", f"{tag}-s{number}", account="root")
        names = [f"{up}-NEW-{number}" for number in range(8)]
        for number, name in enumerate(names):
            yield new("rse", name, rse_fields("europe", f"host{number}.org"))
            yield create("account-limit", f"{tag}-a0@{name}", bytes=10**15)
            for other in names[number + 1 : number + 4]:
                yield create("distance", f"{name} {other}", distance=1)
        for number in range(4):
            yield new(
                "subscription",
                f"{tag}-new-{number}",
                subscription("root", f"{tag}{number}", f"{up}-OLD-1", f"srcnet:{tag}/new"),
            )
            comments = f"srcnet:{tag}/fresh/1"
            rule: Json = {**template(f"{up}-OLD-2", comments), "account": "root"}
            yield create("rule", f"{self.scope}:d{number} {comments}", rule=rule)

    def _changed(self) -> Iterator[Change]:
        up, tag = self.up, self.tag
        for number in range(3):
            yield update(
                "rse",
                f"{up}-OLD-{number}",
                ("setting.city", None, "Cape Town"),
                ("attribute.srcnet_region", "africa", "europe"),
                ("attribute.srcnet_gone", "x", None),
                ("protocol.davs://one.org:443", protocol("/old"), protocol("/new", read=2)),
                ("protocol.davs://two.org:443", protocol("/old"), None),
                ("protocol.root://three.org:1094", None, protocol("/three")),
                ("limit.MaxSpaceAvailable", 10**12, 2 * 10**12),
            )
        yield change(
            "rse",
            f"{up}-OLD-2",
            Action.RETIRE,
            ("setting.availability_write", True, False),
        )
        renamed = (f"{up}-OLD-3", f"{up}-RENAMED")
        yield change("rse", renamed[1], Action.RENAME, ("name", *renamed))
        yield update("rse", renamed[1], ("attribute.srcnet_region", "africa", "asia"))
        yield update(
            "account",
            f"{tag}-old",
            ("type", "SERVICE", "USER"),
            ("attribute.srcnet_role", "first", "second"),
        )
        yield change("scope", self.scope, Action.ADOPT, ("account", "root", "root"))
        yield update("config", f"{tag}-conf/old", ("value", "1", "2"))
        yield update("distance", f"{up}-OLD-0 {up}-OLD-1", ("distance", 1, 3))
        yield update("distance", f"{up}-OLD-1 {up}-OLD-0", ("distance", 1, 3))
        yield update("account-limit", f"root@{up}-OLD-0", ("bytes", 10**15, 2 * 10**15))
        before = subscription("root", tag, f"{up}-OLD-1", f"srcnet:{tag}/old")
        after = subscription("root", f"{tag}x", f"{up}-OLD-0", f"srcnet:{tag}/old")
        yield update(
            "subscription",
            f"{tag}-old-0",
            *((key, before[key], after[key]) for key in ("filter", "replication_rules")),
        )
        yield change("subscription", f"{tag}-old-1", Action.RETIRE, ("active", True, False))
        for name, rule_id in sorted(self.released.items()):
            yield change(
                "rule",
                f"{self.scope}:{name} srcnet:{tag}/fresh/0",
                Action.RETIRE,
                ("id", rule_id, rule_id),
                ("released", False, True),
            )

    def seen(self, client: Client) -> Json:
        """All that the server has of this, by its own words, without times and ids; for comparing
        with another one, the tag is cut out."""
        up, tag = self.up, self.tag
        rses = {}
        for row in client.list_rses():
            name = row["rse"]
            if name.startswith(f"{up}-"):
                facts = client.get_rse(name)
                rses[name] = {
                    "facts": {k: facts[k] for k in sorted(facts) if k != "id"},
                    "attributes": client.list_rse_attributes(name),
                    "limits": client.get_rse_limits(name),
                    "distances": [
                        [other, found[0]["distance"]]
                        for other in sorted(r["rse"] for r in client.list_rses())
                        if other.startswith(f"{up}-")
                        and other != name
                        and (found := client.get_distance(name, other))
                    ],
                }
        accounts = {}
        for row in client.list_accounts():
            name = row["account"]
            if name.startswith(f"{tag}-"):
                found = client.get_account(name)
                attributes = list(client.list_account_attributes(name))
                accounts[name] = [found["account_type"], found["status"], attributes]
        seen = {
            "rses": rses,
            "accounts": accounts,
            "limits": {
                account: {
                    rse: limit
                    for rse, limit in client.get_local_account_limits(account).items()
                    if rse.startswith(f"{up}-")
                }
                for account in ("root", *accounts)
            },
            "scopes": sorted(
                (row["scope"], row["account"])
                for row in client.list_scope_owners()
                if row["scope"].startswith(f"{tag}-")
            ),
            "config": client.get_config(f"{tag}-conf"),
            "subscriptions": sorted(
                [s["name"], s["filter"], s["replication_rules"], s["comments"], s["state"]]
                for s in client.list_subscriptions(account="root")
                if s["name"].startswith(f"{tag}-")
            ),
            "rules": sorted(
                [
                    *(rule["name"], rule["account"], rule["rse_expression"], rule["copies"]),
                    *(rule["comments"], rule["activity"], rule["expires_at"] is not None),
                ]
                for number in range(6)
                for rule in client.list_did_rules(self.scope, f"d{number}")
            ),
        }
        text = json.dumps(seen, sort_keys=True, default=str)
        return json.loads(text.replace(tag, "tag").replace(up, "TAG"))

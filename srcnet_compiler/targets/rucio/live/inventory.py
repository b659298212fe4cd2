"""Reading all that a Rucio has, in bulk; rules pass one by one and are counted."""

import json
import string
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from srcnet_compiler.quantity import Bytes
from srcnet_compiler.targets.rucio.live import answers
from srcnet_compiler.targets.rucio.live.answers import Answer
from srcnet_compiler.targets.rucio.live.client import RucioClient
from srcnet_compiler.targets.rucio.live.errors import in_plain_words, sentence
from srcnet_compiler.targets.rucio.live.look import Look, unreadable
from srcnet_compiler.targets.rucio.model import Rse
from srcnet_compiler.targets.rucio.model.inventory import Inventory, RulePattern, Subscribed
from srcnet_compiler.targets.rucio.model.names import RseName

LIMIT = "MaxSpaceAvailable"
FIRST = string.ascii_lowercase + string.digits
"""What names of accounts begin with. The server takes `_` for any sign, and a `*` for any text."""
_NOTHING: Mapping[str, Any] = {}


def take_inventory(client: RucioClient, instance: str) -> Inventory:
    """Everything, or UnreachableError, RefusedError where a listing breaks off or is refused.

    Only an RSE that cannot be seen alone is left for what it is: it is among `unread`.
    """
    with in_plain_words(client.host), Look(client, instance) as look:
        # In the order of their slowness.
        rules = [look.ask(_rules_of(f"{sign}*")) for sign in FIRST]
        export = look.ask(lambda each: dict(each.export_data(distance=False)))
        rows = look.ask(lambda each: [dict(row) for row in each.list_rses()])
        subscriptions = look.ask(_subscriptions)
        scopes = look.ask(lambda each: [dict(row) for row in each.list_scope_owners()])
        accounts = look.ask(lambda each: [dict(row) for row in each.list_accounts()])

        owners = {str(row["account"]): str(row["type"]) for row in accounts.result()}
        rules += [look.ask(_rules_of(each)) for each in owners if each[0] not in FIRST]
        listed = {str(row["rse"]): row for row in rows.result()}
        limits = {name: look.ask(_limits(name)) for name in sorted(listed)}
        try:
            exported = export.result()
        except unreadable():
            exported = {}
        details = exported.get("rses") or {}
        asked = {name: look.ask(_details(name)) for name in sorted(listed.keys() - details.keys())}
        rses: dict[RseName, Rse] = {}
        unread: dict[RseName, str] = {}
        for name, row in sorted(listed.items()):
            try:
                detail = asked[name].result() if name in asked else details[name]
                attributes = detail.get("attributes") or {}
                seen = answers.rse(row, attributes, detail, limits[name].result())
                rses[seen.name] = seen
            except unreadable() as error:
                unread[RseName(name)] = f"it cannot be read: {sentence(error)}"
        usages = {
            name: look.ask(_total(name)) for name, rse in rses.items() if LIMIT not in rse.limits
        }
        totals = {
            name: total
            for name, answer in usages.items()
            if (total := look.take(answer, None, "usage", name)) is not None
        }
        return Inventory(
            rses=rses,
            accounts=owners,
            scopes={str(row["scope"]): str(row["account"]) for row in scopes.result()},
            rules=sum((counted.result() for counted in rules), Counter()),
            subscriptions=tuple(sorted(subscriptions.result())),
            totals=totals,
            unread=unread,
            exported=bool(exported),
        )


def _limits(name: str) -> Callable[[RucioClient], Mapping[str, int]]:
    return lambda client: dict(client.get_rse_limits(name))


def _details(name: str) -> Callable[[RucioClient], Answer]:
    """As an export has them."""
    return lambda client: {**client.get_rse(name), "attributes": client.list_rse_attributes(name)}


def _total(name: str) -> Callable[[RucioClient], Bytes | None]:
    """What the storage itself reports; Rucio's own count says only what is used."""

    def ask(client: RucioClient) -> Bytes | None:
        rows = (row for row in client.get_rse_usage(name) if row["source"] == "storage")
        total = next((row.get("total") for row in rows), None)
        return Bytes(int(total)) if total else None

    return ask


def _rules_of(accounts: str) -> Callable[[RucioClient], Counter[RulePattern]]:
    """Those of accounts that begin alike, as far as one worker of the server lists them: several
    list at once. A rule is forgotten as soon as it is counted."""
    return lambda client: Counter(_patterns(client, accounts))


def _patterns(client: RucioClient, accounts: str) -> Iterator[RulePattern]:
    for raw in client.list_replication_rules({"account": accounts}):
        yield RulePattern(
            scope=str(raw["scope"]),
            account=str(raw["account"]),
            expression=str(raw["rse_expression"]),
            copies=int(raw["copies"]),
            activity=str(raw["activity"]),
            grouping=str(raw["grouping"]),
            did_type=str(raw["did_type"]),
            lasting=raw["expires_at"] is None,
        )


def _subscriptions(client: RucioClient) -> list[Subscribed]:
    return [
        _subscribed(raw) for raw in client.list_subscriptions() if raw.get("state") != "INACTIVE"
    ]


def _subscribed(raw: Answer) -> Subscribed:
    """Scopes only where its filter has nothing else that a policy could not say as well."""
    wanted, rules = _decoded(raw["filter"]), _decoded(raw["replication_rules"])
    scopes = wanted.get("scope") or ()
    return Subscribed(
        account=str(raw["account"]),
        name=str(raw["name"]),
        scopes=tuple([scopes] if isinstance(scopes, str) else map(str, scopes)),
        asks=tuple((int(rule["copies"]), str(rule["rse_expression"])) for rule in rules),
    )


def _decoded(value: Any) -> Any:  # noqa: ANN401 - JSON
    return json.loads(value) if isinstance(value, str) else value

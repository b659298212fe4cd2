"""Looking at one object, in the very form of a change's fields."""

from collections.abc import Callable, Mapping

from srcnet_compiler.targets.rucio.live import answers
from srcnet_compiler.targets.rucio.live.client import RucioClient
from srcnet_compiler.targets.rucio.live.library import rucio_exceptions
from srcnet_compiler.targets.rucio.model import Account, AccountLimit, Fields
from srcnet_compiler.targets.rucio.model.config import reads_back_as


def observe(client: RucioClient, kind: str, name: str, owner: str) -> Fields | None:
    """The object's fields now; None: it is not there.

    Any client of Rucio's will do, and what it raises passes. `owner` has the subscriptions and
    rules. A rule is named by its dataset and comment.
    """
    rucio = rucio_exceptions()
    absent = (
        rucio.AccountNotFound,
        rucio.ConfigNotFound,
        rucio.DataIdentifierNotFound,
        rucio.RSENotFound,
        rucio.SubscriptionNotFound,
    )
    try:
        return _LOOKS[kind](client, name, owner)
    except absent:
        return None


def _rse(client: RucioClient, name: str, owner: str) -> Fields | None:
    """Place and type stand only in the list of all RSEs."""
    rows = [row for row in client.list_rses() if row["rse"] == name]
    if not rows:
        return None
    return answers.rse(
        rows[0],
        client.list_rse_attributes(name),
        client.get_rse(name),
        client.get_rse_limits(name),
    ).fields()


def _distance(client: RucioClient, name: str, owner: str) -> Fields | None:
    source, _, destination = name.partition(" ")
    distance = answers.distance(client.get_distance(source, destination))
    return None if distance is None else {"distance": distance}


def _account(client: RucioClient, name: str, owner: str) -> Fields | None:
    """A deleted account keeps its name, and is as good as absent."""
    account = client.get_account(name)
    if account["status"] == "DELETED":
        return None
    shown = account["status"] == "ACTIVE"
    attributes = client.list_account_attributes(name) if shown else ()
    kind = account["account_type"]
    return Account(name, kind, answers.account_attributes(attributes)).fields()


def _scope(client: RucioClient, name: str, owner: str) -> Fields | None:
    owners = [each["account"] for each in client.list_scope_owners() if each["scope"] == name]
    return {"account": owners[0]} if owners else None


def _account_limit(client: RucioClient, name: str, owner: str) -> Fields | None:
    account, _, rse = name.partition("@")
    amount = answers.account_limit(client.get_local_account_limit(account, rse).get(rse))
    return None if amount is None else {"bytes": amount}


def _config(client: RucioClient, name: str, owner: str) -> Fields | None:
    section, _, option = name.partition("/")
    return {"value": reads_back_as(client.get_config(section, option))}


def _subscription(client: RucioClient, name: str, owner: str) -> Fields | None:
    found = list(client.list_subscriptions(name=name, account=owner))
    return answers.subscription_fields(found[0]) if found else None


def _rule(client: RucioClient, name: str, owner: str) -> Fields | None:
    """Of two with one comment the one that stays."""
    scope, _, rest = name.partition(":")
    dataset, _, comments = rest.partition(" ")
    found = [
        answers.rule_fields(raw)
        for raw in client.list_did_rules(scope, dataset)
        if (raw["account"], raw["comments"]) == (owner, comments)
    ]
    return min(found, key=lambda fields: bool(fields["released"]), default=None)


_LOOKS: Mapping[str, Callable[[RucioClient, str, str], Fields | None]] = {
    "rse": _rse,
    "distance": _distance,
    "account": _account,
    "scope": _scope,
    AccountLimit.kind: _account_limit,
    "config": _config,
    "subscription": _subscription,
    "rule": _rule,
}

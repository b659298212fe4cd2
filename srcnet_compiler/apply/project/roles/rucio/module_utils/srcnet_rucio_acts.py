"""How each kind of change is done on a Rucio: one function for each kind and action.

Each takes the fields that are still to be set, so that it can go on where a killed run stopped.
What the server accepts is not believed: the caller reads the object back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible.module_utils import srcnet_rucio_recalls
from ansible.module_utils.srcnet_gate import ConflictError, FailedError, Seen, Wire
from rucio.common import exception as rucio

if TYPE_CHECKING:
    from rucio.client import Client

OPERATIONS = {
    "lan": ("read", "write", "delete"),
    "wan": ("read", "write", "delete", "third_party_copy_read", "third_party_copy_write"),
}
OURS = "srcnet:"
"""How the comments of our rules begin."""
BY_ATTRIBUTE = frozenset({"lfn2pfn_algorithm", "verify_checksum", "sign_url"})
"""Shown among the settings of an RSE, kept among its attributes."""


def act(client: Client, owner: str, change: Wire, todo: Sequence[Wire], before: Seen) -> None:
    """Carry the change out. Raises what the client raises, ConflictError or FailedError."""
    kind, action = change["address"]["kind"], change["action"]
    if action == "adopt":
        return
    do = ACTS.get((kind, action))
    if do is None:
        raise FailedError(f"cannot {action} a {kind}")
    do(client, owner, change["address"]["name"], todo, before)


def _values(todo: Sequence[Wire], prefix: str = "") -> dict[str, Any]:
    """Field values by the name behind the prefix."""
    return {
        field["name"][len(prefix) :]: field["after"]
        for field in todo
        if field["name"].startswith(prefix)
    }


def set_account(client: Client, owner: str, name: str, todo: Sequence[Wire], before: Seen) -> None:
    kind: Any = _values(todo).get("type")
    if before is None:
        try:
            client.add_account(name, kind, "")
        except rucio.Duplicate:
            _revive_account(client, name, kind)
    elif kind is not None:
        client.update_account(name, "account_type", kind)
    for key, value in _values(todo, "attribute.").items():
        # Adding one that exists is refused even for a new value; there is no update.
        if (before or {}).get(f"attribute.{key}") is not None:
            client.delete_account_attribute(name, key)
        if value is not None:
            client.add_account_attribute(name, key, str(value))


def _revive_account(client: Client, name: str, kind: str) -> None:
    """A deleted account keeps its name and can only be called back."""
    if client.get_account(name)["status"] == "ACTIVE":
        return
    # Whoever is killed in between leaves it unseen, and not seen with another type.
    client.update_account(name, "account_type", kind)
    client.update_account(name, "status", "ACTIVE")


def add_scope(client: Client, owner: str, name: str, todo: Sequence[Wire], before: Seen) -> None:
    client.add_scope(_values(todo)["account"], name)


def set_config(client: Client, owner: str, name: str, todo: Sequence[Wire], before: Seen) -> None:
    section, option = name.split("/", 1)
    value = _values(todo)["value"]
    if value is None:
        client.delete_config_option(section, option)
    else:
        client.set_config_option(section, option, value)


def set_rse(client: Client, owner: str, name: str, todo: Sequence[Wire], before: Seen) -> None:
    settings = _values(todo, "setting.")
    columns = {key: value for key, value in settings.items() if key not in BY_ATTRIBUTE}
    if before is None:
        try:
            client.add_rse(name, **columns)
        except rucio.Duplicate:
            raise FailedError(
                f"the name belongs to a deleted RSE; an operator can call {name} back with "
                "`rucio-admin` or take another name"
            ) from None
    elif columns:
        client.update_rse(name, columns)
    attributes = _values(todo, "attribute.")
    attributes |= {key: settings[key] for key in settings if key in BY_ATTRIBUTE}
    for key, value in attributes.items():
        if value is None:
            client.delete_rse_attribute(name, key)
        else:
            client.add_rse_attribute(name, key, value)
    for key, value in _values(todo, "protocol.").items():
        _set_protocol(client, name, key, value, before or {})
    for key, value in _values(todo, "limit.").items():
        if value is None:
            client.delete_rse_limits(name, key)
        else:
            client.set_rse_limits(name, key, value)


def _set_protocol(client: Client, rse: str, key: str, value: Wire | None, before: Wire) -> None:
    scheme, _, place = key.partition("://")
    host, _, port = place.rpartition(":")
    if value is None:
        # Without host and port the server takes away every protocol of the scheme.
        client.delete_protocols(rse, scheme, hostname=host, port=int(port))
        return
    known_by = {"scheme": scheme, "hostname": host, "port": int(port)}
    if before.get(f"protocol.{key}") is None:
        client.add_protocol(rse, {**known_by, **value})
        return
    if int(port) == 0:
        # The client leaves a port 0 out, and the server then finds nothing to update.
        if any(
            each.startswith(f"protocol.{scheme}://{host}:")
            for each in before
            if each != f"protocol.{key}"
        ):
            raise FailedError(
                f"{key} cannot be told from other endpoints of {rse}; an operator can"
            )
        client.delete_protocols(rse, scheme, hostname=host)
        client.add_protocol(rse, {**known_by, **value})
        return
    # An operation that is not named keeps its priority: name them all.
    domains = {
        domain: {key: (value["domains"].get(domain) or {}).get(key, 0) for key in keys}
        for domain, keys in OPERATIONS.items()
    }
    client.update_protocols(
        rse, scheme, {**value, "domains": domains}, hostname=host, port=int(port)
    )


def rename_rse(client: Client, owner: str, name: str, todo: Sequence[Wire], before: Seen) -> None:
    client.update_rse(todo[0]["before"], {"name": todo[0]["after"]})


def set_account_limit(
    client: Client, owner: str, name: str, todo: Sequence[Wire], before: Seen
) -> None:
    account, rse = name.split("@", 1)
    value = _values(todo)["bytes"]
    if value is None:
        client.delete_local_account_limit(account, rse)
    else:
        client.set_local_account_limit(account, rse, value)


def set_distance(client: Client, owner: str, name: str, todo: Sequence[Wire], before: Seen) -> None:
    source, destination = name.split(" ")
    distance = {"distance": _values(todo)["distance"]}
    # Updating a link that is not there says True and does nothing.
    if before is None:
        client.add_distance(source, destination, distance)
    else:
        client.update_distance(source, destination, distance)


def add_subscription(
    client: Client, owner: str, name: str, todo: Sequence[Wire], before: Seen
) -> None:
    value = _values(todo)
    client.add_subscription(
        name,
        value["account"],
        value["filter"],
        value["replication_rules"],
        value["comments"],
        lifetime=False,
        retroactive=False,
        dry_run=False,
    )


def update_subscription(
    client: Client, owner: str, name: str, todo: Sequence[Wire], before: Seen
) -> None:
    value = _values(todo)
    names = {"filter": "filter_", "replication_rules": "replication_rules", "comments": "comments"}
    given = {names[key]: value[key] for key in names if key in value}
    if value.get("active") is not False or given:
        client.update_subscription(name, account=before["account"], **given)
    if value.get("active") is False or (given and not before["active"] and "active" not in value):
        # Any update makes it active again.
        client.deactivate_subscription(name, account=before["account"])


def observe_rule(client: Client, owner: str, change: Wire) -> Seen:
    """A rule as a change speaks of it; None when there is none.

    To the server a rule is its DID, account, literal expression and number of copies.
    """
    scope, _, rest = change["address"]["name"].partition(":")
    name = rest.split(" ", 1)[0]
    wanted = _values(change["fields"])
    try:
        rules = list(client.list_did_rules(scope, name))
    except rucio.DataIdentifierNotFound:
        rules = []
        if change["action"] == "create":
            raise ConflictError(f"{scope}:{name} is not there") from None
    if "rule" not in wanted:
        found = [rule for rule in rules if rule["id"] == wanted["id"]]
        if not found:
            return None
        rule = found[0]
        ended = rule["expires_at"] is not None
        suspended = rule["state"] == "SUSPENDED"
        seen = {"id": rule["id"], "comments": rule["comments"], "released": ended}
        until = srcnet_rucio_recalls.end_of(rule, wanted.get("until"))
        return {**seen, "suspended": suspended, "until": until}
    template = wanted["rule"]
    account = template.get("account") or owner
    for rule in rules:
        same = (rule["account"], rule["rse_expression"], rule["copies"])
        if same == (account, template["rse_expression"], template["copies"]):
            return {"rule": _as_template(rule, template), "id": rule["id"]}
    return None


def _as_template(rule: Wire, template: Wire) -> Wire | None:
    """None for a rule of ours that is about to end: it counts for nothing, and can be called back,
    under another name as well. That a recall ends is as it should be."""
    comments = rule["comments"] or ""
    if "until" in template:
        until = srcnet_rucio_recalls.end_of(rule, template["until"])
        return {**template, "comments": comments, "until": until}
    if comments.startswith(OURS) and rule["expires_at"] is not None:
        return None
    return template if comments == template["comments"] else {**template, "comments": comments}


def add_rule(client: Client, owner: str, name: str, todo: Sequence[Wire], before: Seen) -> None:
    template = _values(todo)["rule"]
    until = template.get("until")
    if before is not None:
        client.update_replication_rule(
            before["id"], {"lifetime": None, "comment": template["comments"]}
        )
        return
    scope, _, rest = name.partition(":")
    client.add_replication_rule(
        [{"scope": scope, "name": rest.split(" ", 1)[0]}],
        template["copies"],
        template["rse_expression"],
        account=template.get("account") or owner,
        weight=template.get("weight"),
        grouping=template["grouping"],
        activity=template["activity"],
        ignore_availability=template["ignore_availability"],
        comment=template["comments"],
        lifetime=None if until is None else srcnet_rucio_recalls.lifetime_until(until),
    )


def update_rule(client: Client, owner: str, name: str, todo: Sequence[Wire], before: Seen) -> None:
    """Another comment, a later end for one that ends, or a further try: a suspended rule hears of
    nothing but its state."""
    values = _values(todo)
    options = {"comment": values["comments"]} if "comments" in values else {}
    if "until" in values:
        options["lifetime"] = srcnet_rucio_recalls.lifetime_until(values["until"])
    if values.get("suspended") is False:
        options["state"] = "STUCK"
    client.update_replication_rule(before["id"], options)


def release_rule(client: Client, owner: str, name: str, todo: Sequence[Wire], before: Seen) -> None:
    """Soft: the rule ends in an hour, until then it can be called back.

    The server locks a rule that may lead to tape; what it waits for holds now, so the lock may go.
    """
    if client.get_replication_rule(before["id"])["locked"]:
        client.update_replication_rule(before["id"], {"locked": False})
    client.delete_replication_rule(before["id"], purge_replicas=False)


Act = Callable[["Client", str, str, Sequence[Wire], Seen], None]
ACTS: Mapping[tuple[str, str], Act] = {
    ("account", "create"): set_account,
    ("account", "update"): set_account,
    ("scope", "create"): add_scope,
    ("config", "create"): set_config,
    ("config", "update"): set_config,
    ("rse", "create"): set_rse,
    ("rse", "update"): set_rse,
    ("rse", "rename"): rename_rse,
    ("rse", "retire"): set_rse,
    ("account-limit", "create"): set_account_limit,
    ("account-limit", "update"): set_account_limit,
    ("distance", "create"): set_distance,
    ("distance", "update"): set_distance,
    ("subscription", "create"): add_subscription,
    ("subscription", "update"): update_subscription,
    ("subscription", "retire"): update_subscription,
    ("rule", "create"): add_rule,
    ("rule", "update"): update_rule,
    ("rule", "retire"): release_rule,
}

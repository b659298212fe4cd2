"""Whether the facts hold that a change waits for. Each answer says in words why not yet.

A copy of a file on an RSE is valid when the replica is AVAILABLE and locked OK by a rule of ours
that has no end (or a child, which keeps it until the child is complete), and the RSE counts: not
volatile or staging, with a tier. What cannot be read now is no reason to let another copy go. A
rule's state proves nothing: it is OK before any file was looked at, two rules may lock one replica,
and a lock stays OK after its replica was lost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING

from ansible.module_utils.srcnet_gate import Wire

if TYPE_CHECKING:
    from rucio.client import Client

OWNED_ATTRIBUTES = "srcnet_"
"""How the attributes begin that are the compiler's alone."""
File = tuple[str, str]
"""Scope and name."""
Places = Mapping[str, tuple[str, str]]
"""By RSE on which copies count: its tier, and what must differ between copies."""


def unmet(client: Client, owner: str, wait: Wire) -> str | None:
    """Why the wait goes on; None when its fact holds. What cannot be checked does not hold."""
    check = CHECKS.get(wait["kind"])
    if check is None:
        return f"{wait['text']} (`{wait['kind']}` cannot be checked)"
    try:
        subject = json.loads(wait["subject"])
        return check(client, owner, subject)
    except (json.JSONDecodeError, KeyError, TypeError):
        return f"{wait['text']} (it does not say what to check)"


def copies_valid(client: Client, owner: str, fact: Wire) -> str | None:
    """Every file of the closed dataset has `copies`, so many by tier, all of them on RSEs that
    differ in the attribute `apart` (null: merely on different RSEs), under the rules of `account`
    whose comments begin with `tag`. `tier` is the attribute that names an RSE's tier; on RSEs that
    are `away` no copy is relied on."""
    scope, name, wanted = fact["scope"], fact["name"], fact["copies"]
    did = f"{scope}:{name}"
    if client.get_did(scope, name).get("open"):
        return f"{did} is still open"
    files = {(file["scope"], file["name"]) for file in client.list_files(scope, name)}
    if not files:
        return f"{did} has no files"
    if not wanted or not fact["tag"]:
        raise KeyError("copies, tag")
    copies = _valid_copies(client, fact)
    places = _places(client, {rse for held in copies.values() for rse in held}, fact)
    short = sum(not _suffice(copies.get(file, ()), places, wanted) for file in files)
    if not short:
        return None
    what = ", ".join(f"{count} {tier}" for tier, count in sorted(wanted.items()))
    apart = f", apart by {fact['apart']}" if fact["apart"] else ""
    away = f", none of them on {', '.join(fact['away'])}" if fact.get("away") else ""
    return f"{short} of {len(files)} files of {did} lack valid copies ({what}{apart}{away})"


def rules_moved(client: Client, owner: str, fact: Wire) -> str | None:
    """With these `attributes` the RSE is still meant by every rule of ours that holds data on it,
    and none of these has an expression that is to be gone: one of `without`.

    A rule whose expression no longer means the places of its copies would lead the next file
    elsewhere. A rule that means the RSE all the same keeps its promise whatever was so before;
    but copies of its data set that have to be apart may then be no more.
    """
    rse, attributes = fact["rse"], fact["attributes"]
    ours = [lock for lock in client.get_dataset_locks_by_rse(rse) if lock["account"] == owner]
    columns: Wire = next((row for row in client.list_rses() if row["rse"] == rse), {})
    others = client.list_rse_attributes(rse) if ours else {}
    kept = {name: others[name] for name in others if not name.startswith(OWNED_ATTRIBUTES)}
    gone = fact.get("without", ())
    for lock in ours:
        if not _means(client, lock["rule_id"], rse, columns, {**kept, **attributes}, gone):
            did = f"{lock['scope']}:{lock['name']}"
            return f"rules of ours hold {len(ours)} datasets on {rse}; that of {did} must move"
    return None


def past_end(client: Client, owner: str, fact: Wire) -> str | None:
    """The closed dataset is past the end that its policy sets, by what the server itself says: of
    the day on which it heard of it, and of the day that it is.

    Whoever made the plan had a clock, which may be wrong; two clocks are rarely wrong together.
    """
    scope, name = fact["scope"], fact["name"]
    did, created, end = f"{scope}:{name}", fact["created"], _day(fact["end"])
    if client.get_did(scope, name).get("open"):
        return f"{did} is still open"
    moment = client.get_metadata(scope, name)["created_at"]
    registered = None if moment is None else moment.date()
    if str(registered) != created:
        return f"{did} was registered on {registered}, not on {created}"
    today = client.today()
    if today is None:
        return f"the server does not say what day it is, and {did} ends on {end}"
    return None if end <= today else f"the server says that it is {today}; {did} ends on {end}"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise KeyError(text) from None


def quiet(client: Client, owner: str, fact: Wire) -> str | None:
    """Never: who sends a change knows the day, and sends this only while it is not over."""
    return f"nothing of this is begun before {fact['until']}"


def rse_empty(client: Client, owner: str, fact: Wire) -> str | None:
    """Nothing is stored on the RSE: no locks, and nothing in Rucio's own count, which is late."""
    rse = fact["rse"]
    counted = [row for row in client.get_rse_usage(rse) if row["source"] == "rucio"]
    files = sum(int(row["files"] or 0) for row in counted)
    locked = sum(1 for _ in client.get_dataset_locks_by_rse(rse))
    there = sum(1 for _ in client.list_datasets_per_rse(rse))
    if files or locked or there:
        return f"{rse} still holds {files} files and {max(locked, there)} datasets"
    return None


def _means(
    client: Client, rule: str, rse: str, columns: Wire, attributes: Wire, gone: Collection[str]
) -> bool:
    """Whether the rule's expression means an RSE like this, and is not to be gone; in doubt not."""
    from rucio.common.exception import RuleNotFound

    from srcnet_compiler.targets.rucio.model.expression import (
        ExpressionError,
        RseFacts,
        evaluate,
        parse,
    )
    from srcnet_compiler.targets.rucio.model.names import RseName

    facts = RseFacts(columns=columns, attributes=attributes)
    try:
        expression = client.get_replication_rule(rule)["rse_expression"]
        stays = expression not in gone
        return stays and bool(evaluate(parse(expression), {RseName(rse): facts}))
    except RuleNotFound:
        return True  # it has ended meanwhile
    except ExpressionError:
        return False


CHECKS: Mapping[str, Callable[[Client, str, Wire], str | None]] = {
    "copies-valid": copies_valid,
    "rules-moved": rules_moved,
    "rse-empty": rse_empty,
    "past-end": past_end,
    "quiet": quiet,
}


def _valid_copies(client: Client, fact: Wire) -> Mapping[File, set[str]]:
    """By file, the RSEs with a replica that is there and locked for good."""
    scope, name = fact["scope"], fact["name"]
    locked: dict[File, set[str]] = {}
    for rule in client.list_did_rules(scope, name):
        ours = rule["account"] == fact["account"]
        lasts = rule["expires_at"] is None or rule["child_rule_id"] is not None
        if ours and lasts and (rule["comments"] or "").startswith(fact["tag"]):
            for lock in client.list_replica_locks(rule["id"]):
                if lock["state"] == "OK":
                    locked.setdefault((lock["scope"], lock["name"]), set()).add(lock["rse"])
    there: dict[File, set[str]] = {}
    for file in client.list_replicas([{"scope": scope, "name": name}], all_states=True):
        states = file.get("states") or {}
        there[(file["scope"], file["name"])] = {r for r in states if states[r] == "AVAILABLE"}
    return {file: rses & there.get(file, set()) for file, rses in locked.items()}


def _places(client: Client, rses: Iterable[str], fact: Wire) -> Places:
    places: dict[str, tuple[str, str]] = {}
    for rse in sorted({*rses}.difference(fact.get("away", ()))):
        columns, attributes = client.get_rse(rse), client.list_rse_attributes(rse)
        tier = attributes.get(fact["tier"])
        differs = rse if fact["apart"] is None else attributes.get(fact["apart"])
        counts = not (columns["volatile"] or columns["staging_area"])
        if tier and differs and counts and columns["availability_read"]:
            places[rse] = (str(tier), str(differs))
    return places


def _suffice(rses: Iterable[str], places: Places, wanted: Mapping[str, int]) -> bool:
    """Whether each wanted copy can be given a place of its own: a matching of copies to places."""
    tiers: dict[str, set[str]] = {}
    for rse in rses:
        if rse in places:
            tier, differs = places[rse]
            tiers.setdefault(differs, set()).add(tier)
    taken: dict[str, int] = {}
    copies = [tier for tier, count in wanted.items() for _ in range(count)]

    def find(copy: int, tried: set[str]) -> bool:
        for place in sorted(tiers):
            if copies[copy] in tiers[place] and place not in tried:
                tried.add(place)
                if place not in taken or find(taken[place], tried):
                    taken[place] = copy
                    return True
        return False

    return all(find(copy, set()) for copy in range(len(copies)))

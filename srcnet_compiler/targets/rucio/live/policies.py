"""Reading the owner's subscriptions, the datasets that policies mean, and the rules on these."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import TypeAlias

from srcnet_compiler.targets.rucio.live import answers
from srcnet_compiler.targets.rucio.live.client import RucioClient
from srcnet_compiler.targets.rucio.live.look import Look, unreadable
from srcnet_compiler.targets.rucio.live.rules import OURS, RuleListing, list_rules
from srcnet_compiler.targets.rucio.model import Dataset, RucioModel, Rule, Subscription
from srcnet_compiler.targets.rucio.model.subscription import (
    Did,
    Filter,
    FilterError,
    disjoint,
    matches,
    parse_filter,
)

DATASET = "dataset"
AT_ONCE = 500
"""Datasets in one question for metadata; the server takes up to 1000."""


def subscriptions(look: Look, desired: RucioModel) -> Callable[[], dict[str, Subscription]]:
    """Asks for all subscriptions of the owner, so that those of former plans are seen as well.

    Those of other accounts (a former owner's) that carry our comment and take data of a policy come
    as `account:name`.
    """
    asked = look.ask(lambda client: [dict(raw) for raw in client.list_subscriptions()])
    filters = [parse_filter(dict(each.filter)) for each in desired.subscriptions.values()]

    def taken() -> dict[str, Subscription]:
        found = {}
        for raw in look.take(asked, [], Subscription.kind):
            own = raw.get("account") == desired.owner
            name = str(raw.get("name"))
            marked = str(raw.get("comments")).startswith(OURS)
            try:
                seen = answers.subscription(raw) if own or marked else None
            except unreadable() as error:
                if own and (name in desired.subscriptions or marked):
                    look.miss(Subscription.kind, name, str(error))
                continue
            if seen is not None and own:
                found[name] = seen
            elif seen is not None and _meets(seen, filters):
                found[f"{seen.account}:{name}"] = seen
        return found

    return taken


def datasets(
    look: Look, desired: RucioModel, listing: RuleListing | None
) -> Callable[[Collection[str] | None], dict[str, Dataset]]:
    """Asks for our rules, unless a listing is at hand; then, with the names of all scopes (None:
    not known), for the datasets that a wanted subscription would take.
    """
    filters = [parse_filter(dict(each.filter)) for each in desired.subscriptions.values()]
    if not filters:
        return lambda scopes: {}
    demands = [
        (wanted, {(r.copies, r.rse_expression) for r in each.rules if r.lifetime is None})
        for wanted, each in zip(filters, desired.subscriptions.values(), strict=True)
    ]
    asked = None if listing else look.ask(lambda client: list_rules(client, desired.owner))

    def taken(scopes: Collection[str] | None) -> dict[str, Dataset]:
        if scopes is None:
            look.miss("rule", "", "without the list of scopes no datasets can be looked for")
        meant = sorted(scope for scope in scopes or () if _may_match(filters, scope))
        found = list(_datasets(look, filters, meant))
        rules = listing if asked is None else look.take(asked, None, "rule")
        by_did = {} if rules is None else rules.by_did()
        with_rules = [replace(d, rules=_ordered(by_did.get(d.did, ()))) for d in found]
        return {d.did: d for d in _with_sizes(look, with_rules, demands)}

    return taken


def _meets(subscription: Subscription, filters: Iterable[Filter]) -> bool:
    """Whether it is active and may take data that one of the filters takes."""
    try:
        wanted = parse_filter(dict(subscription.filter))
    except FilterError:
        return False
    return subscription.active and any(not disjoint((wanted, each)) for each in filters)


Demands: TypeAlias = Sequence[tuple[Filter, set[tuple[int, str]]]]
"""Which rules, by copies and expression, datasets get that a filter takes."""


def _with_sizes(look: Look, found: Iterable[Dataset], demands: Demands) -> Iterator[Dataset]:
    """The size of an open dataset is not kept: it is asked for where rules may be added to it.

    Where it cannot be told, no rule is changed: nobody could say how much would move.
    """
    datasets = list(found)
    asked = [d for d in datasets if not d.closed and _may_lack_rules(d, demands)]
    answers_to_come = [
        look.ask(_sizes(asked[start : start + AT_ONCE])) for start in range(0, len(asked), AT_ONCE)
    ]
    unknown: dict[str, int] = {}
    taken = [look.take(answer, unknown, "rule") for answer in answers_to_come]
    sizes = {did: size for found in taken for did, size in found.items()}
    return (replace(d, bytes=sizes.get(d.did, d.bytes)) for d in datasets)


def _may_lack_rules(dataset: Dataset, demands: Demands) -> bool:
    there = {(rule.copies, rule.rse_expression) for rule in dataset.rules if not rule.released}
    did = Did(dataset.scope, dataset.name, "DATASET", dataset.columns)
    return any(matches(wanted, did) and not rules <= there for wanted, rules in demands)


def _sizes(datasets: Iterable[Dataset]) -> Callable[[RucioClient], dict[str, int]]:
    dids = [{"scope": dataset.scope, "name": dataset.name} for dataset in datasets]

    def ask(client: RucioClient) -> dict[str, int]:
        sizes: dict[str, int] = {}
        for file in client.bulk_list_files(dids):
            did = f"{file['parent_scope']}:{file['parent_name']}"
            sizes[did] = sizes.get(did, 0) + int(file["bytes"] or 0)
        return sizes

    return ask


def _ordered(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(sorted(rules, key=lambda rule: (rule.comments, rule.id)))


def _may_match(filters: Iterable[Filter], scope: str) -> bool:
    return any(
        each.scope is None or any(re.match(regex, scope) for regex in each.scope)
        for each in filters
    )


def _datasets(look: Look, filters: Sequence[Filter], scopes: Iterable[str]) -> Iterator[Dataset]:
    """The datasets of the scopes that some filter takes: names first, then their metadata."""
    names = {scope: look.ask(_names(scope)) for scope in scopes}
    asked: list[tuple[str, Future[list[Dataset]]]] = []
    for scope in names:
        listed = look.take(names[scope], [], DATASET, scope)
        asked += [
            (scope, look.ask(_meant(filters, scope, listed[start : start + AT_ONCE])))
            for start in range(0, len(listed), AT_ONCE)
        ]
    for scope, answer in asked:
        yield from look.take(answer, [], DATASET, scope)


def _names(scope: str) -> Callable[[RucioClient], list[str]]:
    return lambda client: [str(n) for n in client.list_dids(scope, [{}], did_type="dataset")]


def _meant(
    filters: Sequence[Filter], scope: str, names: Iterable[str]
) -> Callable[[RucioClient], list[Dataset]]:
    dids = [{"scope": scope, "name": name} for name in names]
    columns = sorted({column for each in filters for column in each.metadata})
    return lambda client: [
        answers.dataset(row, columns)
        for row in client.get_metadata_bulk(dids)
        if any(matches(each, Did(scope, row["name"], row["did_type"], row)) for each in filters)
    ]

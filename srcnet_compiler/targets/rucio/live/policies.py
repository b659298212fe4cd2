"""Reading the owner's subscriptions, the datasets that policies mean, and the rules on these."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace

from srcnet_compiler.targets.rucio.live import answers
from srcnet_compiler.targets.rucio.live.client import RucioClient
from srcnet_compiler.targets.rucio.live.look import Look, unreadable
from srcnet_compiler.targets.rucio.live.rules import OURS, RuleListing, list_rules
from srcnet_compiler.targets.rucio.model import Dataset, RucioModel, Rule, Subscription
from srcnet_compiler.targets.rucio.model.subscription import Did, Filter, matches, parse_filter

DATASET = "dataset"
AT_ONCE = 500
"""Datasets in one question for metadata; the server takes up to 1000."""


def subscriptions(look: Look, desired: RucioModel) -> Callable[[], dict[str, Subscription]]:
    """Asks for all subscriptions of the owner, so that those of former plans are seen as well."""
    asked = look.ask(
        lambda client: {s["name"]: s for s in client.list_subscriptions(account=desired.owner)}
    )

    def taken() -> dict[str, Subscription]:
        found = {}
        for name, raw in look.take(asked, {}, Subscription.kind).items():
            try:
                found[name] = answers.subscription(raw)
            except unreadable() as error:
                if name in desired.subscriptions or str(raw.get("comments")).startswith(OURS):
                    look.miss(Subscription.kind, name, str(error))
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
    asked = None if listing else look.ask(lambda client: list_rules(client, desired.owner))

    def taken(scopes: Collection[str] | None) -> dict[str, Dataset]:
        if scopes is None:
            look.miss("rule", "", "without the list of scopes no datasets can be looked for")
        meant = sorted(scope for scope in scopes or () if _may_match(filters, scope))
        found = list(_datasets(look, filters, meant))
        rules = listing if asked is None else look.take(asked, None, "rule")
        by_did = {} if rules is None else rules.by_did()
        return {d.did: replace(d, rules=_ordered(by_did.get(d.did, ()))) for d in found}

    return taken


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

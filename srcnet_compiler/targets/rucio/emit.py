"""Rucio to files that people read in review: one per site, one per policy, one for the rest."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from srcnet_compiler.artifact import Artifact
from srcnet_compiler.emit.yaml import Sourced, Tree, to_artifact
from srcnet_compiler.span import Span
from srcnet_compiler.targets.rucio.model import (
    Account,
    AccountLimit,
    Distance,
    Origins,
    Rse,
    RucioModel,
    RuleTemplate,
    Subscription,
    Thing,
)
from srcnet_compiler.targets.rucio.model.embargo import Embargo
from srcnet_compiler.targets.rucio.model.lifecycle import Deal, Lifecycle, LifePhase
from srcnet_compiler.targets.rucio.model.shard import BUCKETS, bucket_pattern

CLOSED = "setting.availability_write"


def emit(desired: RucioModel) -> tuple[Artifact, ...]:
    """All files of one Rucio, in order of path."""
    folder = f"rucio/{desired.instance}"
    return (
        _shared(f"{folder}/accounts.yaml", desired),
        _distances(f"{folder}/distances.yaml", desired),
        *_embargoes(f"{folder}/embargoes.yaml", desired),
        *_operators(f"{folder}/operators.md", desired),
        *_policies(folder, desired),
        *_sites(folder, desired),
    )


def _embargoes(path: str, desired: RucioModel) -> Iterator[Artifact]:
    """For those who grant access to data, where there is anything."""
    if not desired.embargoes:
        return
    spans = (
        span
        for each in desired.embargoes.values()
        for found in each.origins.values()
        for span in found
    )
    head = "Who alone may read, up to which age; Rucio controls no reading: for who grants access"
    tree: Tree = {"embargoes": [_embargo(each) for _, each in sorted(desired.embargoes.items())]}
    yield to_artifact(
        path, head, tree, tuple(dict.fromkeys((*desired.origins["instance"], *spans)))
    )


def _embargo(embargo: Embargo) -> Tree:
    origins = embargo.origins
    metadata: dict[str, Tree] = {key: list(found) for key, found in embargo.metadata.items()}
    tree: dict[str, Tree] = {
        "scope": _sourced(embargo.scope, origins, "scope"),
        "metadata": _sourced(metadata, origins, "metadata"),
        "readers": _sourced(embargo.readers, origins, "readers"),
        "until": _sourced(embargo.until, origins, "until"),
        "policy": _sourced(embargo.policy, origins, "policy"),
    }
    return _sourced(tree, origins, "scope")


def _operators(path: str, desired: RucioModel) -> Iterator[Artifact]:
    """What srcnet leaves to the server's operators, where there is anything."""
    if not desired.closing and not desired.config:
        return
    from srcnet_compiler.emit.templates import fill_template

    ending = {str(name): desired.rses[name].origins for name in sorted(desired.closing)}
    places = {name: (*origins[CLOSED], *origins["name"]) for name, origins in ending.items()}
    places |= {name: option.origins["value"] for name, option in sorted(desired.config.items())}
    values = {
        "instance": desired.instance,
        "retired": [
            {"name": name, "reason": why, "spans": places[name]}
            for name, why in sorted(desired.closing.items())
        ],
        "config": [{"name": name, "spans": places[name]} for name in sorted(desired.config)],
    }
    spans = dict.fromkeys(span for found in places.values() for span in found)
    head = (*desired.origins["instance"], *spans)
    yield fill_template(path, "rucio/operators.md.j2", values, head)


def _shared(path: str, desired: RucioModel) -> Artifact:
    tree: dict[str, Tree] = {
        "accounts": [_account(account) for _, account in sorted(desired.accounts.items())],
        "scopes": {
            scope.name: _sourced(scope.account, scope.origins, "account")
            for _, scope in sorted(desired.scopes.items())
        },
        "config": {
            option.name: _sourced(option.value, option.origins, "value")
            for _, option in sorted(desired.config.items())
        },
    }
    spans = _spans(
        desired, (*desired.accounts.values(), *desired.scopes.values(), *desired.config.values())
    )
    return to_artifact(path, "Accounts, scopes and configuration of the federation", tree, spans)


def _account(account: Account) -> Tree:
    origins = account.origins
    attributes: Tree = {
        key: _sourced(value, origins, f"attribute.{key}")
        for key, value in account.attributes.items()
    }
    tree: Tree = {
        "name": account.name,
        "type": account.type,
        **({"attributes": attributes} if account.attributes else {}),
    }
    return _sourced(tree, origins, "type")


def _sourced(value: Tree, origins: Origins, key: str) -> Tree:
    return Sourced(value, origins.get(key, ()))


def _spans(desired: RucioModel, things: Iterable[Thing]) -> tuple[Span, ...]:
    """Every place that has a part in some `things`, and the one that names the folder."""
    # Many things share their places: each tuple is looked into once.
    sets = {id(found): found for thing in things for found in thing.origins.values()}
    spans = (span for found in sets.values() for span in found)
    return tuple(dict.fromkeys((*desired.origins["instance"], *spans)))


def _distances(path: str, desired: RucioModel) -> Artifact:
    """From each source, the destinations at each distance. Every line is due to all areas."""
    by_source: dict[str, dict[str, list[Distance]]] = defaultdict(lambda: defaultdict(list))
    for _, distance in sorted(desired.distances.items()):
        by_source[distance.source][str(distance.distance)].append(distance)
    spans = (*desired.origins["instance"], *desired.origins["distances"])
    tree: Tree = {
        source: {
            distance: [d.destination for d in found]
            for distance, found in sorted(by_distance.items())
        }
        for source, by_distance in by_source.items()
    }
    head = "How far each RSE is from each other: source, distance, destinations"
    return to_artifact(path, head, Sourced(tree, desired.origins["distances"]), spans)


def _policies(folder: str, desired: RucioModel) -> Iterable[Artifact]:
    by_policy: dict[str, list[Subscription]] = defaultdict(list)
    for _, subscription in sorted(desired.subscriptions.items()):
        by_policy[subscription.policy].append(subscription)
    for policy, subscriptions in sorted(by_policy.items()):
        life = desired.lifecycles[policy]
        phases = (origins for phase in life.phases for origins in phase.origins.values())
        spans = (span for found in (*life.origins.values(), *phases) for span in found)
        yield to_artifact(
            f"{folder}/policies/{policy}.yaml",
            f"What happens to data of policy {policy}: when they arrive, and with age",
            {
                "subscriptions": [_subscription(found) for found in subscriptions],
                "lifecycle": Sourced(_lifecycle(life), life.origins["lifecycle"]),
            },
            tuple(dict.fromkeys((*_spans(desired, subscriptions), *spans))),
        )


def _lifecycle(life: Lifecycle) -> Tree:
    """The rules of the first phase are those of the subscriptions."""
    return [_phase(phase, with_rules=bool(number)) for number, phase in enumerate(life.phases)]


def _phase(phase: LifePhase, *, with_rules: bool) -> Tree:
    wanted, origins = phase.requirement, phase.origins
    apart: dict[str, Tree] = {} if wanted.apart is None else {"apart": wanted.apart}
    until: dict[str, Tree] = (
        {} if phase.until is None else {"until": _sourced(str(phase.until), origins, "until")}
    )
    rules: dict[str, Tree] = {
        "rules": _sourced([_deal(deal) for deal in phase.deals], origins, "rules")
    }
    tree: Tree = {
        "phase": wanted.phase,
        **until,
        "copies": _sourced(dict(wanted.copies), origins, "copies"),
        **{key: _sourced(value, origins, "copies") for key, value in apart.items()},
        **(rules if with_rules else {}),
    }
    return _sourced(tree, origins, "phase")


def _deal(deal: Deal) -> Tree:
    names: dict[str, Tree] = (
        {"names": bucket_pattern(deal.buckets)} if len(deal.buckets) < len(BUCKETS) else {}
    )
    return {**names, "replication_rules": [_rule(rule) for rule in deal.rules]}


def _subscription(subscription: Subscription) -> Tree:
    origins = subscription.origins
    filters: Tree = {
        key: value if isinstance(value, str) else list(value)
        for key, value in subscription.filter.items()
    }
    tree: Tree = {
        "name": _sourced(subscription.name, origins, "name"),
        "account": _sourced(subscription.account, origins, "account"),
        "comments": _sourced(subscription.comments, origins, "comments"),
        "filter": _sourced(filters, origins, "filter"),
        "replication_rules": _sourced(
            [_rule(rule) for rule in subscription.rules], origins, "replication_rules"
        ),
    }
    return _sourced(tree, origins, "name")


def _rule(rule: RuleTemplate) -> Tree:
    weight: dict[str, Tree] = {} if rule.weight is None else {"weight": rule.weight}
    return {
        "copies": rule.copies,
        "rse_expression": rule.rse_expression,
        **weight,
        "grouping": rule.grouping,
        "activity": rule.activity,
        "ignore_availability": rule.ignore_availability,
        "comments": rule.comments,
    }


def _sites(folder: str, desired: RucioModel) -> Iterable[Artifact]:
    limits = {limit.rse: limit for limit in desired.account_limits.values()}
    by_site: dict[str, list[Rse]] = defaultdict(list)
    for _, rse in sorted(desired.rses.items()):
        by_site[rse.site].append(rse)
    for site, rses in sorted(by_site.items()):
        yield to_artifact(
            f"{folder}/sites/{site}.yaml",
            f"Storage of {site}",
            {"rses": [_rse(rse, limits.get(rse.name)) for rse in rses]},
            _spans(desired, rses),
        )


def _rse(rse: Rse, limit: AccountLimit | None) -> Tree:
    origins = rse.origins
    protocols: list[Tree] = [
        Sourced(
            {
                "scheme": protocol.scheme,
                "hostname": protocol.hostname,
                "port": protocol.port,
                "prefix": protocol.prefix,
                "impl": protocol.impl,
                "domains": {name: dict(found) for name, found in protocol.domains.items()},
            },
            origins.get(f"protocol.{protocol.key}", ()),
        )
        for protocol in rse.protocols
    ]
    tree: dict[str, Tree] = {
        "name": _sourced(rse.name, origins, "name"),
        "settings": {
            key: _sourced(value, origins, f"setting.{key}")
            for key, value in rse.settings.items()
            if not isinstance(value, (dict, list))
        },
        "attributes": {
            key: _sourced(value, origins, f"attribute.{key}")
            for key, value in sorted(rse.attributes.items())
        },
        "protocols": protocols,
        "limits": {
            key: _sourced(value, origins, f"limit.{key}") for key, value in rse.limits.items()
        },
    }
    if limit is not None:
        tree["account_limits"] = _sourced({limit.account: limit.bytes}, limit.origins, "bytes")
    return _sourced(tree, origins, "existence")

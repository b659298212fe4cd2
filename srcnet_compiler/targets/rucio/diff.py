"""The changes that turn one Rucio into the other: on owned fields only, nothing because absent."""

import json
from collections.abc import Iterable, Iterator, Mapping

from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, Json, Wait
from srcnet_compiler.quantity import format_bytes
from srcnet_compiler.span import Span
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio.model import (
    OWNED_ATTRIBUTES,
    Dataset,
    Distance,
    Fields,
    Rse,
    RucioModel,
    RuleTemplate,
    Subscription,
    Thing,
)
from srcnet_compiler.targets.rucio.model.expression import RseFacts
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import (
    TIER,
    Requirement,
    choices,
    objections,
)
from srcnet_compiler.targets.rucio.model.subscription import Did, Filter, matches, parse_filter

_DECIDES_PLACEMENT = {f"attribute.{TIER}", "attribute.srcnet_region", "attribute.srcnet_site"}
_ADOPTED = {"account", "scope", "rse", "subscription"}
_FOR_PEOPLE = {"setting.city", "setting.latitude", "setting.longitude", "setting.time_zone"}


def diff(desired: RucioModel, observed: Reading[RucioModel]) -> tuple[Change, ...]:
    """Changes in an order in which objects can be made; what nobody could read is left alone."""
    changes = (
        *_renames(desired, observed.model),
        *(
            change
            for thing in desired.things()
            for change in _thing(desired, observed.model, thing)
        ),
        *_ended_subscriptions(desired, observed.model),
        *_datasets(desired, observed.model),
    )
    return tuple(
        change for change in changes if not any(gap.covers(change.address) for gap in observed.gaps)
    )


def adoptions(desired: RucioModel, observed: Reading[RucioModel]) -> tuple[Change, ...]:
    """One change for each wanted object that exists: taking it over, and nothing else."""
    return tuple(
        Change(
            _address(desired, thing.kind, thing.name),
            Action.ADOPT,
            tuple(
                FieldChange(name, value, value, _origin(thing, name))
                for name, value in thing.fields().items()
                if found.fields().get(name) == value
            ),
            Impact.COSMETIC,
            "it exists already",
            drafts=thing.drafts,
        )
        for thing in desired.things()
        if thing.kind in _ADOPTED and (found := _find(observed.model, thing)) is not None
    )


def _address(model: RucioModel, kind: str, name: str) -> Address:
    return Address("rucio", model.instance, kind, name)


def _find(model: RucioModel, thing: Thing) -> Thing | None:
    by_kind: Mapping[str, Mapping[str, Thing]] = {
        "rse": {str(name): rse for name, rse in model.rses.items()},
        "distance": model.distances,
        "account": model.accounts,
        "scope": model.scopes,
        "account-limit": model.account_limits,
        "subscription": model.subscriptions,
        "config": model.config,
    }
    return by_kind[thing.kind].get(thing.name)


def _renames(desired: RucioModel, observed: RucioModel) -> Iterator[Change]:
    for after, before in sorted(desired.renames.items()):
        if before in observed.rses and after not in observed.rses:
            origins = desired.rses[after].origins.get("name", (None,))
            yield Change(
                _address(desired, "rse", after),
                Action.RENAME,
                (FieldChange("name", before, after, origins[0]),),
                Impact.RECONFIGURE,
                f"{before} becomes {after}; its data stay where they are",
            )


def _thing(desired: RucioModel, observed: RucioModel, thing: Thing) -> Iterator[Change]:
    found = _find(observed, thing)
    if found is None and isinstance(thing, Rse) and thing.name in desired.renames:
        found = observed.rses.get(desired.renames[thing.name])
    before = found.fields() if found is not None else {}
    fields = tuple(_fields(thing, before, found is not None))
    if found is not None and not fields:
        return
    action = _action(found is not None, fields)
    yield Change(
        _address(desired, thing.kind, thing.name),
        action,
        fields,
        _impact(found is not None, fields),
        _reason(found, action),
        needs=tuple(_needs(desired, observed, thing)),
        waits=tuple(_waits(thing, found is not None, fields)),
        drafts=thing.drafts,
    )


def _fields(thing: Thing, before: Fields, exists: bool) -> Iterator[FieldChange]:
    after = thing.fields()
    for name, value in after.items():
        if thing.kind == "scope" and exists:
            continue
        if not exists or before.get(name) != value:
            yield FieldChange(name, before.get(name), value, _origin(thing, name))
    for name, value in before.items():
        if name.startswith(f"attribute.{OWNED_ATTRIBUTES}") and name not in after:
            yield FieldChange(name, value, None, _origin(thing, name))


def _origin(thing: Thing, name: str) -> Span | None:
    return next(iter(thing.origins.get(name, ())), None)


def _action(exists: bool, fields: Iterable[FieldChange]) -> Action:
    if not exists:
        return Action.CREATE
    closes = any(f.name == "setting.availability_write" and f.after is False for f in fields)
    return Action.RETIRE if closes else Action.UPDATE


def _reason(found: Thing | None, action: Action) -> str:
    if action is not Action.RETIRE or not isinstance(found, Rse):
        return ""
    if found.stored is None:
        return "it ends; nobody has counted yet what is still there"
    there = f"{found.stored.files} files, {format_bytes(found.stored.bytes)}"
    return f"it ends: closed for writing, with {there} still there; deleting is the operators'"


def _impact(exists: bool, fields: Iterable[FieldChange]) -> Impact:
    names = {field.name for field in fields}
    if not exists:
        return Impact.ADDITIVE
    if names & _DECIDES_PLACEMENT:
        return Impact.MOVES_DATA
    return Impact.COSMETIC if names <= _FOR_PEOPLE else Impact.RECONFIGURE


def _needs(desired: RucioModel, observed: RucioModel, thing: Thing) -> Iterator[Address]:
    """Objects that this one refers to and that do not exist yet."""
    rses: tuple[str, ...] = ()
    if isinstance(thing, Distance):
        rses = (thing.source, thing.destination)
    elif thing.kind == "account-limit":
        rses = (thing.name.partition("@")[2],)
    elif isinstance(thing, Rse) and thing.name in desired.renames:
        rses = (thing.name,)
    for name in rses:
        if RseName(name) not in observed.rses:
            yield _address(desired, "rse", name)
    account = getattr(thing, "account", None)
    if account is not None and account in desired.accounts and account not in observed.accounts:
        yield _address(desired, "account", account)
    if isinstance(thing, Subscription):
        yield from (
            _address(desired, "rse", name)
            for name in sorted(desired.rses)
            if TIER in desired.rses[name].attributes and name not in observed.rses
        )


def _waits(thing: Thing, exists: bool, fields: Iterable[FieldChange]) -> Iterator[Wait]:
    """Where copies may stand is not changed under rules that rely on it."""
    changed = [f for f in fields if f.name in _DECIDES_PLACEMENT and f.before is not None]
    if exists and changed:
        yield Wait(
            "rules-moved",
            json.dumps({"rse": thing.name}),
            f"no rule of ours holds data on {thing.name}",
        )


# ── policies and their data ───────────────────────────────────────────────────────────────────


def _ended_subscriptions(desired: RucioModel, observed: RucioModel) -> Iterator[Change]:
    """Ours, of a policy that lives on in another form or was retired; not of one that is absent."""
    living = {subscription.policy for subscription in desired.subscriptions.values()}
    for name, found in sorted(observed.subscriptions.items()):
        policy = policy_of(found)
        ours = found.account == desired.owner and (policy in living or policy in desired.ended)
        if name in desired.subscriptions or not ours or not found.active:
            continue
        yield Change(
            _address(desired, "subscription", name),
            Action.RETIRE,
            (FieldChange("active", True, False),),
            Impact.RECONFIGURE,
            "other subscriptions of the policy take its data",
            needs=tuple(
                _address(desired, "subscription", other.name)
                for _, other in sorted(desired.subscriptions.items())
                if other.policy == policy and _changes(other, observed)
            ),
        )


def _changes(subscription: Subscription, observed: RucioModel) -> bool:
    found = observed.subscriptions.get(subscription.name)
    return found is None or found.fields() != subscription.fields()


def policy_of(subscription: Subscription) -> str | None:
    """The policy that a subscription of ours is for; None where its comment is not ours."""
    start, _, rest = subscription.comments.partition(":")
    return rest.partition("/")[0] if start == "srcnet" else None


def _datasets(desired: RucioModel, observed: RucioModel) -> Iterator[Change]:
    """The audit: rules that arrival lost are added, pins that have done their work are let go."""
    if not observed.datasets:
        return
    rses = {name: RseFacts(attributes=rse.attributes) for name, rse in desired.rses.items()}
    filters = [
        (subscription, parse_filter(dict(subscription.filter)))
        for _, subscription in sorted(desired.subscriptions.items())
    ]
    for _, dataset in sorted(observed.datasets.items()):
        for subscription, wanted in filters:
            if matches(wanted, _did(dataset, wanted)):
                requirement = desired.requirements[subscription.name]
                yield from _missing(desired, dataset, subscription, requirement, rses)
                yield from _pins(desired, dataset, requirement)


def _did(dataset: Dataset, wanted: Filter) -> Did:
    columns = {key: dataset.columns.get(key) for key in wanted.metadata}
    return Did(dataset.scope, dataset.name, "DATASET", columns)


def _missing(
    desired: RucioModel,
    dataset: Dataset,
    subscription: Subscription,
    requirement: Requirement,
    rses: Mapping[RseName, RseFacts],
) -> Iterator[Change]:
    ours = [r for r in dataset.rules if r.comments.startswith(requirement.tag) and not r.released]
    given = choices([(rule.copies, rule.rse_expression) for rule in ours], rses)
    if ours and not objections(requirement, given, rses):
        return
    there = {rule.rse_expression for rule in ours}
    for template in subscription.rules:
        if template.comments.startswith(requirement.tag) and template.rse_expression not in there:
            yield _add_rule(desired, dataset, subscription, template)


def _add_rule(
    desired: RucioModel, dataset: Dataset, subscription: Subscription, template: RuleTemplate
) -> Change:
    rule: Json = {**_as_mapping(template.value()), "account": desired.owner}
    origin = _origin(subscription, "replication_rules")
    return Change(
        _address(desired, "rule", f"{dataset.did} {template.comments}"),
        Action.CREATE,
        (FieldChange("rule", None, rule, origin),),
        Impact.MOVES_DATA,
        "it has arrived without the rules of its policy",
        moves=template.copies * dataset.bytes,
    )


def _as_mapping(value: Json) -> Mapping[str, Json]:
    assert isinstance(value, Mapping)
    return value


def _pins(desired: RucioModel, dataset: Dataset, requirement: Requirement) -> Iterator[Change]:
    tag = f"srcnet:{requirement.policy}/arrival/pin"
    for rule in dataset.rules:
        if rule.comments == tag and not rule.released and dataset.closed:
            fact = {
                "scope": dataset.scope,
                "name": dataset.name,
                "account": desired.owner,
                "tag": requirement.tag,
                "apart": requirement.apart,
                "tier": TIER,
                "copies": dict(requirement.copies),
            }
            yield Change(
                _address(desired, "rule", f"{dataset.did} {tag}"),
                Action.RETIRE,
                (FieldChange("id", rule.id, rule.id), FieldChange("released", False, True)),
                Impact.RECONFIGURE,
                "the first phase is complete, so the copy where it came in may go",
                waits=(
                    Wait(
                        "copies-valid",
                        json.dumps(fact, sort_keys=True),
                        f"every file of {dataset.did} has its valid copies for "
                        f"{requirement.policy}/{requirement.phase}",
                    ),
                ),
            )

"""Federation to Rucio: areas become RSEs, policies become subscriptions."""

from collections.abc import Iterator

from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.analysis.placement import eligible
from srcnet_compiler.federation.model import Federation, NamespaceRule
from srcnet_compiler.targets.rucio.lower.areas import (
    account_limit,
    distances,
    is_managed,
    name_of,
    to_rse,
)
from srcnet_compiler.targets.rucio.lower.embargoes import embargoes
from srcnet_compiler.targets.rucio.lower.lifecycles import lifecycles, pace
from srcnet_compiler.targets.rucio.lower.places import (
    accepted,
    distance_places,
    set_aside_places,
    written,
)
from srcnet_compiler.targets.rucio.lower.policies import arrivals, requirement, subscriptions_for
from srcnet_compiler.targets.rucio.lower.quiet import quiet
from srcnet_compiler.targets.rucio.model import (
    Account,
    ConfigOption,
    RucioModel,
    Scope,
    Subscription,
)
from srcnet_compiler.targets.rucio.model.config import reads_back_as
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import Requirement


def lower(federation: Federation, analysis: Analysis) -> tuple[RucioModel, ...]:
    """The one Rucio of the federation, without anything that rests on a draft no waiver accepts."""
    data = federation.data
    counted = {area.name for area in eligible(federation)}
    areas = [area for area in federation.areas.values() if is_managed(federation, area)]
    rses = {
        name_of(federation, area): to_rse(federation, area, area.name in counted) for area in areas
    }
    subscriptions: dict[str, Subscription] = {}
    requirements: dict[str, Requirement] = {}
    for placement in arrivals(federation, analysis):
        wanted = requirement(federation, placement)
        for subscription in subscriptions_for(federation, placement, areas):
            subscriptions[subscription.name] = subscription
            requirements[subscription.name] = wanted
    instance = (data.origin.at("name"),)
    return (
        RucioModel(
            instance=data.name,
            owner=data.owner,
            rses=rses,
            distances={d.name: d for d in distances(federation, areas, counted)},
            accounts={account.name: account for account in _accounts(federation)},
            scopes={
                space.name: _scope(federation, space)
                for space in data.namespaces
                if not federation.holds_back(space.drafts, space.name)
            },
            account_limits={
                limit.name: limit
                for area in areas
                for limit in account_limit(federation, area, area.name in counted)
            },
            subscriptions=subscriptions,
            config={option.name: option for option in _config(federation)},
            requirements=requirements,
            lifecycles={each.policy: each for each in lifecycles(federation, analysis)},
            pace=pace(federation),
            quiet=tuple(quiet(federation)),
            renames={
                RseName(move.after): RseName(move.before)
                for move in federation.moved.values()
                if is_managed(federation, federation.areas[move.area])
            },
            ended=frozenset(p.name for p in federation.policies.values() if p.retired),
            set_aside={
                name: set_aside_places(area)
                for area in federation.areas.values()
                if not is_managed(federation, area)
                for name in (RseName(area.name_today), name_of(federation, area))
                if name not in rses
            },
            closing={
                name_of(federation, area): end.reason
                for area in areas
                for end in federation.retired
                if end.area in (area.name, area.name_today)
            },
            origins={"instance": instance, "distances": distance_places(federation)},
            embargoes={each.name: each for each in embargoes(federation)},
        ),
    )


def _accounts(federation: Federation) -> Iterator[Account]:
    data = federation.data
    yield Account(data.owner, "SERVICE", {}, {"type": (data.origin.at("owner"),)})
    acts_as = (data.origin.at("actsAs"),)
    origins = {"type": acts_as, "attribute.admin": acts_as}
    yield Account(data.acts_as, "SERVICE", {"admin": True}, origins)
    for account in data.accounts:
        yield Account(account.name, account.type, {}, {"type": (account.origin.at(),)})


def _scope(federation: Federation, space: NamespaceRule) -> Scope:
    owner = () if space.origin.has("account") else (federation.data.origin.at("owner"),)
    places = (
        *written(space.origin, "account"),
        *owner,
        *written(space.origin, "name", "status"),
        *accepted(federation, space.name),
    )
    return Scope(space.name, space.account, {"account": places}, space.drafts)


def _config(federation: Federation) -> Iterator[ConfigOption]:
    for name, value in federation.data.config.items():
        section, _, option = name.partition("/")
        origin = federation.data.origin.at("config", name)
        yield ConfigOption(section, option, reads_back_as(value), {"value": (origin,)})

"""Federation to Rucio: areas become RSEs, policies become subscriptions."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.analysis.placement import Draw, PhasePlacement, Slot, eligible
from srcnet_compiler.change import Json
from srcnet_compiler.federation.model import DataPolicy, Endpoint, Federation, StorageArea
from srcnet_compiler.names import AreaName
from srcnet_compiler.quantity import Bytes
from srcnet_compiler.span import Span
from srcnet_compiler.targets.rucio.model import (
    Account,
    AccountLimit,
    ConfigOption,
    Distance,
    Origins,
    Protocol,
    Rse,
    RseType,
    RucioModel,
    RuleTemplate,
    Scope,
    Subscription,
)
from srcnet_compiler.targets.rucio.model.expression import attribute
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import TIER, Requirement
from srcnet_compiler.targets.rucio.model.shard import BUCKETS, FALLBACK_EXCLUDED, bucket_pattern
from srcnet_compiler.targets.rucio.model.subscription import anchored

REGION, SITE, ROLE, WEIGHT = "srcnet_region", "srcnet_site", "srcnet_role", "srcnet_weight"
APART = {"region": REGION, "site": SITE, "area": None}
_GIGABYTE = 10**9
_DAYS = 86_400

_IMPLEMENTATIONS = {
    "davs": "rucio.rse.protocols.gfal.Default",
    "dav": "rucio.rse.protocols.gfal.Default",
    "https": "rucio.rse.protocols.gfal.Default",
    "http": "rucio.rse.protocols.gfal.Default",
    "root": "rucio.rse.protocols.gfal.Default",
    "roots": "rucio.rse.protocols.gfal.Default",
    "s3s": "rucio.rse.protocols.gfal.NoRename",
    "file": "rucio.rse.protocols.posix.Default",
}


def lower(federation: Federation, analysis: Analysis) -> tuple[RucioModel, ...]:
    """The one Rucio of the federation, without anything that rests on a draft no waiver accepts."""
    data = federation.data
    counted = {area.name for area in eligible(federation)}
    areas = [area for area in federation.areas.values() if _is_managed(federation, area)]
    rses = {_name(federation, area): _rse(federation, area, area.name in counted) for area in areas}
    subscriptions: dict[str, Subscription] = {}
    requirements: dict[str, Requirement] = {}
    for placement in _arrivals(federation, analysis):
        wanted = _requirement(placement)
        for subscription in _subscriptions(federation, placement, areas):
            subscriptions[subscription.name] = subscription
            requirements[subscription.name] = wanted
    return (
        RucioModel(
            instance=data.name,
            owner=data.owner,
            rses=rses,
            distances={d.name: d for d in _distances(federation, areas, counted)},
            accounts={account.name: account for account in _accounts(federation)},
            scopes={
                space.name: Scope(
                    space.name, space.account, {"account": (space.origin.at(),)}, space.drafts
                )
                for space in data.namespaces
                if not space.drafts or federation.waives_drafts(space.name)
            },
            account_limits={
                limit.name: limit
                for area in areas
                for limit in _account_limit(federation, area, area.name in counted)
            },
            subscriptions=subscriptions,
            config={option.name: option for option in _config(federation)},
            requirements=requirements,
            renames={
                RseName(move.after): RseName(move.before)
                for move in federation.moved.values()
                if _is_managed(federation, federation.areas[move.area])
            },
            ended=frozenset(p.name for p in federation.policies.values() if p.retired),
        ),
    )


def _is_managed(federation: Federation, area: StorageArea) -> bool:
    accepted = not area.drafts or federation.waives_drafts(area.name, area.site)
    return area.enabled and bool(area.endpoints) and accepted


def _name(federation: Federation, area: StorageArea) -> RseName:
    move = federation.moved.get(area.name)
    return RseName(move.after if move else area.name_today)


# ── storage areas ─────────────────────────────────────────────────────────────────────────────


def _rse(federation: Federation, area: StorageArea, counts: bool) -> Rse:
    site, tier = federation.sites[area.site], federation.tiers[area.tier]
    settings: dict[str, Json] = {
        "rse_type": (RseType.TAPE if tier.archive else RseType.DISK).value,
        "deterministic": area.deterministic,
        "volatile": tier.volatile,
        "country_name": area.country,
        "city": site.city,
        "latitude": site.latitude,
        "longitude": site.longitude,
        "time_zone": site.timezone,
        "availability_write": False if area.retired else None,
    }
    return Rse(
        name=_name(federation, area),
        settings={key: value for key, value in settings.items() if value is not None},
        attributes=dict(_attributes(area, counts)),
        protocols=tuple(
            _protocol(endpoint, priority) for priority, endpoint in enumerate(area.endpoints, 1)
        ),
        limits={} if area.capacity is None else {"MaxSpaceAvailable": area.capacity},
        site=area.site,
        origins=_rse_origins(federation, area),
        drafts=area.drafts,
    )


def _attributes(area: StorageArea, counts: bool) -> Iterator[tuple[str, str | bool]]:
    """Areas that do not count carry no tier, so that no policy's expression ever means them."""
    yield SITE, area.site
    if area.region is not None:
        yield REGION, area.region
    if counts:
        yield TIER, area.tier
        yield WEIGHT, str(max(1, (area.pledged or 0) // _GIGABYTE))
    if area.role == "ingest" and area.environment == "production":
        yield ROLE, area.role
    transfers = area.transfers
    if transfers.fts is not None:
        yield "fts", transfers.fts
    if transfers.tokens is not None:
        yield "oidc_support", transfers.tokens
    if transfers.archive_timeout is not None:
        yield "archive_timeout", str(transfers.archive_timeout)


def _protocol(endpoint: Endpoint, priority: int) -> Protocol:
    own = {"read": priority, "write": priority, "delete": priority}
    copy = priority if endpoint.third_party_copy else 0
    remote = {**own, "third_party_copy_read": copy, "third_party_copy_write": copy}
    return Protocol(
        endpoint.protocol,
        endpoint.host,
        endpoint.port,
        endpoint.path,
        _IMPLEMENTATIONS[endpoint.protocol],
        {"lan": own, "wan": remote},
    )


def _rse_origins(federation: Federation, area: StorageArea) -> Origins:
    here, site = area.origin, federation.sites[area.site].origin
    tier = federation.tiers[area.tier].origin
    counting = _standing(federation, area)
    return {
        "name": _name_origin(federation, area),
        "setting.rse_type": (here.at("tier"), tier.at("media")),
        "setting.deterministic": (here.at("layout"),),
        "setting.volatile": (here.at("tier"), tier.at("volatile")),
        "setting.country_name": (site.at("country"),),
        "setting.city": (site.at("location", "city"),),
        "setting.latitude": (site.at("location", "latitude"),),
        "setting.longitude": (site.at("location", "longitude"),),
        "setting.time_zone": (site.at("location", "timezone"),),
        "setting.availability_write": tuple(
            end.origin.at()
            for end in federation.retired
            if end.area in (area.name, area.name_today)
        ),
        f"attribute.{SITE}": (site.source_map.span(("metadata", "name")),),
        f"attribute.{REGION}": (site.at("country"), federation.origin.at("regions")),
        f"attribute.{TIER}": (here.at("tier"), *counting),
        f"attribute.{WEIGHT}": (_size_origin(area), *counting),
        f"attribute.{ROLE}": (here.at("role"), here.at("environment")),
        "attribute.fts": (here.at("transfers", "fts"),),
        "attribute.oidc_support": (here.at("transfers", "tokens"),),
        "attribute.archive_timeout": (here.at("transfers", "archiveTimeout"),),
        "limit.MaxSpaceAvailable": (here.at("capacity"),),
        **{
            f"protocol.{endpoint.protocol}://{endpoint.host}:{endpoint.port}": (
                endpoint.origin.at(),
            )
            for endpoint in area.endpoints
        },
    }


def _name_origin(federation: Federation, area: StorageArea) -> tuple[Span, ...]:
    move = federation.moved.get(area.name)
    today = area.origin.at("nameToday" if area.origin.has("nameToday") else "name")
    return (today,) if move is None else (move.origin.at("to"), today)


def _size_origin(area: StorageArea) -> Span:
    return area.origin.at("pledged" if area.origin.has("pledged") else "capacity")


def _standing(federation: Federation, area: StorageArea) -> tuple[Span, ...]:
    """Everything that decides whether copies on an area count."""
    tier, site = federation.tiers[area.tier], federation.sites[area.site]
    return (area.origin.at(), site.origin.at("country"), tier.origin.at())


# ── who may use how much, and how far apart ───────────────────────────────────────────────────


def _accounts(federation: Federation) -> Iterator[Account]:
    data = federation.data
    yield Account(data.owner, "SERVICE", {}, {"type": (data.origin.at("owner"),)})
    acts_as = (data.origin.at("actsAs"),)
    origins = {"type": acts_as, "attribute.admin": acts_as}
    yield Account(data.acts_as, "SERVICE", {"admin": True}, origins)
    for account in data.accounts:
        yield Account(account.name, account.type, {}, {"type": (account.origin.at(),)})


def _account_limit(
    federation: Federation, area: StorageArea, counts: bool
) -> Iterator[AccountLimit]:
    """What our rules may lock: what is pledged, on areas that policies can mean."""
    ingest = area.role == "ingest" and area.environment == "production"
    if area.pledged and (counts or ingest):
        yield AccountLimit(
            federation.data.owner,
            _name(federation, area),
            Bytes(area.pledged),
            area.site,
            {"bytes": (_size_origin(area), *_standing(federation, area))},
            area.drafts,
        )


def _distances(
    federation: Federation, areas: Iterable[StorageArea], counted: set[AreaName]
) -> Iterator[Distance]:
    """Links that a policy can use: from where data are or come in, to where copies may be asked."""
    asked = {
        copies.tier
        for policy in federation.policies.values()
        if _is_in_force(federation, policy)
        for phase in policy.phases
        for copies in phase.copies
    }
    ends = [area for area in areas if area.name in counted and area.tier in asked]
    starts = [*ends, *(area for area in areas if area.role == "ingest")]
    rule = federation.data.origin
    origins = {
        "distance": (
            rule.at("distances"),
            *dict.fromkeys(span for area in starts for span in _standing(federation, area)),
        )
    }
    for start in sorted(starts, key=lambda area: area.name):
        for end in sorted(ends, key=lambda area: area.name):
            if start.name != end.name:
                distance = _how_far(federation, start, end)
                yield Distance(_name(federation, start), _name(federation, end), distance, origins)


def _how_far(federation: Federation, start: StorageArea, end: StorageArea) -> int:
    if start.site == end.site:
        return federation.data.same_site
    same = start.region is not None and start.region == end.region
    return federation.data.same_region if same else federation.data.otherwise


def _config(federation: Federation) -> Iterator[ConfigOption]:
    for name, value in federation.data.config.items():
        section, _, option = name.partition("/")
        origin = federation.data.origin.at("config", name)
        yield ConfigOption(section, option, value, {"value": (origin,)})


# ── policies ──────────────────────────────────────────────────────────────────────────────────


def _is_in_force(federation: Federation, policy: DataPolicy) -> bool:
    accepted = not policy.drafts or federation.waives_drafts(policy.name)
    return accepted and not policy.retired


def _arrivals(federation: Federation, analysis: Analysis) -> Iterator[PhasePlacement]:
    """The first phase of every policy in force: the later ones are not a matter of arrival."""
    for name, placements in groupby(analysis.placements, key=lambda placement: placement.policy):
        first = next(placements)
        if first.draws and _is_in_force(federation, federation.policies[name]):
            yield first


def _requirement(placement: PhasePlacement) -> Requirement:
    copies: dict[str, int] = {}
    for asked in placement.phase.copies:
        copies[asked.tier] = copies.get(asked.tier, 0) + asked.count
    phase = placement.phase
    return Requirement(placement.policy, phase.name, APART[phase.apart], copies)


def _subscriptions(
    federation: Federation, placement: PhasePlacement, areas: Iterable[StorageArea]
) -> Iterator[Subscription]:
    """One per draw, and one for names that fall in no bucket, which follows the largest draw."""
    policy = federation.policies[placement.policy]
    pin = _pin(policy, areas)
    largest = max(placement.draws, key=lambda draw: (len(draw.buckets), draw.slots))
    for draw in placement.draws:
        rules = (*_rules(policy, placement, draw), *pin)
        sharded = len(draw.buckets) < len(BUCKETS)
        shard = {"pattern": bucket_pattern(draw.buckets)} if sharded else {}
        yield _subscription(federation, policy, placement, _title(draw), shard, rules)
        if sharded and draw is largest:
            rest = {"excluded_pattern": FALLBACK_EXCLUDED}
            yield _subscription(federation, policy, placement, "other-names", rest, rules)


def _title(draw: Draw) -> str:
    tiers = {slot.tier for slot in draw.slots}
    if any(not slot.domain for slot in draw.slots):
        return "+".join(sorted(tiers))
    named = (s.domain if len(tiers) == 1 else f"{s.tier}.{s.domain}" for s in draw.slots)
    return "+".join(sorted(named))


def _subscription(
    federation: Federation,
    policy: DataPolicy,
    placement: PhasePlacement,
    title: str,
    shard: Mapping[str, str],
    rules: tuple[RuleTemplate, ...],
) -> Subscription:
    phase = placement.phase
    sizes = dict.fromkeys(
        span
        for areas in placement.domains.values()
        for area in areas
        for span in (_size_origin(area), *_standing(federation, area))
    )
    drawn = (phase.origin.at(), *sizes, federation.origin.at("regions"))
    selects = (policy.origin.at("selects"), federation.data.origin.at("metadata"))
    return Subscription(
        name=f"{policy.name}.arrive.{title}",
        account=federation.data.owner,
        filter={**_filter(federation, policy), **shard},
        rules=rules,
        comments=f"srcnet:{policy.name}/{phase.name}",
        policy=policy.name,
        drafts=policy.drafts,
        origins={
            "name": drawn,
            "account": (federation.data.origin.at("owner"),),
            "filter": (*selects, *drawn) if shard else selects,
            "replication_rules": (
                *drawn,
                policy.origin.at("activity"),
                policy.origin.at("arrives"),
            ),
            "comments": (
                policy.origin.source_map.span(("metadata", "name")),
                phase.origin.at("name"),
            ),
        },
    )


def _filter(federation: Federation, policy: DataPolicy) -> dict[str, str | list[str]]:
    selector, columns = policy.selector, federation.data.columns
    asked: dict[str, list[str]] = {
        "product": [selector.product] if selector.product else [],
        "telescope": list(selector.telescopes),
        "campaign": [selector.campaign] if selector.campaign else [],
    }
    return {
        "scope": [anchored(name) for name in selector.namespaces],
        "did_type": ["DATASET"],
        **{columns[key]: [anchored(v) for v in values] for key, values in asked.items() if values},
    }


def _rules(policy: DataPolicy, placement: PhasePlacement, draw: Draw) -> Iterator[RuleTemplate]:
    """One rule of one copy for each domain; where areas need only differ, one rule for all."""
    for number, (slot, same) in enumerate(groupby(draw.slots)):
        yield RuleTemplate(
            copies=len(list(same)),
            rse_expression=_expression(placement.phase.apart, slot),
            comments=f"srcnet:{policy.name}/{placement.phase.name}/{number}",
            activity=policy.activity,
            weight=WEIGHT,
        )


def _expression(apart: str, slot: Slot) -> str:
    domain = APART[apart]
    tier = attribute(TIER, slot.tier)
    return str(tier if domain is None else attribute(domain, slot.domain) & tier)


def _pin(policy: DataPolicy, areas: Iterable[StorageArea]) -> tuple[RuleTemplate, ...]:
    """Keeps the replica that the producer made until the first phase is complete."""
    there = [a for a in areas if a.role == "ingest" and a.environment == "production"]
    if not any(area.country in policy.ingest for area in there):
        return ()
    expression = str(attribute(ROLE, "ingest"))
    comments = f"srcnet:{policy.name}/arrival/pin"
    return (RuleTemplate(1, expression, comments, policy.activity),)

"""Which spec places decide what: the origins of everything that is emitted.

A line is there because of more than the value on it: that an area is enabled, that its tier is no
draft, that somebody waives that it is one. The most telling place stands first.
"""

from itertools import chain
from typing import TypeAlias

from srcnet_compiler.federation.data_policy import DataPolicy
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.federation.model import accepted as accepted
from srcnet_compiler.federation.sites import class_in
from srcnet_compiler.span import Span
from srcnet_compiler.span import written as written

Spans: TypeAlias = tuple[Span, ...]


# ── storage areas ─────────────────────────────────────────────────────────────────────────────


def name_places(federation: Federation, area: StorageArea) -> Spans:
    """What an area is called in the system."""
    move = federation.moved.get(area.name)
    today = area.origin.at("nameToday" if area.origin.has("nameToday") else "name")
    return (today,) if move is None else (move.origin.at("to"), move.origin.at("area"), today)


def size_place(area: StorageArea) -> Span:
    """How much of an area copies may use."""
    return area.origin.at("pledged" if area.origin.has("pledged") else "capacity")


def existence(federation: Federation, area: StorageArea) -> Spans:
    """What decides that an area is managed at all."""
    site, tier = federation.sites[area.site], federation.tiers[area.tier]
    kind = federation.classes.get(class_in(area.name, federation.classes) or "")
    return (
        *written(area.origin, "name", "enabled", "adopted", "status", "tier"),
        *written(site.origin, "status"),
        *written(tier.origin, "status"),
        *(written(kind.origin, "status") if kind else ()),
        *accepted(federation, area.name, area.site),
    )


def standing(federation: Federation, area: StorageArea) -> Spans:
    """What decides that copies on an area count."""
    site, tier = federation.sites[area.site], federation.tiers[area.tier]
    return (
        *existence(federation, area),
        *written(area.origin, "environment", "role"),
        size_place(area),
        *region_places(federation, area),
        *written(site.origin, "country"),
        *written(tier.origin, "counts"),
    )


def region_places(federation: Federation, area: StorageArea) -> Spans:
    """What puts an area into its region, or into none."""
    regions = ("regions",) if area.region is None else ("regions", area.region)
    return (federation.sites[area.site].origin.at("country"), federation.origin.at(*regions))


def end_places(federation: Federation, area: StorageArea) -> Spans:
    """The documents that end an area."""
    ends = (end.origin for end in federation.retired if end.area in _names_of(area))
    return tuple(span for origin in ends for span in (origin.at("area"), origin.at("reason")))


def set_aside_places(area: StorageArea) -> Spans:
    """What says that an area which is described is not to be used."""
    return (*written(area.origin, "enabled", "status"), area.origin.at("name"))


def _names_of(area: StorageArea) -> tuple[str, str]:
    return (area.name, area.name_today)


# ── what follows from all areas together ──────────────────────────────────────────────────────


def all_standing(federation: Federation) -> Spans:
    """Everything that decides which areas hold copies that count, and how large they are.

    An area that is left out today belongs to it as well: it would be in if it said otherwise.
    """
    areas = ((area.origin.at(),) for area in federation.areas.values())
    sites = (written(site.origin, "country", "status") for site in federation.sites.values())
    tiers = ((tier.origin.at(),) for tier in federation.tiers.values())
    kinds = (written(kind.origin, "status") for kind in federation.classes.values())
    ends = (written(end.origin, "area") for end in federation.retired)
    waived = ((w.origin.at("of"),) for w in federation.waivers if w.kind == "draft")
    moves = (written(m.origin, "from", "site") for m in federation.renamed if m.kind == "site")
    regions = ((federation.origin.at("regions"),),)
    return tuple(
        dict.fromkeys(
            chain.from_iterable((*areas, *sites, *regions, *tiers, *kinds, *ends, *waived, *moves))
        )
    )


def policy_places(federation: Federation, policy: DataPolicy) -> Spans:
    """What decides that a policy is in force."""
    ends = (end.origin.at("policy") for end in federation.retired if end.policy == policy.name)
    return (
        policy.origin.source_map.span(("metadata", "name")),
        *written(policy.origin, "status"),
        *accepted(federation, policy.name),
        *ends,
    )


def distance_places(federation: Federation) -> Spans:
    """What decides which links there are, what their ends are called, and how long they are."""
    asked = (
        (copies.origin.at("tier"), *policy_places(federation, policy))
        for policy in federation.policies.values()
        for phase in policy.phases
        for copies in phase.copies
    )
    beside = (
        (extra.origin.at(), *policy_places(federation, policy))
        for policy in federation.policies.values()
        for extra in policy.extras
    )
    recalls = (
        (recall.origin.at("to", "tier"), *written(recall.origin, "status"))
        for policy in federation.policies.values()
        if (recall := policy.recall) is not None
    )
    ends = (written(end.origin, "policy") for end in federation.retired)
    moves = (written(move.origin, "to", "area") for move in federation.moved.values())
    spans = (federation.data.origin.at("distances"), *all_standing(federation))
    others = chain.from_iterable((*asked, *beside, *recalls, *ends, *moves))
    return tuple(dict.fromkeys(chain(spans, others)))

"""One collection that somebody wants: is it accessible, and if not, where can it be?"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from srcnet_compiler.analysis.placement import eligible
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.federation.rates import Recall
from srcnet_compiler.names import SiteName
from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.review.movement.where import Whereabouts
from srcnet_compiler.review.recall.model import (
    Accessible,
    Asked,
    Decided,
    Impossible,
    Outcome,
    Place,
    Room,
    Running,
    Source,
    Wanted,
)
from srcnet_compiler.review.recall.near import at_site, by_nearness

_DAY = 86_400
_CLOCKS_DIFFER = timedelta(hours=1)
"""An end that is no earlier than this before another is as good."""


def end_of(recall: Recall, day: date) -> datetime:
    """When what is asked for on a day may go: after whole days, the day itself not counted."""
    days = -(-recall.keep // _DAY)
    return datetime(day.year, day.month, day.day) + timedelta(days=days + 1)


def decide(
    federation: Federation,
    found: Whereabouts,
    asked: Asked,
    running: Sequence[Running],
    room: Room,
    day: date,
) -> Decided:
    """What is to be done on a day for what was found; `room` is taken. `running` are the recalls
    of it on the tier that its policy names."""
    outcome = _outcome(federation, found, asked, running, room, day)
    return Decided(found.name, found.bytes, found.created, found.policy, outcome)


def _outcome(
    federation: Federation,
    found: Whereabouts,
    asked: Asked,
    running: Sequence[Running],
    room: Room,
    day: date,
) -> Outcome:
    policy = found.policy
    if policy is None:
        return Impossible("no policy is about it", "its namespace is none that a `DataPolicy` has")
    recall = policy.recall
    if recall is None:
        return Impossible(
            f"`{policy.name}` does not say how its data are recalled",
            f"give the policy a `recall` at {policy.origin.at()}",
        )
    if federation.tiers[recall.tier].archive:
        return Impossible(
            f"`{policy.name}` recalls data to `{recall.tier}`, which is an archive",
            f"name a tier that is reachable at once at {recall.origin.at('to', 'tier')}",
        )
    if recall.near == "requester" and asked.near is None:
        return Impossible(
            f"`{policy.name}` recalls data near who asks, and nobody has said where that is",
            "say `--near` and a site, or a country by its two letters",
        )
    until = end_of(recall, day)
    if areas := tuple(_lasting(found, recall, until)):
        return Accessible(areas)
    return _recalled(federation, found, recall, asked, running, room, until)


def _lasting(found: Whereabouts, recall: Recall, until: datetime) -> Iterator[StorageArea]:
    """Areas on the tier that keep all of it until then, in whatever phase it is."""
    leaving = {
        area.name
        for step in found.steps
        if step.since is None or step.since <= until.date()
        for area in step.settled.released
    }
    for copy in found.copies:
        area = copy.area
        stays = copy.whole and copy.kept and area is not None and area.name not in leaving
        if stays and area is not None and area.tier == recall.tier:
            yield area


def _recalled(
    federation: Federation,
    found: Whereabouts,
    recall: Recall,
    asked: Asked,
    running: Sequence[Running],
    room: Room,
    until: datetime,
) -> Outcome:
    latest = max(running, key=lambda each: (each.is_complete, each.until, each.site), default=None)
    if latest is not None and latest.until >= until - _CLOCKS_DIFFER:
        return Accessible(running=latest)
    sources = _sources(federation, found)
    if latest is not None:
        return Wanted(latest.site, recall.tier, until, sources, longer=latest)
    if not found.bytes:
        return Impossible("it has no data yet", "ask again when it has")
    if not any(copy.whole for copy in found.copies):
        return Impossible("no area has all of it", "`srcnet where --live` says what there is")
    near = asked.near or (at_site(federation, sources[0].area.site) if sources else None)
    return _at_nearest(federation, found, recall, near, sources, room, until)


def _at_nearest(
    federation: Federation,
    found: Whereabouts,
    recall: Recall,
    near: Place | None,
    sources: tuple[Source, ...],
    room: Room,
    until: datetime,
) -> Outcome:
    by_site = _candidates(federation, recall)
    passed: list[tuple[SiteName, str]] = []
    for site in by_nearness((federation.sites[name] for name in by_site), near):
        areas = by_site[site.name]
        if room.take(areas, found.bytes):
            return Wanted(site.name, recall.tier, until, sources, passed_over=tuple(passed))
        left = max((room.left[area.name] for area in areas if area.name in room.left), default=None)
        passed.append((site.name, _no_room(left)))
    beside = " with compute beside it" if recall.near == "compute" else ""
    if not passed:
        return Impossible(
            f"no area on `{recall.tier}`{beside} can take it",
            "areas that are drafts, end, or do not count are not used",
        )
    tried = "; ".join(f"{name}: {why}" for name, why in passed)
    return Impossible(
        f"no area on `{recall.tier}`{beside} has room for {round_bytes(found.bytes)}: {tried}",
        "ask for less, or wait until other recalls have ended",
    )


def _no_room(left: int | None) -> str:
    return "closed, or not for us" if left is None else f"room for {round_bytes(left)}"


def _candidates(federation: Federation, recall: Recall) -> dict[SiteName, tuple[StorageArea, ...]]:
    found: dict[SiteName, tuple[StorageArea, ...]] = {}
    for area in eligible(federation):
        usable = area.tier == recall.tier and area.enabled
        if usable and (recall.near != "compute" or federation.sites[area.site].compute):
            found[area.site] = (*found.get(area.site, ()), area)
    return found


def _sources(federation: Federation, found: Whereabouts) -> tuple[Source, ...]:
    """The archives that have all of it, in order of name."""
    areas = sorted(
        (
            copy.area
            for copy in found.copies
            if copy.area is not None and copy.whole and federation.tiers[copy.area.tier].archive
        ),
        key=lambda area: area.name,
    )
    return tuple(Source(area, _seconds(area, found.bytes)) for area in areas)


def _seconds(area: StorageArea, amount: int) -> int | None:
    """What all its drives together take to read so much."""
    speed = area.throughput
    if speed is None or not speed.read:
        return None
    return -(-amount * 8 // speed.read)

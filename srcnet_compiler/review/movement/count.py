"""A snapshot put to two federations: what each of them makes of every class of collections."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from math import ceil

from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.analysis.placement import PhasePlacement
from srcnet_compiler.catalogue.engine import Engine
from srcnet_compiler.catalogue.identity import digest_of
from srcnet_compiler.catalogue.model import Columns, Row, Snapshot
from srcnet_compiler.catalogue.policies import Places, load_areas, load_policies, places
from srcnet_compiler.catalogue.questions import Amount, amount, query, words_of
from srcnet_compiler.federation.data_policy import DataPolicy
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.names import AreaName, PolicyName, SiteName
from srcnet_compiler.quantity import BitsPerSecond
from srcnet_compiler.review.movement.model import Link, Movement, SiteWork, Work
from srcnet_compiler.review.movement.settle import Settled, ended, settle, sources, split
from srcnet_compiler.span import Span

DRAWS: Columns = {
    "policy": "VARCHAR",
    "phase": "VARCHAR",
    "digits": "VARCHAR",
    "draw": "INTEGER",
}
"""Which draw the collections follow whose names end in these digits."""
_BITS_PER_BYTE = 8
_SECONDS_PER_DAY = 86_400


class _Side:
    """One federation, and what it makes of classes: of ten thousand, many are asked for twice."""

    def __init__(self, federation: Federation, analysis: Analysis) -> None:
        self.federation = federation
        self.placed = {(each.policy, each.phase.name): each for each in analysis.placements}
        self._settled: dict[tuple[object, ...], Settled | None] = {}

    def policy(self, name: str | None) -> DataPolicy | None:
        return None if name is None else self.federation.policies[PolicyName(name)]

    def asked(self, name: str | None, phase: str | None) -> tuple[Span, ...]:
        """Where it stands what a phase asks for."""
        policy = self.policy(name)
        found = () if policy is None else (p for p in policy.phases if p.name == phase)
        return tuple(each.origin.at("copies") for each in found)

    def there(self, names: Iterable[AreaName]) -> tuple[StorageArea, ...]:
        """The areas that this side knows."""
        found = (self.federation.areas.get(name) for name in names)
        return tuple(area for area in found if area is not None)

    def settled(
        self, policy: str | None, phase: str | None, draw: int | None, names: tuple[AreaName, ...]
    ) -> Settled | None:
        """What becomes of copies there; None: no policy is about them."""
        key = (policy, phase, draw, names)
        if key not in self._settled:
            self._settled[key] = self._settle(policy, phase, draw, names)
        return self._settled[key]

    def _settle(
        self, name: str | None, phase: str | None, draw: int | None, names: tuple[AreaName, ...]
    ) -> Settled | None:
        policy = self.policy(name)
        if policy is None:
            return None
        if phase is None:
            return ended(self.there(names))
        found = next(each for each in policy.phases if each.name == phase)
        return settle(found, self.placed.get((policy.name, phase)), draw, self.there(names))


def movement(
    engine: Engine,
    snapshot: Snapshot,
    base: tuple[Federation, Analysis],
    head: tuple[Federation, Analysis],
    at: datetime,
) -> Movement:
    """What head moves of what a snapshot has, and what base would have moved as well."""
    before, after = _Side(*base), _Side(*head)
    known = _load(engine, before, after, at)
    counted = {side: _Counted(side) for side in (before, after)}
    changed = left = Amount()
    policies: set[str] = set()
    changed_by: dict[Span, None] = {}
    left_by: dict[Span, None] = {}
    for row in engine.ask(query("paired")):
        names = tuple(area.name for area in known.of(words_of(row)))
        many = amount(row)
        one = before.settled(row["base_policy"], row["base_phase"], row["base_draw"], names)
        other = after.settled(row["policy"], row["phase"], row["draw"], names)
        was, now = (
            before.asked(row["base_policy"], row["base_phase"]),
            after.asked(row["policy"], row["phase"]),
        )
        counted[before].add(before.policy(row["base_policy"]), one, many, names, was)
        counted[after].add(after.policy(row["policy"]), other, many, names, now)
        if _wants(one) != _wants(other):
            changed += many
            changed_by |= dict.fromkeys((*was, *now))
        if one is not None and other is None:
            left += many
            left_by |= dict.fromkeys(was)
        policies |= {row["policy"]} - {None}
    work = counted[after].work()
    drafts = [name for name in sorted(policies) if head[0].policies[PolicyName(name)].drafts]
    return Movement(
        snapshot.instance,
        snapshot.source.value,
        at,
        counted[before].work(),
        work,
        tuple(site_work(head[0], work, base[0])),
        changed,
        left,
        tuple(drafts),
        digest=digest_of(snapshot),
        changed_by=_in_order(changed_by),
        left_by=_in_order(left_by),
    )


def _in_order(places: Iterable[Span]) -> tuple[Span, ...]:
    return tuple(sorted(places, key=lambda place: (place.file, place.line, place.column)))


def _wants(settled: Settled | None) -> object:
    """What is done, for comparing two sides."""
    if settled is None:
        return None
    new = tuple(tuple(sorted(area.name for area in areas)) for areas in settled.new)
    return {area.name for area in settled.useful}, new, settled.unplaced


def _load(engine: Engine, before: _Side, after: _Side, at: datetime) -> Places:
    """The small tables of both sides, and the areas of both by number."""
    for side, suffix in ((before, "_base"), (after, "")):
        load_policies(engine, side.federation, at, suffix)
        engine.table(f"draws{suffix}", DRAWS, list(_draws(side.placed.values())))
    ours, theirs = places(after.federation), places(before.federation)
    names = {area.name for area in ours.numbered}
    gone = tuple(area for area in theirs.numbered if area.name not in names)
    known = Places({**theirs.by_name, **ours.by_name}, (*ours.numbered, *gone))
    load_areas(engine, known)
    engine.view("valid", query("present"))
    return known


def _draws(placements: Iterable[PhasePlacement]) -> Iterable[Row]:
    for placement in placements:
        for number, draw in enumerate(placement.draws):
            for bucket in draw.buckets:
                yield placement.policy, placement.phase.name, f"{bucket:02}", number


class _Counted:
    """Adds up what a side makes of classes."""

    def __init__(self, side: _Side) -> None:
        self._side = side
        self._copied: dict[Link, Amount] = defaultdict(Amount)
        self._released: dict[AreaName, Amount] = defaultdict(Amount)
        self._short: dict[PolicyName, Amount] = defaultdict(Amount)
        self._recalled = self._nowhere = self._unplaced = self._offline = Amount()
        self._places: dict[tuple[str, ...], dict[Span, None]] = defaultdict(dict)

    def work(self) -> Work:
        return Work(
            dict(sorted(self._copied.items())),
            dict(sorted(self._released.items())),
            self._recalled,
            self._nowhere,
            self._unplaced,
            self._offline,
            dict(sorted(self._short.items())),
            {key: tuple(found) for key, found in self._places.items()},
        )

    def _because(self, asked: tuple[Span, ...], *key: str) -> None:
        self._places[key] |= dict.fromkeys(asked)

    def add(
        self,
        policy: DataPolicy | None,
        settled: Settled | None,
        many: Amount,
        names: tuple[AreaName, ...],
        asked: tuple[Span, ...],
    ) -> None:
        if settled is None or policy is None:
            return
        if not settled.ended and len(settled.useful) < policy.floor:
            self._short[policy.name] += many
            self._because((policy.origin.at("floor"),), "short", policy.name)
        federation = self._side.federation
        there = self._side.there(names)
        for area in settled.released:
            self._released[area.name] += many
            self._because((*asked, area.origin.at("name")), "released", area.name)
        if settled.unplaced:
            self._unplaced += many
            self._because(asked, "unplaced")
        if settled.new and not there:
            self._nowhere += many
            self._because(asked, "nowhere")
            return
        if (
            not settled.ended
            and _online(federation, there)
            and not _online(
                federation, (*settled.useful, *(area for areas in settled.new for area in areas))
            )
        ):
            self._offline += many
            self._because(asked, "offline")
        if settled.new and not _online(federation, there):
            self._recalled += many
            self._because(asked, "recalled")
        for areas in settled.new:
            for name, part in split(many, areas):
                self._copy(there, federation.areas[name], part, asked)

    def _copy(
        self,
        there: tuple[StorageArea, ...],
        to: StorageArea,
        part: Amount,
        asked: tuple[Span, ...],
    ) -> None:
        near = sources(self._side.federation, there, to)
        alike = len(near)
        for number, source in enumerate(near):
            share = Amount(
                _part(part.collections, number, alike),
                None if part.files is None else _part(part.files, number, alike),
                _part(part.bytes, number, alike),
            )
            if share.bytes or share.collections:
                self._copied[source.name, to.name] += share
                ends = source.origin.at("name"), to.origin.at("name")
                self._because((*asked, *ends), "copied", source.name, to.name)


def _part(whole: int, number: int, of: int) -> int:
    return whole * (number + 1) // of - whole * number // of


def _online(federation: Federation, areas: Iterable[StorageArea]) -> bool:
    return any(not federation.tiers[area.tier].archive for area in areas)


def site_work(head: Federation, work: Work, base: Federation) -> Iterable[SiteWork]:
    """What each site gets, gives and lets go; nothing is transferred within a site."""
    areas = {**base.areas, **head.areas}
    comes: dict[SiteName, Amount] = defaultdict(Amount)
    goes: dict[SiteName, Amount] = defaultdict(Amount)
    released: dict[SiteName, Amount] = defaultdict(Amount)
    for (source, to), many in work.copied.items():
        if areas[source].site != areas[to].site:
            goes[areas[source].site] += many
            comes[areas[to].site] += many
    for name, many in work.released.items():
        released[areas[name].site] += many
    for site in sorted({*comes, *goes, *released}):
        found = head.sites.get(site) or base.sites[site]
        most = max(comes[site].bytes, goes[site].bytes)
        stated = () if found.uplink is None else (found.origin.at("network", "srcnet"),)
        yield SiteWork(
            site,
            comes[site],
            goes[site],
            released[site],
            found.uplink,
            _days(most, found.uplink),
            stated or (found.origin.at(),),
        )


def _days(size: int, uplink: BitsPerSecond | None) -> int | None:
    return None if uplink is None else ceil(size * _BITS_PER_BYTE / uplink / _SECONDS_PER_DAY)

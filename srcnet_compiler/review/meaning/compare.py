"""What the policies of two revisions ask for the same data at the same age: read this first."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import TypeAlias

from srcnet_compiler.analysis.demand import (
    NOTHING,
    Asked,
    Demand,
    Witness,
    asked_in,
    can_be_kept,
    demand_of,
    witness,
)
from srcnet_compiler.analysis.phases import Together, phases_together, same_age
from srcnet_compiler.federation.data_policy import DataPolicy, Phase, Selector
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import Namespace
from srcnet_compiler.review.meaning.model import (
    DataClass,
    Example,
    Held,
    Meaning,
    Relation,
    Stretch,
)

_Compared: TypeAlias = tuple[Relation, Example | None, Example | None]
_Pair: TypeAlias = tuple[DataPolicy | None, DataPolicy | None]


def meanings(base: Federation, head: Federation) -> tuple[Meaning, ...]:
    """Of all data what is asked otherwise, or in other words, by policy.

    Placements are on areas that the base knows: on what is new there is no data yet.
    """
    sides = _Sides(base, head)
    return tuple(sides.meanings())


class _Sides:
    """Two revisions, and what each demand is over the areas of each."""

    def __init__(self, base: Federation, head: Federation) -> None:
        self._base, self._head = base, head
        self._asked: tuple[dict[Demand, Asked], dict[Demand, Asked]] = ({}, {})
        self._found: dict[tuple[Demand, Demand], _Compared] = {}

    def meanings(self) -> Iterator[Meaning]:
        """Those worth a word, in order of the policies' names."""
        groups = _by_policies(self._base, self._head)
        for before, after in sorted(groups, key=_names):
            data = groups[before, after]
            stretches = tuple(self._stretches(before, after))
            meaning = Meaning(
                before.name if before is not None else None,
                after.name if after is not None else None,
                tuple(sorted(data, key=_written)),
                _are_whole((before, after), groups),
                self._is_draft(before, after),
                stretches,
            )
            if _is_said_otherwise(before, after) or meaning.relation not in _THE_SAME:
                yield meaning

    def _is_draft(self, before: DataPolicy | None, after: DataPolicy | None) -> bool:
        sides = ((self._base, before), (self._head, after))
        return all(p is None or side.holds_back(p.drafts, p.name) for side, p in sides)

    def _stretches(self, before: DataPolicy | None, after: DataPolicy | None) -> Iterator[Stretch]:
        phases = (each.phases if each is not None else () for each in (before, after))
        for run in _runs(tuple(phases_together(*phases))):
            first, last = run[0], run[-1]
            relation, stricter, looser = self._compared(*_demands(first))
            yield Stretch(
                first.since,
                last.until,
                _of_run([each.before for each in run]),
                _of_run([each.after for each in run]),
                relation,
                stricter,
                looser,
                first.before.origin.at() if first.before else None,
                first.after.origin.at() if first.after else None,
            )

    def _compared(self, before: Demand, after: Demand) -> _Compared:
        if (before, after) not in self._found:
            self._found[before, after] = self._compare(self._over(before, 0), self._over(after, 1))
        return self._found[before, after]

    def _over(self, demand: Demand, side: int) -> Asked:
        """The demand over the areas that the base knows."""
        known = self._asked[side]
        if demand not in known:
            asked = asked_in((self._base, self._head)[side], demand)
            there = {name: slot for name, slot in asked.spots.items() if name in self._base.areas}
            known[demand] = Asked(demand, there)
        return known[demand]

    def _compare(self, before: Asked, after: Asked) -> _Compared:
        if before == after:
            return Relation.EQUIVALENT, None, None
        areas = self._base.areas
        stricter = _example(self._base, witness(before, after, areas))
        looser = _example(self._head, witness(after, before, areas))
        if stricter and looser:
            relation = Relation.INCOMPARABLE
        elif stricter or looser:
            relation = Relation.STRICTER if stricter else Relation.LOOSER
        elif can_be_kept(before):
            relation = Relation.EQUIVALENT
        else:
            relation = Relation.IMPOSSIBLE
        return relation, stricter, looser


_THE_SAME = frozenset({Relation.EQUIVALENT, Relation.IMPOSSIBLE})


def _is_said_otherwise(before: DataPolicy | None, after: DataPolicy | None) -> bool:
    """Whether a reader of both would ask what it means."""
    if before is None or after is None:
        return before is not after
    return before.name != after.name or before.phases != after.phases


def _are_whole(pair: _Pair, pairs: Iterable[_Pair]) -> bool:
    """Whether the data of these policies come under no other on either side."""
    others = (other for other in pairs if other != pair)
    return not any(
        mine is not None and mine == its
        for other in others
        for mine, its in zip(pair, other, strict=True)
    )


def _example(side: Federation, found: Witness | None) -> Example | None:
    if found is None:
        return None
    areas = [side.areas[name] for name in found.areas]
    held = (Held(area.name, area.site, area.region, area.tier) for area in areas)
    return Example(tuple(held), found.lack)


# ── ages at which the same is asked ───────────────────────────────────────────────────────────


def _runs(pairs: Sequence[Together]) -> Iterator[list[Together]]:
    """Pairs of phases, neighbours that ask the same as one."""
    run: list[Together] = []
    for each in pairs:
        if run and not (
            same_age(run[-1].until, each.since) and _demands(run[-1]) == _demands(each)
        ):
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _demands(pair: Together) -> tuple[Demand, Demand]:
    return _demand(pair.before), _demand(pair.after)


def _demand(phase: Phase | None) -> Demand:
    return NOTHING if phase is None else demand_of(phase.copies, phase.apart)


def _of_run(phases: Sequence[Phase | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(phase.name for phase in phases if phase is not None))


# ── which data ────────────────────────────────────────────────────────────────────────────────


def _by_policies(base: Federation, head: Federation) -> dict[_Pair, list[DataClass]]:
    """All data that some policy is about, by the policies that they come under."""
    sides = [_living(side) for side in (base, head)]
    found: dict[_Pair, list[DataClass]] = defaultdict(list)
    for data in _classes([policy.selector for side in sides for policy in side]):
        before, after = (_policy_of(data, side) for side in sides)
        if before is not None or after is not None:
            found[before, after].append(data)
    return found


def _living(side: Federation) -> list[DataPolicy]:
    return [policy for policy in side.policies.values() if not policy.retired]


def _classes(selectors: Sequence[Selector]) -> Iterator[DataClass]:
    """Every combination of what selectors tell apart in a namespace, and of what none names."""
    by_space: dict[Namespace, list[Selector]] = defaultdict(list)
    for selector in selectors:
        for space in selector.namespaces:
            by_space[space].append(selector)
    for space, own in by_space.items():
        products = dict.fromkeys([*(each.product for each in own), None])
        telescopes = dict.fromkeys([*(name for each in own for name in each.telescopes), None])
        campaigns = dict.fromkeys([*(each.campaign for each in own), None])
        for values in product(products, telescopes, campaigns):
            yield DataClass(space, *values)


def _policy_of(data: DataClass, policies: Sequence[DataPolicy]) -> DataPolicy | None:
    """The policy that data come under; in specs without errors it is one at most."""
    return next((policy for policy in policies if _takes(policy.selector, data)), None)


def _takes(selector: Selector, data: DataClass) -> bool:
    return (
        data.namespace in selector.namespaces
        and selector.product in (None, data.product)
        and (not selector.telescopes or data.telescope in selector.telescopes)
        and selector.campaign in (None, data.campaign)
    )


def _names(pair: _Pair) -> tuple[str, str]:
    before, after = (each.name if each is not None else "" for each in pair)
    return after or before, before


def _written(data: DataClass) -> tuple[str, ...]:
    said = (data.namespace, data.product, data.telescope, data.campaign)
    return tuple(value or "" for value in said)

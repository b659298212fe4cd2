"""A server as it would be seen if all were as some specs want it, with a data set of every kind:
what a change of the specs is tried on before anybody has data under them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from srcnet_compiler.ages import last_born
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio.model import Dataset, RucioModel, Rule
from srcnet_compiler.targets.rucio.model.lifecycle import Deal, Lifecycle
from srcnet_compiler.targets.rucio.model.shard import BUCKETS

_DAY = timedelta(days=1)
_FEW = 50
"""Of more policies, those that are the same get a name for each deal only, and not for each bucket,
by which the places for what is missing are shared out."""


def settled(base: RucioModel, head: RucioModel, day: date) -> Reading[RucioModel]:
    """All that `base` declares, and for each of its policies a closed data set of every age and
    name that base or head tells from others: under the rules of its phase, and under those of the
    phase before where it enters one on the day."""
    few = len(base.lifecycles) <= _FEW
    found = [
        dataset
        for policy, life in sorted(base.lifecycles.items())
        for after in (head.lifecycles.get(policy, life),)
        for dataset in _datasets(life, after, day, each=few or life != after)
    ]
    seen = replace(
        base,
        datasets={dataset.did: dataset for dataset in found},
        lifecycles={},
        requirements={},
        renames={},
        ended=frozenset(),
        closing={},
        set_aside={},
    )
    return Reading(seen, day=day)


def _datasets(life: Lifecycle, after: Lifecycle, day: date, *, each: bool) -> Iterator[Dataset]:
    phases = (*life.phases, *after.phases)
    born = {day, *(last_born(day, phase.until) for phase in phases if phase.until is not None)}
    for number, created in enumerate(sorted(born, reverse=True)):
        then = after.phase_on(day, created) or after.phases[0]
        told: set[tuple[int, ...]] = set()
        for bucket in BUCKETS:
            for late in (0, 1):
                phase = life.phase_on(day - late * _DAY, created) or life.phases[0]
                name = f"{life.policy}-{number}-{late}-{bucket:02}"
                deal = phase.deal_of(name)
                kind = id(deal), id(then.deal_of(name)), bucket if each else 0
                if kind not in told:
                    told.add(kind)
                    yield _dataset(life, deal, name, created)


def _dataset(life: Lifecycle, deal: Deal, name: str, created: date) -> Dataset:
    rules = tuple(
        Rule(
            f"{name}/{n}",
            rule.copies,
            rule.rse_expression,
            rule.comments,
            "OK",
            *_locks(rule.copies),
        )
        for n, rule in enumerate(deal.rules)
    )
    columns = {key: _first(life, key) for key in life.filter if key not in ("scope", "did_type")}
    return Dataset(_first(life, "scope"), name, columns, True, rules, bytes=1, created=created)


def _locks(copies: int) -> tuple[int, int]:
    """One file's locks, all in place."""
    return copies, copies


def _first(life: Lifecycle, column: str) -> str:
    """A name that the filter takes: it spells names out."""
    value = life.filter[column]
    text = value if isinstance(value, str) else value[0]
    return text.removeprefix("^").removesuffix("$").replace("\\", "")

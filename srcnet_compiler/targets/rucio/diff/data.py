"""The audit of data that are there: each dataset gets the rules of its phase, and sheds others."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from srcnet_compiler.change import Change
from srcnet_compiler.targets.rucio.diff.endings import endings_of
from srcnet_compiler.targets.rucio.diff.pace import Step, begun, under_way
from srcnet_compiler.targets.rucio.diff.quiet import Hush
from srcnet_compiler.targets.rucio.diff.rebalance import Case, Moves, Share, rebalanced
from srcnet_compiler.targets.rucio.diff.rules import Audited, changes_of
from srcnet_compiler.targets.rucio.model import Dataset, RucioModel
from srcnet_compiler.targets.rucio.model.lifecycle import Lifecycle, LifePhase
from srcnet_compiler.targets.rucio.model.subscription import Did, Filter, matches, parse_filter


@dataclass(frozen=True, slots=True)
class Audit:
    """What is begun or goes on now, and of how many datasets, by policy, what is due must wait for
    a later run. Where shares are restored, `shares` are those of all places, and `unmoved` the
    datasets, by policy, that have still to move for that."""

    changes: tuple[Change, ...] = ()
    postponed: Mapping[str, int] = field(default_factory=dict)
    shares: tuple[Share, ...] = ()
    unmoved: Mapping[str, int] = field(default_factory=dict)


def audit(desired: RucioModel, observed: RucioModel, day: date | None) -> Audit:
    """What the datasets that are there still need on the day, or need no more."""
    if not observed.datasets:
        return Audit()
    audited = Audited(desired, observed)
    cases: Iterable[Case] = _cases(audited, desired, observed, day)
    moves = Moves()
    if desired.rebalances:
        cases = list(cases)
        moves = rebalanced(audited, cases)
    steps = list(_steps(audited, cases, moves, Hush(desired.quiet, day)))
    now = {id(step) for step in begun(steps, desired.pace, under_way(observed.datasets.values()))}
    later = [step for step in steps if id(step) not in now]
    return Audit(
        tuple(change for step in steps if id(step) in now for change in step.changes),
        Counter(step.policy for step in later if not step.is_extra),
        tuple(moves.shares),
        Counter(step.policy for step in later if step.is_extra),
    )


def _steps(audited: Audited, cases: Iterable[Case], moves: Moves, hush: Hush) -> Iterator[Step]:
    """In order of name, those of datasets for which something is to be done."""
    for case in cases:
        changes = case.changes or moves.changes.get(case.dataset.did, ())
        if changes:
            held = hush.held(audited, case.dataset, case.phase.requirement.floor, changes)
            yield Step(case.life.policy, case.dataset, held, not case.changes)


def phases_now(
    desired: RucioModel, observed: RucioModel, day: date | None
) -> Iterator[tuple[Dataset, LifePhase]]:
    """Each dataset of a policy, with the phase by whose floor it is counted."""
    for dataset, life in _lives(desired, observed):
        yield dataset, life.phase_on(day, dataset.created) or life.phases[0]


def _lives(desired: RucioModel, observed: RucioModel) -> Iterator[tuple[Dataset, Lifecycle]]:
    filters = [(life, parse_filter(dict(life.filter))) for life in desired.lifecycles.values()]
    for _, dataset in sorted(observed.datasets.items()):
        for life, wanted in filters:
            if matches(wanted, _did(dataset, wanted)):
                yield dataset, life


def _cases(
    audited: Audited, desired: RucioModel, observed: RucioModel, day: date | None
) -> Iterator[Case]:
    """Each dataset whose phase is known, and what makes its rules keep that."""
    for dataset, life in _lives(desired, observed):
        phase = life.phase_on(day, dataset.created)
        end = life.end_of(dataset.created)
        if end is not None and day is not None and end <= day:
            ending = endings_of(audited, dataset, life, end)
            if ending:
                yield Case(life, life.phases[-1], dataset, ending)
        elif phase is not None:
            changes = changes_of(audited, dataset, life, phase)
            yield Case(life, phase, dataset, changes)


def _did(dataset: Dataset, wanted: Filter) -> Did:
    columns = {key: dataset.columns.get(key) for key in wanted.metadata}
    return Did(dataset.scope, dataset.name, "DATASET", columns)

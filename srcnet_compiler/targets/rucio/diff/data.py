"""The audit of data that are there: each dataset gets the rules of its phase, and sheds others."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from srcnet_compiler.change import Change
from srcnet_compiler.targets.rucio.diff.pace import Step, begun, under_way
from srcnet_compiler.targets.rucio.diff.quiet import Hush
from srcnet_compiler.targets.rucio.diff.rules import Audited, changes_of
from srcnet_compiler.targets.rucio.model import Dataset, RucioModel
from srcnet_compiler.targets.rucio.model.subscription import Did, Filter, matches, parse_filter


@dataclass(frozen=True, slots=True)
class Audit:
    """What is begun or goes on now, and of how many datasets, by policy, what is due must wait for
    a later run."""

    changes: tuple[Change, ...] = ()
    postponed: Mapping[str, int] = field(default_factory=dict)


def audit(desired: RucioModel, observed: RucioModel, day: date | None) -> Audit:
    """What the datasets that are there still need on the day, or need no more."""
    steps = list(_steps(desired, observed, day)) if observed.datasets else []
    now = {id(step) for step in begun(steps, desired.pace, under_way(observed.datasets.values()))}
    return Audit(
        tuple(change for step in steps if id(step) in now for change in step.changes),
        Counter(step.policy for step in steps if id(step) not in now),
    )


def _steps(desired: RucioModel, observed: RucioModel, day: date | None) -> Iterator[Step]:
    """In order of name, those of datasets for which something is to be done."""
    audited, hush = Audited(desired, observed), Hush(desired.quiet, day)
    filters = [(life, parse_filter(dict(life.filter))) for life in desired.lifecycles.values()]
    for _, dataset in sorted(observed.datasets.items()):
        for life, wanted in filters:
            if matches(wanted, _did(dataset, wanted)):
                phase = life.phase_on(day, dataset.created)
                changes = () if phase is None else changes_of(audited, dataset, life, phase)
                if phase is not None and changes:
                    held = hush.held(audited, dataset, phase.requirement.floor, changes)
                    yield Step(life.policy, dataset, held)


def _did(dataset: Dataset, wanted: Filter) -> Did:
    columns = {key: dataset.columns.get(key) for key in wanted.metadata}
    return Did(dataset.scope, dataset.name, "DATASET", columns)

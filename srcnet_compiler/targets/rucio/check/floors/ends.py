"""Whether a dataset has ended, so that no floor holds any more: never by a plan's word alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date

from srcnet_compiler.ages import last_born
from srcnet_compiler.change import PAST_END, Action, Change
from srcnet_compiler.targets.rucio.model import Dataset
from srcnet_compiler.targets.rucio.model.lifecycle import Lifecycle


def has_ended(
    life: Lifecycle, dataset: Dataset, day: date | None, changes: Iterable[Change]
) -> bool:
    """Whether no copy of the closed dataset is kept on the day, and nothing is let go before the
    server says that it is a day on which none is."""
    created = dataset.created
    if life.end is None or day is None or created is None or not dataset.closed:
        return False
    return created <= last_born(day, life.end) and all(
        _waits_for_the_end(life, dataset, change)
        for change in changes
        if change.action is Action.RETIRE
    )


def _waits_for_the_end(life: Lifecycle, dataset: Dataset, change: Change) -> bool:
    facts = (json.loads(wait.subject) for wait in change.waits if wait.kind == PAST_END)
    return any(
        (fact["scope"], fact["name"]) == (dataset.scope, dataset.name)
        and fact["created"] == str(dataset.created)
        and _is_an_end(life, dataset, date.fromisoformat(fact["end"]))
        for fact in facts
    )


def _is_an_end(life: Lifecycle, dataset: Dataset, day: date) -> bool:
    assert life.end is not None
    assert dataset.created is not None
    return dataset.created <= last_born(day, life.end)

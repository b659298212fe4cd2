"""The end of data: every rule of ours is let go, the last too, when the server agrees on the day.

All that are due are in one plan, so that its guard sees them all: a clock that is wrong, or an age
that somebody mistyped, is then more than a plan may do, and nothing is done.
"""

import json
from datetime import date

from srcnet_compiler.change import PAST_END, Action, Change, FieldChange, Impact, Wait
from srcnet_compiler.targets.rucio.diff.rules import Audited
from srcnet_compiler.targets.rucio.model import Dataset
from srcnet_compiler.targets.rucio.model.lifecycle import Lifecycle


def endings_of(
    audited: Audited, dataset: Dataset, life: Lifecycle, end: date
) -> tuple[Change, ...]:
    """What lets go of a dataset that has ended; nothing of an open one, since it still grows."""
    if not dataset.closed:
        return ()
    place = next(iter(life.phases[-1].origins.get("then", ())), None)
    return tuple(
        Change(
            audited.rule_at(dataset, rule.comments),
            Action.RETIRE,
            (FieldChange("id", rule.id, rule.id), FieldChange("released", False, True, place)),
            Impact.DELETES_DATA,
            f"policy `{life.policy}` keeps no copy of it from {end} on, at the age of {life.end}",
            waits=(_past(dataset, end),),
            drafts=life.drafts,
        )
        for rule in dataset.rules
        if not (rule.released or rule.moves)
    )


def _past(dataset: Dataset, end: date) -> Wait:
    fact = {
        "scope": dataset.scope,
        "name": dataset.name,
        "created": str(dataset.created),
        "end": str(end),
    }
    return Wait(
        PAST_END,
        json.dumps(fact, sort_keys=True),
        f"it is {end} by the server's own clock too, and {dataset.did} is closed",
    )

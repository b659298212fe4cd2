"""How much of what is due is begun now: links and tape drives take only so much at a time.

Nothing is remembered between runs. What is under way is seen in the locks, and what is due is found
again by the next run.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from srcnet_compiler.change import Action, Change
from srcnet_compiler.targets.rucio.model import Dataset, Rule
from srcnet_compiler.targets.rucio.model.lifecycle import Pace
from srcnet_compiler.targets.rucio.model.quiet import QUIET


@dataclass(frozen=True, slots=True)
class Step:
    """All that is to be done for one dataset."""

    policy: str
    dataset: Dataset
    changes: tuple[Change, ...]
    is_extra: bool = False
    """Whether it is done only because somebody asked for balance."""

    @property
    def moves(self) -> int:
        """The bytes that it sets moving."""
        return sum(change.moves for change in self.changes)

    @property
    def begins(self) -> bool:
        """Whether it is more than what an earlier run began and what only waits."""
        return any(change.action is not Action.RETIRE for change in self.changes)

    @property
    def is_quiet(self) -> bool:
        """Whether the day holds something of it back."""
        return any(wait.kind == QUIET for change in self.changes for wait in change.waits)

    @property
    def turn(self) -> tuple[bool, date, str]:
        """Who has no lasting rule at all comes first, then the oldest."""
        has_rules = any(not (rule.released or rule.is_pin) for rule in self.dataset.rules)
        return has_rules, self.dataset.created or date.min, self.dataset.did


def under_way(datasets: Iterable[Dataset]) -> int:
    """The bytes that our rules have still to bring."""
    return sum(_still_to_come(rule, dataset) for dataset in datasets for rule in dataset.rules)


def _still_to_come(rule: Rule, dataset: Dataset) -> int:
    """A rule without any locks was not looked at yet; one that Rucio gave up brings nothing."""
    if rule.released or rule.is_pin or rule.state == "SUSPENDED":
        return 0
    whole = rule.copies * dataset.bytes
    return whole if not rule.locks else whole * (rule.locks - rule.locks_ok) // rule.locks


def begun(steps: Sequence[Step], pace: Pace, already: int) -> Iterator[Step]:
    """The steps that are taken now, with so many bytes under way already.

    Each in its turn: nobody passes a large one that must wait for room. One that is larger than
    all the room there is goes alone. What restores balance gets what the others leave, and what
    the day holds back what is left then.
    """
    room = None if pace.in_flight is None else int(pace.in_flight) - already
    places = pace.datasets
    for step in sorted(steps, key=lambda step: (step.is_quiet, step.is_extra, step.turn)):
        if not step.begins:
            yield step
            continue
        if places == 0:
            continue
        if room is not None and step.moves:
            alone = room == pace.in_flight
            if step.moves > room and not alone:
                room = 0
                continue
            room = max(0, room - step.moves)
        places = None if places is None else places - 1
        yield step

"""Days on which data are left where they are: a freeze everywhere, a downtime where it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from srcnet_compiler.targets.rucio.model.names import RseName

QUIET = "quiet"
"""The kind of the wait for such days to be over. Whoever carries a change out first gives it the
waits of that day, so one that is still there does not hold."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """From `first` to `last` nothing is moved or released: `why` says it in words.

    A downtime is of `rses`, by every name that they have: what only they could serve waits, and
    copies there are not relied on. A freeze (None) is everywhere, and copies are what they were.
    """

    why: str
    first: date
    last: date
    rses: frozenset[RseName] | None = None


def on_day(quiet: Sequence[Quiet], day: date | None) -> tuple[Quiet, ...]:
    """Those that are on; none where the day is not known."""
    return tuple(each for each in quiet if day is not None and each.first <= day <= each.last)


def free_from(quiet: Sequence[Quiet], day: date) -> date:
    """The first day, from `day` on, on which none of them is on."""
    while now := on_day(quiet, day):
        day = max(each.last for each in now)
        if day == date.max:
            break
        day += timedelta(days=1)
    return day

"""The changes that turn one Rucio into the other: on owned fields only, nothing because absent."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import cache, partial

from srcnet_compiler.change import Change
from srcnet_compiler.targets.protocol import Reading, taking_over, without_unseen
from srcnet_compiler.targets.rucio.diff.apart import kept_apart
from srcnet_compiler.targets.rucio.diff.data import audit
from srcnet_compiler.targets.rucio.diff.embargoes import changed_embargoes
from srcnet_compiler.targets.rucio.diff.lives import changed_lives
from srcnet_compiler.targets.rucio.diff.objects import (
    Places,
    address,
    ended_subscriptions,
    find,
    origin,
    places_of,
    renames,
    set_aside,
    to_change,
)
from srcnet_compiler.targets.rucio.diff.order import after_replacements
from srcnet_compiler.targets.rucio.diff.passage import facts_after
from srcnet_compiler.targets.rucio.diff.quiet import Hush, dated
from srcnet_compiler.targets.rucio.diff.shares import shares_in_words
from srcnet_compiler.targets.rucio.model import RucioModel
from srcnet_compiler.targets.rucio.model.lifecycle import Pace
from srcnet_compiler.targets.rucio.model.quiet import on_day

_ADOPTED = {"account", "scope", "rse", "subscription"}


def diff(desired: RucioModel, observed: Reading[RucioModel]) -> tuple[Change, ...]:
    """Changes in an order in which objects can be made; what nobody could read is left alone."""

    @cache
    def places(policy: str) -> Places:
        return places_of(desired, observed.model, policy)

    changes = (
        *renames(desired, observed.model),
        *set_aside(desired, observed.model),
        *(
            change
            for thing in desired.things()
            if find(observed.model, thing) != thing  # most are as they should be
            for change in to_change(desired, observed.model, thing, places)
        ),
        *ended_subscriptions(desired, observed.model),
        *changed_lives(desired, observed.model),
        *changed_embargoes(desired, observed.model),
        *audit(desired, observed.model, observed.day).changes,
    )
    ordered = after_replacements(desired, observed.model, changes)
    apart = kept_apart(desired, observed.model, observed.day, ordered)
    return without_unseen(apart, observed.gaps)


def postponed(desired: RucioModel, observed: Reading[RucioModel]) -> tuple[tuple[str, str], ...]:
    """What is due and is left to a later run, with the reason."""
    waiting = audit(desired, observed.model, observed.day).postponed if _is_paced(desired) else {}
    return tuple(
        (
            f"data sets `{policy}`: {number} {'is' if number == 1 else 'are'} due besides,",
            "and a later run begins them: so much is under way already, or begun at once",
        )
        for policy, number in sorted(waiting.items())
    )


def as_of_day(
    desired: RucioModel,
    read: Callable[[], Reading[RucioModel]],
    day: date | None,
    changes: Sequence[Change],
) -> Sequence[Change]:
    """Changes that may have been planned on another day, as this one lets them be carried out."""
    hush, facts = Hush(desired.quiet, day), facts_after(desired)
    today = (lambda: diff(desired, read())) if on_day(desired.quiet, day) else None
    return dated(changes, today, lambda change: hush.alone(change, facts))


def rebalancing(desired: RucioModel) -> RucioModel:
    """The same, and shares by pledge are restored for data that are there."""
    return replace(desired, rebalances=True)


def notes(desired: RucioModel, observed: Reading[RucioModel]) -> tuple[str, ...]:
    """What each place holds and should hold, where shares are restored."""
    if not desired.rebalances:
        return ()
    found = audit(desired, observed.model, observed.day)
    return tuple(shares_in_words(found.shares, found.unmoved))


def _is_paced(desired: RucioModel) -> bool:
    return desired.pace != Pace()


def adoptions(desired: RucioModel, observed: Reading[RucioModel]) -> tuple[Change, ...]:
    """One change for each wanted object that exists: taking it over, and nothing else."""
    taken = [
        taking_over(
            address(desired, thing.kind, thing.name),
            thing.fields(),
            found.fields(),
            partial(origin, thing),
            drafts=thing.drafts,
        )
        for thing in desired.things()
        if thing.kind in _ADOPTED and (found := find(observed.model, thing)) is not None
    ]
    return without_unseen(taken, observed.gaps)

"""Data that have been arriving for longer than their policy lets them."""

from collections.abc import Iterator
from datetime import date

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, warning
from srcnet_compiler.quantity import Seconds, format_duration
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio.model import Dataset, RucioModel
from srcnet_compiler.targets.rucio.model.lifecycle import Lifecycle
from srcnet_compiler.targets.rucio.model.subscription import Did, matches, parse_filter

_DAY = 86_400


def overdue(desired: RucioModel, reading: Reading[RucioModel]) -> Iterator[Diagnostic]:
    """One warning for each policy of which data sets are late, with the one that is latest."""
    if reading.day is None:
        return
    for _, life in sorted(desired.lifecycles.items()):
        late = list(_late(life, reading.model, reading.day))
        if late:
            yield _said(life, late)


def _late(life: Lifecycle, seen: RucioModel, day: date) -> Iterator[tuple[date, str, int]]:
    """When each was registered, its name, and how many of its copies are complete."""
    wanted = parse_filter(dict(life.filter))
    first = life.phases[0]
    asked = sum(first.requirement.copies.values())
    for did, dataset in seen.datasets.items():
        columns = {key: dataset.columns.get(key) for key in wanted.metadata}
        created = dataset.created
        if (
            created is not None
            and _is_over(created, life.deadline, day)
            and matches(wanted, Did(dataset.scope, dataset.name, "DATASET", columns))
            and life.phase_on(day, created) is first
            and (life.end_of(created) or date.max) > day
            and (there := _complete(dataset)) < asked
        ):
            yield created, did, there


def _is_over(created: date, deadline: Seconds | None, day: date) -> bool:
    """Whether it is, at whatever hour of its day the dataset was registered."""
    if deadline is None:
        return False
    days = -(-deadline // _DAY)
    return (day - created).days > days


def _complete(dataset: Dataset) -> int:
    """A rule that only holds what came in brings no copy."""
    return sum(
        rule.copies
        for rule in dataset.rules
        if rule.is_complete and not (rule.released or rule.is_pin)
    )


def _said(life: Lifecycle, late: list[tuple[date, str, int]]) -> Diagnostic:
    created, did, there = min(late)
    assert life.deadline is not None
    first = life.phases[0]
    asked = sum(first.requirement.copies.values())
    place = first.origins["deadline"][0]
    long = format_duration(life.deadline)
    many, verb = ("1 data set", "is") if len(late) == 1 else (f"{len(late)} data sets", "are")
    return warning(
        Code.ARRIVAL_OVERDUE,
        f"{many} of `{life.policy}` {verb} arriving for longer than {long}: "
        f"`{did}`, registered on {created}, has {there} of {asked} copies complete",
        Label(place, "the deadline of arrival"),
        help=f"`srcnet where {did}` says which copies are missing; look whether transfers are "
        "stuck, an area is down or full, or the deadline is too short",
        subject=life.policy,
    )

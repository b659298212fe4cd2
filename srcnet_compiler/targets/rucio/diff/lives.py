"""Two lifecycles of one policy, compared: for who asks what a change of the specs would do.

A server knows nothing of lifecycles, so nothing that was read has any. What follows for the rules
of each data set is the audit's.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from srcnet_compiler.change import Action, Change, FieldChange, Impact, Json
from srcnet_compiler.targets.rucio.diff.objects import address
from srcnet_compiler.targets.rucio.model import RucioModel
from srcnet_compiler.targets.rucio.model.lifecycle import Lifecycle

_KIND = "lifecycle"
_RULES = "rules"
_SOME_DAY = date(2027, 1, 1)
"""Two ages are compared by what they come to after it."""


def changed_lives(desired: RucioModel, observed: RucioModel) -> Iterator[Change]:
    """The phases of policies that are otherwise than they were."""
    for policy, life in sorted(desired.lifecycles.items()):
        former = observed.lifecycles.get(policy)
        fields = tuple(_fields(life, former)) if former is not None else ()
        if former is not None and fields:
            yield Change(
                address(desired, _KIND, policy),
                Action.UPDATE,
                fields,
                _impact(life, former, fields),
                "data that are there go into the phase of their age; rules that keep it stay",
                drafts=life.drafts,
            )


def _impact(life: Lifecycle, former: Lifecycle, fields: Sequence[FieldChange]) -> Impact:
    """What ends at all, or sooner than it would have, is deleted."""
    ends, ended = life.end_of(_SOME_DAY), former.end_of(_SOME_DAY)
    if ends is not None and (ended is None or ends < ended):
        return Impact.DELETES_DATA
    only_rules = all(field.name.endswith(f".{_RULES}") for field in fields)
    return Impact.RECONFIGURE if only_rules else Impact.MOVES_DATA


def _fields(life: Lifecycle, former: Lifecycle) -> Iterator[FieldChange]:
    after, before = _values(life), _values(former)
    origins = {
        f"{phase.requirement.phase}.{key}": spans
        for phase in life.phases
        for key, spans in phase.origins.items()
    }
    for name in dict.fromkeys((*after, *before)):
        if after.get(name) != before.get(name):
            place = next(iter(origins.get(name, ())), None)
            yield FieldChange(name, before.get(name), after.get(name), place)


def _values(life: Lifecycle) -> Mapping[str, Json]:
    """The phases after one another; the rules of the first are those of the subscriptions."""
    values: dict[str, Json] = {}
    for number, phase in enumerate(life.phases):
        wanted = phase.requirement
        values[f"{wanted.phase}.until"] = None if phase.until is None else str(phase.until)
        values[f"{wanted.phase}.copies"] = {**wanted.copies, "apart": wanted.apart}
        if number:
            values[f"{wanted.phase}.{_RULES}"] = [
                {"buckets": list(deal.buckets), "rules": [rule.value() for rule in deal.rules]}
                for deal in phase.deals
            ]
    if life.end is not None:
        values[f"{life.phases[-1].requirement.phase}.then"] = f"no copy from {life.end} on"
    return values

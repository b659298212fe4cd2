"""Two lifecycles of one policy, compared: for who asks what a change of the specs would do.

A server knows nothing of lifecycles, so nothing that was read has any. What follows for the rules
of each data set is the audit's.
"""

from collections.abc import Iterator, Mapping

from srcnet_compiler.change import Action, Change, FieldChange, Impact, Json
from srcnet_compiler.targets.rucio.diff.objects import address
from srcnet_compiler.targets.rucio.model import RucioModel
from srcnet_compiler.targets.rucio.model.lifecycle import Lifecycle

_KIND = "lifecycle"
_RULES = "rules"


def changed_lives(desired: RucioModel, observed: RucioModel) -> Iterator[Change]:
    """The phases of policies that are otherwise than they were."""
    for policy, life in sorted(desired.lifecycles.items()):
        former = observed.lifecycles.get(policy)
        fields = tuple(_fields(life, former)) if former is not None else ()
        if fields:
            only_rules = all(field.name.endswith(f".{_RULES}") for field in fields)
            yield Change(
                address(desired, _KIND, policy),
                Action.UPDATE,
                fields,
                Impact.RECONFIGURE if only_rules else Impact.MOVES_DATA,
                "data that are there go into the phase of their age; rules that keep it stay",
                drafts=life.drafts,
            )


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
    return values

"""How a change travels to the module that carries it out: plain data, one list per call."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from srcnet_compiler.change import Address, Change, FieldChange, Json, SystemName


@dataclass(frozen=True, slots=True)
class Call:
    """What one module call gets: changes of one system, in an order that honours `needs`."""

    system: SystemName
    changes: tuple[Change, ...]

    @property
    def name(self) -> str:
        return f"{self.system.target}-{self.system.instance}"


def as_wire(change: Change) -> dict[str, Json]:
    """The change without what only people read: reasons and places stay here."""
    return {
        "id": change.id,
        "address": _address(change.address),
        "action": change.action.value,
        "fields": [_field(field) for field in change.fields],
        "needs": [_address(need) for need in change.needs],
        "waits": [
            {"kind": wait.kind, "subject": wait.subject, "text": wait.text} for wait in change.waits
        ],
        "impact": change.impact.value,
    }


def _address(address: Address) -> dict[str, Json]:
    return {
        "target": address.target,
        "instance": address.instance,
        "kind": address.kind,
        "name": address.name,
    }


def _field(field: FieldChange) -> dict[str, Json]:
    return {"name": field.name, "before": field.before, "after": field.after}


def calls(waves: tuple[tuple[Change, ...], ...]) -> tuple[tuple[Call, ...], ...]:
    """Groups of calls: those of one group may run side by side, the groups one after another.

    Systems that do not need each other's changes get all of theirs in one call, which keeps their
    order: starting another one takes as long as dozens of changes.
    """
    if not any(
        need.system != change.address.system
        for wave in waves
        for change in wave
        for need in change.needs
    ):
        whole = _group(change for wave in waves for change in wave)
        return (whole,) if whole else ()
    groups: list[tuple[Call, ...]] = []
    for wave in waves:
        group = _group(wave)
        last = groups[-1] if groups else ()
        if len(group) == len(last) == 1 and group[0].system == last[0].system:
            groups[-1] = (Call(group[0].system, last[0].changes + group[0].changes),)
        elif group:
            groups.append(group)
    return tuple(groups)


def _group(changes: Iterable[Change]) -> tuple[Call, ...]:
    by_system: dict[SystemName, list[Change]] = defaultdict(list)
    for change in changes:
        by_system[change.address.system].append(change)
    return tuple(Call(system, tuple(found)) for system, found in sorted(by_system.items()))

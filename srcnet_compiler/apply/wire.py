"""How a change travels to the module that carries it out: plain data, one list per call."""

from dataclasses import dataclass

from srcnet_compiler.change import Address, Change, FieldChange, Json


@dataclass(frozen=True, slots=True)
class Call:
    """What one module call gets: changes of one instance, in an order that honours `needs`."""

    target: str
    instance: str
    changes: tuple[Change, ...]

    @property
    def name(self) -> str:
        return f"{self.target}-{self.instance}"


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

    Neighbouring waves that belong to one instance alone become one call: it keeps their order, and
    starting another one takes as long as dozens of changes.
    """
    groups: list[tuple[Call, ...]] = []
    for wave in waves:
        by_instance: dict[tuple[str, str], list[Change]] = {}
        for change in wave:
            key = (change.address.target, change.address.instance)
            by_instance.setdefault(key, []).append(change)
        group = tuple(
            Call(target, instance, tuple(changes))
            for (target, instance), changes in sorted(by_instance.items())
        )
        last = groups[-1] if groups else ()
        if len(group) == len(last) == 1 and group[0].name == last[0].name:
            merged = last[0].changes + group[0].changes
            groups[-1] = (Call(group[0].target, group[0].instance, merged),)
        elif group:
            groups.append(group)
    return tuple(groups)

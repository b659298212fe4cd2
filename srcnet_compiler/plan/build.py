"""Changes of some systems to an ordered plan."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from srcnet_compiler.change import Action, Address, Change, SystemName
from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.plan.model import Binding, Held, Plan, Unseen
from srcnet_compiler.task import Task


def build_plan(
    systems: Sequence[SystemName],
    changes: Sequence[Change],
    adoptions: Iterable[Change],
    known: frozenset[Address],
    binding: Binding,
    unseen: Iterable[Unseen] = (),
    held: Iterable[Held] = (),
    findings: Iterable[Diagnostic] = (),
    proven: Iterable[str] = (),
    tasks: Mapping[SystemName, tuple[Task, ...]] = MappingProxyType({}),
    supersedes: str | None = None,
    notes: Iterable[str] = (),
) -> Plan:
    """A plan whose waves honour `needs`; what exists and is not `known` as ours is adopted."""
    first_contact = [change for change in adoptions if change.address not in known]
    return Plan(
        tuple(systems),
        binding,
        waves([*first_contact, *changes]),
        tuple(unseen),
        tuple(held),
        tuple(findings),
        tuple(proven),
        dict(tasks),
        supersedes,
        tuple(notes),
    )


def waves(changes: Sequence[Change]) -> tuple[tuple[Change, ...], ...]:
    """The changes by depth.

    Each comes after those of the objects it needs, and after its own object's adoption or rename.
    Raises ValueError where changes need each other: a fault of the compiler.
    """
    by_address: dict[Address, list[int]] = defaultdict(list)
    for index, change in enumerate(changes):
        by_address[change.address].append(index)
    depths: dict[int, int] = {}

    def depth(index: int, above: tuple[int, ...]) -> int:
        if index in above:
            raise ValueError(f"{changes[index].address} needs itself")
        if index not in depths:
            before = _before(changes, index, by_address)
            deepest = max((depth(i, (*above, index)) for i in before), default=-1)
            depths[index] = deepest + 1
        return depths[index]

    levels: dict[int, list[Change]] = defaultdict(list)
    for index, change in enumerate(changes):
        levels[depth(index, ())].append(change)
    return tuple(tuple(levels[level]) for level in sorted(levels))


def _before(
    changes: Sequence[Change], index: int, by_address: dict[Address, list[int]]
) -> list[int]:
    change = changes[index]
    needed = [i for address in change.needs for i in by_address.get(address, ()) if i != index]
    prior = (Action.ADOPT, Action.RENAME)
    if change.action not in prior:
        needed += [i for i in by_address[change.address] if changes[i].action in prior]
    return needed

"""Amounts of a cluster as a spec writes them: whole cores, memory with its unit, GPUs."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from srcnet_compiler.importing.written import Tree
from srcnet_compiler.targets.kubernetes.model.amounts import parse_amount

WORDS = {"cpu": "cores", "memory": "memory", "nvidia.com/gpu": "gpus"}
"""What a cluster counts and a spec has a word for."""
_UNITS = (("PiB", 50), ("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10))
_TENS = (("PB", 15), ("TB", 12), ("GB", 9), ("MB", 6), ("kB", 3))


class Amounts(NamedTuple):
    """What a spec can say of some amounts, and the names of those of which it cannot."""

    said: Mapping[str, Tree]
    unsaid: tuple[str, ...]


def amounts(by_name: Mapping[str, Any]) -> Amounts:
    """Amounts by the cluster's names for what is counted."""
    found = {name: _written(name, value) for name, value in by_name.items()}
    said = {WORDS[name]: found[name] for name in WORDS if found.get(name) is not None}
    return Amounts(said, tuple(sorted(name for name, text in found.items() if text is None)))


def _written(name: str, value: object) -> Tree:
    """None where a spec has no word for it."""
    if name not in WORDS or not isinstance(value, str | int):
        return None
    try:
        amount = parse_amount(value)
    except ValueError:
        return None
    if amount.denominator != 1 or amount < 0:
        return None
    return min(_memory(amount), key=len) if name == "memory" else int(amount)


def _memory(amount: Fraction) -> Iterator[str]:
    """In every unit that leaves it whole; the shortest is what a person would write."""
    number = int(amount)
    for unit, power in _UNITS:
        if number and number % 2**power == 0:
            yield f"{number >> power} {unit}"
    for unit, power in _TENS:
        if number and number % 10**power == 0:
            yield f"{number // 10**power} {unit}"
    yield f"{number} B"

"""Amounts as Kubernetes writes them: `500m`, `1Gi`, `0.5`, and when two of them are the same."""

import re
from fractions import Fraction
from functools import lru_cache

_AMOUNT = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))([eE][+-]?[0-9]+|[KMGTPE]i|[numkMGTPE]?)")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


@lru_cache(maxsize=10_000)
def parse_amount(text: str | int | float) -> Fraction:
    """The exact number. Raises ValueError for what is no amount."""
    found = _AMOUNT.fullmatch(str(text))
    if found is None:
        raise ValueError(f"`{text}` is no amount as Kubernetes writes them")
    number, unit = Fraction(found[1]), found[2]
    if unit.endswith("i"):
        return number * Fraction(1024 ** ("KMGTPE".index(unit[0]) + 1))
    power = int(unit[1:]) if unit[:1] in ("e", "E") and len(unit) > 1 else _DECIMAL[unit]
    return number * Fraction(10**power) if power >= 0 else number / Fraction(10**-power)


def same_amount(one: object, other: object) -> bool:
    """Whether both are amounts, and the same, however they are written."""
    if not isinstance(one, str | int) or not isinstance(other, str | int):
        return False
    if isinstance(one, bool) or isinstance(other, bool) or one == other:
        return False
    try:
        return parse_amount(one) == parse_amount(other)
    except ValueError:
        return False

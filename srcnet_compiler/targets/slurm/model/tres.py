"""Slurm's trackable resources as a mapping of whole numbers: ``{"cpu": 8, "mem": 8388608000}``.

Memory and burst buffers are bytes, all else counts. In minutes of a resource, memory is bytes too.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TypeAlias

Tres: TypeAlias = Mapping[str, int]
"""By type, and name where the type has one: `cpu`, `mem`, `node`, `gres/gpu`, `gres/gpu:a100`."""

MEBI = 2**20
_SUFFIXES = {suffix: 1024**n for n, suffix in enumerate("KMGTPE", start=1)}
_NO_LIMIT = -1


def parse_tres(text: str) -> dict[str, int]:
    """Read what Slurm writes, such as ``cpu=8,mem=8000M,gres/gpu=2``; an empty text has none.

    A number of memory without a suffix is MiB. Raises ValueError for what is no such list, or not a
    whole number of bytes.
    """
    found: dict[str, int] = {}
    for part in filter(None, text.split(",")):
        name, equals, amount = part.partition("=")
        if not equals or not name or name in found:
            raise ValueError(f"`{text}` is no list of resources")
        found[name] = _amount(name, amount)
    return dict(sorted(found.items()))


def tres_of(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """From names and counts as JSON has them, memory in MiB."""
    return dict(sorted((name, count * _unit(name)) for name, count in counts))


def format_tres(tres: Tres) -> str:
    """Write what `parse_tres` reads, memory in MiB.

    Raises ValueError for what is not a whole number of MiB: Slurm would round it.
    """
    return ",".join(f"{name}={_written(name, amount)}" for name, amount in sorted(tres.items()))


def tres_assignment(before: Tres, after: Tres) -> str:
    """What sacctmgr must be told: `after`, with -1 for each limit that ends."""
    return format_tres({**dict.fromkeys(before, _NO_LIMIT), **after})


def _amount(name: str, text: str) -> int:
    number, suffix = (text[:-1], text[-1:]) if text[-1:] in _SUFFIXES else (text, "")
    try:
        exact = Fraction(number) * (_SUFFIXES[suffix] if suffix else _unit(name))
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"`{name}={text}` is no amount") from None
    if exact.denominator != 1 or "/" in number or exact < 0:
        raise ValueError(f"`{name}={text}` is no whole amount")
    return exact.numerator


def _written(name: str, amount: int) -> str:
    unit = _unit(name)
    if amount == _NO_LIMIT:
        return str(amount)
    if amount % unit:
        raise ValueError(f"{amount} B of `{name}` is not a whole number of MiB")
    return f"{amount // unit}M" if unit > 1 else str(amount)


def _unit(name: str) -> int:
    return MEBI if name == "mem" or name.startswith("bb/") else 1

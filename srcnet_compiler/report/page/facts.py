"""Facts from places: as written, added up, or following from something else."""

import re
from collections.abc import Iterable
from fractions import Fraction

from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.report.page.model import Fact, Note
from srcnet_compiler.span import Span


def written(text: str, place: Span, value: int | Fraction = 0) -> Fact:
    """What stands at a place of the specs, as it stands there."""
    return Fact(text, Note("", (place,)), Fraction(value))


def follows(text: str, rule: str, places: Iterable[Span], value: int | Fraction = 0) -> Fact:
    """What follows by `rule` from what stands at `places`, each named once."""
    return Fact(text, Note(rule, tuple(dict.fromkeys(places))), Fraction(value))


def amount(rule: str, places: Iterable[Span], value: int | Fraction) -> Fact:
    """Bytes that follow by `rule`, rounded for people."""
    return follows(round_bytes(value) if value else "nothing", rule, places, value)


def anchor(kind: str, name: str) -> str:
    """What links to something of this name lead to; different names have different anchors."""
    return f"{kind}-" + re.sub(r"[^A-Za-z0-9-]", lambda found: f"_{ord(found[0]):x}", name)


def listed(names: Iterable[str], last: str = "and") -> str:
    """Names in a sentence: `a`, `a and b`, `a, b and c`."""
    *before, final = tuple(names) or ("none",)
    return f"{', '.join(before)} {last} {final}" if before else final


def counted(number: int, name: str, plural: str = "") -> str:
    """A number of things: `1 copy`, `2 copies`."""
    return f"{number:,} {name if number == 1 else plural or name + 's'}".replace(",", "\u202f")

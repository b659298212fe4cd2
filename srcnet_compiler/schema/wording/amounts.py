"""Amounts as people write them, in the one way in which the language reads them."""

import re
from collections.abc import Iterator, Mapping
from itertools import product

_AMOUNT = re.compile(r"(?P<number>[0-9][0-9 _.,'\u00a0]*?)\s*(?P<unit>[A-Za-z][A-Za-z/ .]*)")
_GROUPED = re.compile(r"[0-9]{1,3}(?P<sign>[,'_ \u00a0])[0-9]{3}(?:(?P=sign)[0-9]{3})*(\.[0-9]+)?")
_UNITS = re.compile(r"\ \?\((?P<amounts>[A-Za-z/|]+)\)(?:/\((?P<times>[a-z|]+)\))?\$$")
_LONG = 60
"""Longer texts are no amounts, however they are meant."""

_TIMES = {
    "s": ("sec", "second", "seconds"),
    "min": ("minute", "minutes"),
    "h": ("hr", "hour", "hours"),
    "d": ("day", "days"),
    "weeks": ("week", "w"),
    "months": ("month",),
    "years": ("year", "yr", "y"),
    "yr": ("year", "years", "y", "a"),
}
_PREFIXES = {
    **{"k": "kilo", "M": "mega", "G": "giga", "T": "tera", "P": "peta", "E": "exa"},
    **{"Ki": "kibi", "Mi": "mebi", "Gi": "gibi", "Ti": "tebi", "Pi": "pebi", "Ei": "exbi"},
    "": "",
}


def amounts(text: str, pattern: str) -> Iterator[str]:
    """The amount that was probably meant: `1,390tb` as `1390 TB`; the pattern has the units."""
    match = _AMOUNT.fullmatch(text) if len(text) < _LONG else None
    if match is None:
        return
    unit = spellings(pattern).get(_plain(match["unit"]))
    if unit is not None:
        yield f"{_number(match['number'])} {unit}"


def spellings(pattern: str) -> Mapping[str, str]:
    """How a pattern's units are written, in lower case, and each as the pattern has it."""
    match = _UNITS.search(pattern)
    if match is None:
        return {}
    names = match["amounts"].split("|")
    if match["times"] is None:
        pairs = [(written, unit) for unit in names for written in _written(unit)]
    else:
        pairs = [
            (f"{written}/{often}", f"{unit}/{time}")
            for unit, time in product(names, match["times"].split("|"))
            for written, often in product(_written(unit), _written(time))
        ]
    return {written.lower(): unit for written, unit in reversed(pairs)}


def _written(unit: str) -> Iterator[str]:
    """The unit itself, and what else people call it."""
    yield unit
    yield from _TIMES.get(unit, ())
    if unit.endswith("B"):
        prefix = unit[:-1]
        yield from (f"{_PREFIXES[prefix]}byte", f"{_PREFIXES[prefix]}bytes", f"{prefix}byte")
        if prefix:
            yield prefix
    elif unit.endswith("bit/s"):
        prefix = unit.removesuffix("bit/s")
        yield from (f"{prefix}bps", f"{prefix}b/s", f"{prefix}bits/s")


def _plain(unit: str) -> str:
    return re.sub(r"\s+", "", re.sub(r"\s+per\s+", "/", unit.lower())).rstrip(".")


def _number(text: str) -> str:
    """Digits with a point: signs between thousands go, a decimal comma becomes a point."""
    if (grouped := _GROUPED.fullmatch(text)) is not None:
        return text.replace(grouped["sign"], "")
    return re.sub(r"[ _'\u00a0]", "", text).replace(",", ".")

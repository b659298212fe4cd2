"""Datasets dealt into a hundred buckets by the last two digits of their names.

A subscription's filter cannot hash, but a regex can tell digits apart. Names that do not end in two
digits fall in no bucket; a further subscription with FALLBACK_EXCLUDED takes them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

BUCKETS = range(100)


def bucket_pattern(buckets: Iterable[int]) -> str:
    """The regex of the names that end in one of these two-digit numbers, 0 standing for `00`.

    Tens that share their units are written together. Equal sets give equal text. Raises ValueError
    for an empty set, which no subscription should carry, and for numbers outside 0 to 99.
    """
    units_by_ten: dict[int, set[int]] = defaultdict(set)
    for bucket in buckets:
        if bucket not in BUCKETS:
            raise ValueError(f"{bucket} is no bucket: there are 0 to 99")
        units_by_ten[bucket // 10].add(bucket % 10)
    if not units_by_ten:
        raise ValueError("a pattern needs at least one bucket")
    tens_by_units: dict[str, set[int]] = defaultdict(set)
    for ten, units in units_by_ten.items():
        tens_by_units[_digits(units)].add(ten)
    groups = (f"[{_digits(tens)}][{units}]" for units, tens in sorted(tens_by_units.items()))
    return f"^.*({'|'.join(groups)})$"


def bucket_of(name: str) -> int | None:
    """The bucket that a name falls in; None for one that does not end in two digits."""
    ending = _ENDING.search(name)
    return None if ending is None else int(ending[0])


@lru_cache(maxsize=1000)
def buckets_of(pattern: str) -> frozenset[int] | None:
    """The buckets of a pattern that `bucket_pattern` could have written, else None."""
    match = _BUCKET_PATTERN.fullmatch(pattern)
    if match is None:
        return None
    return frozenset(
        10 * int(ten) + int(unit)
        for tens, units in _GROUP.findall(match["groups"])
        for ten in tens
        for unit in units
    )


def _digits(numbers: Iterable[int]) -> str:
    return "".join(str(number) for number in sorted(numbers))


_ENDING = re.compile(r"[0-9]{2}\Z")
_GROUP = re.compile(r"\[([0-9]+)\]\[([0-9]+)\]")
_BUCKET_PATTERN = re.compile(
    r"\^\.\*\((?P<groups>\[[0-9]+\]\[[0-9]+\](?:\|\[[0-9]+\]\[[0-9]+\])*)\)\$"
)

FALLBACK_EXCLUDED = bucket_pattern(BUCKETS)
"""As a filter's `excluded_pattern` it leaves the names that end in no bucket."""

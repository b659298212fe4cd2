"""A catalogue where there is none yet: what the policies' volumes bring, month by month.

Each row stands for all that arrives under one policy in one month and falls in one bucket. The
specs do not say how large a collection is, so nobody counts them, and each row has one "file".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import accumulate, product

from srcnet_compiler.analysis.capacity import arrivals, years
from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.analysis.placement import BUCKETS, PhasePlacement, inclusion
from srcnet_compiler.catalogue.model import Row
from srcnet_compiler.catalogue.policies import phase_at
from srcnet_compiler.federation.data_policy import DataPolicy
from srcnet_compiler.federation.model import Federation, StorageArea

_MONTHS = 12
_MIDDLE = 15
"""The day on which all of a month arrives."""
_PRIME, _STRIDE = 997, 616
"""Neighbours fall far apart, and everything is met as often."""


def forecast(federation: Federation, analysis: Analysis, year: int) -> Iterator[tuple[str, Row]]:
    """What there is at the end of `year`, as rows of `collections` and `held`, with the table that
    each is for: every copy where its phase puts it, by expected shares inside a domain. What has
    ended is there no more."""
    at = datetime(year + 1, 1, 1)
    placed = {(each.policy, each.phase.name): each for each in analysis.placements}
    for policy in federation.policies.values():
        if policy.retired:
            continue
        for collection in _collections(policy, years(federation).start, year):
            phase = phase_at(policy, collection.created, at)
            if phase is None:
                continue
            yield "collections", collection.row
            placement = placed.get((policy.name, phase.name))
            if placement is not None and placement.draws:
                for area in _areas(placement, collection):
                    yield "held", (*collection.row[:2], area.name_today, 1, collection.bytes)


@dataclass(frozen=True, slots=True)
class _Collection:
    """All of one month in one bucket; `number` is another one for each month and bucket."""

    row: Row
    created: datetime
    bucket: int
    number: int
    bytes: int


def _collections(policy: DataPolicy, first: int, last: int) -> Iterator[_Collection]:
    """In parts that are as alike as whole bytes can be, and add up to what arrives in a year."""
    selector = policy.selector
    kinds = list(product(selector.namespaces, selector.telescopes or (None,)))
    parts = _MONTHS * BUCKETS * len(kinds)
    for year in range(first, last + 1):
        arrives, done = arrivals(policy, year), 0
        if not arrives:
            continue
        every = product(range(_MONTHS), range(BUCKETS), kinds)
        for part, (month, bucket, (namespace, telescope)) in enumerate(every, start=1):
            size = round(arrives * part / parts) - done
            done += size
            created = datetime(year, month + 1, _MIDDLE)
            named = ".".join(each for each in (policy.name, telescope) if each)
            name = f"{named}.{created:%Y-%m}.{bucket:02}"
            row = (selector.product, telescope, selector.campaign, created, True, 1, size)
            number = (year * _MONTHS + month) * BUCKETS + bucket
            yield _Collection((namespace, name, *row), created, bucket, number, size)


def _areas(placement: PhasePlacement, collection: _Collection) -> Iterator[StorageArea]:
    """One area for each slot: in turn, as often as their pledges ask for."""
    draw = next(draw for draw in placement.draws if collection.bucket in draw.buckets)
    taken: set[str] = set()
    for slot in draw.slots:
        free = [area for area in placement.domains[slot] if area.name not in taken]
        shares = inclusion({area.name: area.pledged or 0 for area in free}, 1)
        point = Fraction(collection.number * _STRIDE % _PRIME, _PRIME)
        ends = accumulate(shares[area.name] for area in free)
        chosen = next(area for area, end in zip(free, ends, strict=True) if point < end)
        taken.add(chosen.name)
        yield chosen

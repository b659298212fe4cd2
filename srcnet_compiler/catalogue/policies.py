"""What the specs say of collections, as small tables beside those of a snapshot."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from srcnet_compiler.ages import last_born
from srcnet_compiler.catalogue.engine import Engine
from srcnet_compiler.catalogue.model import Columns, Row
from srcnet_compiler.federation.data_policy import DataPolicy, Phase
from srcnet_compiler.federation.model import Federation, StorageArea

SELECTORS: Columns = {
    "policy": "VARCHAR",
    "namespace": "VARCHAR",
    "product": "VARCHAR",
    "telescope": "VARCHAR",
    "campaign": "VARCHAR",
}
"""Which collections a policy is about; null: whatever it is."""
PHASES: Columns = {
    "policy": "VARCHAR",
    "phase": "VARCHAR",
    "after": "TIMESTAMP",
    "until": "TIMESTAMP",
}
"""When a collection was made that is in the phase now: later than one, no later than the other. One
that is in none has ended."""
AREAS: Columns = {
    "rse": "VARCHAR",
    "area": "VARCHAR",
    "site": "VARCHAR",
    "tier": "VARCHAR",
    "word": "BIGINT",
    "bit": "BIGINT",
}
"""`word` and `bit` stand for an area in a set of areas, which is four words."""
WORDS = 4
_BITS = 62
MOST_AREAS = WORDS * _BITS


@dataclass(frozen=True, slots=True)
class Places:
    """Areas by what they are called in the catalogue, and each by its number."""

    by_name: Mapping[str, StorageArea]
    numbered: tuple[StorageArea, ...]

    def of(self, words: tuple[int, ...]) -> tuple[StorageArea, ...]:
        """The areas of a set."""
        return tuple(
            self.numbered[word * _BITS + bit]
            for word, value in enumerate(words)
            for bit in range(_BITS)
            if value >> bit & 1
        )


def places(federation: Federation) -> Places:
    """Areas under every name that the catalogue may have for them today: those of a rename that
    waits are two. Raises ValueError for more areas than a set can have."""
    if len(federation.areas) > MOST_AREAS:
        raise ValueError(f"there are {len(federation.areas)} areas: {MOST_AREAS} can be told apart")
    by_name = {}
    for area in federation.areas.values():
        move = federation.moved.get(area.name)
        for name in (area.name_today, *((move.before, move.after) if move else ())):
            by_name[name] = area
    return Places(by_name, tuple(federation.areas.values()))


def load_policies(engine: Engine, federation: Federation, at: datetime, suffix: str = "") -> None:
    """The tables `selectors` and `phases` as of `at`, UTC."""
    living = [policy for policy in federation.policies.values() if not policy.retired]
    engine.table(
        f"selectors{suffix}", SELECTORS, [row for policy in living for row in _selectors(policy)]
    )
    engine.table(
        f"phases{suffix}", PHASES, [row for policy in living for row in _phases(policy, at)]
    )


def load_areas(engine: Engine, known: Places) -> None:
    """The table `areas`."""
    numbers = {area.name: number for number, area in enumerate(known.numbered)}
    engine.table(
        "areas",
        AREAS,
        [
            (
                name,
                area.name,
                area.site,
                area.tier,
                numbers[area.name] // _BITS,
                _bit(numbers[area.name]),
            )
            for name, area in sorted(known.by_name.items())
        ],
    )


def _bit(number: int) -> int:
    return 1 << number % _BITS


def _selectors(policy: DataPolicy) -> Iterator[Row]:
    selector = policy.selector
    for namespace, telescope in product(selector.namespaces, selector.telescopes or (None,)):
        yield policy.name, namespace, selector.product, telescope, selector.campaign


def _phases(policy: DataPolicy, at: datetime) -> Iterator[Row]:
    until = datetime.max
    for phase in policy.phases:
        lasts = phase is policy.phases[-1] and policy.end is None
        if lasts or phase.until is None:
            yield policy.name, phase.name, datetime.min, until
            return
        after = datetime.combine(last_born(at.date(), phase.until), datetime.max.time())
        yield policy.name, phase.name, after, until
        until = after


def phase_at(policy: DataPolicy, created: datetime, at: datetime) -> Phase | None:
    """The phase of a collection at a moment; None: it has ended."""
    for phase in policy.phases:
        if phase.until is None or created.date() > last_born(at.date(), phase.until):
            return phase
    return None if policy.end is not None else policy.phases[-1]


def policy_of(
    federation: Federation, scope: str, columns: Mapping[str, str | None]
) -> DataPolicy | None:
    """The policy that is about a collection with these values of `product` and the like."""
    for policy in federation.policies.values():
        selector = policy.selector
        if (
            not policy.retired
            and scope in selector.namespaces
            and selector.product in (None, columns["product"])
            and (not selector.telescopes or columns["telescope"] in selector.telescopes)
            and selector.campaign in (None, columns["campaign"])
        ):
            return policy
    return None

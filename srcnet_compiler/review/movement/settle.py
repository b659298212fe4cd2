"""Where collections that are alike go: which copies are of use, which are made, and from where."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from srcnet_compiler.analysis.placement import PhasePlacement, Slot, domain_of, inclusion
from srcnet_compiler.catalogue.questions import Amount
from srcnet_compiler.catalogue.satisfying import kept, missing
from srcnet_compiler.federation.data_policy import Phase
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.names import AreaName, TierName


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of one class: which copies are of use, and which areas a new one may be on, with
    their weights. `unplaced` are copies for which no area is left. `ended`: no copy is kept."""

    useful: tuple[StorageArea, ...]
    new: tuple[tuple[StorageArea, ...], ...]
    released: tuple[StorageArea, ...]
    unplaced: int
    ended: bool = False


def ended(there: Sequence[StorageArea]) -> Settled:
    """What becomes of copies of data that have ended."""
    return Settled((), (), tuple(area for area in there if area.counts), 0, ended=True)


def settle(
    phase: Phase, placement: PhasePlacement | None, draw: int | None, there: Sequence[StorageArea]
) -> Settled:
    """What a phase makes of copies on `there`. `draw` None: the name falls in no bucket, and goes
    with the largest draw."""
    slots = _slots(placement, draw)
    meant = {(slot.tier, slot.domain) for slot in slots}
    preferred = sorted(
        there, key=lambda area: ((area.tier, _domain(area, phase)) not in meant, area.name)
    )
    useful = kept(phase, preferred)
    lacking = missing(phase, useful)
    new: list[tuple[StorageArea, ...]] = []
    taken = {_domain(area, phase) for area in useful} - {""}
    for tier in lacking:
        if placement is None or not (slot := _free(placement, slots, tier, taken)):
            continue
        areas = placement.domains[slot]
        held = {area.name for area in useful}
        free = tuple(area for area in areas if area.name not in held)
        if free:
            new.append(free)
            taken |= {slot.domain} - {""}
    unplaced = len(lacking) - len(new)
    beside = tuple(area for area in there if area.counts and area.name not in _names(useful))
    return Settled(useful, tuple(new), () if unplaced else beside, unplaced)


def split(amount: Amount, areas: Sequence[StorageArea]) -> Iterable[tuple[AreaName, Amount]]:
    """The part of each area of a domain, by pledge, in whole bytes that add up."""
    shares = inclusion({area.name: area.pledged or 0 for area in areas}, 1)
    done = Amount(0, 0, 0)
    upto = 0 * sum(shares.values())
    for name, share in sorted(shares.items()):
        upto += share
        ends = Amount(
            round(amount.collections * upto),
            None if amount.files is None else round(amount.files * upto),
            round(amount.bytes * upto),
        )
        yield (
            AreaName(name),
            Amount(
                ends.collections - done.collections,
                None if ends.files is None else ends.files - (done.files or 0),
                ends.bytes - done.bytes,
            ),
        )
        done = ends


def sources(
    federation: Federation, there: Iterable[StorageArea], to: StorageArea
) -> tuple[StorageArea, ...]:
    """The nearest of the areas to copy from: those that can be read at once before tape, then of
    the same site, then of the same region. Those that are as near share."""

    def far(area: StorageArea) -> tuple[bool, bool, bool]:
        return (
            federation.tiers[area.tier].archive,
            area.site != to.site,
            area.region is None or area.region != to.region,
        )

    found = sorted(there, key=lambda area: (far(area), area.name))
    return tuple(area for area in found if far(area) == far(found[0]))


def _slots(placement: PhasePlacement | None, draw: int | None) -> tuple[Slot, ...]:
    if placement is None or not placement.draws:
        return ()
    if draw is not None:
        return placement.draws[draw].slots
    return max(placement.draws, key=lambda each: (len(each.buckets), each.slots)).slots


def _free(
    placement: PhasePlacement, slots: Iterable[Slot], tier: TierName, taken: set[str]
) -> Slot | None:
    """The domain that the draw means; where a copy is there already, another one."""
    every: Mapping[Slot, tuple[StorageArea, ...]] = placement.domains
    pledges = {slot: sum(area.pledged or 0 for area in areas) for slot, areas in every.items()}
    others = sorted(every, key=lambda slot: (-pledges[slot], slot))
    return next(
        (slot for slot in (*slots, *others) if slot.tier == tier and slot.domain not in taken),
        None,
    )


def _domain(area: StorageArea, phase: Phase) -> str:
    return domain_of(area, phase.apart) or ("" if phase.apart == "area" else area.name)


def _names(areas: Iterable[StorageArea]) -> set[AreaName]:
    return {area.name for area in areas}

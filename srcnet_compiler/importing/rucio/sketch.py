"""The whole of what an import would write, with what it asks and what it leaves out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from srcnet_compiler.importing.rucio.areas import Note, area_of, described_area
from srcnet_compiler.importing.rucio.known import Known
from srcnet_compiler.importing.rucio.patterns import PolicyDraft, Unsaid, patterns
from srcnet_compiler.importing.rucio.places import Placed, place, without_clashes
from srcnet_compiler.importing.rucio.said import Left, Question, Said
from srcnet_compiler.targets.rucio.model.inventory import Inventory
from srcnet_compiler.targets.rucio.model.names import RseName


@dataclass(frozen=True, slots=True)
class SiteDraft:
    """What a site's spec gets: areas, with all that Rucio says of them; `new` are those that no
    spec describes."""

    name: str
    country: str
    is_new: bool
    areas: tuple[Mapping[str, Any], ...] = ()
    new: int = 0


@dataclass(frozen=True, slots=True)
class Sketch:
    """All of it. `described` counts RSEs that specs describe already, `skipped` those that somebody
    has said to leave alone; `joining` are those that specs describe and would change, since nobody
    has taken them over."""

    sites: tuple[SiteDraft, ...]
    policies: tuple[PolicyDraft, ...]
    questions: tuple[Question, ...]
    left: tuple[Left, ...]
    notes: tuple[Note, ...]
    unsaid: tuple[Unsaid, ...]
    described: int
    skipped: int
    joining: tuple[RseName, ...] = ()

    @property
    def areas(self) -> int:
        """How many areas are new."""
        return sum(site.new for site in self.sites)


def sketch(inventory: Inventory, known: Known, said: Said) -> Sketch:
    """What follows from all that is known; the order of what was read does not matter."""
    rses = [rse for name, rse in sorted(inventory.rses.items()) if name not in said.skipped]
    found = without_clashes([place(rse, known, said) for rse in rses])
    placed = {each.rse.name: each for each in found if isinstance(each, Placed)}
    sites, notes = _sites(placed, inventory, known, said)
    drafts, unsaid = patterns(inventory, placed, known.federation)
    return Sketch(
        sites=sites,
        policies=drafts,
        questions=tuple(each for each in found if isinstance(each, Question)),
        left=(
            *(each for each in found if isinstance(each, Left)),
            *(Left(name, why) for name, why in sorted(inventory.unread.items())),
        ),
        notes=notes,
        unsaid=unsaid,
        described=sum(1 for each in placed.values() if each.area is not None),
        skipped=len(said.skipped & inventory.rses.keys()),
        joining=tuple(n for n, p in placed.items() if p.would_join and n not in said.adopted),
    )


def _sites(
    placed: Mapping[RseName, Placed], inventory: Inventory, known: Known, said: Said
) -> tuple[tuple[SiteDraft, ...], tuple[Note, ...]]:
    by_site: dict[str, list[Placed]] = {}
    for _, each in sorted(placed.items()):
        by_site.setdefault(each.site, []).append(each)
    drafts: list[SiteDraft] = []
    notes: list[Note] = []
    for site, members in sorted(by_site.items()):
        areas: list[Mapping[str, Any]] = []
        for each in members:
            if each.area is None:
                facts, more = area_of(each, inventory)
            else:
                taken_over = each.rse.name in said.adopted
                facts, more = described_area(each, inventory, adopted=taken_over)
            notes += more
            areas.append(facts)
        new = sum(1 for each in members if each.area is None)
        is_new = site not in known.files
        drafts.append(SiteDraft(site, members[0].country, is_new, tuple(areas), new))
    return tuple(drafts), tuple(notes)

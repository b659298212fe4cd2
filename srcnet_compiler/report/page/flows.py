"""Where copies are expected to be, as bands from policies to regions to storage areas.

The thickness of a band is the number of copies of each file that it stands for.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from srcnet_compiler.report.page.facts import follows
from srcnet_compiler.report.page.labels import HEIGHT as LINE
from srcnet_compiler.report.page.labels import shortened, text_width
from srcnet_compiler.report.page.model import Fact, Page, Phase, Share
from srcnet_compiler.report.page.policies import SHARE, share_text

_UNIT = 46.0
"""How thick one copy is."""
_NODE = 9.0
_GAP = 10.0


@dataclass(frozen=True, slots=True)
class Node:
    """A bar that bands come to: a phase of a policy, a region or an area. `copies` in all, which
    `fact` says where the specs ask for them or an area is expected to hold them."""

    text: str
    kind: str
    region: int | None
    draft: bool
    copies: Fraction
    fact: Fact | None
    shares: tuple[Share, ...]
    x: float
    y: float
    height: float
    label: tuple[float, float, str]


@dataclass(frozen=True, slots=True)
class Band:
    """What goes from one node to another; its outline as an SVG path."""

    path: str
    region: int | None
    draft: bool


@dataclass(frozen=True, slots=True)
class Flows:
    """The whole drawing; empty where no phase could be placed."""

    width: float
    height: float
    nodes: tuple[Node, ...]
    bands: tuple[Band, ...]


def flows(page: Page, width: float, *, narrow: bool) -> Flows | None:
    """From phases to regions to areas; `narrow`: from regions to areas, all phases together."""
    phases = tuple(phase for phase in page.phases if phase.shares)
    if not phases:
        return None
    names = {region.number: region.name for region in page.regions}
    areas = list(_areas(phases, width))
    regions = list(_regions(areas, names, 0.0 if narrow else width * 0.52, narrow))
    height = max(node.y + node.height + LINE for node in (*areas, *regions))
    height = height if narrow else max(height, _room(phases))
    sources = [] if narrow else list(_sources(phases, width, height))
    return Flows(
        width,
        height,
        (*sources, *regions, *areas),
        (*_to_regions(sources, regions), *_to_areas(regions, areas)),
    )


def _areas(phases: Sequence[Phase], width: float) -> Iterator[Node]:
    """At the right, by region and then by size; each with room for a line of text."""
    by_area: dict[str, list[Share]] = defaultdict(list)
    for phase in phases:
        for share in phase.shares:
            by_area[share.area].append(share)
    found = [(shares[0].region, _sum(shares), name, shares) for name, shares in by_area.items()]
    found.sort(key=lambda each: (each[0] if each[0] is not None else -1, -each[1], each[2]))
    longest = max(text_width(name) for _, _, name, _ in found)
    x = max(width - longest - _NODE - 6, width * 0.4)
    room = width - x - _NODE - 6
    y, last = LINE + 8, found[0][0]
    for region, copies, name, shares in found:
        y += 1.6 * LINE if region != last else 0.0
        last = region
        high = float(copies) * _UNIT
        slot = max(high, LINE)
        top = y + (slot - high) / 2
        label = (x + _NODE + 5, y + slot / 2 + 4, "start")
        yield Node(
            shortened(name, room),
            "area",
            region,
            False,
            copies,
            _together(shares, copies),
            tuple(shares),
            x,
            top,
            max(high, 0.7),
            label,
        )
        y += slot + 2


def _sum(shares: Iterable[Share]) -> Fraction:
    return sum((share.copies.value for share in shares), Fraction(0))


def _together(shares: Sequence[Share], copies: Fraction) -> Fact:
    places = [place for share in shares for place in share.copies.note.places]
    return follows(share_text(copies), f"{SHARE}; all phases added up", places, copies)


def _regions(
    areas: Sequence[Node], names: dict[int, str], x: float, narrow: bool
) -> Iterator[Node]:
    """Each in the middle of its areas; none begins before the one above has ended."""
    free = LINE + 4
    for number in dict.fromkeys(node.region for node in areas):
        inside = [node for node in areas if node.region == number]
        high = float(sum(node.copies for node in inside)) * _UNIT
        middle = (inside[0].y + inside[-1].y + inside[-1].height) / 2
        top = max(free, middle - high / 2)
        free = top + high + LINE + 6
        name = names[number] if number is not None else "no region"
        copies = sum((node.copies for node in inside), Fraction(0))
        shares = tuple(share for node in inside for share in node.shares)
        label = (x, top - 5, "start") if narrow else (x + _NODE, top - 5, "end")
        yield Node(name, "region", number, False, copies, None, shares, x, top, high, label)


def _room(phases: Sequence[Phase]) -> float:
    """The height that phases need at least, one below the other."""
    return 2 * LINE + sum(float(_sum(p.shares)) * _UNIT + LINE + _GAP for p in phases)


def _sources(phases: Sequence[Phase], width: float, height: float) -> Iterator[Node]:
    """At the left, spread over the height."""
    high = [float(_sum(phase.shares)) * _UNIT for phase in phases]
    spare = height - sum(high) - len(phases) * (LINE + _GAP)
    between = max(spare / max(len(phases), 1), 0.0)
    y = LINE + 4 + between / 2
    for phase, tall in zip(phases, high, strict=True):
        copies = _sum(phase.shares)
        said = f"{phase.policy} · {phase.name}{' (draft)' if phase.draft else ''}"
        text = f"{shortened(said, width * 0.4)}: {phase.copies.text}"
        label = (0.0, y - 5, "start")
        yield Node(
            text, "phase", None, phase.draft, copies, phase.copies, phase.shares, 0, y, tall, label
        )
        y += tall + LINE + _GAP + between


def _to_regions(sources: Sequence[Node], regions: Sequence[Node]) -> Iterator[Band]:
    used = {region.region: region.y for region in regions}
    for source in sources:
        at = source.y
        for region in regions:
            copies = _sum(share for share in source.shares if share.region == region.region)
            if copies:
                high = float(copies) * _UNIT
                start, end = (source.x + _NODE, at), (region.x, used[region.region])
                yield Band(_path(start, end, high, high), region.region, source.draft)
                at += high
                used[region.region] += high


def _to_areas(regions: Sequence[Node], areas: Sequence[Node]) -> Iterator[Band]:
    for region in regions:
        at = region.y
        for area in areas:
            if area.region == region.region:
                high = float(area.copies) * _UNIT
                start, end = (region.x + _NODE, at), (area.x, area.y)
                yield Band(_path(start, end, high, area.height), area.region, False)
                at += high


def _path(
    start: tuple[float, float], end: tuple[float, float], high: float, high_there: float
) -> str:
    """A band between two upright lines, its edges curved."""
    (x1, y1), (x2, y2) = start, end
    half = f"{(x1 + x2) / 2:.1f}"
    lower, lower_there = y1 + high, y2 + high_there
    return (
        f"M{x1:.1f} {y1:.1f}C{half} {y1:.1f} {half} {y2:.1f} {x2:.1f} {y2:.1f}V{lower_there:.1f}"
        f"C{half} {lower_there:.1f} {half} {lower:.1f} {x1:.1f} {lower:.1f}Z"
    )

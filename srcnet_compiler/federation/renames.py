"""Names that storage areas have in the system: what they are called next, and which one ends."""

from collections.abc import Iterable, Iterator, Mapping

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.federation.model import StorageArea
from srcnet_compiler.federation.notices import Moved, Retired
from srcnet_compiler.names import AreaName
from srcnet_compiler.span import Span

Areas = Mapping[AreaName, StorageArea]

_ONE_STEP = "choose a name that no area has now; a swap or a chain takes two steps, by a free name"


def check_moves(moves: Iterable[Moved], areas: Areas) -> Iterator[Diagnostic]:
    """Renames of what is called otherwise, to what is taken, or two of one area."""
    known = [move for move in moves if move.area in areas]
    first: dict[AreaName, Moved] = {}
    for move in known:
        if move.area in first:
            yield _twice(move, first[move.area])
        else:
            yield from _wrong_name(move, areas[move.area])
            yield from _taken(move, areas, first.values())
        first.setdefault(move.area, move)


def _twice(move: Moved, first: Moved) -> Diagnostic:
    return error(
        Code.DUPLICATE_NAME,
        f"`{move.area}` is renamed twice",
        Label(move.origin.at("area"), "again here"),
        Label(first.origin.at("area"), "first here"),
        help="keep one of the two documents",
    )


def _wrong_name(move: Moved, area: StorageArea) -> Iterator[Diagnostic]:
    today = Label(place_of_name(area), "its name today")
    if move.after == area.name_today:
        yield error(
            Code.DUPLICATE_NAME,
            f"`{area.name}` is called `{move.after}` already",
            Label(move.origin.at("to")),
            today,
            help="remove the document: the rename is done",
        )
    elif move.before != area.name_today:
        yield error(
            Code.UNKNOWN_NAME,
            f"`{move.before}` is not what `{area.name}` is called today",
            Label(move.origin.at("from")),
            today,
            help=f"write `from: {area.name_today}`",
        )


def _taken(move: Moved, areas: Areas, earlier: Iterable[Moved]) -> Iterator[Diagnostic]:
    """Whether another area has the new name, or gets it: names are changed one at a time."""
    others = [
        *(
            Label(place_of_name(area), f"`{area.name}` is called so today")
            for area in areas.values()
            if area.name_today == move.after and area.name != move.area
        ),
        *(
            Label(other.origin.at("to"), f"`{other.area}` is to be called so too")
            for other in earlier
            if other.after == move.after
        ),
    ]
    if others:
        yield error(
            Code.DUPLICATE_NAME,
            f"`{move.area}` is to be called `{move.after}`, which is the name of another area",
            Label(move.origin.at("to")),
            *others,
            help=_ONE_STEP,
        )


def place_of_name(area: StorageArea) -> Span:
    """Where the name is written that the area has today."""
    return area.origin.at("nameToday" if area.origin.has("nameToday") else "name")


def check_ends(ends: Iterable[Retired], areas: Areas) -> Iterator[Diagnostic]:
    """Ends that could mean one area by its name, and another by the name it has today."""
    for end in ends:
        meant = [area for area in areas.values() if end.area in (area.name, area.name_today)]
        if len(meant) > 1:
            yield error(
                Code.DUPLICATE_NAME,
                f"`{end.area}` may mean {' or '.join(f'`{area.name}`' for area in meant)}",
                Label(end.origin.at("area")),
                *(Label(_place_of(end, area), f"this is `{area.name}`") for area in meant),
                help=f"write {' or '.join(f'`{_other_name(end, area)}`' for area in meant)}",
            )


def _place_of(end: Retired, area: StorageArea) -> Span:
    return area.origin.at("name") if end.area == area.name else place_of_name(area)


def _other_name(end: Retired, area: StorageArea) -> str:
    return area.name_today if end.area == area.name else area.name

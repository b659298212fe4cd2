"""Storage areas that lie within others: never within themselves, and never larger."""

from collections.abc import Iterator, Mapping

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.federation.model import StorageArea
from srcnet_compiler.names import AreaName
from srcnet_compiler.quantity import round_bytes

Areas = Mapping[AreaName, StorageArea]


def check_nesting(areas: Areas) -> Iterator[Diagnostic]:
    """Areas that lie in themselves, and parts that are larger than the whole."""
    for area in areas.values():
        outer = areas.get(area.within) if area.within is not None else None
        if outer is None:
            continue
        if area.name in _outside(areas, outer):
            yield error(
                Code.WRONG_WITHIN,
                f"`{area.name}` lies in itself"
                if outer is area
                else f"`{area.name}` lies in `{outer.name}`, which lies in `{area.name}`",
                Label(area.origin.at("within")),
                help="name the larger storage that it is a part of, or leave `within` out",
            )
        else:
            yield from _larger(area, outer)


def _outside(areas: Areas, area: StorageArea) -> set[AreaName]:
    """An area and all that it lies in, as far as they are known."""
    names: set[AreaName] = set()
    around: StorageArea | None = area
    while around is not None and around.name not in names:
        names.add(around.name)
        around = areas.get(around.within) if around.within is not None else None
    return names


def _larger(area: StorageArea, outer: StorageArea) -> Iterator[Diagnostic]:
    key = "pledged" if area.capacity is None else "capacity"
    size = area.pledged if area.capacity is None else area.capacity
    if size is not None and outer.capacity is not None and size > outer.capacity:
        yield error(
            Code.WRONG_WITHIN,
            f"`{area.name}` has {round_bytes(size)}, more than `{outer.name}`, which it lies in",
            Label(area.origin.at(key)),
            Label(outer.origin.at("capacity"), f"{round_bytes(outer.capacity)} here"),
            help=f"lower `{key}`, or leave `within` out where it is not a part of `{outer.name}`",
        )

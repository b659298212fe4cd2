"""What all rows are made with: the task, the rows as they come, sums of columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from srcnet_compiler.feasibility.model import Ask, Group, Move, Source, Step
from srcnet_compiler.feasibility.program import Kind, Number, Row
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.names import SiteName

Terms = list[tuple[int, Number]]


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked. `drafts`: with what is not agreed, needs and limits alike. `placed`: copies
    stand where the compiler puts them, else wherever their policies allow."""

    federation: Federation
    areas: tuple[StorageArea, ...]
    groups: tuple[Group, ...]
    asks: tuple[Ask, ...]
    sources: tuple[Source, ...]
    steps: tuple[Step, ...]
    moves: tuple[Move, ...]
    drafts: bool
    space: bool
    transfers: bool
    placed: bool

    def counted(self, drafts: Sequence[object]) -> bool:
        """Whether a figure with these drafts holds here."""
        return self.drafts or not drafts


@dataclass(slots=True)
class Builder:
    """Rows as they come, and the numbers of columns by what they are."""

    rows: list[Row] = field(default_factory=list)
    columns: dict[tuple[object, ...], int] = field(default_factory=dict)
    recalled: dict[tuple[int, int], list[tuple[int, list[int]]]] = field(default_factory=dict)
    """By group and year: the seconds of steps and what may be recalled in them."""

    def column(self, *key: object) -> int:
        """The column of that name, from now on."""
        return self.columns.setdefault(key, len(self.columns))

    def there(self, *key: object) -> list[int]:
        """The column of that name, where it has been made."""
        number = self.columns.get(key)
        return [] if number is None else [number]

    def add(
        self,
        kind: Kind,
        step: int,
        place: str,
        terms: Terms,
        amount: Number = 0,
        *,
        exactly: bool = False,
        about: int = -1,
        grows: bool = False,
    ) -> None:
        """One more row."""
        self.rows.append(Row(kind, step, place, tuple(terms), amount, exactly, about, grows))


def holding(task: Task, groups: Iterable[int]) -> tuple[StorageArea, ...]:
    """The areas that may hold a copy of data of some of these groups."""
    tiers = {
        copies.tier
        for number in groups
        for phase in task.groups[number].phases
        for copies in phase.copies
    }
    return tuple(area for area in task.areas if area.tier in tiers)


def plus(columns: Sequence[int]) -> Terms:
    """The sum of columns."""
    return [(column, 1) for column in columns]


def minus(columns: Sequence[int], factor: Number = 1) -> Terms:
    """What is taken off."""
    return [(column, -factor) for column in columns]


def sites_of(areas: Sequence[StorageArea]) -> dict[SiteName, list[StorageArea]]:
    """The areas of each site, in order of name."""
    found: dict[SiteName, list[StorageArea]] = {}
    for area in areas:
        found.setdefault(area.site, []).append(area)
    return dict(sorted(found.items()))

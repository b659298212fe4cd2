"""A linear program in exact numbers: what is asked, what there is, and what ties them together.

All columns are amounts in bytes and none is negative. A row says that the sum of its terms is at
most, or exactly, its amount: what is needed stands in it with a minus sign.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction

Number = int | Fraction


class Kind(Enum):
    """What a row is about. Those that need come first, then those that limit, then mere logic."""

    COPIES = "copies"
    PLACED = "placed"
    ARRIVAL = "arrival"
    RECALL = "recall"
    MOVE = "move"
    APART = "apart"
    AVAILABLE = "available"
    SPACE = "space"
    OUT = "out"
    IN = "in"
    LINK = "link"
    WRITE = "write"
    READ = "read"
    HELD = "held"
    GROWTH = "growth"
    BALANCE = "balance"


NEEDS = frozenset({Kind.COPIES, Kind.PLACED, Kind.ARRIVAL, Kind.RECALL, Kind.MOVE})
LIMITS = frozenset({Kind.SPACE, Kind.OUT, Kind.IN, Kind.LINK, Kind.WRITE, Kind.READ})
"""What somebody could buy more of."""


@dataclass(frozen=True, slots=True)
class Row:
    """The sum of `terms`, each a column and its factor, is at most `amount`; or it, `exactly`.

    `step` is the last step of time that it is about; `place` an area, site, tier, domain or move;
    `about` the number of an ask, a source or a group. `grows`: its amount is a multiple of what
    arrives.
    """

    kind: Kind
    step: int
    place: str
    terms: tuple[tuple[int, Number], ...]
    amount: Number = 0
    exactly: bool = False
    about: int = -1
    grows: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """All rows, over so many columns."""

    columns: int
    rows: tuple[Row, ...]

    def until(self, step: int) -> "Program":
        """What must hold up to the end of a step, whatever comes later."""
        return Program(self.columns, tuple(row for row in self.rows if row.step <= step))

    def growing(self) -> "Program":
        """The same with one more column, the last: what arrives, as a multiple of what it is."""
        return Program(self.columns + 1, tuple(self._growing(self.rows)))

    def _growing(self, rows: Iterable[Row]) -> Iterable[Row]:
        for row in rows:
            if row.grows:
                terms = (*row.terms, (self.columns, -Fraction(row.amount)))
                yield replace(row, terms=terms, amount=0)
            else:
                yield row

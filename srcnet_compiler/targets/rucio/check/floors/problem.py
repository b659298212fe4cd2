"""One file of a dataset, the rules that keep it, and the steps that change these: a small game.

Rucio moves by making copies valid, when and where its rules let it; the plan moves by its steps, in
any order that their needs and guards allow. Names are numbers here, so that datasets which differ
in names only are one problem.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Kind(Enum):
    """What a step does: to a rule, or (PLACE) to where copies may stand."""

    CREATE = "create"
    NAME = "name"
    RELEASE = "release"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class CopiesValid:
    """The file has so many `copies` by tier, all at different places by `distance`, under rules
    whose comment is one of `comments`."""

    comments: frozenset[int]
    distance: int
    copies: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class RulesMoved:
    """Every rule that holds the file on the spot is one of those that would mean it afterwards."""

    means: frozenset[int]


Guard: TypeAlias = CopiesValid | RulesMoved


@dataclass(frozen=True, slots=True)
class Step:
    """`at` is a rule, or a spot; `comment` is what the rule is then called. The steps in `needs`
    are done before it begins."""

    kind: Kind
    at: int
    comment: int = 0
    needs: frozenset[int] = frozenset()
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """A spot between two steps. `places` has, for each distance, what must differ between copies;
    None: copies there do not count. `means` are the rules whose expressions mean it."""

    places: tuple[int | None, ...]
    tier: str
    means: frozenset[int]


@dataclass(frozen=True, slots=True)
class Spot:
    """An RSE. `views` has one view for each set of its own `steps` that is done, as a number."""

    views: tuple[View, ...]
    steps: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Owned:
    """A rule of ours. One that is not `there` comes by a step; `released`: it has an end."""

    comment: int
    there: bool = True
    released: bool = False


@dataclass(frozen=True, slots=True)
class Lock:
    """Where Rucio puts one copy of the rule. `settled`: it may stand there from the beginning."""

    rule: int
    spot: int
    settled: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """Copies are told apart by distance 0 when they are counted for the floor."""

    floor: int
    rules: tuple[Owned, ...]
    locks: tuple[Lock, ...]
    spots: tuple[Spot, ...]
    steps: tuple[Step, ...]

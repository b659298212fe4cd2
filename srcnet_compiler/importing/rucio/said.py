"""What the person who imports has said, and what is still to be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from srcnet_compiler.targets.rucio.model.names import RseName


@dataclass(frozen=True, slots=True)
class Said:
    """Answers by RSE, but for `countries`: by site that is new. `skipped` RSEs are left alone,
    `adopted` ones are taken over as they stand, whatever a spec says of them already."""

    sites: Mapping[str, str] = field(default_factory=dict)
    tiers: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    countries: Mapping[str, str] = field(default_factory=dict)
    skipped: frozenset[str] = frozenset()
    adopted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Question:
    """What nothing tells of an RSE. `option` and `about` are what is typed to answer it,
    `likely` is what a person would say first, None where nothing hints at it."""

    rse: RseName
    option: str
    about: str
    why: str
    choices: tuple[str, ...] = ()
    likely: str | None = None

    @property
    def to_type(self) -> str:
        """The flag that answers it; what is to be chosen in capitals where nothing hints at it."""
        blank = {"site": "SITE", "tier": "TIER", "name": "AREA", "country": "CC"}[self.option]
        return f"--{self.option} {self.about}={self.likely or blank}"


@dataclass(frozen=True, slots=True)
class Left:
    """An RSE that no spec can describe, or that contradicts another one; nothing is written."""

    rse: RseName
    why: str

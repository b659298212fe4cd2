"""Who may read young data: facts for those who grant access, since Rucio does not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from srcnet_compiler.span import Span


@dataclass(frozen=True, slots=True)
class Embargo:
    """Datasets of `scope` whose columns have one of the values in `metadata`: up to the age
    `until`, a calendar period from the day on which the server first heard of them, only the group
    `readers` may read them."""

    policy: str
    scope: str
    metadata: Mapping[str, Sequence[str]]
    readers: str
    until: str
    origins: Mapping[str, tuple[Span, ...]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def name(self) -> str:
        """What it is called among others."""
        return f"{self.policy} {self.scope}"

"""What has another name now: Slurm gives none of its objects another one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from srcnet_compiler.span import Span


@dataclass(frozen=True, slots=True)
class Successor:
    """The object that takes the place of another of its kind; `place` is where that is said."""

    name: str
    place: Span | None = field(default=None, compare=False, repr=False)


Successors = Mapping[tuple[str, str], Successor]
"""By the kind and the name of what they take the place of."""

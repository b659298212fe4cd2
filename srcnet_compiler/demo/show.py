"""Where a demo speaks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Show:
    """`title` for a step, `text` for results, `note` on the way."""

    title: Callable[[str], None]
    text: Callable[[str], None]
    note: Callable[[str], None]
    progress: Callable[[int], Any]

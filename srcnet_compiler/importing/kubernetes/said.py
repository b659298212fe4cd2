"""What is said of one object of a cluster."""

from collections.abc import Mapping
from typing import NamedTuple

from srcnet_compiler.importing.written import Tree


class Said(NamedTuple):
    """`tree` is its entry in the spec, None: it has none and stays its people's; `notes` are what
    no spec says of it, or what is to be typed."""

    kind: str
    name: str
    tree: Mapping[str, Tree] | None
    notes: tuple[str, ...]

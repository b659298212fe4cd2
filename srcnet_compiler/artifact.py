"""A file that the compiler writes, with the spec place of each of its lines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from srcnet_compiler.span import Span


@dataclass(frozen=True, slots=True)
class Artifact:
    """`sources` maps each line of `content`, counted from 1, to the spec places it comes from."""

    path: PurePosixPath
    content: str
    sources: Mapping[int, tuple[Span, ...]] = field(default_factory=dict)

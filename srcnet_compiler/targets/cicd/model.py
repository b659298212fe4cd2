"""The pipelines of one forge as we manage them: files of the repository, by what they say.

Wanted and seen are the same type. What a file says is compared as a reader gets it: comments,
quotes and the order of keys mean nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from srcnet_compiler.change import Json
from srcnet_compiler.emit.yaml import Tree
from srcnet_compiler.span import Span

Spans: TypeAlias = tuple[Span, ...]

HEADER = "Written by `srcnet pipelines` from the specs: what is changed here by hand is lost."
"""Stands in the first line of every file of ours; no file without it is ever touched."""
OWNERS = "CODEOWNERS"
"""The name of the one file that is no YAML."""


@dataclass(frozen=True, slots=True)
class PipelineFile:
    """A file by its path in the repository: `said` is its document, or, of CODEOWNERS, by pattern
    who owns it.

    Only a wanted file has `title`, which stands in its first line, `tree`, its document with the
    spec places of its lines, and `places`, those of the file itself. `ours`: the header is
    there.
    """

    name: str
    said: Json
    ours: bool = True
    title: str = field(default="", compare=False)
    tree: Tree = field(default=None, compare=False, repr=False)
    places: Spans = field(default=(), compare=False, repr=False)

    @property
    def kind(self) -> str:
        """As changes call it."""
        return "file"

    def fields(self) -> Mapping[str, Json]:
        """What it says, by path such as `jobs.plan.steps[2].run`."""
        return dict(_flat("", self.said))

    def spans(self, path: str = "") -> Spans:
        """The places of what it says at `path`: those of the whole file."""
        return self.places


@dataclass(frozen=True, slots=True)
class Forge:
    """One forge of the repository of the specs; `instance` is github or gitlab.

    Only a wanted one has `origins`: "" is what decides that it is there.
    """

    instance: str
    files: Mapping[str, PipelineFile]
    origins: Mapping[str, Spans] = field(default_factory=dict, compare=False, repr=False)

    def things(self) -> Iterator[PipelineFile]:
        """Every file, by name."""
        return (self.files[name] for name in sorted(self.files))

    def find(self, kind: str, name: str) -> PipelineFile | None:
        """The file of this name."""
        return self.files.get(name) if kind == "file" else None


def _flat(path: str, value: Json) -> Iterator[tuple[str, Json]]:
    if value and isinstance(value, Mapping):
        for key in sorted(value):
            yield from _flat(f"{path}.{key}" if path else key, value[key])
    elif value and isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _flat(f"{path}[{index}]", item)
    else:
        yield path, value

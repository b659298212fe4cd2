"""Where names are given and where they are meant, by kind of document and path in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from srcnet_compiler.source import Document
from srcnet_compiler.span import Path, Span

ANY = "*"
"""Any key or index."""
KEY = "{}"
"""Any key, which is itself the name."""
Pattern: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """A name where it stands. `what` it may be a name of; `scope` is the site where it counts.

    `gives`: here it is given to something, elsewhere something is meant by it.
    """

    name: str
    what: tuple[str, ...]
    gives: bool
    scope: str | None
    kind: str
    path: Path
    span: Span

    def is_of(self, other: "Mention") -> bool:
        """Whether both may be names of the same thing."""
        shared = {*self.what} & {*other.what}
        near = self.scope is None or other.scope is None or self.scope == other.scope
        return self.name == other.name and bool(shared) and near


_GIVEN: Mapping[str, tuple[tuple[str, str], ...]] = {
    "Site": (
        ("site", "metadata.name"),
        ("storage area", "spec.storage.*.name"),
        ("compute", "spec.compute.*.name"),
    ),
    "Federation": (
        ("federation", "metadata.name"),
        ("member", "spec.members.*"),
        ("region", "spec.regions.{}"),
        ("tier", "spec.tiers.{}"),
        ("storage class", "spec.storageClasses.{}"),
        ("namespace", "spec.rucio.namespaces.*.name"),
        ("activity", "spec.rucio.activities.*"),
        ("service", "spec.services.{}"),
        ("group", "spec.identity.groups.*"),
    ),
    "ComputePolicy": (("compute policy", "metadata.name"), ("queue", "spec.queues.{}")),
    "Allocation": (("allocation", "metadata.name"), ("project", "spec.projects.*.name")),
    "DataPolicy": (("data policy", "metadata.name"),),
    "SecurityPolicy": (("security policy", "metadata.name"),),
    "Service": (("service", "metadata.name"),),
    "WorkflowTemplate": (("template", "metadata.name"),),
}
_OF = "site|storage area|compute|service"
_DRAFTS = f"{_OF}|data policy|namespace|queue|project|template|federation|allocation"
_MEANT: Mapping[str, tuple[tuple[str, str], ...]] = {
    "Site": (
        ("member", "spec.src"),
        ("tier", "spec.storage.*.tier"),
        ("storage area", "spec.storage.*.within"),
        ("service", "spec.services.*.service"),
        ("compute", "spec.services.*.at"),
        ("storage area", "spec.services.*.storage"),
        ("queue", "spec.compute.*.slurm.queues.*"),
        ("queue", "spec.compute.*.slurm.windows.*.queue"),
        ("queue", "spec.compute.*.kubernetes.queues.*"),
        ("storage area", "spec.compute.*.kubernetes.readable.*"),
    ),
    "Federation": (
        ("member", "spec.aliases.*"),
        ("tier", "spec.storageClasses.*.tier"),
        ("site", "spec.links.*.from"),
        ("site", "spec.links.*.to"),
    ),
    "DataPolicy": (
        ("namespace", "spec.selects.namespaces.*"),
        ("tier", "spec.phases.*.copies.*.tier"),
        ("tier", "spec.recall.to.tier"),
        ("site", "spec.also.*.at.*"),
        ("activity", "spec.activity"),
    ),
    "Allocation": (
        ("site", "spec.sites.*"),
        ("compute", "spec.clusters.*"),
        ("queue", "spec.projects.*.queues.*"),
        ("group", "spec.projects.*.groups.*"),
    ),
    "Service": (
        ("site", "spec.sites.must.*"),
        ("site", "spec.sites.mayNot.*"),
        ("service", "spec.needs.*"),
        ("service", "spec.talksTo.*.service"),
        ("tier", "spec.mounts.*.tier"),
    ),
    "WorkflowTemplate": (
        ("queue", "spec.queue"),
        ("group", "spec.groups.*"),
        ("tier", "spec.mounts.*.tier"),
    ),
    "Downtime": ((_OF, "spec.of"),),
    "Moved": (
        ("storage area", "spec.area"),
        ("queue", "spec.queue"),
        ("project", "spec.project"),
        ("site", "spec.site"),
    ),
    "Retired": (
        ("storage area", "spec.area"),
        ("data policy", "spec.policy"),
        ("queue", "spec.queue"),
        ("project", "spec.project"),
        ("service", "spec.service"),
        ("template", "spec.template"),
        ("group", "spec.approvedBy.group"),
    ),
    "Waiver": ((_DRAFTS, "spec.of"), ("group", "spec.approvedBy.group")),
}
_IN_A_SITE = ("compute",)
"""Names that count within their site alone."""


def mentions(document: Document) -> Iterator[Mention]:
    """Every name in a document whose place is known."""
    data = document.data
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(kind, str):
        return
    for gives, table in ((True, _GIVEN), (False, _MEANT)):
        for what, pattern in table.get(kind, ()):
            kinds = tuple(what.split("|"))
            for name, path, span in _matching(document, tuple(pattern.split("."))):
                scope = _scope(document, kinds)
                yield Mention(name, kinds, gives, scope, kind, path, span)


def meant_at(kind: str, path: Path) -> tuple[str, ...]:
    """What a name at this place is a name of; empty where none stands."""
    for what, pattern in _MEANT.get(kind, ()):
        if _fits(path, tuple(pattern.split("."))):
            return tuple(what.split("|"))
    return ()


def _fits(path: Path, pattern: Pattern) -> bool:
    return len(path) == len(pattern) and all(
        want in (ANY, here) for want, here in zip(pattern, path, strict=True)
    )


def _scope(document: Document, what: tuple[str, ...]) -> str | None:
    """The site in whose file a name stands that counts in one site."""
    data = document.data
    if what != _IN_A_SITE or not isinstance(data, dict) or data.get("kind") != "Site":
        return None
    metadata = data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else None


def _matching(document: Document, pattern: Pattern) -> Iterator[tuple[str, Path, Span]]:
    """Each text at a path that fits the pattern."""
    level: list[tuple[Path, object]] = [((), document.data)]
    places = document.source_map
    for step in pattern:
        if step == KEY:
            for path, value in level:
                for key in value if isinstance(value, dict) else ():
                    yield key, (*path, key), places.key_span((*path, key))
            return
        level = [each for path, value in level for each in _below(path, value, step)]
    for path, value in level:
        if isinstance(value, str) and path in places.values:
            yield value, path, places.span(path)


def _below(path: Path, value: object, step: str) -> Iterator[tuple[Path, object]]:
    if isinstance(value, list) and step == ANY:
        yield from (((*path, number), item) for number, item in enumerate(value))
    elif isinstance(value, dict):
        yield from (((*path, key), item) for key, item in value.items() if step in (ANY, key))

"""What is on a cluster that no spec describes yet, whoever made it: for an import alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from srcnet_compiler.targets.kubernetes.model import Key

Document: TypeAlias = Mapping[str, Any]
"""An object as the API server gives it."""
WORKLOADS = ("Deployment", "StatefulSet")
"""Kinds that run a service."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """`namespaces` are all of the cluster, None: they may not be listed. `operators` are what the
    spec calls what is installed. `things` are the objects of the namespaces that were looked into,
    and of the cluster, by kind and name; `unseen` says what could not be looked at, and why."""

    version: tuple[int, int]
    namespaces: tuple[str, ...] | None
    operators: tuple[str, ...]
    things: Mapping[Key, Document] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()

    def of(self, kind: str) -> Iterator[tuple[str, Document]]:
        """All of a kind, in order of name."""
        return ((name, each) for (k, name), each in sorted(self.things.items()) if k == kind)

    def names(self, kind: str) -> tuple[str, ...]:
        """What those of a kind are called."""
        return tuple(name for name, _ in self.of(kind))

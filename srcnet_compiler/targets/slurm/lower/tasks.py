"""How a task for the administrators is made, with the places that decide it."""

from collections.abc import Mapping

from srcnet_compiler.span import Span
from srcnet_compiler.targets.slurm.lower.places import cluster_places, instance_places
from srcnet_compiler.targets.slurm.lower.scope import Scope
from srcnet_compiler.task import Script, Task

CONFIG = "slurm.conf"


def task(
    scope: Scope, title: str, why: str, where: str, lines: tuple[str, ...], *spans: Span
) -> Task:
    """Lines to write or to type."""
    return Task(title, why, where, lines, tuple(dict.fromkeys((*spans, *cluster_places(scope)))))


def script(
    scope: Scope, title: str, why: str, name: str, values: Mapping[str, object], *spans: Span
) -> Task:
    """A file to install. Its first lines say for which cluster it is."""
    found = tuple(dict.fromkeys((*spans, *instance_places(scope))))
    known = {"cluster": scope.cluster.cluster, "prefix": scope.prefix, **values}
    return Task(title, why, name, (), found, Script(name, known))

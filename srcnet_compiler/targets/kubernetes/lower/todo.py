"""What only the administrators of a cluster can do: why, and the exact lines."""

from collections.abc import Mapping

from srcnet_compiler.targets.kubernetes.lower.scope import Scope
from srcnet_compiler.targets.kubernetes.model import Key, Object
from srcnet_compiler.task import Task


def todo(
    scope: Scope, whole: Mapping[Key, Object], before: Mapping[Key, Object]
) -> tuple[Task, ...]:
    """In the order in which they are best done."""
    return ()

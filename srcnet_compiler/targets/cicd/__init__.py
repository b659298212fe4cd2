"""Forges: what GitHub or GitLab runs when specs change, as files of the repository of the specs.

Merging a file is what applies it, so no plan reaches them. Of the repository only files that carry
our header are ours.
"""

from collections.abc import Iterator
from pathlib import Path

from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.targets.cicd import check, diff, emit, lower
from srcnet_compiler.targets.cicd.model import Forge
from srcnet_compiler.targets.protocol import Merged, Reading


def _read(root: Path, desired: Forge) -> Reading[Forge]:
    from srcnet_compiler.targets.cicd import live

    return live.read(root, desired)


def _check(model: Forge) -> Iterator[Diagnostic]:
    return check.check(model)


TARGET: Merged[Forge] = Merged(
    name="cicd",
    lower=lower.lower,
    emit=emit.emit,
    check=_check,
    check_seen=check.check_seen,
    read=_read,
    diff=diff.diff,
)

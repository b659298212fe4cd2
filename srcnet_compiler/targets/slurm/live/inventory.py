"""A cluster that no spec describes yet: found out first, then read as what its people say it is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from srcnet_compiler.targets.slurm.live import reading, text
from srcnet_compiler.targets.slurm.live.asking import must
from srcnet_compiler.targets.slurm.live.controller import Controller
from srcnet_compiler.targets.slurm.model import SlurmModel
from srcnet_compiler.targets.slurm.model.things import Association


@dataclass(frozen=True, slots=True)
class Found:
    """`settings` are all that the controller answers, `clusters` all on the same database."""

    controller: Controller
    settings: Mapping[str, str]
    clusters: tuple[str, ...]
    partitions: Mapping[str, str]
    default_partition: str | None
    accounts: tuple[str, ...]


def find_out(controller: Controller) -> Found:
    """What can be asked about. Raises UnreachableError, RefusedError."""
    runner, bounds = controller.runner, controller.bounds
    settings = text.settings(must(runner, bounds, ["scontrol", "show", "config"]).out)
    clusters = must(runner, bounds, ["sacctmgr", "-nP", "show", "cluster", "format=Cluster"]).out
    kinds = ("partition", Association.kind)
    seen = reading.look(runner, replace(bounds, root_account=""), controller.version, *kinds).model
    return Found(
        controller,
        settings,
        tuple(sorted(clusters.split())),
        seen.foreign.partitions,
        seen.foreign.default_partition,
        tuple(sorted(seen.foreign.accounts.keys() - {"root"})),
    )


def read_as(found: Found, account: str, fragment: str) -> SlurmModel:
    """All of it, where this account is the federation's and this file has its partitions."""
    bounds = replace(found.controller.bounds, root_account=account, fragment=fragment)
    return reading.read(found.controller.runner, bounds).model

"""How the host is reached on which a cluster's commands are, and what we may touch there."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from srcnet_compiler.change import Json
from srcnet_compiler.targets.protocol import RefusedError
from srcnet_compiler.targets.slurm.live.reading import look, version_of
from srcnet_compiler.targets.slurm.live.rehearsal import SiteFiles
from srcnet_compiler.targets.slurm.live.runner import LocalRunner, Runner
from srcnet_compiler.targets.slurm.model import SlurmModel
from srcnet_compiler.targets.slurm.model.cost import Version


@dataclass(frozen=True, slots=True)
class Controller:
    """A cluster that answers. `bounds` is a model without objects: it says what is ours."""

    runner: Runner
    bounds: SlurmModel
    version: Version
    files: SiteFiles


def connection(
    model: SlurmModel,
    slurm_conf: str,
    commands: str | None = None,
    reach: Mapping[str, Json] | None = None,
) -> Mapping[str, Json]:
    """What a module needs to act; `commands` is a folder to look for Slurm's in first, `reach` are
    Ansible's variables for the controller if that is not this machine."""
    return {
        "slurm_conf": slurm_conf,
        **({} if commands is None else {"commands": commands}),
        **({} if reach is None else {"reach": reach}),
        "instance": model.instance,
        "cluster": model.cluster,
        "prefix": model.prefix,
        "root_account": model.root_account,
        "fragment": model.fragment,
        "time_zone": model.time_zone,
    }


def open_connection(connection: Mapping[str, Json]) -> Controller:
    """Raises UnreachableError, and RefusedError where another cluster answers."""
    said = {key: str(value) for key, value in connection.items() if key != "reach"}
    environment = {"SLURM_CONF": said["slurm_conf"]}
    if "commands" in said:
        environment["PATH"] = f"{said['commands']}:{os.environ.get('PATH', os.defpath)}"
    runner = LocalRunner(environment)
    bounds = SlurmModel(
        instance=said["instance"],
        cluster=said["cluster"],
        prefix=said["prefix"],
        root_account=said["root_account"],
        fragment=said["fragment"],
        time_zone=said["time_zone"],
    )
    version = version_of(runner, bounds)
    settings = look(runner, bounds, version, "setting").model.settings
    if settings.get("ClusterName") != bounds.cluster:
        name = settings.get("ClusterName")
        raise RefusedError(f"the cluster that answers is `{name}`, not `{bounds.cluster}`")
    state = settings.get("StateSaveLocation")
    folder = Path(said["slurm_conf"]).parent
    files = SiteFiles(folder, Path(bounds.fragment), Path(state) if state else None)
    return Controller(runner, bounds, version, files)

"""How the host is reached on which a cluster's commands are, and what we may touch there."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from srcnet_compiler.change import Json
from srcnet_compiler.federation.compute import SlurmCluster
from srcnet_compiler.targets.protocol import RefusedError
from srcnet_compiler.targets.secrets import content
from srcnet_compiler.targets.slurm.live.reading import look, version_of
from srcnet_compiler.targets.slurm.live.rehearsal import SiteFiles
from srcnet_compiler.targets.slurm.live.runner import LocalRunner, Runner
from srcnet_compiler.targets.slurm.live.ssh import Host, SshRunner
from srcnet_compiler.targets.slurm.model import SlurmModel
from srcnet_compiler.targets.slurm.model.cost import Version

_KEY = "a private key for ssh, as `ssh-keygen -N ''` makes one"


@dataclass(frozen=True, slots=True)
class Controller:
    """A cluster that answers. `bounds` is a model without objects: it says what is ours."""

    runner: Runner
    bounds: SlurmModel
    version: Version
    files: SiteFiles

    def close(self) -> None:
        """End the connection, where there is one."""
        self.runner.close()


def connection(
    cluster: SlurmCluster,
    model: SlurmModel,
    environment: Mapping[str, str],
    *,
    reading: bool = False,
) -> Mapping[str, Json]:
    """All that `open_connection` needs, in plain data, with the key itself in it; `reading`: by the
    login that only looks.

    Raises RefusedError where the key is not to be had.
    """
    control = cluster.controller
    secret = control.read_secret if reading else control.secret
    where, key = content(secret, environment, _KEY)
    if not key.startswith("-----BEGIN ") or "PRIVATE KEY-----" not in key:
        raise RefusedError(f"{where} does not hold {_KEY}")
    stated = {
        "user": control.read_user if reading else control.user,
        "host_key": control.host_key,
        "slurm_conf": control.configuration,
        "commands": control.commands,
    }
    return {
        "host": control.host,
        "port": control.port,
        "private_key": key,
        **{name: value for name, value in stated.items() if value is not None},
        **_bounds(model),
    }


def here(model: SlurmModel, slurm_conf: str, commands: str | None = None) -> Mapping[str, Json]:
    """As `connection`, for a cluster whose commands are on this machine."""
    return {
        "slurm_conf": slurm_conf,
        **({} if commands is None else {"commands": commands}),
        **_bounds(model),
    }


def _bounds(model: SlurmModel) -> dict[str, Json]:
    return {
        "instance": model.instance,
        "cluster": model.cluster,
        "prefix": model.prefix,
        "root_account": model.root_account,
        "fragment": model.fragment,
        "time_zone": model.time_zone,
    }


def open_connection(connection: Mapping[str, Json]) -> Controller:
    """Raises UnreachableError, and RefusedError where nobody is let in or another cluster answers.

    Where no cluster is named, it is whichever answers.
    """
    said = {key: str(value) for key, value in connection.items()}
    bounds = SlurmModel(
        instance=said["instance"],
        cluster=said["cluster"],
        prefix=said["prefix"],
        root_account=said["root_account"],
        fragment=said["fragment"],
        time_zone=said["time_zone"],
    )
    runner = _runner(said)
    try:
        version = version_of(runner, bounds)
        settings = look(runner, bounds, version, "setting").model.settings
        name = settings.get("ClusterName", "")
        bounds = replace(bounds, cluster=bounds.cluster or name)
        if name != bounds.cluster:
            raise RefusedError(f"the cluster that answers is `{name}`, not `{bounds.cluster}`")
    except BaseException:
        runner.close()
        raise
    conf = PurePosixPath(said.get("slurm_conf") or settings.get("SLURM_CONF", ""))
    state = settings.get("StateSaveLocation")
    fragment = PurePosixPath(bounds.fragment)
    files = SiteFiles(conf, fragment, PurePosixPath(state) if state else None, runner)
    return Controller(runner, bounds, version, files)


def _runner(said: Mapping[str, str]) -> Runner:
    environment = {"SLURM_CONF": said["slurm_conf"]} if "slurm_conf" in said else {}
    if "host" not in said:
        if "commands" in said:
            environment["PATH"] = f"{said['commands']}:{os.environ.get('PATH', os.defpath)}"
        return LocalRunner(environment)
    host = Host(
        said["host"],
        int(said["port"]),
        said.get("user"),
        said["private_key"],
        said.get("host_key"),
    )
    return SshRunner(host, environment, said.get("commands"))

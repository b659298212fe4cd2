"""How a cluster's API server is reached, and what is ours there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from srcnet_compiler.change import Json
from srcnet_compiler.targets.kubernetes.live.client import Client
from srcnet_compiler.targets.kubernetes.model import KubernetesModel
from srcnet_compiler.targets.protocol import RefusedError, UnreachableError
from srcnet_compiler.targets.secrets import content

if TYPE_CHECKING:
    from srcnet_compiler.federation.kubernetes import KubernetesCluster
    from srcnet_compiler.federation.secret import Secret

_TOKEN = "a bearer token, as `kubectl create token` makes one"


@dataclass(frozen=True, slots=True)
class Api:
    """An API server that answers. `bounds` is a model without objects: it says what is ours."""

    client: Client
    bounds: KubernetesModel
    version: tuple[int, int]

    def close(self) -> None:
        """End the connections."""
        self.client.close()


def connection(
    cluster: KubernetesCluster,
    model: KubernetesModel,
    environment: Mapping[str, str],
    *,
    reading: bool = False,
) -> Mapping[str, Json]:
    """All that `open_connection` needs, in plain data, with the token itself in it; `reading`: by
    that which only looks.

    Raises RefusedError where the token is not to be had.
    """
    secret = cluster.read_secret if reading else cluster.secret
    return {
        "server": cluster.server,
        **({} if cluster.certificate is None else {"certificate": cluster.certificate}),
        "token": token_of(secret, environment),
        "instance": model.instance,
        "prefix": model.prefix,
    }


def token_of(secret: Secret, environment: Mapping[str, str]) -> str:
    """Raises RefusedError where it is not to be had."""
    where, token = content(secret, environment, _TOKEN)
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise RefusedError(f"{where} does not hold {_TOKEN}")
    return token


def open_connection(connection: Mapping[str, Json]) -> Api:
    """Raises UnreachableError, and RefusedError where nobody is let in."""
    said = {key: str(value) for key, value in connection.items()}
    client = Client(said["server"], said["token"], said.get("certificate"))
    try:
        version = version_of(client)
    except BaseException:
        client.close()
        raise
    bounds = KubernetesModel(said["instance"], said["prefix"], version)
    return Api(client, bounds, version)


def version_of(client: Client) -> tuple[int, int]:
    """Of the server. Raises UnreachableError, RefusedError."""
    said = client.ask_kindly("/version")
    found = re.match(r"v(\d+)\.(\d+)", str(said.get("gitVersion")))
    if found is None:
        raise UnreachableError(f"{client.server} does not say which Kubernetes it is")
    return int(found[1]), int(found[2])

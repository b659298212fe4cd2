"""How the catalogue is reached."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from srcnet_compiler.change import Json
from srcnet_compiler.targets.protocol import RefusedError
from srcnet_compiler.targets.scapi.live.client import Client
from srcnet_compiler.targets.secrets import content

if TYPE_CHECKING:
    from srcnet_compiler.federation.catalogued import SiteCatalogue

_TOKEN = "a bearer token of the identity provider for the site catalogue"


def connection(
    catalogue: "SiteCatalogue", environment: Mapping[str, str], *, reading: bool = False
) -> Mapping[str, Json]:
    """All that `open_connection` needs, with the token itself in it; `reading`: by that which only
    looks. Raises RefusedError where the token is not to be had."""
    secret = catalogue.read_secret if reading else catalogue.secret
    where, token = content(secret, environment, _TOKEN)
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise RefusedError(f"{where} does not hold {_TOKEN}")
    return {"server": catalogue.server, "token": token}


def open_connection(connection: Mapping[str, Json]) -> Client:
    """Raises UnreachableError, RefusedError."""
    client = Client(str(connection["server"]), str(connection["token"]))
    try:
        client.names()
    except BaseException:
        client.close()
        raise
    return client

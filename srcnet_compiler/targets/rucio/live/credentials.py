"""Getting in: where the credentials are, and a client that needs nothing else of this machine.

A secret holds either a token, or JSON: ``{"username": "...", "password": "..."}``.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from srcnet_compiler.change import Json
from srcnet_compiler.federation.model import DataManagement, Secret
from srcnet_compiler.targets.protocol import RefusedError, UnreachableError
from srcnet_compiler.targets.rucio.live.client import RucioClient, client_class
from srcnet_compiler.targets.rucio.live.errors import in_plain_words
from srcnet_compiler.targets.secrets import content

REQUEST_SECONDS = 120
"""How long a server may think before its first byte; an export of all links takes it a while."""


def connect(
    data: DataManagement,
    environment: Mapping[str, str],
    *,
    account: str | None = None,
    secret: Secret | None = None,
) -> RucioClient:
    """A client that acts as `account` (None: the compiler's own), known to be let in.

    `secret` None: the one of the specs. Raises UnreachableError where nothing or nonsense answers,
    RefusedError where the credentials are missing or not accepted.
    """
    return open_connection(connection(data, environment, account=account, secret=secret))


def connection(
    data: DataManagement,
    environment: Mapping[str, str],
    *,
    account: str | None = None,
    secret: Secret | None = None,
) -> dict[str, Json]:
    """All that `open_connection` needs, in plain data: for a process that has no specs.

    With the secret itself in it. Raises RefusedError where that is not to be had.
    """
    creds = credentials(data.secret if secret is None else secret, environment)
    return {
        "rucio_host": data.server.rstrip("/"),
        "auth_host": data.auth.rstrip("/"),
        "auth_type": "token" if "token" in creds else "userpass",
        "account": data.acts_as if account is None else account,
        "creds": creds,
        "ca_cert": authorities(environment),
        "owner": data.owner,
        "timeout": REQUEST_SECONDS,
    }


def open_connection(connection: Mapping[str, Any]) -> RucioClient:
    """The client of a `connection`, after a first question has shown that it is let in."""
    address = str(connection["rucio_host"])
    for url in (address, str(connection.get("auth_host") or address)):
        if not _is_address(url):
            raise UnreachableError(
                f"{url} is no address: it must be like https://rucio.example.org"
            )
    with in_plain_words(address):
        client = client_class()(
            rucio_host=address,
            auth_host=connection.get("auth_host") or address,
            account=connection["account"],
            # To Rucio a token is what it got from an identity provider; it takes its own as well.
            auth_type="oidc" if connection["auth_type"] == "token" else connection["auth_type"],
            creds=dict(connection["creds"]),
            ca_cert=connection.get("ca_cert") or True,
            timeout=connection.get("timeout") or REQUEST_SECONDS,
            vo=connection.get("vo") or "def",
        )
        try:
            client.whoami()
        except BaseException:
            client.close()
            raise
    return client


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a port that is no port, or a bracket too few
        return False


def credentials(secret: Secret, environment: Mapping[str, str]) -> dict[str, Json]:
    """Either `token`, or `username` and `password`. No message repeats what the secret holds."""
    where, text = content(secret, environment, "the credentials for Rucio")
    if not text.startswith("{"):
        if any(c.isspace() or not c.isprintable() or not c.isascii() for c in text):
            raise RefusedError(f"{where} holds neither a token nor JSON")
        return {"token": text}
    try:
        given = json.loads(text)
        pair = {key: given[key] for key in ("username", "password")}
    except (ValueError, KeyError, TypeError):
        pair = {}
    if not pair or not all(isinstance(value, str) and value for value in pair.values()):
        raise RefusedError(f"{where} must hold a token, or JSON with `username` and `password`")
    return pair


def authorities(environment: Mapping[str, str]) -> str | None:
    """Where the certificate authorities are that a server may be vouched for by: those of the
    system, unless a variable names others. None: those that come with `requests`.
    """
    import ssl

    for variable in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "X509_CERT_DIR"):
        if environment.get(variable):
            return environment[variable]
    system = ssl.get_default_verify_paths()
    if system.cafile is not None:
        return system.cafile
    folder = Path(system.capath) if system.capath is not None else None
    return str(folder) if folder is not None and any(folder.glob("*.0")) else None

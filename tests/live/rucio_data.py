"""What a test puts on a real Rucio: clients, storage in folders, files, datasets."""

from __future__ import annotations

import itertools
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from srcnet_compiler.demo.rucio_server import RucioServer

if TYPE_CHECKING:
    from rucio.client import Client

ALL_OPERATIONS = {
    "read": 1,
    "write": 1,
    "delete": 1,
    "third_party_copy_read": 1,
    "third_party_copy_write": 1,
}


def connect(
    server: RucioServer,
    account: str | None = None,
    username: str | None = None,
    password: str | None = None,
) -> Client:
    """A client of its own, with its own token; root unless an account is named."""
    from rucio.client import Client

    tokens = tempfile.mkdtemp(prefix="tokens-", dir=server.folder)

    class PrivateClient(Client):  # type: ignore[misc]  # the library carries no types
        TOKEN_PATH_PREFIX = f"{tokens}/"

    return PrivateClient(
        rucio_host=server.url,
        auth_host=server.url,
        account=account or server.account,
        auth_type="userpass",
        creds={
            "username": username or server.username,
            "password": password or server.password,
        },
        vo="def",
        timeout=60,
    )


def add_account(
    client: Client, account: str, *, password: str, admin: bool = False, kind: str = "SERVICE"
) -> None:
    """An account that logs in with its own name and the password."""
    client.add_account(account, kind, f"{account}@localhost")
    client.add_identity(
        account, account, "USERPASS", f"{account}@localhost", default=True, password=password
    )
    if admin:
        client.add_account_attribute(account, "admin", "True")


def add_file_area(
    client: Client,
    name: str,
    folder: Path,
    *,
    attributes: Mapping[str, str] | None = None,
    rse_type: str = "DISK",
    accounts: Iterable[str] = ("root",),
) -> Path:
    """An RSE whose files lie under `folder/name`; the accounts may use it without limit."""
    prefix = folder / name
    prefix.mkdir(parents=True)
    client.add_rse(name, rse_type=rse_type)
    client.add_protocol(
        name,
        {
            "scheme": "file",
            "hostname": "localhost",
            "port": 0,
            "prefix": f"{prefix}/",
            "impl": "rucio.rse.protocols.posix.Default",
            "domains": {"lan": ALL_OPERATIONS, "wan": ALL_OPERATIONS},
        },
    )
    for key, value in (attributes or {}).items():
        client.add_rse_attribute(name, key, value)
    for account in accounts:
        client.set_local_account_limit(account, name, -1)
    return prefix


def link(client: Client, names: Iterable[str], distance: int = 1) -> None:
    """Let files move between each two of the areas, both ways."""
    for source, target in itertools.permutations(names, 2):
        client.add_distance(source, target, {"distance": distance})


def path_of(client: Client, rse: str, scope: str, name: str) -> Path:
    """Where the file lies, or would lie, in an area made by `add_file_area`."""
    return _paths(client, rse, scope, [name])[name]


def _paths(client: Client, rse: str, scope: str, names: list[str]) -> dict[str, Path]:
    found: dict[str, str] = {}
    for start in range(0, len(names), 40):  # the names stand in the URL, whose length is limited
        part = names[start : start + 40]
        found |= client.lfns2pfns(rse, [f"{scope}:{name}" for name in part])
    return {name: Path(urlsplit(found[f"{scope}:{name}"]).path) for name in names}


def put_files(
    client: Client, rse: str, scope: str, names: Iterable[str], *, size: int = 64
) -> list[dict[str, Any]]:
    """Write files into an area and register them there; gives them as the client takes files.

    The content of a file follows from its name.
    """
    files, batch = [], list(names)
    for start in range(0, len(batch), 500):
        part = batch[start : start + 500]
        for name, path in _paths(client, rse, scope, part).items():
            content = (name.encode() + b"\n").ljust(size, b".")[:size]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            files.append(
                {
                    "scope": scope,
                    "name": name,
                    "bytes": size,
                    "adler32": f"{zlib.adler32(content):08x}",
                }
            )
        client.add_replicas(rse, files[start : start + 500])
    return files


def add_datasets(
    client: Client,
    scope: str,
    contents: Mapping[str, list[dict[str, Any]]],
    *,
    closed: bool = True,
    **dataset: Any,
) -> None:
    """Datasets with the files in them, in few requests; `dataset`: their meta, lifetime, rules."""
    names = list(contents)
    for start in range(0, len(names), 100):
        client.add_datasets(
            [
                {"scope": scope, "name": name, "dids": contents[name], **dataset}
                for name in names[start : start + 100]
            ]
        )
    if closed:
        for name in names:
            client.set_status(scope, name, open=False)

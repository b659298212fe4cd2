"""A cluster that somebody made for tests: used by an account of our own, that goes when we go.

KUBECONFIG alone says nothing: most people's leads to a cluster that people work on. So the variable
SRCNET_TEST_CLUSTER must name the context in it that is for tests.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from srcnet_compiler.demo.kubernetes_api import ApiServer, Object, RefusedError
from srcnet_compiler.demo.processes import ServerError, write_private

CONTEXT = "SRCNET_TEST_CLUSTER"
FILE = "KUBECONFIG"
TOKEN_SECONDS = 6 * 3600
RBAC = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"


@dataclass(frozen=True, slots=True)
class Named:
    """The file and the context in it that are for tests."""

    file: Path
    context: str


def named(environment: Mapping[str, str] = os.environ) -> Named | None:
    """The cluster that is to be used; None: none is named. ServerError: half of it is."""
    context = environment.get(CONTEXT)
    if not context:
        return None
    file = environment.get(FILE)
    if not file:
        raise ServerError(f"{CONTEXT} names {context}, and {FILE} names no file that has it")
    return Named(Path(file), context)


@contextmanager
def borrowed(cluster: Named, folder: Path, built: Path) -> Iterator[ApiServer]:
    """The cluster, by a token of a service account that is made for this and removed at the end.

    `folder` gets the certificates; it must be new or empty. CRDs that were added stay, since others
    may use them by then. The cluster gives no tokens for other users.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = _entered(cluster, folder, built.absolute() / "crds")
    name = f"srcnet-tests-{secrets.token_hex(4)}"
    try:
        yield replace(owner, token=_made_account(owner, name), client=None)
    finally:
        _remove_account(owner, name)


def _entered(cluster: Named, folder: Path, crds: Path) -> ApiServer:
    """The cluster as the one whom the file knows."""
    import yaml

    try:
        config = yaml.safe_load(cluster.file.read_text(encoding="utf-8"))
        context = _entry(config, "context", cluster.context)
        place = _entry(config, "cluster", context["cluster"])
        user = _entry(config, "user", context["user"])
        return ApiServer(
            url=place["server"].rstrip("/"),
            folder=folder,
            certificate_file=_kept(place, "certificate-authority", cluster.file, folder),
            token=user.get("token", ""),
            crds=crds,
            issue=_issue_none,
            client=None if "token" in user else _client(user, cluster.file, folder),
        )
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ServerError(
            f"{cluster.file} does not say how to reach {cluster.context}"
            f" by a token or a certificate: {type(error).__name__}: {error}"
        ) from None


def _entry(config: Object, kind: str, name: str) -> Any:  # noqa: ANN401 - as YAML has it
    found = [each[kind] for each in config[f"{kind}s"] if each["name"] == name]
    if not found:
        raise KeyError(f"{kind} {name}")
    return found[0]


def _client(user: Object, source: Path, folder: Path) -> tuple[Path, Path]:
    return (
        _kept(user, "client-certificate", source, folder),
        _kept(user, "client-key", source, folder),
    )


def _kept(entry: Object, key: str, source: Path, folder: Path) -> Path:
    """The file that the entry names, or one with the data that it holds."""
    if key in entry:
        return source.parent / str(entry[key])  # relative to the file that says so
    write_private(folder / f"{key}.pem", base64.b64decode(entry[f"{key}-data"]).decode("ascii"))
    return folder / f"{key}.pem"


def _issue_none(user: str, groups: tuple[str, ...]) -> str:
    raise ServerError(f"a borrowed cluster gives no token for {user}")


def _made_account(owner: ApiServer, name: str) -> str:
    """A service account that may do everything, in a namespace of its own: its token."""
    owner.ask("POST", "/api/v1/namespaces", _object("v1", "Namespace", name))
    accounts = f"/api/v1/namespaces/{name}/serviceaccounts"
    owner.ask("POST", accounts, _object("v1", "ServiceAccount", name))
    group = "rbac.authorization.k8s.io"
    binding = _object(f"{group}/v1", "ClusterRoleBinding", name) | {
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": name}],
    }
    owner.ask("POST", RBAC, binding)
    wanted = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": TOKEN_SECONDS},
    }
    return str(owner.ask("POST", f"{accounts}/{name}/token", wanted)["status"]["token"])


def _remove_account(owner: ApiServer, name: str) -> None:
    for path in (
        f"{RBAC}/{name}",
        f"/api/v1/namespaces/{name}/serviceaccounts/{name}",
        f"/api/v1/namespaces/{name}",
    ):
        with suppress(RefusedError):  # what was not made is not there
            owner.ask("DELETE", path)


def _object(version: str, kind: str, name: str) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}}

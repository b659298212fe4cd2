"""A cluster that no spec describes yet: what it is, then what is in the namespaces that count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from srcnet_compiler.change import Json
from srcnet_compiler.targets.kubernetes.live.client import ApiError, Client, workers
from srcnet_compiler.targets.kubernetes.live.connection import Api, open_connection
from srcnet_compiler.targets.kubernetes.live.reading import named
from srcnet_compiler.targets.kubernetes.model import Key
from srcnet_compiler.targets.kubernetes.model.inventory import Document, Inventory
from srcnet_compiler.targets.kubernetes.model.kinds import KINDS, Kind
from srcnet_compiler.targets.protocol import RefusedError

_GROUPS = {
    "external-secrets.io": "external-secrets",
    "gateway.networking.k8s.io": "gateway-api",
    "kueue.x-k8s.io": "kueue",
    "policy.sigstore.dev": "policy-controller",
    "monitoring.coreos.com": "prometheus",
}
"""Groups of the API by which an operator is known."""
_INGRESS_CLASSES = "/apis/networking.k8s.io/v1/ingressclasses"
_INSIDE = (
    *("ResourceQuota", "LimitRange", "NetworkPolicy", "Deployment", "StatefulSet", "CronJob"),
    *("Service", "Ingress", "HorizontalPodAutoscaler", "HTTPRoute", "LocalQueue"),
)
"""Kinds of which something is said, or told that nothing is, of those in a namespace."""


def connect(server: str, token: str, certificate: str | None, prefix: str) -> Api:
    """A server that answers. Raises UnreachableError, RefusedError."""
    said: dict[str, Json] = {"server": server, "token": token, "instance": "", "prefix": prefix}
    if certificate is not None:
        said["certificate"] = certificate
    return open_connection(said)


def find_out(api: Api) -> Inventory:
    """What can be asked about. Raises UnreachableError, RefusedError."""
    client = api.client
    try:
        found = tuple(sorted(name for _, name, _ in _list(client, KINDS["Namespace"])))
        namespaces: tuple[str, ...] | None = found
    except ApiError as error:
        if error.status != 403:
            raise RefusedError(f"{client.server} shows no namespaces: {error.message}") from None
        namespaces = None
    seen = Inventory(api.version, namespaces, tuple(sorted(_operators(client))))
    return _with(seen, "ClusterQueue", _look(client, "ClusterQueue", ""))


def look_into(api: Api, seen: Inventory, namespaces: Sequence[str]) -> Inventory:
    """The same with all that is in these namespaces.

    Raises UnreachableError, and RefusedError where nothing of one may be seen.
    """
    places = [(kind, space) for space in namespaces for kind in _INSIDE]
    with workers() as threads:
        looks = list(threads.map(lambda each: _look(api.client, *each), places))
    for space in namespaces:
        own = [look for (_, here), look in zip(places, looks, strict=True) if here == space]
        if all(isinstance(each, ApiError) for each in own):
            why = next(each.message for each in own if isinstance(each, ApiError))
            raise RefusedError(f"{api.client.server} lets us see nothing in `{space}`: {why}")
    for (kind, _), look in zip(places, looks, strict=True):
        seen = _with(seen, kind, look)
    return seen


_Found: TypeAlias = Sequence[tuple[Key, Document]] | ApiError


def _with(seen: Inventory, kind: str, found: _Found) -> Inventory:
    if not isinstance(found, ApiError):
        return replace(seen, things={**seen.things, **dict(found)})
    if found.status != 404:
        return replace(seen, unseen=(*seen.unseen, found.message))
    described = KINDS[kind]
    if described.operator not in seen.operators:
        return seen
    why = f"the cluster does not serve {described.api} {kind}, but another version of it"
    return replace(seen, unseen=tuple(dict.fromkeys((*seen.unseen, why))))


def _look(client: Client, kind: str, namespace: str) -> _Found:
    try:
        return [((k, name), each) for k, name, each in _list(client, KINDS[kind], namespace)]
    except ApiError as error:
        return error


def _list(client: Client, kind: Kind, space: str = "") -> Iterator[tuple[str, str, Document]]:
    for each in client.list(kind.path(space)):
        yield kind.name, named(kind, each), each


def _operators(client: Client) -> Iterator[str]:
    """What is installed, by what the server serves; who may not ask is told nothing."""
    said = client.ask_kindly("/apis")
    groups = said.get("groups")
    served = {str(g.get("name")) for g in groups if isinstance(g, dict)} if groups else set()
    yield from (operator for group, operator in _GROUPS.items() if group in served)
    try:
        if any(client.list(_INGRESS_CLASSES)):
            yield "ingress"
    except ApiError:
        return

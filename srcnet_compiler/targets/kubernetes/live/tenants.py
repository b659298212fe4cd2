"""Who lives in namespaces that have the name of ours and not our label, or our label of before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from srcnet_compiler.targets.kubernetes.live.client import ApiError, Client
from srcnet_compiler.targets.kubernetes.model import OWNER, SITE, KubernetesModel, Object
from srcnet_compiler.targets.kubernetes.model.kinds import KINDS

_LISTINGS = (
    ("Pod", "/api/v1", "pods"),
    ("Deployment", "/apis/apps/v1", "deployments"),
    ("StatefulSet", "/apis/apps/v1", "statefulsets"),
    ("DaemonSet", "/apis/apps/v1", "daemonsets"),
    ("Job", "/apis/batch/v1", "jobs"),
    ("CronJob", "/apis/batch/v1", "cronjobs"),
    ("Service", "/api/v1", "services"),
    ("PersistentVolumeClaim", "/api/v1", "persistentvolumeclaims"),
)
"""What people have in their namespaces; what a server or an administrator puts there is none of
it."""


def tenants(
    client: Client, desired: KubernetesModel, found: Iterable[Object]
) -> Mapping[str, tuple[str, ...]]:
    """By namespace that we want and that has not our label, what of others runs in it, as far as
    we may see that; also by one that an operator brings. Raises UnreachableError, RefusedError."""
    unclaimed = [
        each.name
        for each in found
        if each.kind == "Namespace"
        and not each.ours
        and desired.find(each.kind, each.name) is not None
    ]
    brought = [name for kind, name in sorted(desired.fetched) if kind == "Namespace"]
    unclaimed += [name for name in brought if _is_unclaimed(client, name, desired.prefix)]
    things = {name: tuple(_things(client, name, desired.prefix)) for name in unclaimed}
    return {name: there for name, there in things.items() if there}


def former(client: Client, desired: KubernetesModel) -> Mapping[str, str]:
    """Namespaces of this site with the label of another prefix, which may have been ours, with it.

    Raises UnreachableError, RefusedError.
    """
    selector = f"{SITE}={desired.site_known_as},{OWNER},{OWNER}!={desired.prefix}"
    try:
        found = list(client.list(KINDS["Namespace"].path(), labelSelector=selector))
    except ApiError:
        return {}
    return {each["metadata"]["name"]: each["metadata"]["labels"][OWNER] for each in found}


def _is_unclaimed(client: Client, name: str, prefix: str) -> bool:
    """Whether the namespace is there without our label; who may not look sees none."""
    try:
        metadata = client.get(KINDS["Namespace"].path("", name))["metadata"]
    except ApiError:
        return False
    return bool(metadata.get("labels", {}).get(OWNER) != prefix)


def _things(client: Client, namespace: str, prefix: str) -> Iterator[str]:
    """One of each kind."""
    for kind, root, plural in _LISTINGS:
        path = f"{root}/namespaces/{namespace}/{plural}"
        try:
            said = client.get(path, labelSelector=f"{OWNER}!={prefix}", limit="1")
        except ApiError:
            continue  # who may not look sees nobody
        yield from (f"{kind} {each['metadata']['name']}" for each in said.get("items") or ())

"""What makes an operator at the site fetch our files: the only objects that we push then.

Nothing goes because its file is gone: neither prunes. What a document retires, we end ourselves.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from srcnet_compiler.change import Json
from srcnet_compiler.federation.kubernetes import Delivery
from srcnet_compiler.span import written
from srcnet_compiler.targets.kubernetes.lower.places import Spans
from srcnet_compiler.targets.kubernetes.lower.site import Body, Part
from srcnet_compiler.targets.kubernetes.model import MANAGER, Object

FLUX = "flux"
ARGOCD = "argocd"
PUSH = "push"
SERVER = "https://kubernetes.default.svc"
"""What Argo CD calls the cluster that it runs on."""


def delivery(part: Part, instance: str, brought: Iterable[Object]) -> Iterator[Object]:
    """The objects of the operator that fetches what is `brought`; none where all is pushed."""
    here = part.scope.cluster.delivery
    inside = replace(part, namespace=here.namespace)
    if here.how == FLUX:
        yield from _flux(inside, here, instance)
    if here.how == ARGOCD:
        yield _project(inside, here, brought)
        yield _argocd(inside, here, instance)


def path_of(delivery: Delivery, instance: str) -> str:
    """Where the files of a cluster stand in its repository."""
    folder = delivery.folder.strip("/")
    return f"{folder}/kubernetes/{instance}".lstrip("/")


def _flux(part: Part, here: Delivery, instance: str) -> Iterator[Object]:
    """In the name of an account that may do what ours needs: by itself Flux may do everything, and
    so might whoever writes to the repository."""
    name = part.scope.prefix
    source: Body = {
        "interval": "5m",
        "url": here.repository,
        "ref": {"branch": here.branch},
    }
    yield part.make("GitRepository", name, {"spec": source}, _places(here, "spec.url", "spec.ref"))
    spec: Body = {
        "interval": "10m",
        "path": f"./{path_of(here, instance)}",
        "prune": False,
        "force": False,
        "serviceAccountName": MANAGER,
        "sourceRef": {"kind": "GitRepository", "name": name},
    }
    yield part.make("Kustomization", name, {"spec": spec}, _places(here, "", "", "spec.path"))


def _project(part: Part, here: Delivery, brought: Iterable[Object]) -> Object:
    """From this repository, into our namespaces, of the kinds that ours are: the project that Argo
    CD has by itself lets whoever writes to a repository have the whole cluster."""
    objects = [*brought]
    kinds = sorted({each.described for each in objects}, key=lambda kind: (kind.api, kind.name))
    spaces = sorted({each.namespace for each in objects if each.namespace})
    listed: dict[bool, list[Json]] = {
        inside: [
            {"group": kind.api.rpartition("/")[0], "kind": kind.name}
            for kind in kinds
            if kind.namespaced is inside
        ]
        for inside in (False, True)
    }
    spec: Body = {
        "description": "what the federation has here",
        "sourceRepos": [here.repository],
        "destinations": [{"server": SERVER, "namespace": space} for space in spaces],
        "clusterResourceWhitelist": listed[False],
        "namespaceResourceWhitelist": listed[True],
    }
    wide = part.scope.wide_places
    own = {
        **_places(here, "spec.sourceRepos"),
        "spec.destinations": wide,
        "spec.clusterResourceWhitelist": wide,
        "spec.namespaceResourceWhitelist": wide,
    }
    return part.make("AppProject", part.scope.prefix, {"spec": spec}, own)


def _argocd(part: Part, here: Delivery, instance: str) -> Object:
    """It does not heal by itself: it takes fields from whoever holds them, and forces that."""
    source: Json = {
        "repoURL": here.repository,
        "targetRevision": here.branch,
        "path": path_of(here, instance),
    }
    spec: Body = {
        "project": part.scope.prefix,
        "source": source,
        "destination": {"server": SERVER},
        "syncPolicy": {
            "automated": {"prune": False, "selfHeal": False},
            "syncOptions": ["ServerSideApply=true", "CreateNamespace=false"],
        },
    }
    at = ("spec.source.repoURL", "spec.source.targetRevision", "spec.source.path")
    return part.make("Application", part.scope.prefix, {"spec": spec}, _places(here, *at))


def _places(here: Delivery, *paths: str) -> dict[str, Spans]:
    """The places of repository, branch and folder, at these paths in this order."""
    keys = ("repository", "branch", "folder")
    pairs = zip(paths, keys, strict=False)
    found = {path: written(here.origin, key) for path, key in pairs if path}
    return {"metadata.namespace": written(here.origin, "namespace"), **found}

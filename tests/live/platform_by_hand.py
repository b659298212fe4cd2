"""A Kubernetes cluster as its people have filled it with kubectl: names and labels of their own, a
queue of Kueue, and another science beside. Nothing of it was made by the compiler, and the import
is to find its way in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from srcnet_compiler.demo import kubernetes_server
from srcnet_compiler.demo.kubernetes_server import ApiServer
from srcnet_compiler.targets.kubernetes.model.kinds import KINDS

SPACE = "sky"
"""The namespace that people made for the federation."""
THEIRS = "weather"
"""The namespace of another science."""
REGISTRY = "registry.example.org/tools"


def settle(server: ApiServer, *, kueue: bool = True) -> None:
    """All of it, by hand."""
    for space in (SPACE, THEIRS):
        make(server, "Namespace", space, {}, labels={"team": space})
        _lives(server, space)
    hard = {"requests.cpu": "64", "requests.memory": "256Gi", "requests.nvidia.com/gpu": "4"}
    hard |= {"limits.cpu": "128", "pods": "200", "requests.storage": "10Ti"}
    make(server, "ResourceQuota", f"{SPACE}/compute", {"spec": {"hard": hard}})
    short = {"spec": {"hard": {"cpu": "8", "memory": "16Gi"}}}
    make(server, "ResourceQuota", f"{THEIRS}/all", short)
    classes = "/apis/networking.k8s.io/v1/ingressclasses"
    controller = {"controller": "k8s.io/ingress-nginx"}
    server.ask("POST", classes, {"metadata": {"name": "nginx"}, "spec": controller})
    if kueue:
        kubernetes_server.install_crds(server, "kueue")
        _queues(server)


def _lives(server: ApiServer, space: str) -> None:
    """What serves people there, and where they reach it."""
    make(server, "LimitRange", f"{space}/each", {"spec": {"limits": [_EACH]}})
    for name, replicas in (("echo", 2), ("cutouts", 3)):
        place = f"{space}/{name}"
        make(server, "Deployment", place, deployment(name, replicas))
        ports = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]}
        make(server, "Service", place, {"spec": ports})
    host = f"echo.{'src.skach.org' if space == SPACE else 'weather.example.ch'}"
    backend = {"service": {"name": "echo", "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    spec = {
        "ingressClassName": "nginx",
        "tls": [{"hosts": [host]}],
        "rules": [{"host": host, "http": {"paths": paths}}],
    }
    make(server, "Ingress", f"{space}/front", {"spec": spec})


_EACH = {"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"cpu": "500m"}}


def deployment(name: str, replicas: int) -> dict[str, Any]:
    """What serves people, with a helper beside it."""
    main = {"name": name, "image": f"{REGISTRY}/{name}:1.4", "ports": [{"containerPort": 8080}]}
    side = {"name": "logs", "image": f"{REGISTRY}/logs:0.9"}
    return {
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name, "tier": "front"}},
                "spec": {"containers": [main, side]},
            },
        }
    }


def _queues(server: ApiServer) -> None:
    make(server, "ResourceFlavor", "nodes", {"spec": {}})
    for name, space, cores in (("sky-total", SPACE, "64"), ("weather", THEIRS, "32")):
        resources = [
            {"name": "cpu", "nominalQuota": cores, "borrowingLimit": "16", "lendingLimit": "0"},
            {"name": "memory", "nominalQuota": "256Gi"},
        ]
        flavors = [{"name": "nodes", "resources": resources}]
        groups = [{"coveredResources": ["cpu", "memory"], "flavors": flavors}]
        spec = {"cohortName": "campus", "namespaceSelector": {}, "resourceGroups": groups}
        make(server, "ClusterQueue", name, {"spec": spec})
        make(server, "LocalQueue", f"{space}/jobs", {"spec": {"clusterQueue": name}})


def make(
    server: ApiServer,
    kind: str,
    name: str,
    body: Mapping[str, Any],
    labels: Mapping[str, str] | None = None,
) -> None:
    """As `kubectl create -f` does."""
    space, _, bare = name.rpartition("/")
    document = {
        "apiVersion": KINDS[kind].api,
        "kind": kind,
        "metadata": {"name": bare, "labels": {"by": "hand", **(labels or {})}},
        **body,
    }
    path = KINDS[kind].path(space)
    server.ask("POST", path, document, fieldManager="kubectl-create")

"""Plans to be carried out on a real API server: what is wanted, what is there, who else is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from apply_process import now

from srcnet_compiler.apply.receipt import Receipt, Status
from srcnet_compiler.apply.run import apply_plan
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.change import Change, Json, SystemName
from srcnet_compiler.demo.kubernetes_server import ApiServer
from srcnet_compiler.plan.build import waves
from srcnet_compiler.plan.file import digest
from srcnet_compiler.plan.model import Binding, Plan
from srcnet_compiler.targets.kubernetes import diff
from srcnet_compiler.targets.kubernetes.live import open_connection, read
from srcnet_compiler.targets.kubernetes.model import OWNER, Key, KubernetesModel, Object
from srcnet_compiler.targets.kubernetes.model.kinds import KINDS
from srcnet_compiler.targets.protocol import Reading

OWNER_NAME = "ska"
INSTANCE = "CHSRC-CSCS.alps"
IMAGE = "registry.example.org/srcnet/soda@sha256:" + "0" * 64


def thing(kind: str, name: str, **document: Any) -> Object:
    """An object of ours, with our label."""
    metadata = dict(document.pop("metadata", {}))
    metadata["labels"] = {OWNER: OWNER_NAME, **metadata.get("labels", {})}
    return Object(kind, name, {"metadata": metadata, **document})


def model(*objects: Object, ended: Mapping[Key, str] | None = None) -> KubernetesModel:
    """What is wanted of the cluster."""
    return KubernetesModel(
        instance=INSTANCE,
        prefix=OWNER_NAME,
        version=(1, 36),
        site="CHSRC-CSCS",
        namespaces=tuple(each.name for each in objects if each.kind == "Namespace"),
        objects={(each.kind, each.name): each for each in objects},
        ended=dict(ended or {}),
        ended_until=dict.fromkeys(ended or {}, "2031-12-31"),
    )


def changed(wanted: KubernetesModel, *objects: Object) -> KubernetesModel:
    """With these instead of those of the same names."""
    new = {(each.kind, each.name): each for each in objects}
    return replace(wanted, objects={**wanted.objects, **new})


def deployment(name: str, *, replicas: int = 2, image: str = IMAGE, **pod: Any) -> Object:
    """A service's Pods, with much of what a service says."""
    labels = {"app": name.rpartition("/")[2]}
    container = {
        "name": "main",
        "image": image,
        "args": ["--port", "8080"],
        "env": [
            {"name": "ABS_PATH_RSE_ROOT", "value": "/data"},
            {"name": "DEBUG", "value": ""},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "token"}}},
        ],
        "ports": [{"name": "http", "containerPort": 8080}],
        "resources": {
            "requests": {"cpu": "0.5", "memory": "1024Mi"},
            "limits": {"cpu": "1000m", "memory": "2Gi", "ephemeral-storage": "10Gi"},
        },
        "volumeMounts": [
            {"name": "data", "mountPath": "/data.d/rse", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp", "readOnly": False},
        ],
        "readinessProbe": {"httpGet": {"path": "/ping", "port": 8080}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "automountServiceAccountToken": False,
                "hostNetwork": False,
                "containers": [container],
                "volumes": [
                    {"name": "data", "persistentVolumeClaim": {"claimName": "rse"}},
                    {"name": "tmp", "emptyDir": {"sizeLimit": "1024Mi"}},
                ],
                "tolerations": [{"key": "ska", "operator": "Exists"}],
                **pod,
            },
        },
    }
    return thing("Deployment", name, spec=spec)


def wanted(space: str) -> KubernetesModel:
    """Something of every kind that every server has, in a namespace of its own."""
    inside = f"{space}/soda"
    backend = {"service": {"name": "soda", "port": {"number": 80}}}
    rbac = "rbac.authorization.k8s.io"
    match = {
        "resourceRules": [
            {
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "operations": ["CREATE", "UPDATE"],
                "resources": ["pods"],
            }
        ],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space}},
    }
    return model(
        thing("Namespace", space, metadata={"labels": {"example.org/level": "restricted"}}),
        thing("PriorityClass", f"{space}-batch", value=1000, description="batch"),
        thing(
            "ValidatingAdmissionPolicy",
            f"{space}-images",
            spec={
                "failurePolicy": "Fail",
                "matchConstraints": match,
                "validations": [
                    {
                        "expression": "object.spec.containers.all(c, c.image.contains('@sha256:'))",
                        "message": "an image needs a digest",
                    }
                ],
            },
        ),
        thing(
            "ValidatingAdmissionPolicyBinding",
            f"{space}-images",
            spec={"policyName": f"{space}-images", "validationActions": ["Deny"]},
        ),
        thing(
            "ResourceQuota",
            f"{space}/share",
            spec={"hard": {"requests.cpu": "200", "requests.memory": "1600Gi", "pods": "0.1k"}},
        ),
        thing(
            "LimitRange",
            f"{space}/limits",
            spec={
                "limits": [
                    {
                        "type": "Container",
                        "max": {"cpu": "8000m", "memory": "96Gi"},
                        "default": {"cpu": "2", "memory": "12Gi"},
                    }
                ]
            },
        ),
        thing(
            "NetworkPolicy",
            f"{space}/default-deny",
            spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        ),
        thing(
            "NetworkPolicy",
            inside,
            spec={
                "podSelector": {"matchLabels": {"app": "soda"}},
                "policyTypes": ["Ingress"],
                "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 8080}]}],
            },
        ),
        thing("ServiceAccount", inside, automountServiceAccountToken=False),
        thing(
            "Role",
            inside,
            rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}],
        ),
        thing(
            "RoleBinding",
            inside,
            roleRef={"apiGroup": rbac, "kind": "Role", "name": "soda"},
            subjects=[
                {"kind": "Group", "name": "ska/astronomers", "apiGroup": rbac},
                {"kind": "ServiceAccount", "name": "soda", "namespace": space},
            ],
        ),
        thing(
            "PersistentVolume",
            f"{space}-rse",
            spec={
                "capacity": {"storage": "4P"},
                "accessModes": ["ReadOnlyMany"],
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": "",
                "nfs": {"server": "nfs.example.org", "path": "/rse", "readOnly": True},
            },
        ),
        thing(
            "PersistentVolumeClaim",
            f"{space}/rse",
            spec={
                "accessModes": ["ReadOnlyMany"],
                "volumeName": f"{space}-rse",
                "storageClassName": "",
                "resources": {"requests": {"storage": "4000T"}},
            },
        ),
        thing("ConfigMap", inside, data={"soda.conf": "port = 8080\n", "max": "1.0"}),
        thing(
            "PodTemplate",
            f"{space}/session",
            template={"spec": {"containers": [{"name": "session", "image": IMAGE}]}},
        ),
        thing(
            "Service",
            inside,
            spec={
                "selector": {"app": "soda"},
                "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
            },
        ),
        deployment(inside),
        thing(
            "StatefulSet",
            f"{space}/cache",
            spec={
                "serviceName": "cache",
                "selector": {"matchLabels": {"app": "cache"}},
                "template": {
                    "metadata": {"labels": {"app": "cache"}},
                    "spec": {"containers": [{"name": "main", "image": IMAGE}]},
                },
            },
        ),
        thing(
            "CronJob",
            f"{space}/clean",
            spec={
                "schedule": "17 3 * * *",
                "timeZone": "Etc/UTC",
                "jobTemplate": {
                    "spec": {
                        "template": {
                            "spec": {
                                "restartPolicy": "Never",
                                "containers": [{"name": "main", "image": IMAGE}],
                            }
                        }
                    }
                },
            },
        ),
        thing(
            "PodDisruptionBudget",
            inside,
            spec={"minAvailable": 1, "selector": {"matchLabels": {"app": "soda"}}},
        ),
        thing(
            "HorizontalPodAutoscaler",
            f"{space}/cache",
            spec={
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "cache"},
                "minReplicas": 1,
                "maxReplicas": 4,
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": "cpu",
                            "target": {"type": "Utilization", "averageUtilization": 80},
                        },
                    }
                ],
            },
        ),
        thing(
            "Ingress",
            inside,
            spec={
                "ingressClassName": "nginx",
                "rules": [
                    {
                        "host": "soda.example.org",
                        "http": {
                            "paths": [
                                {
                                    "path": "/",
                                    "pathType": "Prefix",
                                    "backend": backend,
                                }
                            ]
                        },
                    }
                ],
            },
        ),
    )


# ── how it is carried out ─────────────────────────────────────────────────────────────────────


def reached(server: ApiServer, token: str | None = None) -> dict[str, Json]:
    """How the server is reached, as the target says it."""
    return {
        "server": server.url,
        "certificate": server.certificate,
        "token": token or server.token,
        "instance": INSTANCE,
        "prefix": OWNER_NAME,
    }


def seen(server: ApiServer, desired: KubernetesModel, token: str | None = None) -> Reading[Any]:
    with closing(open_connection(reached(server, token))) as api:
        return read(api, desired)


def plan_of(changes: Iterable[Change]) -> Plan:
    system = SystemName("kubernetes", INSTANCE)
    return Plan((system,), Binding("", "", ""), waves(tuple(changes)))


def to_reach(server: ApiServer, desired: KubernetesModel) -> Plan:
    """All that is to be done, adoptions first."""
    reading = seen(server, desired)
    return plan_of([*diff.adoptions(desired, reading), *diff.diff(desired, reading)])


def left(server: ApiServer, desired: KubernetesModel) -> list[str]:
    """What a plan would still have to do."""
    return [
        f"{change.action.value} {change.address.kind} {change.address.name}: "
        + ", ".join(
            f"{f.name} {f.before!r} → {f.after!r}" for f in change.fields if f.before != f.after
        )
        for change in to_reach(server, desired).changes
    ]


def carry_out(
    server: ApiServer, plan: Plan, state: Path, *, token: str | None = None, rehearsal: bool = False
) -> Receipt:
    return apply_plan(
        plan,
        digest=digest(plan),
        store=StateStore(state),
        connections={f"kubernetes/{INSTANCE}": reached(server, token)},
        clock=now,
        rehearsal=rehearsal,
    )


def bad(receipt: Receipt) -> list[str]:
    """What was not done, in words."""
    return [
        f"{result.change.address.kind} {result.change.address.name}: {result.status.value}:"
        f" {result.text}"
        for result in receipt.results
        if result.status not in (Status.DONE, Status.ALREADY)
    ] + list(receipt.trouble)


def converge(server: ApiServer, desired: KubernetesModel, state: Path) -> Receipt:
    """Apply all that is to be done; all of it works."""
    receipt = carry_out(server, to_reach(server, desired), state)
    assert bad(receipt) == [], bad(receipt)
    return receipt


# ── who else is there ─────────────────────────────────────────────────────────────────────────


def live(server: ApiServer, kind: str, name: str) -> dict[str, Any]:
    """An object as the administrator sees it."""
    space, _, bare = name.rpartition("/")
    return server.ask("GET", KINDS[kind].path(space, bare))


def settle_tenant(server: ApiServer, space: str) -> None:
    """Another science on the cluster, with names like ours, made by other hands."""
    server.ask("POST", "/api/v1/namespaces", {"metadata": {"name": space}})
    for kind, document in (
        ("ConfigMap", {"data": {"theirs": "yes"}}),
        ("Service", {"spec": {"selector": {"app": "soda"}, "ports": [{"port": 80}]}}),
        ("Deployment", dict(deployment(f"{space}/soda").document)),
        ("NetworkPolicy", {"spec": {"podSelector": {}}}),
    ):
        body = {**document, "metadata": {"name": "soda"}}
        server.ask("POST", KINDS[kind].path(space), body)


def fingerprint(server: ApiServer, *spaces: str) -> str:
    """Every byte of what is in these namespaces, of every kind that we write."""
    found = [live(server, "Namespace", space) for space in spaces]
    for space in spaces:
        for kind in KINDS.values():
            if kind.namespaced and kind.operator is None:
                found += server.ask("GET", kind.path(space))["items"]
    return json.dumps(found, sort_keys=True)

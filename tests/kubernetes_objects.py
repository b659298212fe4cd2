"""Objects of a cluster for tests: something of every kind that every server has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from srcnet_compiler.targets.kubernetes.model import OWNER, Key, KubernetesModel, Object

OWNER_NAME = "ska"
INSTANCE = "CHSRC-CSCS.alps"
IMAGE = "registry.example.org/srcnet/soda@sha256:" + "0" * 64


def thing(kind: str, name: str, **document: Any) -> Object:
    """An object of ours, with our label."""
    metadata = dict(document.pop("metadata", {}))
    metadata["labels"] = {OWNER: OWNER_NAME, **metadata.get("labels", {})}
    return Object(kind, name, {"metadata": metadata, **document})


def model(
    *objects: Object, ended: Mapping[Key, str] | None = None, version: tuple[int, int] = (1, 36)
) -> KubernetesModel:
    """What is wanted of the cluster."""
    return KubernetesModel(
        instance=INSTANCE,
        prefix=OWNER_NAME,
        version=version,
        site="CHSRC-CSCS",
        site_known_as="CHSRC-CSCS",
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

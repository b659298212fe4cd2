"""Measured in a process of its own: a cluster with 5,000 of our objects, from nothing to a plan.

`python -m benchmarks.live_kubernetes FOLDER PROGRAMS` starts an API server below FOLDER, with the
programs that `srcnet_compiler.demo.kubernetes_build` makes in PROGRAMS, makes the objects, and
prints the seconds of each part as JSON.
"""

import json
import sys
import time
from itertools import pairwise
from pathlib import Path

from srcnet_compiler.demo.kubernetes_server import running
from srcnet_compiler.targets.kubernetes import check, diff
from srcnet_compiler.targets.kubernetes.live import apply, open_connection, read, workers
from srcnet_compiler.targets.kubernetes.model import OWNER, KubernetesModel, Object
from srcnet_compiler.targets.protocol import Reading

SERVICES = 1000
"""Each with five objects, in namespaces of fifty."""
OF_ONE_NAMESPACE = 50
IMAGE = "registry.example.org/srcnet/service@sha256:" + "0" * 64


def main(folder: Path, programs: Path) -> None:
    model = big()
    nothing: Reading[KubernetesModel] = Reading(KubernetesModel("bench", "ska", (1, 36)))
    with running(folder / "server", programs) as server:
        connection = {
            "server": server.url,
            "certificate": server.certificate,
            "token": server.token,
            "instance": "bench",
            "prefix": "ska",
        }
        api = open_connection(connection)
        marks = [time.perf_counter()]
        assert not list(check.check(model))
        marks.append(time.perf_counter())
        created = diff.diff(model, nothing)
        assert len(created) == len(model.objects)
        marks.append(time.perf_counter())
        for kind in dict.fromkeys(thing.kind for thing in model.things()):
            with workers() as threads:
                things = [thing for thing in model.things() if thing.kind == kind]
                list(threads.map(lambda thing: apply(api.client, thing), things))
        marks.append(time.perf_counter())
        reading = read(api, model)
        marks.append(time.perf_counter())
        changes = diff.diff(model, reading)
        list(check.check_seen(model, reading.model))
        marks.append(time.perf_counter())
        api.close()
    assert not reading.gaps, reading.gaps
    assert not changes, changes[0]
    seconds = (round(end - begin, 2) for begin, end in pairwise(marks))
    parts = ("check", "diff against nothing", "apply, without gate", "read", "diff")
    print(json.dumps({"objects": len(model.objects), **dict(zip(parts, seconds, strict=True))}))


def big() -> KubernetesModel:
    """Five thousand objects, and the namespaces that they lie in."""
    objects: dict[tuple[str, str], Object] = {}
    for number in range(SERVICES):
        space, name = f"ska-{number // OF_ONE_NAMESPACE}", f"service-{number}"
        labels = {"app": name}
        spec = {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": _pod(name)},
        }
        port = {"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}
        policy = {
            "podSelector": {"matchLabels": labels},
            "policyTypes": ["Ingress"],
            "ingress": [{"ports": [{"port": 8080, "protocol": "TCP"}]}],
        }
        budget = {"minAvailable": 1, "selector": {"matchLabels": labels}}
        for each in (
            _thing("Namespace", space),
            _thing("ServiceAccount", f"{space}/{name}", automountServiceAccountToken=False),
            _thing("Deployment", f"{space}/{name}", spec=spec),
            _thing("Service", f"{space}/{name}", spec={"selector": labels, "ports": [port]}),
            _thing("NetworkPolicy", f"{space}/{name}", spec=policy),
            _thing("PodDisruptionBudget", f"{space}/{name}", spec=budget),
        ):
            objects[each.kind, each.name] = each
    return KubernetesModel("bench", "ska", (1, 36), objects=objects)


def _thing(kind: str, name: str, **document: object) -> Object:
    labels = {OWNER: "ska", "srcnet.skao.int/site": "bench"}
    return Object(kind, name, {"metadata": {"labels": labels}, **document})  # type: ignore[dict-item]


def _pod(name: str) -> dict[str, object]:
    container = {
        "name": "main",
        "image": IMAGE,
        "env": [{"name": f"SETTING_{number}", "value": str(number)} for number in range(6)],
        "ports": [{"name": "http", "containerPort": 8080}],
        "resources": {
            "requests": {"cpu": "500m", "memory": "1Gi"},
            "limits": {"cpu": "1", "memory": "2Gi"},
        },
        "readinessProbe": {"httpGet": {"path": "/ping", "port": 8080}},
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }
    return {
        "serviceAccountName": name,
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

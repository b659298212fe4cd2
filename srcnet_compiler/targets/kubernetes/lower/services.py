"""A service of the federation to what runs it on a cluster, and to what leads to it there."""

from collections.abc import Iterator

from srcnet_compiler.change import Json
from srcnet_compiler.federation.kubernetes import KubernetesCluster
from srcnet_compiler.federation.services import Container, Port, Scaling
from srcnet_compiler.span import written
from srcnet_compiler.targets.kubernetes.lower.monitoring import monitors
from srcnet_compiler.targets.kubernetes.lower.network import allowed
from srcnet_compiler.targets.kubernetes.lower.places import Spans, identity_places
from srcnet_compiler.targets.kubernetes.lower.pods import Wanted, file_keys, pod, pod_places
from srcnet_compiler.targets.kubernetes.lower.scope import Running, Scope
from srcnet_compiler.targets.kubernetes.lower.site import Body, Part
from srcnet_compiler.targets.kubernetes.model import SERVICE, Object
from srcnet_compiler.targets.kubernetes.model.words import (
    APP,
    IDENTIFIER,
    SERVICES,
)

_KINDS = {"deployment": "Deployment", "stateful": "StatefulSet", "scheduled": "CronJob"}


def services(scope: Scope) -> Iterator[Object]:
    """All that services need in the namespace of services, those of each together."""
    for running in scope.services:
        part = Part(
            scope,
            namespace=scope.namespaces[SERVICES],
            group=running.name,
            exists=running.places,
            drafts=running.drafts,
            service=running.service.name,
            app=running.name,
        )
        yield from _service(part, running)


def _service(part: Part, running: Running) -> Iterator[Object]:
    wanted = wanted_of(part.scope, running)
    yield part.make("ServiceAccount", running.name, {"automountServiceAccountToken": False})
    yield from files(part, wanted)
    yield from secrets(part, wanted)
    yield allowed(part, running)
    yield _workload(part, running, wanted)
    if running.service.workload != "scheduled":
        yield from _ports(part, running)
        yield from _route(part, running)
        yield from _replicas(part, running)
        yield from monitors(part, running)


def wanted_of(scope: Scope, running: Running) -> Wanted:
    """What a pod of a service is made of."""
    deployed, paths = running.deployed, [*running.areas]
    values = {
        "site": scope.cluster.site_known_as,
        "identifier": running.identifier,
        **({"host": deployed.host} if deployed.host is not None else {}),
        **({"mount": paths[0]} if paths else {}),
    }
    return Wanted(
        app=running.name,
        container=running.container,
        values=values,
        areas=running.areas,
        storage_class=scope.cluster.storage_class,
        over=deployed.amounts,
        variables=deployed.variables,
        site=deployed.origin,
        identity=identity_places(scope.federation, deployed),
    )


def files(part: Part, wanted: Wanted) -> Iterator[Object]:
    """The files of a container. What they say is in their name, so that pods start anew with it."""
    container = wanted.container
    if container.files:
        keys = file_keys(container)
        data: dict[str, Json] = {keys[path]: text for path, text in sorted(container.files.items())}
        places = tuple(container.origin.at("files", path) for path in keys)
        yield part.make(
            "ConfigMap", wanted.files, {"immutable": True, "data": data}, because=places
        )


def secrets(part: Part, wanted: Wanted) -> Iterator[Object]:
    """Where the site's operator fetches a container's secrets from; else its administrators make
    them."""
    cluster, container = part.scope.cluster, wanted.container
    if container.secrets and fetches_secrets(cluster, container):
        data: list[Json] = [
            {
                "secretKey": each.name,
                "remoteRef": _in_vault(each.secret.place),
            }
            for each in container.secrets
        ]
        store: Json = {"kind": "ClusterSecretStore", "name": cluster.secret_store}
        spec: Body = {
            "secretStoreRef": store,
            "target": {"name": wanted.secrets, "creationPolicy": "Owner"},
            "data": data,
        }
        own = {
            "spec.secretStoreRef": written(cluster.origin, "secretStore"),
            "spec.data": tuple(each.origin.at() for each in container.secrets),
        }
        because = written(cluster.origin, "operators", "secretStore")
        yield part.make("ExternalSecret", wanted.secrets, {"spec": spec}, own, because=because)


def _in_vault(place: str) -> Json:
    """A path in a vault, whose last part is a key of what is kept there."""
    path, _, key = place.strip("/").rpartition("/")
    return {"key": path, "property": key} if path else {"key": key}


def fetches_secrets(cluster: KubernetesCluster, container: Container) -> bool:
    """Whether the site's operator can fetch all secrets of a container: one that it cannot would
    be in nobody's hands."""
    has = cluster.has("external-secrets") and cluster.secret_store is not None
    return has and all(each.secret.kind == "vault" for each in container.secrets)


# ── what runs ─────────────────────────────────────────────────────────────────────────────────


def _workload(part: Part, running: Running, wanted: Wanted) -> Object:
    service, origin = running.service, running.service.origin
    kind = _KINDS[service.workload]
    at, body = _FORMS[kind](running, wanted)
    own = {
        **pod_places(wanted, at),
        **_identity(part, running),
        "spec.schedule": written(origin, "schedule"),
        "spec.replicas": (
            *written(running.deployed.origin, "replicas"),
            *written(origin, "replicas"),
        ),
    }
    return part.make(kind, running.name, {"spec": body}, own, {IDENTIFIER: running.identifier})


def _identity(part: Part, running: Running) -> dict[str, Spans]:
    places = identity_places(part.scope.federation, running.deployed)
    return {f'metadata.annotations."{IDENTIFIER}"': places}


def _template(running: Running, wanted: Wanted, lasting: Body) -> dict[str, Json]:
    labels = {APP: running.name, SERVICE: running.service.name}
    spec = pod(wanted, {"serviceAccountName": running.name, **lasting})
    return {"metadata": {"labels": labels}, "spec": spec}


def _spread(running: Running) -> Body:
    """Replicas on nodes of their own, as far as there are any."""
    if running.most == 1:
        return {}
    spread: dict[str, Json] = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {APP: running.name}},
    }
    return {"topologySpreadConstraints": [spread]}


def _replicated(running: Running, wanted: Wanted) -> dict[str, Json]:
    """Without a number of replicas where it is somebody else's who adds some."""
    found: dict[str, Json] = {"selector": {"matchLabels": {APP: running.name}}}
    if running.service.scaling is None:
        found["replicas"] = running.least
    return {**found, "template": _template(running, wanted, _spread(running))}


def _deployment(running: Running, wanted: Wanted) -> tuple[str, Body]:
    """It starts anew with one pod more, never with one less: the quota counts on it."""
    strategy: Json = {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
    }
    return "spec.template.spec", {"strategy": strategy, **_replicated(running, wanted)}


def _stateful(running: Running, wanted: Wanted) -> tuple[str, Body]:
    return "spec.template.spec", {"serviceName": running.name, **_replicated(running, wanted)}


def _scheduled(running: Running, wanted: Wanted) -> tuple[str, Body]:
    return "spec.jobTemplate.spec.template.spec", {
        "schedule": running.service.schedule,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "jobTemplate": {
            "spec": {"template": _template(running, wanted, {"restartPolicy": "Never"})}
        },
    }


_FORMS = {"Deployment": _deployment, "StatefulSet": _stateful, "CronJob": _scheduled}


def _replicas(part: Part, running: Running) -> Iterator[Object]:
    """What keeps enough of them while nodes are emptied, and adds some under load."""
    service, site = running.service, running.deployed.origin
    if running.least > 1:
        selector: Json = {"matchLabels": {APP: running.name}}
        body: Body = {"spec": {"maxUnavailable": 1, "selector": selector}}
        because = (*written(site, "replicas"), *written(service.origin, "replicas", "scaling"))
        yield part.make("PodDisruptionBudget", running.name, body, because=because)
    if service.scaling is not None:
        yield _scaled(part, running, service.scaling)


def _scaled(part: Part, running: Running, scaling: Scaling) -> Object:
    cores: Json = {
        "name": "cpu",
        "target": {"type": "Utilization", "averageUtilization": scaling.load},
    }
    kind = _KINDS[running.service.workload]
    spec: Body = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": running.name},
        "minReplicas": scaling.least,
        "maxReplicas": scaling.most,
        "metrics": [{"type": "Resource", "resource": cores}],
    }
    here = scaling.origin
    own = {
        "spec.minReplicas": (here.at("from"),),
        "spec.maxReplicas": (here.at("to"),),
        "spec.metrics": (here.at("load"),),
    }
    because = (here.at(),)
    return part.make("HorizontalPodAutoscaler", running.name, {"spec": spec}, own, because=because)


# ── what leads to it ──────────────────────────────────────────────────────────────────────────


def _ports(part: Part, running: Running) -> Iterator[Object]:
    ports = running.container.ports
    if ports:
        found: list[Json] = [
            {
                "name": port.name,
                "port": port.number,
                "protocol": port.protocol,
                "targetPort": port.name,
            }
            for port in ports
        ]
        spec: Body = {"selector": {APP: running.name}, "ports": found}
        places = tuple(port.origin.at() for port in ports)
        own = {"spec.ports": places, **_identity(part, running)}
        identity: Body = {IDENTIFIER: running.identifier}
        yield part.make("Service", running.name, {"spec": spec}, own, identity, because=places)


def routed(running: Running) -> Port | None:
    """The port that is reached from outside; the first where there are several."""
    return next((port for port in running.container.ports if port.routed), None)


def _route(part: Part, running: Running) -> Iterator[Object]:
    cluster, host, port = part.scope.cluster, running.deployed.host, routed(running)
    if host is None or port is None:
        return
    own = {
        "spec.hostnames": written(running.deployed.origin, "host"),
        "spec.parentRefs": written(cluster.origin, "gateway"),
        "spec.ingressClassName": written(cluster.origin, "ingressClass"),
        "spec.rules": (
            *written(running.deployed.origin, "host"),
            *running.path_places,
            port.origin.at(),
        ),
    }
    because = (port.origin.at(), *written(running.deployed.origin, "host"))
    if cluster.gateway is not None and cluster.has("gateway-api"):
        namespace, gateway = cluster.gateway
        rule: dict[str, Json] = {
            "matches": [{"path": {"type": "PathPrefix", "value": running.path}}],
            "backendRefs": [{"name": running.name, "port": port.number}],
        }
        spec: Body = {
            "parentRefs": [{"name": gateway, "namespace": namespace}],
            "hostnames": [host],
            "rules": [rule],
        }
        yield part.make("HTTPRoute", running.name, {"spec": spec}, own, because=because)
    elif cluster.ingress_class is not None:
        backend: Json = {"service": {"name": running.name, "port": {"name": port.name}}}
        item: dict[str, Json] = {"path": running.path, "pathType": "Prefix", "backend": backend}
        spec = {
            "ingressClassName": cluster.ingress_class,
            "rules": [{"host": host, "http": {"paths": [item]}}],
            "tls": [{"hosts": [host]}],
        }
        yield part.make("Ingress", running.name, {"spec": spec}, own, because=because)

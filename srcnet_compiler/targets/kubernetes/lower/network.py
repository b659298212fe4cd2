"""Who may talk to whom: nobody, but for what is declared."""

from collections.abc import Iterable, Iterator

from srcnet_compiler.change import Json
from srcnet_compiler.federation.services import Flow
from srcnet_compiler.span import Span, written
from srcnet_compiler.targets.kubernetes.lower.places import Spans
from srcnet_compiler.targets.kubernetes.lower.scope import Running, Scope
from srcnet_compiler.targets.kubernetes.lower.site import Body, Part
from srcnet_compiler.targets.kubernetes.model import Object
from srcnet_compiler.targets.kubernetes.model.words import (
    APP,
    MONITORING,
    NAMESPACE_NAME,
    SERVICES,
)

_BOTH_WAYS: Json = ["Ingress", "Egress"]
_ON_NODE = "169.254.20.10/32"
"""Where NodeLocal DNSCache answers on each node that has it, in no namespace."""
_NAMES: Json = [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]


def closed(part: Part) -> Iterator[Object]:
    """Each namespace closed both ways, but for asking for names; sessions and jobs may use the
    services, as far as those are reached from outside."""
    scope = part.scope
    for use, _ in scope.living:
        inside = part.within(use)
        everything: Body = {"spec": {"podSelector": {}, "policyTypes": _BOTH_WAYS}}
        yield inside.make("NetworkPolicy", "closed", everything)
        yield inside.make("NetworkPolicy", "names", _egress([_to_names()]))
        if use != SERVICES and SERVICES in scope.namespaces:
            to = [_namespace(scope.namespaces[SERVICES])]
            yield inside.make("NetworkPolicy", "services", _egress([{"to": to}]))


def _egress(rules: list[Json]) -> Body:
    return {"spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": rules}}


def _to_names() -> Json:
    return {"to": [_namespace("kube-system"), {"ipBlock": {"cidr": _ON_NODE}}], "ports": _NAMES}


def _namespace(name: str) -> Json:
    return {"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: name}}}


def _pods(app: str) -> Json:
    return {"podSelector": {"matchLabels": {APP: app}}}


# ── a service ─────────────────────────────────────────────────────────────────────────────────


def allowed(part: Part, running: Running) -> Object:
    """What a service may reach, and who may reach it."""
    scope, service = part.scope, running.service
    ingress = [*_from_outside(scope, running), *_from_services(scope, running)]
    hosts = [_to_hosts(flow) for flow in service.flows if flow.service is None]
    egress = [*_to_services(scope, running), *hosts]
    spec: dict[str, Json] = {
        "podSelector": {"matchLabels": {APP: running.name}},
        "policyTypes": _BOTH_WAYS,
        **({"ingress": ingress} if ingress else {}),
        **({"egress": egress} if egress else {}),
    }
    ports = tuple(port.origin.at() for port in running.container.ports)
    own: dict[str, Spans] = {
        "spec.egress": (
            *(flow.origin.at() for flow in service.flows),
            *written(service.origin, "needs"),
            *scope.all_places,
        ),
        "spec.ingress": (
            *ports,
            *written(scope.cluster.origin, "gateway", "operators"),
            *written(service.origin, "metrics"),
            *_callers_places(scope, running),
            *scope.all_places,
        ),
    }
    return part.make("NetworkPolicy", running.name, {"spec": spec}, own)


def _from_outside(scope: Scope, running: Running) -> Iterator[Json]:
    """Through the site's gateway, or where only the class of its ingress is known, from whatever
    serves that; from sessions and jobs; and from what measures."""
    cluster, service = scope.cluster, running.service
    open_ports = [port.number for port in running.container.ports if port.routed]
    if open_ports:
        others = [_namespace(name) for use, name in scope.living if use != SERVICES]
        if running.deployed.host is None:
            gates: list[Json] = []
        elif cluster.gateway is not None:
            gates = [_namespace(cluster.gateway[0])]
        else:
            gates = [{"namespaceSelector": {}}] if cluster.ingress_class is not None else []
        if gates or others:
            yield {"from": [*gates, *others], "ports": _numbers(open_ports)}
    if service.metrics is not None and cluster.has("prometheus"):
        port = running.container.port(service.metrics[0])
        if port is not None:
            yield {"from": [_namespace(MONITORING)], "ports": _numbers([port.number])}


def _numbers(ports: Iterable[int]) -> list[Json]:
    return [{"port": port, "protocol": "TCP"} for port in ports]


def _from_services(scope: Scope, running: Running) -> Iterator[Json]:
    for other in scope.services:
        for ports in _reached(other, running.service.name):
            yield {"from": [_pods(other.name)], **_on(ports)}


def _callers_places(scope: Scope, running: Running) -> Iterator[Span]:
    for other in scope.services:
        for flow in other.service.flows:
            if flow.service == running.service.name:
                yield flow.origin.at()
        if running.service.name in other.service.needs:
            yield from written(other.service.origin, "needs")


def _reached(running: Running, name: str) -> Iterator[tuple[int, ...]]:
    """The ports of the service of this name that another reaches; an empty tuple is any. What it
    needs without saying how it talks to it, it may talk to."""
    ports = [flow.port for flow in running.service.flows if flow.service == name]
    if None in ports or (not ports and name in running.service.needs):
        yield ()
    elif ports:
        yield tuple(sorted({port for port in ports if port is not None}))


def _to_services(scope: Scope, running: Running) -> Iterator[Json]:
    for other in scope.services:
        for ports in _reached(running, other.service.name):
            yield {"to": [_pods(other.name)], **_on(ports)}


def _to_hosts(flow: Flow) -> Json:
    to: list[Json] = [{"ipBlock": {"cidr": host}} for host in flow.hosts]
    return {**({"to": to} if to else {}), **_on((flow.port,) if flow.port is not None else ())}


def _on(ports: tuple[int, ...]) -> dict[str, Json]:
    """On these ports; on any where there are none."""
    return {"ports": _numbers(ports)} if ports else {}

"""What is measured: by the site's Prometheus where it has one, and as a list for everybody's."""

from collections.abc import Iterator, Mapping

from srcnet_compiler.change import Json
from srcnet_compiler.span import written
from srcnet_compiler.targets.kubernetes.lower.places import Spans, identity_places
from srcnet_compiler.targets.kubernetes.lower.scope import Running, Scope
from srcnet_compiler.targets.kubernetes.lower.site import Body, Part
from srcnet_compiler.targets.kubernetes.model import Measured, Object
from srcnet_compiler.targets.kubernetes.model.words import APP, MONITORING

PROBER = f"blackbox-exporter.{MONITORING}.svc:9115"
"""Where the site's blackbox exporter answers, as its chart names it."""
MODULE = "http_2xx"


def monitors(part: Part, running: Running) -> Iterator[Object]:
    """Objects of Prometheus' operator, where the site has it."""
    if not part.scope.cluster.has("prometheus"):
        return
    service, name = running.service, running.name
    if service.metrics is not None and running.container.ports:
        port, path = service.metrics
        spec: Body = {
            "selector": {"matchLabels": {APP: name}},
            "endpoints": [{"port": port, "path": path}],
        }
        own = {"spec.endpoints": written(service.origin, "metrics")}
        because = (*written(service.origin, "metrics"), *_who_measures(part))
        yield part.make("ServiceMonitor", name, {"spec": spec}, own, because=because)
    url = url_of(running)
    if url is not None:
        targets: Json = {"staticConfig": {"static": [url], "labels": dict(labels_of(running))}}
        spec = {"prober": {"url": PROBER}, "module": MODULE, "targets": targets}
        places = _url_places(part.scope, running)
        because = (*_who_measures(part), *places)
        yield part.make("Probe", name, {"spec": spec}, {"spec.targets": places}, because=because)


def _who_measures(part: Part) -> Spans:
    return written(part.scope.cluster.origin, "operators")


def _url_places(scope: Scope, running: Running) -> Spans:
    ready, here = running.container.ready, running.deployed
    return (
        *written(here.origin, "host"),
        *running.path_places,
        *(port.origin.at() for port in running.container.ports),
        *((ready.origin.at(),) if ready is not None else ()),
        *identity_places(scope.federation, here),
    )


def measured(scope: Scope) -> Iterator[Measured]:
    """The same for who measures the whole network from outside, wherever that is."""
    for running in scope.services:
        url = url_of(running)
        if url is not None:
            places = (*_url_places(scope, running), *running.places)
            yield Measured(url, labels_of(running), places)


def url_of(running: Running) -> str | None:
    """Where people reach a service; None: not from outside."""
    host, ports = running.deployed.host, running.container.ports
    if host is None or not any(port.routed for port in ports):
        return None
    path = running.path.rstrip("/")
    ready = running.container.ready
    port = running.container.port(ready.port) if ready is not None else None
    asks = ready.path if ready is not None and port is not None and port.routed else None
    if asks is not None and asks.startswith(path):
        return f"https://{host}{asks}"
    return f"https://{host}{path or '/'}"


def labels_of(running: Running) -> Mapping[str, str]:
    """What tells one measured service from another, everywhere in the federation."""
    deployed = running.deployed
    return {
        "environment": deployed.environment,
        "identifier": running.identifier,
        "service": running.service.name,
        "site": deployed.site_known_as,
    }

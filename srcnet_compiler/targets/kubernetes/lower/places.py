"""Which spec places decide what on a cluster: the origins of everything that is emitted.

A line is there because of more than the value on it: that its service is no draft, that the site
runs it, that the cluster is in use. The most telling place stands first. What decides that an
object is there at all stands behind the places of each of its fields, as one tuple that all share.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from srcnet_compiler.federation.compute import Queue
from srcnet_compiler.federation.model import Federation, StorageArea, accepted
from srcnet_compiler.span import Origin, Span, written
from srcnet_compiler.targets.kubernetes.lower.scope import Running, Scope, Startable
from srcnet_compiler.targets.kubernetes.model import Origins

Spans: TypeAlias = tuple[Span, ...]


def named(origin: Origin) -> Span:
    """Where the document says what it is called."""
    return origin.source_map.span(("metadata", "name"))


def origins(fields: Mapping[str, Spans], exists: Spans) -> Origins:
    """Each field with its own places first; all depend on what decides that the object is there."""
    return {"": exists, **{path: (*own, *exists) for path, own in fields.items() if own}}


def together(found: Iterable[Spans]) -> Spans:
    """Each place once, in order."""
    return tuple(dict.fromkeys(span for spans in found for span in spans))


def cluster_places(scope: Scope) -> Spans:
    """What decides that a cluster is ours to manage, and what ours is called there."""
    cluster, federation, policy = scope.cluster, scope.federation, scope.policy
    around, site = _around(cluster.origin)
    own = (
        around.at("name"),
        *written(around, "enabled", "status", "environment"),
        *written(cluster.origin.below("share"), "status"),
        named(site),
        *written(site, "status"),
        *accepted(federation, cluster.label, cluster.site),
        *together(written(end.origin, "cluster") for end in federation.retired),
    )
    if policy is None:
        return own
    names = (named(policy.origin), policy.origin.at("prefix"), *written(policy.origin, "status"))
    return together((own, names, accepted(federation, policy.name)))


def _around(origin: Origin) -> tuple[Origin, Origin]:
    """The compute that a cluster is, and the spec of its site."""
    source_map, path = origin.source_map, origin.path
    return Origin(source_map, path[:-1]), Origin(source_map, path[:-3])


def service_places(scope: Scope, running: Running) -> Spans:
    """What decides that a service runs on the cluster."""
    service, deployed, federation = running.service, running.deployed, scope.federation
    return together(
        (
            (named(service.origin), deployed.origin.at()),
            written(service.origin, "status", "workload", "sites"),
            written(deployed.origin, "status", "enabled", "at", "service"),
            image_places(running.service.container.image.origin),
            *(written(end.origin, "service") for end in federation.retired),
            accepted(federation, service.name, deployed.label),
            area_places(federation, running.area),
        )
    )


def template_places(scope: Scope, startable: Startable) -> Spans:
    """What decides that a template can be started on the cluster."""
    template, federation = startable.template, scope.federation
    return together(
        (
            (named(template.origin),),
            written(template.origin, "status", "runs", "queue"),
            image_places(template.container.image.origin),
            *(written(end.origin, "template") for end in federation.retired),
            accepted(federation, template.name),
            queue_places(scope, startable.queue),
            area_places(federation, startable.area),
        )
    )


def queue_places(scope: Scope, queue: Queue) -> Spans:
    """What decides that a queue class runs here."""
    policy = scope.policy
    return together(
        (
            (queue.origin.at(),),
            written(queue.origin, "status"),
            accepted(scope.federation, queue.name, *([policy.name] if policy is not None else [])),
            written(scope.cluster.origin, "queues"),
            *(written(end.origin, "queue") for end in scope.federation.retired),
        )
    )


def image_places(origin: Origin) -> Spans:
    """What decides which image it is."""
    return (origin.at("digest"), *written(origin, "repository", "status"))


def area_places(federation: Federation, area: StorageArea | None) -> Spans:
    """What decides that an area's files can be seen."""
    if area is None:
        return ()
    here = area.origin
    return (
        here.at("name"),
        *written(here, "posixMount", "capacity", "status", "enabled"),
        *accepted(federation, area.name),
    )


def everything(scope: Scope) -> Spans:
    """What decides which services and templates are on a cluster at all."""
    return together(
        (
            *(service_places(scope, running) for running in scope.services),
            *(template_places(scope, each) for each in (*scope.sessions, *scope.jobs)),
            *(written(w.origin, "of") for w in scope.federation.waivers if w.kind == "draft"),
        )
    )

"""Which spec places decide what on a cluster: the origins of everything that is emitted.

A line is there because of more than the value on it: that its service is no draft, that the site
runs it, that the cluster is in use. The most telling place stands first. What decides that an
object is there at all stands behind the places of each of its fields, as one tuple that all share.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from srcnet_compiler.federation.compute import ComputePolicy, Queue
from srcnet_compiler.federation.kubernetes import Deployed, KubernetesCluster
from srcnet_compiler.federation.model import Federation, accepted
from srcnet_compiler.federation.services import SecurityPolicy
from srcnet_compiler.federation.sites import class_in
from srcnet_compiler.names import AreaName
from srcnet_compiler.span import Origin, Span, written
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


def cluster_places(
    federation: Federation, policy: ComputePolicy | None, cluster: KubernetesCluster
) -> Spans:
    """What decides that a cluster is ours to manage, and what ours is called there."""
    around, site = _around(cluster.origin)
    own = (
        around.at("name"),
        *written(around, "enabled", "status", "environment"),
        *written(cluster.origin.below("share"), "status"),
        *federation.sites[cluster.site].known_by,
        *written(site, "status"),
        *accepted(federation, cluster.label, cluster.site),
    )
    if policy is None:
        return together([own])
    names = (named(policy.origin), policy.origin.at("prefix"), *written(policy.origin, "status"))
    return together((own, names, accepted(federation, policy.name)))


def _around(origin: Origin) -> tuple[Origin, Origin]:
    """The compute that a cluster is, and the spec of its site."""
    source_map, path = origin.source_map, origin.path
    return Origin(source_map, path[:-1]), Origin(source_map, path[:-3])


@dataclass(frozen=True, eq=False)
class Known:
    """What is the same for all clusters, found once."""

    federation: Federation

    @cached_property
    def ends(self) -> Spans:
        """What documents end, whatever it is."""
        keys = ("service", "template", "cluster", "queue", "project", "area")
        return tuple(s for end in self.federation.retired for s in written(end.origin, *keys))

    @cached_property
    def services(self) -> Mapping[str, Spans]:
        """What decides whether a service runs, wherever it may."""
        return {
            name: (
                named(service.origin),
                *written(service.origin, "status", "runs", "sites"),
                *image_places(service.container.image.origin),
                *accepted(self.federation, service.name),
            )
            for name, service in self.federation.services.items()
        }

    @cached_property
    def templates(self) -> Mapping[str, Spans]:
        """What decides whether a template can be started, but for its queue."""
        return {
            name: (
                named(template.origin),
                *written(template.origin, "status", "runs", "queue"),
                *image_places(template.container.image.origin),
                *(mount.origin.at() for mount in template.container.of_areas),
                *accepted(self.federation, template.name),
            )
            for name, template in self.federation.templates.items()
        }

    @cached_property
    def all_templates(self) -> Spans:
        """The same of all of them, and the waivers of drafts: one of something else might be of
        what is left out."""
        waivers = (w.origin.at("of") for w in self.federation.waivers if w.kind == "draft")
        return (*(span for found in self.templates.values() for span in found), *waivers)

    @cached_property
    def groups(self) -> Spans:
        """What decides which projects may use a cluster, and whose members work for them; those
        that may not belong to it as well."""
        found: list[Span] = []
        for allocation in self.federation.compute.allocations:
            here = allocation.origin
            found += (named(here), *written(here, "sites", "clusters", "status"))
            found += (project.origin.at() for project in allocation.projects)
            names = (project.name for project in allocation.projects)
            found += accepted(self.federation, allocation.name, *names)
        return tuple(found)

    @cached_property
    def whole(self) -> Spans:
        """Everything that is said of services, templates, what may run and who may start it."""
        federation = self.federation
        security = federation.security
        return (
            *(service.origin.at() for service in federation.services.values()),
            *(template.origin.at() for template in federation.templates.values()),
            *((security.origin.at(),) if security is not None else ()),
            *security_places(federation, security),
            *self.groups,
            *written(federation.origin, "identity"),
        )


def service_places(known: Known, deployed: Deployed) -> Spans:
    """What decides whether a service runs on a cluster."""
    return (
        *known.services[deployed.service],
        deployed.origin.at(),
        *accepted(known.federation, deployed.label),
        *area_places(known.federation, deployed.area),
    )


def queue_places(
    federation: Federation, policy: ComputePolicy, cluster: KubernetesCluster, queue: Queue
) -> Spans:
    """What decides whether a queue class runs on a cluster."""
    return together(
        (
            (queue.origin.at(),),
            written(queue.origin, "status"),
            accepted(federation, queue.name, policy.name),
            written(cluster.origin, "queues"),
        )
    )


def security_places(federation: Federation, security: SecurityPolicy | None) -> Spans:
    """What decides whether a policy of what may run is in force."""
    if security is None:
        return ()
    here = security.origin
    return (named(here), *written(here, "status"), *accepted(federation, security.name))


def image_places(origin: Origin) -> Spans:
    """What decides which image it is."""
    return (origin.at("digest"), *written(origin, "repository", "status"))


def area_places(federation: Federation, name: AreaName | None) -> Spans:
    """What decides whether an area's files can be seen."""
    area = federation.areas.get(name) if name is not None else None
    if area is None:
        return ()
    here, kind = area.origin, federation.classes.get(class_in(area.name, federation.classes) or "")
    return (
        here.at("name"),
        *written(here, "posixMount", "capacity", "status", "enabled", "tier"),
        *written(federation.tiers[area.tier].origin, "status"),
        *(written(kind.origin, "status") if kind else ()),
        *accepted(federation, area.name, area.site),
    )


def readable_places(federation: Federation, cluster: KubernetesCluster) -> Spans:
    """What decides which areas people may read on a cluster, and of which tier each is."""
    areas = [area for name in cluster.readable if (area := federation.areas.get(name))]
    return together(
        (
            written(cluster.origin, "readable"),
            *(written(area.origin, "role", "environment") for area in areas),
            *(area_places(federation, area.name) for area in areas),
        )
    )


def identity_places(federation: Federation, deployed: Deployed) -> Spans:
    """What decides the identity of a service at a site."""
    known_by = federation.sites[deployed.site].known_by
    return (deployed.origin.at(), named(federation.origin), *known_by[:-1])

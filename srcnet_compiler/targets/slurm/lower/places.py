"""Which spec places decide what on a cluster: the origins of everything that is emitted.

A line is there because of more than the value on it: that its queue is no draft, that the site
allows it, that a project may use it. The most telling place stands first.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from srcnet_compiler.federation.compute import Allocation, Project, Queue, SlurmCluster
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.federation.model import accepted as accepted
from srcnet_compiler.span import Origin, Span
from srcnet_compiler.span import written as written
from srcnet_compiler.targets.slurm.lower.scope import Scope
from srcnet_compiler.targets.slurm.model.things import Origins

Spans: TypeAlias = tuple[Span, ...]


def named(origin: Origin) -> Span:
    """Where the document says what it is called."""
    return origin.source_map.span(("metadata", "name"))


def origins(fields: Mapping[str, Spans], exists: Spans) -> Origins:
    """Each field with its own places first; all depend on what decides that the object is there."""
    return {key: tuple(dict.fromkeys((*found, *exists))) for key, found in fields.items()}


def cluster_places(scope: Scope) -> Spans:
    """What decides that a cluster is ours to manage, and how far."""
    return (
        *_cluster(scope.federation, scope.cluster),
        named(scope.policy.origin),
        scope.policy.origin.at("prefix"),
        *written(scope.policy.origin, "status"),
        *accepted(scope.federation, scope.policy.name),
    )


def instance_places(scope: Scope) -> Spans:
    """What a cluster is called, and what decides that it is managed."""
    around, _ = _around(scope.cluster)
    return (around.at("name"), scope.cluster.origin.at("cluster"), *cluster_places(scope))


def _cluster(federation: Federation, cluster: SlurmCluster) -> Spans:
    around, site = _around(cluster)
    known_by = federation.sites[cluster.site].known_by
    ends = (written(end.origin, "cluster") for end in federation.retired)
    return (
        around.at("name"),
        *written(around, "enabled", "status"),
        *written(cluster.origin, "allows", "fragment", "queues"),
        *written(cluster.origin.below("share"), "status"),
        *known_by,
        *written(site, "status"),
        *accepted(federation, cluster.label, cluster.site),
        *_all(ends),
    )


def _around(cluster: SlurmCluster) -> tuple[Origin, Origin]:
    """The compute that a cluster is, and the spec of its site."""
    source_map, path = cluster.origin.source_map, cluster.origin.path
    return Origin(source_map, path[:-1]), Origin(source_map, path[:-3])


def queue_places(scope: Scope, queue: Queue) -> Spans:
    """What decides that a queue runs."""
    ends = (written(end.origin, "queue") for end in scope.federation.retired)
    return (
        scope.policy.origin.key("queues", queue.name),
        *written(queue.origin, "status"),
        *accepted(scope.federation, queue.name, scope.policy.name),
        *_all(ends),
    )


def all_queues(scope: Scope, *keys: str) -> Spans:
    """What decides which queues run at all, and what they say under `keys`."""
    queues = scope.policy.queues.values()
    each = ((*queue_places(scope, q), *written(q.origin, *keys)) for q in queues)
    return _all((*each, _any_accepted(scope)))


def database_places(scope: Scope) -> Spans:
    """What decides which clusters share an accounting database, and so its QOS."""
    return _all(
        (
            *written(other.origin.below("database"), "host", "name"),
            *(_cluster(scope.federation, other) if other.database == mine else ()),
        )
        for mine in (scope.cluster.database,)
        for other in scope.federation.compute.clusters
    )


def project_places(federation: Federation, allocation: Allocation, project: Project) -> Spans:
    """What decides that a project may use something on a cluster."""
    here = allocation.origin
    ends = (written(end.origin, "project") for end in federation.retired)
    return (
        project.origin.at("name"),
        *written(project.origin, "status", "queues"),
        *accepted(federation, project.name, allocation.name),
        named(here),
        *written(here, "sites", "clusters", "status"),
        here.at("period", "from"),
        *_all(ends),
    )


def all_projects(scope: Scope) -> Spans:
    """What decides which projects may use the queues of a cluster; those that may not belong to it
    as well, since they would if they said otherwise."""
    each = (
        project_places(scope.federation, allocation, project)
        for allocation in scope.federation.compute.allocations
        for project in allocation.projects
    )
    return _all((*each, _any_accepted(scope)))


def _any_accepted(scope: Scope) -> Spans:
    """The waivers of drafts: one of something else might be of what is left out."""
    return tuple(w.origin.at("of") for w in scope.federation.waivers if w.kind == "draft")


def _all(found: Iterable[Spans]) -> Spans:
    return tuple(dict.fromkeys(span for spans in found for span in spans))

"""What of the federation takes part on one cluster: services, templates, queues that are agreed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from srcnet_compiler.analysis.reading import area_for
from srcnet_compiler.analysis.sizes import least_replicas, most_replicas
from srcnet_compiler.federation.compute import ComputePolicy, Project, Queue
from srcnet_compiler.federation.kubernetes import Deployed, KubernetesCluster
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.federation.services import Container, Mount, SecurityPolicy, Service, Template
from srcnet_compiler.names import AreaName, GroupPath
from srcnet_compiler.span import written
from srcnet_compiler.targets.kubernetes.lower.places import (
    Known,
    Spans,
    cluster_places,
    queue_places,
    readable_places,
    service_places,
    together,
)
from srcnet_compiler.targets.kubernetes.model.words import (
    JOBS,
    SERVICES,
    SESSIONS,
    identifier,
    namespace_of,
    object_name,
)

DEFAULT_PREFIX = "srcnet"
CRON_NAME = 52
"""How long the name of a CronJob may be: its jobs' names have a time behind it."""


@dataclass(frozen=True, slots=True)
class Running:
    """A service on the cluster. `area` is the one whose files it sees; `places` are what decides
    that it runs here, `drafts` those of them that are none yet agreed."""

    service: Service
    deployed: Deployed
    name: str
    identifier: str
    area: StorageArea | None
    drafts: Spans
    places: Spans

    @property
    def container(self) -> Container:
        return self.service.container

    @property
    def areas(self) -> Mapping[str, StorageArea]:
        """The area by each path at which it is seen."""
        paths = (mount.path for mount in self.container.of_areas)
        return {} if self.area is None else dict.fromkeys(paths, self.area)

    @property
    def path(self) -> str:
        """Where its route begins."""
        return self.service.path or self.deployed.path or "/"

    @property
    def path_places(self) -> Spans:
        """Where that is said."""
        said = self.service.origin if self.service.path is not None else self.deployed.origin
        return written(said, "path")

    @property
    def least(self) -> int:
        """How many replicas there are at least."""
        return least_replicas(self.service, self.deployed)

    @property
    def most(self) -> int:
        """How many replicas there are at most."""
        return most_replicas(self.service, self.deployed)


@dataclass(frozen=True, slots=True)
class Startable:
    """A template on the cluster, with its queue, and the areas that it reads by path."""

    template: Template
    queue: Queue
    name: str
    areas: Mapping[str, StorageArea]
    drafts: Spans
    places: Spans

    @property
    def container(self) -> Container:
        return self.template.container


@dataclass(frozen=True)
class Scope:
    """A cluster with all that takes part on it. Nothing here rests on a draft no waiver accepts.

    With `ended` what documents retire takes part as if it did not end: who compares the two knows
    what is to go. `policy` None: nobody has said how jobs run, so that nobody starts any.
    """

    federation: Federation
    policy: ComputePolicy | None
    cluster: KubernetesCluster
    deployed: tuple[Deployed, ...]
    known: Known
    ended: bool = False

    @property
    def prefix(self) -> str:
        return self.policy.prefix if self.policy is not None else DEFAULT_PREFIX

    @cached_property
    def drafts(self) -> Spans:
        """Those that the cluster rests on."""
        share = self.cluster.share
        return (
            *(self.policy.drafts if self.policy is not None else ()),
            *self.cluster.drafts,
            *(share.drafts if share is not None else ()),
        )

    @cached_property
    def places(self) -> Spans:
        """What decides that the cluster is ours to manage."""
        return (*cluster_places(self.federation, self.policy, self.cluster), *self.known.ends)

    @cached_property
    def by_service(self) -> Mapping[str, Spans]:
        """What decides whether each service runs here."""
        return {each.service: service_places(self.known, each) for each in self.deployed}

    @cached_property
    def all_places(self) -> Spans:
        """What decides which services and templates are here at all; those that may not be belong
        to it as well, since they would be if they said otherwise."""
        offered = self.federation.sites[self.cluster.site].services
        queues = self.policy.queues.values() if self.policy is not None else ()
        return (
            *self.places,
            *(span for found in self.by_service.values() for span in found),
            *(each.origin.at() for each in offered),
            *self.known.all_templates,
            *self.readable_places,
            *(span for queue in queues for span in self.queue_places(queue)),
        )

    @cached_property
    def amount_places(self) -> Spans:
        """What decides how much all services need together."""
        return together(
            (
                *(written(r.service.origin, "replicas", "scaling", "runs") for r in self.services),
                *(written(r.deployed.origin, "replicas", "resources") for r in self.services),
                *(written(r.container.origin, "resources", "limits") for r in self.services),
                *(tuple(m.origin.at() for m in r.container.mounts) for r in self.services),
                written(self.cluster.origin, "storageClass", "share"),
            )
        )

    @cached_property
    def wide_places(self) -> Spans:
        """Everything that is said of what is here: for what follows from all of it together."""
        return (*self.all_places, self.cluster.origin.at(), *self.known.whole)

    def queue_places(self, queue: Queue) -> Spans:
        """What decides that a queue class runs here."""
        if self.policy is None:
            return ()
        return queue_places(self.federation, self.policy, self.cluster, queue)

    @cached_property
    def security(self) -> SecurityPolicy | None:
        """What may run; None where nobody has said, or agreed."""
        policy = self.federation.security
        held = policy is not None and self.federation.holds_back(policy.drafts, policy.name)
        return None if held else policy

    @cached_property
    def services(self) -> tuple[Running, ...]:
        """In order of name."""
        found = (self._running(each) for each in self.deployed)
        return tuple(sorted((r for r in found if r is not None), key=lambda r: r.name))

    @cached_property
    def sessions(self) -> tuple[Startable, ...]:
        """Templates that people talk to, in order of name."""
        return tuple(self._startable("session"))

    @cached_property
    def jobs(self) -> tuple[Startable, ...]:
        """Templates of batch jobs, in order of name."""
        return tuple(self._startable("batch"))

    @cached_property
    def queues(self) -> tuple[Queue, ...]:
        """The queue classes that templates wait in here, in order of name."""
        used = {each.queue.name: each.queue for each in (*self.sessions, *self.jobs)}
        return tuple(queue for _, queue in sorted(used.items()))

    @cached_property
    def living(self) -> tuple[tuple[str, str], ...]:
        """The namespaces in which something lives, by their use."""
        found = ((SERVICES, self.services), (SESSIONS, self.sessions), (JOBS, self.jobs))
        return tuple((use, namespace_of(self.prefix, use)) for use, things in found if things)

    @cached_property
    def namespaces(self) -> Mapping[str, str]:
        return dict(self.living)

    @property
    def has_queues(self) -> bool:
        """Whether the site's Kueue has a place for what the federation starts."""
        return self.cluster.has("kueue") and self.cluster.borrowing is not None

    def startable(self, use: str) -> tuple[Startable, ...]:
        """The templates that run in the namespace of this use."""
        return {SESSIONS: self.sessions, JOBS: self.jobs}.get(use, ())

    def drafts_of(self, things: Iterable[Running | Startable]) -> Spans:
        """Those that what serves all of these rests on: theirs only where all have some, since
        then it is there for drafts alone."""
        found = [each.drafts for each in things]
        own = [d for d in found if set(d) - set(self.drafts)]
        return together((self.drafts, *own)) if len(own) == len(found) else self.drafts

    @cached_property
    def areas(self) -> tuple[StorageArea, ...]:
        """Those whose files something here sees, in order of name."""
        found = {
            area.name: area
            for use, _ in self.living
            for each in self.living_in(use)
            for area in each.areas.values()
        }
        return tuple(area for _, area in sorted(found.items()))

    def living_in(self, use: str) -> tuple[Running | Startable, ...]:
        """What runs, or can be started, in the namespace of this use."""
        return self.services if use == SERVICES else self.startable(use)

    def name(self, name: str) -> str:
        """What something of ours is called that all of the cluster can see."""
        return f"{self.prefix}-{name}"

    def projects(self) -> Iterator[Project]:
        """The projects that an allocation lets use the cluster."""
        here = self.cluster
        for allocation in self.federation.compute.allocations:
            named = allocation.clusters is None or here.name in allocation.clusters
            for project in allocation.projects if named and here.site in allocation.sites else ():
                held = self.federation.holds_back(project.drafts, project.name, allocation.name)
                if not held and not project.retired:
                    yield project

    def groups_for(self, template: Template) -> tuple[GroupPath, ...]:
        """Whose members may start a template: those it names, else those of all projects."""
        if template.groups:
            return template.groups
        own = (p.groups for p in self.projects() if template.queue in p.queues)
        return tuple(dict.fromkeys(group for groups in own for group in groups))

    # ── what takes part ───────────────────────────────────────────────────────────────────────

    def _here(self, retired: bool) -> bool:
        return self.ended or not retired

    def _running(self, deployed: Deployed) -> Running | None:
        here, federation = self.cluster, self.federation
        service = federation.services[deployed.service]
        image = service.container.image
        drafts = (*service.drafts, *image.drafts)
        if (
            not self._here(service.retired or deployed.retired)
            or (image.digest is None and not service.retired)
            or federation.holds_back(drafts, service.name)
            or federation.holds_back(deployed.drafts, deployed.label, service.name, here.site)
        ):
            return None
        area = self.area(deployed.area) if deployed.area is not None else None
        if area is None and _sees_files(service.container):
            return None
        longest = CRON_NAME if service.workload == "scheduled" else 63
        return Running(
            service,
            deployed,
            object_name(service.name, longest),
            str(identifier(federation.name, here.site_known_as, here.name, service.name)),
            area,
            together((self.drafts, drafts, deployed.drafts, _drafts(area))),
            (*self.by_service[service.name], *self.places),
        )

    def _startable(self, runs: str) -> Iterator[Startable]:
        found = (self._template(t) for t in self.federation.templates.values() if t.runs == runs)
        yield from sorted((t for t in found if t is not None), key=lambda t: t.name)

    def _template(self, template: Template) -> Startable | None:
        federation, policy = self.federation, self.policy
        queue = policy.queues.get(template.queue) if policy is not None else None
        if policy is None or queue is None or queue.name not in self.cluster.queues:
            return None
        image = template.container.image
        drafts = (*template.drafts, *image.drafts)
        if (
            not self._here(template.retired or queue.retired)
            or (image.digest is None and not template.retired)
            or federation.holds_back(drafts, template.name)
            or federation.holds_back(queue.drafts, queue.name, policy.name)
        ):
            return None
        areas = {mount.path: self._read(mount) for mount in template.container.of_areas}
        seen = {path: area for path, area in areas.items() if area is not None}
        if len(seen) < len(areas):
            return None
        return Startable(
            template,
            queue,
            object_name(template.name, CRON_NAME),
            seen,
            together((self.drafts, drafts, queue.drafts, *(_drafts(a) for a in seen.values()))),
            (
                *self.known.templates[template.name],
                *(self.readable_places if areas else ()),
                *self.queue_places(queue),
                *self.places,
            ),
        )

    def _read(self, mount: Mount) -> StorageArea | None:
        """The area that a mount of a template means here, where its files can be seen."""
        area = area_for(self.federation, self.cluster, mount)
        return None if area is None else self.area(area.name)

    @cached_property
    def readable_places(self) -> Spans:
        """What decides which areas people may read here, and of which tier each is."""
        return readable_places(self.federation, self.cluster)

    # ── storage ───────────────────────────────────────────────────────────────────────────────

    def area(self, name: AreaName) -> StorageArea | None:
        """The area of this name, where its files can be seen on a node and its size is known."""
        area = self.federation.areas.get(name)
        if area is None or area.mount is None or area.capacity is None or not area.enabled:
            return None
        held = self.federation.holds_back(area.drafts, area.name, area.site)
        return None if held or area.retired else area


def _sees_files(container: Container) -> bool:
    return bool(container.of_areas)


def _drafts(area: StorageArea | None) -> Spans:
    return area.drafts if area is not None else ()


def scopes(federation: Federation) -> Iterator[Scope]:
    """One for each cluster that is ours to manage: in use, or at its end."""
    policy = federation.compute.policy
    if policy is not None and federation.holds_back(policy.drafts, policy.name):
        return  # the prefix is in every name, and no name can be changed later
    known = Known(federation)
    deployed: dict[tuple[str, str], list[Deployed]] = defaultdict(list)
    for each in federation.deployed:
        deployed[each.site, each.cluster].append(each)
    for cluster in federation.kubernetes:
        if _is_managed(federation, cluster):
            here = tuple(deployed[cluster.site, cluster.name])
            yield Scope(federation, policy, cluster, here, known)


def _is_managed(federation: Federation, cluster: KubernetesCluster) -> bool:
    """What is a draft of the share would let us in without a limit, so it holds back the whole."""
    share = cluster.share.drafts if cluster.share is not None else ()
    held = federation.holds_back((*cluster.drafts, *share), cluster.label, cluster.site)
    return cluster.enabled and not held

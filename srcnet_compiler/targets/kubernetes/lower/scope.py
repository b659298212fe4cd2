"""What of the federation takes part on one cluster: services, templates, queues that are agreed."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from srcnet_compiler.federation.compute import ComputePolicy, Project, Queue
from srcnet_compiler.federation.kubernetes import Deployed, KubernetesCluster
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.federation.services import Container, SecurityPolicy, Service, Template
from srcnet_compiler.names import AreaName, GroupPath
from srcnet_compiler.span import Span
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
    """A service on the cluster. `area` is the one whose files it sees."""

    service: Service
    deployed: Deployed
    name: str
    identifier: str
    area: StorageArea | None
    drafts: tuple[Span, ...]

    @property
    def container(self) -> Container:
        return self.service.container

    @property
    def least(self) -> int:
        """How many replicas there are at least."""
        service = self.service
        if service.scaling is not None:
            return service.scaling.least
        return service.replicas if self.deployed.replicas is None else self.deployed.replicas

    @property
    def most(self) -> int:
        """How many replicas there are at most."""
        return self.service.scaling.most if self.service.scaling is not None else self.least


@dataclass(frozen=True, slots=True)
class Startable:
    """A template on the cluster, with its queue."""

    template: Template
    queue: Queue
    name: str
    area: StorageArea | None
    drafts: tuple[Span, ...]

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
    ended: bool = False

    @property
    def prefix(self) -> str:
        return self.policy.prefix if self.policy is not None else DEFAULT_PREFIX

    @cached_property
    def drafts(self) -> tuple[Span, ...]:
        """Those that the cluster rests on."""
        share = self.cluster.share
        return (
            *(self.policy.drafts if self.policy is not None else ()),
            *self.cluster.drafts,
            *(share.drafts if share is not None else ()),
        )

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
            str(identifier(federation.name, here.site, here.name, service.name)),
            area,
            tuple(dict.fromkeys((*self.drafts, *drafts, *deployed.drafts, *_drafts(area)))),
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
        area = self.data
        if area is None and _sees_files(template.container):
            return None
        kept = area if _sees_files(template.container) else None
        drafts = (*self.drafts, *drafts, *queue.drafts, *_drafts(kept))
        name = object_name(template.name, CRON_NAME)
        return Startable(template, queue, name, kept, tuple(dict.fromkeys(drafts)))

    # ── storage ───────────────────────────────────────────────────────────────────────────────

    def area(self, name: AreaName) -> StorageArea | None:
        """The area of this name, where its files can be seen on a node and its size is known."""
        area = self.federation.areas.get(name)
        if area is None or area.mount is None or area.capacity is None or not area.enabled:
            return None
        held = self.federation.holds_back(area.drafts, area.name, area.site)
        return None if held or area.retired else area

    @cached_property
    def data(self) -> StorageArea | None:
        """The area that sessions and jobs see: the first by name of the site's own that holds data,
        in the environment of the cluster."""
        here = self.cluster
        names = sorted(self.federation.sites[here.site].areas)
        found = (self.area(name) for name in names)
        return next(
            (
                area
                for area in found
                if area is not None and area.environment == here.environment and area.role == "data"
            ),
            None,
        )


def _sees_files(container: Container) -> bool:
    return any(mount.what == "area" for mount in container.mounts)


def _drafts(area: StorageArea | None) -> tuple[Span, ...]:
    return area.drafts if area is not None else ()


def scopes(federation: Federation) -> Iterator[Scope]:
    """One for each cluster that is ours to manage: in use, or at its end."""
    policy = federation.compute.policy
    if policy is not None and federation.holds_back(policy.drafts, policy.name):
        return  # the prefix is in every name, and no name can be changed later
    deployed: dict[tuple[str, str], list[Deployed]] = defaultdict(list)
    for each in federation.deployed:
        deployed[each.site, each.cluster].append(each)
    for cluster in federation.kubernetes:
        if _is_managed(federation, cluster):
            here = tuple(deployed[cluster.site, cluster.name])
            yield Scope(federation, policy, cluster, here)


def _is_managed(federation: Federation, cluster: KubernetesCluster) -> bool:
    """What is a draft of the share would let us in without a limit, so it holds back the whole."""
    share = cluster.share.drafts if cluster.share is not None else ()
    held = federation.holds_back((*cluster.drafts, *share), cluster.label, cluster.site)
    return cluster.enabled and not held

"""Queues to QOS, projects to accounts with their shares and limits."""

from collections.abc import Iterator, Mapping

from srcnet_compiler.federation.compute import (
    Hours,
    PerUser,
    Project,
    Queue,
    Resources,
)
from srcnet_compiler.federation.membership import Membership
from srcnet_compiler.names import QueueName
from srcnet_compiler.span import Origin
from srcnet_compiler.targets.slurm.lower.places import (
    Spans,
    all_projects,
    all_queues,
    cluster_places,
    database_places,
    origins,
    project_places,
    queue_places,
)
from srcnet_compiler.targets.slurm.lower.scope import RANKS, Grant, Scope, queues_of
from srcnet_compiler.targets.slurm.model.things import Account, Association, Qos
from srcnet_compiler.targets.slurm.model.tres import Tres

_KEYS = (("cores", "cpu"), ("memory", "mem"), ("gpus", "gres/gpu"))
_MINUTE = 60
_FLAGS = ("DenyOnLimit", "NoDecay")


# ── queues ────────────────────────────────────────────────────────────────────────────────────


def qualities(scope: Scope) -> Iterator[Qos]:
    """The QOS of a cluster's database, alike for all clusters on it.

    Only those of clusters that preempt say what they preempt: for the others it means nothing.
    """
    everywhere: dict[QueueName, Queue] = {
        queue.name: queue
        for cluster in scope.together
        if "accounting" in cluster.allows or cluster is scope.cluster
        for queue in queues_of(scope.federation, scope.policy, cluster)
    }
    places = (*cluster_places(scope), *database_places(scope))
    for _, queue in sorted(everywhere.items()):
        yield _qos(scope, queue, everywhere, places)


def _qos(scope: Scope, queue: Queue, others: Mapping[QueueName, Queue], places: Spans) -> Qos:
    """Priorities are small numbers: Slurm weighs each against the largest on the cluster, so that
    large ones would take from the jobs of others."""
    user, windows = queue.per_user, queue.windows
    preempts = scope.cluster.preemption
    return Qos(
        name=scope.name(queue.name),
        priority=RANKS.index(queue.priority),
        preempt=_preempted(scope, queue, others) if preempts else None,
        preempt_mode="requeue" if preempts and queue.preemptible else None,
        flags=(*_FLAGS, *(("RequiresReservation",) if windows else ())),
        max_tres_per_user=resources(user),
        max_wall=queue.walltime,
        max_jobs_per_user=None if user is None else user.jobs,
        drafts=(*scope.drafts, *queue.drafts),
        origins=_qos_origins(scope, queue, places),
    )


def _preempted(scope: Scope, queue: Queue, others: Mapping[QueueName, Queue]) -> tuple[str, ...]:
    """The QOS whose jobs make way for those of a queue: such as may be stopped and come later."""
    return tuple(
        scope.name(name)
        for name, other in sorted(others.items())
        if other.preemptible and RANKS.index(other.priority) < RANKS.index(queue.priority)
    )


def _qos_origins(scope: Scope, queue: Queue, places: Spans) -> dict[str, Spans]:
    here, user = queue.origin, queue.origin.below("perUser")
    name = scope.policy.origin.key("queues", queue.name)
    preemption = (*_at(scope.cluster.origin, "preemption"), *_at(here, "preemptible", "priority"))
    return dict(
        origins(
            {
                "name": (name,),
                "Priority": (here.at("priority"),),
                "Preempt": (
                    *_at(here, "priority"),
                    *preemption,
                    *all_queues(scope, "priority", "preemptible"),
                ),
                "PreemptMode": (here.at("preemptible"), *preemption),
                "Flags": (here.at("during"), name),
                "MaxTRESPerUser": _resource_places(user),
                "MaxWall": (here.at("walltime"),),
                "MaxJobsPerUser": (user.at("jobs"),),
            },
            (*queue_places(scope, queue), *places),
        )
    )


# ── projects ──────────────────────────────────────────────────────────────────────────────────


def accounts(scope: Scope) -> Iterator[Account]:
    """The account of the federation, and below it one for each project."""
    places = cluster_places(scope)
    prefix = (scope.policy.origin.at("prefix"),)
    yield Account(
        scope.prefix,
        "root",
        origins=origins({"name": prefix, "Parent": prefix}, (*places, *all_projects(scope))),
        drafts=scope.drafts,
    )
    for grant in scope.grants:
        name = (grant.project.origin.at("name"),)
        own = project_places(scope.federation, grant.allocation, grant.project)
        exists = (*own, *places, *all_queues(scope), *_rivals(scope, grant.project))
        yield Account(
            scope.name(grant.project.name),
            scope.prefix,
            origins=origins({"name": name, "Parent": (*prefix, *name)}, exists),
            drafts=_drafts(scope, grant),
        )


def associations(scope: Scope, members: Membership | None) -> Iterator[Association]:
    """What the federation may have together, what each project, and who works for it."""
    ceiling = scope.cluster.ceiling
    places = cluster_places(scope)
    prefix = (scope.policy.origin.at("prefix"),)
    limits = () if ceiling is None else _resource_places(ceiling.origin)
    yield Association(
        scope.prefix,
        grp_tres=resources(ceiling),
        drafts=scope.drafts,
        origins=origins({"name": prefix, "GrpTRES": limits}, (*places, *all_projects(scope))),
    )
    for grant in scope.grants:
        yield _project(scope, grant)
        yield from _members(scope, grant, members)


def _project(scope: Scope, grant: Grant) -> Association:
    """Shares are hundredths of a per cent: whole numbers whose ratios are those of the shares."""
    project = grant.project
    queues = _queues(scope, project)
    default = min(queues, key=lambda q: (q.windows, RANKS.index(q.priority), q.name))
    return Association(
        scope.name(project.name),
        fairshare=project.share,
        grp_tres=resources(project.limits),
        grp_tres_mins=_minutes(project.hours),
        qos=tuple(sorted(scope.name(queue.name) for queue in queues)),
        default_qos=scope.name(default.name),
        drafts=_all_drafts(scope, grant),
        origins=_project_origins(scope, grant, default),
    )


def _queues(scope: Scope, project: Project) -> list[Queue]:
    return [queue for queue in scope.queues if queue.name in project.queues]


def _all_drafts(scope: Scope, grant: Grant) -> Spans:
    """Those of a project and of every queue that it is let into."""
    queues = [draft for queue in _queues(scope, grant.project) for draft in queue.drafts]
    return tuple(dict.fromkeys((*scope.drafts, *grant.drafts, *queues)))


def _drafts(scope: Scope, grant: Grant) -> Spans:
    """Those without which a project would not be here: of its queues, where all are drafts."""
    if all(queue.drafts for queue in _queues(scope, grant.project)):
        return _all_drafts(scope, grant)
    return (*scope.drafts, *grant.drafts)


def _project_origins(scope: Scope, grant: Grant, default: Queue) -> dict[str, Spans]:
    project = grant.project
    here = project.origin
    queues = (here.at("queues") if here.has("queues") else here.at("name"),)
    ranks = all_queues(scope, "priority", "during")
    hours = here.below("hours")
    return dict(
        origins(
            {
                "name": (here.at("name"),),
                "Fairshare": (here.at("share"),),
                "GrpTRES": _resource_places(here.below("limits")),
                "GrpTRESMins": _at(hours, "cores", "gpus"),
                "QosLevel": (*queues, *ranks),
                "DefaultQOS": (scope.policy.origin.key("queues", default.name), *queues, *ranks),
            },
            (
                *project_places(scope.federation, grant.allocation, project),
                *cluster_places(scope),
                *all_queues(scope),
                *_rivals(scope, project),
            ),
        )
    )


def _rivals(scope: Scope, project: Project) -> Spans:
    """Other allocations to a project, of which the first in time holds."""
    return tuple(
        allocation.origin.at("period", "from")
        for allocation in scope.federation.compute.allocations
        if any(other.name == project.name for other in allocation.projects)
    )


def _members(scope: Scope, grant: Grant, members: Membership | None) -> Iterator[Association]:
    project = grant.project
    places: dict[str, Spans] = {}
    for index, group in enumerate(project.groups):
        for user in (members.of(group) if members is not None else None) or ():
            places[user] = (*places.get(user, ()), project.origin.at("groups", index))
    exists = (
        *project_places(scope.federation, grant.allocation, project),
        *cluster_places(scope),
        *all_queues(scope),
    )
    for user, found in sorted(places.items()):
        yield Association(
            scope.name(project.name),
            user,
            drafts=_drafts(scope, grant),
            origins=origins({"name": found}, exists),
        )


def complete(scope: Scope, members: Membership | None) -> frozenset[str]:
    """The accounts of projects all of whose groups are exported."""
    return frozenset(
        scope.name(grant.project.name)
        for grant in scope.grants
        if members is not None
        and all(members.of(group) is not None for group in grant.project.groups)
    )


# ── amounts ───────────────────────────────────────────────────────────────────────────────────


def resources(amount: Resources | PerUser | None) -> Tres | None:
    """An amount of compute in Slurm's resources; None where nothing is limited."""
    if amount is None:
        return None
    each = {"cpu": amount.cores, "mem": amount.memory, "gres/gpu": amount.gpus}
    return {name: number for name, number in each.items() if number is not None} or None


def _minutes(hours: Hours | None) -> Tres | None:
    if hours is None:
        return None
    each = {"cpu": hours.cores, "gres/gpu": hours.gpus}
    return {name: used // _MINUTE for name, used in each.items() if used is not None} or None


def _resource_places(origin: Origin) -> Spans:
    return _at(origin, *(key for key, _ in _KEYS))


def _at(origin: Origin, *keys: str) -> Spans:
    """The places of these keys that are written; of what is around them where none is."""
    return tuple(origin.at(key) for key in keys if origin.has(key)) or (origin.at(),)

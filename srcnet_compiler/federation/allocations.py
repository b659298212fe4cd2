"""Allocation documents to the model."""

from collections.abc import Iterable

from srcnet_compiler.federation.amounts import Findings
from srcnet_compiler.federation.compute import Allocation, ComputePolicy, Hours, Project
from srcnet_compiler.federation.queues import Ended, read_resources
from srcnet_compiler.federation.shared import draft
from srcnet_compiler.federation.unique import repeated
from srcnet_compiler.names import AllocationName, GroupPath, ProjectName, QueueName, SiteName
from srcnet_compiler.quantity import parse_duration, parse_percent
from srcnet_compiler.schema import allocation as schema
from srcnet_compiler.span import Origin, Span


def read_allocation(
    document: schema.Allocation,
    origin: Origin,
    policy: ComputePolicy | None,
    with_clusters: Iterable[SiteName],
    ended: Ended,
    found: Findings,
) -> Allocation:
    """What is given; without `sites` at all `with_clusters`."""
    spec, here = document.spec, origin.below("spec")
    drafts = draft(spec, here)
    given = (SiteName(site) for site in spec.sites) if spec.sites is not None else with_clusters
    allocation = Allocation(
        name=AllocationName(document.metadata.name),
        start=found.date(spec.period.from_, here.below("period"), "from"),
        until=found.date(spec.period.until, here.below("period"), "until"),
        sites=tuple(given),
        clusters=None if spec.clusters is None else tuple(spec.clusters),
        projects=tuple(
            _project(project, here.below("projects", index), policy, drafts, ended, found)
            for index, project in enumerate(spec.projects)
        ),
        drafts=drafts,
        origin=here,
    )
    found.extend(
        repeated(
            (f"project `{p.name}` of `{allocation.name}`", p.origin.at("name"))
            for p in allocation.projects
        )
    )
    return allocation


def _project(
    project: schema.Project,
    origin: Origin,
    policy: ComputePolicy | None,
    around: tuple[Span, ...],
    ended: Ended,
    found: Findings,
) -> Project:
    allowed = project.queues if project.queues is not None else (policy.queues if policy else ())
    return Project(
        name=ProjectName(project.name),
        groups=tuple(GroupPath(group) for group in project.groups),
        share=found.amount(parse_percent, project.share, origin, "share"),
        hours=_hours(project.hours, origin.below("hours"), found),
        limits=read_resources(project.limits, origin.below("limits"), found),
        queues=tuple(QueueName(name) for name in allowed),
        retired=("project", project.name) in ended,
        drafts=(*draft(project, origin), *around),
        origin=origin,
    )


def _hours(hours: schema.Hours | None, origin: Origin, found: Findings) -> Hours | None:
    if hours is None:
        return None
    return Hours(
        found.amount(parse_duration, hours.cores, origin, "cores"),
        found.amount(parse_duration, hours.gpus, origin, "gpus"),
        origin,
    )

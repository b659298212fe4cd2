"""The Slurm clusters and the scratch of Site documents to the model."""

from collections.abc import Iterable, Iterator, Sequence

from srcnet_compiler import hostlist
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.federation.amounts import Findings
from srcnet_compiler.federation.compute import (
    WEEKDAYS,
    ComputePolicy,
    Controller,
    Database,
    NodeGroup,
    Scratch,
    Share,
    SlurmCluster,
    Window,
    parse_version,
)
from srcnet_compiler.federation.model import Site
from srcnet_compiler.federation.queues import Ended, read_resources
from srcnet_compiler.federation.shared import draft, secret
from srcnet_compiler.federation.unique import repeated
from srcnet_compiler.names import QueueName
from srcnet_compiler.quantity import parse_bytes, parse_duration
from srcnet_compiler.schema import site as schema
from srcnet_compiler.schema import slurm
from srcnet_compiler.schema.resources import ClusterShare
from srcnet_compiler.span import Origin, Span

ALLOWED = ("accounting", "reservations", "partitions")


def read_clusters(
    document: schema.Site,
    site: Site,
    policy: ComputePolicy | None,
    ended: Ended,
    found: Findings,
) -> Iterator[SlurmCluster]:
    """The site's Slurm clusters, in order of name."""
    numbered = sorted(enumerate(document.spec.compute), key=lambda item: item[1].name)
    for index, compute in numbered:
        if compute.slurm is not None:
            origin = site.origin.below("compute", index)
            yield _cluster(compute, compute.slurm, site, origin, policy, ended, found)


def read_scratch(document: schema.Site, site: Site, found: Findings) -> Iterator[Scratch]:
    """The space that the site's jobs share, in order of name."""
    for index, scratch in sorted(enumerate(document.spec.scratch), key=lambda item: item[1].name):
        here = site.origin.below("scratch", index)
        yield Scratch(
            name=scratch.name,
            site=site.name,
            path=scratch.path,
            capacity=found.amount(parse_bytes, scratch.capacity, here, "capacity"),
            keep=found.amount(parse_duration, scratch.keep, here, "keep"),
            drafts=(*draft(scratch, here), *site.drafts),
            origin=here,
        )


def check_clusters(clusters: Sequence[SlurmCluster]) -> Iterator[Diagnostic]:
    """Clusters of a database, and windows of a cluster, that have one name."""
    for database in sorted({cluster.database for cluster in clusters}):
        named = (
            (f"cluster `{c.cluster}` of database `{c.database.name}`", c.origin.at("cluster"))
            for c in clusters
            if c.database == database
        )
        yield from repeated(named, "a database knows each cluster by a name: correct one of them")
    for cluster in clusters:
        windows = (
            (f"window `{w.name}` of `{cluster.label}`", w.origin.at("name"))
            for w in cluster.windows
        )
        yield from repeated(windows)


def check_scratch(spaces: Iterable[Scratch]) -> Iterator[Diagnostic]:
    """Scratch spaces of a site that have one name."""
    yield from repeated((f"scratch `{s.name}` of `{s.site}`", s.origin.at("name")) for s in spaces)


def check_compute_names(site: Site, document: schema.Site) -> Iterator[Diagnostic]:
    """Two compute resources of a site that have one name."""
    yield from repeated(
        (f"compute `{c.name}` of `{site.name}`", site.origin.at("compute", index, "name"))
        for index, c in enumerate(document.spec.compute)
    )


def _cluster(
    compute: schema.Compute,
    spec: slurm.Slurm,
    site: Site,
    around: Origin,
    policy: ComputePolicy | None,
    ended: Ended,
    found: Findings,
) -> SlurmCluster:
    here = around.below("slurm")
    drafts = (*draft(compute, around), *site.drafts)
    offered = spec.queues if spec.queues is not None else (policy.queues if policy else ())
    return SlurmCluster(
        site=site.name,
        name=compute.name,
        environment=compute.environment,
        enabled=compute.enabled,
        timezone=site.timezone,
        cluster=spec.cluster,
        version=parse_version(spec.version),
        database=_database(spec, site, compute.name),
        controller=_controller(spec.controller, here.below("controller")),
        shared=spec.shared,
        allows=tuple(word for word in ALLOWED if word in spec.allows),
        fragment=spec.fragment,
        preemption=spec.preemption,
        scratch_resource=spec.scratchResource,
        scratch_path=spec.scratchPath,
        nodes=tuple(
            _nodes(group, here.below("nodes", index), found)
            for index, group in enumerate(spec.nodes)
        ),
        share=read_share(spec.share, here.below("share"), found),
        queues=tuple(QueueName(name) for name in offered),
        windows=tuple(
            _window(
                window,
                here.below("windows", index),
                drafts,
                retired=("window", f"{site.name}/{compute.name}/{window.name}") in ended,
            )
            for index, window in enumerate(spec.windows)
        ),
        retired=("cluster", f"{site.name}/{compute.name}") in ended,
        drafts=drafts,
        origin=here,
        site_known_as=site.known_as,
    )


def _database(spec: slurm.Slurm, site: Site, name: str) -> Database:
    if spec.database is None:
        return Database(f"{site.name}/{name}", "")
    return Database(spec.database.host or site.name, spec.database.name)


def _controller(spec: slurm.SlurmController, origin: Origin) -> Controller:
    own, reading = secret(spec.credentials.secretRef), spec.reading
    return Controller(
        host=spec.host,
        port=spec.port,
        host_key=spec.hostKey,
        configuration=spec.configuration,
        commands=spec.commands,
        user=spec.user,
        secret=own,
        read_user=spec.user if reading is None else reading.user or spec.user,
        read_secret=own if reading is None else secret(reading.credentials.secretRef),
        origin=origin,
    )


def _nodes(group: slurm.NodeGroup, origin: Origin, found: Findings) -> NodeGroup:
    return NodeGroup(
        names=_names(group.names, origin, found),
        cores=group.cores,
        memory=found.amount(parse_bytes, group.memory, origin, "memory"),
        gpus=dict(sorted(group.gpus.items())),
        scratch=found.amount(parse_bytes, group.scratch, origin, "scratch"),
        origin=origin,
    )


def _names(text: str, origin: Origin, found: Findings) -> tuple[str, ...]:
    try:
        return hostlist.expand(text)
    except ValueError as problem:
        found.append(
            error(
                Code.WRONG_NODES,
                f"`names`: {problem}",
                Label(origin.at("names")),
                help="write names and ranges such as `nid[001-020],nid[031,035]`",
            )
        )
        return ()


def read_share(spec: ClusterShare | None, origin: Origin, found: Findings) -> Share | None:
    """What the federation may have of a cluster; None where nothing is written."""
    if spec is None:
        return None
    return Share(
        guaranteed=read_resources(spec.guaranteed, origin.below("guaranteed"), found),
        ceiling=read_resources(spec.ceiling, origin.below("ceiling"), found),
        preemptible=spec.preemptible,
        drafts=draft(spec, origin),
        origin=origin,
    )


def _window(
    window: slurm.Window, origin: Origin, around: tuple[Span, ...], *, retired: bool
) -> Window:
    weekly = window.weekly
    hours = window.daily or (weekly.hours if weekly else "")
    start, _, end = hours.partition("-")
    named = WEEKDAYS if weekly is None else weekly.days
    return Window(
        name=window.name,
        start=_minutes(start),
        end=_minutes(end),
        days=tuple(number for number, day in enumerate(WEEKDAYS) if day in named),
        daily=weekly is None,
        nodes=window.nodes,
        queue=QueueName(window.queue),
        retired=retired,
        drafts=(*draft(window, origin), *around),
        origin=origin,
    )


def _minutes(clock: str) -> int:
    """Minutes after midnight of ``09:30``."""
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)

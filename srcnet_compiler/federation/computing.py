"""All that documents say about compute, linked: one policy, clusters, allocations, groups."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.federation.allocations import read_allocation
from srcnet_compiler.federation.amounts import Findings
from srcnet_compiler.federation.clusters import (
    check_clusters,
    check_compute_names,
    check_scratch,
    read_clusters,
    read_scratch,
)
from srcnet_compiler.federation.compute import Compute, SlurmCluster
from srcnet_compiler.federation.known import known
from srcnet_compiler.federation.model import Federation, Site
from srcnet_compiler.federation.notices import Retired
from srcnet_compiler.federation.queues import read_compute_policy
from srcnet_compiler.federation.unique import repeated
from srcnet_compiler.names import GroupPath
from srcnet_compiler.schema.allocation import Allocation as AllocationDocument
from srcnet_compiler.schema.common import Document
from srcnet_compiler.schema.compute_policy import ComputePolicy as ComputePolicyDocument
from srcnet_compiler.schema.federation import FederationSpec
from srcnet_compiler.schema.site import Site as SiteDocument
from srcnet_compiler.schema.validate import Located

Read = Sequence[tuple[SiteDocument, Site]]


def read_compute(
    documents: Sequence[Located[Document]],
    sites: Read,
    spec: FederationSpec,
    retired: Iterable[Retired],
    found: Findings,
) -> Compute:
    """Compute as a whole, from documents in order of name."""
    ended = {(kind, name) for end in retired for kind, name in ends(end)}
    policies = [
        read_compute_policy(each.document, each.origin, ended, found)
        for each in documents
        if isinstance(each.document, ComputePolicyDocument)
    ]
    places = (
        ("the compute policy", p.origin.source_map.span(("metadata", "name"))) for p in policies
    )
    found.extend(repeated(places, "write all queues into one of them"))
    policy = policies[0] if policies else None
    ordered = sorted(sites, key=lambda pair: pair[1].name)
    for document, site in ordered:
        found.extend(check_compute_names(site, document))
    clusters = tuple(
        cluster
        for document, site in ordered
        for cluster in read_clusters(document, site, policy, ended, found)
    )
    with_clusters = [site.name for _, site in ordered if any(c.site == site.name for c in clusters)]
    return Compute(
        policy=policy,
        clusters=clusters,
        scratch=tuple(
            space for document, site in ordered for space in read_scratch(document, site, found)
        ),
        allocations=tuple(
            read_allocation(each.document, each.origin, policy, with_clusters, ended, found)
            for each in documents
            if isinstance(each.document, AllocationDocument)
        ),
        groups={name: GroupPath(path) for name, path in sorted(spec.identity.groups.items())},
    )


def check_compute(compute: Compute) -> Iterator[Diagnostic]:
    """What is described twice."""
    yield from check_clusters(compute.clusters)
    yield from check_scratch(compute.scratch)


def unknown_in_compute(federation: Federation) -> Iterator[Diagnostic]:
    """Queues, sites and groups that there are not."""
    compute = federation.compute
    queues = compute.policy.queues if compute.policy else {}
    now, sites = federation.names_now("queue"), federation.names_now("site")
    yield from _unknown_ends(federation)
    for cluster in compute.clusters:
        yield from _queues(cluster, queues, now)
    for allocation in compute.allocations:
        for index, site in enumerate(allocation.sites):
            here = (allocation.origin, "sites", index)
            yield from known(site, federation.sites, "site", *here, now=sites)
        there = {c.name for c in compute.clusters if c.site in allocation.sites}
        for index, name in enumerate(allocation.clusters or ()):
            yield from known(
                name, there, "cluster of its sites", allocation.origin, "clusters", index
            )
        for project in allocation.projects:
            for index, queue in enumerate(project.queues):
                place = (project.origin, "queues", index)
                yield from known(queue, queues, "queue", *place, now=now)
            for index, group in enumerate(project.groups):
                groups = set(compute.groups.values())
                what = "group that the federation knows"
                yield from known(group, groups, what, project.origin, "groups", index)


def ends(end: Retired) -> Iterator[tuple[str, str]]:
    """The kind and the name of what ends, where it is of compute or runs there."""
    named = {
        "queue": end.queue,
        "project": end.project,
        "window": end.window,
        "cluster": end.cluster,
        "service": end.service,
        "template": end.template,
    }
    return ((kind, name) for kind, name in named.items() if name is not None)


def _unknown_ends(federation: Federation) -> Iterator[Diagnostic]:
    compute = federation.compute
    there = {
        "queue": {*(compute.policy.queues if compute.policy else ())},
        "project": {p.name for allocation in compute.allocations for p in allocation.projects},
        "window": {f"{c.label}/{window.name}" for c in compute.clusters for window in c.windows},
        "cluster": {
            *(cluster.label for cluster in compute.clusters),
            *(cluster.label for cluster in federation.kubernetes),
        },
        "service": {
            *federation.services,
            *(f"{each.site}/{each.service}" for each in federation.deployed),
        },
        "template": {*federation.templates},
    }
    for end in federation.retired:
        for kind, name in ends(end):
            of_sites = kind in ("window", "cluster", "service")
            now = federation.names_now("site" if of_sites else kind)
            yield from known(name, there[kind], kind, end.origin, kind, now=now)


def _queues(
    cluster: SlurmCluster, queues: Iterable[str], now: Mapping[str, str]
) -> Iterator[Diagnostic]:
    there = {*queues}
    for index, name in enumerate(cluster.queues):
        yield from known(name, there, "queue", cluster.origin, "queues", index, now=now)
    for window in cluster.windows:
        yield from known(window.queue, there, "queue", window.origin, "queue", now=now)


def names_of_drafts(compute: Compute) -> Iterator[str]:
    """The names of all that may rest on a draft of its own."""
    if compute.policy is not None:
        yield compute.policy.name
        yield from compute.policy.queues
    yield from (cluster.label for cluster in compute.clusters)
    for allocation in compute.allocations:
        yield allocation.name
        yield from (project.name for project in allocation.projects)

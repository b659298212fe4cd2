"""Service, WorkflowTemplate and SecurityPolicy documents to the model."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.federation.adopting import adopted_twice, unknown_in_adopted
from srcnet_compiler.federation.amounts import Findings
from srcnet_compiler.federation.compute import ComputePolicy
from srcnet_compiler.federation.containers import read_container, some
from srcnet_compiler.federation.known import known
from srcnet_compiler.federation.kubernetes import Deployed, KubernetesCluster
from srcnet_compiler.federation.model import Federation, Site
from srcnet_compiler.federation.platforms import read_deployed, read_kubernetes
from srcnet_compiler.federation.queues import Ended
from srcnet_compiler.federation.services import (
    Flow,
    Scaling,
    SecurityPolicy,
    Service,
    Signer,
    Template,
)
from srcnet_compiler.federation.shared import draft
from srcnet_compiler.federation.unique import repeated
from srcnet_compiler.names import GroupPath, QueueName, SiteName
from srcnet_compiler.quantity import BasisPoints, parse_duration, parse_percent
from srcnet_compiler.schema.common import Document
from srcnet_compiler.schema.security_policy import SecurityPolicy as SecurityDocument
from srcnet_compiler.schema.service import Service as ServiceDocument
from srcnet_compiler.schema.service import ServiceSpec
from srcnet_compiler.schema.site import Site as SiteDocument
from srcnet_compiler.schema.validate import Located
from srcnet_compiler.schema.workflow_template import WorkflowTemplate as TemplateDocument
from srcnet_compiler.span import Origin


@dataclass(frozen=True, slots=True)
class Serving:
    """All that documents say of Kubernetes and what runs there, linked."""

    clusters: tuple[KubernetesCluster, ...]
    services: Mapping[str, Service]
    templates: Mapping[str, Template]
    security: SecurityPolicy | None
    deployed: tuple[Deployed, ...]


def read_serving(
    documents: Sequence[Located[Document]],
    sites: Sequence[tuple[SiteDocument, Site]],
    policy: ComputePolicy | None,
    storage: Mapping[str, str],
    ended: Ended,
    found: Findings,
) -> Serving:
    """From documents in order of name. `storage` is what services need of a storage area."""
    names = tuple(site.name for _, site in sorted(sites, key=lambda pair: pair[1].name))
    services = {
        each.document.metadata.name: _service(
            each.document, each.origin, names, storage, ended, found
        )
        for each in documents
        if isinstance(each.document, ServiceDocument)
    }
    templates = {
        each.document.metadata.name: _template(each.document, each.origin, ended, found)
        for each in documents
        if isinstance(each.document, TemplateDocument)
    }
    policies = [
        _security(each.document, each.origin)
        for each in documents
        if isinstance(each.document, SecurityDocument)
    ]
    places = (
        ("the security policy", p.origin.source_map.span(("metadata", "name"))) for p in policies
    )
    found.extend(repeated(places, "write all of it into one of them"))
    ordered = sorted(sites, key=lambda pair: pair[1].name)
    clusters: list[KubernetesCluster] = []
    deployed: list[Deployed] = []
    for document, site in ordered:
        own = tuple(read_kubernetes(document, site, policy, ended, found))
        clusters += own
        by_name = {cluster.name: cluster for cluster in own}
        deployed += read_deployed(document, site, by_name, services, ended, found)
    return Serving(
        tuple(clusters), services, templates, policies[0] if policies else None, tuple(deployed)
    )


def check_serving(federation: Federation) -> Iterator[Diagnostic]:
    """What is described twice: a cluster by two names, a service twice on one cluster."""
    in_order = sorted(federation.kubernetes, key=lambda cluster: cluster.origin.at("server"))
    yield from repeated(
        ((f"the cluster at `{c.server}`", c.origin.at("server")) for c in in_order),
        "each would remove what the other wants: describe it once",
    )
    yield from repeated(
        (f"service `{d.service}` on `{d.site}/{d.cluster}`", d.origin.at("service"))
        for d in federation.deployed
    )
    for cluster in in_order:
        if cluster.adopted is not None:
            yield from adopted_twice(cluster.adopted)


def unknown_in_serving(federation: Federation) -> Iterator[Diagnostic]:
    """Sites, services, queues and groups that there are not."""
    policy = federation.compute.policy
    queues, now = policy.queues if policy else {}, federation.names_now("queue")
    groups = set(federation.compute.groups.values())
    for service in federation.services.values():
        yield from _unknown_of(service, federation)
    for template in federation.templates.values():
        if policy is not None:
            yield from known(template.queue, queues, "queue", template.origin, "queue", now=now)
        for index, group in enumerate(template.groups):
            what = "group that the federation knows"
            yield from known(group, groups, what, template.origin, "groups", index)
    for container in (
        *(service.container for service in federation.services.values()),
        *(template.container for template in federation.templates.values()),
    ):
        for mount in container.of_areas:
            if mount.tier is not None:
                yield from known(mount.tier, federation.tiers, "tier", mount.origin, "tier")
    for cluster in federation.kubernetes:
        areas, what = federation.sites[cluster.site].areas, f"storage area of `{cluster.site}`"
        for index, area in enumerate(cluster.readable):
            yield from known(area, areas, what, cluster.origin, "readable", index)
        for index, name in enumerate(cluster.queues):
            yield from known(name, queues, "queue", cluster.origin, "queues", index, now=now)
        if cluster.adopted is not None:
            offered = {each.service for each in federation.sites[cluster.site].services}
            yield from unknown_in_adopted(cluster.adopted, cluster.site, queues, offered)


def names_of_drafts_in_serving(federation: Federation) -> Iterator[str]:
    """The names of all that may rest on a draft of its own."""
    yield from federation.services
    yield from federation.templates
    if federation.security is not None:
        yield federation.security.name
    yield from (cluster.label for cluster in federation.kubernetes)
    yield from (each.label for each in federation.deployed)


def _unknown_of(service: Service, federation: Federation) -> Iterator[Diagnostic]:
    origin = service.origin
    if federation.service_storage:
        what = "service of the federation"
        head = Origin(origin.source_map, ("metadata",))
        yield from known(service.name, federation.service_storage, what, head, "name")
    for key, named in (("must", service.must), ("mayNot", service.may_not)):
        for index, site in enumerate(named):
            if origin.has("sites", key, index):  # not where every site has to
                here, now = (origin, "sites", key, index), federation.names_now("site")
                yield from known(site, federation.sites, "site", *here, now=now)
    for index, name in enumerate(service.needs):
        yield from known(name, federation.services, "service", origin, "needs", index)
    for flow in service.flows:
        if flow.service is not None:
            yield from known(flow.service, federation.services, "service", flow.origin, "service")


def _service(
    document: ServiceDocument,
    origin: Origin,
    sites: tuple[SiteName, ...],
    storage: Mapping[str, str],
    ended: Ended,
    found: Findings,
) -> Service:
    spec, here, name = document.spec, origin.below("spec"), document.metadata.name
    return Service(
        name=name,
        must=sites if spec.sites.everySite else tuple(map(SiteName, spec.sites.must)),
        may_not=tuple(SiteName(site) for site in spec.sites.mayNot),
        workload=spec.runs,
        schedule=spec.schedule,
        replicas=spec.replicas,
        scaling=_scaling(spec, here.below("scaling"), found),
        container=read_container(spec, here, found),
        path=spec.path,
        storage=storage.get(name, "none"),
        needs=tuple(spec.needs),
        flows=tuple(
            Flow(
                flow.service,
                tuple(flow.hosts or ()),
                flow.port,
                here.below("talksTo", index),
            )
            for index, flow in enumerate(spec.talksTo)
        ),
        metrics=None if spec.metrics is None else (spec.metrics.port, spec.metrics.path),
        overrides=tuple(sorted(spec.sitesMaySet)),
        retired=("service", name) in ended,
        drafts=draft(spec, here),
        origin=here,
    )


def _scaling(spec: ServiceSpec, here: Origin, found: Findings) -> Scaling | None:
    if spec.scaling is None:
        return None
    load = found.required(parse_percent, spec.scaling.load, here, "load", BasisPoints(7000))
    if load == 0 or load % 100:
        found.append(
            error(
                Code.QUANTITY,
                f"`load`: `{spec.scaling.load}` is no whole number of per cent above 0",
                Label(here.at("load")),
                help="write one such as `70 %`",
            )
        )
    return Scaling(spec.scaling.from_, spec.scaling.to, load // 100, here)


def _template(
    document: TemplateDocument, origin: Origin, ended: Ended, found: Findings
) -> Template:
    spec, here, name = document.spec, origin.below("spec"), document.metadata.name
    return Template(
        name=name,
        runs=spec.runs,
        queue=QueueName(spec.queue),
        container=read_container(spec, here, found, only_reads=True),
        groups=tuple(GroupPath(group) for group in spec.groups),
        lasts=found.amount(some(parse_duration), spec.lasts, here, "lasts"),
        retired=("template", name) in ended,
        drafts=draft(spec, here),
        origin=here,
    )


def _security(document: SecurityDocument, origin: Origin) -> SecurityPolicy:
    spec, here = document.spec, origin.below("spec")
    carried = ("federated identity", "project")
    return SecurityPolicy(
        name=document.metadata.name,
        registries=tuple(registry.rstrip("/") for registry in spec.registries),
        digests=spec.digests == "required",
        carries=tuple(word for word in carried if word in spec.workloadsCarry),
        pod_security=spec.podSecurity,
        signers=tuple(
            Signer(each.issuer, each.subject, here.below("signers", index))
            for index, each in enumerate(spec.signers)
        ),
        drafts=draft(spec, here),
        origin=here,
    )

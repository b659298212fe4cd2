"""The Kubernetes clusters of Site documents to the model, and what their sites run there."""

from collections.abc import Iterator, Mapping, Sequence

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.federation.adopting import read_adopted
from srcnet_compiler.federation.amounts import Findings
from srcnet_compiler.federation.clusters import read_share
from srcnet_compiler.federation.compute import ComputePolicy
from srcnet_compiler.federation.containers import read_amounts
from srcnet_compiler.federation.kubernetes import (
    OPERATORS,
    Borrowing,
    Delivery,
    Deployed,
    KubernetesCluster,
)
from srcnet_compiler.federation.model import Site
from srcnet_compiler.federation.queues import Ended
from srcnet_compiler.federation.services import Service
from srcnet_compiler.federation.shared import draft, secret
from srcnet_compiler.names import AreaName, QueueName
from srcnet_compiler.schema import kubernetes as schema
from srcnet_compiler.schema import site as site_schema
from srcnet_compiler.span import Origin


def read_kubernetes(
    document: site_schema.Site,
    site: Site,
    policy: ComputePolicy | None,
    ended: Ended,
    found: Findings,
) -> Iterator[KubernetesCluster]:
    """The site's Kubernetes clusters, in order of name."""
    numbered = sorted(enumerate(document.spec.compute), key=lambda item: item[1].name)
    for index, compute in numbered:
        if compute.kubernetes is not None:
            origin = site.origin.below("compute", index)
            if compute.slurm is not None:
                found.append(_both(origin))
            yield _cluster(compute, compute.kubernetes, site, origin, policy, ended, found)


def _both(origin: Origin) -> Diagnostic:
    return error(
        Code.SHAPE,
        "`slurm` and `kubernetes` exclude each other",
        Label(origin.key("kubernetes")),
        Label(origin.key("slurm"), "and here"),
        help="keep one of them, and describe the other as a compute of its own",
    )


def read_deployed(
    document: site_schema.Site,
    site: Site,
    clusters: Mapping[str, KubernetesCluster],
    services: Mapping[str, Service],
    ended: Ended,
    found: Findings,
) -> Iterator[Deployed]:
    """What the site runs on its clusters, by name, of the federation's services; in order."""
    numbered = sorted(
        enumerate(document.spec.services), key=lambda item: (item[1].at or "", item[1].service)
    )
    for index, spec in numbered:
        cluster = clusters.get(spec.at or "")
        if cluster is None or spec.service not in services or not spec.enabled:
            continue
        if cluster.adopted is not None:
            continue  # what runs it there was made by hand
        here = site.origin.below("services", index)
        names = (spec.service, f"{site.name}/{spec.service}")
        yield Deployed(
            service=spec.service,
            label=site.services[index].label,
            site=site.name,
            cluster=cluster.name,
            environment=spec.environment,
            host=spec.host,
            area=AreaName(spec.storage) if spec.storage else None,
            replicas=spec.replicas,
            amounts=read_amounts(spec.resources, here.below("resources"), found),
            variables=dict(sorted(spec.env.items())),
            retired=any(("service", name) in ended for name in names),
            drafts=(*draft(spec, here), *cluster.drafts),
            origin=here,
            path=spec.path,
            site_known_as=site.known_as,
        )


def _cluster(
    compute: site_schema.Compute,
    spec: schema.Kubernetes,
    site: Site,
    around: Origin,
    policy: ComputePolicy | None,
    ended: Ended,
    found: Findings,
) -> KubernetesCluster:
    here = around.below("kubernetes")
    own, reading = secret(spec.credentials.secretRef), spec.reading
    major, _, minor = spec.version.partition(".")
    adopted = read_adopted(spec.adopted, here.below("adopted"), found)
    if spec.queues is not None:
        offered: Sequence[str] = spec.queues
    else:
        offered = (*policy.queues,) if policy is not None and adopted is None else ()
    return KubernetesCluster(
        site=site.name,
        name=compute.name,
        environment=compute.environment,
        enabled=compute.enabled,
        version=(int(major), int(minor)),
        server=spec.server.rstrip("/"),
        certificate=spec.certificateAuthority,
        secret=own,
        read_secret=own if reading is None else secret(reading.credentials.secretRef),
        delivery=_delivery(spec.delivery, here.below("delivery")),
        shared=spec.shared,
        operators=tuple(name for name in OPERATORS if name in spec.operators),
        gateway=None if spec.gateway is None else (spec.gateway.namespace, spec.gateway.name),
        ingress_class=spec.ingressClass,
        secret_store=spec.secretStore,
        storage_class=spec.storageClass,
        share=read_share(spec.share, here.below("share"), found),
        borrowing=_borrowing(spec.kueue, here.below("kueue")),
        queues=tuple(QueueName(name) for name in offered),
        retired=("cluster", f"{site.name}/{compute.name}") in ended,
        drafts=(*draft(compute, around), *site.drafts),
        origin=here,
        readable=tuple(AreaName(name) for name in spec.readable),
        adopted=adopted,
        site_known_as=site.known_as,
    )


def _delivery(spec: schema.Delivery | None, here: Origin) -> Delivery:
    if spec is None:
        return Delivery("push", "", "", "", "", here)
    how = "flux" if spec.flux is not None else "argocd"
    pulled = spec.flux or spec.argocd
    assert pulled is not None  # the shape asks for one of the two
    folder = pulled.folder.strip("/")
    return Delivery(
        how, pulled.repository, pulled.branch, folder, pulled.namespace, here.below(how)
    )


def _borrowing(spec: schema.Kueue | None, here: Origin) -> Borrowing | None:
    return None if spec is None else Borrowing(spec.cohort, spec.flavor, spec.lends, here)

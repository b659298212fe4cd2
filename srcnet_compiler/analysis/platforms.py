"""Do the Kubernetes clusters of the sites have what is to run there, and room for it?"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from srcnet_compiler.analysis.clusters import amount_of
from srcnet_compiler.analysis.containers import amount, check_variables, shown
from srcnet_compiler.analysis.severity import Report, report
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, warning
from srcnet_compiler.federation.kubernetes import Deployed, KubernetesCluster
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.federation.services import Amounts, Service
from srcnet_compiler.span import Span

_UNITS = {"cores": 1000, "memory": 0, "gpus": 1}
_OTHER_WORDS = {"dev", "development", "test", "stage", "staging", "int", "preprod"}


def check_platforms(federation: Federation) -> Iterator[Diagnostic]:
    """Every cluster with what its site runs on it, and every site with what it has to run."""
    by_cluster: dict[tuple[str, str], list[Deployed]] = defaultdict(list)
    for each in federation.deployed:
        by_cluster[each.site, each.cluster].append(each)
    for cluster in federation.kubernetes:
        say = severity(federation, cluster)
        here = by_cluster[cluster.site, cluster.name]
        yield from _share(cluster, say)
        yield from _operators(federation, cluster, here, say)
        if cluster.in_use:
            yield from _room(federation, cluster, here, say)
            yield from _needs(federation, cluster, here, say)
        for each in here:
            yield from _deployed(federation, each)
        yield from _templates(federation, cluster)
    yield from _where(federation)
    yield from _hosts(federation)


def severity(federation: Federation, cluster: KubernetesCluster) -> Report:
    """How grave a finding about a cluster is."""
    share = cluster.share.drafts if cluster.share is not None else ()
    return report(federation, (*cluster.drafts, *share), cluster.label, cluster.site)


# ── the cluster ───────────────────────────────────────────────────────────────────────────────


def _share(cluster: KubernetesCluster, say: Report) -> Iterator[Diagnostic]:
    share = cluster.share
    if share is None or share.guaranteed is None or share.ceiling is None:
        return
    for key, unit in _UNITS.items():
        least, most = amount_of(share.guaranteed, key), amount_of(share.ceiling, key)
        if least is not None and most is not None and least > most:
            factor = unit or 1
            yield say(
                Code.GUARANTEED_OVER_CEILING,
                f"`{cluster.label}` guarantees {shown(least * factor, unit)} of {key}, more than"
                f" the {shown(most * factor, unit)} that the federation may have",
                Label(share.guaranteed.origin.at(key)),
                Label(share.ceiling.origin.at(key), "the ceiling"),
                help="lower what is guaranteed, or raise the ceiling",
                subject=cluster.label,
            )


def _operators(
    federation: Federation, cluster: KubernetesCluster, here: Sequence[Deployed], say: Report
) -> Iterator[Diagnostic]:
    """What is asked for and not installed."""
    wants: list[tuple[str, Span, str]] = []
    if cluster.borrowing is not None and not cluster.has("kueue"):
        wants.append(("kueue", cluster.origin.key("kueue"), "queues that lend to each other"))
    if cluster.gateway is not None and not cluster.has("gateway-api"):
        wants.append(("gateway-api", cluster.origin.key("gateway"), "routes on a Gateway"))
    if cluster.ingress_class is not None and not cluster.has("ingress"):
        wants.append(("ingress", cluster.origin.at("ingressClass"), "ingresses"))
    if cluster.secret_store is not None and not cluster.has("external-secrets"):
        wants.append(("external-secrets", cluster.origin.at("secretStore"), "external secrets"))
    for operator, place, what in wants:
        yield say(
            Code.OPERATOR_MISSING,
            f"`{cluster.label}` is to have {what}, but `{operator}` is not installed there",
            Label(place),
            help=f"add `{operator}` to `operators:` once it is, or remove this",
            subject=cluster.label,
        )
    routed = [
        each
        for each in here
        if each.host is not None
        and any(port.routed for port in federation.services[each.service].container.ports)
    ]
    if routed and cluster.gateway is None and cluster.ingress_class is None:
        yield say(
            Code.OPERATOR_MISSING,
            f"`{routed[0].label}` is to be reached from outside, but `{cluster.label}` has neither"
            " a Gateway nor a class of ingresses",
            Label(routed[0].origin.at("host")),
            Label(cluster.origin.at("operators"), "what is installed"),
            help="add `gateway: {namespace: ..., name: ...}` or `ingressClass:`",
            subject=cluster.label,
        )


def _room(
    federation: Federation, cluster: KubernetesCluster, here: Sequence[Deployed], say: Report
) -> Iterator[Diagnostic]:
    ceiling = cluster.share.ceiling if cluster.share is not None else None
    if ceiling is None:
        return
    for key, unit in _UNITS.items():
        limit = amount_of(ceiling, key)
        if limit is None:
            continue
        needs = {
            each.service: needed(federation.services[each.service], each, key) for each in here
        }
        total, room = sum(needs.values()), limit * (unit or 1)
        if total > room:
            largest = sorted(needs, key=lambda name: -needs[name])[:3]
            words = ", ".join(f"`{n}` {shown(needs[n], unit)}" for n in largest if needs[n])
            yield say(
                Code.SERVICES_OVER_SHARE,
                f"the services on `{cluster.label}` need {shown(total, unit)} of {key}, more than"
                f" the {shown(room, unit)} that the federation may have ({words})",
                Label(ceiling.origin.at(key)),
                *(Label(each.origin.at("service")) for each in here if each.service in largest[:1]),
                help="run fewer replicas, or agree on a higher ceiling",
                subject=cluster.label,
            )


def needed(service: Service, here: Deployed, key: str) -> int:
    """What all replicas of a service need on a cluster at most: cores in thousandths, bytes, GPUs.

    A rolling update runs one replica more; it is counted where a limit is compared with a quota.
    """
    gets = here.amounts if here.amounts is not None else service.container.amounts
    each = amount(gets, key) if gets is not None else None
    return (each or 0) * most_replicas(service, here)


def most_replicas(service: Service, here: Deployed) -> int:
    """How many replicas there are at most."""
    if service.scaling is not None:
        return service.scaling.most
    return here.replicas if here.replicas is not None else service.replicas


# ── what runs there ───────────────────────────────────────────────────────────────────────────


def _needs(
    federation: Federation, cluster: KubernetesCluster, here: Sequence[Deployed], say: Report
) -> Iterator[Diagnostic]:
    there = {each.service for each in here if not each.retired}
    for each in here:
        service = federation.services[each.service]
        for index, name in enumerate(service.needs):
            if name not in there:
                yield say(
                    Code.NEEDS_MISSING,
                    f"`{each.label}` needs `{name}`, which does not run on `{cluster.label}`",
                    Label(each.origin.at("service")),
                    Label(service.origin.at("needs", index), "needed here"),
                    help=f"add `{{service: {name}, at: {cluster.name}}}` to the site's services",
                    subject=each.label,
                )


def _deployed(federation: Federation, here: Deployed) -> Iterator[Diagnostic]:
    service = federation.services[here.service]
    say = report(federation, (*here.drafts, *service.drafts), here.label, here.site, service.name)
    written: Mapping[str, tuple[bool, Span]] = {
        "replicas": (here.replicas is not None, here.origin.key("replicas")),
        "resources": (here.amounts is not None, here.origin.key("resources")),
        "env": (bool(here.variables), here.origin.key("env")),
    }
    for key, (is_set, place) in written.items():
        if is_set and key not in service.overrides:
            yield say(
                Code.NOT_FOR_SITES,
                f"sites do not say what the `{key}` of `{service.name}` are",
                Label(place),
                Label(service.origin.at("sitesMaySet"), "what they may say"),
                help=f"remove it, or add `{key}` to `sitesMaySet:` of the service",
                subject=here.label,
            )
    values = ((k, text, here.origin.at("env", k)) for k, text in here.variables.items())
    yield from check_variables(values, here.label, say)
    yield from _mount(federation, here, service, say)


def _mount(
    federation: Federation, here: Deployed, service: Service, say: Report
) -> Iterator[Diagnostic]:
    mounts = [mount for mount in service.container.mounts if mount.what == "area"]
    area = federation.areas.get(here.area) if here.area is not None else None
    if mounts and area is not None and area.mount is None:
        yield say(
            Code.AREA_NOT_MOUNTED,
            f"`{here.label}` reads the files of `{area.name}`, which nobody can mount",
            Label(here.origin.at("storage")),
            Label(area.origin.at(), "the area"),
            help="add `posixMount:` to the area, with the path at which nodes see it",
            subject=here.label,
        )


def _templates(federation: Federation, cluster: KubernetesCluster) -> Iterator[Diagnostic]:
    ceiling = cluster.share.ceiling if cluster.share is not None else None
    if ceiling is None or not cluster.in_use:
        return
    for template in federation.templates.values():
        gets: Amounts | None = template.container.amounts
        if template.queue not in cluster.queues or gets is None or not gets.gpus:
            continue
        if ceiling.gpus == 0:
            yield warning(
                Code.NO_GPU,
                f"`{template.name}` asks for {gets.gpus} GPUs, and the federation has none on"
                f" `{cluster.label}`: it would wait there for ever",
                Label(template.container.origin.at("resources", "gpus")),
                Label(ceiling.origin.at("gpus"), "what the federation may have"),
                help=f"leave `{template.queue}` out of the cluster's `queues:`, or agree on GPUs",
                subject=template.name,
            )


# ── which sites ───────────────────────────────────────────────────────────────────────────────


def _where(federation: Federation) -> Iterator[Diagnostic]:
    runs: dict[str, set[str]] = defaultdict(set)
    for site in federation.sites.values():
        for offered in site.services:
            if offered.enabled and offered.environment == "production":
                runs[offered.service].add(site.name)
    for service in federation.services.values():
        for name in service.must:
            if name in federation.sites and name not in runs[service.name]:
                yield warning(
                    Code.SERVICE_MISSING,
                    f"`{name}` has to run `{service.name}`, and does not say that it does",
                    Label(federation.sites[name].origin.at("services")),
                    Label(service.origin.at("sites"), "said here"),
                    help=f"add `{{service: {service.name}, at: ...}}` to its `services:`",
                    subject=name,
                )
    for each in federation.deployed:
        service = federation.services[each.service]
        if each.site in service.may_not:
            say = report(federation, service.drafts, service.name, each.site)
            yield say(
                Code.SERVICE_NOT_WANTED,
                f"`{each.site}` is not to run `{service.name}`",
                Label(each.origin.at("service")),
                Label(service.origin.at("sites", "mayNot"), "said here"),
                help="remove it there, or ask for the site to be taken off this list",
                subject=each.site,
            )


def _hosts(federation: Federation) -> Iterator[Diagnostic]:
    """Production services that lead to the host of another environment."""
    for site in federation.sites.values():
        others = {
            each.host: each
            for each in site.services
            if each.host is not None and each.environment != "production"
        }
        for each in site.services:
            if each.environment != "production" or not each.enabled or each.host is None:
                continue
            same = others.get(each.host)
            if same is not None and same.service == each.service and same.path == each.path:
                yield _other_host(
                    each.label, each.host, each.origin.at("host"), same.origin.at("host")
                )
            elif _OTHER_WORDS & {*each.host.lower().split(".")[:-2]}:
                yield _other_host(each.label, each.host, each.origin.at("host"), None)


def _other_host(label: str, host: str, place: Span, other: Span | None) -> Diagnostic:
    return warning(
        Code.HOST_OF_OTHERS,
        f"`{label}` is in production, and `{host}` looks like the host of another environment",
        Label(place),
        *([Label(other, "the other environment")] if other is not None else []),
        help="write the host of production, or `environment: development`",
        subject=label,
    )

"""Do the Kubernetes clusters of the sites have what is to run there, and room for it?"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from srcnet_compiler.analysis.clusters import check_ceiling
from srcnet_compiler.analysis.environment import WORDS, Told, check_variables, words_in
from srcnet_compiler.analysis.severity import Report, report
from srcnet_compiler.diagnostic import Code, Diagnostic, Label
from srcnet_compiler.federation.kubernetes import Deployed, KubernetesCluster
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.federation.services import Service
from srcnet_compiler.span import Span


@dataclass(frozen=True, slots=True)
class Here:
    """A cluster with what its site runs on it that does not end."""

    cluster: KubernetesCluster
    deployed: Sequence[Deployed]
    say: Report


def check_platforms(federation: Federation) -> Iterator[Diagnostic]:
    """Every cluster with what its site runs on it."""
    for here in clusters_with(federation):
        yield from _server(here)
        if here.cluster.share is not None:
            yield from check_ceiling(here.cluster.label, here.cluster.share, here.say)
        yield from _operators(federation, here)
        yield from _addresses(federation, here)
        for each in here.deployed:
            yield from _deployed(federation, here, each)


def clusters_with(federation: Federation) -> Iterator[Here]:
    """Every cluster with what runs there and does not end."""
    by_cluster: dict[tuple[str, str], list[Deployed]] = defaultdict(list)
    for each in federation.deployed:
        if not each.retired and not federation.services[each.service].retired:
            by_cluster[each.site, each.cluster].append(each)
    for cluster in federation.kubernetes:
        yield Here(cluster, by_cluster[cluster.site, cluster.name], severity(federation, cluster))


def severity(federation: Federation, cluster: KubernetesCluster) -> Report:
    """How grave a finding about a cluster is."""
    share = cluster.share.drafts if cluster.share is not None else ()
    return report(federation, (*cluster.drafts, *share), cluster.label, cluster.site)


# ── the cluster ───────────────────────────────────────────────────────────────────────────────


def _server(here: Here) -> Iterator[Diagnostic]:
    cluster = here.cluster
    if cluster.server.startswith("http://"):
        yield here.say(
            Code.PLAIN_HTTP,
            f"the token for `{cluster.label}` would be sent where everybody can read it",
            Label(cluster.origin.at("server")),
            help="write the address that begins with `https://`",
            subject=cluster.label,
        )


def _operators(federation: Federation, here: Here) -> Iterator[Diagnostic]:
    """What is asked for and not installed."""
    cluster = here.cluster
    asked = (
        ("kueue", cluster.borrowing, "kueue", "queues that lend to each other"),
        ("gateway-api", cluster.gateway, "gateway", "routes on a Gateway"),
        ("ingress", cluster.ingress_class, "ingressClass", "ingresses"),
        ("external-secrets", cluster.secret_store, "secretStore", "secrets from a store"),
    )
    for operator, value, key, what in asked:
        if value is not None and not cluster.has(operator):
            yield here.say(
                Code.OPERATOR_MISSING,
                f"`{cluster.label}` is to have {what}, but `{operator}` is not installed there",
                Label(cluster.origin.key(key)),
                help=f"add `{operator}` to `operators:` once it is installed, or remove `{key}`",
                subject=cluster.label,
            )
    if cluster.gateway is not None or cluster.ingress_class is not None:
        return
    routed = [each for each in here.deployed if _is_routed(federation.services[each.service], each)]
    for each in routed[:1]:
        yield here.say(
            Code.OPERATOR_MISSING,
            f"`{each.label}` is to be reached from outside, but `{cluster.label}` has neither a"
            " Gateway nor a class of ingresses",
            Label(each.origin.at("host")),
            Label(cluster.origin.at("operators"), "what is installed"),
            help="add `gateway: {namespace: ..., name: ...}` or `ingressClass:` to the cluster",
            subject=cluster.label,
        )


def _is_routed(service: Service, here: Deployed) -> bool:
    return here.host is not None and any(port.routed for port in service.container.ports)


def _addresses(federation: Federation, here: Here) -> Iterator[Diagnostic]:
    """Two services that people would come to by one address: which, nobody can say."""
    first: dict[tuple[str, str], Deployed] = {}
    for each in sorted(here.deployed, key=lambda each: each.origin.at("service")):
        service = federation.services[each.service]
        if each.host is None or not _is_routed(service, each):
            continue
        path = (service.path or each.path or "/").rstrip("/") or "/"
        before = first.setdefault((each.host.lower(), path), each)
        if before is not each:
            yield here.say(
                Code.DUPLICATE_NAME,
                f"`{before.label}` and `{each.label}` are both to be reached at"
                f" `{each.host}{path}`",
                Label(each.origin.at("host"), "again here"),
                Label(before.origin.at("host"), "first here"),
                Label(_who_says_path(service, each), "where its route begins"),
                help="give one of them another host or another `path:`",
                subject=each.label,
            )


def _who_says_path(service: Service, each: Deployed) -> Span:
    said = service if service.path is not None or each.path is None else each
    return said.origin.at("path")


# ── what runs there ───────────────────────────────────────────────────────────────────────────


def _deployed(federation: Federation, here: Here, each: Deployed) -> Iterator[Diagnostic]:
    service = federation.services[each.service]
    drafts = (*each.drafts, *service.drafts)
    say = report(federation, drafts, each.label, each.site, service.name)
    if here.cluster.in_use:
        yield from _needs(here, service, each, say)
    yield from _overrides(service, each, say)
    yield from _begins(service, each, say)
    yield from _words(service, each, say)
    yield from _area(federation, service, each, say)


def _needs(here: Here, service: Service, each: Deployed, say: Report) -> Iterator[Diagnostic]:
    cluster, there = here.cluster, {other.service for other in here.deployed}
    for index, name in enumerate(service.needs):
        if name not in there:
            yield say(
                Code.NEEDS_MISSING,
                f"`{each.label}` needs `{name}`, which does not run on `{cluster.label}`",
                Label(each.origin.at("service")),
                Label(service.origin.at("needs", index), "needed here"),
                help=f"add `{{service: {name}, at: {cluster.name}}}` to the site's `services:`",
                subject=each.label,
            )


def _overrides(service: Service, each: Deployed, say: Report) -> Iterator[Diagnostic]:
    for key, is_set in (
        ("replicas", each.replicas is not None),
        ("resources", each.amounts is not None),
        ("env", bool(each.variables)),
    ):
        if is_set and key not in service.overrides:
            yield _not_for_sites(
                each, key, f"sites do not set the `{key}` of `{service.name}`", service, say
            )
    if each.replicas is not None and service.scaling is not None:
        why = f"the work that there is decides how many replicas `{service.name}` has"
        yield _not_for_sites(each, "replicas", why, service, say)
    secret = {variable.name for variable in service.container.secrets}
    for name in sorted(secret.intersection(each.variables)):
        why = f"`{name}` of `{service.name}` is a secret, so that no site writes it here"
        yield _not_for_sites(each, "env", why, service, say)


def _begins(service: Service, each: Deployed, say: Report) -> Iterator[Diagnostic]:
    """What a service takes to begin it with, it takes at every site."""
    stated, here = service.path, each.path
    if stated is not None and here is not None and stated.rstrip("/") != here.rstrip("/"):
        yield say(
            Code.NOT_FOR_SITES,
            f"`{service.name}` begins at `{stated}` at every site, and here at `{here}`",
            Label(each.origin.at("path")),
            Label(service.origin.at("path"), "what the service says"),
            help="write the same, or remove one of the two `path:`",
            subject=each.label,
        )


def _not_for_sites(each: Deployed, key: str, why: str, service: Service, say: Report) -> Diagnostic:
    said = {"replicas": "scaling", "env": "secrets"}.get(key, "sitesMaySet")
    about = said if service.origin.has(said) and key in service.overrides else "sitesMaySet"
    return say(
        Code.NOT_FOR_SITES,
        why,
        Label(each.origin.key(key)),
        Label(service.origin.at(about), "what the service says"),
        help=f"remove it, or have `{key}` added to `sitesMaySet:` of the service"
        if about == "sitesMaySet"
        else "remove it",
        subject=each.label,
    )


def _words(service: Service, each: Deployed, say: Report) -> Iterator[Diagnostic]:
    """What the site's own variables hold, and words that have no value at this site."""
    here = each.origin
    told = [Told(name, text, here.at("env", name)) for name, text in each.variables.items()]
    sees = any(mount.what == "area" for mount in service.container.mounts)
    words = [word for word in WORDS if word != "mount" or sees]
    yield from check_variables(told, each.label, words, say)
    values = {**service.container.environment, **each.variables}
    if each.host is None and "host" in words_in(values.values()):
        yield say(
            Code.UNKNOWN_WORD,
            f"`{service.name}` is told its `{{host}}`, and `{each.label}` has none",
            Label(here.at("service")),
            *_first_with_host(service),
            help="add `host:` with the name by which people reach it",
            subject=each.label,
        )


def _first_with_host(service: Service) -> Iterator[Label]:
    environment = service.container.environment
    for name in [name for name, text in environment.items() if "host" in words_in([text])][:1]:
        yield Label(service.container.origin.at("env", name), "told here")


def _area(
    federation: Federation, service: Service, each: Deployed, say: Report
) -> Iterator[Diagnostic]:
    """The area whose files a service sees: named, on nodes, of a known size, in use."""
    mounts = [mount for mount in service.container.mounts if mount.what == "area"]
    if mounts and each.area is None and service.storage == "none":
        remedy = "add `storage:` with the area whose files it sees"
        yield _not_mounted(
            each,
            f"`{each.label}` names no storage area",
            Label(each.origin.at("service")),
            say,
            remedy,
        )
    area = federation.areas.get(each.area) if each.area is not None else None
    if area is None or not (mounts or service.storage == "mounted"):
        return
    place = Label(each.origin.at("storage"))
    about = Label(area.origin.at("name"), "the area")
    for key, why in why_not_mountable(area):
        written = key in ("posixMount", "capacity")
        remedy = f"add `{key}:` to the area, or name another" if written else "name another area"
        message = f"`{each.label}` reads the files of `{area.name}`, {why}"
        yield _not_mounted(each, message, place, say, remedy, about)
    for mount in mounts:
        if mount.tier not in (None, area.tier):
            message = (
                f"`{each.label}` reads the files of `{area.name}`, which is of tier `{area.tier}`,"
                f" and is to read such of `{mount.tier}`"
            )
            asked = Label(mount.origin.at("tier"), "asked for here")
            yield _not_mounted(each, message, place, say, "name another area", about, asked)


def why_not_mountable(area: StorageArea) -> Iterator[tuple[str, str]]:
    """Why no container can see an area's files: the key that is amiss, and words."""
    if area.mount is None:
        yield "posixMount", "which no node sees"
    if area.capacity is None:
        yield "capacity", "of which nobody says how much it holds"
    if not area.enabled or area.retired:
        yield "enabled", "which is not in use"


def _not_mounted(
    each: Deployed, why: str, place: Label, say: Report, remedy: str, *others: Label
) -> Diagnostic:
    return say(
        Code.AREA_NOT_MOUNTED,
        why,
        place,
        *others,
        help=remedy,
        subject=each.label,
    )

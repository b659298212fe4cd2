"""What runs services on a cluster, and where people reach it, as a spec says it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from srcnet_compiler.importing.kubernetes.answers import Answers
from srcnet_compiler.importing.kubernetes.said import Said
from srcnet_compiler.importing.written import Tree
from srcnet_compiler.targets.kubernetes.model.inventory import WORKLOADS, Document, Inventory


class Way(NamedTuple):
    """A way in from outside. `scheme` None: nobody says it; `path` is `/` for all of the host."""

    scheme: str | None
    host: str
    path: str
    ingress_class: str | None = None


def workloads(seen: Inventory, answers: Answers) -> Iterator[Said]:
    """Every Deployment and StatefulSet: as the service that it is, or with what to type."""
    for kind in WORKLOADS:
        for name, document in seen.of(kind):
            service = answers.services.get((kind, name))
            if service is not None:
                yield _workload(seen, kind, name, document, service)
            else:
                note = f"{kind} {name}: which service it is; type `--service NAME={name}`"
                yield Said(kind, name, None, (note,))


def _workload(seen: Inventory, kind: str, name: str, document: Document, service: str) -> Said:
    space, _, bare = name.partition("/")
    spec: Mapping[str, Any] = document.get("spec", {})
    scaled = _is_scaled(seen, kind, space, bare)
    containers = spec.get("template", {}).get("spec", {}).get("containers") or ()
    tree: dict[str, Tree] = {
        "service": service,
        **({"kind": kind} if kind != WORKLOADS[0] else {}),
        "namespace": space,
        "name": bare,
        **({} if scaled or "replicas" not in spec else {"replicas": spec["replicas"]}),
        "images": {each["name"]: each["image"] for each in containers if each.get("image")},
    }
    if not tree["images"]:
        del tree["images"]
    notes = (f"{kind} {name}: its replicas, which an autoscaler decides",) if scaled else ()
    return Said(kind, name, tree, notes)


def _is_scaled(seen: Inventory, kind: str, space: str, name: str) -> bool:
    targets = (
        (where.partition("/")[0], each.get("spec", {}).get("scaleTargetRef") or {})
        for where, each in seen.of("HorizontalPodAutoscaler")
    )
    return any(
        place == space and target.get("kind") == kind and target.get("name") == name
        for place, target in targets
    )


# ── where it is reached ───────────────────────────────────────────────────────────────────────


def offers(
    seen: Inventory, answers: Answers, cluster: str
) -> Iterator[tuple[Mapping[str, Tree], Sequence[str], Sequence[Way]]]:
    """By service, its entry among those of the site, what no spec says, and its ways in."""
    for (kind, name), service in sorted(answers.services.items(), key=lambda item: item[1]):
        ways = tuple(dict.fromkeys(_ways(seen, kind, name)))
        entry: dict[str, Tree] = {"service": service, "at": cluster}
        if ways:
            first = ways[0]
            entry |= {"scheme": first.scheme} if first.scheme else {}
            entry |= {"host": first.host}
            entry |= {"path": first.path} if first.path != "/" else {}
        yield entry, tuple(_of_ways(service, ways)), ways


def _of_ways(service: str, ways: Sequence[Way]) -> Iterator[str]:
    if not ways:
        yield f"{service}: where it is reached; no Ingress or HTTPRoute beside it leads to it"
    for each in ways[1:]:
        yield f"{service}: that it is reached at {each.host}{each.path} as well"


def _ways(seen: Inventory, kind: str, name: str) -> Iterator[Way]:
    space = name.partition("/")[0]
    leading = {*_services(seen, space, seen.things[kind, name])}
    for where, document in seen.of("Ingress"):
        if where.partition("/")[0] == space:
            yield from _of_ingress(document.get("spec", {}), leading)
    for where, document in seen.of("HTTPRoute"):
        if where.partition("/")[0] == space:
            yield from _of_route(document.get("spec", {}), leading)


def _services(seen: Inventory, space: str, workload: Document) -> Iterator[str]:
    """The Services whose selector means the workload's Pods."""
    template = workload.get("spec", {}).get("template", {})
    labels = (template.get("metadata") or {}).get("labels") or {}
    for where, document in seen.of("Service"):
        place, _, bare = where.partition("/")
        selector = document.get("spec", {}).get("selector") or {}
        if place == space and selector and selector.items() <= labels.items():
            yield bare


def _of_ingress(spec: Mapping[str, Any], leading: set[str]) -> Iterator[Way]:
    secure = {host for tls in spec.get("tls") or () for host in tls.get("hosts") or ()}
    for rule in spec.get("rules") or ():
        host = rule.get("host")
        for path in (rule.get("http") or {}).get("paths") or ():
            service = (path.get("backend") or {}).get("service") or {}
            if host and "*" not in host and service.get("name") in leading:
                scheme = "https" if host in secure else "http"
                yield Way(scheme, host, path.get("path") or "/", spec.get("ingressClassName"))


def _of_route(spec: Mapping[str, Any], leading: set[str]) -> Iterator[Way]:
    for rule in spec.get("rules") or ():
        if any(each.get("name") in leading for each in rule.get("backendRefs") or ()):
            matches: Sequence[Mapping[str, Any]] = rule.get("matches") or ({},)
            paths = [(each.get("path") or {}).get("value") or "/" for each in matches]
            hosts = [host for host in spec.get("hostnames") or () if "*" not in host]
            yield from (Way(None, host, path) for host in hosts for path in paths)

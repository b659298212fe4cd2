"""Can Kubernetes call things as the specs do? It knows short names without capitals and `_`."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.federation.kubernetes import Deployed, KubernetesCluster
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.span import Origin, Span

TAKEN = {
    "closed": "what closes a namespace",
    "names": "what lets everybody ask for names",
    "kustomization": "the list of all files of a cluster",
    "monitoring-targets": "the list of what is measured",
}
"""Names of objects and files that a cluster has of its own; a service's would take their place."""
LONGEST = 52
"""Of a name: Kubernetes appends up to 11 characters for jobs and replicas, and takes 63 at most."""


class Named(NamedTuple):
    """Something that becomes an object of a cluster."""

    what: str
    name: str
    place: Span


def check_object_names(federation: Federation) -> Iterator[Diagnostic]:
    """Services and templates, which share the files that they are written to; then
    queues, where there is a cluster for them."""
    services, templates = federation.services.values(), federation.templates.values()
    things = [
        *(Named("service", each.name, _title(each.origin)) for each in services),
        *(Named("template", each.name, _title(each.origin)) for each in templates),
    ]
    yield from _names(things)
    for thing in things:
        if (what := TAKEN.get(plain(thing.name))) is not None:
            yield _wrong(
                f"`{plain(thing.name)}` is on every cluster {what}",
                thing.name,
                Label(thing.place),
                remedy="choose another name",
            )
    for service in services:
        if service.container.ports and not service.name[0].isalpha():
            yield _wrong(
                f"Kubernetes gives no address to a name that begins with `{service.name[0]}`",
                service.name,
                Label(_title(service.origin)),
                remedy="begin it with a letter",
            )
    yield from _claims(federation)
    policy = federation.compute.policy
    if policy is None or not federation.kubernetes:
        return
    yield from _names(
        [
            Named("queue", str(queue.name), policy.origin.key("queues", queue.name))
            for queue in policy.queues.values()
        ]
    )


def _claims(federation: Federation) -> Iterator[Diagnostic]:
    """Areas of a site that services see: two whose claims have one name would be one. Who may only
    read an area has a claim of its own, which ends with `-read`."""
    for cluster in federation.kubernetes:
        seen = {each.area for each in federation.deployed if _is_at(each, cluster)}
        areas = [area for name, area in federation.areas.items() if name in seen]
        things = [Named("area", str(each.name), each.origin.at("name")) for each in areas]
        yield from _names(things, longest=63)
        readable = {f"{plain(thing.name)}-read": thing for thing in things}
        for thing in things:
            if (other := readable.get(plain(thing.name))) is not None:
                yield _wrong(
                    f"`{plain(thing.name)}` is how who only reads `{other.name}` sees it on a"
                    " cluster",
                    thing.name,
                    Label(thing.place),
                    Label(other.place, "the other"),
                    remedy="choose a name that does not end with `-read`",
                )


def _is_at(deployed: Deployed, cluster: KubernetesCluster) -> bool:
    here = (deployed.site, deployed.cluster) == (cluster.site, cluster.name)
    return here and not deployed.retired


def plain(name: str) -> str:
    """What Kubernetes calls it: `soda_sync` is `soda-sync`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _title(origin: Origin) -> Span:
    return origin.source_map.span(("metadata", "name"))


def _names(things: Sequence[Named], longest: int = LONGEST) -> Iterator[Diagnostic]:
    first: dict[str, Named] = {}
    for thing in sorted(things, key=lambda thing: thing.place):
        name = plain(thing.name)
        before = first.setdefault(name, thing)
        if len(name) > longest:
            yield _wrong(
                f"`{thing.name}` has {len(name)} characters, and Kubernetes takes {longest} here",
                thing.name,
                Label(thing.place),
                remedy="shorten it",
            )
        elif before is not thing:
            yield _wrong(
                f"Kubernetes would call the {before.what} `{before.name}` and the {thing.what} "
                f"`{thing.name}` both `{name}`",
                thing.name,
                Label(thing.place),
                Label(before.place, "the other"),
                remedy="choose names that differ by more than capitals, `_` and `-`",
            )


def _wrong(message: str, subject: str, *labels: Label, remedy: str) -> Diagnostic:
    return error(Code.NAME_FOR_KUBERNETES, message, *labels, help=remedy, subject=subject)

"""Can Kubernetes call things as the specs do? It knows short names without capitals and `_`."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.span import Origin, Span

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
    yield from _names(
        [
            *(Named("service", each.name, _title(each.origin)) for each in services),
            *(Named("template", each.name, _title(each.origin)) for each in templates),
        ]
    )
    for service in services:
        if service.container.ports and not service.name[0].isalpha():
            yield _wrong(
                f"Kubernetes gives no address to a name that begins with `{service.name[0]}`",
                service.name,
                Label(_title(service.origin)),
                remedy="begin it with a letter",
            )
    policy = federation.compute.policy
    if policy is None or not federation.kubernetes:
        return
    yield from _names(
        [
            Named("queue", str(queue.name), policy.origin.key("queues", queue.name))
            for queue in policy.queues.values()
        ]
    )


def plain(name: str) -> str:
    """What Kubernetes calls it: `soda_sync` is `soda-sync`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _title(origin: Origin) -> Span:
    return origin.source_map.span(("metadata", "name"))


def _names(things: Sequence[Named]) -> Iterator[Diagnostic]:
    first: dict[str, Named] = {}
    for thing in sorted(things, key=lambda thing: thing.place):
        name = plain(thing.name)
        before = first.setdefault(name, thing)
        if len(name) > LONGEST:
            yield _wrong(
                f"`{thing.name}` has {len(name)} characters, and Kubernetes takes {LONGEST} here",
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

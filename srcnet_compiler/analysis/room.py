"""Does what runs on a Kubernetes cluster fit into what the federation may have of it?"""

from collections.abc import Iterator, Mapping, Sequence

from srcnet_compiler.analysis.containers import amount, written
from srcnet_compiler.analysis.platforms import Here, clusters_with
from srcnet_compiler.analysis.sizes import (
    NOTHING,
    Sizes,
    asking,
    ceiling_of,
    limits_of,
    pods_of,
    requests_of,
)
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, warning
from srcnet_compiler.federation.kubernetes import Deployed
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.federation.services import Template
from srcnet_compiler.span import Span

_KEYS = ("cores", "memory", "gpus")
_SHOWN = 3
"""Services that are named as those that need most."""


def check_room(federation: Federation) -> Iterator[Diagnostic]:
    """Every cluster in use: its services together, and each template that may run there."""
    for here in clusters_with(federation):
        cluster, share = here.cluster, here.cluster.share
        if not cluster.in_use:
            continue
        templates = [
            template
            for template in federation.templates.values()
            if template.queue in cluster.queues and not template.retired
        ]
        if share is None or share.ceiling is None:
            continue
        ceiling, needed = ceiling_of(share), NOTHING
        for each in here.deployed:
            needed += _at_most(federation, here, each)
        for key in _KEYS:
            most = ceiling.of(key)
            if most is not None:
                place = share.ceiling.origin.at(key)
                yield from _services(federation, here, key, most, place)
                for template in templates:
                    part = _part(ceiling.without(needed), template, templates).of(key) or 0
                    yield from _template(here, template, key, most, part, place)
        yield from _borrowed(federation, here, templates)


# ── services ──────────────────────────────────────────────────────────────────────────────────


def _services(
    federation: Federation, here: Here, key: str, most: int, place: Span
) -> Iterator[Diagnostic]:
    label = here.cluster.label
    asked = {each.service: _asked(federation, here, each, key) for each in here.deployed}
    total = sum(asked.values())
    if total > most and key == "gpus" and most == 0:
        for each in here.deployed:
            if asked[each.service]:
                yield here.say(
                    Code.NO_GPU,
                    f"`{each.label}` asks for {written(key, asked[each.service])}, but"
                    f" `{label}` gives none",
                    Label(_place(federation, each, key)),
                    Label(place, "what the federation may have"),
                    help="agree on GPUs in the ceiling of the share, or ask for none",
                    subject=each.label,
                )
    elif total > most:
        yield here.say(
            Code.RUNS_OVER_SHARE,
            f"the services on `{label}` ask for {written(key, total)}, but it gives"
            f" {written(key, most)}: {_largest(asked, key)}",
            Label(place),
            *_places(federation, here, asked, key),
            help="run fewer replicas, ask for less, or agree on a higher ceiling",
            subject=label,
        )
    elif (at_most := _together(federation, here, key)) > most:
        yield warning(
            Code.RUNS_OVER_SHARE,
            f"at their limits, each with one replica more while it is renewed, the services on"
            f" `{label}` need {written(key, at_most)}, but it gives {written(key, most)}",
            Label(place),
            *_places(federation, here, asked, key),
            help="lower their limits, or agree on a higher ceiling; until then some may wait",
            subject=label,
        )


def _asked(federation: Federation, here: Here, each: Deployed, key: str) -> int:
    """What all replicas of a service ask for."""
    service = federation.services[each.service]
    gets = requests_of(service.container, each.amounts, kept=_keeps(here))
    return gets.times(asking(service, each)).of(key) or 0


def _at_most(federation: Federation, here: Here, each: Deployed) -> Sizes:
    """What a service may have, with the replica that a deployment has more while it is renewed."""
    service = federation.services[each.service]
    limits = limits_of(service.container, each.amounts, kept=_keeps(here))
    return limits.times(pods_of(service, each))


def _together(federation: Federation, here: Here, key: str) -> int:
    return sum(_at_most(federation, here, each).of(key) or 0 for each in here.deployed)


def _keeps(here: Here) -> bool:
    return here.cluster.storage_class is not None


def _largest(asked: Mapping[str, int], key: str) -> str:
    largest = sorted((name for name in asked if asked[name]), key=lambda name: -asked[name])
    return ", ".join(f"`{name}` {written(key, asked[name])}" for name in largest[:_SHOWN])


def _places(
    federation: Federation, here: Here, asked: Mapping[str, int], key: str
) -> Iterator[Label]:
    """Where those are asked for that need most."""
    for each in sorted(here.deployed, key=lambda each: -asked[each.service])[:_SHOWN]:
        if asked[each.service]:
            yield Label(_place(federation, each, key), f"`{each.service}` asks for this")


def _place(federation: Federation, each: Deployed, key: str) -> Span:
    """Where it is written how much a service asks for."""
    if amount(each.amounts, key) is not None:
        return each.origin.at("resources", key)
    return federation.services[each.service].container.origin.at("resources", key)


# ── templates ─────────────────────────────────────────────────────────────────────────────────


def _part(rest: Sizes, template: Template, templates: Sequence[Template]) -> Sizes:
    """What sessions, or jobs, have of what services leave: parts alike, of GPUs sessions first."""
    digested = {each.runs for each in templates if each.container.image.digest is not None}
    uses = sorted(digested | {template.runs}, reverse=True)
    return rest.part(uses.index(template.runs), len(uses))


def _template(
    here: Here, template: Template, key: str, most: int, part: int, place: Span
) -> Iterator[Diagnostic]:
    """What services need at their limits, sessions and jobs cannot have; those have parts alike."""
    asked = requests_of(template.container, None, kept=_keeps(here)).of(key) or 0
    if asked > part:
        gives = "gives none" if most == 0 else f"gives {written(key, most)}"
        if asked <= most:
            gives = f"leaves {written(key, part)} to what is such, beside its services and the rest"
        yield warning(
            Code.NO_GPU if key == "gpus" and most == 0 else Code.RUNS_OVER_SHARE,
            f"`{template.name}` asks for {written(key, asked)}, but `{here.cluster.label}` {gives}:"
            " it would wait there for ever",
            Label(template.container.origin.at("resources", key)),
            Label(place, "what the federation may have"),
            help=f"ask for less, or leave `{template.queue}` out of the cluster's `queues:`",
            subject=template.name,
        )


def _borrowed(
    federation: Federation, here: Here, templates: list[Template]
) -> Iterator[Diagnostic]:
    """What cannot be started again asks for GPUs that may be taken back at any time."""
    cluster, share, policy = here.cluster, here.cluster.share, federation.compute.policy
    if share is None or share.guaranteed is None or share.guaranteed.gpus:
        return
    ceiling = share.ceiling.gpus if share.ceiling is not None else None
    if not ceiling or not (share.preemptible or cluster.borrowing is not None):
        return
    queues = policy.queues if policy is not None else {}
    asking = [
        *((each.label, _asked(federation, here, each, "gpus"), _place(federation, each, "gpus"))
          for each in here.deployed),
        *((each.name, amount(each.container.amounts, "gpus") or 0,
           each.container.origin.at("resources", "gpus"))
          for each in templates if not queues[each.queue].preemptible),
    ]  # fmt: skip
    for name, gpus, place in asking:
        if gpus:
            yield warning(
                Code.GPUS_BORROWED,
                f"`{name}` asks for {written('gpus', gpus)}, and `{cluster.label}` guarantees"
                " none: they are borrowed, and are taken back while it runs",
                Label(place),
                Label(share.guaranteed.origin.at("gpus"), "what is guaranteed"),
                help="have GPUs guaranteed, or use a queue that is `preemptible: true`",
                subject=name,
            )

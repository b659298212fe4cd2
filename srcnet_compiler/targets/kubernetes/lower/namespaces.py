"""The namespaces of a cluster, with what they may hold: Pod security, quotas, limits."""

from collections.abc import Iterator, Mapping

from srcnet_compiler.analysis.sizes import (
    LITTLE,
    NOTHING,
    Sizes,
    ceiling_of,
    limits_of,
    pods_of,
    requests_of,
)
from srcnet_compiler.change import Json
from srcnet_compiler.span import written
from srcnet_compiler.targets.kubernetes.lower.amounts import written as as_written
from srcnet_compiler.targets.kubernetes.lower.places import Spans, security_places
from srcnet_compiler.targets.kubernetes.lower.scope import Running, Scope
from srcnet_compiler.targets.kubernetes.lower.site import Body, Part
from srcnet_compiler.targets.kubernetes.model import Object
from srcnet_compiler.targets.kubernetes.model.words import SERVICES

SIGNED = "policy.sigstore.dev/include"
"""The label of namespaces whose images must be signed."""
_NO_ADDRESSES: Mapping[str, Json] = {"services.loadbalancers": "0", "services.nodeports": "0"}
"""Addresses and ports of nodes are few, are others' too, and are behind no network policy of ours:
what is reached from outside has a route."""
_MODES = ("enforce", "warn", "audit")


def namespaces(part: Part) -> Iterator[Object]:
    """One for each use, where something lives in it."""
    quotas = quotas_of(part.scope)
    for use, namespace in part.scope.living:
        inside, (asked, most) = part.within(use), quotas[use]
        yield _namespace(inside, namespace)
        yield _quota(inside, asked, most)
        yield _limits(inside, most)


def _namespace(part: Part, name: str) -> Object:
    scope, security = part.scope, part.scope.security
    level = security.pod_security if security is not None else "restricted"
    version = "v{}.{}".format(*scope.cluster.version)
    labels: dict[str, Json] = {}
    own: dict[str, Spans] = {}
    said = written(security.origin, "podSecurity", "status") if security is not None else ()
    for mode in _MODES:
        key = f"pod-security.kubernetes.io/{mode}"
        labels |= {key: level, f"{key}-version": version}
        own[f'metadata.labels."{key}"'] = said
        own[f'metadata.labels."{key}-version"'] = (scope.cluster.origin.at("version"),)
    if security is not None and signed(scope):
        labels[SIGNED] = "true"
        own[f'metadata.labels."{SIGNED}"'] = (
            *security_places(scope.federation, security),
            *written(security.origin, "signers", "registries"),
            *written(scope.cluster.origin, "operators"),
        )
    return part.make("Namespace", name, {}, own, labels=labels)


def signed(scope: Scope) -> bool:
    """Whether something at the site can tell who signed an image, and somebody has said who may."""
    security = scope.security
    return (
        scope.cluster.has("policy-controller")
        and security is not None
        and bool(security.signers and security.registries)
    )


# ── quotas ────────────────────────────────────────────────────────────────────────────────────


def quotas_of(scope: Scope) -> Mapping[str, tuple[Sizes, Sizes]]:
    """What pods of each use may ask for together, and what they may have at most.

    Services have what their replicas can need, sessions and jobs the rest in parts that are alike:
    all together never more than the ceiling of the share.
    """
    ceiling = ceiling_of(scope.cluster.share)
    asked, most = services_need(scope)
    asked, most = asked.at_most(ceiling), most.at_most(ceiling)
    rest = ceiling.without(most)
    others = [use for use, _ in scope.living if use != SERVICES]
    parts = {use: rest.part(index, len(others)) for index, use in enumerate(others)}
    return {SERVICES: (asked, most), **{use: (part, part) for use, part in parts.items()}}


def services_need(scope: Scope) -> tuple[Sizes, Sizes]:
    """What the pods of all services ask for, and may have, when there are as many as can be."""
    asked, most = NOTHING, NOTHING
    for running in scope.services:
        count, each = pods_of(running.service, running.deployed), _each(scope, running)
        asked, most = asked + each[0].times(count), most + each[1].times(count)
    return asked, most


def _each(scope: Scope, running: Running) -> tuple[Sizes, Sizes]:
    kept = scope.cluster.storage_class is not None
    over = running.deployed.amounts
    return requests_of(running.container, over, kept), limits_of(running.container, over, kept)


def _quota(part: Part, asked: Sizes, most: Sizes) -> Object:
    """GPUs are asked for only: a server knows no limit of them."""
    hard: dict[str, Json] = {
        **_NO_ADDRESSES,
        **{f"requests.{key}": text for key, text in as_written(asked).items()},
        **{f"limits.{key}": text for key, text in as_written(most).items() if "/" not in key},
    }
    places = (*_ceiling(part), *part.scope.amount_places)
    body: Body = {"spec": {"hard": dict(sorted(hard.items()))}}
    return part.make("ResourceQuota", "share", body, {"spec.hard": places})


def _limits(part: Part, most: Sizes) -> Object:
    """Who says nothing gets little, and nobody more than the namespace has.

    Without GPUs of its own as the default, a server would give everybody the largest number.
    """
    little = LITTLE.at_most(most)
    item: dict[str, Json] = {
        "type": "Container",
        "default": as_written(little),
        "defaultRequest": as_written(little),
        "max": as_written(most),
    }
    places = (*_ceiling(part), *part.scope.amount_places)
    return part.make("LimitRange", "each", {"spec": {"limits": [item]}}, {"spec.limits": places})


def _ceiling(part: Part) -> Spans:
    return written(part.scope.cluster.origin.below("share"), "ceiling")

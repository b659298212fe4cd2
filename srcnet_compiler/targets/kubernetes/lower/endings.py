"""What `Retired` documents end on a cluster: all that would be there if they did not."""

from collections.abc import Mapping

from srcnet_compiler.federation.model import Retired
from srcnet_compiler.targets.kubernetes.lower.scope import Scope
from srcnet_compiler.targets.kubernetes.model import SERVICE, Key, Object

STAYS = ("Namespace", "PersistentVolume", "PersistentVolumeClaim")
"""Kinds that never end by themselves: others may have put something there."""


def relevant(scope: Scope) -> tuple[Retired, ...]:
    """The documents that end something here."""
    here, policy = scope.cluster, scope.policy
    deployed = {name for each in scope.deployed for name in _names(scope, each.service)}
    queues = policy.queues if policy is not None else {}
    return tuple(
        end
        for end in scope.federation.retired
        if end.cluster == here.label
        or end.service in deployed
        or end.template in scope.federation.templates
        or end.queue in queues
    )


def endings(
    scope: Scope, wanted: Mapping[Key, Object], before: Mapping[Key, Object]
) -> dict[Key, Retired]:
    """What goes, with the document; `before` is what would be there without any."""
    ends = relevant(scope)
    gone = {key: o for key, o in before.items() if key not in wanted and key[0] not in STAYS}
    return {key: _because(scope, each, ends) for key, each in sorted(gone.items())} if ends else {}


def _because(scope: Scope, thing: Object, ends: tuple[Retired, ...]) -> Retired:
    """The document of the service or template that an object is of, else the first."""
    whole = [end for end in ends if end.cluster == scope.cluster.label]
    service = _service(thing)
    own = [e for e in ends if e.template == service or e.service in _names(scope, service)]
    return (*whole, *own, *ends)[0]


def _names(scope: Scope, service: str) -> tuple[str, str]:
    """What a document may call a service: everywhere, or at the site alone."""
    return (service, f"{scope.cluster.site}/{service}")


def _service(thing: Object) -> str:
    metadata = thing.document["metadata"]
    labels = metadata["labels"] if isinstance(metadata, Mapping) else {}
    return str(labels.get(SERVICE, "")) if isinstance(labels, Mapping) else ""

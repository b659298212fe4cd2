"""What `Retired` documents end on a cluster: all that would be there if they did not."""

from collections.abc import Mapping

from srcnet_compiler.federation.notices import Retired
from srcnet_compiler.targets.kubernetes.lower.scope import Scope
from srcnet_compiler.targets.kubernetes.model import SERVICE, Key, Object
from srcnet_compiler.targets.kubernetes.model.words import object_name

STAYS = ("Namespace", "PersistentVolume", "PersistentVolumeClaim")
"""Kinds that never end by themselves: others may have put something there."""

OF_QUEUES = ("LocalQueue", "PriorityClass", "WorkloadPriorityClass")
"""Kinds of which each queue class has one."""


def relevant(scope: Scope) -> tuple[Retired, ...]:
    """The documents that end something here."""
    here, policy = scope.cluster, scope.policy
    deployed = {name for each in scope.deployed for name in _names(here.site, each.service)}
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
    """What goes, with the document; `before` is what would be there without any.

    What is of no service or template, such as the limits and guards of a namespace, stays until the
    cluster is left: something of others may run behind it.
    """
    ends = relevant(scope)
    gone = {key: o for key, o in before.items() if key not in wanted and key[0] not in STAYS}
    found = ((key, _because(scope, each, ends)) for key, each in sorted(gone.items()))
    return {key: end for key, end in found if end is not None}


def successors(scope: Scope, wanted: Mapping[Key, Object]) -> dict[Key, str]:
    """What queue classes had by another name before, with what that is called now."""
    moves = [move for move in scope.federation.renamed if move.kind == "queue"]
    found: dict[Key, str] = {}
    for move in moves:
        after, before = object_name(move.name), object_name(move.before)
        bare = {after: before, scope.name(after): scope.name(before)}
        for kind, name in wanted:
            space, slash, last = name.rpartition("/")
            if kind in OF_QUEUES and last in bare:
                found[kind, f"{space}{slash}{bare[last]}"] = name
    return {key: name for key, name in found.items() if key not in wanted}


def _because(scope: Scope, thing: Object, ends: tuple[Retired, ...]) -> Retired | None:
    """The document that ends an object: of the cluster, or of its service, template or queue."""
    whole = (end for end in ends if end.cluster == scope.cluster.label)
    names = {*_names(scope.cluster.site, _service(thing))} if _service(thing) else set()
    own = (end for end in ends if not names.isdisjoint((end.service, end.template)))
    queue = _queue(scope, thing)
    waited = (end for end in ends if queue is not None and end.queue == queue)
    return next(whole, None) or next(own, None) or next(waited, None)


def _queue(scope: Scope, thing: Object) -> str | None:
    """The queue class that an object is of, or that its template runs in."""
    template = scope.federation.templates.get(_service(thing))
    if template is not None:
        return template.queue
    queues = scope.policy.queues if scope.policy is not None else {}
    named = {name: q for q in queues for name in (object_name(q), scope.name(object_name(q)))}
    return named.get(thing.bare_name) if thing.kind in OF_QUEUES else None


def _names(site: str, service: str) -> tuple[str, str]:
    """How a document may call a service: everywhere, or at its site."""
    return service, f"{site}/{service}"


def _service(thing: Object) -> str:
    metadata = thing.document["metadata"]
    labels = metadata["labels"] if isinstance(metadata, Mapping) else {}
    return str(labels.get(SERVICE, "")) if isinstance(labels, Mapping) else ""

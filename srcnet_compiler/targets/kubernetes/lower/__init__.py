"""Federation to Kubernetes: services to what runs them, templates to what people start."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.federation.adopted import Adopted
from srcnet_compiler.federation.kubernetes import KubernetesCluster
from srcnet_compiler.federation.membership import Membership
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.targets.kubernetes.lower.access import access
from srcnet_compiler.targets.kubernetes.lower.admission import admission
from srcnet_compiler.targets.kubernetes.lower.adopted import adopted
from srcnet_compiler.targets.kubernetes.lower.delivery import PUSH, delivery
from srcnet_compiler.targets.kubernetes.lower.endings import endings, relevant, successors
from srcnet_compiler.targets.kubernetes.lower.monitoring import measured
from srcnet_compiler.targets.kubernetes.lower.namespaces import namespaces
from srcnet_compiler.targets.kubernetes.lower.network import closed
from srcnet_compiler.targets.kubernetes.lower.queues import queues
from srcnet_compiler.targets.kubernetes.lower.rights import rights
from srcnet_compiler.targets.kubernetes.lower.scope import DEFAULT_PREFIX as DEFAULT_PREFIX
from srcnet_compiler.targets.kubernetes.lower.scope import Scope, scopes
from srcnet_compiler.targets.kubernetes.lower.services import services
from srcnet_compiler.targets.kubernetes.lower.site import Part
from srcnet_compiler.targets.kubernetes.lower.storage import volumes
from srcnet_compiler.targets.kubernetes.lower.templates import templates
from srcnet_compiler.targets.kubernetes.lower.todo import todo
from srcnet_compiler.targets.kubernetes.model import ALL, Key, KubernetesModel, Object


def lower(
    federation: Federation, analysis: Analysis, members: Membership | None = None
) -> tuple[KubernetesModel, ...]:
    """One model for each cluster in use or at its end, in order of site and name.

    Without anything that rests on a draft no waiver accepts, and without what runs an image whose
    digest nobody has read. Who belongs to which group the cluster asks the identity provider.
    """
    return tuple(models(federation, analysis, members))


def models(
    federation: Federation, analysis: Analysis, members: Membership | None = None
) -> Iterator[KubernetesModel]:
    """The same, each made when it is asked for: many clusters have many objects."""
    return map(_model, scopes(federation))


def instance_of(cluster: KubernetesCluster) -> str:
    """What a cluster is called among all systems: no name of a site has a dot."""
    return f"{cluster.site_known_as}.{cluster.name}"


def _model(scope: Scope) -> KubernetesModel:
    cluster = scope.cluster
    instance, how = instance_of(cluster), cluster.delivery.how
    if cluster.adopted is not None:
        return _standing(scope, cluster.adopted)
    whole = {} if cluster.retired else _by_key(_objects(scope))
    part = Part(scope, "", "delivery", scope.places, scope.drafts)
    carriers = {} if cluster.retired else _by_key(delivery(part, instance, whole.values()))
    before = _by_key(_objects(replace(scope, ended=True))) if relevant(scope) else {}
    ends, moved = endings(scope, whole, before), successors(scope, whole)
    return KubernetesModel(
        instance=instance,
        prefix=scope.prefix,
        version=cluster.version,
        delivery=how,
        site=cluster.site,
        site_known_as=cluster.site_known_as,
        namespaces=tuple(name for _, name in scope.living) if whole else (),
        objects=whole if how == PUSH else carriers,
        fetched={} if how == PUSH else whole,
        ended={key: end.reason for key, end in ends.items()},
        ended_until={key: end.until.isoformat() for key, end in ends.items()},
        moved=moved,
        tasks=todo(scope, instance, whole, carriers, before, moved),
        measured=() if cluster.retired else tuple(measured(scope)),
        origins={"": scope.places, ALL: scope.wide_places},
    )


def _standing(scope: Scope, all_of_it: Adopted) -> KubernetesModel:
    """What people made by hand, and nothing that follows: it is changed where it stands, also where
    an operator is to fetch what comes after."""
    cluster = scope.cluster
    whole = {} if cluster.retired else _by_key(adopted(scope, all_of_it))
    return KubernetesModel(
        instance=instance_of(cluster),
        prefix=scope.prefix,
        version=cluster.version,
        site=cluster.site,
        site_known_as=cluster.site_known_as,
        objects=whole,
        tasks=(*rights(scope, whole),),
        origins={"": scope.places, ALL: scope.wide_places},
    )


def _objects(scope: Scope) -> Iterator[Object]:
    """All that the federation has on a cluster."""
    of_all = Part(scope, "", "namespaces", scope.all_places, scope.drafts)
    yield from namespaces(of_all)
    yield from closed(of_all)
    yield from access(of_all)
    yield from admission(replace(of_all, group="admission"))
    yield from queues(replace(of_all, group="queues"))
    yield from volumes(scope)
    yield from services(scope)
    yield from templates(scope)


def _by_key(objects: Iterable[Object]) -> Mapping[Key, Object]:
    return {(each.kind, each.name): each for each in objects}

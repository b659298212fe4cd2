"""What only the administrators of a cluster can do: why, and the exact lines."""

from collections.abc import Iterator, Mapping

from srcnet_compiler.federation.services import Container
from srcnet_compiler.span import written
from srcnet_compiler.targets.kubernetes.lower.admission import SINCE
from srcnet_compiler.targets.kubernetes.lower.delivery import FLUX, PUSH, path_of
from srcnet_compiler.targets.kubernetes.lower.endings import STAYS
from srcnet_compiler.targets.kubernetes.lower.monitoring import PROBER, url_of
from srcnet_compiler.targets.kubernetes.lower.places import Spans, together
from srcnet_compiler.targets.kubernetes.lower.rights import (
    rights,
    rights_to_fetch,
    rights_to_see_users,
)
from srcnet_compiler.targets.kubernetes.lower.scope import Running, Scope
from srcnet_compiler.targets.kubernetes.lower.services import fetches_secrets
from srcnet_compiler.targets.kubernetes.model import Key, Object
from srcnet_compiler.targets.kubernetes.model.kinds import KINDS
from srcnet_compiler.targets.kubernetes.model.words import MONITORING, SERVICES, object_name
from srcnet_compiler.task import SHELL, Task

Objects = Mapping[Key, Object]


def todo(
    scope: Scope,
    instance: str,
    whole: Objects,
    carriers: Objects,
    before: Objects,
    moved: Mapping[Key, str],
) -> tuple[Task, ...]:
    """In the order in which they are best done. `whole` is all that is wanted, `carriers` are what
    makes an operator fetch it, `before` what would be there if nothing ended, `moved` what has
    another name now."""
    found = (
        *rights(scope, carriers if carriers else whole),
        *(rights_to_see_users(scope, whole) if moved else ()),
        *(rights_to_fetch(scope, whole) if scope.cluster.delivery.how == FLUX and carriers else ()),
        *_fetching(scope, instance, carriers),
        *_kinds(scope, whole, carriers),
        *_groups(scope, whole),
        *_sharing(scope, whole),
        *_storage(scope, whole),
        *_secrets(scope),
        *_gpus(scope, whole),
        *_ways_in(scope, whole),
        *_measuring(scope, whole),
        *_unguarded(scope, whole),
        *_left(scope, whole, before),
    )
    return tuple(found)


def task(
    scope: Scope, title: str, why: str, where: str, lines: tuple[str, ...], spans: Spans
) -> Task:
    """Lines to write or to type."""
    return Task(title, why, where, lines, together((spans, scope.wide_places)))


def _of(whole: Objects, kind: str) -> Iterator[Object]:
    return (each for each in whole.values() if each.kind == kind)


# ── what lets us in ───────────────────────────────────────────────────────────────────────────


def _fetching(scope: Scope, instance: str, carriers: Objects) -> Iterator[Task]:
    here = scope.cluster.delivery
    if here.how == PUSH or not carriers:
        return
    yield task(
        scope,
        "Keep the files of this cluster where they are fetched",
        "What is fetched is what stands in the repository. Whoever else sets a field of ours loses"
        " it then, without a word: neither Flux nor Argo CD shows a conflict.",
        SHELL,
        (
            f"rsync --archive --delete --exclude delivery build/kubernetes/{instance}/"
            f" {path_of(here, instance)}/",
        ),
        written(here.origin, "repository", "branch", "folder"),
    )


def _kinds(scope: Scope, whole: Objects, carriers: Objects) -> Iterator[Task]:
    """The kinds that operators of the site bring."""
    kinds = {KINDS[each.kind] for each in (*whole.values(), *carriers.values())}
    wanted = sorted({(kind.plural, kind.api) for kind in kinds if kind.operator is not None})
    if wanted:
        yield task(
            scope,
            "See that the site's operators know these kinds",
            "Their objects are refused where the cluster does not serve this version of them.",
            SHELL,
            tuple(
                f"kubectl explain --api-version={api} {plural} | head -3" for plural, api in wanted
            ),
            written(scope.cluster.origin, "operators", "delivery"),
        )


def _groups(scope: Scope, whole: Objects) -> Iterator[Task]:
    bindings = [*_of(whole, "RoleBinding")]
    if bindings:
        groups = sorted({name for each in bindings for name in _subjects(each)})
        yield task(
            scope,
            "Take people's groups from the federation's identity provider",
            "Roles are bound to its groups, by their names as it gives them:"
            f" {', '.join(groups)}. Without this nobody can do what the roles allow; without the"
            " rules, who manages groups there could make himself an administrator of the cluster.",
            "AuthenticationConfiguration",
            (
                "claimMappings:",
                "  groups:",
                "    claim: wlcg.groups",
                '    prefix: ""',
                "userValidationRules:",
                "  - expression: \"!user.username.startsWith('system:')\"",
                "    message: names that begin with system are the cluster's own",
                "  - expression: \"user.groups.all(group, !group.startsWith('system:'))\"",
                "    message: groups that begin with system are the cluster's own",
            ),
            (),
        )


def _subjects(binding: Object) -> Iterator[str]:
    subjects = binding.document["subjects"]
    assert isinstance(subjects, list)
    return (str(subject["name"]) for subject in subjects)


# ── what the cluster has ──────────────────────────────────────────────────────────────────────


def _sharing(scope: Scope, whole: Objects) -> Iterator[Task]:
    borrowing = scope.cluster.borrowing
    if borrowing is None or not any(_of(whole, "ClusterQueue")):
        return
    yield task(
        scope,
        "Have the cohort and the flavor that the federation's queue lies in",
        f"Cohort `{borrowing.cohort}` and flavor `{borrowing.flavor}` are the site's: srcnet names"
        " them and changes neither. A queue whose flavor is missing admits nothing.",
        SHELL,
        (
            f"kubectl get cohorts.kueue.x-k8s.io {borrowing.cohort}",
            f"kubectl get resourceflavors.kueue.x-k8s.io {borrowing.flavor}",
        ),
        written(borrowing.origin, "cohort", "flavor"),
    )
    if scope.sessions:
        yield task(
            scope,
            "Let Kueue queue pods",
            "Sessions are pods: without this they start beside the queues.",
            "Configuration of Kueue",
            ("integrations:", "  frameworks: [batch/job, pod]"),
            written(scope.cluster.origin, "operators"),
        )


def _storage(scope: Scope, whole: Objects) -> Iterator[Task]:
    if not any(_of(whole, "PersistentVolume")):
        return
    for area in scope.areas:
        yield task(
            scope,
            f"Mount {area.name} on every node",
            "A pod that sees files of the area starts only on a node where this directory exists."
            " To be typed on each.",
            SHELL,
            (f"mountpoint {area.mount}",),
            written(area.origin, "posixMount"),
        )


def _secrets(scope: Scope) -> Iterator[Task]:
    """What holds secrets, where no operator makes it; and what the operator finds in the vault."""
    if scope.cluster.retired:
        return
    for use, namespace in scope.living:
        things = scope.services if use == SERVICES else scope.startable(use)
        for thing in things:
            yield from _secrets_of(scope, namespace, thing.name, thing.container)


def _secrets_of(scope: Scope, namespace: str, app: str, container: Container) -> Iterator[Task]:
    name = object_name(f"{app}-secrets")
    spans = tuple(each.origin.at() for each in container.secrets)
    if container.secrets and not fetches_secrets(scope.cluster, container):
        files = (f" --from-file={each.name}={_place(each.secret.kind, each.secret.place)}"
                 for each in container.secrets)  # fmt: skip
        yield task(
            scope,
            f"Make the secrets of {app}",
            "A secret stands in no spec. Its pods wait until these are there.",
            SHELL,
            (f"kubectl create secret generic {name} --namespace {namespace}{''.join(files)}",),
            spans,
        )
    elif container.secrets:
        yield task(
            scope,
            f"Have the secrets of {app} in the vault",
            f"`{scope.cluster.secret_store}` finds each by its path, whose last part is a key.",
            "the vault",
            tuple(sorted({each.secret.place for each in container.secrets})),
            spans,
        )


def _place(kind: str, place: str) -> str:
    """The file that a secret is in, or where to put it first."""
    return place if kind == "file" else f"FILE-WITH-{place.strip('/').replace('/', '-').upper()}"


def _gpus(scope: Scope, whole: Objects) -> Iterator[Task]:
    share = scope.cluster.share
    if whole and share is not None and share.ceiling is not None and share.ceiling.gpus:
        yield task(
            scope,
            "Let nodes offer their GPUs",
            "The share has GPUs, and pods ask for `nvidia.com/gpu`: the vendor's device plugin"
            " offers it.",
            SHELL,
            ("kubectl get nodes --output custom-columns=NODE:.metadata.name,"
             r"GPUS:.status.allocatable.nvidia\.com/gpu",),
            written(share.origin, "ceiling"),
        )  # fmt: skip


# ── what leads in, and what looks on ──────────────────────────────────────────────────────────


def _ways_in(scope: Scope, whole: Objects) -> Iterator[Task]:
    cluster = scope.cluster
    if any(_of(whole, "HTTPRoute")) and cluster.gateway is not None:
        namespace, gateway = cluster.gateway
        yield task(
            scope,
            "Let the gateway take our routes",
            "A gateway takes routes of its own namespace alone where its listeners do not say"
            " otherwise.",
            f"Gateway {namespace}/{gateway}, each listener",
            (
                "allowedRoutes:",
                "  namespaces:",
                "    from: Selector",
                "    selector:",
                f"      matchLabels: {{kubernetes.io/metadata.name: {scope.namespaces[SERVICES]}}}",
            ),
            written(cluster.origin, "gateway"),
        )
    closed = [r for r in scope.services if url_of(r) is not None and not _is_routed(whole, r)]
    if closed and whole:
        yield task(
            scope,
            "Lead people to what has a host",
            "The site has neither a gateway nor a class of ingress that srcnet knows of.",
            "what serves the hosts",
            tuple(f"{r.deployed.host}: service {r.name}" for r in closed),
            tuple(r.deployed.origin.at("host") for r in closed),
        )


def _is_routed(whole: Objects, running: Running) -> bool:
    kinds = ("HTTPRoute", "Ingress")
    return any(each.kind in kinds and each.bare_name == running.name for each in whole.values())


def _measuring(scope: Scope, whole: Objects) -> Iterator[Task]:
    spans = written(scope.cluster.origin, "operators")
    if any(_of(whole, "Probe")):
        yield task(
            scope,
            "Run a blackbox exporter",
            "Prometheus asks it to ask our services from outside.",
            SHELL,
            (f"kubectl get service --namespace {MONITORING} {PROBER.split('.')[0]}",),
            spans,
        )
    if any(_of(whole, "ServiceMonitor")):
        yield task(
            scope,
            "Let Prometheus look into our namespace",
            f"Only what runs in the namespace `{MONITORING}` may measure our services.",
            "Prometheus",
            ("serviceMonitorNamespaceSelector: {}", "probeNamespaceSelector: {}"),
            spans,
        )


def _unguarded(scope: Scope, whole: Objects) -> Iterator[Task]:
    if whole and scope.cluster.version < SINCE:
        since = ".".join(str(part) for part in SINCE)
        yield task(
            scope,
            "Bring the cluster to a newer version",
            f"Before {since} no server refuses an image without digest or a job for nobody: what"
            " the security policy asks for is only asked for here.",
            SHELL,
            ("kubectl version",),
            written(scope.cluster.origin, "version"),
        )


def _left(scope: Scope, whole: Objects, before: Objects) -> Iterator[Task]:
    """What stays of what ended: others may have put something there."""
    gone = [each for key, each in before.items() if key not in whole and each.kind in STAYS]
    if gone:
        lines = tuple(
            f"kubectl delete {each.described.plural} {each.bare_name}"
            f"{f' --namespace {each.namespace}' if each.namespace else ''}"
            for each in sorted(gone, key=lambda each: (-each.described.rank, each.name))
        )
        yield task(
            scope,
            "Remove what nobody needs any longer",
            "srcnet deletes no namespace, volume or claim. See first what is in them.",
            SHELL,
            lines,
            together(each.origins.get("", ()) for each in gone),
        )

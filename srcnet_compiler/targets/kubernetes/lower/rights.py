"""What the account that we change a cluster by must be let do, no more: for its administrators."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from srcnet_compiler.span import written
from srcnet_compiler.targets.kubernetes.lower.endings import STAYS
from srcnet_compiler.targets.kubernetes.lower.scope import Scope
from srcnet_compiler.targets.kubernetes.model import MANAGER, Key, Object
from srcnet_compiler.targets.kubernetes.model.kinds import KINDS, Kind
from srcnet_compiler.task import SHELL, Task

_CHANGE = "get,list,watch,create,update,patch"


@dataclass(frozen=True, slots=True)
class _Account:
    """Who is given rights, and what its roles begin with."""

    namespace: str
    roles: str
    may_delete: bool

    @property
    def flag(self) -> str:
        return f"--serviceaccount={self.namespace}:{MANAGER}"


_PUSHES = _Account("kube-system", MANAGER, may_delete=True)


def rights(scope: Scope, pushed: Mapping[Key, Object]) -> Iterator[Task]:
    """Roles for what is pushed: over all of the cluster only where a kind lies in no namespace, and
    with no right to delete what never ends."""
    if pushed:
        yield Task(
            "Let srcnet change what is the federation's",
            f"It changes objects with the label of the federation, `{scope.prefix}`, in its own"
            " namespaces, and few beside them. These are all the rights that it needs.",
            SHELL,
            (*_lines(_PUSHES, pushed),),
            scope.wide_places,
        )


def rights_to_see_users(scope: Scope, whole: Mapping[Key, Object]) -> Iterator[Task]:
    """For what has another name now, and ends when nobody uses it."""
    seen = "pods,jobs.batch,cronjobs.batch,podtemplates"
    name = f"{MANAGER}-users"
    renamed = (move for move in scope.federation.renamed if move.kind != "site")
    moves = (written(move.origin, "queue", "from") for move in renamed)
    yield Task(
        "Let srcnet see who still uses a queue that has another name now",
        "What the queue had by its old name ends when no pod and no job names it any more; who may"
        " not look leaves it there.",
        SHELL,
        (
            f"kubectl create clusterrole {name} --verb=list --resource={seen}",
            *(
                f"kubectl create rolebinding {name} --namespace {space} --clusterrole={name}"
                f" {_PUSHES.flag}"
                for space in sorted({each.namespace for each in whole.values() if each.namespace})
            ),
        ),
        (*(span for found in moves for span in found), *scope.wide_places),
    )


def rights_to_fetch(scope: Scope, fetched: Mapping[Key, Object]) -> Iterator[Task]:
    """Roles for what Flux brings in the name of an account; by itself it may do everything."""
    account = _Account(scope.cluster.delivery.namespace, f"{MANAGER}-fetched", may_delete=False)
    yield Task(
        "Let Flux bring what is the federation's, and nothing else",
        "Without this account it would bring whatever stands in the repository with all the rights"
        " of the cluster's administrators, and who may write there could take the cluster.",
        SHELL,
        (*_lines(account, fetched),),
        scope.wide_places,
    )


def _lines(account: _Account, objects: Mapping[Key, Object]) -> Iterator[str]:
    kinds = {KINDS[each.kind] for each in objects.values()}
    roles = {
        "cluster": [k for k in kinds if not k.namespaced and k.name not in STAYS],
        "cluster-kept": [k for k in kinds if not k.namespaced and k.name in STAYS],
        "inside": [k for k in kinds if k.namespaced and k.name not in STAYS],
        "inside-kept": [k for k in kinds if k.namespaced and k.name in STAYS],
    }
    yield f"kubectl create serviceaccount {MANAGER} --namespace {account.namespace}"
    yield from _roles(account, roles)
    for namespace in sorted({each.namespace for each in objects.values() if each.namespace}):
        yield from _inside(account, namespace, roles)


_Roles = Mapping[str, Sequence[Kind]]
_WHOSE_ROLES = "roles"


def _roles(account: _Account, roles: _Roles) -> Iterator[str]:
    for role, kinds in roles.items():
        if kinds:
            ends = account.may_delete and not role.endswith("-kept")
            verbs = f"{_CHANGE},delete" if ends else _CHANGE
            yield _create(account, role, verbs, ",".join(sorted(map(_resource, kinds))))
            if role.startswith("cluster"):
                name = f"{account.roles}-{role}"
                yield (
                    f"kubectl create clusterrolebinding {name} --clusterrole={name} {account.flag}"
                )
    if _grants(roles):
        yield _create(account, _WHOSE_ROLES, "bind,escalate", "roles.rbac.authorization.k8s.io")


def _create(account: _Account, role: str, verbs: str, resources: str) -> str:
    name = f"{account.roles}-{role}"
    return f"kubectl create clusterrole {name} --verb={verbs} --resource={resources}"


def _inside(account: _Account, namespace: str, roles: _Roles) -> Iterator[str]:
    if any(kind.name == "Namespace" for kind in roles["cluster-kept"]):
        yield f"kubectl create namespace {namespace}"
    found = [role for role, kinds in roles.items() if kinds and role.startswith("inside")]
    for role in (*found, *([_WHOSE_ROLES] if _grants(roles) else [])):
        name = f"{account.roles}-{role}"
        yield (
            f"kubectl create rolebinding {name} --namespace {namespace}"
            f" --clusterrole={name} {account.flag}"
        )


def _grants(roles: _Roles) -> bool:
    """Whether it gives rights that it has not itself: to people, in our namespaces."""
    return any(kind.name == "Role" for kind in roles["inside"])


def _resource(kind: Kind) -> str:
    group, slash, _ = kind.api.partition("/")
    return f"{kind.plural}.{group}" if slash else kind.plural

"""What the account that we change a cluster by must be let do, no more: for its administrators."""

from collections.abc import Iterator, Mapping, Sequence

from srcnet_compiler.targets.kubernetes.lower.endings import STAYS
from srcnet_compiler.targets.kubernetes.lower.scope import Scope
from srcnet_compiler.targets.kubernetes.model import MANAGER, Key, Object
from srcnet_compiler.targets.kubernetes.model.kinds import KINDS, Kind
from srcnet_compiler.task import SHELL, Task

_CHANGE = "get,list,watch,create,update,patch"
_HOME = "kube-system"
_ACCOUNT = f"--serviceaccount={_HOME}:{MANAGER}"


def rights(scope: Scope, pushed: Mapping[Key, Object]) -> Iterator[Task]:
    """Roles for what is pushed: over all of the cluster only where a kind lies in no namespace, and
    with no right to delete what never ends."""
    if not pushed:
        return
    kinds = {KINDS[each.kind] for each in pushed.values()}
    roles = {
        "cluster": [k for k in kinds if not k.namespaced and k.name not in STAYS],
        "cluster-kept": [k for k in kinds if not k.namespaced and k.name in STAYS],
        "inside": [k for k in kinds if k.namespaced and k.name not in STAYS],
        "inside-kept": [k for k in kinds if k.namespaced and k.name in STAYS],
    }
    namespaces = sorted({each.namespace for each in pushed.values() if each.namespace})
    yield Task(
        "Let srcnet change what is the federation's",
        f"It changes objects with the label of the federation, `{scope.prefix}`, in its own"
        " namespaces, and few beside them. These are all the rights that it needs.",
        SHELL,
        (
            f"kubectl create serviceaccount {MANAGER} --namespace {_HOME}",
            *_roles(roles),
            *(line for each in namespaces for line in _inside(each, roles)),
        ),
        scope.wide_places,
    )


_Roles = Mapping[str, Sequence[Kind]]
_WHOSE_ROLES = "roles"


def _roles(roles: _Roles) -> Iterator[str]:
    for role, kinds in roles.items():
        if kinds:
            verbs = _CHANGE if role.endswith("-kept") else f"{_CHANGE},delete"
            yield _create(role, verbs, ",".join(sorted(map(_resource, kinds))))
            if role.startswith("cluster"):
                name = f"{MANAGER}-{role}"
                yield f"kubectl create clusterrolebinding {name} --clusterrole={name} {_ACCOUNT}"
    if _grants(roles):
        yield _create(_WHOSE_ROLES, "bind,escalate", "roles.rbac.authorization.k8s.io")


def _create(role: str, verbs: str, resources: str) -> str:
    return f"kubectl create clusterrole {MANAGER}-{role} --verb={verbs} --resource={resources}"


def _inside(namespace: str, roles: _Roles) -> Iterator[str]:
    if any(kind.name == "Namespace" for kind in roles["cluster-kept"]):
        yield f"kubectl create namespace {namespace}"
    found = [role for role, kinds in roles.items() if kinds and role.startswith("inside")]
    for role in (*found, *([_WHOSE_ROLES] if _grants(roles) else [])):
        name = f"{MANAGER}-{role}"
        yield (
            f"kubectl create rolebinding {name} --namespace {namespace}"
            f" --clusterrole={name} {_ACCOUNT}"
        )


def _grants(roles: _Roles) -> bool:
    """Whether it gives rights that it has not itself: to people, in our namespaces."""
    return any(kind.name == "Role" for kind in roles["inside"])


def _resource(kind: Kind) -> str:
    group, slash, _ = kind.api.partition("/")
    return f"{kind.plural}.{group}" if slash else kind.plural

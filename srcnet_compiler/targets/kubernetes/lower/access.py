"""Who may do what in our namespaces: groups of the identity provider to roles."""

from collections.abc import Iterator

from srcnet_compiler.change import Json
from srcnet_compiler.names import GroupPath
from srcnet_compiler.span import written
from srcnet_compiler.targets.kubernetes.lower.places import Spans, group_places, together
from srcnet_compiler.targets.kubernetes.lower.scope import Scope
from srcnet_compiler.targets.kubernetes.lower.site import Part
from srcnet_compiler.targets.kubernetes.model import Object
from srcnet_compiler.targets.kubernetes.model.words import JOBS, SERVICES, SESSIONS

OPERATORS = "operators"
"""The group that runs the federation, as its document calls it."""
_RBAC = "rbac.authorization.k8s.io"
_LOOK = ("get", "list", "watch")
_ALL = (*_LOOK, "create", "update", "patch", "delete")


def _rule(groups: str, resources: str, verbs: tuple[str, ...]) -> Json:
    return {
        "apiGroups": groups.split(","),
        "resources": resources.split(),
        "verbs": list(verbs),
    }


_OPERATE: Json = [
    _rule(
        "",
        "configmaps persistentvolumeclaims pods pods/attach pods/exec pods/portforward"
        " podtemplates secrets serviceaccounts services",
        _ALL,
    ),
    _rule("", "events limitranges pods/log resourcequotas", _LOOK),
    _rule(
        "apps", "deployments deployments/scale replicasets statefulsets statefulsets/scale", _ALL
    ),
    _rule("autoscaling", "horizontalpodautoscalers", _ALL),
    _rule("batch", "cronjobs jobs", _ALL),
    _rule("gateway.networking.k8s.io", "httproutes", _ALL),
    _rule("networking.k8s.io", "ingresses", _ALL),
    _rule("networking.k8s.io", "networkpolicies", _LOOK),
    _rule("policy", "poddisruptionbudgets", _ALL),
    _rule(_RBAC, "rolebindings roles", _LOOK),
]
"""All but what guards: quotas, roles and who talks to whom are for looking at."""
_START: dict[str, Json] = {
    SESSIONS: [
        _rule("", "pods", ("create", *_LOOK)),
        _rule("", "events pods/log podtemplates", _LOOK),
    ],
    JOBS: [
        _rule("batch", "jobs", ("create", *_LOOK)),
        _rule("batch", "cronjobs", _LOOK),
        _rule("", "events pods pods/log", _LOOK),
    ],
}
"""Nobody may end another's: a server tells people apart by what they do, not by whose it is."""


def access(part: Part) -> Iterator[Object]:
    """A role for operators in each namespace, and one for people where they start something."""
    scope = part.scope
    for use, _ in scope.living:
        inside = part.within(use)
        operators = scope.federation.compute.groups.get(OPERATORS)
        if operators is not None:
            said = (scope.federation.origin.at("identity", "groups", OPERATORS),)
            yield from _role(inside, OPERATORS, _OPERATE, (operators,), said)
        people = _people(scope, use)
        if use != SERVICES and people:
            yield from _role(inside, "users", _START[use], people, _people_places(scope, use))


def _people(scope: Scope, use: str) -> tuple[GroupPath, ...]:
    """The groups whose members may start something of this use."""
    groups = (scope.groups_for(each.template) for each in scope.startable(use))
    return tuple(sorted({group for found in groups for group in found}))


def _people_places(scope: Scope, use: str) -> Spans:
    of_templates = (written(each.template.origin, "groups") for each in scope.startable(use))
    return together((*of_templates, group_places(scope.federation)))


def _role(
    part: Part, name: str, rules: Json, groups: tuple[GroupPath, ...], places: Spans
) -> Iterator[Object]:
    yield part.make("Role", name, {"rules": rules}, because=places)
    subjects: list[Json] = [
        {"apiGroup": _RBAC, "kind": "Group", "name": str(group)} for group in groups
    ]
    reference: Json = {"apiGroup": _RBAC, "kind": "Role", "name": name}
    body = {"roleRef": reference, "subjects": subjects}
    yield part.make("RoleBinding", name, body, {"subjects": places}, because=places)

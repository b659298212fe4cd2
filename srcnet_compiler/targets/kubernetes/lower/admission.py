"""What the API server lets into our namespaces: images we know, for people and projects we know.

What it says to who is refused is read by people who never saw a spec.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from srcnet_compiler.change import Json
from srcnet_compiler.federation.services import Mount, SecurityPolicy
from srcnet_compiler.span import written
from srcnet_compiler.targets.kubernetes.lower.namespaces import signed
from srcnet_compiler.targets.kubernetes.lower.places import Spans, security_places, together
from srcnet_compiler.targets.kubernetes.lower.scope import Scope
from srcnet_compiler.targets.kubernetes.lower.site import Body, Part
from srcnet_compiler.targets.kubernetes.model import PROJECT, SERVICE, USER, Object
from srcnet_compiler.targets.kubernetes.model.words import (
    NAMESPACE_NAME,
    READ_ONLY,
    SERVICES,
    object_name,
)

SINCE = (1, 30)
"""The version from which servers know these policies."""
_IDENTITY = {"federated identity": USER, "project": PROJECT}


def _rule(groups: Sequence[str], versions: Sequence[str], resources: Sequence[str]) -> Json:
    return {
        "apiGroups": list(groups),
        "apiVersions": list(versions),
        "operations": ["CREATE", "UPDATE"],
        "resources": list(resources),
    }


_ALL: list[Json] = [
    _rule([""], ["v1"], ["pods", "pods/ephemeralcontainers", "podtemplates"]),
    _rule(["apps"], ["v1"], ["daemonsets", "deployments", "replicasets", "statefulsets"]),
    _rule(["batch"], ["v1"], ["cronjobs", "jobs"]),
]
_SERVICES: list[Json] = [_rule([""], ["v1"], ["services"])]
_STARTED: list[Json] = [_rule([""], ["v1"], ["pods"]), _rule(["batch"], ["v1"], ["jobs"])]


def _pod_of(root: str) -> str:
    return (
        f'{root}.kind == "Pod" ? {root}.spec :'
        f' {root}.kind == "PodTemplate" ? {root}.template.spec :'
        f' {root}.kind == "CronJob" ? {root}.spec.jobTemplate.spec.template.spec :'
        f" {root}.spec.template.spec"
    )


def _images_of(pod: str) -> str:
    """Also those that are seen as files: they are fetched from registries as others are."""
    return (
        f"({pod}.containers + {pod}.?initContainers.orValue([])"
        f" + {pod}.?ephemeralContainers.orValue([])).map(c, c.image)"
        f" + {pod}.?volumes.orValue([]).filter(v, has(v.image)).map(v, v.image.reference)"
    )


def _labels_of(root: str) -> str:
    return (
        f'{root}.kind == "Pod" ? {root}.metadata.?labels.orValue({{}}) :'
        f" {root}.spec.template.?metadata.labels.orValue({{}})"
    )


def _claims_of(pod: str) -> str:
    """The claims that it could write by."""
    return (
        f"{pod}.?volumes.orValue([]).filter(v, has(v.persistentVolumeClaim))"
        ".filter(v, !v.persistentVolumeClaim.?readOnly.orValue(false))"
        ".map(v, v.persistentVolumeClaim.claimName)"
    )


def _variable(name: str, expression: str) -> dict[str, str]:
    return {"name": name, "expression": expression}


def _new(name: str, of: Callable[[str], str]) -> tuple[dict[str, str], ...]:
    """A list of what was not there before. What was there may stay, or nobody could scale down,
    finish or delete what ran before a policy became stricter: controllers write it for that."""
    before = f"oldObject == null ? [] : {of('variables.was')}"
    return (
        _variable(f"{name}Before", before),
        _variable(name, f"({of('variables.pod')}).filter(x, !(x in variables.{name}Before))"),
    )


_POD = (_variable("pod", _pod_of("object")), _variable("was", _pod_of("oldObject")))
_IMAGES = (*_POD, *_new("images", _images_of))
_CLAIMS = (*_POD, *_new("claims", _claims_of))
_LABELS = (
    _variable("labels", _labels_of("object")),
    _variable("labelsBefore", _labels_of("oldObject")),
)
_NEIGHBOURS = (
    *_POD,
    *_new("priority", lambda pod: f'[{pod}.?priorityClassName.orValue("")]'),
    *_new("node", lambda pod: f'[{pod}.?nodeName.orValue("")].filter(n, n != "")'),
    *_new("tolerations", lambda pod: f'{pod}.?tolerations.orValue([]).map(t, t.?key.orValue(""))'),
)
_OF_NODES = "node-role.kubernetes.io/"
"""How the taints begin that keep nodes for the cluster itself."""
_HAD = 'oldObject == null || variables.labelsBefore[?x].orValue("") != ""'
"""Nobody may take away what says for whom; what never said so may end."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """What must hold of each of a list, and what is said of the first of which it does not.

    `{}` in the text is that one.
    """

    items: str
    holds: str
    text: str

    def validation(self) -> Json:
        before, _, after = self.text.partition("{}")
        first = f"{self.items}.filter(x, !({self.holds}))[0]"
        return {
            "expression": f"{self.items}.all(x, {self.holds})",
            "messageExpression": f"{json.dumps(before)} + {first} + {json.dumps(after)}",
            "reason": "Forbidden",
        }


def admission(part: Part) -> Iterator[Object]:
    """Policies, and for which of our namespaces they hold: by name, so never for another's."""
    scope, security = part.scope, part.scope.security
    part = replace(part, exists=together((_decides(scope), part.exists)))
    if scope.cluster.version < SINCE or not scope.living:
        return
    everywhere = [name for _, name in scope.living]
    if security is not None:
        inside = _said_by(part, security)
        yield from _images(inside, security, everywhere)
        yield from _identity(inside, security, scope)
        yield from _signatures(inside, security)
    yield from _neighbours(part, scope, everywhere)
    if any(m.read_only for m in _mounts(scope)):
        claims = _Refusal(
            "variables.claims",
            f"!x.endsWith({json.dumps(READ_ONLY)})",
            "the claim {} is for reading only: give `readOnly: true` to its volume",
        )
        yield from _policy(part, "claims", _ALL, _CLAIMS, [claims], everywhere, {})


def _neighbours(part: Part, scope: Scope, where: list[str]) -> Iterator[Object]:
    """Nobody of ours goes before others' pods, or to nodes that are kept for them.

    A server lets everybody name any class of priority, also those of the system. Services name
    none; one that the site has for who names none is written into their pods.
    """
    ours = [scope.name(object_name(queue.name)) for queue in scope.queues]
    moves = [move for move in scope.federation.renamed if move.kind == "queue"]
    # a job that waits has pods made later, which name what it was told
    known = [*ours, *(scope.name(object_name(move.before)) for move in moves)]
    services = json.dumps(scope.namespaces.get(SERVICES, ""))
    remedy = f"take one of {', '.join(ours)}" if ours else "name none"
    priority = _Refusal(
        "variables.priority",
        f"x in {json.dumps(known)}"
        f' || (request.namespace == {services} && !x.startsWith("system-"))',
        f"the priority class `{{}}` is none of the federation's here: {remedy}",
    )
    node = _Refusal(
        "variables.node",
        "oldObject != null",
        "it names its node, {}, and so goes past the scheduler: leave that to it",
    )
    kept = _Refusal(
        "variables.tolerations",
        f'x != "" && !x.startsWith({json.dumps(_OF_NODES)})',
        "it tolerates `{}`, by which nodes are kept for others: say which taint it is to tolerate",
    )
    said = (*(q.origin.at() for q in scope.queues), *(move.origin.at("from") for move in moves))
    own = {"spec.validations": said}
    refusals = [priority, node, kept]
    yield from _policy(part, "neighbours", _ALL, _NEIGHBOURS, refusals, where, own)
    address = _Refusal(
        "object.spec.?externalIPs.orValue([])",
        "false",
        "it takes the address {}, and with it what others send there: have a route lead to it",
    )
    yield from _policy(part, "addresses", _SERVICES, (), [address], where, {})


def _said_by(part: Part, security: SecurityPolicy) -> Part:
    return replace(part, drafts=together((part.drafts, security.drafts)))


def _mounts(scope: Scope) -> Iterator[Mount]:
    for use, _ in scope.living:
        for each in scope.living_in(use):
            yield from each.container.of_areas


def _decides(scope: Scope) -> Spans:
    """What decides which policies there are."""
    mounts = tuple(mount.origin.at() for mount in _mounts(scope))
    return (*mounts, *security_places(scope.federation, scope.federation.security))


# ── images ────────────────────────────────────────────────────────────────────────────────────


def _images(part: Part, security: SecurityPolicy, where: list[str]) -> Iterator[Object]:
    refusals: list[_Refusal] = []
    if security.digests:
        refusals.append(
            _Refusal(
                "variables.images",
                'x.matches("@sha256:[0-9a-f]{64}$")',
                "the image {} has no digest, so that nobody knows what would run: write it as"
                " `repository@sha256:...`",
            )
        )
    if security.registries:
        known = ", ".join(security.registries)
        refusals.append(
            _Refusal(
                "variables.images",
                " || ".join(f"x.startsWith({json.dumps(b)})" for b in _beginnings(security)),
                "the image {} is from elsewhere than the federation allows: take one from " + known,
            )
        )
    if refusals:
        own = {"spec.validations": written(security.origin, "digests", "registries")}
        yield from _policy(part, "images", _ALL, _IMAGES, refusals, where, own)


def _beginnings(security: SecurityPolicy) -> Iterator[str]:
    """What an image may begin with: a registry ends where its name does, so that `a.org/b` lets in
    no `a.org/bad`."""
    for registry in security.registries:
        bare = registry.rstrip("/")
        yield f"{bare}/"
        if "/" in bare and registry == bare:
            yield f"{bare}@"
            yield f"{bare}:"


def _signatures(part: Part, security: SecurityPolicy) -> Iterator[Object]:
    """Who must have signed images, where something at the site can look: only of what is ours."""
    if not signed(part.scope):
        return
    identities: list[Json] = [
        {"issuer": signer.issuer, "subject": signer.subject} for signer in security.signers
    ]
    ours: Json = {"matchExpressions": [{"key": SERVICE, "operator": "Exists"}]}
    spec: Body = {
        "images": [{"glob": f"{registry.rstrip('/')}/**"} for registry in security.registries],
        "match": [{"version": "v1", "resource": "pods", "selector": ours}],
        "authorities": [{"name": "signers", "keyless": {"identities": identities}}],
    }
    own = {
        "spec.images": written(security.origin, "registries"),
        "spec.authorities": tuple(signer.origin.at() for signer in security.signers),
    }
    yield part.make("ClusterImagePolicy", part.scope.name("signatures"), {"spec": spec}, own)


# ── people ────────────────────────────────────────────────────────────────────────────────────


def _identity(part: Part, security: SecurityPolicy, scope: Scope) -> Iterator[Object]:
    """Whoever starts something says for whom and for which project."""
    where = [name for use, name in scope.living if use != SERVICES]
    wanted = [label for said, label in _IDENTITY.items() if said in security.carries]
    if where and wanted:
        labels = ", ".join(json.dumps(label) for label in wanted)
        refusal = _Refusal(
            f"[{labels}].filter(x, {_HAD})",
            'variables.labels[?x].orValue("") != ""',
            "what is started here must say for whom and for which project: give it the label {}",
        )
        own = {"spec.validations": written(security.origin, "workloadsCarry")}
        yield from _policy(part, "identity", _STARTED, _LABELS, [refusal], where, own)


def _policy(
    part: Part,
    name: str,
    rules: list[Json],
    variables: Sequence[dict[str, str]],
    refusals: list[_Refusal],
    where: list[str],
    own: dict[str, Spans],
) -> Iterator[Object]:
    """A policy, with what makes it hold in the namespaces of these names."""
    full = part.scope.name(name)
    spec: dict[str, Json] = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": rules},
        "validations": [refusal.validation() for refusal in refusals],
    }
    if variables:  # the server keeps no empty list
        spec["variables"] = [*variables]
    yield part.make("ValidatingAdmissionPolicy", full, {"spec": spec}, own)
    named_so: Json = {"key": NAMESPACE_NAME, "operator": "In", "values": where}
    binding: Body = {
        "policyName": full,
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": {"matchExpressions": [named_so]}},
    }
    yield part.make("ValidatingAdmissionPolicyBinding", full, {"spec": binding})

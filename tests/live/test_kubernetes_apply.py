"""Plans carried out on a real API server, beside others who are never disturbed."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kubernetes_cases import (
    bad,
    carry_out,
    converge,
    fingerprint,
    left,
    live,
    plan_of,
    reached,
    seen,
    settle_tenant,
    to_reach,
)
from kubernetes_objects import IMAGE, OWNER_NAME, changed, deployment, model, thing, wanted

from srcnet_compiler.apply.receipt import Status, exit_code
from srcnet_compiler.change import Action, Change, Impact
from srcnet_compiler.demo.kubernetes_server import ApiServer
from srcnet_compiler.demo.kubernetes_server import RefusedError as Refused
from srcnet_compiler.diagnostic import Code, Diagnostic, Severity
from srcnet_compiler.targets.kubernetes import check, diff
from srcnet_compiler.targets.kubernetes.live import apply, open_connection
from srcnet_compiler.targets.kubernetes.live.client import ApiError
from srcnet_compiler.targets.kubernetes.model import OWNER, SITE, KubernetesModel, Object
from srcnet_compiler.targets.kubernetes.model.kinds import KINDS

pytestmark = pytest.mark.live("kubernetes")
THEIR_PODS: dict[str, Any] = {"containers": [{"name": "main", "image": "theirs:latest"}]}
MERGE = "application/merge-patch+json"


def edit(
    server: ApiServer, kind: str, name: str, patch: dict[str, Any], manager: str = "kubectl-edit"
) -> None:
    """Somebody else's hand."""
    space, _, bare = name.rpartition("/")
    path = KINDS[kind].path(space, bare)
    server.ask("PATCH", path, patch, content_type=MERGE, fieldManager=manager)


def delete(server: ApiServer, kind: str, name: str) -> None:
    space, _, bare = name.rpartition("/")
    server.ask("DELETE", KINDS[kind].path(space, bare))


def is_there(server: ApiServer, kind: str, name: str) -> bool:
    try:
        live(server, kind, name)
    except Refused as no:
        return no.status != 404
    return True


def changes(server: ApiServer, desired: KubernetesModel) -> tuple[Change, ...]:
    return diff.diff(desired, seen(server, desired))


def one_change(server: ApiServer, desired: KubernetesModel) -> Change:
    (change,) = changes(server, desired)
    return change


def differing(change: Change) -> dict[str, tuple[Any, Any]]:
    return {f.name: (f.before, f.after) for f in change.fields if f.before != f.after}


def small(space: str, *objects: Object) -> KubernetesModel:
    return model(thing("Namespace", space), *objects)


# ── what is done ──────────────────────────────────────────────────────────────────────────────


def test_what_is_applied_is_there_and_nothing_is_left_to_do(kubernetes: ApiServer, tmp_path: Path):
    settle_tenant(kubernetes, "tenant-a")
    theirs = fingerprint(kubernetes, "tenant-a")
    desired = wanted("ska-a")
    plan = to_reach(kubernetes, desired)
    assert len(plan.changes) == len(desired.objects)
    rehearsed = carry_out(kubernetes, plan, tmp_path, rehearsal=True)
    assert bad(rehearsed) == []
    assert not seen(kubernetes, desired).model.objects
    receipt = carry_out(kubernetes, plan, tmp_path)
    assert bad(receipt) == []
    assert {result.status for result in receipt.results} == {Status.DONE}
    assert left(kubernetes, desired) == []
    again = carry_out(kubernetes, plan, tmp_path)
    assert bad(again) == []
    assert {result.status for result in again.results} == {Status.ALREADY}
    assert fingerprint(kubernetes, "tenant-a") == theirs


POLICY = {
    "podSelector": {"matchLabels": {"app": "soda", "tier": "front"}},
    "policyTypes": ["Ingress", "Egress"],
    "ingress": [{"ports": [{"port": 8080}]}, {"ports": [{"port": 9090}]}],
    "egress": [{"ports": [{"port": 53, "protocol": "UDP"}]}],
}


@pytest.mark.parametrize(
    ("number", "before", "after"),
    [
        (1, POLICY, {**POLICY, "ingress": POLICY["ingress"][:1]}),
        (2, POLICY, {**POLICY, "podSelector": {"matchLabels": {"app": "soda"}}}),
        (3, POLICY, {**POLICY, "podSelector": {}}),
        (4, {**POLICY, "podSelector": {}}, POLICY),
        (5, POLICY, {**POLICY, "ingress": [*POLICY["ingress"], {"ports": [{"port": 1}]}]}),
        (6, POLICY, {**POLICY, "ingress": []}),
        (7, POLICY, {k: v for k, v in POLICY.items() if k != "egress"}),
    ],
)
def test_what_is_taken_out_of_a_policy_is_gone(
    kubernetes: ApiServer, tmp_path: Path, number: int, before: Any, after: Any
):
    """Values that are held as a whole, in which the server fills in what was not said."""
    space = f"ska-np-{number}"
    first = small(space, thing("NetworkPolicy", f"{space}/soda", spec=before))
    converge(kubernetes, first, tmp_path / "1")
    assert left(kubernetes, first) == []
    second = small(space, thing("NetworkPolicy", f"{space}/soda", spec=after))
    assert one_change(kubernetes, second).impact is Impact.RECONFIGURE
    converge(kubernetes, second, tmp_path / "2")
    assert left(kubernetes, second) == []
    spec = live(kubernetes, "NetworkPolicy", f"{space}/soda")["spec"]
    assert spec["podSelector"] == after["podSelector"]
    assert len(spec.get("ingress", [])) == len(after["ingress"])


def test_what_is_taken_out_of_a_deployment_is_gone(kubernetes: ApiServer, tmp_path: Path):
    space = "ska-b"
    name = f"{space}/soda"
    first = small(space, deployment(name, hostAliases=[{"ip": "10.0.0.1", "hostnames": ["a"]}]))
    converge(kubernetes, first, tmp_path / "1")
    document: Any = deployment(name).document
    container = document["spec"]["template"]["spec"]["containers"][0]
    container["env"] = container["env"][2:]
    container["volumeMounts"] = container["volumeMounts"][1:]
    del container["readinessProbe"]
    document["spec"]["template"]["spec"]["volumes"] = document["spec"]["template"]["spec"][
        "volumes"
    ][1:]
    second = small(space, thing("Deployment", name, spec=document["spec"]))
    change = one_change(kubernetes, second)
    assert (change.action, change.impact) == (Action.UPDATE, Impact.RESTART)
    assert change.reason == "its Pods are started anew, 2 of them"
    at = "spec.template.spec.containers[name=main]"
    assert differing(change)[f"{at}.env[name=DEBUG].name"] == ("DEBUG", None)
    converge(kubernetes, second, tmp_path / "2")
    assert left(kubernetes, second) == []
    pod = live(kubernetes, "Deployment", name)["spec"]["template"]["spec"]
    assert [each["name"] for each in pod["containers"][0]["env"]] == ["TOKEN"]
    assert [each["name"] for each in pod["volumes"]] == ["tmp"]
    assert "hostAliases" not in pod
    assert "readinessProbe" not in pod["containers"][0]


def test_the_order_of_what_runs_first_is_as_wanted(kubernetes: ApiServer, tmp_path: Path):
    space = "ska-order"

    def starting(*names: str) -> KubernetesModel:
        containers = [{"name": each, "image": IMAGE} for each in names]
        return small(space, deployment(f"{space}/soda", initContainers=containers))

    for number, names in enumerate([("b",), ("a", "b"), ("a", "c", "b")]):
        converge(kubernetes, starting(*names), tmp_path / str(number))
        pod = live(kubernetes, "Deployment", f"{space}/soda")["spec"]["template"]["spec"]
        assert [each["name"] for each in pod["initContainers"]] == list(names)


@pytest.mark.parametrize("matters", [True, False])
def test_another_order_of_variables_is_a_difference_where_it_matters(
    kubernetes: ApiServer, tmp_path: Path, matters: bool
):
    """A server puts in only what stands before."""
    space = f"ska-env-{'matters' if matters else 'not'}"
    name = f"{space}/soda"
    url = {"name": "A_URL", "value": "$(BASE)/a" if matters else "https://x/a"}
    env = [{"name": "BASE", "value": "https://x"}, url]
    container = {"name": "main", "image": IMAGE, "env": env}
    desired = small(space, deployment(name, containers=[container]))
    converge(kubernetes, desired, tmp_path / "1")
    assert left(kubernetes, desired) == []
    place = KINDS["Deployment"].path(space, "soda")
    turned = [{"op": "replace", "path": "/spec/template/spec/containers/0/env", "value": env[::-1]}]
    kubernetes.ask(
        "PATCH",
        place,
        json.dumps(turned),
        content_type="application/json-patch+json",
        fieldManager="somebody",
    )
    if not matters:
        assert left(kubernetes, desired) == []
        return
    change = one_change(kubernetes, desired)
    where = "spec.template.spec.containers[name=main].env[name=A_URL].after"
    assert differing(change) == {where: (None, ["BASE"])}
    converge(kubernetes, desired, tmp_path / "2")
    assert left(kubernetes, desired) == []
    pod = live(kubernetes, "Deployment", name)["spec"]["template"]["spec"]
    assert [each["name"] for each in pod["containers"][0]["env"]] == ["BASE", "A_URL"]


@pytest.mark.parametrize(
    ("kind", "name", "document", "impact", "reason"),
    [
        ("Namespace", "", {"metadata": {"labels": {"new": "x"}}}, Impact.COSMETIC, ""),
        ("ResourceQuota", "q", {"spec": {"hard": {"pods": "7"}}}, Impact.RECONFIGURE, ""),
        ("ConfigMap", "c", {"data": {"max": "1"}}, Impact.RECONFIGURE, ""),
    ],
)
def test_changes_say_what_they_do(
    kubernetes: ApiServer,
    tmp_path: Path,
    kind: str,
    name: str,
    document: Any,
    impact: Impact,
    reason: str,
):
    space = f"ska-says-{kind.lower()}"
    path = f"{space}/{name}" if name else space
    before = {
        "ResourceQuota": {"spec": {"hard": {"pods": "5"}}},
        "ConfigMap": {"data": {"max": "1.0"}},
    }.get(kind, {})
    converge(kubernetes, small(space, thing(kind, path, **before)), tmp_path / "1")
    second = small(space, thing(kind, path, **document))
    change = one_change(kubernetes, second)
    assert (change.impact, change.reason) == (impact, reason)
    converge(kubernetes, second, tmp_path / "2")
    assert left(kubernetes, second) == []


# ── others ────────────────────────────────────────────────────────────────────────────────────


def test_what_another_manager_set_is_a_conflict_that_is_shown(
    kubernetes: ApiServer, tmp_path: Path
):
    space, name = "ska-c", "ska-c/soda"
    desired = small(space, deployment(name))
    converge(kubernetes, desired, tmp_path / "1")
    edit(kubernetes, "Deployment", name, {"spec": {"replicas": 5}})
    change = one_change(kubernetes, desired)
    assert differing(change) == {"spec.replicas": (5, 2)}
    assert "`spec.replicas` is held by `kubectl-edit`" in change.reason
    before = fingerprint(kubernetes, space)
    receipt = carry_out(kubernetes, plan_of([change]), tmp_path / "2")
    assert [result.status for result in receipt.results] == [Status.CONFLICT]
    assert "is held by `kubectl-edit`, who has it at 5" in receipt.results[0].text
    assert exit_code(receipt) == 5
    assert fingerprint(kubernetes, space) == before


def test_who_takes_a_field_at_the_last_moment_is_not_overruled(
    kubernetes: ApiServer, tmp_path: Path
):
    """Taken between plan and apply, of a field that does not change."""
    space, name = "ska-d", "ska-d/soda"
    converge(kubernetes, small(space, deployment(name)), tmp_path / "1")
    plan = to_reach(kubernetes, small(space, deployment(name, image=f"{IMAGE[:-1]}1")))
    edit(kubernetes, "Deployment", name, {"spec": {"replicas": 5}})
    receipt = carry_out(kubernetes, plan, tmp_path / "2")
    assert [result.status for result in receipt.results] == [Status.CONFLICT]
    assert live(kubernetes, "Deployment", name)["spec"]["replicas"] == 5


def test_who_takes_a_field_between_our_look_and_our_word_is_not_overruled(
    kubernetes: ApiServer, tmp_path: Path
):
    """The server itself says no: nothing that we send is ever forced."""
    space, name = "ska-race", "ska-race/soda"
    desired = deployment(name)
    converge(kubernetes, small(space, desired), tmp_path / "1")
    edit(kubernetes, "Deployment", name, {"spec": {"replicas": 5}})
    with closing(open_connection(reached(kubernetes))) as api, pytest.raises(ApiError) as no:
        apply(api.client, desired)
    assert no.value.status == 409
    assert live(kubernetes, "Deployment", name)["spec"]["replicas"] == 5


def test_what_others_add_stays_and_is_no_difference(kubernetes: ApiServer, tmp_path: Path):
    space, name = "ska-e", "ska-e/soda"
    service = thing("Service", name, spec={"selector": {"app": "soda"}, "ports": [{"port": 80}]})
    converge(kubernetes, small(space, deployment(name), service), tmp_path / "1")
    edit(kubernetes, "Namespace", space, {"metadata": {"labels": {"theirs": "1"}}})
    edit(kubernetes, "Service", name, {"metadata": {"annotations": {"theirs": "2"}}})
    ports = [{"name": "theirs", "port": 9090}]
    edit(kubernetes, "Deployment", name, {"metadata": {"labels": {"theirs": "3"}}})
    sidecar = {"spec": {"template": {"spec": {"containers": [{"name": "proxy", "image": "p"}]}}}}
    kubernetes.apply(
        KINDS["Deployment"].path(space, "soda"),
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "soda", "namespace": space},
            **sidecar,
        },
        manager="mesh",
    )
    desired = small(space, deployment(name), service)
    assert left(kubernetes, desired) == []
    image = f"{IMAGE[:-1]}2"
    converge(kubernetes, changed(desired, deployment(name, image=image)), tmp_path / "2")
    assert live(kubernetes, "Namespace", space)["metadata"]["labels"]["theirs"] == "1"
    assert live(kubernetes, "Service", name)["metadata"]["annotations"]["theirs"] == "2"
    there = live(kubernetes, "Deployment", name)
    assert there["metadata"]["labels"]["theirs"] == "3"
    images = {e["name"]: e["image"] for e in there["spec"]["template"]["spec"]["containers"]}
    assert images == {"main": image, "proxy": "p"}
    assert ports


def test_a_foreign_object_in_our_namespace_stays_as_it_is(kubernetes: ApiServer, tmp_path: Path):
    space = "ska-f"
    converge(kubernetes, small(space, deployment(f"{space}/soda")), tmp_path / "1")
    kubernetes.ask(
        "POST",
        KINDS["Deployment"].path(space),
        {**deployment(f"{space}/other").document, "metadata": {"name": "other"}},
    )
    theirs = live(kubernetes, "Deployment", f"{space}/other")
    desired = small(space, deployment(f"{space}/soda", replicas=7))
    converge(kubernetes, desired, tmp_path / "2")
    ended = model(ended={("Deployment", f"{space}/other"): "retired"})
    assert changes(kubernetes, ended) == ()
    assert live(kubernetes, "Deployment", f"{space}/other") == theirs


# ── adoption ──────────────────────────────────────────────────────────────────────────────────


def test_what_exists_is_taken_over_by_a_shown_change(kubernetes: ApiServer, tmp_path: Path):
    space, name = "ska-h", "ska-h/soda"
    kubernetes.ask("POST", "/api/v1/namespaces", {"metadata": {"name": space}})
    body = {"metadata": {"name": "soda"}, "data": {"a": "b", "theirs": "kept"}}
    kubernetes.ask("POST", KINDS["ConfigMap"].path(space), body)
    desired = small(space, thing("ConfigMap", name, data={"a": "b"}))
    plan = to_reach(kubernetes, desired)
    done = [(each.action, each.address.kind) for each in plan.changes]
    assert sorted(done, key=str) == [
        (Action.ADOPT, "ConfigMap"),
        (Action.ADOPT, "Namespace"),
        (Action.UPDATE, "ConfigMap"),
        (Action.UPDATE, "Namespace"),
    ]
    assert bad(carry_out(kubernetes, plan, tmp_path, rehearsal=True)) == []
    assert bad(carry_out(kubernetes, plan, tmp_path)) == []
    assert left(kubernetes, desired) == []
    there = live(kubernetes, "ConfigMap", name)
    assert there["data"] == {"a": "b", "theirs": "kept"}
    assert there["metadata"]["labels"] == {OWNER: OWNER_NAME}
    # it is ours from now on: what the spec takes out is taken out, if nobody else holds it
    assert differing(one_change(kubernetes, small(space, thing("ConfigMap", name)))) == {
        "data.a": ("b", None)
    }


def test_a_namespace_in_which_others_live_is_an_error_until_it_is_said_to_be_ours(
    kubernetes: ApiServer, tmp_path: Path
):
    """Its Pods would be cut off by what closes our namespaces, and refused for their images."""
    space = "ska-lived-in"
    kubernetes.ask("POST", "/api/v1/namespaces", {"metadata": {"name": space}})
    desired = wanted(space)

    def objections() -> list[Diagnostic]:
        found = check.check_seen(desired, seen(kubernetes, desired).model)
        return [each for each in found if each.severity is Severity.ERROR]

    assert objections() == [], "an administrator makes it for us, empty"
    template = {"metadata": {"labels": {"app": "theirs"}}, "spec": THEIR_PODS}
    theirs = {"selector": {"matchLabels": {"app": "theirs"}}, "template": template}
    path = KINDS["Deployment"].path(space)
    kubernetes.ask("POST", path, {"metadata": {"name": "theirs"}, "spec": theirs})
    (said,) = objections()
    assert said.code is Code.NOT_OURS
    assert "Deployment theirs" in said.message
    assert said.help is not None
    assert f"{OWNER}={OWNER_NAME}" in said.help
    labels = {"metadata": {"name": space, "labels": {OWNER: OWNER_NAME}}}
    place = KINDS["Namespace"].path("", space)
    kubernetes.apply(place, {"apiVersion": "v1", "kind": "Namespace", **labels}, manager="admin")
    assert objections() == []
    converge(kubernetes, desired, tmp_path)


def test_a_namespace_in_which_others_live_is_an_error_also_where_an_operator_brings_ours(
    kubernetes: ApiServer,
):
    """What closes it comes from a repository, and cuts their Pods off all the same."""
    space = "ska-fetched-lived-in"
    pushed = wanted(space)
    desired = replace(pushed, delivery="flux", objects={}, fetched=pushed.objects)

    def objections() -> list[str]:
        return [each.message for each in check.check_seen(desired, seen(kubernetes, desired).model)]

    assert objections() == [], "nobody has made it yet"
    kubernetes.ask("POST", "/api/v1/namespaces", {"metadata": {"name": space}})
    assert objections() == [], "an administrator makes it for us, empty"
    service = {"metadata": {"name": "theirs"}, "spec": {"ports": [{"port": 80}]}}
    kubernetes.ask("POST", KINDS["Service"].path(space), service)
    (said,) = objections()
    assert f"namespace `{space}` is there without our label" in said
    assert "Service theirs" in said
    labels = {"metadata": {"name": space, "labels": {OWNER: OWNER_NAME}}}
    place = KINDS["Namespace"].path("", space)
    kubernetes.apply(place, {"apiVersion": "v1", "kind": "Namespace", **labels}, manager="flux")
    assert objections() == [], "the operator has brought ours"


def test_what_has_the_prefix_of_before_is_said(kubernetes: ApiServer, tmp_path: Path):
    """Nobody would see it any more, and it would run twice."""
    before, site = "old-services", "SITE-OF-TWO"
    label = {OWNER: "old", SITE: site}
    body = {"metadata": {"name": before, "labels": label}}
    kubernetes.ask("POST", "/api/v1/namespaces", body)
    new = small("new-services")
    for where, others in ((site, [before]), ("OTHER-SITE", [])):
        desired = replace(new, site=where, site_known_as=where, namespaces=("new-services",))
        found = check.check_seen(desired, seen(kubernetes, desired).model)
        said = [each.message for each in found if "another prefix" in each.message]
        assert [message.rpartition(": ")[2] for message in said] == others


def test_what_exists_otherwise_is_taken_over_and_stays_with_who_holds_it(
    kubernetes: ApiServer, tmp_path: Path
):
    space, name = "ska-i", "ska-i/soda"
    kubernetes.ask("POST", "/api/v1/namespaces", {"metadata": {"name": space}})
    body = {"metadata": {"name": "soda"}, "data": {"a": "theirs", "b": "same"}}
    kubernetes.ask("POST", f"{KINDS['ConfigMap'].path(space)}?fieldManager=helm", body)
    desired = small(space, thing("ConfigMap", name, data={"a": "ours", "b": "same"}))
    receipt = carry_out(kubernetes, to_reach(kubernetes, desired), tmp_path)
    said = {
        (each.change.address.kind, each.change.action): (each.status, each.text)
        for each in receipt.results
    }
    assert said["ConfigMap", Action.ADOPT][0] is Status.DONE
    status, text = said["ConfigMap", Action.UPDATE]
    assert status is Status.CONFLICT
    assert "`data.a` is held by `helm`" in text
    assert live(kubernetes, "ConfigMap", name)["data"]["a"] == "theirs"


def test_what_another_federation_has_is_never_taken(kubernetes: ApiServer, tmp_path: Path):
    space, name = "ska-j", "ska-j/soda"
    converge(kubernetes, small(space), tmp_path / "1")
    body = {"metadata": {"name": "soda", "labels": {OWNER: "other"}}, "data": {"a": "theirs"}}
    kubernetes.ask("POST", KINDS["ConfigMap"].path(space), body)
    before = fingerprint(kubernetes, space)
    desired = small(space, thing("ConfigMap", name, data={"a": "ours"}))
    assert left(kubernetes, desired) == []
    forced = diff.diff(desired, seen(kubernetes, small(space)))
    receipt = carry_out(kubernetes, plan_of(forced), tmp_path / "2")
    assert [each.status for each in receipt.results] == [Status.CONFLICT]
    assert fingerprint(kubernetes, space) == before


def test_what_was_made_after_the_plan_is_not_merged_into(kubernetes: ApiServer, tmp_path: Path):
    space, name = "ska-k", "ska-k/soda"
    converge(kubernetes, small(space), tmp_path / "1")
    plan = to_reach(kubernetes, small(space, thing("ConfigMap", name, data={"a": "ours"})))
    body = {"metadata": {"name": "soda"}, "data": {"b": "theirs"}}
    kubernetes.ask("POST", KINDS["ConfigMap"].path(space), body)
    before = fingerprint(kubernetes, space)
    receipt = carry_out(kubernetes, plan, tmp_path / "2")
    assert [each.status for each in receipt.results] == [Status.CONFLICT]
    assert "without our label" in receipt.results[0].text
    assert fingerprint(kubernetes, space) == before


# ── what cannot be changed, and what ends ─────────────────────────────────────────────────────


def binding(name: str, role: str) -> Object:
    return thing(
        "RoleBinding",
        name,
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role},
        subjects=[{"kind": "Group", "name": "ska/x", "apiGroup": "rbac.authorization.k8s.io"}],
    )


def test_what_cannot_be_changed_is_replaced_and_says_so(kubernetes: ApiServer, tmp_path: Path):
    space, name = "ska-l", "ska-l/soda"
    roles = [thing("Role", f"{space}/{each}", rules=[]) for each in ("one", "two")]
    first = small(space, *roles, binding(name, "one"), deployment(name))
    converge(kubernetes, first, tmp_path / "1")
    old = live(kubernetes, "RoleBinding", name)["metadata"]["uid"]
    second = changed(first, binding(name, "two"))
    change = one_change(kubernetes, second)
    assert (change.action, change.impact) == (Action.UPDATE, Impact.RESTART)
    assert change.reason == (
        "it is replaced, deleted and made anew: `roleRef.name` of a RoleBinding cannot be changed"
    )
    converge(kubernetes, second, tmp_path / "2")
    assert left(kubernetes, second) == []
    assert live(kubernetes, "RoleBinding", name)["metadata"]["uid"] != old


def test_what_somebody_deleted_before_its_replacement_is_a_conflict(
    kubernetes: ApiServer, tmp_path: Path
):
    """What we deleted ourselves, before a kill, is made: see the kills in the other file."""
    space, name = "ska-m", "ska-m/soda"
    converge(kubernetes, small(space, binding(name, "one")), tmp_path / "1")
    plan = to_reach(kubernetes, small(space, binding(name, "two")))
    delete(kubernetes, "RoleBinding", name)
    receipt = carry_out(kubernetes, plan, tmp_path / "2")
    assert [each.status for each in receipt.results] == [Status.CONFLICT]
    assert not is_there(kubernetes, "RoleBinding", name)


def test_a_claim_is_never_replaced(kubernetes: ApiServer, tmp_path: Path):
    space, name = "ska-n", "ska-n/rse"

    def claim(volume: str, size: str) -> KubernetesModel:
        spec = {
            "accessModes": ["ReadOnlyMany"],
            "volumeName": volume,
            "storageClassName": "",
            "resources": {"requests": {"storage": size}},
        }
        return small(space, thing("PersistentVolumeClaim", name, spec=spec))

    converge(kubernetes, claim("one", "1Gi"), tmp_path / "1")
    assert changes(kubernetes, claim("two", "1Gi")) == ()


def test_what_is_retired_goes_and_what_keeps_data_stays(kubernetes: ApiServer, tmp_path: Path):
    space, name = "ska-o", "ska-o/soda"
    desired = wanted(space)
    converge(kubernetes, desired, tmp_path / "1")
    ended = model(ended=dict.fromkeys(desired.objects, "its service is retired"))
    plan = to_reach(kubernetes, ended)
    assert {each.action for each in plan.changes} == {Action.RETIRE}
    kept = {"Namespace", "PersistentVolume", "PersistentVolumeClaim"}
    gone = {each.address.kind for each in plan.changes}
    assert gone == {kind for kind, _ in desired.objects} - kept
    (workload,) = [each for each in plan.changes if each.address.kind == "Deployment"]
    assert workload.impact is Impact.RESTART
    assert workload.reason == "its service is retired; its Pods end, 2 of them"
    assert bad(carry_out(kubernetes, plan, tmp_path / "2", rehearsal=True)) == []
    assert is_there(kubernetes, "Deployment", name)
    assert bad(carry_out(kubernetes, plan, tmp_path / "2")) == []
    for kind, each in desired.objects:
        assert is_there(kubernetes, kind, each) == (kind in kept), (kind, each)
    assert left(kubernetes, ended) == []
    again = carry_out(kubernetes, plan, tmp_path / "2")
    assert {result.status for result in again.results} == {Status.ALREADY}


def test_what_lost_our_label_is_not_retired(kubernetes: ApiServer, tmp_path: Path):
    space, name = "ska-p", "ska-p/soda"
    desired = small(space, thing("ConfigMap", name, data={"a": "b"}))
    converge(kubernetes, desired, tmp_path / "1")
    ended = model(ended={("ConfigMap", name): "retired"})
    plan = to_reach(kubernetes, ended)
    assert [each.action for each in plan.changes] == [Action.RETIRE]
    edit(kubernetes, "ConfigMap", name, {"metadata": {"labels": {OWNER: None}}})
    assert changes(kubernetes, ended) == ()
    receipt = carry_out(kubernetes, plan, tmp_path / "2")
    assert [each.status for each in receipt.results] == [Status.CONFLICT]
    assert is_there(kubernetes, "ConfigMap", name)

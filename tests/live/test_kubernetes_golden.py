"""The golden federation's clusters, as they are lowered, on a real API server."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from apply_process import now
from kubernetes_cases import bad, fingerprint, settle_tenant
from specs import GOLDEN, compile_texts, compiled, texts

from srcnet_compiler.apply.run import apply_plan
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.change import Change, SystemName
from srcnet_compiler.demo import kubernetes_server
from srcnet_compiler.demo.kubernetes_server import ApiServer
from srcnet_compiler.plan.build import waves
from srcnet_compiler.plan.file import digest
from srcnet_compiler.plan.model import Binding, Plan
from srcnet_compiler.targets.kubernetes import TARGET, check
from srcnet_compiler.targets.kubernetes.live import apply, open_connection
from srcnet_compiler.targets.kubernetes.model import KubernetesModel
from srcnet_compiler.targets.protocol import Reading

pytestmark = pytest.mark.live("kubernetes")

MODELS: dict[str, KubernetesModel] = {
    lowered.model.instance: lowered.model
    for lowered in compiled(GOLDEN).models
    if lowered.target is TARGET
}


def reached(server: ApiServer, desired: KubernetesModel) -> dict[str, str]:
    return {
        "server": server.url,
        "certificate": server.certificate,
        "token": server.token,
        "instance": desired.instance,
        "prefix": desired.prefix,
    }


def look(
    server: ApiServer, desired: KubernetesModel
) -> tuple[Reading[KubernetesModel], tuple[Change, ...]]:
    with closing(open_connection(reached(server, desired))) as api:
        reading = TARGET.read(api, desired)
        changes = TARGET.diff(desired, reading)
        refused = [each.message for each in TARGET.try_out(api, desired, reading, changes)]
    assert not [each for each in refused if "the API server refuses" in each]
    return reading, changes


def looked_at_by_a_reader(server: ApiServer, desired: KubernetesModel) -> list[str]:
    """What differs for somebody who may look, and not even try a change."""
    root = "/apis/rbac.authorization.k8s.io/v1"
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}]
    server.ask("POST", f"{root}/clusterroles", {"metadata": {"name": "look"}, "rules": rules})
    binding = {
        "metadata": {"name": "look"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "look",
        },
        "subjects": [{"kind": "User", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"}],
    }
    server.ask("POST", f"{root}/clusterrolebindings", binding)
    connection = {**reached(server, desired), "token": server.token_for("reader")}
    with closing(open_connection(connection)) as api:
        changes = TARGET.diff(desired, TARGET.read(api, desired))
    return [
        f"{change.address}: {field.name} {field.before} → {field.after}"
        for change in changes
        for field in change.fields
        if field.before != field.after
    ]


def test_there_is_something_to_see():
    assert MODELS
    assert sum(len(model.objects) for model in MODELS.values()) > 20


@pytest.mark.parametrize("instance", sorted(MODELS))
def test_what_is_lowered_is_applied_and_read_back_and_the_rest_is_a_gap(
    instance: str, fresh_kubernetes: ApiServer, tmp_path: Path
):
    desired, server = MODELS[instance], fresh_kubernetes
    kubernetes_server.install_crds(server, *kubernetes_server.CRDS)
    settle_tenant(server, "tenant")
    for space in {each.namespace for each in desired.objects.values()} - {""}:
        if ("Namespace", space) not in desired.objects:  # the operator's own
            server.ask("POST", "/api/v1/namespaces", {"metadata": {"name": space}})
    theirs = fingerprint(server, "tenant")
    assert [each.message for each in check.check(desired)] == []
    reading, changes = look(server, desired)
    unseen = {gap.under.kind for gap in reading.gaps}
    made = Counter(change.address.kind for change in changes)
    assert made == Counter(kind for kind, _ in desired.objects if kind not in unseen)
    system = SystemName("kubernetes", instance)
    plan = Plan((system,), Binding("", "", ""), waves(changes))
    receipt = apply_plan(
        plan,
        digest=digest(plan),
        store=StateStore(tmp_path),
        connections={str(system): reached(server, desired)},
        clock=now,
    )
    assert bad(receipt) == []
    after, left = look(server, desired)
    assert [
        (str(each.address), [f for f in each.fields if f.before != f.after]) for each in left
    ] == []
    assert after.model.objects.keys() == {key for key in desired.objects if key[0] not in unseen}
    assert fingerprint(server, "tenant") == theirs
    differs = looked_at_by_a_reader(server, desired)
    assert differs == [], "\n".join(differs)
    print(f"{instance}: {made.total()} objects, unseen: {sorted(unseen)}")


def test_what_makes_argo_cd_fetch_is_taken_by_its_own_definitions(kubernetes: ApiServer):
    """The golden federation's other operator is in the test above."""
    files = texts(GOLDEN)
    site = "site-specs/chsrc-cscs.yaml"
    assert "{flux: {" in files[site]
    files[site] = files[site].replace("{flux: {", "{argocd: {").replace("flux-system", "argo-here")
    (desired,) = (
        lowered.model
        for lowered in compile_texts(files).models
        if lowered.target is TARGET and lowered.model.instance == "CHSRC-CSCS.edge"
    )
    assert [thing.kind for thing in desired.things()] == ["AppProject", "Application"]
    kubernetes.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "argo-here"}})
    with closing(open_connection(reached(kubernetes, desired))) as api:
        for thing in desired.things():
            apply(api.client, thing)
        assert TARGET.diff(desired, TARGET.read(api, desired)) == ()

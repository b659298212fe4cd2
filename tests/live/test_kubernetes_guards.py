"""What the golden federation's guards let through on a real API server: images, people, rights."""

from __future__ import annotations

from contextlib import closing
from time import monotonic, sleep
from typing import Any

import pytest
from specs import GOLDEN, compiled

from srcnet_compiler.demo import kubernetes_server
from srcnet_compiler.demo.kubernetes_server import ApiServer, RefusedError
from srcnet_compiler.targets.kubernetes import TARGET
from srcnet_compiler.targets.kubernetes.live import apply, open_connection
from srcnet_compiler.targets.kubernetes.model import PROJECT, USER, KubernetesModel

pytestmark = pytest.mark.live("kubernetes")

(MODEL,) = (
    lowered.model
    for lowered in compiled(GOLDEN).models
    if lowered.target is TARGET and lowered.model.instance == "CHSRC-CSCS.services"
)
GUARDS = {
    *("Namespace", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
    "PriorityClass",
    *("ResourceQuota", "LimitRange", "Role", "RoleBinding"),
}
FORMER: Any = {"metadata": {"name": "former"}, "value": 1000}
"""A class of priority of somebody else's."""
CONTROL = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
DIGEST = f"sha256:{'0' * 64}"
GOOD = f"registry.example.org/srcnet/notebook@{DIGEST}"
SOMEBODY = {USER: "somebody", PROJECT: "eor"}
SECONDS = 30
"""How long the server may take to obey a policy that it was just given."""


@pytest.fixture
def guarded(fresh_kubernetes: ApiServer) -> ApiServer:
    guard(fresh_kubernetes)
    fresh_kubernetes.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "tenant"}})
    fresh_kubernetes.ask("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", FORMER)
    return fresh_kubernetes


def guard(server: ApiServer) -> None:
    """Have the golden federation's guards in force."""
    kubernetes_server.install_crds(server, "kueue")
    desired: KubernetesModel = MODEL
    connection = {
        "server": server.url,
        "certificate": server.certificate,
        "token": server.token,
        "instance": desired.instance,
        "prefix": desired.prefix,
    }
    with closing(open_connection(connection)) as api:
        for thing in desired.things():
            if thing.kind in GUARDS:
                apply(api.client, thing)
    await_refusal(server)


def await_refusal(server: ApiServer) -> None:
    """Until the policies are in force."""
    deadline = monotonic() + SECONDS
    for namespace, image, labels in (
        ("ska-services", "registry.example.org/srcnet/notebook:latest", {}),
        ("ska-sessions", GOOD, {}),
    ):
        while said(server, namespace, image, labels) is None:
            assert monotonic() < deadline, namespace
            sleep(0.2)


def pod(image: str, labels: dict[str, str], **more: Any) -> dict[str, Any]:
    some = {"cpu": "100m", "memory": "64Mi", "ephemeral-storage": "100M"}
    container = {
        "name": "main",
        "image": image,
        "resources": {"requests": some, "limits": some},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        **more,
    }
    user = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    priority = {"priorityClassName": "ska-interactive"} if labels else {}
    return {
        "metadata": {"name": "trial", "labels": labels},
        "spec": {"containers": [container], "securityContext": user, **priority},
    }


def said(
    server: ApiServer,
    namespace: str,
    image: str,
    labels: dict[str, str],
    token: str | None = None,
    **more: Any,
) -> str | None:
    """Why a Pod is refused; None where it is not."""
    path = f"/api/v1/namespaces/{namespace}/pods"
    try:
        server.ask("POST", path, pod(image, labels, **more), token=token, dryRun="All")
    except RefusedError as refusal:
        return str(refusal)
    return None


def refused(server: ApiServer, namespace: str, **change: Any) -> str | None:
    """Why a Pod that is good but for this is refused; None where it is not."""
    document = pod(GOOD, SOMEBODY)
    document["spec"] |= change
    try:
        server.ask("POST", f"/api/v1/namespaces/{namespace}/pods", document, dryRun="All")
    except RefusedError as refusal:
        return str(refusal)
    return None


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("registry.example.org/srcnet/notebook:latest", "has no digest"),
        ("registry.example.org/srcnet/notebook", "has no digest"),
        (f"registry.example.com/miner@{DIGEST}", "is from elsewhere than the federation allows"),
        (f"registry.example.org/srcnet-like/x@{DIGEST}", "is from elsewhere"),
        (f"docker.io/registry.example.org/srcnet/x@{DIGEST}", "is from elsewhere"),
    ],
)
def test_images_without_digest_or_from_elsewhere_are_refused_in_words(
    guarded: ApiServer, image: str, words: str
):
    for namespace, labels in (("ska-services", {}), ("ska-sessions", SOMEBODY)):
        assert words in (said(guarded, namespace, image, labels) or "")
    assert said(guarded, "tenant", image, {}) is None, "what is not ours is let pass"


def test_an_image_that_is_seen_as_files_is_an_image(guarded: ApiServer):
    for image, words in (
        ("registry.example.org/srcnet/data:latest", "has no digest"),
        (f"registry.example.com/data@{DIGEST}", "is from elsewhere"),
    ):
        volumes = [{"name": "data", "image": {"reference": image}}]
        assert words in (refused(guarded, "ska-sessions", volumes=volumes) or "")


def test_what_ran_before_a_policy_may_be_scaled_down_and_end(fresh_kubernetes: ApiServer):
    """A controller writes its old replica set, or its old Pod, to be done with it."""
    server, space = fresh_kubernetes, "ska-sessions"
    server.ask("POST", "/api/v1/namespaces", {"metadata": {"name": space}})
    server.ask("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", FORMER)
    old = f"registry.example.org/old/echo@{DIGEST}"
    spec = pod(old, {})["spec"] | {"priorityClassName": FORMER["metadata"]["name"]}
    template = {"metadata": {"labels": {"app": "echo"}}, "spec": spec}
    selector = {"matchLabels": {"app": "echo"}}
    replicas = {
        "metadata": {"name": "echo-1"},
        "spec": {"replicas": 2, "selector": selector, "template": template},
    }
    single = {
        "metadata": {"name": "trial", "finalizers": ["batch.kubernetes.io/job-tracking"]},
        "spec": spec,
    }
    sets, pods = f"/apis/apps/v1/namespaces/{space}/replicasets", f"/api/v1/namespaces/{space}/pods"
    there = server.ask("POST", sets, replicas)
    single = server.ask("POST", pods, single)
    guard(server)
    there["spec"]["replicas"] = 0
    there = server.ask("PUT", f"{sets}/echo-1", there)
    assert there["spec"]["replicas"] == 0
    del single["metadata"]["finalizers"]
    assert "finalizers" not in server.ask("PUT", f"{pods}/trial", single)["metadata"]
    there["spec"]["template"]["spec"]["containers"][0]["image"] = old.replace("old", "older")
    with pytest.raises(RefusedError, match="is from elsewhere"):
        server.ask("PUT", f"{sets}/echo-1", there)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"priorityClassName": "system-node-critical"}, "priority class `system-node-critical`"),
        ({"priorityClassName": FORMER["metadata"]["name"]}, "is none of the federation's"),
        ({"priorityClassName": None}, "is none of the federation's"),
        ({"nodeName": "of-another"}, "past the scheduler"),
        ({"tolerations": [{"operator": "Exists"}]}, "kept for others"),
        ({"tolerations": [CONTROL | {"operator": "Exists"}]}, "kept for others"),
    ],
)
def test_nobody_takes_room_or_nodes_from_others(guarded: ApiServer, change: Any, words: str):
    assert words in (refused(guarded, "ska-sessions", **change) or "")
    assert refused(guarded, "tenant", **change) is None, "what is not ours is let pass"


def test_no_service_takes_an_address_that_others_use(guarded: ApiServer):
    port = {"port": 80}
    for space, is_taken in (("ska-services", False), ("tenant", True)):
        path = f"/api/v1/namespaces/{space}/services"
        for spec, is_good in (({}, True), ({"externalIPs": ["192.0.2.7"]}, is_taken)):
            service = {"metadata": {"name": "trial"}, "spec": {"ports": [port], **spec}}
            if is_good:
                guarded.ask("POST", path, service, dryRun="All")
            else:
                with pytest.raises(RefusedError, match=r"takes the address 192\.0\.2\.7"):
                    guarded.ask("POST", path, service, dryRun="All")


def test_a_service_says_nothing_of_priority_and_is_not_critical(guarded: ApiServer):
    assert refused(guarded, "ska-services", priorityClassName=None) is None
    critical = {"priorityClassName": "system-cluster-critical"}
    assert "is none of the federation's" in (refused(guarded, "ska-services", **critical) or "")


def test_sessions_say_for_whom_and_for_what_they_run(guarded: ApiServer):
    for missing in (USER, PROJECT):
        labels = {key: value for key, value in SOMEBODY.items() if key != missing}
        assert missing in (said(guarded, "ska-sessions", GOOD, labels) or "")
    assert said(guarded, "ska-sessions", GOOD, SOMEBODY) is None
    assert said(guarded, "ska-services", GOOD, {}) is None, "a service runs for nobody"


def test_nobody_is_root_and_nobody_has_more_than_there_is(guarded: ApiServer):
    root = {"securityContext": {"privileged": True}}
    assert "restricted" in (said(guarded, "ska-sessions", GOOD, SOMEBODY, **root) or "")
    much = {"cpu": "100k", "memory": "64Mi", "ephemeral-storage": "100M"}
    amounts = {"resources": {"requests": much, "limits": much}}
    assert "cpu" in (said(guarded, "ska-sessions", GOOD, SOMEBODY, **amounts) or "")
    assert said(guarded, "tenant", GOOD, {}, **root) is None


def test_groups_may_do_what_their_roles_say_and_no_more(guarded: ApiServer):
    member = guarded.token_for("a-member", "/projects/eor")
    operator = guarded.token_for("an-operator", "/roles/int/oper")
    stranger = guarded.token_for("a-stranger", "/projects/other")
    assert said(guarded, "ska-sessions", GOOD, SOMEBODY, token=member) is None
    for who in (member, stranger):
        assert "forbidden" in (said(guarded, "ska-services", GOOD, {}, token=who) or "")
    assert "forbidden" in (said(guarded, "ska-sessions", GOOD, SOMEBODY, token=stranger) or "")
    assert "forbidden" in (said(guarded, "tenant", GOOD, {}, token=operator) or "")
    assert said(guarded, "ska-services", GOOD, {}, token=operator) is None
    quotas = "/api/v1/namespaces/ska-services/resourcequotas"
    (quota,) = guarded.ask("GET", quotas, token=operator)["items"]
    with pytest.raises(RefusedError, match="forbidden"):
        guarded.ask("DELETE", f"{quotas}/{quota['metadata']['name']}", token=operator)
    with pytest.raises(RefusedError, match="forbidden"):
        guarded.ask("GET", "/api/v1/namespaces/ska-sessions/secrets", token=member)

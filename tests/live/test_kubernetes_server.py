"""The real API server that demo and live tests stand on: it comes up, works, and leaves nothing."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from process_table import descendants, is_running, wait_for_end

from srcnet_compiler.demo import kubernetes_server
from srcnet_compiler.demo.kubernetes_build import find_programs
from srcnet_compiler.demo.kubernetes_server import ApiServer, RefusedError, ServerError
from srcnet_compiler.demo.processes import free_port, listening_socket

pytestmark = pytest.mark.live("kubernetes")

KUBERNETES = Path(__file__).parents[2] / ".srcnet" / "kubernetes"
IMAGE = "registry.example.org/tests/nothing@sha256:" + "0" * 64


def namespace(server: ApiServer, name: str, **labels: str) -> str:
    server.ask(
        "POST",
        "/api/v1/namespaces",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}},
    )
    return name


def config_map(name: str, **data: str):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def pod(name: str, *, image: str = IMAGE, **container: object):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": "main",
                    "image": image,
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                    },
                }
                | container
            ],
        },
    }


def whoami(server: ApiServer, token: str):
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    return server.ask("POST", path, review, token=token)["status"]["userInfo"]


def test_it_answers_by_the_certificate_that_it_shows(fresh_kubernetes: ApiServer, tmp_path: Path):
    said = subprocess.run(
        [find_programs(KUBERNETES) / "kube-apiserver", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == f"Kubernetes v{fresh_kubernetes.version}\n"
    assert fresh_kubernetes.certificate.startswith("-----BEGIN CERTIFICATE-----")
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{fresh_kubernetes.url}/readyz", timeout=30)  # nobody else vouches for it


def test_a_token_is_of_its_user_and_groups(kubernetes: ApiServer):
    token = kubernetes.token_for("ada", "ska-users", "srcnet:operators")
    seen = whoami(kubernetes, token)
    assert seen["username"] == "ada"
    assert seen["groups"] == ["ska-users", "srcnet:operators", "system:authenticated"]
    assert "system:masters" in whoami(kubernetes, kubernetes.token)["groups"]


def test_who_has_no_rights_is_refused_and_a_wrong_token_is_nobody(kubernetes: ApiServer):
    with pytest.raises(RefusedError, match='User "eve" cannot list') as forbidden:
        kubernetes.ask("GET", "/api/v1/secrets", token=kubernetes.token_for("eve"))
    assert forbidden.value.status == 403
    with pytest.raises(RefusedError) as unknown:
        kubernetes.ask("GET", "/api/v1/secrets", token="wrong")
    assert unknown.value.status == 401
    with pytest.raises(RefusedError, match="404 page not found"):  # not a Status
        kubernetes.ask("GET", "/nothing/here")


def test_a_group_gets_what_a_role_gives_it(kubernetes: ApiServer):
    name = namespace(kubernetes, "server-roles")
    group = "rbac.authorization.k8s.io"
    kubernetes.ask(
        "POST",
        f"/apis/{group}/v1/namespaces/{name}/rolebindings",
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "readers"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"apiGroup": group, "kind": "Group", "name": "ska-readers"}],
        },
    )
    member = kubernetes.token_for("grace", "ska-readers")
    path = f"/api/v1/namespaces/{name}/configmaps"
    deadline = time.monotonic() + 30  # the server's own view of a new binding is a moment behind
    while not kubernetes.raw("GET", path, token=member).ok:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert kubernetes.raw("GET", path, token=kubernetes.token_for("grace")).status_code == 403


@pytest.mark.parametrize(
    ("path", "document", "message"),
    [
        (
            "/apis/kueue.x-k8s.io/v1beta2/clusterqueues",
            {
                "apiVersion": "kueue.x-k8s.io/v1beta2",
                "kind": "ClusterQueue",
                "metadata": {"name": "bad"},
                "spec": {"queueingStrategy": "WhoeverShoutsLoudest"},
            },
            "WhoeverShoutsLoudest",
        ),
        (
            "/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes",
            {
                "apiVersion": "gateway.networking.k8s.io/v1",
                "kind": "HTTPRoute",
                "metadata": {"name": "bad"},
                "spec": {"hostnames": ["not a host"]},
            },
            "spec.hostnames",
        ),
        (
            "/apis/argoproj.io/v1alpha1/namespaces/default/applications",
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Application",
                "metadata": {"name": "bad"},
                "spec": {"project": "default"},
            },
            "spec.destination: Required",
        ),
        (
            "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/default/kustomizations",
            {
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
                "kind": "Kustomization",
                "metadata": {"name": "bad"},
                "spec": {"interval": "now and then"},
            },
            "spec.interval",
        ),
        (
            "/apis/source.toolkit.fluxcd.io/v1/namespaces/default/gitrepositories",
            {
                "apiVersion": "source.toolkit.fluxcd.io/v1",
                "kind": "GitRepository",
                "metadata": {"name": "bad"},
                "spec": {"interval": "1m", "url": "carrier pigeon"},
            },
            "spec.url",
        ),
    ],
    ids=["kueue", "gateway-api", "argocd", "flux", "flux-source"],
)
def test_a_bad_object_is_refused_by_its_own_crd(kubernetes: ApiServer, path, document, message):
    with pytest.raises(RefusedError, match=message) as refused:
        kubernetes.ask("POST", path, document)
    assert refused.value.reason == "Invalid"


def test_a_good_queue_is_kept_with_its_defaults(kubernetes: ApiServer):
    queue = {
        "apiVersion": "kueue.x-k8s.io/v1beta2",
        "kind": "ClusterQueue",
        "metadata": {"name": "server-good"},
        "spec": {"cohortName": "server-tests"},
    }
    made = kubernetes.ask("POST", "/apis/kueue.x-k8s.io/v1beta2/clusterqueues", queue)
    kubernetes.ask("DELETE", "/apis/kueue.x-k8s.io/v1beta2/clusterqueues/server-good")
    assert made["spec"]["cohortName"] == "server-tests"
    assert made["spec"]["queueingStrategy"] == "BestEffortFIFO"


def test_crds_that_are_there_are_left_as_they_are(kubernetes: ApiServer):
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    (name,) = [each for each in crds(kubernetes) if each.startswith("appprojects.")]
    before = kubernetes.ask("GET", f"{path}/{name}")
    assert name in kubernetes_server.install_crds(kubernetes, "argocd")
    assert kubernetes.ask("GET", f"{path}/{name}") == before


def crds(server: ApiServer) -> list[str]:
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    return [each["metadata"]["name"] for each in server.ask("GET", path)["items"]]


def test_an_unknown_set_of_crds_is_refused(kubernetes: ApiServer):
    with pytest.raises(ServerError, match="no CRDs of knative"):
        kubernetes_server.install_crds(kubernetes, "knative")


def test_pod_security_refuses_a_bad_pod_and_takes_a_good_one(kubernetes: ApiServer):
    name = namespace(
        kubernetes, "server-pods", **{"pod-security.kubernetes.io/enforce": "restricted"}
    )
    path = f"/api/v1/namespaces/{name}/pods"
    with pytest.raises(RefusedError, match='violates PodSecurity "restricted'):
        kubernetes.ask("POST", path, pod("bad", securityContext={"privileged": True}))
    kubernetes.ask("POST", path, pod("good"), dryRun="All")


def test_an_admission_policy_bites(kubernetes: ApiServer):
    name = namespace(kubernetes, "server-policy", bitten="yes")
    api = "admissionregistration.k8s.io/v1"
    policy = {
        "apiVersion": api,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "server-digests"},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["pods"],
                    }
                ]
            },
            "validations": [
                {
                    "expression": "object.spec.containers.all(c, c.image.contains('@sha256:'))",
                    "message": "an image needs its digest",
                }
            ],
        },
    }
    binding = {
        "apiVersion": api,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "server-digests"},
        "spec": {
            "policyName": "server-digests",
            "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": {"matchLabels": {"bitten": "yes"}}},
        },
    }
    kubernetes.ask("POST", f"/apis/{api}/validatingadmissionpolicies", policy)
    kubernetes.ask("POST", f"/apis/{api}/validatingadmissionpolicybindings", binding)
    path = f"/api/v1/namespaces/{name}/pods"
    tagged = pod("tagged", image="registry.example.org/tests/nothing:latest")
    try:
        deadline = time.monotonic() + 30  # a new policy is in force a moment later
        while (
            answer := kubernetes.raw("POST", path, tagged, query={"dryRun": "All"})
        ).ok and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "an image needs its digest" in answer.json()["message"]
        kubernetes.ask("POST", path, pod("good"), dryRun="All")
    finally:
        kubernetes.ask("DELETE", f"/apis/{api}/validatingadmissionpolicybindings/server-digests")
        kubernetes.ask("DELETE", f"/apis/{api}/validatingadmissionpolicies/server-digests")


def test_another_managers_field_is_a_conflict(kubernetes: ApiServer):
    path = f"/api/v1/namespaces/{namespace(kubernetes, 'server-fields')}/configmaps/shared"
    kubernetes.apply(path, config_map("shared", colour="blue"), manager="one")
    with pytest.raises(RefusedError, match='conflict with "one"') as refused:
        kubernetes.apply(path, config_map("shared", colour="red"), manager="two")
    assert (refused.value.status, refused.value.reason) == (409, "Conflict")
    assert kubernetes.ask("GET", path)["data"] == {"colour": "blue"}


def test_kill_and_restart_keep_objects_address_and_tokens(fresh_kubernetes: ApiServer):
    server = fresh_kubernetes
    path = "/api/v1/namespaces/default/configmaps"
    server.ask("POST", path, config_map("kept", of="value"))
    ada, certificate = server.token_for("ada"), server.certificate
    kubernetes_server.kill(server)
    with pytest.raises(requests.exceptions.ConnectionError):
        server.ask("GET", path)
    with pytest.raises(RuntimeError, match="is not running"):
        kubernetes_server.kill(server)
    kubernetes_server.restart(server)
    with pytest.raises(RuntimeError, match="is running"):
        kubernetes_server.restart(server)
    assert server.ask("GET", f"{path}/kept")["data"] == {"of": "value"}
    assert whoami(server, ada)["username"] == "ada"
    assert server.certificate == certificate


def test_a_paused_server_gives_no_answer_until_it_goes_on(fresh_kubernetes: ApiServer):
    ready = f"{fresh_kubernetes.url}/readyz"
    kubernetes_server.pause(fresh_kubernetes)
    with pytest.raises(requests.exceptions.Timeout):
        requests.get(ready, verify=str(fresh_kubernetes.certificate_file), timeout=0.5)
    kubernetes_server.resume(fresh_kubernetes)
    assert fresh_kubernetes.raw("GET", "/readyz").ok


def test_two_side_by_side_are_two_and_nothing_is_left_of_one_that_ended(tmp_path: Path):
    with kubernetes_server.running(tmp_path / "stays", KUBERNETES) as stays:
        with kubernetes_server.running(tmp_path / "goes", KUBERNETES) as goes:
            namespace(goes, "only-here")
            gone = kubernetes_server.pids(goes)
            assert set(gone) == {"etcd", "kube-apiserver"}
            with pytest.raises(RefusedError) as missing:
                stays.ask("GET", "/api/v1/namespaces/only-here")
            assert missing.value.status == 404
            with pytest.raises(RefusedError) as unknown:
                stays.ask("GET", "/version/", token=goes.token)
            assert unknown.value.status == 401
        assert not any(map(is_running, gone.values()))
        assert kubernetes_server.pids(goes) == {}
        with pytest.raises(requests.exceptions.ConnectionError):
            goes.raw("GET", "/readyz")
        with pytest.raises(RuntimeError, match="has ended"):
            kubernetes_server.kill(goes)
        assert stays.raw("GET", "/readyz").ok


def test_it_dies_with_the_process_that_started_it(tmp_path: Path):
    program = (
        "import sys, time; from pathlib import Path;"
        "from srcnet_compiler.demo import kubernetes_server as k;"
        "running = k.running(Path(sys.argv[1]), Path(sys.argv[2])); server = running.__enter__();"
        "print(*k.pids(server).values(), flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path / "doomed", KUBERNETES],
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        family = {int(each) for each in parent.stdout.readline().split()}
        assert len(family) == 2
        assert all(map(is_running, family))
        parent.send_signal(signal.SIGKILL)
    for each in family:
        wait_for_end(each)


def test_files_with_secrets_are_for_us_alone_and_no_command_line_has_one(
    fresh_kubernetes: ApiServer,
):
    server = fresh_kubernetes
    for secret, where in (
        (server.token, {"tokens.csv"}),
        ("PRIVATE KEY", {"service-accounts.key", "apiserver.key"}),
    ):
        found = [
            path
            for path in server.folder.rglob("*")
            if path.is_file() and secret in path.read_bytes().decode(errors="replace")
        ]
        assert {path.name for path in found} == where
        assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o600}
    for each in kubernetes_server.pids(server).values():
        assert server.token.encode() not in Path(f"/proc/{each}/cmdline").read_bytes()
    assert server.token not in repr(server)


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    with (
        pytest.raises(ServerError, match="not empty"),
        kubernetes_server.running(tmp_path, KUBERNETES),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_server_that_does_not_come_up_says_what_its_log_says_and_leaves_no_etcd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with listening_socket(free_port()) as taken:
        ports = iter((taken.getsockname()[1], free_port(), free_port()))
        monkeypatch.setattr(kubernetes_server, "free_port", lambda: next(ports))
        before = descendants({os.getpid()})
        with (
            pytest.raises(ServerError) as caught,
            kubernetes_server.running(tmp_path / "server", KUBERNETES),
        ):
            pass
    assert "API server ended with status" in str(caught.value)
    assert "address already in use" in str(caught.value)
    assert (tmp_path / "server" / "log" / "etcd.log").stat().st_size > 0
    assert descendants({os.getpid()}) == before

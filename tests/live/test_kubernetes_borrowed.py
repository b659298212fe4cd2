"""A cluster that is somebody's, made for tests: taken only when named, left as it was found."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml

from srcnet_compiler.demo.kubernetes_borrowed import Named, borrowed, named
from srcnet_compiler.demo.kubernetes_server import ApiServer, RefusedError, ServerError

KUBERNETES = Path(__file__).parents[2] / ".srcnet" / "kubernetes"


def kubeconfig(path: Path, server: ApiServer) -> Path:
    """A file as people have it: the context for tests, and another that is the current one."""
    certificate = base64.b64encode(server.certificate.encode()).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "production",
        "clusters": [
            {"name": "production", "cluster": {"server": "https://127.0.0.1:1"}},
            {
                "name": "lent",
                "cluster": {"server": server.url, "certificate-authority-data": certificate},
            },
        ],
        "users": [
            {"name": "me", "user": {"token": server.token}},
            {"name": "nobody", "user": {"exec": {"command": "login"}}},
        ],
        "contexts": [
            {"name": "production", "context": {"cluster": "production", "user": "me"}},
            {"name": "for-tests", "context": {"cluster": "lent", "user": "me"}},
            {"name": "by-command", "context": {"cluster": "lent", "user": "nobody"}},
        ],
    }
    path.write_text(yaml.safe_dump(config))
    return path


def test_a_kubeconfig_alone_leads_nowhere():
    assert named({"KUBECONFIG": "/home/me/.kube/config"}) is None


def test_a_context_alone_is_half_of_it():
    with pytest.raises(ServerError, match="KUBECONFIG names no file that has it"):
        named({"SRCNET_TEST_CLUSTER": "kind"})


def test_both_name_a_cluster():
    both = {"KUBECONFIG": "/tmp/config", "SRCNET_TEST_CLUSTER": "kind"}
    assert named(both) == Named(Path("/tmp/config"), "kind")


@pytest.mark.live("kubernetes")
def test_it_is_used_by_an_account_of_our_own_that_goes(fresh_kubernetes: ApiServer, tmp_path: Path):
    bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
    before = names(fresh_kubernetes, bindings)
    config = kubeconfig(tmp_path / "config", fresh_kubernetes)
    with borrowed(Named(config, "for-tests"), tmp_path / "lent", KUBERNETES) as lent:
        assert lent.url == fresh_kubernetes.url
        assert lent.version == fresh_kubernetes.version
        assert lent.certificate == fresh_kubernetes.certificate
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        seen = lent.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
        account = seen["status"]["userInfo"]["username"]
        assert account.startswith("system:serviceaccount:srcnet-tests-")
        assert lent.ask("GET", "/api/v1/secrets")["items"] == []  # it may see everything
        with pytest.raises(ServerError, match="gives no token for ada"):
            lent.token_for("ada")
    assert names(fresh_kubernetes, bindings) == before
    assert names(fresh_kubernetes, "/api/v1/serviceaccounts") == set()
    namespace = account.split(":")[-1]
    left = fresh_kubernetes.ask("GET", f"/api/v1/namespaces/{namespace}")
    assert left["status"]["phase"] == "Terminating"  # a cluster with controllers ends it
    with pytest.raises(RefusedError) as gone:
        lent.ask("GET", "/api/v1/secrets")
    assert gone.value.status == 401


@pytest.mark.live("kubernetes")
def test_a_client_certificate_is_as_good_as_a_token(fresh_kubernetes: ApiServer, tmp_path: Path):
    pytest.skip("TODO")


@pytest.mark.live("kubernetes")
@pytest.mark.parametrize("context", ["missing", "by-command"])
def test_what_we_cannot_use_is_said(kubernetes: ApiServer, tmp_path: Path, context: str):
    config = kubeconfig(tmp_path / "config", kubernetes)
    with (
        pytest.raises(ServerError, match=f"does not say how to reach {context} by a token"),
        borrowed(Named(config, context), tmp_path / "lent", KUBERNETES),
    ):
        pass


def names(server: ApiServer, path: str) -> set[str]:
    return {each["metadata"]["name"] for each in server.ask("GET", path)["items"]}

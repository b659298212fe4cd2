"""A cluster that is somebody's, made for tests: taken only when named, left as it was found."""

from __future__ import annotations

import base64
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from srcnet_compiler.demo import kubernetes_server
from srcnet_compiler.demo.kubernetes_borrowed import Named, borrowed, named
from srcnet_compiler.demo.kubernetes_server import ApiServer, RefusedError, ServerError

KUBERNETES = Path(__file__).parents[2] / ".srcnet" / "kubernetes"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def kubeconfig(path: Path, server: ApiServer, user: dict[str, str] | None = None) -> Path:
    """A file as people have it: the context for tests, and another that is the current one."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "production",
        "clusters": [
            {"name": "production", "cluster": {"server": "https://127.0.0.1:1"}},
            {
                "name": "lent",
                "cluster": {
                    "server": server.url,
                    "certificate-authority-data": encoded(server.certificate),
                },
            },
        ],
        "users": [
            {"name": "me", "user": user or {"token": server.token}},
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
    assert gone.value.status in (401, 403)  # who it was is remembered for a moment; its rights not


@pytest.mark.live("kubernetes")
def test_a_client_certificate_is_as_good_as_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    authority, certificate, key = client_certificate(tmp_path)
    command = kubernetes_server._command
    monkeypatch.setattr(
        kubernetes_server,
        "_command",
        lambda place: [*command(place), "--client-ca-file", str(authority)],
    )
    with kubernetes_server.running(tmp_path / "server", KUBERNETES) as server:
        config = kubeconfig(
            tmp_path / "config",
            server,
            {"client-certificate": certificate.name, "client-key-data": encoded(key.read_text())},
        )
        with borrowed(Named(config, "for-tests"), tmp_path / "lent", KUBERNETES) as lent:
            assert lent.ask("GET", "/api/v1/secrets")["items"] == []
            assert stat.S_IMODE((tmp_path / "lent" / "client-key.pem").stat().st_mode) == 0o600


def client_certificate(folder: Path) -> tuple[Path, Path, Path]:
    """An administrator's, that its own authority signed, as a test cluster's file has it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def subject(**parts: str) -> x509.Name:
        names = {"user": NameOID.COMMON_NAME, "group": NameOID.ORGANIZATION_NAME}
        return x509.Name([x509.NameAttribute(names[k], v) for k, v in parts.items()])

    def write(name: str, pem: bytes) -> Path:
        (folder / name).write_bytes(pem)
        return folder / name

    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issued = [
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(subject(user="authority"))
        .public_key(owner.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=owner is authority, path_length=None), True)
        .sign(authority, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
        for name, owner in (
            (subject(user="authority"), authority),
            (subject(user="me", group="system:masters"), key),
        )
    ]
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return write("ca.pem", issued[0]), write("me.pem", issued[1]), write("me.key", private)


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

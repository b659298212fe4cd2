"""A person at the command line, with a cluster of the golden federation that is really there."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from cli_runner import TODAY, Ran, edit, golden_specs, srcnet
from kubernetes_cases import fingerprint, settle_tenant

from srcnet_compiler.demo import kubernetes_server
from srcnet_compiler.demo.kubernetes_server import ApiServer

pytestmark = pytest.mark.live("kubernetes")

SYSTEM = "kubernetes/CHSRC-CSCS.services"
ALL = "operators: [external-secrets, gateway-api, kueue, policy-controller, prometheus]"
INSTALLED = "operators: [gateway-api, kueue]"


@pytest.fixture
def specs(fresh_kubernetes: ApiServer, tmp_path: Path) -> Path:
    """The golden specs, with that cluster at the server's address."""
    server = fresh_kubernetes
    kubernetes_server.install_crds(server, *kubernetes_server.CRDS)
    folder = golden_specs(tmp_path / "specs")
    site = folder / "site-specs/chsrc-cscs.yaml"
    certificate = textwrap.indent(server.certificate, " " * 10)
    edit(
        site,
        "        server: https://k8s.example.ch:6443\n",
        f"        server: {server.url}\n        certificateAuthority: |\n{certificate}",
    )
    edit(site, ALL, INSTALLED)
    edit(site, "        secretStore: vault\n", "")
    days = "".join(f"[{name}]\ntoday = {TODAY}\n" for name in ("plan", "apply", "verify"))
    (folder / "srcnet.toml").write_text(days)
    return folder


def typed(specs: Path, server: ApiServer, *args: str, code: int = 0, token: str = "") -> Ran:
    tokens = {
        "CHSRC_KUBERNETES_TOKEN": token or server.token,
        "CHSRC_KUBERNETES_READING_TOKEN": token or server.token,
    }
    which = () if "apply" in args and "plan.json" in args else ("--system", SYSTEM)
    ran = srcnet(*args, *which, cwd=specs, env=tokens)
    assert ran.code == code, ran
    assert server.token not in f"{ran}"
    return ran


def test_plan_apply_verify_drift_and_a_server_that_is_gone(
    specs: Path, fresh_kubernetes: ApiServer
):
    server = fresh_kubernetes
    settle_tenant(server, "tenant")
    theirs = fingerprint(server, "tenant")
    plan = typed(specs, server, "plan", "--out", "plan.json")
    assert "create Namespace" in plan.out
    assert "site-specs/chsrc-cscs.yaml:" in plan.out
    typed(specs, server, "apply", "plan.json")
    typed(specs, server, "verify")
    assert "nothing to do" in typed(specs, server, "plan").out
    server.ask("DELETE", "/apis/networking.k8s.io/v1/namespaces/ska-services/networkpolicies")
    drift = typed(specs, server, "verify", code=4)
    assert "NetworkPolicy" in drift.out
    typed(specs, server, "apply", "--yes")
    typed(specs, server, "verify")
    assert fingerprint(server, "tenant") == theirs
    refused = typed(specs, server, "plan", code=77, token="nonsense-token")
    assert "does not know our token" in refused.err
    kubernetes_server.kill(server)
    gone = typed(specs, server, "plan", code=69)
    assert "cannot be reached: connection refused" in gone.err

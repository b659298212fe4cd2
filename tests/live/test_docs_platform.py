"""The page for a service on every site, on a real API server: what it shows is what happens."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from console import PROJECT, Shell, play
from specs import TODAY

from srcnet_compiler.demo import shared_platform
from srcnet_compiler.demo.kubernetes_api import ApiServer
from srcnet_compiler.demo.shared_platform import Tenant

pytestmark = pytest.mark.live("kubernetes")

PAGE = PROJECT / "docs/tutorials/service-everywhere.md"
BUILT = PROJECT / ".srcnet" / "kubernetes"
COMMANDS = ("VALIDATE", "COMPILE", "PLAN", "APPLY", "VERIFY")
DEPLOYMENT = "/apis/apps/v1/namespaces/srcnet-services/deployments/echo"


def here(specs: Path, server: ApiServer) -> None:
    """The server of the page is that of the test, and says itself who signs for it."""
    path = specs / shared_platform.SPEC
    text = path.read_text("utf-8")
    line = "        server: https://k8s.example.ch:6443\n"
    assert text.count(line) == 1
    certificate = "".join(f"          {each}\n" for each in server.certificate.splitlines())
    there = f"        server: {server.url}\n        certificateAuthority: |\n{certificate}"
    path.write_text(text.replace(line, there), "utf-8")


def scale(server: ApiServer, replicas: int | None) -> None:
    """As somebody would by hand; None: what he took is given back."""
    if replicas is None:
        managed = {"metadata": {"name": "echo", "namespace": "srcnet-services"}}
        document = {"apiVersion": "apps/v1", "kind": "Deployment", **managed}
        server.apply(DEPLOYMENT, document, manager="somebody")
        return
    server.ask(
        "PATCH",
        DEPLOYMENT,
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "echo", "namespace": "srcnet-services"},
            "spec": {"replicas": replicas},
        },
        content_type="application/apply-patch+yaml",
        fieldManager="somebody",
        force="true",
    )


def test_the_page_for_a_service_on_every_site_holds(tmp_path: Path):
    specs = tmp_path / "specs"
    for each in ("site-specs", "policies", "schemas"):
        shutil.copytree(PROJECT / each, specs / each)
    day = {f"SRCNET_{command}_TODAY": str(TODAY) for command in COMMANDS}
    with shared_platform.running(tmp_path / "server", BUILT, lambda line: None) as server:
        before = Tenant(server).seen()
        happen = {
            "the server is that of a real cluster": lambda: here(specs, server),
            "somebody scales the service by hand": lambda: scale(server, 5),
            "he lets go of it": lambda: scale(server, None),
        }
        environment = {**day, "PLATFORM_TOKEN": server.token}
        with Shell(specs, tmp_path / "home", environment) as shell:
            assert play(PAGE, specs, shell, happen) > 8
        assert Tenant(server).seen() == before

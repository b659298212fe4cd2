"""Kubernetes in the shared suite: one of the golden clusters is a real API server."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from conftest import KUBERNETES, need
from kubernetes_cases import fingerprint, live, settle_tenant
from stand import CSCS, ByHand, Edit, Ending, Ground, Lost, Owned, Stand, described, nobody

from srcnet_compiler.demo import kubernetes_server
from srcnet_compiler.demo.kubernetes_server import ApiServer
from srcnet_compiler.targets.kubernetes.model import OWNER
from srcnet_compiler.targets.kubernetes.model.kinds import KINDS

SYSTEM = "kubernetes/CHSRC-CSCS.services"
TOKENS = ("CHSRC_KUBERNETES_TOKEN", "CHSRC_KUBERNETES_READING_TOKEN", "CHSRC_EDGE_TOKEN")
SODA = "ska-services/soda-sync"
CONTAINER = "spec.template.spec.containers[name=main]"
MOVES = ("managedFields", "resourceVersion", "generation")
"""Of an object's metadata: what says when it was written, not what it is."""


@contextmanager
def running(folder: Path) -> Iterator[Ground]:
    """One of our own, since it is killed, also where a cluster is lent to other tests."""
    missing = kubernetes_server.why_not(KUBERNETES) or kubernetes_server.why_no_crds(KUBERNETES)
    need("kubernetes", missing)
    with kubernetes_server.running(folder / "server", KUBERNETES) as server:
        kubernetes_server.install_crds(server, "kueue", "gateway-api")
        settle_tenant(server, "tenant")
        someone = described(
            folder / "specs", *edits(server), environment=dict.fromkeys(TOKENS, server.token)
        )
        yield Ground(
            someone,
            SYSTEM,
            theirs=lambda: {"tenant": fingerprint(server, "tenant")},
            everything=lambda: everything(server),
            owned=Owned(
                "Deployment",
                SODA,
                f"{CONTAINER}.env[name=LOG_LEVEL].value",
                (CSCS, "env: {LOG_LEVEL: debug}", "env: {LOG_LEVEL: info}"),
                seen=lambda: variables(server).get("LOG_LEVEL"),
                spoil=lambda: take_out(server, "LOG_LEVEL"),
            ),
            beside=ByHand(
                lambda: patch(server, SODA, {"metadata": {"annotations": {"theirs": "yes"}}}),
                lambda: live(server, "Deployment", SODA)["metadata"]["annotations"]["theirs"],
            ),
            within=ByHand(
                lambda: make_config(server, "theirs"),
                lambda: live(server, "ConfigMap", "ska-services/theirs"),
            ),
            lost=Lost("Service", SODA, lambda: delete(server, "Service", SODA)),
            ending=Ending(
                "service: monitoring",
                ((CSCS, "    - {service: monitoring, at: services}\n", ""),),
                lambda: is_there(server, "CronJob", "monitoring"),
            ),
            forget=lambda: patch(server, SODA, {"metadata": {"labels": {OWNER: None}}}),
            stop=partial(kubernetes_server.kill, server),
            start=partial(kubernetes_server.restart, server),
        )


STAND = Stand("kubernetes", ("kubernetes",), running, several=True)


def edits(server: ApiServer) -> tuple[Edit, ...]:
    """One cluster is this server, with two of the operators; nobody answers for the other."""
    certificate = textwrap.indent(server.certificate, " " * 10)
    stated = "        server: https://k8s.example.ch:6443\n"
    real = f"        server: {server.url}\n        certificateAuthority: |\n{certificate}"
    operators = "[external-secrets, gateway-api, kueue, policy-controller, prometheus]"
    return (
        (CSCS, stated, real),
        (CSCS, f"operators: {operators}", "operators: [gateway-api, kueue]"),
        (CSCS, "        secretStore: vault\n", ""),
        (CSCS, "https://edge.example.ch\n", f"https://{nobody()}\n"),
    )


def everything(server: ApiServer) -> dict[str, str]:
    """Every object of the kinds that every server has and we write, without when it was written."""
    found: dict[str, str] = {}
    for kind in KINDS.values():
        if kind.operator is None:
            for each in server.ask("GET", kind.path())["items"]:
                metadata = each["metadata"]
                name = f"{kind.name} {metadata.get('namespace', '')}/{metadata['name']}"
                kept = {key: value for key, value in metadata.items() if key not in MOVES}
                found[name] = json.dumps({**each, "metadata": kept}, sort_keys=True)
    return found


def variables(server: ApiServer) -> Mapping[str, str]:
    (container,) = live(server, "Deployment", SODA)["spec"]["template"]["spec"]["containers"]
    return {each["name"]: each.get("value", "") for each in container["env"]}


def take_out(server: ApiServer, variable: str) -> None:
    """As in an editor: nobody holds from then on what is gone."""
    there = {"name": variable, "$patch": "delete"}
    containers = [{"name": "main", "env": [there]}]
    strategic = "application/strategic-merge-patch+json"
    patch(server, SODA, {"spec": {"template": {"spec": {"containers": containers}}}}, strategic)


def patch(
    server: ApiServer,
    name: str,
    change: Mapping[str, Any],
    content_type: str = "application/merge-patch+json",
) -> None:
    space, _, bare = name.partition("/")
    path = KINDS["Deployment"].path(space, bare)
    server.ask("PATCH", path, change, content_type=content_type, fieldManager="somebody")


def make_config(server: ApiServer, name: str) -> None:
    path = KINDS["ConfigMap"].path("ska-services")
    server.ask("POST", path, {"metadata": {"name": name}, "data": {"theirs": "yes"}})


def delete(server: ApiServer, kind: str, name: str) -> None:
    space, _, bare = name.partition("/")
    server.ask("DELETE", KINDS[kind].path(space, bare))


def is_there(server: ApiServer, kind: str, name: str) -> bool:
    found = server.ask("GET", KINDS[kind].path())["items"]
    return any(each["metadata"]["name"] == name for each in found)

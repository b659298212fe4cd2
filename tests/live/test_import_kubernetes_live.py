"""A cluster that its people filled by hand is imported: the plan is nothing but adoptions."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cli_runner import TODAY, Ran, srcnet
from conftest import KUBERNETES
from console import PROJECT
from kubernetes_cases import live
from platform_by_hand import SPACE, THEIRS, settle
from stand_kubernetes import everything

from srcnet_compiler.demo import kubernetes_server
from srcnet_compiler.demo.kubernetes_server import ApiServer
from srcnet_compiler.demo.shared_cluster import POLICY, SITE, SPEC
from srcnet_compiler.targets.kubernetes.model import OWNER
from srcnet_compiler.targets.kubernetes.model.kinds import KINDS

pytestmark = pytest.mark.live("kubernetes")

NAME = "gornergrat"
ADOPTED = (
    ("ResourceQuota", f"{SPACE}/compute"),
    ("ClusterQueue", "sky-total"),
    ("LocalQueue", f"{SPACE}/jobs"),
    ("Deployment", f"{SPACE}/echo"),
    ("Deployment", f"{SPACE}/cutouts"),
)
MINE = (
    *("--namespace", SPACE, "--cluster-queue", "sky-total", "--queue", f"batch={SPACE}/jobs"),
    *("--service", f"echo={SPACE}/echo", "--service", f"carta={SPACE}/cutouts"),
)


@dataclass(frozen=True, slots=True)
class Site:
    """A cluster that is filled, and specs that do not know it yet."""

    server: ApiServer
    specs: Path
    token: str

    def run(self, *args: str) -> Ran:
        key = {"SKY_TOKEN": self.token}
        return srcnet(*args, "--today", TODAY, cwd=self.specs, env=key)

    def take(self, *args: str) -> Ran:
        """Import the cluster."""
        where = ("--server", self.server.url, "--token", "env:SKY_TOKEN", "--name", NAME)
        trust = ("--certificate-authority", str(self.server.certificate_file))
        return self.run("import", "kubernetes", "--site", SITE, *where, *trust, *args)

    def change(self, before: str, after: str) -> None:
        path = self.specs / SPEC
        text = path.read_text("utf-8")
        assert text.count(before) == 1, before
        path.write_text(text.replace(before, after), "utf-8")


def specs_in(folder: Path) -> Path:
    for each in ("site-specs", "policies", "schemas"):
        shutil.copytree(PROJECT / each, folder / each)
    path = folder / "policies/compute/queues.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(POLICY, "utf-8")
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("kubernetes") / "server"
    with kubernetes_server.running(folder, KUBERNETES) as running:
        settle(running)
        yield running


@pytest.fixture
def site(server: ApiServer, tmp_path: Path) -> Site:
    return Site(server, specs_in(tmp_path / "specs"), server.token)


def all_of_it(server: ApiServer) -> dict[str, str]:
    """Every object that there is, also those of Kueue."""
    found = everything(server)
    for kind in (KINDS[each] for each in ("ClusterQueue", "LocalQueue", "ResourceFlavor")):
        for each in server.ask("GET", kind.path())["items"]:
            metadata = {k: v for k, v in each["metadata"].items() if k in ("labels", "uid")}
            name = f"{kind.name} {each['metadata'].get('namespace', '')}/{each['metadata']['name']}"
            found[name] = json.dumps([metadata, each.get("spec")], sort_keys=True)
    return found


def differing(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_what_was_made_by_hand_is_adopted_and_then_one_line_changes_one_thing(site: Site):
    before = all_of_it(site.server)
    (site.specs / SPEC).write_text("# ours\n" + (site.specs / SPEC).read_text("utf-8"), "utf-8")
    text = (site.specs / SPEC).read_text("utf-8")
    ran = site.take(*MINE)
    assert ran.code == 0, ran
    assert "Proof: the plan of these specs is 0 changes, 5 adoptions." in ran.out
    assert "namespace, left to its people: weather" in ran.out
    assert "pods=200, requests.storage=10Ti; it stays so" in ran.out
    merged = (site.specs / SPEC).read_text("utf-8")
    assert [line for line in merged.splitlines() if line in text.splitlines()] == text.splitlines()
    assert "requests: {cores: 64, memory: 256 GiB, gpus: 4}, limits: {cores: 128}}" in merged
    assert "- {service: carta, at: gornergrat}\n" in merged
    again = site.take(*MINE)
    assert (again.code, "the specs say all of it" in again.out) == (0, True), again
    assert differing(before, all_of_it(site.server)) == set(), "an import only reads"

    applied = site.run("apply", "--site", SITE, "--yes")
    assert applied.code == 0, applied
    planned = site.run("plan", "--site", SITE, "--detailed-exitcode")
    assert planned.code == 0, planned
    touched = differing(before, all_of_it(site.server))
    assert touched == {f"{kind} {'' if '/' in name else '/'}{name}" for kind, name in ADOPTED}
    for kind, name in ADOPTED:
        assert live(site.server, kind, name)["metadata"]["labels"][OWNER] == "ska"

    for kind, name, old, new, fields in (
        ("ResourceQuota", f"{SPACE}/compute", "{cores: 64, memory: 256 GiB, gpus: 4}",
         "{cores: 48, memory: 256 GiB, gpus: 4}", "spec.hard.requests.cpu: 64 → 48"),
        ("Deployment", f"{SPACE}/echo", "replicas: 2,", "replicas: 4,", "spec.replicas: 2 → 4"),
        ("ClusterQueue", "sky-total", "borrowing: {cores: 16}", "borrowing: {cores: 8}", ""),
    ):  # fmt: skip
        then = all_of_it(site.server)
        site.change(old, new)
        planned = site.run("plan", "--site", SITE)
        assert "1 change (1 to update)" in planned.out, planned
        assert fields in planned.out.replace('"', ""), planned
        applied = site.run("apply", "--site", SITE, "--yes")
        assert applied.code == 0, applied
        changed = f"{kind} {'' if '/' in name else '/'}{name}"
        assert differing(then, all_of_it(site.server)) == {changed}
    hard = live(site.server, "ResourceQuota", f"{SPACE}/compute")["spec"]["hard"]
    assert (hard["requests.cpu"], hard["pods"]) == ("48", "200")
    deployment = live(site.server, "Deployment", f"{SPACE}/echo")["spec"]
    assert deployment["replicas"] == 4
    ports = [each.get("ports") for each in deployment["template"]["spec"]["containers"]]
    assert ports[0][0]["containerPort"] == 8080
    theirs = [name for name in differing(before, all_of_it(site.server)) if THEIRS in name]
    assert theirs == []

"""From what a cluster has to a section of a spec: what is said, and what is to be typed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from cli_runner import TODAY, Ran, contents, srcnet
from console import PROJECT
from hypothesis import given
from hypothesis import strategies as st

from srcnet_compiler.importing.kubernetes import Answers, Login, Section, section
from srcnet_compiler.importing.kubernetes.amounts import amounts
from srcnet_compiler.quantity import parse_bytes
from srcnet_compiler.targets.kubernetes.model import OWNER
from srcnet_compiler.targets.kubernetes.model.inventory import Inventory
from srcnet_compiler.targets.kubernetes.model.words import format_amount, format_millicores

LOGIN = Login("https://k8s.example.org", ("env", "TOKEN"))
QUOTA = ("ResourceQuota", "sky/all")
TOTAL = ("ClusterQueue", "total")
CUT = ("Deployment", "sky/cut")


def seen(**things: Any) -> Inventory:
    """Objects by `Kind__name`; `__` again for the slash."""
    objects = {
        (kind, name.replace("__", "/")): each
        for key, each in things.items()
        for kind, _, name in (key.partition("__"),)
    }
    return Inventory((1, 36), ("default", "kube-system", "others", "sky"), (), objects)


def described(found: Inventory, **said: Any) -> Section:
    return section(found, LOGIN, Answers("here", ("sky",), **said), "ska")


def adopted(found: Section) -> Any:
    kubernetes: Any = found.tree["kubernetes"]
    return kubernetes["adopted"]


def quota(**hard: str) -> dict[str, Any]:
    return {"metadata": {}, "spec": {"hard": {k.replace("_", "."): v for k, v in hard.items()}}}


# ── quotas ────────────────────────────────────────────────────────────────────────────────────


def test_a_quota_is_said_in_whole_cores_and_bytes_and_the_rest_is_told():
    hard = quota(requests_cpu="64", limits_memory="1Ti", pods="10", limits_cpu="1500m")
    found = described(seen(ResourceQuota__sky__all=hard))
    assert adopted(found)["quotas"] == (
        {
            "namespace": "sky",
            "name": "all",
            "requests": {"cores": 64},
            "limits": {"memory": "1 TiB"},
        },
    )
    assert found.notes == ("ResourceQuota sky/all: limits.cpu=1500m, pods=10; it stays so",)
    assert found.left == {"namespace": ("others",)}


def test_who_says_cpu_for_what_is_asked_for_is_described_so():
    found = described(seen(ResourceQuota__sky__all=quota(cpu="8", memory="16G")))
    (only,) = adopted(found)["quotas"]
    assert (only["requests"], only["short"]) == ({"cores": 8, "memory": "16 GB"}, True)
    assert found.notes == ()


def test_who_says_both_keeps_the_short_one():
    found = described(seen(ResourceQuota__sky__all=quota(cpu="8", requests_cpu="8")))
    (only,) = adopted(found)["quotas"]
    assert "short" not in only
    assert found.notes == ("ResourceQuota sky/all: cpu=8; it stays so",)


def test_of_a_quota_without_a_word_of_ours_nothing_is_said():
    found = described(seen(ResourceQuota__sky__all=quota(pods="10")))
    assert adopted(found) == {}
    assert found.left["ResourceQuota"] == ("sky/all",)


@given(st.integers(0, 10**6), st.integers(0, 2**62))
def test_amounts_are_exact(cores: int, memory: int):
    texts = {"cpu": format_millicores(cores * 1000), "memory": format_amount(memory)}
    said, unsaid = amounts(texts)
    assert (said["cores"], parse_bytes(str(said["memory"])), unsaid) == (cores, memory, ())


@pytest.mark.parametrize("value", ["1.5", "100m", "-1", "many", None, ["1"]])
def test_what_is_no_whole_number_is_not_said(value: Any):
    assert amounts({"cpu": value}) == ({}, ("cpu",))


# ── queues ────────────────────────────────────────────────────────────────────────────────────


def cluster_queue(*flavors: Any, covered: list[str]) -> dict[str, Any]:
    groups = [{"coveredResources": covered, "flavors": [*flavors]}]
    return {"metadata": {}, "spec": {"cohortName": "campus", "resourceGroups": groups}}


def flavor(*resources: dict[str, str]) -> dict[str, Any]:
    return {"name": "nodes", "resources": [*resources]}


CPU = {"name": "cpu", "nominalQuota": "64", "borrowingLimit": "16"}
MEMORY = {"name": "memory", "nominalQuota": "1Gi", "lendingLimit": "0"}


def test_a_cluster_queue_of_one_flavor_is_said_as_a_whole():
    there = cluster_queue(flavor(CPU, MEMORY), covered=["cpu", "memory"])
    found = described(seen(ClusterQueue__total=there), cluster_queues=("total",))
    assert adopted(found)["clusterQueues"] == (
        {
            "name": "total",
            "cohort": "campus",
            "flavor": "nodes",
            "nominal": {"cores": 64, "memory": "1 GiB"},
            "borrowing": {"cores": 16},
            "lending": {"memory": "0 B"},
        },
    )


@pytest.mark.parametrize(
    "there",
    [
        cluster_queue(flavor(MEMORY, CPU), covered=["memory", "cpu"]),
        cluster_queue(flavor(CPU), flavor(CPU), covered=["cpu"]),
        cluster_queue(flavor({"name": "pods", "nominalQuota": "5"}), covered=["pods"]),
        cluster_queue(flavor({**CPU, "nominalQuota": "500m"}), covered=["cpu"]),
        cluster_queue(flavor({**CPU, "later": "1"}), covered=["cpu"]),
        {"metadata": {}, "spec": {}},
    ],
    ids=["other order", "two flavors", "pods", "half a core", "later field", "nothing"],
)
def test_a_cluster_queue_that_cannot_be_said_as_a_whole_stays_as_it_is(there: Any):
    found = described(seen(ClusterQueue__total=there), cluster_queues=("total",))
    assert adopted(found) == {}
    assert "it stays as it is" in found.notes[0]


def test_what_nobody_answered_for_is_listed_with_what_to_type():
    found = described(
        seen(
            LocalQueue__sky__jobs={"metadata": {}, "spec": {"clusterQueue": "total"}},
            ClusterQueue__total=cluster_queue(flavor(CPU), covered=["cpu"]),
            Deployment__sky__cut={"metadata": {}, "spec": {}},
        )
    )
    assert adopted(found) == {}
    said = " ".join(found.notes)
    for typed in ("--cluster-queue total", "--queue CLASS=sky/jobs", "--service NAME=sky/cut"):
        assert f"type `{typed}`" in said


# ── services ──────────────────────────────────────────────────────────────────────────────────


def deployment(**more: Any) -> dict[str, Any]:
    pod = {"containers": [{"name": "main", "image": "r/cut"}]}
    template = {"metadata": {"labels": {"app": "cut", "x": "y"}}, "spec": pod}
    return {"metadata": {}, "spec": {"replicas": 2, "template": template}, **more}


SERVICE = {"metadata": {}, "spec": {"selector": {"app": "cut"}}}


def ingress(host: str, *paths: str, tls: bool = True) -> dict[str, Any]:
    backend = {"service": {"name": "web"}}
    rules = [{"host": host, "http": {"paths": [{"path": p, "backend": backend} for p in paths]}}]
    spec = {"ingressClassName": "nginx", "tls": [{"hosts": [host]}] if tls else [], "rules": rules}
    return {"metadata": {}, "spec": spec}


def test_a_service_is_reached_where_an_ingress_leads_to_its_pods():
    found = described(
        seen(
            Deployment__sky__cut=deployment(),
            Service__sky__web=SERVICE,
            Ingress__sky__front=ingress("cut.example.org", "/cut", "/old"),
            Ingress__others__front=ingress("others.example.org", "/"),
        ),
        services={CUT: "soda_sync"},
    )
    assert found.services == (
        {
            "service": "soda_sync",
            "at": "here",
            "scheme": "https",
            "host": "cut.example.org",
            "path": "/cut",
        },
    )
    assert adopted(found)["workloads"] == (
        {
            "service": "soda_sync",
            "namespace": "sky",
            "name": "cut",
            "replicas": 2,
            "images": {"main": "r/cut"},
        },
    )
    assert "soda_sync: that it is reached at cut.example.org/old as well" in found.notes


def test_what_an_autoscaler_decides_is_not_said():
    target = {"kind": "Deployment", "name": "cut"}
    found = described(
        seen(
            Deployment__sky__cut=deployment(),
            HorizontalPodAutoscaler__sky__cut={"spec": {"scaleTargetRef": target}},
        ),
        services={CUT: "soda_sync"},
    )
    assert "replicas" not in adopted(found)["workloads"][0]
    assert any("which an autoscaler decides" in note for note in found.notes)


def test_what_another_federation_has_is_not_taken():
    theirs = {"metadata": {"labels": {OWNER: "other"}}, "spec": {}}
    found = described(seen(Deployment__sky__cut=theirs), services={CUT: "soda_sync"})
    assert adopted(found) == {}
    assert any("it belongs to other" in note for note in found.notes)


def test_a_tool_that_sets_it_as_well_is_named():
    entry = {"manager": "helm", "operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    there = deployment(metadata={"managedFields": [entry, {**entry, "manager": "kubectl-edit"}]})
    found = described(seen(Deployment__sky__cut=there), services={CUT: "soda_sync"})
    (note,) = (each for each in found.notes if "helm" in each)
    assert "kubectl" not in note


# ── the command, where no cluster is asked ────────────────────────────────────────────────────

JOINED = """\
    - name: here
      kubernetes:
        version: "1.36"
        server: https://k8s.example.org
        credentials: {secretRef: {env: TOKEN}}
"""


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    for each in ("site-specs", "policies", "schemas"):
        shutil.copytree(PROJECT / each, tmp_path / each)
    return tmp_path


def run(specs: Path, *args: str, **env: str) -> Ran:
    words = ("import", "kubernetes", "--site", "CHSRC-CSCS", "--today", TODAY)
    return srcnet(*words, *args, cwd=specs, env=env)


WHERE = ("--server", "https://k8s.example.org", "--token", "env:SKY_TOKEN")


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ((), 64, "add `--server https://k8s.example.ch:6443`"),
        (WHERE[:2], 64, "add `--token env:CHSRC_KUBERNETES_TOKEN`"),
        ((*WHERE[:2], "--token", "abc"), 64, "is not like `env:CHSRC_KUBERNETES_TOKEN`"),
        ((*WHERE, "--queue", "batch"), 64, "is not like `NAME=NAMESPACE/OBJECT`"),
        ((*WHERE, "--certificate-authority", "no.pem"), 74, "cannot read `no.pem`"),
        (WHERE, 77, "the environment variable SKY_TOKEN is not set"),
    ],
)
def test_what_is_missing_is_told_with_what_to_type(
    specs: Path, args: tuple[str, ...], code: int, said: str
):
    before = contents(specs)
    ran = run(specs, *args)
    assert (ran.code, said in ran.err) == (code, True), ran
    assert contents(specs) == before


def test_a_cluster_that_the_federation_has_joined_is_not_imported(specs: Path):
    path = specs / "site-specs/chsrc-cscs.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("  compute:\n", f"  compute:\n{JOINED}", 1), "utf-8")
    ran = run(specs, *WHERE, SKY_TOKEN="secret")
    assert ran.code == 64, ran
    assert "the federation has joined it" in ran.err

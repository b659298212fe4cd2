"""A queue gets another name on a real API server, with jobs and pods of people that name it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from apply_process import now
from kubernetes_cases import bad, live
from moved_specs import QUEUE, renamed
from test_kubernetes_golden import MODELS, look, reached

from srcnet_compiler.apply.receipt import Receipt, exit_code
from srcnet_compiler.apply.run import apply_plan
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.change import Change, SystemName
from srcnet_compiler.demo import kubernetes_server
from srcnet_compiler.demo.kubernetes_server import ApiServer
from srcnet_compiler.plan.build import waves
from srcnet_compiler.plan.file import digest
from srcnet_compiler.plan.model import Binding, Plan
from srcnet_compiler.targets.kubernetes import TARGET
from srcnet_compiler.targets.kubernetes.live import open_connection, users
from srcnet_compiler.targets.kubernetes.model import KubernetesModel

pytestmark = pytest.mark.live("kubernetes")

INSTANCE = "CHSRC-CSCS.services"
JOBS = "/apis/batch/v1/namespaces/ska-jobs/jobs"
OLD = [
    ("LocalQueue", "ska-jobs/batch"),
    ("PriorityClass", "ska-batch"),
    ("WorkloadPriorityClass", "ska-batch"),
]


def lowered() -> KubernetesModel:
    models = renamed(*QUEUE).models
    return next(m.model for m in models if m.target is TARGET and m.model.instance == INSTANCE)


def applied(
    server: ApiServer, desired: KubernetesModel, changes: tuple[Change, ...], folder: Path
) -> Receipt:
    system = SystemName("kubernetes", INSTANCE)
    plan = Plan((system,), Binding("", "", ""), waves(changes))
    return apply_plan(
        plan,
        digest=digest(plan),
        store=StateStore(folder),
        connections={str(system): reached(server, desired)},
        clock=now,
    )


def start_a_job(server: ApiServer, name: str) -> None:
    """As `kubectl create job --from=cronjob/imaging` does, by somebody for a project."""
    template = live(server, "CronJob", "ska-jobs/imaging")["spec"]["jobTemplate"]
    who = {"srcnet.skao.int/user": "alice", "srcnet.skao.int/project": "eor"}
    body: dict[str, Any] = {
        "metadata": {"name": name, "labels": {**template["metadata"]["labels"], **who}},
        "spec": template["spec"],
    }
    pod = body["spec"]["template"]["metadata"]
    pod["labels"] = {**pod.get("labels", {}), **who}
    server.ask("POST", JOBS, body)


def finish(server: ApiServer, name: str) -> None:
    """What the controller of jobs writes when the last pod has ended."""
    at = "2026-11-26T12:00:00Z"
    over = {"status": "True", "lastTransitionTime": at}
    status = {
        "startTime": at,
        "completionTime": at,
        "conditions": [{"type": "SuccessCriteriaMet", **over}, {"type": "Complete", **over}],
    }
    job = server.ask("GET", f"{JOBS}/{name}")
    server.ask("PUT", f"{JOBS}/{name}/status", {**job, "status": status})


def there(server: ApiServer, desired: KubernetesModel) -> list[tuple[str, str]]:
    with closing(open_connection(reached(server, desired))) as api:
        seen = TARGET.read(api, desired).model.objects
    return [key for key in OLD if key in seen]


def test_a_queue_has_another_name_and_what_waits_in_it_keeps_it(
    fresh_kubernetes: ApiServer, tmp_path: Path
):
    server, before, after = fresh_kubernetes, MODELS[INSTANCE], lowered()
    kubernetes_server.install_crds(server, *kubernetes_server.CRDS)
    _, changes = look(server, before)
    assert bad(applied(server, before, changes, tmp_path)) == []
    assert there(server, before) == OLD
    start_a_job(server, "waits")
    job = server.ask("GET", f"{JOBS}/waits")

    reading, changes = look(server, after)
    assert {c.action.value for c in changes} == {"create", "update"}
    assert {(c.address.kind, c.address.name) for c in changes if c.action.value == "create"} == {
        (kind, name.replace("batch", "production")) for kind, name in OLD
    }
    assert ("CronJob", "ska-jobs/imaging") in {(c.address.kind, c.address.name) for c in changes}
    assert bad(applied(server, after, changes, tmp_path)) == []
    reading, changes = look(server, after)
    assert changes == ()
    assert [" ".join(each) for each in TARGET.postponed(after, reading)] == [
        f"{kind} `{name}` is called {name.replace('batch', 'production')} now, and a later run ends"
        " it: Job ska-jobs/waits names it"
        for kind, name in OLD
    ]
    assert there(server, after) == OLD
    assert server.ask("GET", f"{JOBS}/waits")["spec"] == job["spec"]

    finish(server, "waits")
    _, changes = look(server, after)
    assert sorted((c.address.kind, c.address.name) for c in changes) == OLD
    assert {c.action.value for c in changes} == {"retire"}

    old_priority = job["spec"]["template"]["spec"]["priorityClassName"]
    assert old_priority == "ska-batch"
    again = {k: job["spec"][k] for k in ("template", "activeDeadlineSeconds")}
    again["template"]["metadata"]["labels"] = {
        key: value
        for key, value in again["template"]["metadata"]["labels"].items()
        if "batch.kubernetes.io" not in key and key not in ("job-name", "controller-uid")
    }
    metadata = {"name": "late", "labels": job["metadata"]["labels"]}
    server.ask("POST", JOBS, {"metadata": metadata, "spec": again})
    receipt = applied(server, after, changes, tmp_path)
    assert exit_code(receipt) == 6, bad(receipt)
    assert there(server, after) == OLD

    finish(server, "late")
    assert bad(applied(server, after, changes, tmp_path)) == []
    assert there(server, after) == []
    assert look(server, after)[1] == ()


def test_who_may_not_look_at_jobs_leaves_what_has_another_name(
    fresh_kubernetes: ApiServer, tmp_path: Path
):
    server, before, after = fresh_kubernetes, MODELS[INSTANCE], lowered()
    kubernetes_server.install_crds(server, *kubernetes_server.CRDS)
    _, changes = look(server, before)
    assert bad(applied(server, before, changes, tmp_path)) == []
    root = "/apis/rbac.authorization.k8s.io/v1"
    rules = [
        {"apiGroups": ["*"], "resources": [kind.plural for kind in
          {each.described for each in after.objects.values()}], "verbs": ["get", "list"]}
    ]  # fmt: skip
    server.ask("POST", f"{root}/clusterroles", {"metadata": {"name": "ours"}, "rules": rules})
    group = "rbac.authorization.k8s.io"
    binding = {
        "metadata": {"name": "ours"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "ours"},
        "subjects": [{"kind": "User", "name": "narrow", "apiGroup": group}],
    }
    server.ask("POST", f"{root}/clusterrolebindings", binding)
    connection = {**reached(server, after), "token": server.token_for("narrow")}
    with closing(open_connection(connection)) as api:
        reading = TARGET.read(api, after)
    assert [(g.under.kind, g.under.name) for g in reading.gaps if g.under.name] == OLD
    assert all("whether anybody uses it" in g.reason for g in reading.gaps if g.under.name)
    assert "retire" not in {change.action.value for change in TARGET.diff(after, reading)}


def test_who_uses_a_queue_is_seen_by_all_that_names_it_and_has_not_ended(
    fresh_kubernetes: ApiServer, tmp_path: Path
):
    server, desired = fresh_kubernetes, MODELS[INSTANCE]
    kubernetes_server.install_crds(server, *kubernetes_server.CRDS)
    _, changes = look(server, desired)
    assert bad(applied(server, desired, changes, tmp_path)) == []
    template = live(server, "PodTemplate", "ska-sessions/notebook")["template"]
    who = {"srcnet.skao.int/user": "alice", "srcnet.skao.int/project": "eor"}
    labels = {**template["metadata"]["labels"], **who}
    pods = "/api/v1/namespaces/ska-sessions/pods"
    body = {"metadata": {"name": "one", "labels": labels}, "spec": template["spec"]}
    server.ask("POST", pods, body)

    names = {
        "LocalQueue": "ska-sessions/interactive",
        "PriorityClass": "ska-interactive",
        "WorkloadPriorityClass": "ska-interactive",
    }
    made_from = {
        "LocalQueue": "ska-jobs/batch",
        "PriorityClass": "ska-batch",
        "WorkloadPriorityClass": "ska-batch",
    }
    with closing(open_connection(reached(server, desired))) as api:

        def found(kind: str, name: str, *, templates: bool = False) -> tuple[str, ...]:
            return users(api.client, kind, name, desired.namespaces, templates=templates)

        for kind, name in names.items():
            assert found(kind, name) == ("Pod ska-sessions/one",)
            assert found(kind, name, templates=True) == (
                "Pod ska-sessions/one",
                "PodTemplate ska-sessions/notebook",
            )
        for kind, name in made_from.items():
            assert found(kind, name) == ()
            assert found(kind, name, templates=True) == ("CronJob ska-jobs/imaging",)
        pod = server.ask("GET", f"{pods}/one")
        server.ask("PUT", f"{pods}/one/status", {**pod, "status": {"phase": "Succeeded"}})
        assert found("PriorityClass", "ska-interactive") == ()

"""What stands in the way of reading and changing a cluster, and how it is said."""

from __future__ import annotations

import os
import signal
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from apply_process import Running, descendants, start, survivors, to_end
from kubernetes_cases import (
    bad,
    carry_out,
    connections,
    converge,
    left,
    live,
    reached,
    seen,
    to_reach,
)
from kubernetes_objects import INSTANCE, OWNER_NAME, deployment, model, thing, wanted
from meddler import Handler, Meddler, meddling
from test_broken_servers import NONSENSE

from srcnet_compiler.apply.ledger import Ledger
from srcnet_compiler.apply.receipt import Status, exit_code
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.demo import kubernetes_server
from srcnet_compiler.demo.kubernetes_server import ApiServer
from srcnet_compiler.plan.file import digest
from srcnet_compiler.targets.kubernetes import live as kubernetes_live
from srcnet_compiler.targets.kubernetes.live.trust import new_session
from srcnet_compiler.targets.kubernetes.model import KubernetesModel, Object
from srcnet_compiler.targets.protocol import RefusedError, UnreachableError

pytestmark = pytest.mark.live("kubernetes")
RBAC = "rbac.authorization.k8s.io"


def small(space: str, *objects: Object) -> KubernetesModel:
    return model(thing("Namespace", space), *objects)


def grant(server: ApiServer, user: str, space: str, *rules: dict[str, Any]) -> str:
    """A token of somebody who may do this in one namespace, empty: everywhere."""
    kind = "Role" if space else "ClusterRole"
    inside = f"/namespaces/{space}" if space else ""
    root = f"/apis/{RBAC}/v1{inside}"
    server.ask("POST", f"{root}/{kind.lower()}s", {"metadata": {"name": user}, "rules": [*rules]})
    binding = {
        "metadata": {"name": user},
        "roleRef": {"apiGroup": RBAC, "kind": kind, "name": user},
        "subjects": [{"kind": "User", "name": user, "apiGroup": RBAC}],
    }
    server.ask("POST", f"{root}/{kind.lower()}bindings", binding)
    return server.token_for(user)


ALL: dict[str, Any] = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}


# ── who may not ───────────────────────────────────────────────────────────────────────────────


def test_a_token_that_nobody_knows_is_refused(kubernetes: ApiServer, tmp_path: Path):
    desired = small("ska-token")
    with pytest.raises(RefusedError, match="does not know our token"):
        seen(kubernetes, desired, "nonsense")
    receipt = carry_out(kubernetes, to_reach(kubernetes, desired), tmp_path, token="nonsense")
    assert [each.status for each in receipt.results] == [Status.FAILED]
    assert exit_code(receipt) == 77
    assert "nonsense" not in str(receipt)


def test_who_may_see_nothing_is_refused(kubernetes: ApiServer):
    token = kubernetes.token_for("nobody-at-all")
    with pytest.raises(RefusedError, match="lets us see nothing: we may not list"):
        seen(kubernetes, wanted("ska-nobody"), token)


def test_who_is_let_into_one_namespace_sees_and_changes_what_is_there(
    kubernetes: ApiServer, tmp_path: Path
):
    space, name = "ska-inside", "ska-inside/soda"
    desired = small(space, thing("ConfigMap", name, data={"a": "b"}))
    converge(kubernetes, desired, tmp_path / "1")
    token = grant(kubernetes, "ska-insider", space, ALL)
    reading = seen(kubernetes, desired, token)
    assert set(reading.model.objects) == {("ConfigMap", name)}
    (gap,) = reading.gaps
    assert (gap.under.kind, gap.under.name) == ("Namespace", "")
    assert gap.reason.startswith("we may not list namespaces: ")
    second = small(space, thing("ConfigMap", name, data={"a": "c"}))
    plan = to_reach(kubernetes, second)
    assert bad(carry_out(kubernetes, plan, tmp_path / "2", token=token)) == []
    assert left(kubernetes, second) == []


def test_what_may_not_be_changed_is_a_refusal_of_that_object(kubernetes: ApiServer, tmp_path: Path):
    space, name = "ska-halfway", "ska-halfway/soda"
    converge(kubernetes, small(space), tmp_path / "1")
    rules = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]}
    look = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}
    token = grant(kubernetes, "ska-halfway", space, rules, look)
    both = (thing("ConfigMap", name), thing("Service", name, spec={"ports": [{"port": 80}]}))
    receipt = carry_out(
        kubernetes, to_reach(kubernetes, small(space, *both)), tmp_path, token=token
    )
    said = {each.change.address.kind: (each.status, each.text) for each in receipt.results}
    assert said["ConfigMap"][0] is Status.DONE
    assert said["Service"][0] is Status.FAILED
    assert said["Service"][1].startswith("not allowed: services ")
    assert exit_code(receipt) == 77


def test_rights_are_told_without_trying_anything(kubernetes: ApiServer, tmp_path: Path):
    space = "ska-rights"
    desired = small(space, thing("ConfigMap", f"{space}/soda"), deployment(f"{space}/soda"))
    converge(kubernetes, desired, tmp_path)
    rules = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]}
    tokens = {
        "all": kubernetes.token,
        "some": grant(kubernetes, "ska-rights", space, rules),
    }
    found = {}
    for who, token in tokens.items():
        api = kubernetes_live.open_connection(reached(kubernetes, token))
        found[who] = [(r.what, r.may, r.why) for r in kubernetes_live.rights(api, desired)]
        api.close()
    assert [may for _, may, _ in found["all"]] == [True, True, True]
    assert found["some"] == [
        (
            "see its objects",
            False,
            f"not allowed: get deployments in {space}, list deployments in {space},"
            " get namespaces and 1 more",
        ),
        (
            "make and change its objects",
            False,
            f"not allowed: create deployments in {space}, patch deployments in {space},"
            " create namespaces and 1 more",
        ),
        ("retire or replace its objects", False, f"not allowed: delete deployments in {space}"),
    ]


# ── whom we trust ─────────────────────────────────────────────────────────────────────────────


def test_a_server_that_another_authority_signed_for_is_not_believed(
    kubernetes: ApiServer, tmp_path_factory: pytest.TempPathFactory
):
    folder = tmp_path_factory.mktemp("other")
    with kubernetes_server.running(folder / "other", kubernetes.crds.parent) as other:
        connection = {**reached(kubernetes), "certificate": other.certificate}
        with pytest.raises(UnreachableError, match="not signed by whom we trust"):
            kubernetes_live.open_connection(connection)
    everybody = {k: v for k, v in reached(kubernetes).items() if k != "certificate"}
    with pytest.raises(UnreachableError, match="not signed by whom we trust"):
        kubernetes_live.open_connection(everybody)
    with pytest.raises(RefusedError, match="is no certificate"):
        kubernetes_live.open_connection({**reached(kubernetes), "certificate": "nonsense"})


def test_nobody_but_the_authority_of_the_spec_is_trusted(
    kubernetes: ApiServer, monkeypatch: pytest.MonkeyPatch
):
    """Neither the usual authorities nor those that the environment names."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    loaded: list[object] = []
    load = ssl.SSLContext.load_verify_locations

    def note(self: ssl.SSLContext, *args: Any, **options: Any) -> None:
        loaded.append((args, sorted(options)))
        load(self, *args, **options)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", note)
    session = new_session(1, kubernetes.certificate)
    assert session.get(f"{kubernetes.url}/version", timeout=10).status_code in (200, 401)
    session.close()
    assert loaded == [((), ["cadata"])]


# ── what the cluster does not have ────────────────────────────────────────────────────────────


def test_what_is_not_installed_is_a_gap_in_words(kubernetes: ApiServer):
    space = "ska-missing"
    probe = thing("Probe", f"{space}/soda", spec={"prober": {"url": "x"}})
    secret = thing("ExternalSecret", f"{space}/soda", spec={})
    reading = seen(kubernetes, small(space, probe, secret))
    assert sorted(gap.reason for gap in reading.gaps) == [
        "the cluster does not serve external-secrets.io/v1 ExternalSecret: external-secrets is"
        " not installed",
        "the cluster does not serve monitoring.coreos.com/v1 Probe: prometheus is not installed",
    ]
    assert left(kubernetes, small(space, probe, secret)) == [
        f"create Namespace {space}: metadata.labels.\"srcnet.skao.int/owner\" None → 'ska'"
    ]


def test_custom_resources_are_applied_as_others(kubernetes: ApiServer, tmp_path: Path):
    space = "ska-kueue"
    covered = ["cpu", "memory"]
    flavor = {
        "name": space,
        "resources": [
            {"name": "cpu", "nominalQuota": "200", "borrowingLimit": "1000m"},
            {"name": "memory", "nominalQuota": "1600Gi"},
        ],
    }
    route = {
        "parentRefs": [{"name": "public", "namespace": "gateways"}],
        "hostnames": ["soda.example.org"],
        "rules": [{"backendRefs": [{"name": "soda", "port": 80}]}],
    }
    desired = small(
        space,
        thing("Cohort", space, spec={}),
        thing("ResourceFlavor", space, spec={}),
        thing(
            "ClusterQueue",
            space,
            spec={
                "cohortName": space,
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space}},
                "resourceGroups": [{"coveredResources": covered, "flavors": [flavor]}],
                "preemption": {"reclaimWithinCohort": "LowerPriority"},
            },
        ),
        thing("LocalQueue", f"{space}/default", spec={"clusterQueue": space}),
        thing("WorkloadPriorityClass", space, value=100, description="batch"),
        thing("HTTPRoute", f"{space}/soda", spec=route),
    )
    plan = to_reach(kubernetes, desired)
    assert len(plan.changes) == len(desired.objects)
    assert bad(carry_out(kubernetes, plan, tmp_path)) == []
    assert left(kubernetes, desired) == []


def test_what_is_being_deleted_is_left_alone(kubernetes: ApiServer, tmp_path: Path):
    """Without a controller a deleted namespace stays for ever in between."""
    space = "ska-going"
    desired = small(space, thing("ConfigMap", f"{space}/soda", data={"a": "b"}))
    converge(kubernetes, small(space), tmp_path / "1")
    plan = to_reach(kubernetes, desired)
    kubernetes.ask("DELETE", f"/api/v1/namespaces/{space}")
    assert left(kubernetes, desired) == []
    gaps = {gap.under.name: gap.reason for gap in seen(kubernetes, desired).gaps}
    assert gaps == {
        space: "it is being deleted: wait until it is gone",
        f"{space}/soda": f"namespace {space} is being deleted",
    }
    receipt = carry_out(kubernetes, plan, tmp_path / "2")
    (result,) = receipt.results
    assert result.status is Status.FAILED
    assert "because it is being terminated" in result.text
    assert exit_code(receipt) == 1


# ── servers that answer nonsense ──────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def broken() -> Iterator[Meddler]:
    with meddling() as meddler:
        yield meddler


def at_once(answer: Callable[[Handler], bool]) -> Callable[[Handler], bool]:
    return answer


def after_the_version(answer: Callable[[Handler], bool]) -> Callable[[Handler], bool]:
    def say(handler: Handler) -> bool:
        if handler.path == "/version":
            version = b'{"gitVersion": "v1.36.3"}'
            return handler.say(200, version, Content_Type="application/json")
        return answer(handler)

    return say


def odd_list(handler: Handler) -> bool:
    content = b'{"kind": "List", "metadata": {}, "items": [{"spec": {}}]}'
    return handler.say(200, content, Content_Type="application/json")


@pytest.mark.parametrize("answer", [*NONSENSE, odd_list], ids=lambda answer: answer.__name__)
@pytest.mark.parametrize("when", [at_once, after_the_version], ids=lambda when: when.__name__)
def test_nonsense_is_unreachable_in_one_sentence(
    when: Any, answer: Callable[[Handler], bool], broken: Meddler
):
    broken.meddle = when(answer)
    connection = {"server": broken.url, "token": "secret-token"}
    said = {**connection, "instance": INSTANCE, "prefix": OWNER_NAME}
    with pytest.raises(UnreachableError) as raised:
        kubernetes_live.read(kubernetes_live.open_connection(said), wanted("ska-x"))
    message = str(raised.value)
    assert message.startswith(f"{broken.url} ")
    assert len(message) < 300
    assert "secret-token" not in message
    assert "Error" not in message or "Server Error" in message, message


def test_nobody_there_is_unreachable():
    said = {"server": "https://127.0.0.1:9", "token": "t", "instance": "i", "prefix": "p"}
    with pytest.raises(UnreachableError, match="cannot be reached: connection refused"):
        kubernetes_live.open_connection(said)
    said["server"] = "https://no.such.host.invalid"
    with pytest.raises(UnreachableError, match="cannot be reached: nobody knows its name"):
        kubernetes_live.open_connection(said)


def test_a_token_is_never_sent_to_another_server(broken: Meddler):
    with meddling(meddle=lambda handler: handler.say(200, b"{}")) as other:
        broken.meddle = lambda handler: handler.say(302, Location=other.url)
        said = {"server": broken.url, "token": "t", "instance": "i", "prefix": "p"}
        with pytest.raises(UnreachableError, match="sends us elsewhere"):
            kubernetes_live.open_connection(said)
        assert other.paths == []


def test_a_server_that_asks_to_wait_is_waited_for(kubernetes: ApiServer):
    refused = Counter[str]()

    def busy(handler: Handler) -> bool:
        refused[handler.path] += 1
        if refused[handler.path] > 1:
            return False
        return handler.say(429, b"{}", Retry_After="0")

    with meddling(kubernetes.url, busy) as meddler:
        api = kubernetes_live.open_connection({**reached(kubernetes), "server": meddler.url})
        assert kubernetes_live.read(api, small("ska-busy")).gaps == ()
        api.close()
    assert set(refused.values()) == {2}


def test_a_listing_that_grew_too_old_is_begun_anew(kubernetes: ApiServer):
    asked: list[str] = []

    def expired(handler: Handler) -> bool:
        if "namespaces?" not in handler.path:
            return False
        asked.append(handler.path)
        status = b'{"kind": "Status", "reason": "Expired", "message": "too old", "code": 410}'
        return len(asked) == 1 and handler.say(410, status, Content_Type="application/json")

    with meddling(kubernetes.url, expired) as meddler:
        api = kubernetes_live.open_connection({**reached(kubernetes), "server": meddler.url})
        assert kubernetes_live.read(api, small("ska-old")).gaps == ()
        api.close()
    assert len(asked) > 1


def test_listings_are_read_page_by_page(
    kubernetes: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    space = "ska-pages"
    desired = small(space, *(thing("ConfigMap", f"{space}/c{n}") for n in range(12)))
    converge(kubernetes, desired, tmp_path)
    monkeypatch.setattr("srcnet_compiler.targets.kubernetes.live.client.PAGE", 5)
    assert desired.objects.keys() <= seen(kubernetes, desired).model.objects.keys()
    assert left(kubernetes, desired) == []


# ── a server that goes away, and we ourselves ─────────────────────────────────────────────────


@dataclass
class Killer:
    """Kills at the request after so many that change something, before or after it is done."""

    spared: int
    before: bool
    victim: int = 0
    done: bool = False
    below: tuple[Running, ...] = ()

    def __call__(self, handler: Handler) -> bool:
        acts = handler.command in ("PATCH", "DELETE") and "dryRun" not in handler.path
        self.spared -= acts
        if not acts or self.spared >= 0 or self.done:
            return False
        self.done = True
        if not self.before:
            handler.forward()
        self.below = descendants(self.victim)
        os.kill(self.victim, signal.SIGKILL)
        handler.close_connection = True
        return True


@pytest.mark.parametrize("before", [True, False], ids=["before-it-is-sent", "after-it-was-done"])
def test_killed_at_any_request_it_ends_as_if_undisturbed(
    kubernetes: ApiServer, tmp_path: Path, before: bool
):
    """Kill -9 at one request after the other, a replacement's among them, then resume."""
    space = f"ska-kill-{'before' if before else 'after'}"
    role = thing("Role", f"{space}/soda", rules=[])

    def binding(name: str) -> Object:
        ref = {"apiGroup": RBAC, "kind": "Role", "name": name}
        return thing("RoleBinding", f"{space}/soda", roleRef=ref)

    maps = [thing("ConfigMap", f"{space}/c{n}", data={"n": str(n)}) for n in range(3)]
    first = small(space, role, binding("soda"), maps[0])
    converge(kubernetes, first, tmp_path / "first")
    second = small(
        space,
        role,
        binding("other"),
        *maps[1:],
        thing("ConfigMap", f"{space}/c0", data={"n": "new"}),
        deployment(f"{space}/soda"),
        thing("ServiceAccount", f"{space}/soda"),
        thing("PodDisruptionBudget", f"{space}/soda", spec={"minAvailable": 1}),
    )
    plan = to_reach(kubernetes, second)
    kills = 0
    for number in range(5 * len(plan.changes)):
        killer = Killer(number % 2, before)
        with meddling(kubernetes.url, killer) as meddler:
            process = start(plan, tmp_path / "state", connections(kubernetes, meddler.url))
            killer.victim = process.pid
            code, receipt, said = to_end(process)
        assert survivors(killer.below) == ()
        if not killer.done:
            break
        assert code == -signal.SIGKILL, (code, receipt, said)
        kills += 1
    assert code == 0, (code, receipt, said)
    assert kills >= 4
    assert left(kubernetes, second) == []
    with Ledger(StateStore(tmp_path / "state").ledger_path) as ledger:
        assert ledger.final(digest(plan)).keys() == {change.id for change in plan.changes}
        assert ledger.in_doubt() == ()
    assert live(kubernetes, "RoleBinding", f"{space}/soda")["roleRef"]["name"] == "other"

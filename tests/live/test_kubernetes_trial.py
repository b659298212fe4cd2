"""Changes tried on a real API server: what it refuses points at the line that says it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes_cases import converge, fingerprint, reached, seen
from kubernetes_objects import changed, deployment, model, thing, wanted

from srcnet_compiler.change import Action
from srcnet_compiler.demo.kubernetes_server import ApiServer, RefusedError
from srcnet_compiler.diagnostic import Code, Diagnostic, Severity
from srcnet_compiler.span import Span
from srcnet_compiler.targets.kubernetes import TARGET, check, diff
from srcnet_compiler.targets.kubernetes.live import Api, open_connection
from srcnet_compiler.targets.kubernetes.model import KubernetesModel, Object

pytestmark = pytest.mark.live("kubernetes")


@pytest.fixture
def api(kubernetes: ApiServer) -> Iterator[Api]:
    api = open_connection(reached(kubernetes))
    yield api
    api.close()


def tried(api: Api, server: ApiServer, desired: KubernetesModel) -> list[Diagnostic]:
    reading = seen(server, desired)
    changes = diff.diff(desired, reading)
    return list(TARGET.try_out(api, desired, reading, changes))


def small(space: str, *objects: Object) -> KubernetesModel:
    return model(thing("Namespace", space), *objects)


LINE = Span("policies/services/soda.yaml", 12, 3, 12, 20)
OTHER = Span("policies/services/soda.yaml", 30, 3, 30, 20)


def test_what_is_good_is_tried_and_leaves_no_trace(api: Api, kubernetes: ApiServer, tmp_path: Path):
    space = "ska-try"
    desired = wanted(space)
    (found,) = tried(api, kubernetes, desired)
    assert found.severity is Severity.WARNING
    assert found.message == (
        "what is to lie in `ska-try` could not be tried on the API server: it is not there yet"
    )
    converge(kubernetes, small(space), tmp_path)
    before = fingerprint(kubernetes, space)
    assert tried(api, kubernetes, desired) == []
    assert fingerprint(kubernetes, space) == before


@pytest.mark.parametrize(
    ("number", "path", "value", "words"),
    [
        (1, "replicas", -1, "`spec.replicas`: Invalid value: -1"),
        (2, "minReadySeconds", -1, "`spec.minReadySeconds`: Invalid value: -1"),
        (3, "replica", 3, "`spec.replica`: "),
        (4, "strategy", {"type": "Sometimes"}, "`spec.strategy`: Unsupported value"),
    ],
)
def test_what_the_server_refuses_points_at_its_place(
    api: Api,
    kubernetes: ApiServer,
    tmp_path: Path,
    number: int,
    path: str,
    value: Any,
    words: str,
):
    space = f"ska-refused-{number}"
    converge(kubernetes, small(space), tmp_path)
    good: Any = deployment(f"{space}/soda")
    broken = Object(
        good.kind,
        good.name,
        {**good.document, "spec": {**good.document["spec"], path: value}},
        origins={"": (OTHER,), f"spec.{path}": (LINE,)},
    )
    (found,) = tried(api, kubernetes, small(space, broken))
    assert (found.code, found.severity) == (Code.REFUSED_BY_SYSTEM, Severity.ERROR)
    assert words in found.message
    assert found.message.startswith(f"the API server refuses Deployment `{space}/soda`: ")
    assert found.labels[0].span == LINE


def test_inside_lists_the_place_is_that_of_the_item(
    api: Api, kubernetes: ApiServer, tmp_path: Path
):
    space = "ska-refused-items"
    converge(kubernetes, small(space), tmp_path)
    document: Any = deployment(f"{space}/soda").document
    document["spec"]["template"]["spec"]["containers"][0]["volumeMounts"][1]["name"] = "none"
    at = "spec.template.spec.containers[name=main].volumeMounts[mountPath=/tmp]"
    broken = Object("Deployment", f"{space}/soda", document, origins={"": (OTHER,), at: (LINE,)})
    (found,) = tried(api, kubernetes, small(space, broken))
    assert f"`{at}.name`: Not found" in found.message
    assert found.labels[0].span == LINE


def test_what_a_policy_of_the_site_refuses_is_said(api: Api, kubernetes: ApiServer, tmp_path: Path):
    space = "ska-refused-policy"
    rules = [
        {
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "operations": ["CREATE"],
            "resources": ["configmaps"],
        }
    ]
    match = {
        "resourceRules": rules,
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space}},
    }
    refuse = {
        "matchConstraints": match,
        "validations": [
            {
                "expression": "!has(object.data) || !has(object.data.secret)",
                "message": "no secrets here",
            }
        ],
    }
    policy = thing("ValidatingAdmissionPolicy", space, spec=refuse)
    binding = thing(
        "ValidatingAdmissionPolicyBinding",
        space,
        spec={"policyName": space, "validationActions": ["Deny"]},
    )
    desired = small(space, policy, binding)
    converge(kubernetes, desired, tmp_path)
    secret = thing("ConfigMap", f"{space}/soda", data={"secret": "x"})
    wanted_now = changed(desired, secret)
    for _ in range(100):  # a policy takes effect a moment after it is there
        found = tried(api, kubernetes, wanted_now)
        if found:
            break
    assert "no secrets here" in found[0].message
    assert tried(api, kubernetes, changed(desired, thing("ConfigMap", f"{space}/soda"))) == []


def test_who_needs_what_is_still_to_be_made_is_not_refused(
    api: Api, kubernetes: ApiServer, tmp_path: Path
):
    space = "ska-refused-needs"
    converge(kubernetes, small(space), tmp_path)
    desired = wanted(space)
    assert tried(api, kubernetes, desired) == []


def test_custom_resources_are_checked_by_their_definitions_and_the_server_agrees(
    api: Api, kubernetes: ApiServer, tmp_path: Path
):
    """The CRDs that are installed, read from their files; the server's words beside ours."""
    space = "ska-refused-crd"
    converge(kubernetes, small(space), tmp_path)
    files = sorted((kubernetes.crds / "kueue").glob("*.yaml"))
    assert files
    definitions = check.custom(crd for file in files for crd in documents(file))
    good = thing("LocalQueue", f"{space}/default", spec={"clusterQueue": "ska"})
    for spec, path in (
        ({"clusterQueue": "Not A Name"}, "spec.clusterQueue"),
        ({"clusterQueue": "ska", "stopPolicy": "Sometimes"}, "spec.stopPolicy"),
        ({"clusterQueu": "ska"}, "spec.clusterQueu"),
        ({"clusterQueue": 7}, "spec.clusterQueue"),
    ):
        desired = small(space, thing("LocalQueue", f"{space}/default", spec=spec))
        ours = list(check.check(desired, definitions))
        theirs = tried(api, kubernetes, desired)
        assert any(f"`{path}`" in each.message for each in ours), spec
        assert any(path in each.message for each in theirs), spec
    assert list(check.check(small(space, good), definitions)) == []
    assert tried(api, kubernetes, small(space, good)) == []


def documents(file: Path) -> list[Any]:
    import yaml

    return list(yaml.safe_load_all(file.read_text(encoding="utf-8")))


def test_what_is_held_for_its_data_is_said(api: Api, kubernetes: ApiServer, tmp_path: Path):
    space = "ska-held"

    def claim(volume: str, size: str) -> KubernetesModel:
        spec = {
            "accessModes": ["ReadOnlyMany"],
            "volumeName": volume,
            "storageClassName": "",
            "resources": {"requests": {"storage": size}},
        }
        return small(space, thing("PersistentVolumeClaim", f"{space}/rse", spec=spec))

    converge(kubernetes, claim("one", "1Gi"), tmp_path)
    other = claim("two", "1Gi")
    reading = seen(kubernetes, other)
    assert diff.diff(other, reading) == ()
    (found,) = [
        each for each in check.check_seen(other, reading.model) if each.subject == f"{space}/rse"
    ]
    assert found.severity is Severity.WARNING
    assert found.message == (
        f"PersistentVolumeClaim `{space}/rse` stays as it is: its `spec.volumeName` cannot be"
        " changed"
    )
    for size in ("2Gi", "512Mi"):
        path = f"/api/v1/namespaces/{space}/persistentvolumeclaims/rse"
        there = kubernetes.ask("GET", path)
        there["status"] = {"phase": "Bound", "capacity": {"storage": "1Gi"}}
        there = kubernetes.ask("PUT", f"{path}/status", there)
        there["spec"]["resources"]["requests"]["storage"] = size
        with pytest.raises(RefusedError, match=r"can be resized|can not be less"):
            kubernetes.ask("PUT", path, there)
        other = claim("one", size)
        reading = seen(kubernetes, other)
        assert diff.diff(other, reading) == (), "nothing is planned that no server does"
        (found,) = (f for f in check.check_seen(other, reading.model) if f.subject == found.subject)
        assert found.help is not None
        assert found.help.startswith("nothing is to be done")
    ended = model(ended={("PersistentVolumeClaim", f"{space}/rse"): "its area is retired"})
    said = [each.message for each in check.check_seen(ended, seen(kubernetes, ended).model)]
    assert (
        f"PersistentVolumeClaim `{space}/rse` is left in place, since it keeps data: its area is"
        " retired"
    ) in said
    assert Action.RETIRE not in {each.action for each in diff.diff(ended, seen(kubernetes, ended))}

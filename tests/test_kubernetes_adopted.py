"""What people made on a cluster by hand is kept as it stands, and nothing else is wanted there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from specs import TODAY, compile_texts

from srcnet_compiler.change import Action
from srcnet_compiler.span import Span
from srcnet_compiler.targets.kubernetes import check, diff, emit
from srcnet_compiler.targets.kubernetes.live.handing import handed_over, without
from srcnet_compiler.targets.kubernetes.model import OWNER, KubernetesModel, Object
from srcnet_compiler.targets.protocol import Reading

FEDERATION = """\
apiVersion: srcnet.skao.int/v1alpha2
kind: Federation
metadata: {name: small}
spec:
  members: [CHSRC]
  tiers: {online: {media: [hdd], reachable: immediately}}
  services: {soda_sync: {storage: none}}
  identity: {issuer: "https://iam.example.org/"}
  naming: {area: "{src}-{site}-{class}", existing: warn, new: error}
  regions: {everywhere: [CH]}
  storageClasses: {T0: {tier: online}}
  rucio:
    server: https://rucio.example.org
    credentials: {secretRef: {env: RUCIO}}
    owner: policy
    actsAs: compiler
    activities: [User Subscriptions]
"""
SPEC = "site-specs/chsrc-cscs.yaml"
HEAD = """\
apiVersion: srcnet.skao.int/v1alpha2
kind: Site
metadata: {name: CHSRC-CSCS}
spec:
  src: CHSRC
  country: CH
  compute:
    - name: services
      kubernetes:
        version: "1.36"
        server: https://k8s.example.ch:6443
        credentials: {secretRef: {env: CHSRC_KUBERNETES_TOKEN}}
"""
ADOPTED = """\
        adopted:
          quotas:
            - {namespace: skao, name: all, requests: {cores: 64, gpus: 4}, limits: {memory: 1 TiB}}
            - {namespace: other, name: all, requests: {cores: 8, memory: 1 GiB}, short: true}
          clusterQueues:
            - {name: sky, cohort: physics, flavor: nodes, nominal: {cores: 64}, lending: {cores: 0}}
          workloads:
            - {service: soda_sync, namespace: skao, name: cut, replicas: 2, images: {main: r/cut}}
"""
SERVICES = "  services: [{service: soda_sync, at: services}]\n"


def lowered(adopted: str = ADOPTED) -> KubernetesModel:
    files = {"policies/federation.yaml": FEDERATION, SPEC: HEAD + adopted + SERVICES}
    compiled = compile_texts(files, TODAY)
    assert not compiled.failed, compiled.diagnostics
    (model,) = (each.model for each in compiled.models if each.target.name == "kubernetes")
    return model


def document(model: KubernetesModel, kind: str, name: str) -> Any:
    found = model.find(kind, name)
    assert found is not None
    return found.document


def seen(wanted: Object) -> Object:
    """The same by other hands: without our label."""
    metadata: Any = wanted.document["metadata"]
    bare = {key: value for key, value in metadata.items() if key != "labels"}
    return replace(wanted, document={**wanted.document, "metadata": bare}, ours=False)


def test_only_what_is_named_is_wanted_with_what_is_said_of_it():
    model = lowered()
    assert len(model.objects) == 4
    assert model.namespaces == ()
    hard = document(model, "ResourceQuota", "skao/all")["spec"]["hard"]
    assert hard == {
        "limits.memory": "1Ti",
        "requests.cpu": "64",
        "requests.nvidia.com/gpu": "4",
    }
    assert document(model, "ResourceQuota", "other/all")["spec"]["hard"] == {
        "cpu": "8",
        "memory": "1Gi",
    }
    assert document(model, "ClusterQueue", "sky")["spec"] == {
        "cohortName": "physics",
        "resourceGroups": [
            {
                "coveredResources": ["cpu"],
                "flavors": [
                    {
                        "name": "nodes",
                        "resources": [{"name": "cpu", "nominalQuota": "64", "lendingLimit": "0"}],
                    }
                ],
            }
        ],
    }
    assert document(model, "Deployment", "skao/cut")["spec"] == {
        "replicas": 2,
        "template": {"spec": {"containers": [{"name": "main", "image": "r/cut"}]}},
    }


def test_a_part_of_an_object_is_no_fault_and_its_fields_have_their_lines():
    model = lowered()
    assert [*check.check(model)] == []
    quota = model.find("ResourceQuota", "skao/all")
    assert quota is not None
    (place, *_) = quota.spans('spec.hard."requests.cpu"')
    assert (place.line, place.column) == (15, 62)


def test_what_stands_as_the_spec_says_is_adopted_and_nothing_is_changed():
    model = lowered()
    there = replace(model, objects={key: seen(each) for key, each in model.objects.items()})
    assert diff.diff(model, Reading(there)) == ()
    adoptions = diff.adoptions(model, Reading(there))
    assert {each.action for each in adoptions} == {Action.ADOPT}
    assert len(adoptions) == 4
    assert diff.diff(model, Reading(model)) == ()


def test_one_line_of_the_spec_changes_one_field():
    model, later = lowered(), lowered(ADOPTED.replace("replicas: 2", "replicas: 3"))
    (change,) = diff.diff(later, Reading(model))
    assert [(f.name, f.before, f.after) for f in change.fields if f.before != f.after] == [
        ("spec.replicas", 2, 3)
    ]
    assert diff.adoptions(later, Reading(model)) == ()


def test_without_the_section_what_stood_there_is_left():
    joined = lowered("")
    assert diff.diff(joined, Reading(lowered())) == ()


# ── handing over ──────────────────────────────────────────────────────────────────────────────

OURS = {
    "manager": "srcnet-compiler",
    "operation": "Apply",
    "fieldsV1": {"f:spec": {"f:hard": {"f:requests.cpu": {}}}},
}


def by(manager: str, node: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "fieldsV1": node, **more}


def test_what_people_hold_with_kubectl_is_ours_alone_and_the_rest_stays_theirs():
    hard = {".": {}, "f:requests.cpu": {}, "f:pods": {}}
    before = [OURS, by("kubectl-create", {"f:spec": {"f:hard": hard}})]
    assert handed_over(before) == [
        OURS,
        by("kubectl-create", {"f:spec": {"f:hard": {".": {}, "f:pods": {}}}}),
    ]


def test_who_holds_nothing_more_is_not_named_any_more():
    before = [OURS, by("kubectl", {"f:spec": {".": {}, "f:hard": {".": {}, "f:requests.cpu": {}}}})]
    assert handed_over(before) == [OURS]


def test_nothing_is_taken_from_controllers_nor_from_the_status():
    node = {"f:spec": {"f:hard": {"f:requests.cpu": {}}}}
    others = [by("argocd-controller", node), by("kubectl", node, subresource="status")]
    assert handed_over([OURS, *others]) is None
    assert handed_over(others) is None


def test_an_item_of_a_list_stays_with_who_holds_more_of_it():
    container = 'k:{"name":"main"}'
    theirs = {container: {".": {}, "f:image": {}, "f:name": {}, "f:ports": {}}}
    ours = {container: {".": {}, "f:image": {}, "f:name": {}}}
    assert without(theirs, ours) == {container: {".": {}, "f:ports": {}}}


def test_our_label_is_given_by_the_adoption():
    model = lowered()
    quota = model.find("ResourceQuota", "skao/all")
    assert quota is not None
    assert quota.document["metadata"]["labels"] == {OWNER: model.prefix}


# ── places ────────────────────────────────────────────────────────────────────────────────────

SCALARS = (
    ("name: all, requests: {cores: 64", "name: any, requests: {cores: 64"),
    ("{namespace: skao, name: all", "{namespace: skoa, name: all"),
    ("requests: {cores: 64", "requests: {cores: 65"),
    ("gpus: 4", "gpus: 5"),
    ("limits: {memory: 1 TiB", "limits: {memory: 2 TiB"),
    ("cores: 8, memory: 1 GiB", "cores: 8, memory: 3 GiB"),
    ("short: true", "short: false"),
    ("name: sky", "name: ski"),
    ("cohort: physics", "cohort: biology"),
    ("flavor: nodes", "flavor: racks"),
    ("nominal: {cores: 64", "nominal: {cores: 63"),
    ("lending: {cores: 0", "lending: {cores: 1"),
    ("name: cut", "name: cat"),
    ("replicas: 2", "replicas: 3"),
    ("main: r/cut", "main: r/cat"),
)


def placed_lines(model: KubernetesModel) -> list[tuple[str, tuple[Span, ...]]]:
    """Every line that is emitted for the cluster, with its places."""
    return [
        (
            f"{artifact.path}: {line}",
            artifact.sources[number],
        )
        for artifact in emit.emit(model)
        for number, line in enumerate(artifact.content.split("\n")[:-1], 1)
    ]


@pytest.mark.parametrize(("before", "after"), SCALARS)
def test_one_scalar_changes_only_lines_that_lead_to_it(before: str, after: str):
    assert ADOPTED.count(before) == 1
    place = (HEAD + ADOPTED).index(before)
    start = next(n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b)
    line = (HEAD + ADOPTED).count("\n", 0, place) + 1
    column = place + start - (HEAD + ADOPTED).rindex("\n", 0, place)
    old, new = (placed_lines(lowered(text)) for text in (ADOPTED, ADOPTED.replace(before, after)))
    texts = [[text for text, _ in lines] for lines in (old, new)]
    assert texts[0] != texts[1]
    for lines, others in ((old, texts[1]), (new, texts[0])):
        for text, places in lines:
            if text not in others:
                around = [((p.line, p.column), (p.end_line, p.end_column)) for p in places]
                assert any(begin <= (line, column) < end for begin, end in around), text

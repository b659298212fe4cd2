"""What changes a cluster needs: each with its order, its price, and whose fields are spared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from kubernetes_objects import changed, deployment, model, thing, wanted

from srcnet_compiler.change import Action, Change, Impact
from srcnet_compiler.diagnostic import Code, Severity
from srcnet_compiler.plan.build import waves
from srcnet_compiler.targets.kubernetes import check, diff
from srcnet_compiler.targets.kubernetes.model import OWNER, KubernetesModel, Object
from srcnet_compiler.targets.kubernetes.model.amounts import parse_amount, same_amount
from srcnet_compiler.targets.protocol import Gap, Reading

SPACE = "ska-x"
WANTED = wanted(SPACE)


def changes(desired: KubernetesModel, seen: KubernetesModel) -> tuple[Change, ...]:
    return diff.diff(desired, Reading(seen))


def one(desired: KubernetesModel, seen: KubernetesModel) -> Change:
    (change,) = changes(desired, seen)
    return change


def test_everything_comes_after_what_it_needs():
    order = [
        (change.address.kind, change.address.name)
        for wave in waves(changes(WANTED, model()))
        for change in wave
    ]
    assert set(order) == set(WANTED.objects)

    def before(first: str, second: str) -> bool:
        (one, *_), (other, *_) = (
            [number for number, (kind, _) in enumerate(order) if kind == each]
            for each in (first, second)
        )
        return one < other

    for first, second in (
        ("Namespace", "ResourceQuota"),
        ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
        ("Role", "RoleBinding"),
        ("ServiceAccount", "RoleBinding"),
        ("PersistentVolume", "PersistentVolumeClaim"),
        ("PersistentVolumeClaim", "Deployment"),
        ("NetworkPolicy", "Deployment"),
        ("ResourceQuota", "StatefulSet"),
        ("StatefulSet", "HorizontalPodAutoscaler"),
        ("Service", "Ingress"),
    ):
        assert before(first, second), (first, second)


def test_what_ends_goes_after_what_uses_it():
    ended = model(ended=dict.fromkeys(WANTED.objects, "retired"))
    order = [change.address.kind for wave in waves(changes(ended, WANTED)) for change in wave]
    for first, second in (
        ("Deployment", "ServiceAccount"),
        ("Deployment", "NetworkPolicy"),
        ("RoleBinding", "Role"),
        ("Ingress", "Service"),
        ("ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy"),
    ):
        assert order.index(first) < order.index(second), (first, second)
    assert not {"Namespace", "PersistentVolume", "PersistentVolumeClaim"} & set(order)


def test_a_change_carries_the_whole_object():
    """Server-side apply takes what is left out for what is given up."""
    new = deployment(f"{SPACE}/soda", replicas=9)
    change = one(changed(WANTED, new), WANTED)
    assert {field.name: field.after for field in change.fields} == new.fields()
    assert [f.name for f in change.fields if f.before != f.after] == ["spec.replicas"]
    assert (change.impact, change.reason) == (Impact.RECONFIGURE, "")


def test_who_hands_the_number_of_pods_to_an_autoscaler_is_told_what_happens():
    document: Any = deployment(f"{SPACE}/soda").document
    del document["spec"]["replicas"]
    change = one(changed(WANTED, Object("Deployment", f"{SPACE}/soda", document)), WANTED)
    assert change.impact is Impact.RESTART
    assert change.reason == "its Pods are one until the autoscaler has counted"


def test_what_nobody_could_see_is_left_alone_with_what_needs_it():
    nothing = model()
    gap = Gap(diff.address(WANTED, WANTED.objects["Namespace", SPACE]), "no right to see it")
    kinds = {change.address.kind for change in diff.diff(WANTED, Reading(nothing, (gap,)))}
    assert kinds == {
        "PriorityClass",
        "PersistentVolume",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    }


@pytest.mark.parametrize("kind", ["RoleBinding", "PersistentVolumeClaim"])
def test_what_is_not_ours_is_neither_replaced_nor_adopted_for_it(kind: str):
    name = {"RoleBinding": f"{SPACE}/soda", "PersistentVolumeClaim": f"{SPACE}/rse"}[kind]
    ours: Any = WANTED.objects[kind, name].document
    theirs = {
        "RoleBinding": {**ours, "roleRef": {**ours.get("roleRef", {}), "name": "other"}},
        "PersistentVolumeClaim": {**ours, "spec": {**ours.get("spec", {}), "volumeName": "other"}},
    }[kind]
    found = Object(kind, name, {**theirs, "metadata": {}}, ours=False)
    there = replace(WANTED, objects={**WANTED.objects, (kind, name): found})
    assert changes(WANTED, there) == ()
    assert diff.adoptions(WANTED, Reading(there)) == ()
    (said,) = check.check_seen(WANTED, there)
    assert "stays as it is" in said.message


def test_what_exists_is_adopted_with_what_is_equal_and_changed_after_it():
    key = ("ConfigMap", f"{SPACE}/soda")
    found = Object(*key, {"data": {"max": "1.0", "soda.conf": "other"}}, ours=False)
    there = replace(WANTED, objects={**WANTED.objects, key: found})
    (adoption,) = diff.adoptions(WANTED, Reading(there))
    assert adoption.action is Action.ADOPT
    assert {field.name: field.after for field in adoption.fields} == {"data.max": "1.0"}
    going = Gap(adoption.address, "it is being deleted: wait until it is gone")
    assert diff.adoptions(WANTED, Reading(there, (going,))) == ()
    change = one(WANTED, there)
    assert change.needs == (adoption.address,)
    assert [each.action for wave in waves([change, adoption]) for each in wave] == [
        Action.ADOPT,
        Action.UPDATE,
    ]


def test_what_another_federation_has_is_an_error_and_no_change():
    key = ("ConfigMap", f"{SPACE}/soda")
    document = {"metadata": {"labels": {OWNER: "other"}}, "data": {}}
    there = replace(WANTED, objects={**WANTED.objects, key: Object(*key, document, ours=False)})
    assert changes(WANTED, there) == ()
    assert diff.adoptions(WANTED, Reading(there)) == ()
    (found,) = check.check_seen(WANTED, there)
    assert (found.code, found.severity) == (Code.NOT_OURS, Severity.ERROR)
    assert "belongs to `other`" in found.message


def test_what_has_our_label_and_no_spec_is_said_and_left():
    left = replace(WANTED, objects={**WANTED.objects, ("Service", "a/b"): thing("Service", "a/b")})
    assert changes(WANTED, left) == ()
    (found,) = check.check_seen(WANTED, left)
    assert found.severity is Severity.WARNING
    assert (
        found.message == "an object is labelled as ours, and no spec has any of them: Service a/b"
    )


def test_files_of_before_are_said_with_what_removes_them_and_not_as_something_to_retire():
    """Their service lives on: no document ends them, and only people see its last Pod of before."""
    files = [thing("ConfigMap", f"a/soda-files-{digest}") for digest in ("0123abcd", "4567cdef")]
    now, before = files
    there = replace(WANTED, objects={**WANTED.objects, **{(o.kind, o.name): o for o in files}})
    desired = replace(WANTED, objects={**WANTED.objects, (now.kind, now.name): now})
    (found,) = check.check_seen(desired, there)
    assert found.severity is Severity.WARNING
    assert found.message == "files of before are still there: ConfigMap a/soda-files-4567cdef"
    assert found.help is not None
    assert "`kubectl delete configmap -n a soda-files-4567cdef`" in found.help
    (gone,) = check.check_seen(WANTED, replace(there, objects={(before.kind, before.name): before}))
    assert "no spec has any of them" in gone.message, "no service has such files any more"


def test_another_version_than_the_spec_says_is_said():
    (found,) = check.check_seen(WANTED, replace(WANTED, version=(1, 31)))
    assert found.message == "the cluster runs Kubernetes 1.31, and its spec says 1.36"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("0.5", "500m", True),
        ("1024Mi", "1Gi", True),
        ("4P", "4000T", True),
        ("1e3", 1000, True),
        ("1", 1, True),
        ("1G", "1Gi", False),
        ("x", "y", False),
        (True, "1", False),
        (1, 1, False),  # nothing to tell apart
    ],
)
def test_amounts_are_the_same_however_they_are_written(one: object, other: object, same: bool):
    assert same_amount(one, other) is same


@pytest.mark.parametrize("text", ["", "GiB", "1 Gi", "1.2.3", "--1", "1GiB", "0x1", "\uff11"])
def test_what_is_no_amount_is_refused(text: str):
    with pytest.raises(ValueError, match="is no amount"):
        parse_amount(text)

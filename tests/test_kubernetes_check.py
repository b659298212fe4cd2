"""What an API server would refuse, found without one: the published schemas have the last word."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes_objects import deployment, model, thing, wanted

from srcnet_compiler.diagnostic import Code, Diagnostic, Severity
from srcnet_compiler.span import Span
from srcnet_compiler.targets.kubernetes import check
from srcnet_compiler.targets.kubernetes.check.schemas import custom, nearest, versions
from srcnet_compiler.targets.kubernetes.model import KubernetesModel, Object

HERE = Span("policies/services/soda.yaml", 7, 3, 7, 12)
THERE = Span("policies/services/soda.yaml", 9, 5, 9, 20)


def findings(*objects: Object, version: tuple[int, int] = (1, 36)) -> list[Diagnostic]:
    return list(check.check(model(*objects, version=version)))


def said(*objects: Object) -> list[str]:
    return [each.message for each in findings(*objects)]


def test_what_every_server_takes_has_no_finding():
    assert list(check.check(wanted("ska-x"))) == []


def spoilt(change: str) -> Object:
    """A deployment with one thing wrong."""
    document: Any = copy.deepcopy(deployment("ska-x/soda").document)
    pod = document["spec"]["template"]["spec"]
    match change:
        case "unknown":
            pod["containers"][0]["imagePullPolice"] = "Always"
        case "type":
            document["spec"]["replicas"] = "2"
        case "amount":
            pod["containers"][0]["resources"]["limits"]["memory"] = "2 GiB"
        case "missing":
            del document["spec"]["selector"]
        case "nothing":
            pod["nodeName"] = None
        case "label":
            document["metadata"]["labels"]["example.org/who"] = "a person"
        case "enum":
            document["apiVersion"] = "apps/v2"
    return Object("Deployment", "ska-x/soda", document)


MAIN = "spec.template.spec.containers[name=main]"


@pytest.mark.parametrize(
    ("change", "message", "remedy"),
    [
        (
            "unknown",
            f"`{MAIN}.imagePullPolice` `imagePullPolice` is no field of it",
            "did you mean `imagePullPolicy`?",
        ),
        ("type", "`spec.replicas` is `2`, and must be a whole number", None),
        (
            "amount",
            f"`{MAIN}.resources.limits.memory` is `2 GiB`, which is no amount",
            "such as `500m` or `16Gi`",
        ),
        ("missing", "`spec` lacks `selector`", None),
        ("nothing", "`spec.template.spec.nodeName` is nothing, and must be text", None),
        (
            "label",
            '`metadata.labels."example.org/who"` `a person` is no value for a label',
            "at most 63 letters, digits, `-`, `_` and `.`",
        ),
        ("enum", "`apiVersion` is `apps/v2`, and must be one of `apps/v1`", None),
    ],
)
def test_each_mistake_has_its_words(change: str, message: str, remedy: str | None):
    (found,) = findings(spoilt(change))
    assert (found.code, found.severity) == (Code.REFUSED_BY_SYSTEM, Severity.ERROR)
    assert found.message == f"Deployment `ska-x/soda`: {message}"
    assert found.help == remedy


def test_a_finding_points_at_the_line_that_the_field_comes_from():
    origins = {"": (HERE,), "spec.template.spec.containers[name=main].resources": (THERE,)}
    for change, place in (("amount", THERE), ("type", HERE), ("unknown", HERE)):
        broken = spoilt(change)
        (found,) = findings(Object(broken.kind, broken.name, broken.document, origins=origins))
        assert found.labels[0].span == place


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("Namespace", "SKA", "`SKA` is no name for a Namespace: at most 63 characters"),
        ("Namespace", "a" * 64, f"`{'a' * 64}` is no name for a Namespace: at most 63 characters"),
        ("ConfigMap", "ska-x/so_da", "`so_da` is no name for a ConfigMap"),
        ("ConfigMap", "soda", "a ConfigMap lies in a namespace: its name is `soda`"),
        ("ConfigMap", "Ska/soda", "`Ska` is no name for a namespace"),
        ("PriorityClass", "a/b", "a PriorityClass lies in no namespace: its name is `a/b`"),
    ],
)
def test_names_are_as_the_server_takes_them(kind: str, name: str, message: str):
    values = {"PriorityClass": {"value": 1}}.get(kind, {})
    assert said(thing(kind, name, **values)) == [f"{kind} `{name}`: {message}"]


def test_what_is_not_labelled_as_ours_is_a_finding():
    (found,) = findings(Object("ConfigMap", "ska-x/soda", {"data": {}}))
    assert found.code is Code.NOT_OURS


def test_a_version_that_nobody_knows_is_checked_as_the_nearest():
    first, last = next(iter(versions())), [*versions()][-1]
    assert nearest(last) == last
    assert nearest((1, 99)) == last
    assert nearest((1, 1)) == first
    (found,) = findings(thing("ConfigMap", "ska-x/soda"), version=(1, 1))
    assert found.severity is Severity.WARNING
    assert "nothing is known of Kubernetes 1.1" in found.message
    old = thing("ValidatingAdmissionPolicy", "x", spec={})
    assert "Kubernetes 1.28 has no ValidatingAdmissionPolicy" in " ".join(
        each.message for each in findings(old, version=(1, 28))
    )


# ── our check and the package's own agree ─────────────────────────────────────────────────────


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield way
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*way, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from places(inner, (*way, number))


def documents(model: KubernetesModel) -> list[dict[str, Any]]:
    return [
        {
            "apiVersion": each.described.api,
            "kind": each.kind,
            **copy.deepcopy(dict(each.document)),
        }
        for each in model.things()
    ]


@given(data=st.data())
def test_a_document_that_was_spoilt_is_refused_as_the_schemas_refuse_it(data: st.DataObject):
    document = data.draw(st.sampled_from(documents(wanted("ska-x"))))
    *way, last = data.draw(st.sampled_from([each for each in places(document) if each]))
    here: Any = document
    for step in way:
        here = here[step]
    spoil = data.draw(st.sampled_from(["remove", "unknown", "text", "number", "list", "mapping"]))
    if spoil == "remove":
        del here[last]
    elif spoil == "unknown":
        if not isinstance(here[last], dict):
            return
        here[last]["someField"] = "x"
    else:
        here[last] = {"text": "x1", "number": 7, "list": [], "mapping": {}}[spoil]
    if not way and last in ("kind", "apiVersion"):
        return
    kind = document["kind"]
    try:
        kubernetes_validate.validate(document, "1.36", strict=True)
        fits = True
    except kubernetes_validate.ValidationError:
        fits = False
    name = "x" if not Object(kind, "", {}).described.namespaced else "ska-x/x"
    ours = [
        each
        for each in check.check(model(Object(kind, name, document)))
        if each.code is Code.REFUSED_BY_SYSTEM
        # what the schemas do not know of: amounts, and the words that labels are made of
        and not any(
            words in each.message
            for words in ("is `x`, which", "is `x1`, which", "for a label", "no key")
        )
    ]
    assert (ours == []) == fits, [each.message for each in ours]


# ── custom resources ──────────────────────────────────────────────────────────────────────────

CRD = {
    "kind": "CustomResourceDefinition",
    "spec": {
        "group": "kueue.x-k8s.io",
        "names": {"kind": "ClusterQueue"},
        "versions": [
            {
                "name": "v1beta2",
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "apiVersion": {"type": "string"},
                            "kind": {"type": "string"},
                            "metadata": {"type": "object"},
                            "spec": {
                                "type": "object",
                                "required": ["cohortName"],
                                "properties": {
                                    "cohortName": {"type": "string", "maxLength": 5},
                                    "quota": {
                                        "anyOf": [{"type": "integer"}, {"type": "string"}],
                                        "pattern": "^[0-9]+$",
                                        "x-kubernetes-int-or-string": True,
                                    },
                                    "strategy": {"type": "string", "enum": ["A", "B"]},
                                    "free": {
                                        "type": "object",
                                        "x-kubernetes-preserve-unknown-fields": True,
                                    },
                                    "weights": {
                                        "type": "array",
                                        "maxItems": 1,
                                        "items": {"type": "integer", "minimum": 1},
                                    },
                                },
                            },
                        },
                    }
                },
            }
        ],
    },
}


@pytest.mark.parametrize(
    ("spec", "messages"),
    [
        ({"cohortName": "ska", "quota": 3, "free": {"any": 1}, "weights": [2]}, []),
        ({"cohortName": "ska", "quota": "3", "strategy": "A"}, []),
        ({}, ["`spec` lacks `cohortName`"]),
        ({"cohort": "ska"}, ["`spec` lacks `cohortName`", "`spec.cohort` `cohort` is no field"]),
        ({"cohortName": "canfar"}, ["`spec.cohortName` is 6 characters long: `maxLength` is 5"]),
        ({"cohortName": "a", "quota": "x"}, ["`spec.quota` is `x`, which is not of the form"]),
        ({"cohortName": "a", "strategy": "C"}, ["`spec.strategy` is `C`, and must be one of"]),
        (
            {"cohortName": "a", "weights": [0, 1]},
            ["`spec.weights` is 0: `minimum` is 1", "`spec.weights` has 2 items: `maxItems` is 1"],
        ),
    ],
)
def test_a_custom_resource_is_checked_against_its_definition(spec: Any, messages: list[str]):
    desired = model(thing("ClusterQueue", "ska", spec=spec))
    found = list(check.check(desired, custom([CRD, {"kind": "Other"}])))
    assert len(found) == len(messages)
    for each, message in zip(found, messages, strict=True):
        assert message in each.message
    assert list(check.check(desired)) == []

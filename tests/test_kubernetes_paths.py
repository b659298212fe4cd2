"""Documents by path and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srcnet_compiler.targets.kubernetes.model.paths import MERGE_KEYS, flatten, steps, unflatten

plain = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
keys = st.text(alphabet='ab.[]"\\=, /é', max_size=6) | st.sampled_from(
    [*MERGE_KEYS, "name", "spec", "mountPath", "srcnet.skao.int/owner"]
)


@st.composite
def items(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Like a list of containers or mounts, as odd as its names may be."""
    key = draw(st.sampled_from(sorted(MERGE_KEYS)))
    names = draw(st.lists(keys, unique=True, max_size=3))
    (tells,) = MERGE_KEYS[key]
    return {
        key: [
            {**draw(st.dictionaries(keys.filter(lambda k: k != tells), inner, max_size=2))}
            | {tells: name}
            for name in names
        ]
    }


values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3) | items(inner)
    ),
    max_leaves=12,
)
documents = st.dictionaries(
    keys.filter(lambda key: key not in ("metadata", "kind", "apiVersion")), values, max_size=4
)


@given(documents)
def test_a_document_survives_being_taken_apart(document: dict[str, Any]):
    assert unflatten(flatten(document)) == document


@given(documents)
def test_values_survive_being_put_together(document: dict[str, Any]):
    fields = flatten(document)
    assert list(flatten(unflatten(fields)).items()) == list(fields.items())


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"a": {"b.c": 1}}, 'a."b.c"'),
        ({"containers": [{"name": "main", "image": "x"}]}, "containers[name=main].image"),
        ({"volumeMounts": [{"mountPath": "/a.b/c"}]}, "volumeMounts[mountPath=/a.b/c].mountPath"),
        ({"env": [{"name": "a]b"}]}, 'env[name="a]b"].name'),
        ({"ports": [{"port": 80}]}, "ports"),
    ],
)
def test_paths_read_as_people_would_write_them(document: dict[str, Any], path: str):
    assert path in flatten(document)
    assert steps(path)


def env(*variables: tuple[str, str]) -> dict[str, Any]:
    return {"env": [{"name": name, "value": value} for name, value in variables]}


def test_the_order_of_variables_is_a_field_where_one_refers_to_an_earlier_one():
    base, url = ("BASE", "https://x"), ("A_URL", "$(BASE)/a")
    place = "env[name=A_URL].after"
    assert flatten(env(base, url))[place] == ["BASE"]
    assert place not in flatten(env(url, base)), "there it stands for itself, as text"
    assert place not in flatten(env(base, ("A_URL", "$$(BASE)/a"))), "so does what is escaped"
    assert place not in flatten(env(url)), "and what is no variable of the container"
    assert unflatten(flatten(env(base, url))) == env(base, url)


def test_what_names_an_object_is_none_of_its_fields():
    metadata = {"name": "a", "namespace": "b", "labels": {"c": "d"}}
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    assert flatten(document) == {"metadata.labels.c": "d"}
    assert flatten({**document, "metadata": {"name": "a"}}) == {}

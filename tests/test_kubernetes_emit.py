"""What is made into lines once for many clusters is what each would have been made into."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from kubernetes_objects import thing

from srcnet_compiler.emit.yaml import Sourced, to_lines
from srcnet_compiler.span import Span
from srcnet_compiler.targets.kubernetes import emit
from srcnet_compiler.targets.kubernetes.model import SITE, Object
from srcnet_compiler.targets.kubernetes.model.words import IDENTIFIER

SITES = [
    "CHSRC-CSCS",
    "NLSRC-RUGX",
    "no",
    "SITE-4.x",
    "S" * 70,
    "truefalse",
    "1234567890",
    "Ø-ROVER-1",
]
AROUND = (Span("around.yaml", 1, 1, 1, 2),)

sites = st.sampled_from(SITES)
identifiers = st.uuids().map(str)


def words(site: str) -> st.SearchStrategy[str]:
    own = [site, site.lower(), f"https://soda.{site.lower()}.example.org/", f"{site}: x", "no", "4"]
    return st.sampled_from([*own, "plain", "%@%@%@%@%@", "a0%@%@%@%@", 'say "hi"', ""])


def values(site: str) -> st.SearchStrategy[object]:
    leaves = words(site) | st.integers(-5, 5) | st.booleans()
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words(site), inner, max_size=3),
        max_leaves=8,
    )


@st.composite
def objects(draw: st.DrawFn) -> tuple[Object, str]:
    site = draw(sites)
    found = thing(
        "ConfigMap",
        "ska/settings",
        metadata={
            "name": "settings",
            "labels": {SITE: site},
            "annotations": {IDENTIFIER: draw(identifiers)},
        },
        data={"site": site, "inner": draw(values(site)), "other": draw(values(site))},
    )
    paths = draw(
        st.sets(st.sampled_from(["", "data", "data.inner", "data.site", "metadata.labels"]))
    )
    origins = {
        path: draw(st.sampled_from([(), (Span(f"{path}.yaml", 7, 1, 7, 2),)]))
        for path in sorted(paths)
    }
    return replace(found, origins=origins), site


def lines(text: str, runs: object) -> list[tuple[str, object]]:
    places = [spans for spans, count in runs for _ in range(count)]
    found = text.split("\n")
    assert len(found) == len(places)
    return list(zip(found, places, strict=True))


@given(st.lists(objects(), min_size=1, max_size=4))
def test_lines_made_once_are_those_of_each(found: list[tuple[Object, str]]):
    for each, site in found:
        made = emit.lines_of(each, site, AROUND)
        document = {
            key: {
                name: Sourced(value, each.origins[f"{key}.{name}"])
                if f"{key}.{name}" in each.origins
                else value
                for name, value in part.items()
            }
            for key, part in each.document.items()
        }
        tree = {
            key: Sourced(part, each.origins[key]) if key in each.origins else part
            for key, part in document.items()
        }
        expected = to_lines(Sourced(tree, each.origins.get("", ())), AROUND)
        assert lines(made.text, made.runs) == lines(expected.text, expected.runs)
        assert made.spans == expected.spans

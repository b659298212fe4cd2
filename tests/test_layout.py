"""The canonical layout: what it changes, and all that it must not change."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given
from messy_yaml import messy
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from specs import GOLDEN, REAL

from srcnet_compiler.source import parse
from srcnet_compiler.source.layout import laid_out, says_the_same

OURS = [
    path
    for folder in (REAL / "site-specs", REAL / "policies", GOLDEN)
    for path in sorted(folder.rglob("*.yaml"))
]


def formatted(text: str) -> str:
    found = laid_out("some.yaml", text.encode())
    assert found.value is not None, found.diagnostics
    return found.value


def by_another_reader(text: str) -> list[object]:
    """The values as ruamel.yaml reads them: it has no code in common with ours."""
    return [each for each in YAML(typ="safe", pure=True).load_all(text) if each is not None]


def data(text: str) -> list[object]:
    found = parse("some.yaml", text.encode())
    assert found.value is not None, found.diagnostics
    return [repr(document.data) for document in found.value]


@given(messy())
def test_a_layout_changes_no_value_loses_no_comment_and_is_at_rest(case: tuple[str, list[str]]):
    before, comments = case
    assume(parse("some.yaml", before.encode()).value)
    after = formatted(before)
    assert data(after) == data(before)
    try:
        read = by_another_reader(before)
    except YAMLError:
        read = None  # it takes less than libyaml does
    if read is not None:
        assert by_another_reader(after) == read
    in_order = sorted(comments, key=before.index)
    places = [after.index(comment + "\n") for comment in in_order]
    assert places == sorted(places)
    assert formatted(after) == after


@given(messy())
def test_nearly_every_careless_text_gets_its_layout(case: tuple[str, list[str]]):
    """Staying as it is would keep every promise of the test above."""
    before, _ = case
    assume(parse("some.yaml", before.encode()).value)
    after = formatted(before)
    assert "\r" not in after
    assert not after.startswith(("---", "\n", " "))
    assert after.endswith("\n")


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.relative_to(REAL).as_posix())
def test_our_own_specs_are_laid_out(path: Path):
    assert formatted(path.read_text("utf-8")) == path.read_text("utf-8")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a:    1\nb :  2   \n\n\n\nc: 3", "a: 1\nb: 2\n\nc: 3\n"),
        ("a:\n- x\n-   y: 1\n    z: 2\nb: 1\n", "a:\n  - x\n  - y: 1\n    z: 2\nb: 1\n"),
        ("a:\n    b:\n        c: 1\n", "a:\n  b:\n    c: 1\n"),
        ("{ a: 1,b: [ 2,3 ] , c : }\n", "{a: 1, b: [2, 3], c: }\n"),
        ("a: [1,\n  2,\n   # note\n  3\n  ]\n", "a: [1,\n    2,\n    # note\n    3\n   ]\n"),
        ("a: 1 # near\nb: 2              # far\n", "a: 1  # near\nb: 2              # far\n"),
        (
            "a:\n   b: 1\n   # of b\n# of c\nc: 1\n   # end\n",
            "a:\n  b: 1\n  # of b\n# of c\nc: 1\n# end\n",
        ),
        ("---\na: 1\n", "a: 1\n"),
        ("--- # first\na: 1\n...\n---\nb: 2\n...\n", "# first\na: 1\n---\nb: 2\n"),
        ("%YAML 1.2\n---\na: 1\n", "%YAML 1.2\n---\na: 1\n"),
        ("a: |2\n    x\n   y\n", "a: |2\n    x\n   y\n"),
        ("a:\n    b: |3\n         x\n", "a:\n  b: |3\n       x\n"),
        ("a: |+\n  x\n\n\nb: 1\n", "a: |+\n  x\n\n\nb: 1\n"),
        ("a: |\n  x\n\n\nb: 1\n", "a: |\n  x\n\nb: 1\n"),
        ('a: "x\\ \n   y"\n', 'a: "x\\ \n  y"\n'),
        ("a: &x   {b: 1}\nc:   *x\n", "a: &x {b: 1}\nc: *x\n"),
        ("a:  !!str   1\n", "a: !!str 1\n"),
        ("a: 1\t# tab\n", "a: 1  # tab\n"),
        ("\ufeffa:  1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
        ("a: 'it''s'\nb: \"no\"\nc: NO\n", "a: 'it''s'\nb: \"no\"\nc: NO\n"),
    ],
)
def test_what_the_layout_is(before: str, after: str):
    assert formatted(before) == after
    assert formatted(after) == after


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a: 1\n", "a: '1'\n"),
        ("a: 'x'\n", 'a: "x"\n'),
        ("a: 1  # x\n", "a: 1\n"),
        ("a: 1\nb: 2\n", "b: 2\na: 1\n"),
        ("a: &x 1\n", "a: 1\n"),
        ("a: {b: 1}\n", "a:\n  b: 1\n"),
    ],
)
def test_texts_that_differ_in_more_than_layout_are_told_apart(one: str, other: str):
    assert says_the_same(one, one)
    assert not says_the_same(one, other)


@pytest.mark.parametrize("text", ["a: [", "a: 1\n b: 2\n", "", "a: \x00\n", "a: 1\na: 2\n"])
def test_what_cannot_be_read_has_findings_and_no_layout(text: str):
    found = laid_out("some.yaml", text.encode())
    assert found.value is None
    assert found.diagnostics == parse("some.yaml", text.encode()).diagnostics != ()

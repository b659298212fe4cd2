"""What is put into a spec that is there: everything that is missing, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srcnet_compiler.importing.merging import NotMergedError, Rules, merge
from srcnet_compiler.importing.written import Noted, bare, document, flow
from srcnet_compiler.source.layout import laid_out
from srcnet_compiler.source.load import parse

RULES = Rules({"storage": (("id",), ("name",)), "services": (("id",), ("service", "host"))})
WORDS = st.sampled_from(
    ["a", "b b", "NO", "1.5", "c: d", "#e", "[f", "ü", "", " g", "true", "x, y"]
)
SCALARS = WORDS | st.integers(-5, 5) | st.booleans()
KEYS = st.sampled_from(["name", "tier", "catalogue", "location", "k-1", "on", "7"])
FLAT = st.dictionaries(KEYS, SCALARS, min_size=1, max_size=4)
VALUES = SCALARS | st.lists(SCALARS, min_size=1, max_size=4) | FLAT | st.dictionaries(KEYS, FLAT)
ITEMS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=4)


@st.composite
def specs(draw: st.DrawFn) -> dict[str, object]:
    spec = dict(draw(st.dictionaries(KEYS, VALUES, min_size=1, max_size=5)))
    for key in ("storage", "services"):
        ids = draw(st.lists(st.integers(0, 5), unique=True, max_size=4))
        if ids:
            spec[key] = [{"id": f"i{number}", **draw(ITEMS)} for number in ids]
    return spec


def data_of(text: str) -> object:
    read = parse("", text.encode())
    assert read.value is not None, (text, read.diagnostics)
    (found,) = read.value
    return found.data


@given(spec=specs())
def test_what_is_written_says_what_was_meant_in_the_canonical_layout(spec):
    text = document(spec, ("a comment",))
    assert data_of(text) == bare(spec)
    assert laid_out("", text.encode()).value == text


@given(here=specs(), there=specs(), break_=st.sampled_from(["\n", "\r\n"]))
def test_a_merge_adds_what_is_missing_keeps_every_line_and_has_nothing_to_add_again(
    here, there, break_
):
    lines = document(here).splitlines()
    before = break_.join([*(f"{line}  # {i}" for i, line in enumerate(lines)), ""])
    read = parse("", before.encode())
    assert read.value is not None
    merged = merge(before, read.value, 0, there, RULES)
    found = parse("", merged.text.encode())
    assert found.value is not None
    for i in range(len(lines)):  # each comment stands where it stood, behind the words it is about
        assert merged.text.count(f"# {i}{break_}") == 1
    assert set(merged.text.splitlines()[0].split()) >= set(lines[0].split()[:1])
    again = merge(merged.text, found.value, 0, there, RULES)
    assert (again.text, again.added) == (merged.text, ())
    assert [d.there for d in again.differences] == [d.there for d in merged.differences]


def merged(text: str, wanted: dict[str, object], **more: bool) -> str:
    read = parse("", text.encode())
    assert read.value is not None
    return merge(text, read.value, 0, wanted, RULES, **more).text


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        ("a: 1\n", {"b": 2}, "a: 1\nb: 2\n"),
        ("a: 1", {"b": 2}, "a: 1\nb: 2"),
        ("a: 1  # why\n\n# end\n", {"b": 2}, "a: 1  # why\nb: 2\n\n# end\n"),
        ("{a: 1}\n", {"b": [1, "c, d"]}, '{a: 1, b: [1, "c, d"]}\n'),
        ("a: {}\n", {"a": {"b": 1}}, "a: {b: 1}\n"),
        ("a: [x]  # y\n", {"a": ["x", "z"]}, "a: [x, z]  # y\n"),
        ("a:\n  - x\nb: 1\n", {"a": ["z"]}, "a:\n  - x\n  - z\nb: 1\n"),
        ("a: |\n  text\nb: 1\n", {"c": 2}, "a: |\n  text\nb: 1\nc: 2\n"),
        ("b: |\n  text\n", {"c": 2}, "b: |\n  text\nc: 2\n"),
        ("a: 1\n", {"a": 1, "b": Noted(2, "new")}, f"a: 1\n{'b: 2'.ljust(44)}# new\n"),
        (
            "storage:\n- name: x   # first\n  tier: a\n",
            {"storage": [{"name": "x", "tier": "a", "id": "i"}]},
            "storage:\n- name: x   # first\n  tier: a\n  id: i\n",
        ),
        ("a: 1\n", {"a": 2}, "a: 1\n"),
    ],
)
def test_a_text_is_added_to_at_its_place(before: str, wanted: dict[str, object], after: str):
    assert merged(before, wanted) == after


def test_theirs_replaces_the_value_alone():
    assert merged("a: 1  # one\nb: x\n", {"a": "2 TB"}, theirs=True) == "a: 2 TB  # one\nb: x\n"


def test_what_stands_in_two_places_is_not_added_to_in_one():
    with pytest.raises(NotMergedError):
        merged("a: &x {b: 1}\nc: *x\n", {"c": {"d": 2}})


def test_words_in_brackets_are_quoted_where_they_end_something():
    assert flow({"a": "b, c", "d": ["e]"]}) == '{a: "b, c", d: ["e]"]}'

"""The YAML that we write is read back as the same data by every reader, old rules and new."""

import io

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from srcnet_compiler.emit.yaml import Sourced, scalar, to_artifact
from srcnet_compiler.source import parse
from srcnet_compiler.span import Span

HERE, THERE, ELSEWHERE = (Span(name, 1, 1, 1, 2) for name in ("here", "there", "elsewhere"))
LOOKS_LIKE_SOMETHING_ELSE = [
    *("NO", "no", "Yes", "on", "OFF", "y", "N", "true", "False", "TRUE", "null", "Null", "~", ""),
    *("1", "-1", "+1", "0x1F", "0o17", "017", "1_000", "1e3", "1.5", ".5", "5.", ".inf", "-.INF"),
    *(".nan", "12:30", "12:30:45", "2026-11-22", "2026-11-22T08:00:00Z", "=", "<<", "-", "--- a"),
    *("? a", "a: b", "a #b", "#a", "a:", ":a", "[a", "a]", "{a", "a}", "a,b", "&a", "*a", "!a"),
    *("|", ">", "%a", "@a", "`a", "'a'", '"a"', "\\", "a\\b", " a", "a ", "\ta", "a\nb", "a\r\n"),
    *("...", "---", "\x00", "\x07", "\x1b", "\x7f", "\x85", "\xa0", "\u2028", "\ufeff", "\ufffe"),
    *("日本", "😀", "é", "e\u0301", "\u202e", "é\x85", "_", "_1", "a/b", "a.b", "a+b@c%d"),
]
characters = st.characters(exclude_categories=["Cs"])
strings = st.text(characters, max_size=12) | st.sampled_from(LOOKS_LIKE_SOMETHING_ELSE)
floats = st.floats(allow_nan=False, allow_infinity=False)
leaves = strings | st.integers() | floats | st.booleans() | st.none()
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(strings, inner, max_size=5),
    max_leaves=25,
)


def read_old(text):
    """As YAML 1.1 has it."""
    return yaml.safe_load(text)


def read_new(text):
    """As YAML 1.2 has it."""
    return YAML(typ="safe", pure=True).load(io.StringIO(text))


def read_ours(text):
    found = parse("x.yaml", text.encode())
    assert not found.diagnostics
    return found.value[0].data


@pytest.mark.parametrize("text", LOOKS_LIKE_SOMETHING_ELSE)
def test_text_stays_text(text):
    for read in (read_old, read_new):
        assert read(f"a: {scalar(text)}\n") == {"a": text}
        assert read(f"{scalar(text)}: [{scalar(text)}]\n") == {text: [text]}


@pytest.mark.parametrize("word", ["y", "N", "yes", "Off", "NULL", "true"])
def test_words_that_old_rules_take_for_something_else_are_quoted(word):
    """Not every reader of old rules does so, but the rules say it."""
    assert scalar(word) == f'"{word}"'


@pytest.mark.parametrize("number", [0, -1, 10**30, 0.1, 1e16, 1e-7, 5e-324, -1.5e300, 1.0, -0.0])
def test_numbers_stay_numbers(number):
    for read in (read_old, read_new):
        found = read(scalar(number) + "\n")
        assert found == number
        assert type(found) is type(number)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_not_written(number):
    with pytest.raises(ValueError, match="JSON compliant"):
        scalar(number)


@given(tree=trees)
@example({})
@example([])
@example([[]])
@example([[["a"], {}], [{"a": [["b"]]}]])
@example({"a": {"b": [{"c": []}, {"d": {"e": None}}, "f"]}})
@example({"key": ["x" * 60, "y" * 60]})
@example([["x" * 60, "y" * 60], "z" * 120])
def test_every_reader_reads_back_what_was_written(tree):
    written = to_artifact("x.yaml", "a head", tree, (HERE,)).content
    assert read_old(written) == tree
    assert read_new(written) == tree


@given(tree=st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), trees, min_size=1))
def test_our_own_reader_reads_it_too(tree):
    written = to_artifact("x.yaml", "a head", tree, (HERE,)).content
    if not any(
        char in written for char in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    ):
        assert read_ours(written) == tree


def sourced(draw, tree):
    """The same tree with places here and there."""
    if isinstance(tree, dict):
        tree = {key: sourced(draw, value) for key, value in tree.items()}
    elif isinstance(tree, list):
        tree = [sourced(draw, value) for value in tree]
    return Sourced(tree, (THERE,)) if draw(st.booleans()) else tree


@given(tree=trees, data=st.data())
def test_places_change_no_data_and_every_line_has_one(tree, data):
    artifact = to_artifact("x.yaml", "a head", sourced(data.draw, tree), (HERE,))
    assert read_old(artifact.content) == tree
    lines = artifact.content.split("\n")
    assert lines[-1] == ""
    assert list(artifact.sources) == list(range(1, len(lines)))
    assert all(artifact.sources.values())


def test_what_has_a_place_has_a_line():
    tree = {
        "plain": {"a": 1, "b": 2},
        "places": {"a": Sourced(1, (THERE,)), "b": Sourced([2, 3], (ELSEWHERE,)), "c": 4},
        "within": Sourced({"a": Sourced(1, ()), "b": Sourced(2, (ELSEWHERE,))}, (THERE,)),
        "list": [Sourced({"a": 1, "b": Sourced(2, (ELSEWHERE,))}, (THERE,)), "x"],
    }
    artifact = to_artifact("x.yaml", "a head", tree, (HERE,))
    shown = [
        f"{line:<20} {' '.join(span.file for span in artifact.sources[number])}".rstrip()
        for number, line in enumerate(artifact.content.splitlines(), start=1)
    ]
    assert shown == [
        "# a head             here",
        "plain: {a: 1, b: 2}  here",
        "places:              here",
        "  a: 1               there",
        "  b: [2, 3]          elsewhere",
        "  c: 4               here",
        "within:              there",
        "  a: 1               there",
        "  b: 2               elsewhere",
        "list:                here",
        "  - a: 1             there",
        "    b: 2             elsewhere",
        "  - x                here",
    ]


@given(values=st.dictionaries(st.from_regex(r"[a-z]{1,20}", fullmatch=True), strings))
def test_no_line_of_short_values_is_longer_than_a_hundred(values):
    written = to_artifact("x.yaml", "a head", {"key": values}, (HERE,)).content
    assert max(map(len, written.splitlines()), default=0) <= 100

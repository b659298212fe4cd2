"""Loading: what YAML means to us, where everything stands, and what is said about what is wrong."""

import gc
import io
import json
import math
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from srcnet_compiler.diagnostic import Code
from srcnet_compiler.source import MAX_BYTES, no_collection, parse, read, text_lines
from srcnet_compiler.source.scalars import plain
from srcnet_compiler.source.trouble import MAX_DEPTH, MAX_VALUES

SPEC = """\
# the site of Norway
apiVersion: srcnet.skao.int/v1alpha2
kind: Site
metadata: {name: norway, labels: {"a b": 'it''s'}}
spec:
  base: &base      # what all areas share
    tier: online
    hosts: [a.example.org, "b.example.org"]
  storage:
    - <<: *base
      name: norway-online
      capacity: 4 PB
    # not yet
    - <<: [*base, {tier: nearline, kept: 30 d}]
      name: norway-tape
      note: |
        two lines
        of text

      folded: >-
        one
        line

  empty:
  last: [{x: 1}, -2.5, ~, !!str 7]

# the end
---
kind: Downtime
"""


def load(text):
    """The data of the only document of a text without findings."""
    (document,) = load_all(text)
    return document.data


def load_all(text):
    outcome = parse("f.yaml", text if isinstance(text, bytes) else text.encode())
    assert outcome.diagnostics == ()
    return outcome.value


def findings(text):
    outcome = parse("f.yaml", text if isinstance(text, bytes) else text.encode())
    assert outcome.value is None
    assert outcome.diagnostics
    return outcome.diagnostics


def finding(text):
    (found,) = findings(text)
    return found


def cut(lines, span):
    """The text of a span."""
    if span.line == span.end_line:
        return lines[span.line - 1][span.column - 1 : span.end_column - 1]
    first = lines[span.line - 1][span.column - 1 :]
    last = lines[span.end_line - 1][: span.end_column - 1]
    return "\n".join([first, *lines[span.line : span.end_line - 1], last])


def written(text, *path):
    """What the source map says is written for the value at `path`."""
    document = load_all(text)[0]
    return cut(document.source_map.lines, document.source_map.span(path))


def place(text, *path):
    return str(load_all(text)[0].source_map.span(path)).removeprefix("f.yaml:")


# what scalars mean


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((word, word) for word in ("NO", "no", "yes", "on", "Off", "y", "nULL", "tRUE")),
        *((word, word) for word in ("1_000", "0b1", "0o8", "1:30", "2024-01-01", "1e", "e1", ".")),
        *((word, word) for word in ("4 PB", "٣", "1.2.3", "+", "-x", "--1", "0x", "infinity")),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-0", 0),
        ("+12", 12),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("~", None),
        ("null", None),
        ("", None),
        ("True", True),
        ("FALSE", False),
        ("'1'", "1"),
        ('"null"', "null"),
        ("! 1", "1"),
        ("!!str 1", "1"),
        ("!!str", ""),
        ("!!int '1'", 1),
        ("!!float 1", 1.0),
        ("!!bool 'true'", True),
        ("!!null ''", None),
        ("!!map {}", {}),
        ("!!seq []", []),
        ("!<tag:yaml.org,2002:str> 1", "1"),
    ],
)
def test_a_scalar_means_what_yaml_1_2_says(text, value):
    loaded = load(f"a: {text}\n")["a"]
    assert (loaded, type(loaded)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".nan", "`.nan` is not a finite number"),
        ("-.Inf", "`-.Inf` is not a finite number"),
        ("1e999", "`1e999` is too large for a number"),
        ("9" * 5000, "a whole number of 5000 digits"),
        ("0x" + "f" * 5000, "a whole number of 5002 digits"),
        ("!!int x", "`x` is not what its tag `!!int` says"),
        ("!!int 1.5", "`1.5` is not what its tag `!!int` says"),
        ("!!int true", "`true` is not what its tag `!!int` says"),
        ("!!null x", "`x` is not what its tag `!!null` says"),
        ("!!binary aGk=", "the tag `!!binary` does not belong here"),
        ("!!timestamp 2024-01-01", "the tag `!!timestamp` does not belong here"),
        ("!secret x", "the tag `!secret` does not belong here"),
        ("!!map x", "the tag `!!map` does not belong here"),
        ("!!str [a]", "the tag `!!str` does not belong here"),
        ("!!set {a}", "the tag `!!set` does not belong here"),
    ],
)
def test_what_is_no_plain_data_is_a_finding(text, message):
    found = finding(f"a: {text}\n")
    assert (found.code, found.message) == (Code.NOT_PLAIN, message)
    assert found.help


def test_the_finding_about_a_tag_points_at_the_tag():
    (label,) = finding("a: &b\n  !secret x\n").labels
    assert str(label.span) == "f.yaml:2:3"
    assert label.span.end_column == 10


# where things stand


def test_every_value_ends_where_its_last_character_is():
    assert written(SPEC, "metadata") == """{name: norway, labels: {"a b": 'it''s'}}"""
    assert written(SPEC, "metadata", "labels", "a b") == "'it''s'"
    assert written(SPEC, "spec", "base").endswith('"b.example.org"]')
    assert written(SPEC, "spec", "base").startswith("tier: online")
    assert written(SPEC, "spec", "storage", 0).endswith("capacity: 4 PB")
    assert written(SPEC, "spec", "storage", 1, "note") == "|\n        two lines\n        of text"
    assert written(SPEC, "spec", "storage", 1, "folded").endswith("\n        line")
    assert written(SPEC, "spec", "storage").endswith("\n        line")
    assert written(SPEC, "spec", "last", 3) == "7"
    assert written(SPEC).endswith("!!str 7]")


def test_nothing_written_has_an_empty_place_behind_its_key():
    assert place("a:   # comment\nb: 1\n", "a") == "1:3"
    assert written("a:\nb: 1\n", "a") == ""
    assert place("- a\n-\n- ? x\n", 1) == "2:2"
    assert place("- a\n-\n- ? x\n", 2, "x") == "3:6"


def test_a_key_has_a_place_of_its_own():
    source_map = load_all(SPEC)[0].source_map
    assert str(source_map.key_span(("metadata", "labels", "a b"))) == "f.yaml:4:35"
    assert cut(source_map.lines, source_map.key_span(("spec", "storage", 0, "name"))) == "name"


def test_columns_are_code_points():
    text = "é😀e\u0301: [漢字, x]\n"
    assert place(text, "é😀e\u0301", 1) == "1:12"
    assert written(text, "é😀e\u0301", 0) == "漢字"


def test_a_byte_order_mark_shifts_nothing():
    assert place(b"\xef\xbb\xbfa: b\n", "a") == "1:4"
    assert written(b"\xef\xbb\xbfa: b\n", "a") == "b"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_with_cr_and_lf(end):
    text = end.join(["a: |", "  x", "", "b:", "  - c\t# tab", "", "d: e", ""])
    assert load(text) == {"a": "x\n", "b": ["c"], "d": "e"}
    assert written(text, "b", 0) == "c"
    assert written(text, "d") == "e"
    assert written(text, "a") == "|\n  x"
    assert place(text, "d") == "7:4"


def test_anchor_and_tag_do_not_belong_to_the_place():
    text = "a: &x  # why\n  !!map\n  b: &y 1\nc: &z\n- !!seq [d]\ne: &w |\n  f\n"
    assert written(text, "a") == "b: &y 1"
    assert written(text, "a", "b") == "1"
    assert written(text, "c") == "- !!seq [d]"
    assert written(text, "c", 0) == "[d]"
    assert written(text, "e") == "|\n  f"
    assert written("- &a\n- &b !!str\n", 0) == ""


def test_a_no_break_space_is_text():
    text = "a: &x \xa0b\nc: |\n  d\n  \xa0\n\n"
    assert load(text) == {"a": "\xa0b", "c": "d\n\xa0\n"}
    assert place(text, "a") == "1:7"
    assert written(text, "c") == "|\n  d\n  \xa0"


def test_several_documents_keep_their_lines():
    first, second = load_all(SPEC)
    assert second.data == {"kind": "Downtime"}
    assert (
        str(second.source_map.span(("kind",)))
        == f"f.yaml:{SPEC.splitlines().index('kind: Downtime') + 1}:7"
    )
    assert first.source_map.lines is second.source_map.lines


def test_empty_documents_are_skipped():
    assert [document.data for document in load_all("---\n---\n# x\n--- a\n---\n...\n")] == ["a"]
    assert load("--- ~\n") is None


# aliases and merge keys


def test_an_alias_stands_where_its_anchor_is():
    text = "a: &x {b: [1]}\nc: *x\nd: [*x]\n"
    assert load(text) == {"a": {"b": [1]}, "c": {"b": [1]}, "d": [{"b": [1]}]}
    assert place(text, "c", "b", 0) == "1:12"
    assert place(text, "d", 0, "b", 0) == "1:12"
    assert str(load_all(text)[0].source_map.key_span(("c", "b"))) == "f.yaml:1:8"


def test_what_an_alias_gives_is_a_copy():
    data = load("a: &x [1]\nb: *x\n")
    data["b"].append(2)
    assert data["a"] == [1]


def test_an_anchor_may_be_given_again():
    assert load("- &a 1\n- *a\n- &a [&a 2, *a]\n- *a\n") == [1, 1, [2, 2], 2]


def test_explicit_keys_win_over_merged_ones():
    text = (
        "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\n"
        "c: {x: 0, <<: [*a, *b, {w: 3, z: 3}]}\nd:\n  <<: *b\n"
    )
    data = load(text)
    assert data["c"] == {"x": 0, "y": 1, "z": 2, "w": 3}
    assert data["d"] == {"y": 2, "z": 2}
    assert place(text, "c", "x") == "3:8"
    assert place(text, "c", "y") == "1:17"
    assert place(text, "c", "z") == "2:17"
    assert place(text, "c", "w") == "3:28"
    paths = {*load_all(text)[0].source_map.values, *load_all(text)[0].source_map.keys}
    assert all(
        step != "<<" and not (isinstance(step, int) and step < 0) for p in paths for step in p
    )


def test_a_quoted_merge_sign_is_a_key():
    assert load('"<<": {a: 1}\n') == {"<<": {"a": 1}}


@pytest.mark.parametrize("text", ["<<: 1", "<<: [1]", "<<:", "a: &a 1\n<<: *a", "<<: [[{a: 1}]]"])
def test_only_mappings_can_be_merged(text):
    assert finding(text).message == "`<<` takes a mapping, or a list of mappings"


@pytest.mark.parametrize("text", ["&a [*a]", "&a {b: {c: *a}}", "&a {<<: *a}", "x: &a [[*a, 1]]"])
def test_a_value_cannot_hold_itself(text):
    found = finding(text)
    assert (found.code, found.message) == (
        Code.WRONG_ALIAS,
        "`*a` stands inside the value that it stands for",
    )


def test_an_unknown_alias_is_a_finding_with_a_suggestion():
    found = finding("base: &base {}\na: *bsae\n")
    assert found.code is Code.WRONG_ALIAS
    assert found.help == "did you mean `*base`?"
    assert str(found.labels[0].span) == "f.yaml:2:4"
    assert [one.message for one in findings("- *a\n- *b\n")] == [
        "`*a` stands for nothing: there is no `&a` before it",
        "`*b` stands for nothing: there is no `&b` before it",
    ]


# keys


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: 2\na: 3\n",
        "{a: 1, b: 2, a: 3}",
        "a: 1\n'a': 3\n",
        '? a\n: 1\n? "a"\n: 2\n',
        "a: 1\n!!str a: 2\n",
        "- x:\n    a: 1\n    a: {b: 1, c: 2}\n",
        "k: &k a\na: 1\n*k : 2\n",
    ],
)
def test_a_key_written_twice_is_shown_twice(text):
    found = finding(text)
    assert found.code is Code.DUPLICATE_KEY
    assert found.message == "`a` is written more than once in this mapping"
    second, first = (label.span for label in found.labels)
    lines = text_lines(text.encode())
    assert cut(lines, first).strip("'\"") == "a"
    assert (first.line, first.column) < (second.line, second.column)


def test_two_merge_keys_are_told_how_to_become_one():
    found = finding("a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a\n")
    assert (found.code, found.help) == (Code.DUPLICATE_KEY, "write `<<: [*one, *other]`")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1: a", "a key must be text, and `1` is a number"),
        ("null: a", "a key must be text, and `null` is nothing"),
        ("true: a", "a key must be text, and `true` is a truth value"),
        ("[a, b]: c", "a key must be text, and `[a, b]` is a list"),
        ("? {a: b}\n: c", "a key must be text, and `{a: b}` is a mapping"),
        ("a: {{ name }}", "a key must be text, and `{ name }` is a mapping"),
        ("? \n: c", "a key must be text, and none is written here"),
        ("{a: 46,0245}", "`46,0245` is two values: inside brackets a comma ends one"),
        ("[-46,02: a]", "`-46,02` is two values: inside brackets a comma ends one"),
        (".nan: a", "`.nan` is not a finite number"),
        ("a: &a 1\n*a : 2", "a key must be text, and `*a` is a number"),
    ],
)
def test_a_key_is_text(text, message):
    found = finding(text)
    assert (found.code, found.message) == (Code.NOT_PLAIN, message)


@pytest.mark.parametrize("text", ["[?x]", "{?x: 1}", "{a: 1, ?x}", "[?[x]]"])
def test_a_question_mark_is_not_taken_from_text_in_brackets(text):
    assert "a `?` inside brackets begins a key" in findings(text)[0].message


def test_a_question_mark_outside_brackets_is_text():
    assert load("a: ?x\n?y: [x?]\n") == {"a": "?x", "?y": ["x?"]}
    assert load("k: v\nz?:\n  a: 1\n? b\n: c?") == {"k": "v", "z?": {"a": 1}, "b": "c?"}


def test_all_findings_of_a_file_come_at_once():
    text = "1: a\nb: .inf\nc: *d\nb: !x 1\n---\na: [1\n---\nb: @c\n---\nc: 1\nc: 2\n"
    assert [found.code for found in findings(text)] == [
        Code.NOT_PLAIN,
        Code.NOT_PLAIN,
        Code.WRONG_ALIAS,
        Code.DUPLICATE_KEY,
        Code.NOT_PLAIN,
        Code.SYNTAX,
        Code.SYNTAX,
        Code.DUPLICATE_KEY,
    ]
    assert [found.labels[0].span.line for found in findings(text)] == [1, 2, 3, 4, 4, 6, 8, 11]


# text that is not YAML


@pytest.mark.parametrize(
    ("text", "where", "message", "remedy"),
    [
        ("a: b: c", "1:5", "a second `:` stands in this line", '`a: "b: c"`'),
        ("- a: 'b': c", "1:9", "a second `:`", "begin a new line"),
        ("a: 1\n  b: 2", "2:4", "indented deeper than the one above", "indent both the same"),
        ("--- a: 1", "1:6", "on the line of `---`", "next line"),
        ("a: 1\nb\nc: 2", "2:1", "`b` has none", "`b: VALUE`"),
        ("a: 1\nb:2\nc: 3", "2:1", "no space after the `:` of `b:2`", "`b: 2`"),
        ("a:\n- b\n-c\n", "3:1", "no space after the `-` of `-c`", "`- c`"),
        ("a:\n\tb: 1", "2:1", "a tab is used for indentation", "spaces"),
        ("a: |\n  x\n\t\ty", "3:1", "a tab is used for indentation", "spaces"),
        ("a: b\n\tc", "2:1", "a tab is used for indentation", "spaces"),
        ("a: @x # y", "1:4", "cannot begin with `@`", '`"@x"`'),
        ("a: `x`", "1:4", "cannot begin with a backtick", "quotes"),
        ("a: %x", "1:4", "cannot begin with `%`", '`"%x"`'),
        ("a: {% x %}", "1:5", "cannot begin with `{%`", '`"{% x %}"`'),
        ("a: *.txt", "1:4", "`*` begins an alias", "quotes"),
        ("* x", "1:1", "`*` begins an alias", "`- `"),
        ("a: & x", "1:4", "`&` begins an anchor", "quotes"),
        ("a: [1, 2\nb: 3", "1:4", "`[` is not closed", "`]`"),
        ("a: {b: 1, c", "1:4", "`{` is not closed", "`}`"),
        ("a: [b, , c]", "1:8", "no value stands before this `,`", "remove"),
        ("a: ]", "1:4", "`]` closes nothing", "quotes"),
        ("{a: b}}", "1:7", "`}` closes nothing", "quotes"),
        ("a:\n  b: 1\n  capacity 390 TB\n  c: 1", "3:3", "has none", "`capacity: 390 TB`"),
        ('a: "x\nb: 1\nc: "y"', "1:4", "is closed only in line 3", '`"`'),
        ("a: 'it''s\nb: 'y'\n", "1:4", "is closed only in line 2", "`'`"),
        ('- {a: "x\n# y\nb: "y", c: 1}', "1:7", "is closed only in line 3", '`"`'),
        ("a: it's \"b\" # \"\nb: 'c': d", "2:7", "a second `:`", "new line"),
        ("a: 'x\nb: 1", "1:4", "quote that is opened here is not closed", "`''`"),
        ('a: "x\n---\ny"', "1:4", "quote that is opened here is not closed", '`\\"`'),
        ('a: "C:\\path"', "1:7", "`\\p` means nothing inside double quotes", "`\\\\`"),
        ('a: "\\ud83d\\ude00"', "1:5", "`\\ud83d` is half a character", "the character itself"),
        ('a: "\\x0"', "1:5", "`\\x0` is no character", "2 hexadecimal digits"),
        ('a: "x" y', "1:8", "the value ends before this", "whole value in quotes"),
        ("a:\n    b: 1\n  c: 2", "3:3", "indented by 2, which fits nothing", "indent it by 0"),
        ("a: 1\n- b", "2:1", "a list item stands among the keys", "`KEY:`"),
        ("a: 1\n: b", "2:1", "no key stands before this `:`", "`KEY: value`"),
        ("- a\nb: 1", "2:1", "this is no item of the list", "`- `"),
        ("a: - b", "1:4", "a list cannot begin on the line of its key", "next line"),
        ("a: ? b", "1:4", "`?` cannot begin a value", "quotes"),
        ("a: > text", "1:6", "text stands on the line of `>`", "next line"),
        ("a: |0\n x", "1:5", "cannot be indented by 0", "remove"),
        ("[a]\nb: 1", "2:1", "the document ends before this", "`---`"),
        ("a: !x!y 1", "1:4", "`!x!y` is no tag", "quotes"),
        ("%FOO bar\n---\na", "1:1", "an instruction to YAML", "remove"),
        ("%YAML 1.3\n---\na", "1:1", "an instruction to YAML", "remove"),
        ("%YAML 1.1\n---\na: no", "1:1", "read as YAML 1.1", "they are text now"),
        ("a" * 1025 + ": b", "1:1026", "a key has at most 1024 characters", "shorten"),
    ],
)
def test_a_syntax_error_says_where_and_what_to_type(text, where, message, remedy):
    found = finding(text)
    assert found.code is Code.SYNTAX
    assert str(found.labels[0].span) == f"f.yaml:{where}"
    assert message in found.message
    assert remedy in found.help


def test_an_open_bracket_shows_where_it_was_missed():
    opened, missed = finding("a: [1, 2\nb: 3\n").labels
    assert (opened.text, str(opened.span)) == ("opened here", "f.yaml:1:4")
    assert (missed.text, str(missed.span)) == ("`,` or `]` is expected before this", "f.yaml:2:2")


def test_a_blank_that_is_none_is_named():
    assert "column 1 holds U+00A0" in finding("a: 1\n\u00a0b\n").help


# bytes that are not text


@pytest.mark.parametrize(
    ("content", "code", "where", "message"),
    [
        (b"a: 1\nb: \xf8\n", Code.ENCODING, "2:4", "the byte 0xF8 is not UTF-8"),
        (b"\xef\xbb\xbf\xc3\xa9\xc3", Code.ENCODING, "1:2", "the byte 0xC3"),
        (b"a: \xed\xa0\x80", Code.ENCODING, "1:4", "the byte 0xED"),
        ("a: 1".encode("utf-16"), Code.ENCODING, "1:1", "written in UTF-16"),
        ("a: 1".encode("utf-32"), Code.ENCODING, "1:1", "written in UTF-32"),
        ("a: 1".encode("utf-16-le"), Code.ENCODING, "1:2", "the file is not text"),
        (b"\x7fELF\x01\x00\x00", Code.ENCODING, "1:6", "the file is not text"),
        (b"a: \x07", Code.HIDDEN_CHARACTER, "1:4", "U+0007 (control character)"),
        (b"a: 1\n\xef\xbb\xbfb: 2\n", Code.HIDDEN_CHARACTER, "2:1", "U+FEFF (byte order mark"),
        ("# a\u2028b: 1".encode(), Code.HIDDEN_CHARACTER, "1:4", "U+2028 (line separator)"),
        ("a: x\x85y".encode(), Code.HIDDEN_CHARACTER, "1:5", "U+0085 (next line)"),
        ("a: \u202ex".encode(), Code.HIDDEN_CHARACTER, "1:4", "U+202E (reverses the text)"),
        (b"", Code.EMPTY, "1:1", "holds no document"),
        (b"# nothing\n---\n...\n", Code.EMPTY, "1:1", "holds no document"),
    ],
)
def test_bytes_that_cannot_be_read_as_text_are_named(content, code, where, message):
    found = finding(content)
    assert (found.code, str(found.labels[0].span)) == (code, f"f.yaml:{where}")
    assert message in found.message
    assert found.help


def test_each_hidden_character_is_named_once_with_its_count():
    bell, override = findings("a: \x07\nb: \x07\u202e\x07\n")
    assert "U+0007 (control character) is not allowed, here and 2 more times" in bell.message
    assert str(override.labels[0].span) == "f.yaml:2:5"


def test_an_escaped_hidden_character_is_allowed():
    assert load('a: "\\x07\\u2028\\u202e\\0"\n') == {"a": "\x07\u2028\u202e\0"}


# too much


@pytest.mark.parametrize("unit", ["[", "- ", "{a: ", "? ", "[{a: ", "- - ? "])
def test_deep_nesting_is_a_finding_and_no_crash(unit):
    found = finding(unit * 20_000)
    assert found.code is Code.TOO_LARGE
    assert f"more than {MAX_DEPTH} deep" in found.message


def test_the_deepest_nesting_is_read():
    assert load("[" * MAX_DEPTH + "]" * MAX_DEPTH)


def test_aliases_cannot_nest_deeper_either():
    text = "".join(f"- &a{i} [*a{i - 1}]\n" if i else "- &a0 []\n" for i in range(MAX_DEPTH + 1))
    found = finding(text)
    assert f"more than {MAX_DEPTH} deep" in found.message
    assert str(found.labels[0].span) == f"f.yaml:{MAX_DEPTH}:9"


def test_an_alias_bomb_is_a_finding():
    text = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1},' * 10}]\n" for i in range(1, 40))
    found = finding(text)
    assert (found.code, found.labels[0].span.line) == (Code.TOO_LARGE, 6)
    assert f"more than {MAX_VALUES} values" in found.message


def test_merging_the_same_mapping_often_is_a_finding():
    keys = ", ".join(f"k{i}: 1" for i in range(1000))
    found = finding(f"a: &a {{{keys}}}\nb: {{<<: [{'*a, ' * 1000}]}}\n")
    assert found.code is Code.TOO_LARGE


@pytest.mark.parametrize("unit", ["- x\n", "- []\n", "- *x\n", "<<: *x\n", "---\n", "--- x\n"])
def test_too_many_values_are_a_finding(unit):
    assert Code.TOO_LARGE in [found.code for found in findings(unit * (MAX_VALUES + 10))]


def test_very_many_tag_directives_are_a_finding():
    text = "".join(f"%TAG !a{i}! x\n" for i in range(101)) + "---\na: 1\n"
    assert finding(text).code is Code.TOO_LARGE


def test_a_large_file_is_refused_before_it_is_parsed():
    assert finding(b" " * (MAX_BYTES + 1)).code is Code.TOO_LARGE
    assert finding(b"#" * MAX_BYTES).code is Code.EMPTY


# laws

# Without what the other writer leaves unescaped and we refuse (U+0085, U+2028, U+202E, …), and
# without what it leaves unquoted in brackets and libyaml reads as YAML 1.1 (`[:x]`, `[?x]`).
LETTERS = st.characters(
    exclude_categories=["Cs", "Cf", "Zl", "Zp"], exclude_characters="\x85\ufffe\uffff"
)
TEXT = st.text(LETTERS, max_size=20).filter(
    lambda text: text[:1] not in (":", "?")
) | st.sampled_from(
    [
        "no",
        "NULL",
        "0o7",
        "1_000",
        "010",
        "- a",
        "a: b",
        "&a",
        "*a",
        "#",
        " x ",
        "<<",
        "",
        "\n\n",
        "é😀",
    ]
)
NUMBERS = st.integers(-(10**90), 10**90) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT


def data_of(scalars, keys):
    def grow(inner):
        return st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4)

    return st.recursive(scalars, grow, max_leaves=25)


# JSON leaves more unescaped
VISIBLE = TEXT.filter(lambda text: not any("\x7f" <= character < "\xa0" for character in text))


def dumped(data, **settings_):
    yaml = YAML(typ="safe", pure=True)
    for name, value in settings_.items():
        setattr(yaml, name, value)
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()


def same(one, other):
    """Equal, also in types: 1 is neither True nor 1.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def check_places(document):
    """Everything has a place; plain scalars and keys read as what they are; insides lie inside."""
    source_map = document.source_map
    lines = source_map.lines

    def check(value, path):
        span = source_map.span(path)
        assert path in source_map.values
        assert (span.line, span.column) <= (span.end_line, span.end_column)
        text = cut(lines, span)
        if isinstance(value, dict | list):
            assert text[:1].strip(" \t\n")
            assert text[-1:].strip(" \t\n") or not value
            keys = value if isinstance(value, dict) else range(len(value))
            for key in keys:
                check(value[key], (*path, key))
        elif text[:1] in ("'", '"'):
            assert text[-1] == text[0]
        elif span.line == span.end_line and text[:1] not in ("|", ">"):
            assert same(plain(text), value) or text == value
        if path and isinstance(path[-1], str):
            key_text = cut(lines, source_map.key_span(path))
            if "\n" not in key_text and key_text[:1] not in ("'", '"', "*", "|", ">"):
                assert key_text == path[-1]

    check(document.data, ())


@given(data_of(SCALARS, TEXT), st.sampled_from([None, True, False]))
@settings(max_examples=300, deadline=None)
def test_we_read_what_another_yaml_1_2_reader_reads(data, flow):
    text = dumped(data, default_flow_style=flow, width=10**6)
    (document,) = load_all(text)
    assert same(document.data, data)
    assert same(document.data, YAML(typ="safe", pure=True).load(text))
    check_places(document)


# libyaml wants a key on one line; and the other writer loses blanks where it breaks some lines
@given(data_of(SCALARS, st.sampled_from(["a", "NO", "key", "1"])), st.sampled_from([None, True]))
@settings(max_examples=300, deadline=None)
def test_values_over_several_lines_are_read_as_another_reader_does(data, flow):
    text = dumped(data, default_flow_style=flow, width=20)
    (document,) = load_all(text)
    assert same(document.data, YAML(typ="safe", pure=True).load(text))
    check_places(document)


@given(
    data_of(st.none() | st.booleans() | NUMBERS | VISIBLE, VISIBLE), st.sampled_from([None, 1, 2])
)
@settings(max_examples=300, deadline=None)
def test_json_is_yaml(data, indent):
    text = json.dumps(data, ensure_ascii=False, indent=indent)
    (document,) = load_all(text)
    assert same(document.data, data)
    check_places(document)


@given(SCALARS, st.sampled_from(["\n", "\r\n", "\r"]), st.integers(0, 3))
@settings(max_examples=200, deadline=None)
def test_line_ends_and_comments_move_no_place(value, end, comments):
    text = dumped({"a": [value], "b": {"c": value}}, default_flow_style=False, width=4096)
    lines = text.rstrip("\n").split("\n")
    plain_map = load_all(text)[0].source_map
    changed = load_all(end.join(["# x"] * comments + lines + ["", "  # the end", ""]))[0].source_map
    for path in plain_map.values:
        before, after = plain_map.span(path), changed.span(path)
        assert (after.line, after.end_line) == (before.line + comments, before.end_line + comments)
        assert (after.column, after.end_column) == (before.column, before.end_column)


def check_outcome(content):
    outcome = parse("f.yaml", content)
    assert (outcome.value is None) == bool(outcome.diagnostics)
    lines = text_lines(content)
    for found in outcome.diagnostics:
        assert found.help
        assert "\n" not in found.message
        assert len(found.message) < 300
        for label in found.labels:
            span = label.span
            assert 1 <= span.line <= span.end_line <= len(lines)
            assert 1 <= span.column <= len(lines[span.line - 1]) + 1
            assert (span.line, span.column) <= (span.end_line, span.end_column)
    for document in outcome.value or ():
        assert document.source_map.lines == lines


PIECES = st.one_of(
    st.sampled_from(":-[]{}&*!|>'\"%@#?,~<` \t\n\r\\").map(str.encode),
    st.sampled_from(
        [": ", "- ", "---\n", "<<: ", "*base", "&base ", "!!str ", " #", "? ", "\n  ", "%TAG "]
    ).map(str.encode),
    st.sampled_from("a1é😀\0\xa0\u2028\ufeff").map(str.encode),
    st.binary(min_size=1, max_size=3),
)


@given(st.binary(max_size=200))
@settings(max_examples=500, deadline=None)
@example(b"\xef\xbb\xbf")
@example(b"\xff\xfe")
def test_no_bytes_make_it_fail(content):
    check_outcome(content)


@given(st.lists(PIECES, max_size=40).map(b"".join))
@settings(max_examples=1000, deadline=None)
def test_no_pieces_of_yaml_make_it_fail(content):
    check_outcome(content)


@given(st.lists(st.tuples(st.integers(0, len(SPEC)), st.integers(0, 5), PIECES), max_size=4))
@settings(max_examples=1000, deadline=None)
def test_no_slip_in_a_spec_makes_it_fail(slips):
    content = SPEC.encode()
    for where, removed, added in slips:
        content = content[:where] + added + content[where + removed :]
    check_outcome(content)


def test_the_same_bytes_give_the_same_outcome():
    assert parse("f.yaml", SPEC.encode()) == parse("f.yaml", SPEC.encode())
    broken = SPEC.replace("kind: Site", "kind: *x").encode()
    assert parse("f.yaml", broken) == parse("f.yaml", broken)


# files


def test_a_file_is_read_and_named_as_asked(tmp_path):
    (tmp_path / "a.yaml").write_text(SPEC)
    outcome = read(tmp_path / "a.yaml", "site-specs/a.yaml")
    assert outcome == parse("site-specs/a.yaml", SPEC.encode())
    assert outcome.value[0].source_map.file == "site-specs/a.yaml"


def unreadable(path):
    outcome = read(path, "site-specs/a.yaml")
    assert outcome.value is None
    (found,) = outcome.diagnostics
    assert str(found.labels[0].span) == "site-specs/a.yaml:1:1"
    assert found.help
    return found


def test_what_is_no_file_is_named(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        said = {
            name: unreadable(tmp_path / name).message
            for name in ("none", "file/x", "loop", "pipe", "socket", ".", "x" * 300, "a\0b")
        }
    assert said == {
        "none": "there is no such file",
        "file/x": "a part of this path is no directory",
        "loop": "the file cannot be read: too many levels of symbolic links",
        "pipe": "this is a pipe, not a file",
        "socket": "this is a socket, not a file",
        ".": "this is a directory, not a file",
        "x" * 300: "the file cannot be read: file name too long",
        "a\0b": "there can be no such path",
    }
    assert unreadable(Path("/dev/zero")).message == "this is a device, not a file"
    assert unreadable(Path("/dev/zero")).code is Code.UNREADABLE


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs /proc")
def test_a_read_that_fails_half_way_is_a_finding():
    found = unreadable(Path("/proc/self/mem"))
    assert found.message == "the file cannot be read: input/output error"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_rights_is_a_finding(tmp_path):
    (tmp_path / "a").touch(mode=0)
    assert unreadable(tmp_path / "a").message == "the file may not be read"


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    with (tmp_path / "a").open("wb") as file:
        file.truncate(10**11)
    found = unreadable(tmp_path / "a")
    assert (found.code, found.message) == (Code.TOO_LARGE, "the file is larger than 16 MB")


def test_a_file_that_comes_and_goes_never_makes_it_fail(tmp_path):
    (tmp_path / "spec").write_text("a: 1\n")
    os.mkfifo(tmp_path / "pipe")
    stop = threading.Event()

    def change():
        targets = ["spec", "pipe", None]
        turn = 0
        while not stop.is_set():
            turn += 1
            (tmp_path / "a").unlink(missing_ok=True)
            if (target := targets[turn % 3]) is not None:
                (tmp_path / "a").symlink_to(target)

    changing = threading.Thread(target=change)
    changing.start()
    try:
        for _ in range(500):
            outcome = read(tmp_path / "a", "a")
            assert (outcome.value is None) == bool(outcome.diagnostics)
    finally:
        stop.set()
        changing.join()


# cost


def test_the_collector_rests_while_loading_and_is_put_back():
    assert gc.isenabled()
    with no_collection():
        assert not gc.isenabled()
        with no_collection():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_the_collector_is_put_back_after_a_failure():
    with pytest.raises(ZeroDivisionError), no_collection():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_loading_imports_nothing_heavy():
    heavy = ["pydantic", "ruamel", "jinja2", "difflib", "rich", "click", "jsonschema"]
    code = f"""import sys
from srcnet_compiler.source import parse
parse("f", b"a: [1, 2]")
print([name for name in {heavy} if name in sys.modules])"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_numbers_are_finite():
    assert math.isfinite(load("a: 1.7976931348623157e308")["a"])

"""Fixes: which findings have one, what it writes, and that all around it stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messy_yaml import messy
from specs import GOLDEN, TODAY, texts

from srcnet_compiler.diagnostic import Code, Diagnostic, Fix
from srcnet_compiler.near import certainly_meant
from srcnet_compiler.pipeline import check, load, spec_files
from srcnet_compiler.source.edits import mend, plain_text
from srcnet_compiler.span import Span

SITE = "site-specs/chsrc-cscs.yaml"
POLICY = "policies/federation.yaml"


def findings(write, name: str, before: str, after: str) -> tuple[Path, tuple[Diagnostic, ...]]:
    """The golden federation with one change, and what is found in it."""
    files = texts(GOLDEN)
    assert before in files[name], files[name]
    files[name] = files[name].replace(before, after, 1)
    root = write(files)
    return root, check(root, TODAY).diagnostics


def mended(root: Path, name: str, found: tuple[Diagnostic, ...]) -> str:
    fixes = [each.fix for each in found if each.fix is not None and each.fix.span.file == name]
    return mend((root / name).read_text("utf-8"), fixes).text


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        (SITE, "capacity: ", "capcity: "),
        (SITE, "kind: Site", "kind: Siet"),
        (SITE, "kind: Site", "kind: site"),
        (SITE, "apiVersion: srcnet.skao.int/v1alpha2\n", ""),
        (SITE, "country: CH", "country: ch"),
        (SITE, "country: CH", "country: Switzerland"),
        (SITE, "390.5 TB", "390.5 tb"),
        (SITE, "390.5 TB", "390.5TByte"),
        (SITE, "tier: online", "tier: onlin"),
        (SITE, "src: CHSRC", "src: CHSRCC"),
        (POLICY, "tokenOnly: true", "tokenOnly: yes"),
        (POLICY, "counts: false", "counts: 'no'"),
    ],
)
def test_what_can_only_be_meant_in_one_way_is_mended(write, name: str, right: str, wrong: str):
    text = texts(GOLDEN)[name]
    root, found = findings(write, name, right, wrong)
    assert mended(root, name, found).replace("TByte", " TB") == text
    (root / name).write_text(mended(root, name, found), "utf-8")
    assert not any(each.fix for each in check(root, TODAY).diagnostics)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        (SITE, "390.5 TB", "390.5"),
        (SITE, "390.5 TB", "390.5 Tb"),
        (SITE, "390.5 TB", "1,390 TB"),
        (SITE, "tier: online", "tier: line"),
        (SITE, "tier: online", "tier: tape"),
        (SITE, "name: CHSRC-CSCS", "nam: CHSRC-CSCS\n  title: x"),
        (SITE, "src: CHSRC", "src: NOSUCH"),
        (SITE, "scheme: https, host: soda", "scheme: htps, host: soda"),
        (SITE, "country: CH", "country: CHE"),
    ],
)
def test_what_a_person_must_decide_has_no_fix(write, name: str, right: str, wrong: str):
    root, found = findings(write, name, right, wrong)
    assert found
    changed = mended(root, name, found)
    assert wrong.partition("\n")[0].replace("nam:", "name:") in changed.replace("nam:", "name:")


def test_a_secret_is_never_part_of_a_fix(write):
    _, found = findings(write, POLICY, "{secretRef: {env:", "{secretRef: {enw: hunter2, env:")
    assert any(each.code is Code.UNKNOWN_KEY for each in found)
    assert not any(each.fix for each in found)
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("capcity", ["capacity", "pledge"], "capacity"),
        ("CAPACITY", ["capacity", "capacity2"], "capacity"),
        ("on-line", ["online", "nearline"], "online"),
        ("CHSRC-CSCS-T1", ["CHSRC-CSCS-T0"], None),
        ("batc", ["batch", "batch-long"], "batch"),
        ("htps", ["http", "https"], None),
        ("x", ["capacity"], None),
        ("a-b", ["ab", "a_b"], None),
        ("", [], None),
        ("y" * 1000, ["y" * 999], None),
    ],
)
def test_a_word_is_certain_where_no_other_is_near(word: str, known: list[str], meant: str | None):
    assert certainly_meant(word, known) == meant


def span(line: int, column: int, end: int) -> Span:
    return Span("x", line, column, line, end)


def test_fixes_that_meet_are_left_for_the_next_time():
    one, two = Fix(span(1, 4, 7), "bcd"), Fix(span(1, 6, 9), "q")
    result = mend("a: xyz z # note\nb: 2\n", [two, one, one])
    assert result.text == "a: bcd z # note\nb: 2\n"
    assert result.done == ((one, "xyz"),)


def test_a_fix_that_would_break_the_text_is_left_out():
    twice = [Fix(span(1, 1, 2), "name"), Fix(span(2, 1, 2), "name")]
    assert mend("a: 1\nb: 2\n", twice).text == "name: 1\nb: 2\n"


def test_line_ends_and_wide_characters_are_counted_as_places_count_them():
    text = "é: 🛰 # ∂\r\nb:  wide 🛰x\r\n"
    fixes = [Fix(span(2, 5, 9), "W"), Fix(span(1, 4, 5), "s"), Fix(span(2, 1, 1), "n: 1\n")]
    assert mend(text, fixes).text == "é: s # ∂\r\nn: 1\r\nb:  W 🛰x\r\n"


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert plain_text("\ufeffa: 1\n".encode()) == "a: 1\n"
    assert plain_text(b"\xff\xfe\x00") is None


@given(messy(), st.data())
def test_only_what_stands_at_a_fix_changes(case: tuple[str, list[str]], data: st.DataObject):
    text, comments = case
    lines = text.replace("\r\n", "\n").split("\n")
    numbers = [n for n, line in enumerate(lines, 1) if line.startswith("key")]
    chosen = [n for n in numbers if data.draw(st.booleans())]
    result = mend(text, [Fix(span(n, 1, 4), "kex") for n in chosen])
    assert all(comment in result.text for comment in comments)
    assert result.text.replace("kex", "key") == text
    assert result.text.count("kex") == len(result.done)


def test_good_specs_have_nothing_to_be_mended():
    _, found = load(GOLDEN, spec_files(GOLDEN))
    assert not any(each.fix for each in found)

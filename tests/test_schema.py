"""The shape of what people write: schema, shapes and quick check accept the same documents."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError, validators
from schema_documents import (
    HERE,
    KEYS,
    NASTY,
    VALID,
    at,
    document_of,
    parse,
    paths,
    with_value,
    without,
)

from srcnet_compiler import resources
from srcnet_compiler.diagnostic import Code
from srcnet_compiler.schema import export, kinds, quick
from srcnet_compiler.schema.validate import check, check_folder, validate

PUBLISHED = Path(__file__).parent.parent / "schemas"
FOREIGN_WORDS = re.compile(
    r"Input should|pydantic|Value error|\[type=|Extra inputs|Field required|constrained"
    r"|valid (string|integer|list|dict)|does not have the shape|None|'[a-z]+'|\bdict\b|\bstr\b"
)


ADD = re.compile(r"add (?:one of them, such as )?`([A-Za-z]+): (.*?)`(: |$)")


def _ecma_pattern(_validator, pattern, value, _schema):
    """As other languages read it: `$` is the end of the text, never a place before a newline."""
    if isinstance(value, str) and re.fullmatch(pattern, value) is None:
        yield ValidationError(f"{value!r} does not match {pattern}")


ECMA = validators.extend(Draft202012Validator, {"pattern": _ecma_pattern})
JUDGES = {kind: ECMA(export.schema_of(kind)) for kind in kinds.KINDS}


def agreed(data):
    """Whether the document is accepted; all judges must say the same, and find words for a no."""
    kind, document = data["kind"], document_of(data)
    outcome = validate(document)
    by_shape, by_schema = outcome.value is not None, JUDGES[kind].is_valid(data)
    assert by_shape == by_schema, (data, outcome.diagnostics, [*JUDGES[kind].iter_errors(data)])
    assert by_shape == quick.accepts(kind, data), (data, outcome.diagnostics)
    assert by_shape == (not outcome.diagnostics)
    well_said(outcome.diagnostics, document.source_map.lines)
    return by_shape


def well_said(found, lines):
    """Each finding is in our words, at a place in the file, in the order of the file, and once."""
    for each in found:
        text = f"{each.message} {each.help or ''}"
        plain = re.sub(r"`[^`]*`", "", text)
        assert not FOREIGN_WORDS.search(plain), text
        assert "`" not in plain, text
        span = each.labels[0].span
        assert span.line == span.end_line, (text, span)
        assert span.column < span.end_column <= len(lines[span.line - 1]) + 1, (text, span)
    assert [*found] == sorted(found, key=lambda each: each.labels[0].span)
    assert len({(each.labels[0].span, each.message) for each in found}) == len(found)


def spoilt_once():
    """Every document with each key dropped, some added, each value replaced by a third of NASTY."""
    for data in VALID:
        for turn, path in enumerate(paths(data)):
            if path in ((), ("kind",)):
                continue
            yield without(data, path)
            if "catalogue" in path:
                continue  # anything may stand there, at any depth
            yield from (with_value(data, path, nasty) for nasty in NASTY[turn % 3 :: 3])
            here = at(data, path)
            if isinstance(here, dict):
                yield from (with_value(data, (*path, key), "x") for key in KEYS)
            if isinstance(here, list):
                yield with_value(data, path, [*here, *here])


def test_the_documents_of_these_tests_are_right_and_use_every_key():
    assert {data["kind"] for data in VALID} == {*kinds.KINDS}
    assert all(agreed(data) for data in VALID)
    for kind in kinds.KINDS:
        written = {key for data in VALID if data["kind"] == kind for p in paths(data) for key in p}
        definitions = [export.schema_of(kind), *export.schema_of(kind)["$defs"].values()]
        assert {key for each in definitions for key in each["properties"]} - written <= {
            *("file", "vault", "description"),
        }


def test_every_single_fault_is_judged_alike_by_all_and_found_in_our_words():
    verdicts = [agreed(data) for data in spoilt_once()]
    assert 300 < sum(verdicts) < len(verdicts) - 3000


def test_a_whole_number_may_be_written_with_a_point_and_is_no_text_or_truth_value():
    for data in VALID:
        for path in paths(data):
            value = at(data, path)
            if type(value) in (int, float) and "catalogue" not in path:
                assert agreed(with_value(data, path, float(value))), path
                assert not agreed(with_value(data, path, str(value))), path
                assert not agreed(with_value(data, path, True)), path


def test_a_line_end_is_part_of_a_text():
    refused = [
        not agreed(with_value(data, path, at(data, path) + "\n"))
        for data in VALID
        for path in paths(data)
        if isinstance(at(data, path), str) and path != ("kind",)
    ]
    assert sum(refused) > 130


@st.composite
def spoilt(draw):
    """A document with up to four faults."""
    data = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from([p for p in paths(data) if p not in ((), ("kind",))] or [()]))
        if not path:
            break
        match draw(st.sampled_from(("drop", "replace", "add", "mend"))):
            case "drop":
                data = without(data, path)
            case "replace":
                data = with_value(data, path, draw(st.sampled_from(NASTY)))
            case "add" if isinstance(at(data, path), dict):
                key = draw(st.sampled_from(KEYS) | st.text("ab_- 1é", max_size=3))
                data = with_value(data, (*path, key), draw(st.sampled_from(NASTY)))
            case _:
                other = draw(st.sampled_from(VALID))
                data = with_value(data, path, at(other, draw(st.sampled_from([*paths(other)]))))
    return data


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spoilt())
def test_several_faults_are_judged_alike_by_all_and_found_in_our_words(data):
    agreed(data)


def test_what_help_says_to_add_for_a_missing_key_makes_the_document_right():
    tried = 0
    for data in VALID:
        for path in paths(data):
            if not path or path == ("kind",) or not isinstance(at(data, path[:-1]), dict):
                continue
            poorer = without(data, path)
            for found in validate(document_of(poorer)).diagnostics:
                typed = ADD.match(found.help)
                if typed is None:
                    assert re.match("add `(spec|rucio):` with `", found.help), found
                    continue
                richer = with_value(poorer, (*path[:-1], typed[1]), parse(typed[2]).data)
                assert agreed(richer), (found, richer)
                tried += 1
    assert tried > 60


def test_a_fault_hides_no_other_one():
    data = VALID[[each["kind"] for each in VALID].index("Site")]
    data = with_value(data, ("spec", "country"), "au")
    data = with_value(data, ("spec", "storage", 0, "capacity"), 4)
    data = with_value(data, ("spec", "storage", 1, "tire"), "online")
    data = with_value(data, ("spec", "network", "wan"), None)
    data = without(data, ("metadata", "name"))
    found = validate(document_of(data)).diagnostics
    assert [each.code.value for each in found] == [
        "missing-key",
        "wrong-shape",
        "wrong-shape",
        "wrong-shape",
        "unknown-key",
    ]


def test_the_published_schemas_are_current():
    for name, text in export.files().items():
        published = PUBLISHED / name
        current = published.is_file() and published.read_bytes() == text.encode()
        assert current, f"schemas/{name} is not current; type: srcnet schema --write"


def test_the_published_schemas_are_the_same_in_every_process():
    program = "from srcnet_compiler.schema.export import files; print(*files().items())"
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


@pytest.mark.parametrize("name", [n for n in export.files() if n != kinds.MARKS])
def test_a_published_schema_is_right_and_all_its_examples_and_defaults_fit(name):
    schema = json.loads(export.files()[name])
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"https://srcnet.skao.int/schemas/v1alpha2/{name}"
    examples = 0
    for path in paths(schema):
        node = at(schema, path)
        if not isinstance(node, dict) or path[-1:] in (("properties",), ("$defs",)):
            continue
        judge = ECMA({**node, "$defs": schema["$defs"]})
        defaults = [node["default"]] if "default" in node else []
        for example in (*node.get("examples", ()), *defaults):
            assert judge.is_valid(example), (path, example)
            examples += 1
        for key, child in node.get("properties", {}).items():
            assert child["description"].strip(), (path, key)
    assert examples > 2


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_patterns_mean_the_same_in_every_dialect(kind):
    patterns = {
        value
        for path in paths(export.schema_of(kind))
        if path[-1:] == ("pattern",) and isinstance(value := at(export.schema_of(kind), path), str)
    }
    assert patterns
    for pattern in patterns:
        outside = re.sub(r"\\\.|\[[^\]\\]*\]", "x", pattern)
        assert pattern.isascii()
        assert re.fullmatch(r"\^[^.^$\\]*\$", outside), pattern
        assert not re.search(r"\(\?|[*+?}][*+?]", outside), pattern
        assert "|" not in re.sub(r"\(.*\)", "", outside), pattern


def test_the_combined_schema_accepts_what_the_schema_of_the_kind_accepts():
    judge = ECMA(json.loads(export.files()[export.COMBINED]))
    for data in VALID:
        assert judge.is_valid(data)
        for other in kinds.KINDS:
            assert judge.is_valid({**data, "kind": other}) == (other == data["kind"])
        assert not judge.is_valid({**data, "more": 1})


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_the_quick_check_knows_every_keyword_of_the_published_schemas(kind):
    def keywords(node):
        yield from node
        for key in ("properties", "$defs"):
            for child in node.get(key, {}).values():
                yield from keywords(child)
        for key in ("items", "additionalProperties", "propertyNames"):
            if isinstance(node.get(key), dict):
                yield from keywords(node[key])
        for child in node.get("oneOf", ()):
            yield from keywords(child)

    assert {*keywords(export.schema_of(kind))} <= {*quick.RULES} | quick.ANNOTATIONS


@pytest.fixture
def schemas(tmp_path, monkeypatch):
    """The published schemas, elsewhere, to be spoilt."""
    for name, text in export.files().items():
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.setattr(resources, "folder", lambda name: tmp_path)
    quick.forget()
    yield tmp_path
    quick.forget()


def test_the_quick_check_says_yes_with_schemas_of_these_sources(schemas):
    assert all(quick.accepts(data["kind"], data) for data in VALID)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / kinds.MARKS).write_text("{}"),
        lambda folder: (folder / kinds.MARKS).write_text("[]"),
        lambda folder: (folder / kinds.MARKS).write_bytes(b"\xff"),
        lambda folder: (folder / kinds.MARKS).unlink(),
        lambda folder: [file.unlink() for file in folder.glob("*.schema.json")],
        lambda folder: [file.write_text("{}") for file in folder.glob("*.schema.json")],
        shutil.rmtree,
    ],
)
def test_the_quick_check_leaves_it_to_the_shapes_when_the_schemas_are_odd(schemas, spoil):
    spoil(schemas)
    quick.forget()
    assert not any(quick.accepts(data["kind"], data) for data in VALID)
    assert not any(check(document_of(data)) for data in VALID)


def test_the_quick_check_leaves_it_to_the_shapes_when_these_have_changed(schemas, monkeypatch):
    monkeypatch.setattr(kinds, "sources_mark", lambda: "00000000")
    assert not any(quick.accepts(data["kind"], data) for data in VALID)


GOOD_ALONE = """
import pathlib, sys
from srcnet_compiler import source
from srcnet_compiler.schema.validate import check
documents = source.parse("a.yaml", pathlib.Path(sys.argv[1]).read_bytes()).value
print([check(each) for each in documents], "pydantic" in sys.modules)
"""


def test_a_good_document_is_checked_without_loading_the_shapes():
    run = subprocess.run(
        [sys.executable, "-c", GOOD_ALONE, HERE / "site.yaml"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert run.stdout.strip() == "[()] False"


@pytest.mark.parametrize(
    ("file", "kind", "wrong"),
    [
        ("site-specs/norway.yaml", "Site", False),
        ("policies/norway.yaml", "Site", True),
        ("site-specs/srcnet.yaml", "Federation", True),
        ("policies/data/a.yaml", "DataPolicy", False),
        ("site-specs/norway/cut.yaml", "Downtime", False),
        ("policies/cut.yaml", "Downtime", False),
        ("elsewhere/norway.yaml", "Site", False),
        ("norway.yaml", "Site", False),
        ("/somewhere/policies/norway.yaml", "Site", False),
    ],
)
def test_a_document_stands_in_the_folder_of_its_kind(file, kind, wrong):
    data = next(data for data in VALID if data["kind"] == kind)
    located = validate(parse(json.dumps(data), file)).value
    found = check_folder(located)
    assert (found is not None) == wrong
    if found:
        assert found.code is Code.WRONG_FOLDER
        assert found.labels[0].span == located.origin.at("kind")
        assert kinds.folders(kind)[0] in found.help

"""The version before: read as it was meant, with its own places, and rewritten."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from cli_runner import contents, environment, golden_specs, srcnet
from editor_client import Editor, typed
from hypothesis import given
from hypothesis import strategies as st
from scapi_catalogues import as_bytes, right
from specs import GOLDEN, REAL, compile_texts, git, repository, texts

from srcnet_compiler.diagnostic import Code, Diagnostic, Severity
from srcnet_compiler.schema import export
from srcnet_compiler.schema.migrating import migrated
from srcnet_compiler.schema.validate import check, validate
from srcnet_compiler.schema.versions import API_VERSION, BEFORE, CHANGES, published, upgraded
from srcnet_compiler.schema.wording.lookup import Place
from srcnet_compiler.source import Document, parse
from srcnet_compiler.source.edits import mend
from srcnet_compiler.span import Span

POLICY = "policies/data/observatory.yaml"


def older(text: str) -> str:
    """The same in the words of the version before."""
    text = text.replace(API_VERSION, BEFORE).replace(published(API_VERSION), published(BEFORE))
    return text.replace("approvalAbove: ", "approval: above ")


def documents(text: str) -> tuple[Document, ...]:
    parsed = parse(POLICY, text.encode())
    assert parsed.value is not None, parsed.diagnostics
    return parsed.value


def findings(text: str) -> list[Diagnostic]:
    """What is found in a text, by either way of looking, which agree."""
    found = [each for document in documents(text) for each in validate(document).diagnostics]
    assert found == [each for document in documents(text) for each in check(document)]
    return found


def at(lines: Sequence[str], span: Span) -> str:
    """What stands there."""
    rows = [*lines[span.line - 1 : span.end_line]]
    rows[-1] = rows[-1][: span.end_column - 1]
    rows[0] = rows[0][span.column - 1 :]
    return "\n".join(rows)


def marked(text: str, span: Span) -> str:
    assert span.line == span.end_line
    return at(text.splitlines(), span)


GOLDEN_TEXTS = texts(GOLDEN)
OBSERVATORY = GOLDEN_TEXTS[POLICY]
OLDER = older(OBSERVATORY)


# ── what is read ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("root", [GOLDEN, REAL], ids=["golden", "real"])
def test_a_federation_of_the_version_before_means_the_same(root: Path):
    new = texts(root)
    old = {name: older(text) for name, text in new.items()}
    assert all(old[name] != new[name] for name in new)
    assert sum("approval: above" in text for text in old.values()) == 1
    then, now = compile_texts(old), compile_texts(new)
    assert not now.failed
    assert then.models == now.models
    assert then.artifacts == now.artifacts
    assert [each for each in then.diagnostics if each.code is not Code.OLDER_VERSION] == [
        *now.diagnostics
    ]
    told = [each for each in then.diagnostics if each.code is Code.OLDER_VERSION]
    assert len(told) == sum(len(documents(text)) for text in new.values())
    assert all(each.severity is Severity.WARNING and each.fix for each in told)


@given(st.sets(st.sampled_from(sorted(GOLDEN_TEXTS))))
def test_both_versions_may_stand_side_by_side(names: set[str]):
    files = {name: older(text) if name in names else text for name, text in GOLDEN_TEXTS.items()}
    found = compile_texts(files)
    assert found.artifacts == compile_texts(GOLDEN_TEXTS).artifacts
    told = [
        each.labels[0].span.file for each in found.diagnostics if each.code is Code.OLDER_VERSION
    ]
    assert {*told} == names


def test_both_versions_may_stand_in_one_file():
    (found,) = findings(f"{OLDER}---\n{OBSERVATORY}")
    assert found.labels[0].span.line == 1
    (found,) = findings(f"{OBSERVATORY}---\n{OLDER}")
    assert marked(f"{OBSERVATORY}---\n{OLDER}", found.labels[0].span) == BEFORE


def test_a_value_of_the_version_before_leads_to_where_it_stands():
    (document,) = documents(OLDER)
    located = validate(document).value
    assert located is not None
    assert located.document.apiVersion == API_VERSION
    place = ("spec", "recall", "approvalAbove")
    assert marked(OLDER, located.origin.at(*place)) == "above 10 TB"
    assert marked(OLDER, located.origin.key(*place)) == "approval"
    assert marked(OLDER, located.origin.at("apiVersion")) == BEFORE
    assert located.origin.has(*place)
    assert not located.origin.has("spec", "recall", "approval")


def test_every_value_of_the_version_before_keeps_its_place():
    for text in GOLDEN_TEXTS.values():
        for was, now in zip(documents(older(text)), documents(text), strict=True):
            read = upgraded(was).value
            assert read is not None
            assert read.data == now.data
            then, today = read.source_map, now.source_map
            assert [*then.values] == [*today.values]
            assert [*then.keys] == [*today.keys]
            for path in today.values:
                is_limit = path[-1:] == ("approvalAbove",)
                typed = at(then.lines, then.span(path))
                assert typed == "above " * is_limit + older(at(today.lines, today.span(path)))
            for path in today.keys:
                is_limit = path[-1:] == ("approvalAbove",)
                typed = at(then.lines, then.key_span(path))
                assert typed == ("approval" if is_limit else path[-1])


def test_a_finding_about_a_value_of_the_version_before_is_at_its_line_and_column():
    text = OLDER.replace("above 10 TB", "above 0.0000000001 GB")
    found = compile_texts({**GOLDEN_TEXTS, POLICY: text}).diagnostics
    (wrong,) = (each for each in found if each.severity is Severity.ERROR)
    assert wrong.code is Code.QUANTITY
    assert marked(text, wrong.labels[0].span) == "above 0.0000000001 GB"


def test_the_warning_says_what_is_otherwise_now():
    (found,) = findings(OLDER)
    assert (found.code, found.severity) == (Code.OLDER_VERSION, Severity.WARNING)
    assert [(marked(OLDER, label.span), label.text) for label in found.labels] == [
        (BEFORE, ""),
        ("approval", "now `approvalAbove: 10 TB`"),
    ]
    assert found.help == "`srcnet migrate` rewrites it, and keeps all the rest"


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.to)
def test_a_change_leads_from_what_was_to_what_is(change):
    root = Place(schema := export.schema_of(change.kind), schema)
    place, text = root.at(change.new_path), change.now(change.example)
    assert root.at(change.path) is None
    assert place is not None
    assert place.accepts_text(str(text))


# ── what is wrong ─────────────────────────────────────────────────────────────────────────────

WRONG = {
    "above ten": ("above ten", "`approval` is `above ten`, which is not `above` and an amount"),
    "10 TB": ("10 TB", "`approval` is `10 TB`, which is not `above` and an amount"),
    "above 10": ("above 10", "`approval` is `above 10`, which is not `above` and an amount"),
    "10": ("10", "`approval` is `10`, which is not `above` and an amount"),
    "[above 10 TB]": ("[above 10 TB]", "`approval` is `[above 10 TB]`, which is not `above`"),
    "": ("approval", "`approval` has no value"),
    "'above ten\n    TB'": ("approval", "`approval` is not `above` and an amount"),
}


@pytest.mark.parametrize("value", WRONG)
def test_a_wrong_value_is_found_in_the_words_of_its_own_version(value: str):
    text = OLDER.replace("approval: above 10 TB}", f"approval: {value}}}")
    told, wrong = findings(text)
    assert (marked(text, wrong.labels[0].span), wrong.code) == (WRONG[value][0], Code.SHAPE)
    assert WRONG[value][1] in wrong.message
    assert wrong.help == (
        "write `approval: above 10 TB`, or in `srcnet.skao.int/v1alpha2` `approvalAbove: 10 TB`"
    )
    assert told.fix is None
    assert migrated(POLICY, text.encode()).diagnostics == (wrong,)


def test_a_key_of_this_version_is_none_of_the_version_before():
    text = OBSERVATORY.replace(API_VERSION, BEFORE)
    told, wrong = findings(text)
    assert wrong.message == f"`approvalAbove` is not a key of `recall` in `{BEFORE}`"
    assert marked(text, wrong.labels[0].span) == "approvalAbove"
    assert told.fix is None


def test_a_key_of_the_version_before_is_mended_in_this_one():
    text = OLDER.replace(BEFORE, API_VERSION)
    (wrong,) = findings(text)
    assert wrong.message == "`approval` is not a key of `recall` any more"
    assert wrong.help == f"write `approvalAbove: 10 TB`, as it is said since `{API_VERSION}`"
    assert wrong.fix is not None
    assert mend(text, [wrong.fix]).text == OBSERVATORY
    (unclear,) = findings(text.replace("above 10 TB", "10 TB"))
    assert unclear.fix is None
    assert unclear.help == wrong.help


@pytest.mark.parametrize(
    ("version", "remedy"),
    [
        ("v1alpha3", "a newer one is needed"),
        ("v1beta1", "a newer one is needed"),
        ("v1", "a newer one is needed"),
        ("v2alpha1", "a newer one is needed"),
        ("v1alpha0", "write it anew in one"),
        ("v0", "write it anew in one"),
    ],
)
def test_a_version_that_nobody_reads_is_said_and_nothing_else_judged(version: str, remedy: str):
    text = OBSERVATORY.replace("v1alpha2", version).replace("DataPolicy", "LaterPolicy")
    (found,) = findings(text)
    name = f"srcnet.skao.int/{version}"
    assert (found.code, marked(text, found.labels[0].span)) == (Code.UNKNOWN_VERSION, name)
    assert found.message == f"the document is written in `{name}`, which this `srcnet` cannot read"
    assert found.help == f"this `srcnet` reads `{API_VERSION}` and `{BEFORE}`; {remedy}"
    assert found.fix is None


@pytest.mark.parametrize("version", ["srcnet.skao.int/v1aplha2", "apps/v1", "1", "", "v1alpha1"])
def test_what_is_no_version_is_judged_as_this_one(version: str):
    text = OBSERVATORY.replace(API_VERSION, version).replace("floor: 2", "floor: two")
    assert [each.code for each in findings(text)] == [Code.SHAPE, Code.SHAPE]


def test_a_kind_that_there_is_not_is_not_called_older():
    text = OLDER.replace("DataPolicy", "DataPolicies")
    (found,) = findings(text)
    assert found.code is Code.UNKNOWN_KIND
    assert migrated(POLICY, text.encode()).diagnostics == (found,)


# ── what is rewritten ─────────────────────────────────────────────────────────────────────────

HEAD = f"apiVersion: {BEFORE}\nkind: DataPolicy\n"
REST = OLDER.split("kind: DataPolicy\n")[1]
LINE = f"# yaml-language-server: $schema={published(BEFORE)}data-policy.schema.json\n"
LAYOUTS = {
    "as it stands": OLDER,
    "comments": HEAD + "# one\n" + REST.replace("  recall:", "  # two\n  recall:") + "# three\n",
    "a comment behind": OLDER.replace("alpha1\n", "alpha1  # as agreed\n").replace(
        "TB}", "TB} # x"
    ),
    "quotes": OLDER.replace(BEFORE, f"'{BEFORE}'").replace(
        "approval: above 10 TB", "\"approval\" : 'above 10 TB'"
    ),
    "double quotes": OLDER.replace("above 10 TB", '"above 10 TB"'),
    "another order": REST + HEAD,
    "a schema": LINE + OLDER,
    "a schema above the line": f"# about\n{LINE}\n---\n{OLDER}",
    "two documents": f"{LINE}{OLDER}---\n# second\n{OLDER}...\n",
    "windows": OLDER.replace("\n", "\r\n"),
    "a mark": "\ufeff" + OLDER,
    "no end": OLDER.rstrip(),
    "a block": OLDER.replace(
        "{to: {tier: online, near: requester}, keep: 14 d, approval: above 10 TB}",
        "\n    approval:   above 10 TB   # of one request\n    to: {tier: online}\n    keep: 14 d",
    ),
    "a tag": OLDER.replace("above 10 TB", "!!str above 10 TB"),
    "an anchor": OLDER.replace("above 10 TB", "&limit above 10 TB"),
    "a merge": OLDER.replace(
        "keep: 14 d, approval: above 10 TB", "<<: {keep: 14 d, approval: above 10 TB}"
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_all_but_the_words_that_changed_stays(layout: str):
    text = LAYOUTS[layout]
    result = migrated(POLICY, text.encode())
    assert result.diagnostics == ()
    assert result.value is not None
    expected = (
        text.removeprefix("\ufeff")
        .replace(API_VERSION, BEFORE)
        .replace(BEFORE, API_VERSION)
        .replace("schemas/v1alpha1/", "schemas/v1alpha2/")
    )
    expected = re.sub(r"approval\b", "approvalAbove", expected).replace("above 10 TB", "10 TB")
    assert result.value.text == expected
    assert not any(each.code is Code.OLDER_VERSION for each in findings(result.value.text))
    again = migrated(POLICY, result.value.text.encode())
    assert again.value is not None
    assert (again.value.text, again.value.done) == (result.value.text, ())


def test_a_schema_is_named_anew_only_in_a_comment_above_the_document():
    text = LINE + OLDER.replace("two regions at arrival", "x").replace(
        "spec:\n", f"spec:\n  {LINE}", 1
    )
    result = migrated(POLICY, text.encode()).value
    assert result is not None
    assert result.text.count("schemas/v1alpha1/") == 1


SHARED = {
    "an alias of the value": OLDER.replace("two regions at arrival", "&a above 10 TB").replace(
        "approval: above 10 TB", "approval: *a"
    ),
    "an alias of the version": OLDER.replace(BEFORE, f"&v {BEFORE}").replace(
        "two regions at arrival", "*v"
    ),
    "over lines": OLDER.replace("above 10 TB", "above\n    10 TB"),
}


@pytest.mark.parametrize("case", SHARED)
def test_what_would_change_something_else_is_left_to_a_person(case: str):
    text = SHARED[case]
    (told,) = findings(text)
    assert (told.code, told.severity, told.fix) == (Code.OLDER_VERSION, Severity.WARNING, None)
    (found,) = migrated(POLICY, text.encode()).diagnostics
    assert (found.code, found.severity) == (Code.OLDER_VERSION, Severity.ERROR)
    assert found.help is not None
    assert found.help.startswith("write it by hand")


@given(
    st.sampled_from(sorted(GOLDEN_TEXTS)),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 12), st.sampled_from(["#", "# é: {["]))),
)
def test_comments_between_any_two_lines_stay(name: str, comments: list[tuple[int, int, str]]):
    def commented(text: str) -> str:
        lines = text.splitlines(keepends=True)
        for number, indent, comment in comments:
            lines.insert(number % (len(lines) + 1), " " * indent + comment + "\n")
        return "".join(lines)

    new = GOLDEN_TEXTS[name]
    result = migrated(name, commented(older(new)).encode())
    assert result.value is not None
    assert result.value.text == commented(new)


def test_the_fix_of_the_warning_writes_what_migrate_writes():
    for name, text in GOLDEN_TEXTS.items():
        fixes = [each.fix for each in findings(older(text)) if each.fix]
        result = migrated(name, older(text).encode()).value
        assert result is not None
        assert mend(older(text), fixes).text == result.text == text


def test_a_fix_of_several_places_is_done_as_a_whole_or_not_at_all():
    (told,) = findings(OLDER)
    (document,) = documents(OLDER)
    assert told.fix is not None
    other = told.fix.parts[-1]
    mended = mend(OLDER, [told.fix, type(other)(other.span, "above 11 TB")])
    assert mended.text == OBSERVATORY
    assert len(mended.done) == len(told.fix.parts) == 3
    assert document.source_map.span(("apiVersion",)) == told.fix.span


# ── the command ───────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The golden federation in the version before."""
    folder = golden_specs(tmp_path / "specs")
    for name in GOLDEN_TEXTS:
        path = folder / name
        path.write_text(older(path.read_text("utf-8")), "utf-8")
    return folder


def test_migrate_rewrites_every_file_and_says_what(own: Path):
    ran = srcnet("migrate", cwd=own)
    assert ran.code == 0, ran
    assert texts(own) == GOLDEN_TEXTS
    assert f"rewrote {POLICY}:1: {BEFORE} → {API_VERSION}\n" in ran.out
    assert f"rewrote {POLICY}:20: approval → approvalAbove\n" in ran.out
    assert f"rewrote {POLICY}:20: above 10 TB → 10 TB\n" in ran.out
    assert ran.err == f"{len(GOLDEN_TEXTS)} files, {len(GOLDEN_TEXTS)} rewritten\n"
    before = contents(own)
    again = srcnet("migrate", cwd=own)
    assert (again.code, again.out) == (0, "")
    assert (
        again.err
        == f"{len(GOLDEN_TEXTS)} files, nothing to rewrite: all of it is `{API_VERSION}`\n"
    )
    assert contents(own) == before


@pytest.mark.parametrize("args", [["--check"], ["--diff"], ["--check", "--diff"]])
def test_migrate_that_shows_writes_nothing(own: Path, args: list[str]):
    before = contents(own)
    ran = srcnet("migrate", *args, cwd=own)
    assert contents(own) == before
    assert ran.code == ("--check" in args)
    assert POLICY in ran.out
    assert (f"-apiVersion: {BEFORE}\n" in ran.out) == ("--diff" in args)
    assert "would be rewritten" in ran.err
    srcnet("migrate", cwd=own)
    assert srcnet("migrate", *args, cwd=own).code == 0


def test_migrate_of_one_file_rewrites_that_one(own: Path):
    ran = srcnet("migrate", "observatory.yaml", cwd=own / "policies/data")
    assert ran.code == 0
    assert ran.err == "1 file, 1 rewritten\n"
    now = texts(own)
    assert [name for name in now if now[name] == GOLDEN_TEXTS[name]] == [POLICY]


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        (OLDER.replace("above 10 TB", "above ten"), 1, "wrong-shape"),
        (OLDER.replace("floor:", "flor:"), 1, "unknown-key"),
        (OLDER.replace("v1alpha1", "v1alpha3"), 1, "unknown-version"),
        (SHARED["an alias of the value"], 1, "older-version"),
        ("apiVersion: [", 1, "yaml-syntax"),
        (None, 74, "unreadable-file"),
    ],
)
def test_where_one_file_cannot_be_migrated_none_is(
    own: Path, wrong: str | None, code: int, said: str
):
    path = own / "policies/data/wrong.yaml"
    if wrong is None:
        path.mkdir()
    else:
        path.write_text(wrong, "utf-8")
    before = contents(own)
    ran = srcnet("migrate", cwd=own)
    assert (ran.code, ran.out) == (code, "")
    assert f"error[{said}]" in ran.err
    assert "--> policies/data/wrong.yaml:" in ran.err
    assert "nothing was written: 1 file cannot be migrated" in ran.err
    assert contents(own) == before


def test_errors_of_files_of_this_version_do_not_stand_in_the_way(own: Path):
    wrong = OBSERVATORY.replace("floor:", "flor:")
    (own / "policies/data/wrong.yaml").write_text(wrong, "utf-8")
    assert srcnet("migrate", cwd=own).code == 0
    assert texts(own) == {**GOLDEN_TEXTS, "policies/data/wrong.yaml": wrong}


KILLED = """\
import os, signal, sys
from srcnet_compiler.cli import files
from srcnet_compiler.cli.group import run

left, replace = int(sys.argv[1]), os.replace

def until_killed(partial, path):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    replace(partial, path)

files.os.replace = until_killed
run(["migrate"])
"""


@pytest.mark.parametrize("after", [0, 1, len(GOLDEN_TEXTS) // 2, len(GOLDEN_TEXTS) - 1])
def test_what_is_killed_in_the_middle_is_ended_by_a_second_run(own: Path, after: int):
    """A process that dies between two files; each of them is whole, and together they compile."""
    line = [sys.executable, "-c", KILLED, str(after)]
    killed = subprocess.run(line, cwd=own, env=environment(), capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    now = texts(own)
    assert sum(now[name] == GOLDEN_TEXTS[name] for name in now) == after
    assert all(now[name] in (GOLDEN_TEXTS[name], older(GOLDEN_TEXTS[name])) for name in now)
    assert not compile_texts(now).failed
    assert srcnet("migrate", cwd=own).code == 0
    assert texts(own) == GOLDEN_TEXTS
    assert not [*own.rglob("*.partial")]


def test_where_a_file_cannot_be_written_none_is(own: Path):
    folder = own / "site-specs"
    before = contents(own)
    (folder / ".world.yaml.partial").mkdir()  # in the way of what is written beside the file
    ran = srcnet("migrate", cwd=own)
    assert ran.code == 74
    (folder / ".world.yaml.partial").rmdir()
    assert contents(own) == before


def test_validate_with_fix_writes_the_same(own: Path):
    ran = srcnet("validate", "--fix", "--quiet", cwd=own)
    assert ran.code == 0, ran
    assert f"mended {POLICY}:20: above 10 TB → 10 TB\n" in ran.out
    assert texts(own) == GOLDEN_TEXTS


def test_a_file_that_is_named_is_told_to_be_older(own: Path):
    ran = srcnet("validate", POLICY, cwd=own)
    assert ran.code == 0
    assert f"warning[older-version]: the document is written in `{BEFORE}`" in ran.out


def test_migrating_changes_nothing_by_meaning(own: Path):
    repository(own)
    assert srcnet("migrate", cwd=own).code == 0
    git(own, "commit", "--quiet", "--all", "--message", "The version of today")
    ran = srcnet("diff", "HEAD~1", "HEAD", "--format", "json", cwd=own)
    assert ran.code == 0, ran
    said = json.loads(ran.out)
    assert said["verdict"] == "no system changes; impact: cosmetic; 0 of 7 sites reached"
    assert (said["edits"], said["effects"], said["newFindings"]) == ([], [], [])
    assert {each["code"] for each in said["goneFindings"]} == {"older-version"}


def test_an_editor_has_a_fix_and_knows_what_a_key_of_before_means(own: Path):
    with Editor(own) as editor:
        text = editor.open(POLICY)
        (found,) = editor.found(POLICY)
        assert (found["code"], found["severity"]) == ("older-version", 2)
        asked = {"textDocument": {"uri": editor.uri(POLICY)}, "context": {"diagnostics": [found]}}
        (action,) = editor.ask("textDocument/codeAction", {**asked, "range": found["range"]})
        assert typed(text, action["edit"]["changes"][editor.uri(POLICY)]) == OBSERVATORY
        page = editor.on("hover", POLICY, text, "approval: ")["contents"]["value"]
        assert page.startswith("**`approvalAbove`**: Above which amount somebody must agree.")


@pytest.mark.parametrize("take", [(), ("--take", "theirs")])
def test_an_import_leaves_the_version_of_a_spec_that_is_there(
    tmp_path: Path, take: tuple[str, ...]
):
    (tmp_path / "nodes.json").write_bytes(as_bytes(right()))
    assert srcnet("import", "scapi", "nodes.json", cwd=tmp_path).code == 0
    for path in (tmp_path / "site-specs").iterdir():
        path.write_text(older(path.read_text("utf-8")), "utf-8")
    before = contents(tmp_path)
    ran = srcnet("import", "scapi", "nodes.json", *take, cwd=tmp_path)
    assert ran.code == 0, ran
    assert ran.err.endswith("nothing to change\n")
    assert "import-differs" not in ran.out
    assert contents(tmp_path) == before


def test_schemas_of_the_version_before_are_not_forgotten(own: Path):
    srcnet("schema", "--write", cwd=own)
    assert "schemas/" not in srcnet("migrate", "--check", cwd=own).err
    for path in (own / "schemas").glob("*.schema.json"):
        path.write_text(path.read_text("utf-8").replace("v1alpha2", "v1alpha1"), "utf-8")
    ran = srcnet("migrate", cwd=own)
    assert "`srcnet schema --write` brings it up to date" in ran.err
    srcnet("schema", "--write", cwd=own)
    assert "schemas/" not in srcnet("migrate", cwd=own).err


def test_what_is_no_spec_is_not_migrated(own: Path):
    ran = srcnet("migrate", "README.md", cwd=own)
    assert ran.code == 64
    assert "`README.md` is no spec" in ran.err

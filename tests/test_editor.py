"""The language server as an editor meets it: a real process, the protocol over its pipes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cli_runner import golden_specs
from editor_client import Editor, RefusedByServerError, typed
from specs import REAL, TODAY

from srcnet_compiler.cli.settings import now
from srcnet_compiler.diagnostic import Severity
from srcnet_compiler.editor.completion import offers
from srcnet_compiler.editor.hover import hover
from srcnet_compiler.editor.rename import RefusedError, renamable
from srcnet_compiler.editor.session import Session
from srcnet_compiler.pipeline import compile_specs

SITE = "site-specs/chsrc-cscs.yaml"
FEDERATION = "policies/federation.yaml"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return golden_specs(tmp_path / "specs")


@pytest.fixture
def editor(own: Path) -> Iterator[Editor]:
    with Editor(own) as started:
        yield started


@pytest.fixture
def real(tmp_path: Path) -> Path:
    for each in ("site-specs", "policies"):
        shutil.copytree(REAL / each, tmp_path / "real" / each)
    return tmp_path / "real"


def markdown(hover: dict) -> str:
    return hover["contents"]["value"]


# ── findings ──────────────────────────────────────────────────────────────────────────────────


def test_findings_follow_what_is_typed_and_go_when_it_is_mended(editor: Editor):
    text = editor.open(SITE)
    assert editor.found(SITE) == []
    wrong = text.replace("capacity: 390.5 TB", "capacity: 390.5")
    editor.type(SITE, wrong)
    (found,) = editor.found(SITE)
    assert (found["code"], found["severity"], found["source"]) == ("wrong-shape", 1, "srcnet")
    assert "without a unit" in found["message"]
    assert "help: write an amount with its unit" in found["message"]
    line = wrong[: wrong.index("capacity: 390.5")].count("\n")
    assert found["range"] == {
        "start": {"line": line, "character": 16},
        "end": {"line": line, "character": 21},
    }
    editor.type(SITE, text)
    assert editor.found(SITE) == []


def test_what_is_unsaved_counts_for_every_other_file(editor: Editor):
    text = editor.open(FEDERATION)
    editor.type(FEDERATION, text.replace("CHSRC", "CHSRCX", 1))
    found = editor.found(SITE)
    assert any("`CHSRC` is not a member" in each["message"] for each in found)
    editor.say("textDocument/didClose", {"textDocument": {"uri": editor.uri(FEDERATION)}})
    assert editor.found(SITE) == []


def test_the_real_federation_has_the_findings_that_validate_has(real: Path):
    with Editor(real) as editor:
        editor.open("site-specs/uksrc-ral.yaml")
        editor.found("site-specs/uksrc-ral.yaml")
        shown = sum(len(each) for each in editor.findings.values())
    assert shown == len(compile_specs(real, now().date()).diagnostics) > 10


def test_a_file_that_somebody_else_writes_is_seen(editor: Editor, own: Path):
    editor.open(SITE)
    assert editor.found(FEDERATION) == []
    path = own / FEDERATION
    path.write_text(path.read_text("utf-8").replace("tokenOnly", "tokenOnyl"), "utf-8")
    change = {"uri": editor.uri(FEDERATION), "type": 2}
    editor.say("workspace/didChangeWatchedFiles", {"changes": [change]})
    assert [each["code"] for each in editor.found(FEDERATION)] == ["unknown-key"]


# ── what things mean ──────────────────────────────────────────────────────────────────────────


def test_hover_says_what_a_key_means_and_what_its_value_is(editor: Editor):
    text = editor.open(SITE)
    key = markdown(editor.on("hover", SITE, text, "capacity: 390.5"))
    assert key.startswith("**`capacity`**: How much it holds.")
    amount = markdown(editor.on("hover", SITE, text, "390.5 TB"))
    assert "`390.5 TB` is 390\u202f500\u202f000\u202f000\u202f000 bytes" in amount
    word = markdown(editor.on("hover", SITE, text, "tier: online"))
    assert "A tier of the federation" in word
    assert editor.at("hover", SITE, 10_000, 3) is None


def test_hover_says_where_a_name_comes_from(editor: Editor, own: Path):
    text = editor.open(SITE)
    said = markdown(editor.on("hover", SITE, text, "online"))
    federation = (own / FEDERATION).read_text("utf-8")
    line = federation[: federation.index("    online:")].count("\n") + 1
    assert f"The tier `online`, from {FEDERATION}:{line}; meant in " in said


def test_definition_leads_to_where_the_name_is_given_and_references_back(editor: Editor, own: Path):
    text = editor.open(SITE)
    (there,) = editor.on("definition", SITE, text, "CHSRC\n")
    assert there["uri"] == editor.uri(FEDERATION)
    federation = (own / FEDERATION).read_text("utf-8").split("\n")
    start, end = there["range"]["start"], there["range"]["end"]
    assert federation[start["line"]][start["character"] : end["character"]] == "CHSRC"
    context = {"includeDeclaration": False}
    line, column = start["line"], start["character"]
    meant = editor.at("references", FEDERATION, line, column, context=context)
    assert editor.uri(SITE) in {each["uri"] for each in meant}
    given = editor.at("references", FEDERATION, line, column, context={"includeDeclaration": True})
    assert len(given) == len(meant) + 1
    assert editor.on("definition", SITE, text, "390.5 TB") == []


def test_every_name_that_is_meant_in_the_real_federation_is_found(real: Path):
    """All places that link checks are places that an editor knows."""
    text = (real / "site-specs/uksrc-ral.yaml").read_text("utf-8")
    with Editor(real) as editor:
        editor.open("site-specs/uksrc-ral.yaml")
        for word in ("UKSRC\n", "ral,", "jupyterhub,", "UKSRC-RAL-T1-CEPHFS  ", "online"):
            assert editor.on("definition", "site-specs/uksrc-ral.yaml", text, word), word


# ── completion ────────────────────────────────────────────────────────────────────────────────


def labels(editor: Editor, name: str, text: str) -> list[str]:
    """What is offered where `|` stands in the text."""
    before, _, after = text.partition("|")
    editor.type(name, before + after)
    line = before.count("\n")
    items = editor.at("completion", name, line, len(before.rpartition("\n")[2]))
    return [item["label"] for item in items]


@pytest.fixture(scope="module")
def typing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """One for many texts of a file that is not there."""
    with Editor(golden_specs(tmp_path_factory.mktemp("typing") / "specs")) as started:
        yield started


HEAD = "apiVersion: srcnet.skao.int/v1alpha2\nkind: Site\nmetadata: {name: CHSRC-CSCS}\nspec:\n"


@pytest.mark.parametrize(
    ("text", "offered", "not_offered"),
    [
        (HEAD + "  src: CHSRC\n  coun|\n", {"country", "storage"}, {"src", "spec", "capacity"}),
        (HEAD + "  src: CHSRC\n  |\n  country: CH\n", {"storage"}, {"src", "country"}),
        (HEAD + "  src: |\n", {"CHSRC"}, {"online"}),
        (HEAD + "  src: CH|\n  country: CH\n", {"CHSRC"}, {"online"}),
        (HEAD + "  storage:\n    - name: A\n      tier: |\n", {"online", "nearline"}, {"CHSRC"}),
        (HEAD + "  storage:\n    - |\n", {"name", "tier", "capacity"}, {"src"}),
        (HEAD + "  storage:\n    - {name: A, ti|", {"tier"}, {"name"}),
        (HEAD + "  storage:\n    - {name: A, tier: |", {"online"}, {"name"}),
        (HEAD + "  storage:\n    - {name: A, environment: |}\n", {"production"}, {"online"}),
        (HEAD + "  storage:\n    - {name: A, enabled: |}\n", {"true", "false"}, {"online"}),
        (HEAD + "  compute: [{name: here}]\n  services:\n    - {at: |", {"here"}, {"batch"}),
        (HEAD + "  services:\n    - {service: |}\n", {"soda_sync", "gatekeeper"}, {"batch"}),
        ("kind: |\n", {"Site", "DataPolicy"}, {"spec"}),
        ("kind: Site\nm|\n", {"metadata", "spec"}, {"kind"}),
        ("|", {"kind", "apiVersion"}, set()),
        (HEAD + "  # com|\n", set(), {"country"}),
        (HEAD + "  location: {city: |}\n", set(), {"country"}),
    ],
)
def test_completion_offers_what_may_stand_there(
    typing: Editor, text: str, offered: set[str], not_offered: set[str]
):
    name = "site-specs/new.yaml"
    typing.open(name, "")
    there = labels(typing, name, text)
    assert offered <= {*there}
    assert not not_offered & {*there}


def test_completion_takes_the_place_of_what_is_typed(editor: Editor):
    text = HEAD + "  # 🛰 wide\n  description: '🛰'\n  coun\n"
    editor.open("site-specs/new.yaml", text)
    items = editor.on("completion", "site-specs/new.yaml", text, "n\n", skip=0)
    (country,) = [item for item in items if item["label"] == "country"]
    assert typed(text, [country["textEdit"]]).endswith("  country: \n")


# ── rename ────────────────────────────────────────────────────────────────────────────────────


def applied(editor: Editor, folder: Path, changes: dict) -> dict[str, str]:
    new = {}
    for path in sorted(folder.rglob("*.yaml")):
        if (edits := changes.pop(path.as_uri(), None)) is not None:
            new[path.relative_to(folder).as_posix()] = typed(path.read_text("utf-8"), edits)
    assert not changes
    return new


def test_rename_changes_a_name_in_every_file_and_nothing_else(editor: Editor, own: Path):
    from specs import texts

    from srcnet_compiler.pipeline import check

    before = check(own, TODAY).diagnostics
    old = texts(own)
    text = editor.open(SITE)
    edit = editor.on("rename", SITE, text, "online", newName="on_disk")
    new = applied(editor, own, edit["changes"])
    assert {SITE, FEDERATION} < {*new}
    for name, changed in new.items():
        assert changed.replace("on_disk", "online") == old[name]
        (own / name).write_text(changed, "utf-8")
    assert len(check(own, TODAY).diagnostics) == len(before)
    assert not any("`online`" in each.message for each in check(own, TODAY).diagnostics)


@pytest.mark.parametrize(
    ("word", "new", "why"),
    [
        ("online", "nearline", "is the name of another tier, at policies/federation.yaml:"),
        ("online", "on disk", "cannot be the name of a tier"),
        ("soda_sync", "soda", "clusters know the service by this name"),
        ("390.5 TB", "1 TB", "no name that can be changed stands here"),
    ],
)
def test_rename_is_refused_with_a_reason(editor: Editor, word: str, new: str, why: str):
    text = editor.open(SITE)
    with pytest.raises(RefusedByServerError, match=why):
        editor.on("rename", SITE, text, word, newName=new)


def test_an_area_is_renamed_only_where_its_name_today_is_written(real: Path):
    name = "site-specs/uksrc-ral.yaml"
    with Editor(real) as editor:
        text = editor.open(name)
        edit = editor.on("rename", name, text, "UKSRC-RAL-T1-CEPHFS", newName="UKSRC-RAL-T1-DISK")
        new = applied(editor, real, edit["changes"])
        assert new[name].count("UKSRC-RAL-T1-DISK") == text.count("UKSRC-RAL-T1-CEPHFS")
        with pytest.raises(RefusedByServerError, match="write `nameToday: UKSRC-RAL-T1-ST"):
            editor.on("rename", name, text, "UKSRC-RAL-T1-STAGE", newName="UKSRC-RAL-T1-X")


def test_a_queue_is_renamed_where_a_document_says_so_to_clusters(own: Path):
    """What is renamed is then without an error, and clusters keep the jobs of the old one."""
    from specs import texts

    from srcnet_compiler.pipeline import check

    name = "policies/compute/queues.yaml"
    with Editor(own) as editor:
        text = editor.open(name)
        with pytest.raises(RefusedByServerError, match=r"`kind: Moved` with `queue: NEW, from: ba"):
            editor.on("rename", name, text, "batch", newName="production")
        said = "apiVersion: srcnet.skao.int/v1alpha2\nkind: Moved\nmetadata: {name: it}\n"
        said += "spec: {queue: production, from: batch, to: production}\n"
        (own / "policies/moved.yaml").write_text(said, "utf-8")
    with Editor(own) as editor:
        text = editor.open(name)
        with pytest.raises(RefusedByServerError, match="it is called `production`: take that"):
            editor.on("rename", name, text, "batch", newName="bulk")
        edit = editor.on("rename", name, text, "batch", newName="production")
        for path, changed in applied(editor, own, edit["changes"]).items():
            (own / path).write_text(changed, "utf-8")
    result = check(own, TODAY)
    assert [each.message for each in result.diagnostics if each.severity is Severity.ERROR] == []
    assert "from: batch" in texts(own)["policies/moved.yaml"]
    assert [move.name for move in result.federation.renamed] == ["production"]


def test_a_site_is_renamed_where_a_document_says_how_systems_know_it(own: Path):
    """Once more too: then the document says the newest name, and the same former one."""
    from specs import texts

    from srcnet_compiler.pipeline import check

    name, moved = "site-specs/chsrc-cscs.yaml", "policies/moved.yaml"
    with Editor(own) as editor:
        text = editor.open(name)
        with pytest.raises(RefusedByServerError, match=r"`kind: Moved` with `site: NEW, from: CH"):
            editor.on("rename", name, text, "CHSRC-CSCS", newName="CHSRC-LUGANO")
        said = "apiVersion: srcnet.skao.int/v1alpha2\nkind: Moved\nmetadata: {name: it}\n"
        said += "spec: {site: CHSRC-LUGANO, from: CHSRC-CSCS, to: CHSRC-LUGANO}\n"
        (own / moved).write_text(said, "utf-8")
    for before, after in (("CHSRC-CSCS", "CHSRC-LUGANO"), ("CHSRC-LUGANO", "CHSRC-ZURICH")):
        with Editor(own) as editor:
            text = editor.open(name)
            edit = editor.on("rename", name, text, before, newName=after)
            for path, changed in applied(editor, own, edit["changes"]).items():
                (own / path).write_text(changed, "utf-8")
        result = check(own, TODAY)
        errors = [each for each in result.diagnostics if each.severity is Severity.ERROR]
        assert [each.message for each in errors] == []
        assert result.federation.sites[after].known_as == "CHSRC-CSCS"
        spec = f"{{site: {after}, from: CHSRC-CSCS, to: {after}}}"
        assert spec in texts(own)[moved]


def test_rename_is_refused_while_some_file_cannot_be_read(editor: Editor):
    text = editor.open(SITE)
    editor.open("site-specs/new.yaml", "kind: [")
    with pytest.raises(RefusedByServerError, match=r"site-specs/new.yaml cannot be read"):
        editor.on("prepareRename", SITE, text, "online")


# ── fixes and layout ──────────────────────────────────────────────────────────────────────────


def test_a_fix_is_offered_where_its_finding_is(editor: Editor):
    text = editor.open(SITE)
    wrong = text.replace("capacity: 390.5 TB", "capcity: 390.5 TB")
    editor.type(SITE, wrong)
    (found,) = [each for each in editor.found(SITE) if each["code"] == "unknown-key"]
    asked = {"textDocument": {"uri": editor.uri(SITE)}, "context": {"diagnostics": [found]}}
    (action,) = editor.ask("textDocument/codeAction", {**asked, "range": found["range"]})
    assert action["title"] == "write `capacity`"
    assert typed(wrong, action["edit"]["changes"][editor.uri(SITE)]) == text
    elsewhere = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}
    assert editor.ask("textDocument/codeAction", {**asked, "range": elsewhere}) == []


@pytest.mark.parametrize(
    "change",
    [
        ("spec:\n", "spec:   \n"),
        ("metadata: {", "metadata:   {  "),
        ("apiVersion", "---\napiVersion"),
        ("scratch:\n", "scratch: # 🛰\n"),
    ],
)
def test_formatting_gives_the_canonical_layout(editor: Editor, change: tuple[str, str]):
    text = editor.open(SITE)
    careless = text.replace(*change, 1)
    editor.type(SITE, careless)
    edits = editor.formatting(SITE)
    assert typed(careless, edits).replace("scratch:  # 🛰", "scratch:") == text
    editor.type(SITE, "a: [")
    assert editor.formatting(SITE) == []


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n", "  "])
def test_formatting_mends_the_end_of_a_text(editor: Editor, end: str):
    editor.open("site-specs/new.yaml", text := "kind: Site\nspec: {}" + end)
    edits = editor.formatting("site-specs/new.yaml")
    assert typed(text, edits) == "kind: Site\nspec: {}\n"


# ── columns ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("encoding", "units"), [("utf-16", 2), ("utf-32", 1), ("utf-8", 4)])
def test_columns_are_in_the_units_of_the_editor(own: Path, encoding: str, units: int):
    text = HEAD + '  {description: "🛰🛰", coutnry: CH, src: CHSRC}\n'
    with Editor(own, [encoding]) as editor:
        assert editor.hello["capabilities"]["positionEncoding"] == encoding
        editor.open("site-specs/new.yaml", text)
        found = [e for e in editor.found("site-specs/new.yaml") if e["code"] == "unknown-key"]
        before = len('  {description: "", ')
        begin = {"line": 4, "character": before + 2 * units}
        end = {"line": 4, "character": before + 2 * units + len("coutnry")}
        assert [each["range"] for each in found] == [{"start": begin, "end": end}]
        hover = editor.at("hover", "site-specs/new.yaml", 4, end["character"] + 14)
        assert hover is None or "src" in markdown(hover)


# ── whatever happens ──────────────────────────────────────────────────────────────────────────


EVERYTHING = ("hover", "definition", "completion")


BROKEN = (
    "",
    "\n",
    "a: [",
    "{",
    "- - -",
    "\x00",
    "&a *a",
    "a: &x [*x]",
    "é🛰: 'ö",
    "|",
    "[" * 500,
    "kind: Site\nspec:",
    "kind: 3\n",
    "kind: [Site]\n",
    "%YAML 9.9\n---\n",
    "a: " + "9" * 500,
    "\ufeffkind: Site\n",
    "a:\r\n  b: 1\r\n",
    "kind: Site\nspec: {storage: [{name: 1}]}\n",
)


def test_no_text_is_too_broken_for_an_answer(editor: Editor):
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
    for text in BROKEN:
        for name in (SITE, "site-specs/new.yaml", "elsewhere.yaml"):
            editor.open(name, text)
            for what in EVERYTHING:
                for line, column in ((0, 0), (0, 3), (1, 2), (99, 99)):
                    editor.at(what, name, line, column)
            editor.at("references", name, 0, 1, context={"includeDeclaration": True})
            editor.formatting(name)
            document = {"textDocument": {"uri": editor.uri(name)}}
            more = {"range": whole, "context": {"diagnostics": []}}
            editor.ask("textDocument/codeAction", {**document, **more})
            with pytest.raises(RefusedByServerError):
                editor.at("rename", name, 0, 0, newName="x")
            editor.found(name)


def test_a_folder_without_specs_has_none(tmp_path: Path):
    with Editor(tmp_path) as editor:
        editor.open("some.yaml", "kind: [")
        editor.open("site-specs/a.yaml", HEAD + "  src: X\n")
        assert editor.found("some.yaml") == []
        assert [each["code"] for each in editor.found("site-specs/a.yaml")] == ["missing-key"]


def test_a_file_elsewhere_is_looked_at_where_it_says_that_it_is_a_spec(editor: Editor):
    editor.open("other.yaml", "kind: Deployment\n")
    assert editor.found("other.yaml") == []
    editor.open("draft.yaml", HEAD + "  src: CHSRC\n")
    assert [each["code"] for each in editor.found("draft.yaml")] == ["missing-key"]
    editor.say(
        "textDocument/didOpen",
        {"textDocument": {"uri": "untitled:1", "languageId": "yaml", "version": 0, "text": "a"}},
    )
    assert editor.found(SITE) == []


def test_files_that_come_and_go_are_no_trouble(editor: Editor, own: Path):
    editor.open(SITE)
    (own / "site-specs/world.yaml").unlink()
    (own / "site-specs/link.yaml").symlink_to("nowhere.yaml")
    editor.say("textDocument/didSave", {"textDocument": {"uri": editor.uri(SITE)}})
    assert editor.found(SITE) is not None
    assert editor.findings[editor.uri("site-specs/link.yaml")]


def test_no_place_of_a_text_that_is_cut_anywhere_is_too_much():
    """In this process, so that there are many: what a server would answer with an error."""
    session = Session(lambda: TODAY)
    path = REAL / "site-specs/uksrc-ral.yaml"
    whole = path.read_text("utf-8")
    offered = 0
    for cut in range(1, len(whole), 37):
        text = whole[:cut] if cut % 2 else whole[:cut] + whole[cut + cut % 23 :]
        session.put(path, text)
        snapshot, name = session.seen_from(path)
        line, column = text[:cut].count("\n"), len(text[:cut].rpartition("\n")[2])
        offered += len(offers(snapshot, snapshot.files[name].lines, line, column)) > 0
        hover(snapshot, name, line + 1, column + 1)
        with suppress(RefusedError):
            renamable(snapshot, name, line + 1, column + 1)
        assert session.findings(path) is not None
    assert offered > 50

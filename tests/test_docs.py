"""The documentation: its commands are typed, its links lead somewhere, its reference is current."""

import re
import runpy
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from console import END, PROJECT, Shell, agrees, blocks, change, play, turns
from specs import TODAY, repository

from srcnet_compiler.pipeline import Compiled, compile_specs

DOCS = PROJECT / "docs"
TYPED = (
    PROJECT / "README.md",
    *sorted((DOCS / "tutorials").glob("*.md")),
    *sorted((DOCS / "how-to").glob("*.md")),
)
PAGES = (*TYPED, *sorted(p for p in DOCS.rglob("*.md") if p not in TYPED))
SPECS = ("site-specs", "policies", "schemas")
DAY = {
    f"SRCNET_{command}_TODAY": str(TODAY)
    for command in (
        *("VALIDATE", "COMPILE", "DIFF", "PLAN", "APPLY", "VERIFY", "DOCS", "PIPELINES"),
        *("FEASIBILITY", "CATALOGUE", "WHERE", "WHAT_IF"),
    )
}


def name(page: Path) -> str:
    return page.relative_to(PROJECT).as_posix()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with the specs of this one."""
    for each in SPECS:
        shutil.copytree(PROJECT / each, tmp_path / "specs" / each)
    return repository(tmp_path / "specs")


@pytest.fixture(scope="module")
def generate() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(DOCS / "generate.py")))


# ── what is typed ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("page", TYPED, ids=name)
def test_what_a_page_shows_is_what_its_reader_sees(page: Path, folder: Path, tmp_path: Path):
    with Shell(folder, tmp_path / "home", DAY) as shell:
        assert play(page, folder, shell) > 0


@pytest.mark.parametrize("page", TYPED, ids=name)
def test_what_is_not_typed_is_for_make_or_pip(page: Path):
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text("utf-8"), re.M))
    known = {"pip install .", *(f"make {target}" for target in targets)}
    for block in blocks(page.read_text("utf-8")):
        if block.kind == "console":
            assert block.word in ("", "live", "elsewhere")
        if block.word == "elsewhere":
            assert {turn.command for turn in turns(block)} <= known


def test_what_the_readme_shows_of_the_demo_has_the_numbers_of_today(real: Compiled):
    federation = real.federation
    assert federation is not None
    lines = sum(artifact.content.count("\n") for artifact in real.artifacts)
    counted = (
        f"{len(federation.sites)} sites, {len(federation.areas)} storage areas, "
        f"{len(federation.policies)} data policies: no errors, {len(real.diagnostics)} warnings\n"
        f"{len(real.artifacts)} files, {lines} lines\n"
    )
    assert counted in (PROJECT / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("one", "one\n", True),
        ("one", "one  \n\n", True),
        ("", "", True),
        ("", "one\n", False),
        ("one", "", False),
        ("o…e", "ooze\n", True),
        ("o…e", "o\ne\n", False),
        ("one\n…", "one\n", True),
        ("one\n…\nthree", "one\n2\n2\nthree\n", True),
        ("…\nthree", "one\n", False),
        ("one.", "ones", False),
        ("  one", "one", False),
    ],
)
def test_the_ellipsis_stands_for_a_part_of_a_line_or_for_lines(shown, printed, same):
    assert agrees(shown, printed) is same


PAGE = """\
```console
$ echo one; echo two >&2
one
two
$ cd sub && false
$ echo $?
1
```

```diff
--- file
 first
-second
+2nd
```

```yaml new/file.yaml
key: value
```

```console live
$ false
```

```sh
$ not typed
```

<!-- meanwhile: rain -->

```console
$ cat ../file ../new/file.yaml
first
2nd
key: value
```
"""


def played(folder: Path, page: str, **more) -> int:
    (folder / "sub").mkdir()
    (folder / "file").write_text("first\nsecond\n")
    (folder / "page.md").write_text(page)
    with Shell(folder, folder / "home", {}) as shell:
        return play(folder / "page.md", folder, shell, **more)


def test_a_page_is_done_in_order_in_one_shell(tmp_path: Path):
    assert played(tmp_path, PAGE) == 4


def test_with_a_system_there_the_rest_happens_too(tmp_path: Path):
    seen = []
    happens = {"rain": lambda: seen.append("rain")}
    assert played(tmp_path, PAGE.replace("$ false", "$ true"), happen=happens) == 5
    assert seen == ["rain"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("one\ntwo\n$", "one\n$", r"page.md:2: \$ echo one"),
        ("$ echo $?\n1\n", "", r"ends with 1, which the page does not say"),
        ("-second", "-third", r"page.md:10: 0 times in file"),
        ("new/file.yaml\nkey", "\nkey", r"which file"),
        ("$ cat", "$ exit; cat", r"ended the shell"),
    ],
)
def test_a_page_that_does_not_hold_is_found(tmp_path: Path, before, after, said):
    assert PAGE.count(before) == 1
    with pytest.raises(AssertionError, match=said):
        played(tmp_path, PAGE.replace(before, after))


def test_a_change_that_fits_twice_is_found(tmp_path: Path):
    (tmp_path / "file").write_text("one\none\n")
    (block,) = blocks("```diff\n--- file\n-one\n+two\n```\n")
    with pytest.raises(AssertionError, match="2 times in file"):
        change(tmp_path, block, "page.md:1")


def test_no_page_prints_what_ends_a_command():
    assert not [name(page) for page in PAGES if END in page.read_text("utf-8")]


# ── what is linked ────────────────────────────────────────────────────────────────────────────


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def links(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text("utf-8")))


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    heads = re.findall(r"^#+ (.*)$", without_code(page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path):
    for link in links(page):
        target, _, anchor = link.partition("#")
        if "://" in link:
            continue
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), link
        assert not anchor or anchor in anchors(there), link


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_that_are_named_are_there(page: Path):
    folders = "srcnet_compiler|tests|docs|templates|benchmarks|policies/federation"
    named = re.findall(rf"`((?:{folders})[\w./-]*)`", without_code(page.read_text("utf-8")))
    assert [path for path in named if not (PROJECT / path).exists()] == []


def test_every_page_can_be_reached_from_the_readme():
    reached, fresh = set(), {PROJECT / "README.md"}
    while fresh:
        page = fresh.pop()
        reached.add(page)
        found = {(page.parent / link.partition("#")[0]).resolve() for link in links(page)}
        fresh |= {each for each in found if each.suffix == ".md"} - reached
    findings = {DOCS / "diagnostics" / page.name for page in (DOCS / "diagnostics").iterdir()}
    assert {*PAGES} - findings <= reached


# ── the reference ─────────────────────────────────────────────────────────────────────────────


def test_the_reference_is_current(generate: SimpleNamespace):
    """`python docs/generate.py` makes it so."""
    for page, text in generate.pages().items():
        assert (DOCS / "reference" / page).read_text("utf-8") == text, page


def test_the_reference_has_every_key(generate: SimpleNamespace):
    page = generate.pages()["spec-language.md"]
    schema = yaml.safe_load((PROJECT / "schemas/srcnet.schema.json").read_text("utf-8"))
    keys = {key for node in schema["$defs"].values() for key in node["properties"]}
    envelope = {"apiVersion", "kind", "metadata", "spec"}
    assert {key for key in keys - envelope if f"| `{key}` |" not in page} == set()


def test_the_examples_of_the_reference_hold_in_the_real_federation(
    generate: SimpleNamespace, folder: Path
):
    for kind, text in generate.EXAMPLES.items():
        if not text.startswith("["):
            assert yaml.safe_load(text)["kind"] == kind
            (folder / "site-specs" / f"example-{kind}.yaml").write_text(text, "utf-8")
    compiled = compile_specs(folder, TODAY)
    assert not compiled.failed
    federation = compiled.federation
    assert federation is not None
    assert (len(federation.downtimes), len(federation.moved), len(federation.retired)) == (1, 1, 1)

"""Every finding has a page that says what it means and what to type."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import srcnet_compiler
from srcnet_compiler import resources
from srcnet_compiler.diagnostic import Code, Label, error
from srcnet_compiler.report import explain, text
from srcnet_compiler.report.model import Report
from srcnet_compiler.span import Span

FOLDER = resources.folder("diagnostics")
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
SECTIONS = ["## Why it matters", "## Example", "## What to type"]
NOT_YAML = {Code.SYNTAX.value, Code.WRONG_ALIAS.value}
"""Pages whose example cannot be read, since that is what they are about."""
NOT_SPEC = {
    code.value for code in (Code.UNKNOWN_KEY, Code.TOO_LARGE, Code.NOT_MERGED, Code.OLDER_VERSION)
}
"""Pages whose example has keys that no spec has."""
NAMED_BY_USERS = {
    "approvals",
    "regions",
    "tiers",
    "storageClasses",
    "services",
    "aliases",
    "groups",
    "env",
    "files",
    "ports",
    "secrets",
    "config",
    "queues",
    "gpus",
}
"""Mappings whose keys are names."""

PACKAGE = Path(srcnet_compiler.__file__).parent
SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py")))


def test_every_code_has_a_page_and_every_page_a_code():
    assert {path.stem for path in PAGES} == {code.value for code in Code}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_has_its_parts_in_order(page: Path):
    written = page.read_text(encoding="utf-8")
    assert written.startswith(f"# {page.stem}\n\n")
    headings = [line for line in outside_fences(written) if line.startswith("#")]
    assert headings == [f"# {page.stem}", *SECTIONS]
    parts = re.split(r"^## .*$", written, flags=re.MULTILINE)
    assert all(part.strip() for part in parts)
    assert re.fullmatch(r"[A-Z].+[.:]", explain.first_paragraph(written))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_shows_the_finding_on_a_piece_of_yaml(page: Path):
    example = page.read_text(encoding="utf-8").split("## Example")[1].split("## What to type")[0]
    assert re.search(rf"^(error|warning)\[{page.stem}\]: \S", example, re.MULTILINE)
    assert "```yaml\n" in example


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_what_a_page_tells_to_type_can_be_read(page: Path):
    list(pieces(page, with_example=page.stem not in NOT_YAML))  # raises where it cannot be read


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_shows_only_keys_that_the_spec_language_has(page: Path):
    schema = json.loads((resources.folder("schemas") / "srcnet.schema.json").read_text())
    known = {key for node in schema["$defs"].values() for key in node.get("properties", {})}
    known |= set(schema.get("properties", {}))
    with_example = page.stem not in NOT_YAML | NOT_SPEC
    written = {key for node in pieces(page, with_example=with_example) for key in keys(node)}
    assert written <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_shows_what_the_compiler_says(page: Path):
    if f"Code.{Code(page.stem).name}" not in SOURCE:
        pytest.skip("nothing finds this yet")
    written = page.read_text(encoding="utf-8")
    shown = re.findall(r"^(?:error|warning)\[[a-z0-9-]+\]: (.*)$", written, re.MULTILINE)
    shown += re.findall(r"^  help: (.*)$", written, re.MULTILINE)
    assert [text for text in shown if not any(form.fullmatch(text) for form in SAID)] == []


def forms_of(source: str) -> Iterator[str]:
    """A pattern for each text in a module, in which anything may stand for what is filled in."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            parts = [v.value if isinstance(v, ast.Constant) else None for v in node.values]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            parts = [node.value]
        else:
            continue
        if sum(len(part.strip()) for part in parts if isinstance(part, str)) > 4:
            yield "".join(".*" if part is None else re.escape(str(part)) for part in parts)


SAID = [re.compile(form) for form in sorted(set(forms_of(SOURCE)))]


def pieces(page: Path, *, with_example: bool) -> Iterator[yaml.Node]:
    """The YAML of a page, without the example where that is wrong on purpose."""
    example, advice = page.read_text(encoding="utf-8").split("## What to type")
    readable = example + advice if with_example else advice
    for block in re.findall(r"^```yaml\n(.*?)^```$", readable, re.MULTILINE | re.DOTALL):
        yield from yaml.compose_all(block, Loader=yaml.SafeLoader)


def keys(node: yaml.Node, names: bool = False) -> Iterator[str]:
    """All keys of a piece but those that are names which users choose."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if not names:
                yield key.value
            yield from keys(value, key.value in NAMED_BY_USERS)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from keys(value)


def outside_fences(written: str) -> list[str]:
    blocks = re.split(r"^```.*$", written, flags=re.MULTILINE)
    return "".join(blocks[::2]).splitlines()


def test_explain_gives_the_page_and_nothing_else():
    page = explain.explain("area-over-capacity")
    assert page is not None
    assert page.startswith("# area-over-capacity\n")
    assert explain.explain("README") is None
    assert explain.explain("../diagnostics/area-over-capacity") is None
    assert explain.explain("no-such-code") is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("area-over-capcity", "area-over-capacity"),
        ("Area Over Capacity", "area-over-capacity"),
        ("wrong_shape", "wrong-shape"),
        ("mountable", "no-mountable-area"),
        ("waiver-unused ", "waiver-unused"),
        ("over-capacity", "tier-over-capacity"),
        ("chsrc-xrd-prd", "CHSRC_XRD_PROD"),
        ("zzzzzz", None),
        ("", None),
    ],
)
def test_a_code_or_a_name_that_was_misspelt_is_recognised(typed: str, meant: str | None):
    found = explain.alike(typed, ["CHSRC_XRD_PROD", "CHSRC_TAPE"])
    assert meant in found if meant else found == ()
    assert len(found) <= 4


def test_the_overview_shows_what_is_printed():
    sources = {
        "site-specs/norway.yaml": [*[""] * 8, "    capacity: 4 PB"],
        "policies/visibilities.yaml": ["", "size: 4.5 PB"],
    }
    found = error(
        Code.OVER_CAPACITY,
        "`norway-nearline` is asked to hold 4500 TB, 500 TB more than it has",
        Label(Span("site-specs/norway.yaml", 9, 15, 9, 19), "4 PB here"),
        Label(Span("policies/visibilities.yaml", 2, 7, 2, 13), "`low-visibilities` is placed here"),
        help="raise the capacity, lower `copies`, or choose another tier",
    )
    overview = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert text.excerpt(found, Report((found,), sources)) in overview

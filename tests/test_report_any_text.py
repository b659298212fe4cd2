"""Whatever stands in a finding, every reader gets it whole and nothing acts."""

import json
import re
from urllib.parse import unquote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from report_readers import GITLAB, JUNIT, OWN, SARIF, cases_in, command

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Severity, error
from srcnet_compiler.report import cells, junit, text
from srcnet_compiler.report.formats import FORMATS
from srcnet_compiler.report.model import Report, writable
from srcnet_compiler.span import Span

NASTY = ["::", "%", "%0A", "\n", "\r", "\r\n", "\t", "<", "]]>", "&amp;", "`", "|", "@a", "#1"]
NASTY += ["\x00", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u202e", "\u200d", "\ufeff", "\ufffe"]
NASTY += [
    "\udcff",
    "👩\u200d🚀",
    "e\u0301",
    "日本",
    "{0}",
    "[a](1)",
    "</details>",
    "```",
    "\\",
    '"',
]
texts = st.lists(st.sampled_from(NASTY) | st.text(max_size=5), max_size=8).map("".join)
files = st.sampled_from(["a.yaml", "./a.yaml", "/top/b.yaml"]) | texts.filter(bool)


@st.composite
def spans(draw) -> Span:
    line, column = draw(st.integers(1, 6)), draw(st.integers(1, 30))
    lines, columns = draw(st.integers(0, 4)), draw(st.integers(0, 30))
    end = column + columns if not lines else 1 + columns
    return Span(draw(files), line, column, line + lines, end)


labels = st.builds(Label, spans(), texts)
diagnostics = st.builds(
    Diagnostic,
    st.sampled_from(Code),
    st.sampled_from(Severity),
    texts,
    st.lists(labels, max_size=4).map(tuple),
    st.none() | texts,
    st.none() | texts,
)
source_lines = st.lists(texts.map(lambda line: re.sub(r"[\r\n]", "", line)), max_size=6)
reports = st.builds(
    Report,
    st.lists(diagnostics, max_size=4).map(tuple),
    st.dictionaries(files, source_lines, max_size=3),
    texts,
)


@settings(deadline=None)
@given(reports, st.sampled_from(sorted(FORMATS)))
def test_any_finding_can_be_written_in_every_format(report, name):
    written = FORMATS[name](report)
    assert written.endswith("\n")
    written.encode("utf-8")


@settings(deadline=None)
@given(reports)
def test_the_machine_formats_give_back_every_message(report):
    messages = [found.message for found in report.diagnostics]
    own = json.loads(FORMATS["json"](report))
    OWN.validate(own)
    assert [finding["message"] for finding in own["findings"]] == messages
    sarif = json.loads(FORMATS["sarif"](report))
    SARIF.validate(sarif)
    assert [result["message"]["text"] for result in sarif["runs"][0]["results"]] == messages
    issues = json.loads(FORMATS["gitlab"](report))
    GITLAB.validate(issues)
    assert [issue["description"] for issue in issues] == messages
    lines = FORMATS["github"](report).split("\n")[:-2]
    bodies = [command(line)[2] for line in lines]
    assert all(b.startswith(writable(m)) for b, m in zip(bodies, messages, strict=True))
    xml = FORMATS["junit"](report)
    JUNIT.validate(xml)
    outcomes = [outcome.get("message") for test in cases_in(xml) for outcome in test]
    assert outcomes == [junit.legible(message) for message in messages]


@settings(deadline=None)
@given(reports)
def test_the_machine_formats_give_back_every_place(report):
    first = [found.labels[0].span for found in report.diagnostics if found.labels]
    own = json.loads(FORMATS["json"](report))["findings"]
    firsts = [finding["places"][0] for finding in own if finding["places"]]
    keys = ("file", "line", "column", "endLine", "endColumn")
    assert [Span(*(place[key] for key in keys)) for place in firsts] == first
    results = json.loads(FORMATS["sarif"](report))["runs"][0]["results"]
    places = [r["locations"][0]["physicalLocation"] for r in results if "locations" in r]
    uris = [place["artifactLocation"]["uri"].removeprefix("file://") for place in places]
    names = [span.file.removeprefix("./") for span in first]
    assert [unquote(uri, errors="surrogateescape") for uri in uris] == names
    lines = FORMATS["github"](report).split("\n")[:-2]
    properties = [command(line)[1] for line in lines]
    assert [p["file"] for p in properties if "file" in p] == [writable(s.file) for s in first]


@settings(deadline=None)
@given(reports)
def test_nothing_in_a_finding_reaches_the_terminal_as_a_command(report):
    written = text.render(report)
    assert all(character.isprintable() or character in "\n\u3000" for character in written)
    assert written.rstrip("\n").rsplit("\n", 1)[-1] == report.verdict


@settings(deadline=None)
@given(reports)
def test_a_comment_has_a_row_for_each_finding_and_runs_nothing(report):
    assert_comment_tells_all(report)


@pytest.mark.parametrize(
    "message",
    [
        "`a|b` is not c|d",
        "`a|b` and an odd ` one",
        "`  ` and `` are no quotes",
        "` padded ` and `x\\|`",
        "<img src=x onerror=y> & @somebody &amp; #12 :tada: ~~no~~ $x$ [a](b) **c** _d_",
        "- not a list\n\n# not a title",
    ],
)
def test_a_comment_shows_a_message_as_it_is(message):
    place = Label(Span("`a|``b.yaml", 1, 1, 1, 2), "```")
    found = error(Code.SHAPE, message, place)
    assert_comment_tells_all(Report((found,), {"`a|``b.yaml": ["```", "````"]}))


def assert_comment_tells_all(report: Report) -> None:
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = reader.parse(FORMATS["markdown"](report))
    assert sum(token.type == "td_open" for token in tokens) == 3 * len(report.diagnostics)
    lines = [token for token in tokens if token.type == "inline"]
    inner = [child for line in lines for child in line.children or ()]
    assert {child.type for child in inner} <= {"text", "code_inline"}
    where = ["".join(child.content for child in line.children or ()) for line in lines[5::3]]
    places = [cells.visible(str(f.labels[0].span)) if f.labels else "" for f in report.diagnostics]
    assert [line.split() for line in where] == [place.split() for place in places]
    said = ["".join(child.content for child in line.children or ()) for line in lines[6::3]]
    meant = [f"{quoted(found.message)} ({found.code.value})" for found in report.diagnostics]
    assert [line.split() for line in said] == [message.split() for message in meant]
    blocks = {token.content.split(">")[0] for token in tokens if token.type == "html_block"}
    assert blocks <= {"<details", "</details"}
    shown = [token.content for token in tokens if token.type == "fence"]
    assert "".join(shown).count("\n\n") + len(shown) == len(report.diagnostics)
    assert all(text.excerpt(found, report) in "".join(shown) for found in report.diagnostics)


def quoted(message: str) -> str:
    """What is left of a message when backticks in pairs have become quotes."""
    parts = cells.visible(message).split("`")
    pairs = len(parts) % 2 == 1 and all(part.strip() for part in parts[1::2])
    return "".join(parts) if pairs else "`".join(parts)


# -- underlines


@given(texts.map(lambda line: re.sub(r"[\r\n]", "", line)), st.data())
def test_the_underline_stands_below_what_is_meant(line, data):
    assume(line.strip())
    begin = data.draw(st.integers(1, len(line)))
    end = data.draw(st.integers(begin + 1, len(line) + 1))
    meant = cells.lay_out(line)
    wanted = meant.starts[end - 1] - meant.starts[begin - 1]
    found = error(Code.SHAPE, "m", Label(Span("a", 1, begin, 1, end)))
    _, _, row, marks, *_ = text.render(Report((found,), {"a": [line]}), width=1000).split("\n")
    assert row.startswith("    1 |")
    under = marks.removeprefix("      | ")
    assert len(under) - under.count("^") == meant.starts[begin - 1]
    assert under.count("^") == max(wanted, 1)


@given(st.integers(0, 300), st.integers(1, 40), st.integers(0, 300), st.integers(60, 120))
def test_a_cut_line_fits_and_holds_what_is_marked(before, marked, after, width):
    assume(marked <= width - 12)
    line = "é" * before + "X" * marked + "日" * after
    found = error(Code.SHAPE, "m", Label(Span("a", 1, before + 1, 1, before + marked + 1)))
    _, _, row, marks, *_ = text.render(Report((found,), {"a": [line]}), width=width).split("\n")
    assert cells.width(row) <= width
    assert row.count("X") == marked
    assert marks.index("^") == row.index("X")
    assert marks.count("^") == marked
    whole = cells.width(line) <= width - 8
    assert ("…" in row) is not whole

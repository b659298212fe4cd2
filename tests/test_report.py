"""The same findings for every reader.

Golden files stand in tests/golden/report; `SRCNET_UPDATE_GOLDEN=1 pytest tests/test_report.py`
writes them anew, and the difference is read in review.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from report_readers import GITLAB, JUNIT, OWN, SARIF, cases_in, command

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Severity, error, warning
from srcnet_compiler.report import cells, markdown, text
from srcnet_compiler.report.formats import FORMATS
from srcnet_compiler.report.model import Report, fingerprints
from srcnet_compiler.span import Span

GOLDEN = Path(__file__).parent / "golden" / "report"
SITE = "site-specs/chsrc-cscs.yaml"
POLICY = "policies/data/observatory.yaml"
SOURCES = {
    SITE: [
        "apiVersion: srcnet.skao.int/v1alpha2",
        "kind: Site",
        "metadata: {name: CHSRC-CSCS}",
        "spec:",
        "  src: CHSRC",
        "  storage:",
        "    - name: CHSRC-CSCS-T0",
        "      tier: online",
        "      capacity: 390 TB",
        "      pledged: 300 TB",
        "      posixMount: /rse/t0",
        "    - name: CHSRC-CSCS-T0",
        "      tier: online",
        "",
        "# 日本語 in a comment",
        "      description: スイス 国立 and e\u0301 here: http",
        "\tcapacity: 48 TB",
        "      host: xrootd\u202e\u200b.example.org\x1b[2J",
        f"  note: {'many words ' * 12}http://example.org {'and so on ' * 12}",
    ],
    POLICY: ["kind: DataPolicy", "size: 4.5 PB"],
    "site-specs/clean.yaml": ["kind: Site"],
}


def place(file: str, line: int, column: int, end: int, note: str = "") -> Label:
    return Label(Span(file, line, column, line, end), note)


FINDINGS = (
    error(
        Code.OVER_CAPACITY,
        "`CHSRC-CSCS-T0` is asked to hold 4500 TB, 4110 TB more than it has",
        place(SITE, 9, 17, 23, "390 TB here"),
        place(POLICY, 2, 7, 13, "`observatory` is placed here"),
        help="raise the capacity, lower `copies`, or choose another tier",
        subject="CHSRC-CSCS-T0",
    ),
    error(
        Code.DUPLICATE_NAME,
        "`CHSRC-CSCS-T0` is the name of two storage areas",
        Label(Span(SITE, 12, 7, 14, 1), "the second"),
        Label(Span(SITE, 7, 7, 12, 5), "the first"),
    ),
    warning(
        Code.PLAIN_HTTP,
        "`http` under token policy",
        place(SITE, 16, 40, 44, "plain http"),
        place(SITE, 16, 20, 23, "wide"),
        place(SITE, 16, 35, 39),
    ),
    error(Code.SYNTAX, "a tab cannot indent", place(SITE, 17, 1, 2, "a tab")),
    error(Code.SHAPE, "`host`: not\na host\x07", place(SITE, 18, 13, 35, "cannot be seen")),
    warning(
        Code.PLAIN_HTTP,
        "`http` in a long line",
        place(SITE, 19, 141, 145, "far"),
        place(SITE, 19, 3, 7, "near"),
    ),
    error(Code.UNREADABLE, "cannot be read: permission denied", place("gone.yaml", 1, 1, 1)),
    error(Code.OVER_LIMIT, "the plan was made for other specs", help="plan again"),
    warning(Code.LEGACY_NAME, "past the end", place(POLICY, 2, 99, 120, "here")),
)
REPORT = Report(
    FINDINGS, SOURCES, "srcnet validate", "0.1.0", (("sites", 2),), "https://docs.example.org/d/"
)


def golden(name: str, written: str) -> None:
    path = GOLDEN / name
    if os.environ.get("SRCNET_UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written.encode())
    assert path.read_bytes().decode() == written


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("text", "findings.txt"),
        ("json", "findings.json"),
        ("junit", "findings.xml"),
        ("github", "findings.github"),
        ("gitlab", "findings.gitlab.json"),
        ("markdown", "findings.md"),
    ],
)
def test_a_format_looks_as_it_was_reviewed(name, file):
    golden(file, FORMATS[name](REPORT))


def test_a_narrow_terminal_cuts_source_lines_around_what_is_marked():
    golden("narrow.txt", text.render(REPORT, width=60))


def test_nothing_found_is_said_in_every_format():
    empty = Report((), {"a.yaml": ["kind: Site"]}, "srcnet validate")
    written = {name: render(empty) for name, render in FORMATS.items()}
    assert written["text"] == written["github"] == "no findings\n"
    assert json.loads(written["gitlab"]) == []
    assert json.loads(written["sarif"])["runs"][0]["results"] == []
    assert written["markdown"] == "### srcnet validate: no findings\n"
    assert [test.get("classname") for test in cases_in(written["junit"])] == ["a.yaml"]


def test_errors_stand_last_in_text_and_a_note_beside_the_verdict():
    written = text.render(replace(REPORT, note="capacity was not checked"))
    heads = [
        line.split("[")[0] for line in written.splitlines() if re.match("(error|warning)", line)
    ]
    assert heads == sorted(heads, reverse=True)
    assert written.endswith("\n\ncapacity was not checked\n\n6 errors, 3 warnings (2 sites)\n")


def test_what_is_said_of_several_places_is_one_finding_for_people():
    """Whoever deletes a site is told once, and where all that name it stands."""
    names = [
        error(Code.UNKNOWN_NAME, "`X` is not a site", place(file, line, 1, 5), help="mend it")
        for file, line in ((SITE, 3), (POLICY, 1), (SITE, 7))
    ]
    other = error(Code.UNKNOWN_NAME, "`X` is not a site", place(SITE, 8, 1, 5), help="or this")
    report = Report((*names, other), SOURCES)
    shown = text.render(report)
    assert shown.count("error[unknown-name]") == 2
    assert shown.count(" --> ") == 4
    assert shown.splitlines()[-1].startswith("2 errors")
    assert len(json.loads(FORMATS["json"](report))["findings"]) == 4


def test_colours_change_nothing_but_colours():
    coloured = text.render(REPORT, colour=True)
    assert "\x1b[1;31merror" in coloured
    assert "\x1b[1;33mwarning" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == text.render(REPORT)


def test_no_format_is_loaded_before_it_is_asked_for():
    command = (
        "import sys; import srcnet_compiler.report.formats; "
        "print([m for m in ('xml', 'json', 'difflib', 'srcnet_compiler.report.text') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_format_that_does_not_exist_is_a_key_error():
    with pytest.raises(KeyError):
        FORMATS["yaml"]


# -- order and fingerprints


@given(st.permutations(FINDINGS))
def test_the_order_in_which_findings_are_found_does_not_show(findings):
    report = replace(REPORT, diagnostics=tuple(findings))
    assert all(FORMATS[name](report) == FORMATS[name](REPORT) for name in FORMATS)


def test_findings_are_sorted_by_place_and_code_and_counted():
    places = [f.labels[0].span for f in REPORT.diagnostics if f.labels]
    assert places == sorted(places)
    assert REPORT.diagnostics[0].code is Code.OVER_LIMIT
    assert (REPORT.count(Severity.ERROR), REPORT.count(Severity.WARNING)) == (6, 3)
    assert REPORT.verdict == "6 errors, 3 warnings"
    assert Report(FINDINGS[:1]).verdict == "1 error"


def moved(found: Diagnostic, by: int) -> Diagnostic:
    labels = tuple(
        replace(
            label,
            span=label.span._replace(line=label.span.line + by, end_line=label.span.end_line + by),
        )
        for label in found.labels
    )
    return replace(found, labels=labels)


@given(st.integers(1, 1000))
def test_a_fingerprint_outlives_moved_lines(by):
    below = replace(REPORT, diagnostics=tuple(moved(found, by) for found in FINDINGS))
    assert fingerprints(below) == fingerprints(REPORT)


def test_a_fingerprint_outlives_changed_figures_but_not_another_name():
    (before,) = fingerprints(Report(FINDINGS[:1]))
    message = FINDINGS[0].message
    more = replace(FINDINGS[0], message=message.replace("4500", "4600.5"))
    other = replace(FINDINGS[0], message=message.replace("CHSRC-CSCS-T0", "CHSRC-CSCS-T1"))
    assert fingerprints(Report((more,))) == (before,)
    assert fingerprints(Report((other,))) != (before,)


def test_findings_that_say_the_same_have_different_fingerprints():
    again = tuple(moved(FINDINGS[0], by) for by in (0, 5, 9))
    assert len(set(fingerprints(Report((*again, FINDINGS[0]))))) == 4


# -- the machine formats, against their schemas


def test_sarif_satisfies_the_schema_of_oasis_and_tells_everything():
    document = json.loads(FORMATS["sarif"](REPORT))
    SARIF.validate(document)
    (run,) = document["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert set(rules) == {found.code.value for found in FINDINGS}
    over = rules["area-over-capacity"]
    assert over["helpUri"] == "https://docs.example.org/d/area-over-capacity"
    assert over["help"]["markdown"].startswith("# area-over-capacity\n")
    assert over["help"]["markdown"].replace("\n", " ").count(over["fullDescription"]["text"]) == 1
    for result, found in zip(run["results"], REPORT.diagnostics, strict=True):
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert (result["ruleId"], result["level"]) == (found.code.value, found.severity.value)
    (result,) = (r for r in run["results"] if r["ruleId"] == "area-over-capacity")
    place = result["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 9, "startColumn": 17, "endLine": 9, "endColumn": 23}
    assert place["artifactLocation"] == {"uri": SITE, "uriBaseId": "%SRCROOT%"}
    (related,) = result["relatedLocations"]
    assert related["message"]["text"] == "`observatory` is placed here"
    assert result["properties"]["help"].startswith("raise the capacity")


def test_the_schema_of_oasis_refuses_what_is_not_sarif():
    document = json.loads(FORMATS["sarif"](REPORT))
    document["runs"][0]["results"][0]["level"] = "fatal"
    assert not SARIF.is_valid(document)


def test_a_page_without_an_address_has_no_help_uri():
    document = json.loads(FORMATS["sarif"](replace(REPORT, pages=None)))
    assert all("helpUri" not in rule for rule in document["runs"][0]["tool"]["driver"]["rules"])


def test_json_satisfies_the_published_schema():
    Draft202012Validator.check_schema(OWN.schema)
    document = json.loads(FORMATS["json"](REPORT))
    OWN.validate(document)
    assert document["formatVersion"] == 1
    assert document["summary"] == {"errors": 6, "warnings": 3}
    assert document["facts"] == {"sites": 2}
    del document["findings"][0]["help"]
    assert not OWN.is_valid(document)


def test_junit_satisfies_the_schema_of_jenkins():
    written = FORMATS["junit"](REPORT)
    JUNIT.validate(written)
    suite = ElementTree.fromstring(written)[0]
    assert suite.get("failures") == str(len(suite.findall("testcase/failure"))) == "6"
    assert suite.get("skipped") == str(len(suite.findall("testcase/skipped"))) == "3"
    assert suite.get("tests") == str(len(suite.findall("testcase"))) == "10"
    assert not JUNIT.is_valid(written.replace('failures="6"', ""))


def test_gitlab_gets_what_its_documentation_demands():
    issues = json.loads(FORMATS["gitlab"](REPORT))
    GITLAB.validate(issues)
    assert len({issue["fingerprint"] for issue in issues}) == len(FINDINGS)
    assert not GITLAB.is_valid([{**issues[0], "severity": "error"}])


def test_github_gets_columns_only_for_a_place_on_one_line():
    commands = [command(line) for line in FORMATS["github"](REPORT).splitlines()[:-1]]
    by_title = {properties["title"]: properties for _, properties, _ in commands}
    assert by_title["duplicate-name"] == {
        "file": SITE,
        "line": "12",
        "endLine": "14",
        "title": "duplicate-name",
    }
    assert by_title["area-over-capacity"]["col"] == "17"
    assert by_title["area-over-capacity"]["endColumn"] == "23"


def test_a_comment_stays_below_the_limit_and_says_what_it_leaves_out():
    many = tuple(
        error(Code.SHAPE, f"`{n}`: {'x' * 100}", place(f"site-specs/{n}.yaml", 1, 1, 2))
        for n in range(500)
    )
    written = markdown.render(Report(many), limit=10_000)
    assert len(written) <= 10_000
    assert "more findings are not in this table" in written
    assert re.search(r"The details of \d+ files are left out", written)
    assert written.count("<details>") == written.count("</details>") > 0


def test_control_characters_can_be_seen():
    assert cells.visible("a\n\x1b[31m\x7f\u00a0\u202e\udcff") == "a␊␛[31m␡<U+00A0><U+202E><U+DCFF>"


@pytest.mark.parametrize(
    ("shown", "columns"), [("abc", 3), ("é", 1), ("e\u0301", 1), ("日本", 4), ("ﾊ", 1), ("🚀", 2)]
)
def test_wide_and_combining_characters_are_measured(shown, columns):
    assert cells.width(shown) == columns


def test_a_tab_reaches_to_the_next_stop():
    assert cells.lay_out("\ta\tbcd\te").starts == (0, 4, 5, 8, 9, 10, 11, 12, 13)

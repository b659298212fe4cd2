"""Pages in tests/spec that an operator can check: each heading is a test.

A section is a set of spec files; what stands before the first heading is shared by the sections of
its page, which may replace a file by one of the same name. Where nobody shows a federation it is
spec/federation.yaml. Comments in the files say what is found on their line, and nothing else may be
found anywhere. The day is 22 November 2026.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from specs import TODAY, assert_found, expected

from srcnet_compiler.diagnostic import Code
from srcnet_compiler.pipeline import compile_specs

HERE = Path(__file__).parent / "spec"
PAGES = sorted(HERE.glob("*.md"))
FEDERATION = {"policies/federation.yaml": (HERE / "federation.yaml").read_text("utf-8")}
_BLOCK = re.compile(r"^```yaml (?P<file>\S+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)

ELSEWHERE = {
    Code.UNREADABLE: "test_source.py: a page cannot show a missing file",
    Code.ENCODING: "test_source.py: a page is UTF-8",
    Code.TOO_LARGE: "test_source.py: a page is short",
    Code.HIDDEN_CHARACTER: "test_source.py: a page cannot show what is not seen",
    Code.RULE_AGAINST_POLICY: "test_laws.py: no spec can make the compiler write wrong rules",
    Code.BELOW_FLOOR: "test_floors.py: no spec says what a server holds",
    Code.OVER_LIMIT: "test_plan.py",
    Code.AREA_NOT_DESCRIBED: "test_rucio_seen.py: no spec says what a server holds",
    Code.RENAME_TAKEN: "test_rucio_seen.py",
    Code.POLICY_NOT_IN_FORCE: "test_rucio_seen.py",
    Code.CLOSED_FOR_WRITING: "test_rucio_seen.py",
    Code.ENDPOINT_NOT_DESCRIBED: "test_rucio_seen.py",
    Code.ARRIVAL_OVERDUE: "test_rucio_ends.py: no spec says what a server holds",
    Code.LIKELY_MOVE: "test_rucio_seen.py",
    Code.WRONG_MEMBERSHIP: "test_membership.py: who belongs to whom stands in no spec",
    Code.GROUP_NOT_EXPORTED: "test_membership.py",
    Code.NO_LOCAL_NAME: "test_membership.py",
    Code.MISSING_FIELD: "test_importing_scapi.py: what a catalogue says stands in no spec",
    Code.LATER_FIELD: "test_importing_scapi.py",
    Code.WRONG_VALUE: "test_importing_scapi.py",
    Code.BLANKS_AROUND: "test_importing_scapi.py",
    Code.ADDRESS_AS_PATH: "test_importing_scapi.py",
    Code.WRONG_COUNTRY: "test_importing_scapi.py",
    Code.SERVICE_WITHOUT_ADDRESS: "test_importing_scapi.py",
    Code.SAME_IDENTITY: "test_importing_scapi.py",
    Code.NAMES_COLLIDE: "test_importing_scapi.py",
    Code.DANGLING_AREA: "test_importing_scapi.py",
    Code.SERVICE_TYPE: "test_importing_scapi.py",
    Code.MANDATORY_DIFFERS: "test_importing_scapi.py",
    Code.IDENTITY_GONE: "test_importing_scapi.py",
    Code.NOT_IMPORTED: "test_importing_scapi.py",
    Code.IMPORT_DIFFERS: "test_import_command.py",
    Code.NOT_MERGED: "test_import_command.py",
}


def sections() -> Iterator[tuple[str, dict[str, str]]]:
    for page in PAGES:
        shared, *rest = re.split(r"^## ", page.read_text("utf-8"), flags=re.MULTILINE)
        common = dict(_BLOCK.findall(shared))
        for section in rest:
            title, body = section.split("\n", 1)
            yield (
                f"{page.stem}: {title}",
                {
                    **({} if "without a federation" in title else FEDERATION),
                    **common,
                    **dict(_BLOCK.findall(body)),
                },
            )


@pytest.mark.parametrize("files", [pytest.param(files, id=title) for title, files in sections()])
def test_section(files, write):
    found = compile_specs(write(files), TODAY)
    assert_found(found.diagnostics, files)


def test_every_code_is_on_a_page():
    shown = {place.code for _, files in sections() for place, _ in expected(files)}
    missing = {code.value for code in Code if code not in ELSEWHERE} - shown
    assert not missing


def test_no_page_shows_what_it_says_cannot_be_shown():
    shown = {place.code for _, files in sections() for place, _ in expected(files)}
    assert not shown & {code.value for code in ELSEWHERE}

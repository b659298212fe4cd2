"""What an import rests on: its plan is nothing but adoptions, or nothing is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from srcnet_compiler.change import Action, Address, Change, Impact, SystemName
from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.imports.proving import insist_on_proof, judged
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.diagnostic import Code, Label, error, warning
from srcnet_compiler.importing.writing import FileChange
from srcnet_compiler.plan.model import Binding, Plan, Unseen
from srcnet_compiler.report.paint import plain
from srcnet_compiler.report.proof import Proof, proof_data, proof_lines
from srcnet_compiler.source.edits import BOM
from srcnet_compiler.span import Span

HERE = Span("site-specs/a.yaml", 1, 1, 1, 2)
RSE = Address("rucio", "some", "rse", "HERE")
ADOPTION = Change(RSE, Action.ADOPT, (), Impact.COSMETIC)
FINE = Plan((SystemName("rucio", "some"),), Binding("", "", ""), ((ADOPTION,),))
FILES = (
    FileChange("site-specs/a.yaml", "one: 1\n", "one: 1\ntwo: 2\n", 1),
    FileChange("site-specs/b.yaml", None, "three: 3\n"),
)
NOT_PROVEN = {
    **{
        action.value: replace(FINE, waves=((ADOPTION, replace(ADOPTION, action=action)),))
        for action in Action
        if action is not Action.ADOPT
    },
    "unseen": replace(FINE, unseen=(Unseen(RSE, "no right to see it"),)),
    "an error": replace(FINE, findings=(error(Code.BELOW_FLOOR, "a loss", Label(HERE)),)),
}
"""Plans that are more than adoptions, or about more than could be seen."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "site-specs").mkdir()
    (tmp_path / "site-specs/a.yaml").write_text("one: 1\n")
    return tmp_path


def judge(folder: Path, plan: Plan, *, accept: bool = False, dry_run: bool = False) -> Proof:
    settings = Settings(folder, folder / "srcnet.toml")
    return judged(settings, Proof(plan, [f.file for f in FILES]), FILES, accept, dry_run)


def there(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


BEFORE = {"site-specs/a.yaml": "one: 1\n"}
AFTER = {each.file: each.after for each in FILES}


def test_what_is_nothing_but_adoptions_is_written(folder: Path):
    plan = replace(FINE, findings=(warning(Code.IMPORT_DIFFERS, "a word", Label(HERE)),))
    proof = judge(folder, plan)
    assert (proof.holds, proof.accepted, proof.written, proof.adoptions) == (True, True, True, 1)
    assert there(folder) == AFTER
    insist_on_proof(proof)


@pytest.mark.parametrize("plan", NOT_PROVEN.values(), ids=NOT_PROVEN)
def test_what_is_more_than_adoptions_is_written_only_where_somebody_accepts_it(
    folder: Path, plan: Plan
):
    proof = judge(folder, plan)
    assert (proof.holds, proof.accepted, proof.written) == (False, False, False)
    assert there(folder) == BEFORE
    with pytest.raises(StopError) as ended:
        insist_on_proof(proof)
    assert ended.value.code is Exit.FINDINGS
    said = [*proof_lines(proof, plain, full=True)]
    assert not [line for line in said if line.startswith("Proof: ")]
    assert "Not written:" in said
    assert proof_data(proof)["accepted"] is False
    accepted = judge(folder, plan, accept=True)
    assert (accepted.holds, accepted.accepted, accepted.written) == (False, True, True)
    assert there(folder) == AFTER
    insist_on_proof(accepted)


@pytest.mark.parametrize(
    ("plan", "words", "data"),
    [
        ("unseen", "  not seen: rucio/some/rse/HERE: no right to see it", None),
        ("an error", "  site-specs/a.yaml:1:1: a loss", "a loss"),
    ],
)
def test_what_is_in_the_way_of_a_proof_without_changes_is_told(
    plan: str, words: str, data: str | None
):
    proof = Proof(NOT_PROVEN[plan], [])
    said = [*proof_lines(proof, plain, full=True)]
    assert said[:2] == [
        "No proof, though the plan of these specs is 0 changes, 1 adoption:",
        words,
    ]
    objections = proof_data(proof)["objections"]
    assert isinstance(objections, list)
    assert [each["message"] for each in objections] == ([data] if data else [])  # type: ignore[index, call-overload]


def test_a_dry_run_writes_nothing_whoever_accepts(folder: Path):
    assert not judge(folder, FINE, accept=True, dry_run=True).written
    assert there(folder) == BEFORE


@pytest.mark.parametrize(
    ("file", "text"),
    [("site-specs/a.yaml", "one: 11\n"), ("site-specs/b.yaml", "three: mine\n")],
)
def test_what_somebody_writes_while_a_system_is_read_is_not_lost(
    folder: Path, file: str, text: str
):
    (folder / file).write_text(text)
    before = there(folder)
    with pytest.raises(StopError, match=f"somebody has changed `{file}` meanwhile") as ended:
        judge(folder, FINE)
    assert ended.value.code is Exit.FILES
    assert there(folder) == before


def test_a_spec_that_goes_meanwhile_is_not_brought_back(folder: Path):
    (folder / "site-specs/a.yaml").unlink()
    with pytest.raises(StopError, match=r"somebody has changed `site-specs/a.yaml` meanwhile"):
        judge(folder, FINE)
    assert there(folder) == {}


def test_where_one_file_cannot_be_written_none_is(folder: Path):
    (folder / "site-specs/b.yaml").mkdir()
    with pytest.raises(OSError, match=r"b\.yaml"):
        judge(folder, FINE)
    assert there(folder) == BEFORE


def test_a_byte_order_mark_stays(folder: Path):
    (folder / "site-specs/a.yaml").write_text(f"{BOM}one: 1\n", "utf-8")
    assert judge(folder, FINE).written
    assert there(folder) == {**AFTER, "site-specs/a.yaml": f"{BOM}one: 1\ntwo: 2\n"}

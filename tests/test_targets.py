"""What every target is, whatever its system: the same six files, and one value that joins them."""

import ast
from importlib import import_module
from pathlib import Path

import pytest
from specs import REAL

from srcnet_compiler.change import Action, Address
from srcnet_compiler.pipeline import Compiled
from srcnet_compiler.targets.protocol import Gap, Merged, Reading, Target
from srcnet_compiler.targets.registry import MERGED, TARGETS

FILES = ("check", "diff", "emit", "live", "lower", "model")
PAGE = REAL / "docs/explanation/adding-a-target.md"
every_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
every_folder = pytest.mark.parametrize(
    "target", [*TARGETS, *MERGED], ids=lambda target: target.name
)


def folder(target: Target | Merged) -> Path:
    return REAL / "srcnet_compiler" / "targets" / target.name


@every_folder
def test_it_has_the_same_six_files(target):
    there = {path.stem for path in folder(target).iterdir() if not path.name.startswith("__")}
    assert there == {*FILES}
    for name in FILES:
        module = import_module(f"srcnet_compiler.targets.{target.name}.{name}")
        assert module.__doc__, f"{module.__name__} does not say what room it is"


@every_target
def test_it_is_carried_out_by_a_role_of_its_own(target):
    project = REAL / "srcnet_compiler/apply/project"
    assert (project / f"apply-{target.name}.yml").is_file()
    assert (project / f"roles/{target.name}/library/srcnet_{target.name}.py").is_file()


@every_target
def test_it_stands_in_the_suite_that_tries_all_of_them_for_real(target):
    assert (REAL / f"tests/live/stand_{target.name}.py").is_file()
    suite = (REAL / "tests/live/test_every_target.py").read_text("utf-8")
    assert f"from stand_{target.name} import STAND as {target.name.upper()}\n" in suite


def asked_of_a_target() -> list[str]:
    """What a target supplies to that suite."""
    module = ast.parse((REAL / "tests/live/stand.py").read_text("utf-8"))
    return [
        field.target.id
        for each in module.body
        if isinstance(each, ast.ClassDef) and each.name in ("Stand", "Ground")
        for field in each.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    ]


def test_the_page_on_adding_one_names_all_of_it():
    page = PAGE.read_text("utf-8")
    assert len(asked_of_a_target()) > 10
    assert [name for name in asked_of_a_target() if f"`{name}" not in page] == []
    assert [name for name in FILES if f"| `{name}` |" not in page] == []
    assert {path.name for path in (REAL / "srcnet_compiler/targets").iterdir() if path.is_dir()} - {
        "__pycache__"
    } == {target.name for target in (*TARGETS, *MERGED)}


@every_target
def test_the_golden_federation_has_an_instance_of_it(target, golden: Compiled):
    assert models(target, golden)


@every_target
def test_things_have_one_name_each_and_are_found_by_it(target, golden: Compiled):
    for model in models(target, golden):
        keys = [(thing.kind, thing.name) for thing in model.things()]
        assert len(keys) == len({*keys})
        assert keys


@every_target
def test_every_change_has_an_address_of_its_own_system(target, golden: Compiled):
    for model in models(target, golden):
        for change in target.adoptions(model, Reading(model)):
            assert change.address.system == (target.name, model.instance)
            assert change.action is Action.ADOPT
            assert all(field.before == field.after for field in change.fields)


@every_target
def test_what_nobody_could_see_of_a_whole_system_is_left_alone(target, golden: Compiled):
    for model in models(target, golden):
        gap = Gap(Address(target.name, model.instance, "", ""), "it does not answer")
        assert target.diff(model, Reading(model, (gap,))) == ()
        assert target.adoptions(model, Reading(model, (gap,))) == ()


@every_target
def test_what_was_seen_in_part_is_not_taken_over(target, golden: Compiled):
    """It may be on its way out, or two things may be meant."""
    for model in models(target, golden):
        everything = target.adoptions(model, Reading(model))
        for kind in sorted({change.address.kind for change in everything}):
            gap = Gap(Address(target.name, model.instance, kind, ""), "nobody can tell")
            others = tuple(change for change in everything if change.address.kind != kind)
            assert target.adoptions(model, Reading(model, (gap,))) == others


@every_target
def test_what_is_left_to_people_says_why_and_the_exact_lines(target, golden: Compiled):
    for model in models(target, golden):
        for task in target.tasks(model):
            assert task.title
            assert task.why
            assert task.lines or task.script is not None
            assert task.spans


@every_target
def test_what_is_emitted_is_no_finding_of_its_own_check(target, golden: Compiled):
    for model in models(target, golden):
        assert [found.message for found in target.check(model, golden.federation)] == []


def models(target: Target, golden: Compiled) -> list:
    return [lowered.model for lowered in golden.models if lowered.target is target]

"""One suite for all targets: each story is told once, and is true of every system that we change.

The stories of a target go on where the one before has stopped, as work on one federation does; each
begins with a system that is as the golden specs say. What is not ours is the same after each.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from moved_specs import MOVED, site_moved, with_areas_called, with_site_called
from specs import TODAY, texts
from stand import LIFECYCLE, Ground, Stand
from stand_kubernetes import STAND as KUBERNETES
from stand_rucio import STAND as RUCIO
from stand_scapi import STAND as SCAPI
from stand_slurm import STAND as SLURM

from srcnet_compiler.change import Action, Change
from srcnet_compiler.converge import name_of, reach
from srcnet_compiler.pipeline import compile_specs
from srcnet_compiler.plan.file import from_json

SITE, NEW = "CHSRC-CSCS", "CHSRC-LUGANO"
STANDS = (KUBERNETES, RUCIO, SCAPI, SLURM)


def params(*stands: Stand) -> list[Any]:
    """Each with the marks of the systems that it needs: they say what is skipped, and what may run
    beside what."""
    return [
        pytest.param(each, id=each.target, marks=[pytest.mark.live(name) for name in each.marks])
        for each in stands
    ]


@pytest.fixture(scope="module", params=params(*STANDS))
def stand(request: pytest.FixtureRequest) -> Stand:
    stand: Stand = request.param
    return stand


@pytest.fixture(scope="module")
def ground(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with stand.running(tmp_path_factory.mktemp(stand.target)) as ground:
        yield ground


@pytest.fixture
def at_work(ground: Ground, request: pytest.FixtureRequest) -> Iterator[Ground]:
    """Everything is as the specs say, and what others have is afterwards as it was before."""
    someone = ground.someone
    if someone.unsure or someone.done() == 0:
        apply(ground)
    theirs, failed = ground.theirs(), request.session.testsfailed
    written = texts(someone.specs)
    yield ground
    someone.unsure = request.session.testsfailed > failed
    for name, text in written.items() if someone.unsure else ():
        (someone.specs / name).write_text(text, "utf-8")
    assert ground.theirs() == theirs
    said = "\n".join(someone.said)
    assert not [name for name, secret in someone.environment.items() if secret in said]


# ── what is typed ─────────────────────────────────────────────────────────────────────────────


def apply(ground: Ground) -> None:
    """Make the system as the specs say, by a plan of this moment: it ends well where nothing that
    is read afterwards differs."""
    ground.someone("apply", "--yes", "--system", ground.system)


def plan(ground: Ground) -> tuple[Change, ...]:
    """What is to be done, saved as `plan.json`."""
    ground.someone("plan", "--out", "plan.json", "--system", ground.system)
    return from_json((ground.someone.specs / "plan.json").read_text("utf-8")).changes


def differences(ground: Ground, code: int = 4) -> list[Any]:
    """What differs from the specs, as plain data."""
    ran = ground.someone("verify", "--format", "json", "--system", ground.system, code=code)
    (verdict,) = json.loads(ran.out)["systems"]
    assert (verdict["unseen"], verdict["waiting"]) == ([], [])
    found: list[Any] = verdict["differences"]
    return found


def named(changes: list[Any]) -> list[tuple[str, str, str]]:
    return [(each["action"], each["address"]["kind"], each["address"]["name"]) for each in changes]


def restate(ground: Ground) -> None:
    """Have the specs say something else of the field that is ours: the one thing, or the other."""
    name, one, other = ground.owned.spec
    said = one in (ground.someone.specs / name).read_text("utf-8")
    ground.someone.edit(name, *((one, other) if said else (other, one)))


def things(ground: Ground) -> dict[tuple[str, str], Any]:
    """Every object of ours with its fields, as the system is read."""
    compiled = compile_specs(ground.someone.specs, TODAY)
    wanted = [each for each in compiled.models if str(name_of(each)) == ground.system]
    with reach(compiled, ground.someone.environment, wanted) as (system,):
        model = system.read().model
    return {(thing.kind, thing.name): thing.fields() for thing in model.things()}


# ── the stories ───────────────────────────────────────────────────────────────────────────────


def test_what_the_specs_say_is_made_once_and_others_see_nothing_of_it(ground: Ground):
    someone, theirs = ground.someone, ground.theirs()
    assert theirs
    made = plan(ground)
    assert {change.action for change in made} <= {Action.CREATE, Action.ADOPT}
    someone("apply", "plan.json")
    assert differences(ground, code=0) == []
    done = someone.done()
    assert done == len(made)
    again = json.loads(someone("apply", "plan.json", "--format", "json").out)
    assert (again["exitCode"], again["counts"]["done"]) == (0, 0)
    apply(ground)
    assert someone.done() == done
    assert ground.theirs() == theirs


def test_killed_and_with_the_server_gone_in_the_middle_it_ends_as_if_undisturbed(
    at_work: Ground, stand: Stand, tmp_path_factory: pytest.TempPathFactory
):
    with stand.running(tmp_path_factory.mktemp(f"{stand.target}-again")) as ground:
        someone, theirs = ground.someone, ground.theirs()
        count = len(plan(ground))
        with someone.begin("apply", "plan.json") as first:
            someone.wait_for(first, count // 5)
            os.kill(first.pid, signal.SIGKILL)
            first.communicate()
        done = someone.done()
        assert 0 < done < count
        with someone.begin("apply", "plan.json") as second:
            someone.wait_for(second, done + count // 5)
            os.kill(second.pid, signal.SIGSTOP)  # no change begins while it stands still
            ground.stop()
            os.kill(second.pid, signal.SIGCONT)
            lost = someone.end(second, 69)
        assert " left" in lost.out
        assert someone.done() < count
        ground.start()
        someone("apply", "plan.json")
        assert "in doubt" not in someone("status").out
        assert things(ground) == things(at_work)
        assert ground.theirs() == theirs


def test_what_exists_is_taken_over_by_a_shown_change_and_is_as_it_was(at_work: Ground):
    before = at_work.everything()
    at_work.forget()
    shutil.rmtree(at_work.someone.specs / ".srcnet")
    actions = {change.action for change in plan(at_work)}
    assert Action.ADOPT in actions
    assert actions <= {Action.ADOPT, Action.UPDATE}
    at_work.someone("apply", "plan.json")
    assert at_work.everything() == before


def test_what_somebody_changed_is_drift_at_its_spec_place_and_is_set_right(at_work: Ground):
    owned, beside = at_work.owned, at_work.beside
    before = owned.seen()
    owned.spoil()
    beside.do()
    spoilt, theirs = owned.seen(), beside.seen()
    assert spoilt != before
    (found,) = differences(at_work)
    assert named([found]) == [("update", owned.kind, owned.name)]
    differing = [each for each in found["fields"] if each["before"] != each["after"]]
    (field,) = [each for each in differing if each["name"] == owned.field]
    assert stated(at_work) == tuple(field["origin"][:2])
    apply(at_work)
    assert owned.seen() == before
    assert beside.seen() == theirs


def stated(ground: Ground) -> tuple[str, int]:
    """Where the specs say what the field is that is ours."""
    name, *said = ground.owned.spec
    lines = (ground.someone.specs / name).read_text("utf-8").splitlines()
    (line,) = [n for n, line in enumerate(lines, start=1) if any(text in line for text in said)]
    return name, line


def test_what_somebody_deleted_is_drift_and_comes_back(at_work: Ground):
    lost, before = at_work.lost, things(at_work)
    lost.delete()
    assert ("create", lost.kind, lost.name) in named(differences(at_work))
    apply(at_work)
    assert things(at_work) == before


def test_what_others_made_among_ours_stays_as_it_is(at_work: Ground):
    within, owned = at_work.within, at_work.owned
    within.do()
    theirs, before = within.seen(), owned.seen()
    assert theirs
    assert differences(at_work, code=0) == []
    restate(at_work)
    apply(at_work)
    assert owned.seen() != before
    assert within.seen() == theirs


def test_a_plan_under_which_the_system_moved_is_stale_and_leaves_it(at_work: Ground):
    owned = at_work.owned
    before = owned.seen()
    restate(at_work)
    plan(at_work)
    owned.spoil()
    spoilt = owned.seen()
    stale = at_work.someone("apply", "plan.json", code=5)
    assert f"conflict {at_work.system}/{owned.kind}/{owned.name}: " in stale.out
    assert owned.seen() == spoilt
    apply(at_work)
    assert owned.seen() not in (before, spoilt)


def test_one_system_that_nobody_answers_for_is_told_and_stops_no_other(
    at_work: Ground, stand: Stand
):
    owned = at_work.owned
    before = owned.seen()
    restate(at_work)
    if stand.several:  # the golden federation has others of it, which nobody started
        ran = at_work.someone("apply", "--yes", "--system", stand.target, code=4)
        assert "cannot be reached" in ran.out
    else:
        at_work.stop()
        ran = at_work.someone("apply", "--yes", "--system", stand.target, code=69)
        at_work.start()
        assert "cannot be reached" in ran.err
        assert owned.seen() == before
        apply(at_work)
    assert owned.seen() != before


def test_what_is_absent_stays_and_only_a_document_in_force_ends_it(at_work: Ground):
    ending, specs = at_work.ending, at_work.someone.specs
    files = {name: (specs / name).read_text("utf-8") for name, _, _ in ending.absent}
    for edit in ending.absent:
        at_work.someone.edit(*edit)
    apply(at_work)
    assert ending.is_there()
    for name, text in files.items():
        (specs / name).write_text(text, "utf-8")
    retire(at_work, until="2026-11-21")
    refused = at_work.someone("apply", "--yes", "--system", at_work.system, code=3)
    assert "no `Retired` document in force says so" in refused.err
    assert f"--> {LIFECYCLE}:" in refused.err
    assert ending.is_there()
    at_work.someone.edit(LIFECYCLE, "until: 2026-11-21", "until: 2027-06-30")
    apply(at_work)
    assert not ending.is_there()


def retire(ground: Ground, until: str) -> None:
    with (ground.someone.specs / LIFECYCLE).open("a") as file:
        file.write(
            "---\napiVersion: srcnet.skao.int/v1alpha2\nkind: Retired\nmetadata: {name: it-ends}\n"
            f"spec: {{{ground.ending.retired}, reason: it is over, "
            f"approvedBy: {{group: /roles/int/oper}}, until: {until}}}\n"
        )


def test_a_site_with_another_name_is_the_same_where_a_document_says_so(at_work: Ground):
    """Without one, who knows the site by its former name tells what to type; nothing is done."""
    someone, system = at_work.someone, at_work.system
    before, everything = texts(someone.specs), at_work.everything()
    called = with_site_called(before, SITE, NEW)
    try:
        rewrite(someone.specs, {**called, MOVED: site_moved(SITE, NEW)})
        assert plan(at_work) == ()
        assert differences(at_work, code=0) == []
        apply(at_work)
        assert at_work.everything() == everything

        (someone.specs / MOVED).unlink()
        rewrite(someone.specs, with_areas_called(called, SITE, NEW))
        said = someone("plan", "--system", system.replace(SITE, NEW)).out
        if not system.startswith("scapi/"):  # which knows sites by their identities
            assert "likely-move" in said
            assert f"`site: {NEW}, from: {SITE}, to: {NEW}`" in said
    finally:
        (someone.specs / MOVED).unlink(missing_ok=True)
        rewrite(someone.specs, before)
    assert differences(at_work, code=0) == []


def rewrite(specs: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (specs / name).write_text(text, "utf-8")

"""Changes that are carried out at once: which go together, and that it ends as one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ansible.module_utils
import pytest
from hypothesis import given
from hypothesis import strategies as st

from srcnet_compiler.apply import ansible as calls
from srcnet_compiler.apply.gate import Gate, Journal
from srcnet_compiler.apply.ledger import Ledger
from srcnet_compiler.apply.wire import as_wire
from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, Json
from srcnet_compiler.targets.slurm.live import Controller, LocalRunner, SiteFiles
from srcnet_compiler.targets.slurm.model import SlurmModel

for role in ("rucio", "slurm"):  # where Ansible puts them for a module
    ansible.module_utils.__path__.append(str(calls.PROJECT / "roles" / role / "module_utils"))

from ansible.module_utils import srcnet_gate, srcnet_slurm_groups  # noqa: E402
from ansible.module_utils.srcnet_slurm_target import Slurm  # noqa: E402

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LISTED = ("account", "association", "qos")
CONTROLLER = Controller(LocalRunner(), SlurmModel("c", "c"), (22, 5), SiteFiles(Path(), Path()))


@st.composite
def plans(draw: st.DrawFn) -> list[Change]:
    """Changes in an order that honours their needs."""
    plan: list[Change] = []
    for number in range(draw(st.integers(0, 40))):
        kind = draw(st.sampled_from((*LISTED, "association", "association", "partition")))
        name = f"{draw(st.sampled_from('abc'))}{'/u' if kind == 'association' else ''}{number}"
        action = draw(st.sampled_from((Action.CREATE, Action.UPDATE, Action.UPDATE, Action.RETIRE)))
        before = None if action is Action.CREATE else draw(st.integers(1, 2))
        after = None if action is Action.RETIRE else draw(st.integers(3, 4))
        earlier = [change.address for change in plan]
        needs = draw(st.lists(st.sampled_from(earlier), max_size=1)) if earlier else []
        fields = (FieldChange("Fairshare", before, after),)
        where = Address("slurm", "c", kind, name)
        plan.append(Change(where, action, fields, Impact.ADDITIVE, needs=tuple(needs)))
    return plan


def wire(change: Change) -> dict[str, Any]:
    return {**as_wire(change), "begun": False, "ours": True}


def groups_of(plan: list[Change], ended: dict[str, str]) -> list[Sequence[Any]]:
    return [*srcnet_gate._groups([*map(wire, plan)], Slurm(CONTROLLER), ended)]


# ── which go together ─────────────────────────────────────────────────────────────────────────


@given(plans())
def test_groups_are_the_plan_in_its_order(plan: list[Change]):
    assert [each["id"] for group in groups_of(plan, {}) for each in group] == [c.id for c in plan]


@given(plans(), st.data())
def test_who_needs_another_or_a_failure_is_not_in_its_group(
    plan: list[Change], data: st.DataObject
):
    failed = data.draw(st.sets(st.sampled_from([str(c.address) for c in plan]))) if plan else set()
    for group in groups_of(plan, dict.fromkeys(failed, "failed")):
        names = [srcnet_gate.address(each["address"]) for each in group]
        assert len({*names}) == len(names)
        if len(group) > 1:
            needs = {srcnet_gate.address(need) for each in group for need in each["needs"]}
            assert needs.isdisjoint({*names, *failed})
            assert failed.isdisjoint(names)


@given(plans())
def test_only_what_is_kept_in_the_database_goes_together_and_endings_apart(plan: list[Change]):
    for group in groups_of(plan, {}):
        kinds = {each["address"]["kind"] for each in group}
        endings = {each["action"] == "retire" for each in group}
        assert len(kinds) == len(endings) == 1
        assert kinds < {*LISTED} or len(group) == 1
        assert endings == {False} or kinds == {"association"} or len(group) == 1


@given(plans())
def test_a_group_takes_few_commands_each_for_what_differs_in_its_names_alone(plan: list[Change]):
    for group in groups_of(plan, {}):
        steps = [srcnet_gate.Step(each, each["fields"], found(each)) for each in group]
        batches = [*srcnet_slurm_groups.batches(steps)]
        assert len(batches) <= srcnet_slurm_groups.COMMANDS
        if len(group) > 1:
            told = [step.change["id"] for batch in batches for step in batch]
            assert sorted(told) == sorted(each["id"] for each in group)
        for batch in batches:
            assert len({content(step) for step in batch}) == 1


def found(change: Any) -> Any:
    """The object as the plan saw it."""
    (field,) = change["fields"]
    return None if change["action"] == "create" else {field["name"]: field["before"]}


def content(step: Any) -> str:
    """All that a command says but the name."""
    account, slash, _ = step.change["address"]["name"].partition("/")
    kind, ends = step.change["address"]["kind"], step.change["action"] == "retire"
    return repr((kind, account if slash else "", step.before is None, ends or step.todo))


@pytest.mark.parametrize(("count", "letters"), [(1000, 4), (300, 60)])
def test_no_command_names_too_many(count: int, letters: int):
    fields = (FieldChange("Fairshare", None, 1),)
    steps = [
        srcnet_gate.Step(wire(change), wire(change)["fields"], None)
        for number in range(count)
        for name in [f"a/{'u' * letters}{number}"]
        for change in [
            Change(
                Address("slurm", "c", "association", name), Action.CREATE, fields, Impact.ADDITIVE
            )
        ]
    ]
    batches = [*srcnet_slurm_groups.batches(steps)]
    names = [[step.change["address"]["name"] for step in batch] for batch in batches]
    assert sum(map(len, names)) == count
    assert max(map(len, names)) <= srcnet_slurm_groups.NAMES
    assert max(len(",".join(each)) for each in names) <= srcnet_slurm_groups.LETTERS
    assert min(map(len, names[:-1])) > 50


@pytest.mark.parametrize("kinds", [1, 4, 5, 6, 11])
@pytest.mark.parametrize(
    ("each", "letters", "commands"),
    [(1, 9, 1), (100, 9, 1), (101, 9, 2), (40, 99, 1), (41, 99, 2), (100, 99, 3), (700, 99, 18)],
)
def test_a_group_takes_no_more_commands_than_may_be_in_doubt(
    kinds: int, each: int, letters: int, commands: int
):
    """As many as it may, and then the next group; no command joins changes of two `kinds`, nor
    more than a hundred names or 4000 letters of them."""
    plan = [
        Change(
            Address("slurm", "c", "account", f"{kind}-{number}".ljust(letters, "x")),
            Action.CREATE,
            (FieldChange("Fairshare", None, kind),),
            Impact.ADDITIVE,
        )
        for kind in range(kinds)
        for number in range(each)
    ]
    counts = []
    for group in groups_of(plan, {}):
        steps = [srcnet_gate.Step(one, one["fields"], None) for one in group]
        counts.append(len([*srcnet_slurm_groups.batches(steps)]))
    assert max(counts) <= 5
    assert counts[0] == min(5, kinds * commands)


# ── that it ends as one by one ────────────────────────────────────────────────────────────────


class Shelf:
    """A system in memory: it refuses some names, and takes others without doing anything."""

    def __init__(self, there: Mapping[str, int], refuses: set[str], ignores: set[str]) -> None:
        self.there, self.refuses, self.ignores = dict(there), refuses, ignores
        self.acting: Callable[[Any], None] = lambda change: None

    def observe(self, change: Any) -> Any:
        name = srcnet_gate.address(change["address"])
        return {"Fairshare": self.there[name]} if name in self.there else None

    def act(self, change: Any, todo: Any, before: Any) -> None:
        self.acting(change)
        name = srcnet_gate.address(change["address"])
        if name in self.refuses:
            raise srcnet_gate.FailedError(f"{name} is refused")
        if name in self.ignores:
            return
        if change["action"] == "retire":
            self.there.pop(name, None)
        else:
            self.there[name] = todo[0]["after"]

    def unmet(self, wait: Any) -> str | None:
        return None

    def passes_through_absence(self, field: Any) -> bool:
        return False


class WideShelf(Shelf):
    """The same, that takes several at once, and none of them if one is refused."""

    def together(self, changes: Sequence[Any]) -> int:
        return srcnet_slurm_groups.together(changes)

    def glance(self, changes: Sequence[Any]) -> Shelf:
        return Shelf(self.there, set(), set())

    def act_together(self, steps: Sequence[Any]) -> None:
        for batch in srcnet_slurm_groups.batches(steps):
            names = {srcnet_gate.address(step.change["address"]) for step in batch}
            if names & self.refuses:
                for step in batch:
                    self.acting(step.change)
            else:
                for step in batch:
                    self.act(*step)


@contextmanager
def gate_of(plan: list[Change]) -> Iterator[tuple[Ledger, Any, Gate]]:
    # in memory where that is possible: a hundred ledgers would wait for the disk of others
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with TemporaryDirectory(dir=memory) as folder, Ledger(Path(folder) / "ledger") as ledger:
        journal = Journal(ledger, lambda: NOW, "r", "p")
        theirs = Gate(Path(folder), tuple(plan), {}, journal)
        with theirs as gate, srcnet_gate.Gate(gate.path) as ours:
            yield ledger, ours, gate


def carried_out(plan: list[Change], shelf: Shelf) -> tuple[dict[str, str], Mapping[str, int]]:
    """What became of each, by the gate, and what is there; the ledger has an intent before."""
    with gate_of(plan) as (ledger, ours, gate):

        def in_doubt(change: Any) -> None:
            assert change["id"] in {line.change for line in ledger.in_doubt()}

        shelf.acting = in_doubt
        srcnet_gate.carry_out([*map(wire, plan)], shelf, ours, rehearse=False)
        assert ledger.in_doubt() == ()
        assert {line.change: line.status for line in ledger.lines()} == {
            id_: result.status.value for id_, result in gate.results.items()
        }
        return {id_: r.status.value for id_, r in gate.results.items()}, shelf.there


@given(plans(), st.data())
def test_at_once_it_ends_as_one_by_one(plan: list[Change], data: st.DataObject):
    names = [str(change.address) for change in plan]
    some = st.sets(st.sampled_from(names), max_size=5) if names else st.just(set())
    there = {
        name: value
        for change, name in zip(plan, names, strict=True)
        for value in [data.draw(st.sampled_from([None, change.fields[0].before, 3, 9]))]
        if value is not None
    }
    refuses, ignores = data.draw(some), data.draw(some)
    narrow = carried_out(plan, Shelf(there, refuses, ignores))
    wide = carried_out(plan, WideShelf(there, refuses, ignores))
    assert wide == narrow


def test_a_gate_that_says_no_to_a_group_keeps_all_of_it_from_beginning():
    where = [Address("slurm", "c", "account", name) for name in "abc"]
    made: tuple[FieldChange, ...] = (FieldChange("Fairshare", None, 3),)
    plan = [Change(each, Action.CREATE, made, Impact.ADDITIVE) for each in where]
    shelf = WideShelf({}, set(), set())
    with gate_of(plan) as (ledger, ours, gate):
        gate.stop()
        results: Mapping[str, Json] = srcnet_gate.carry_out([*map(wire, plan)], shelf, ours, False)
        assert ledger.lines() == ()
        assert gate.in_flight == ()
    assert shelf.there == {}
    assert [*results.values()] == [{"status": "left", "text": "stopping"}] * 3

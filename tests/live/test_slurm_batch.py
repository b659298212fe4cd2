"""Many changes of a cluster at once: few commands, and each change still stands for itself."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from apply_process import descendants, start, survivors, to_end
from slurm_apply_cases import (
    bad,
    bounds,
    carry_out,
    lent,
    nothing,
    reached,
    seen,
    to_reach,
)

from srcnet_compiler.apply.ledger import Ledger
from srcnet_compiler.apply.receipt import Receipt, Status
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.demo.processes import wait_until
from srcnet_compiler.demo.slurm_clusters import Cluster, Slurm, ask
from srcnet_compiler.plan.file import digest
from srcnet_compiler.targets.slurm import diff
from srcnet_compiler.targets.slurm.model import SlurmModel
from srcnet_compiler.targets.slurm.model.things import Account, Association, Qos

pytestmark = pytest.mark.live("slurm")

ACCOUNTS = {"ska-hi": 3, "ska-eor": 5, "ska-vlbi": 7}
"""Those below ours, and the share of each of their users."""


@pytest.fixture
def cluster(fresh_slurm: Slurm) -> Iterator[Cluster]:
    yield from lent(fresh_slurm)


def tree(cluster: Cluster) -> SlurmModel:
    """Our accounts, without users."""
    below = [Account(name, "ska", "a project", "skao") for name in ACCOUNTS]
    accounts = {each.name: each for each in (Account("ska", "root"), *below)}
    return replace(bounds(cluster), accounts=accounts)


def members(model: SlurmModel, count: int, more: int = 0) -> SlurmModel:
    """So many users in each account, each with as much of a share, and `more`."""
    made = [
        Association(account, f"{account[4:]}{number:03}", fairshare=share + more, max_jobs=9)
        for account, share in ACCOUNTS.items()
        for number in range(count)
    ]
    return replace(model, associations={each.name: each for each in made})


def clean(cluster: Cluster, state: Path) -> None:
    ended = nothing(seen(cluster).model)
    assert bad(carry_out(cluster, to_reach(cluster, ended), state / "end")) == []
    assert [*seen(cluster).model.things()] == []


class Commands:
    """A folder of commands in which sacctmgr notes what it is told, and runs `first` before."""

    def __init__(self, folder: Path, first: str = "") -> None:
        folder.mkdir()
        self.log = folder / "told"
        script = folder / "sacctmgr"
        script.write_text(
            f'#!/bin/bash\necho "$*" >> {self.log}\n{first}\nexec /usr/bin/sacctmgr "$@"\n'
        )
        script.chmod(0o755)
        self.folder = folder

    def reached(self, cluster: Cluster) -> Mapping[str, Any]:
        more = {"commands": str(self.folder)}
        return {key: {**value, **more} for key, value in reached(cluster).items()}

    def told(self) -> list[str]:
        """What was told since this was asked last."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return lines


def statuses(receipt: Receipt) -> Counter[str]:
    return Counter(result.status.value for result in receipt.results)


def lines_of(plan: Any, state: Path) -> Mapping[str, list[str]]:
    """By change what the ledger holds of it."""
    found: dict[str, list[str]] = {}
    with Ledger(StateStore(state).ledger_path) as ledger:
        assert ledger.in_doubt() == ()
        for line in ledger.lines(digest(plan)):
            found.setdefault(line.change, []).append(line.status)
    found.pop("", None)
    return found


# ── what is done ──────────────────────────────────────────────────────────────────────────────


def test_sixty_users_come_change_and_go_in_a_few_commands(cluster: Cluster, tmp_path: Path):
    commands = Commands(tmp_path / "bin")
    model = members(tree(cluster), 20)
    steps = [
        ("come", model, 18),
        ("change", members(model, 20, more=1), 6),
        ("go", replace(tree(cluster), complete=frozenset(ACCOUNTS)), 12),
    ]
    for step, wanted, most in steps:
        plan = to_reach(cluster, wanted)
        assert sum(change.address.name.count("/") for change in plan.changes) == 60
        rehearsed = carry_out(
            cluster, plan, tmp_path / step, rehearsal=True, connections=commands.reached(cluster)
        )
        assert bad(rehearsed) == []
        assert len(commands.told()) <= 6, step
        receipt = carry_out(cluster, plan, tmp_path / step, connections=commands.reached(cluster))
        assert bad(receipt) == []
        assert statuses(receipt) == {"done": len(plan.changes)}
        told = commands.told()
        assert len(told) <= most, told
        assert sum("user" in line and "-i" in line for line in told) == 3, told
        assert diff.diff(wanted, seen(cluster)) == ()
        lines = lines_of(plan, tmp_path / step)
        assert lines == {change.id: ["intent", "done"] for change in plan.changes}
        again = carry_out(cluster, plan, tmp_path / step, connections=commands.reached(cluster))
        assert statuses(again) == {"already": len(plan.changes)}
        assert not [line for line in commands.told() if "-i" in line]
    clean(cluster, tmp_path)


def test_accounts_and_qos_that_are_alike_are_made_at_once(cluster: Cluster, tmp_path: Path):
    commands = Commands(tmp_path / "bin")
    qos = {name: Qos(name, priority=4, max_wall=60) for name in ("ska-a", "ska-b", "ska-c")}
    limits = {name: Association(name, max_jobs=40, fairshare=9) for name in ACCOUNTS}
    model = replace(tree(cluster), qos=qos, associations=limits)
    plan = to_reach(cluster, model)
    assert bad(carry_out(cluster, plan, tmp_path, connections=commands.reached(cluster))) == []
    acts = [line.split()[1:3] for line in commands.told() if "-i" in line]
    account, text = ["add", "account"], ["modify", "account"]
    # the root of ours; those below it, and their texts; then their limits
    assert sorted(acts) == sorted([["add", "qos"], account, account, text, text])
    assert diff.diff(model, seen(cluster)) == ()
    clean(cluster, tmp_path)


def test_who_leaves_with_others_keeps_a_default_as_alone(cluster: Cluster, tmp_path: Path):
    def default_of(user: str) -> str:
        shown = ask(cluster, "sacctmgr", "-nP", "show", "user", user, "format=defaultaccount")
        return shown.strip()

    model = tree(cluster)
    made = [
        *(Association("ska-eor", user) for user in ("one", "two", "three", "four")),
        *(Association("ska-hi", user) for user in ("one", "two")),
        Association("ska-vlbi", "three"),
    ]
    model = replace(model, associations={each.name: each for each in made})
    assert bad(carry_out(cluster, to_reach(cluster, model), tmp_path)) == []
    assert {default_of(user) for user in ("one", "two", "three", "four")} == {"ska-eor"}
    ask(cluster, "sacctmgr", "-i", "add", "user", "four", "account=astro", "cluster=sitec")
    leaving = replace(model, complete=frozenset({"ska-eor"}), associations={
        name: each for name, each in model.associations.items() if each.account != "ska-eor"
    })  # fmt: skip
    commands = Commands(tmp_path / "bin")
    plan = to_reach(cluster, leaving)
    assert len(plan.changes) == 4
    receipt = carry_out(cluster, plan, tmp_path, connections=commands.reached(cluster))
    assert bad(receipt) == []
    assert len(commands.told()) <= 16
    defaults = {user: default_of(user) for user in ("one", "two", "three", "four")}
    assert defaults == {"one": "ska-hi", "two": "ska-hi", "three": "ska-vlbi", "four": "astro"}
    ask(cluster, "sacctmgr", "-i", "delete", "user", "where", "name=four", "account=astro")
    clean(cluster, tmp_path)


# ── what goes wrong stands for itself ─────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "first", "reason"),
    [
        ("Nobody", "", "Slurm takes no association called `ska-hi/Nobody`"),
        (
            "nobody",
            'if [[ "$*" == *add*nobody* ]]; then echo " error: nobody is nobody" >&2; exit 1; fi',
            "error: nobody is nobody",
        ),
    ],
    ids=["by us", "by the command"],
)
def test_one_that_cannot_be_made_fails_alone(
    cluster: Cluster, tmp_path: Path, name: str, first: str, reason: str
):
    commands = Commands(tmp_path / "bin", first)
    model = members(tree(cluster), 4)
    stranger = Association("ska-hi", name, fairshare=ACCOUNTS["ska-hi"], max_jobs=9)
    model = replace(model, associations={**model.associations, stranger.name: stranger})
    plan = to_reach(cluster, model)
    receipt = carry_out(cluster, plan, tmp_path, connections=commands.reached(cluster))
    (line,) = bad(receipt)
    assert f"ska-hi/{name}: failed" in line
    assert reason in line
    assert statuses(receipt) == {"done": len(plan.changes) - 1, "failed": 1}
    assert [change.address.name for change in diff.diff(model, seen(cluster))] == [stranger.name]
    clean(cluster, tmp_path)


def test_what_was_changed_behind_our_back_is_a_conflict_for_itself(
    cluster: Cluster, tmp_path: Path
):
    model = members(tree(cluster), 4)
    assert bad(carry_out(cluster, to_reach(cluster, model), tmp_path)) == []
    plan = to_reach(cluster, members(model, 4, more=1))
    assert len(plan.changes) == 12
    by_hand = {"hi001": "77", "eor002": str(ACCOUNTS["ska-eor"] + 1)}
    for user, share in by_hand.items():
        where = ("where", f"name={user}", "set", f"fairshare={share}")
        ask(cluster, "sacctmgr", "-i", "modify", "user", *where)
    receipt = carry_out(cluster, plan, tmp_path)
    assert bad(receipt) == [
        "update slurm/sitec/association/ska-hi/hi001: conflict `Fairshare` is 77, neither 3 nor 4"
    ]
    assert statuses(receipt) == {"done": 10, "already": 1, "conflict": 1}
    assert seen(cluster).model.associations["ska-hi/hi001"].fairshare == 77
    clean(cluster, tmp_path)


# ── killed ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("verb", ["add", "delete"])
def test_killed_in_the_middle_of_a_group_it_ends_as_undisturbed(
    cluster: Cluster, tmp_path: Path, verb: str, moment: str
):
    model = members(tree(cluster), 5)
    if verb == "delete":
        assert bad(carry_out(cluster, to_reach(cluster, model), tmp_path / "before")) == []
        model = replace(tree(cluster), complete=frozenset(ACCOUNTS))
    mark, act = tmp_path / "hangs", f'[[ "$*" == *{verb}\\ user*hi001* ]]'
    do = "" if moment == "before" else '/usr/bin/sacctmgr "$@"; '
    commands = Commands(
        tmp_path / "bin", f"if {act} && [ ! -e {mark} ]; then {do}: > {mark}; sleep 600; fi"
    )
    plan = to_reach(cluster, model)

    process = start(plan, tmp_path / "state", commands.reached(cluster))
    wait_until(mark.exists, process=None, what="the apply", log=Path(os.devnull), seconds=60)
    below = descendants(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    to_end(process)
    assert survivors(below) == ()
    with Ledger(StateStore(tmp_path / "state").ledger_path) as ledger:
        doubtful = {line.address.partition("association/")[2] for line in ledger.in_doubt()}
    assert {"ska-hi/hi001", "ska-vlbi/vlbi004"} <= doubtful  # all of the group
    there = [name for name in seen(cluster).model.associations if "/" in name]
    assert 0 < len(there) < 15

    receipt = carry_out(cluster, plan, tmp_path / "state")
    assert bad(receipt) == []
    assert diff.diff(model, seen(cluster)) == ()
    lines = lines_of(plan, tmp_path / "state")
    assert lines.keys() == {change.id for change in plan.changes}
    assert {each[-1] for each in lines.values()} <= {Status.DONE.value, Status.ALREADY.value}
    clean(cluster, tmp_path)

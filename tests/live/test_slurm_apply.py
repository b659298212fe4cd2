"""Plans carried out on real Slurm clusters, beside another science that is never disturbed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from apply_process import descendants, start, survivors, to_end
from slurm_apply_cases import (
    bad,
    bounds,
    carry_out,
    change,
    changed,
    create,
    lent,
    nothing,
    plan_of,
    reached,
    save_associations,
    seen,
    to_reach,
    wanted,
)

from srcnet_compiler.apply.receipt import Receipt, Status, exit_code
from srcnet_compiler.change import Action
from srcnet_compiler.demo import slurm_clusters, slurm_foreign
from srcnet_compiler.demo.processes import wait_until
from srcnet_compiler.demo.slurm_clusters import Cluster, Slurm, ask
from srcnet_compiler.demo.slurm_fingerprint import fingerprint
from srcnet_compiler.targets.slurm import diff
from srcnet_compiler.targets.slurm.model.things import Account, Association, Partition

pytestmark = pytest.mark.live("slurm")


@pytest.fixture
def cluster(fresh_slurm: Slurm) -> Iterator[Cluster]:
    yield from lent(fresh_slurm)


# ── what is done ──────────────────────────────────────────────────────────────────────────────


def test_every_kind_of_change_is_done_once_and_found_done_after(cluster: Cluster, tmp_path: Path):
    empty = seen(cluster).model
    for number, model in enumerate(
        [wanted(cluster), changed(wanted(cluster)), nothing(wanted(cluster))]
    ):
        plan = to_reach(cluster, model)
        before = seen(cluster).model
        state = tmp_path / str(number)
        rehearsed = carry_out(cluster, plan, state, rehearsal=True)
        assert bad(rehearsed) == []
        assert seen(cluster).model == before
        receipt = carry_out(cluster, plan, state)
        assert bad(receipt) == []
        assert {result.status for result in receipt.results} == {Status.DONE}
        assert [change.address for change in diff.diff(model, seen(cluster))] == []
        again = carry_out(cluster, plan, state)
        assert bad(again) == []
        assert {result.status for result in again.results} == {Status.ALREADY}
    assert seen(cluster).model.foreign == empty.foreign
    assert list(seen(cluster).model.things()) == []
    assert "ska" not in ask(cluster, "sacctmgr", "-nP", "show", "account", "format=account")


def test_who_leaves_an_account_keeps_a_default(cluster: Cluster, tmp_path: Path):
    model = replace(
        bounds(cluster),
        accounts={"ska": Account("ska", "root"), "ska-hi": Account("ska-hi", "ska")},
        associations={
            each.name: each
            for each in (Association("ska", "ska-test-a"), Association("ska-hi", "ska-test-a"))
        },
    )
    assert bad(carry_out(cluster, to_reach(cluster, model), tmp_path)) == []
    show = ("sacctmgr", "-nP", "show", "user", "ska-test-a", "format=defaultaccount")
    assert ask(cluster, *show) == "ska"
    leaving = to_reach(cluster, gone("association", "ska/ska-test-a", cluster))
    assert bad(carry_out(cluster, leaving, tmp_path)) == []
    assert ask(cluster, *show) == "ska-hi"
    assert bad(carry_out(cluster, to_reach(cluster, nothing(model)), tmp_path)) == []
    assert ask(cluster, *show) == ""


# ── what is refused before anything is written ────────────────────────────────────────────────


def said(receipt: Receipt) -> str:
    (result,) = receipt.results
    return f"{result.status.value}: {result.text}"


def partition(cluster: Cluster, name: str = "ska", **fields: Any) -> Any:
    node = cluster.spec.node_names[0]
    return plan_of(cluster, create(cluster, "partition", name, **{"Nodes": node, **fields}))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"Nodes": "c9"}, "not written, slurmctld says:"),
        ({"QOS": "ska-none"}, "has an invalid qos (ska-none)"),
        ({"AllowQos": ["ska-none"]}, "ska-none"),
        ({"AllowAccounts": ["nobody"]}, "names account `nobody`, which the cluster does not have"),
        ({"Bogus": "1"}, "Slurm's parser says: Parsing error at unrecognized key: Bogus"),
        ({"Default": "YES"}, "would become the default partition of everybody's jobs"),
        ({"PreemptMode": "a b"}, "Slurm would mangle it"),
    ],
)
def test_a_fragment_that_slurm_would_not_take_is_never_written(
    cluster: Cluster, tmp_path: Path, fields: dict[str, Any], reason: str
):
    written = cluster.fragment.read_bytes()
    receipt = carry_out(cluster, partition(cluster, **fields), tmp_path)
    assert said(receipt).startswith("failed: ")
    assert reason in said(receipt)
    assert exit_code(receipt) == 1
    assert cluster.fragment.read_bytes() == written
    assert [path.name for path in cluster.fragment.parent.iterdir()] == [cluster.fragment.name]
    assert ask(cluster, "scontrol", "ping").endswith("is UP")


def test_what_is_not_ours_is_refused_by_the_module_as_well(cluster: Cluster, tmp_path: Path):
    update, retire = Action.UPDATE, Action.RETIRE
    attempts = [
        change(cluster, "partition", "main", update, ("MaxTime", 86_400, 60)),
        change(cluster, "partition", "main", update, ("State", "UP", "DRAIN")),
        change(cluster, "partition", "main", retire, ("Nodes", "c[1-2]", None)),
        create(cluster, "partition", "main", Nodes="c1"),
        change(cluster, "account", "astro", update, ("Description", "astro", "ours")),
        change(cluster, "account", "astro", retire, ("Parent", "root", None)),
        create(cluster, "account", "ska-x", Parent="astro"),
        change(cluster, "association", "astro", update, ("Fairshare", 40, 1)),
        change(cluster, "association", "astro/astro-test-a", retire, ("Fairshare", 1, None)),
        create(cluster, "association", "astro/ska-test-a", Fairshare=1),
        change(cluster, "qos", "astro-long", update, ("Priority", 5, 6)),
        change(cluster, "qos", "astro-long", retire, ("Priority", 5, None)),
        create(cluster, "qos", "skaters", Priority=1),
        create(cluster, "qos", "ska-bully", Preempt=["astro-long"]),
        change(cluster, "reservation", "astro_calibration", retire, ("Duration", 7200, None)),
        create(cluster, "reservation", "other", StartTime="2031-01-01T00:00:00", Duration=60),
        change(cluster, "account", "root", update, ("Description", "default root account", "x")),
        change(cluster, "association", "root/root", retire, ("Fairshare", 1, None)),
    ]
    before = fingerprint(cluster)
    root = create(cluster, "account", "ska", Parent="root")
    receipt = carry_out(cluster, plan_of(cluster, root, *attempts), tmp_path)
    wrong = [r for r in receipt.results if r.status not in (Status.CONFLICT, Status.FAILED)]
    assert [str(result.change.address) for result in wrong] == ["slurm/sitec/account/ska"]
    assert before.differences(fingerprint(cluster)) == ()
    ask(cluster, "sacctmgr", "-i", "delete", "account", "name=ska")


def test_what_the_site_changed_by_hand_is_not_undone_by_a_reconfigure(
    cluster: Cluster, tmp_path: Path
):
    plan = partition(cluster)
    written = cluster.fragment.read_bytes()
    main = ("scontrol", "update", "PartitionName=main")
    node = ("scontrol", "update", "NodeName=c2")
    for undo, by_hand in [
        ((*main, "State=UP"), (*main, "State=DRAIN")),
        ((*main, "MaxTime=24:00:00"), (*main, "MaxTime=10:00:00")),
        ((*node, "Weight=1"), (*node, "Weight=7")),
        (
            ("scontrol", "delete", "PartitionName=byhand"),
            ("scontrol", "create", "PartitionName=byhand", "Nodes=c1"),
        ),
    ]:
        ask(cluster, *by_hand)
        before = fingerprint(cluster)
        receipt = carry_out(cluster, plan, tmp_path)
        assert "a reconfigure would" in said(receipt)
        assert before.differences(fingerprint(cluster)) == ()
        assert cluster.fragment.read_bytes() == written
        ask(cluster, *undo)
    assert said(carry_out(cluster, plan, tmp_path)) == "done: "
    assert (
        bad(carry_out(cluster, to_reach(cluster, gone("partition", "ska", cluster)), tmp_path))
        == []
    )


def gone(kind: str, name: str, cluster: Cluster) -> Any:
    return replace(bounds(cluster), ended={(kind, name): "it is retired"})


def test_a_foreign_thing_that_a_change_of_ours_touches_would_be_noticed(
    cluster: Cluster, tmp_path: Path
):
    """The fingerprint bites: the same change with the guard's bounds widened shows."""
    before = fingerprint(cluster)
    plan = plan_of(cluster, change(cluster, "qos", "astro-long", Action.UPDATE, ("Priority", 5, 6)))
    assert said(carry_out(cluster, plan, tmp_path)).startswith("conflict: ")
    assert before.differences(fingerprint(cluster)) == ()
    wider = {key: {**value, "prefix": "astro"} for key, value in reached(cluster).items()}
    assert said(carry_out(cluster, plan, tmp_path, connections=wider)) == "done: "
    (line,) = before.differences(fingerprint(cluster))
    assert line.startswith("qos astro-long: ")
    ask(cluster, "sacctmgr", "-i", "modify", "qos", "where", "name=astro-long", "set", "priority=5")


# ── what is in the way ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("daemon", ["sitec/slurmctld", "slurmdbd"])
def test_with_a_daemon_down_nothing_is_lost(
    fresh_slurm: Slurm, cluster: Cluster, tmp_path: Path, daemon: str
):
    plan = to_reach(cluster, wanted(cluster))
    written = cluster.fragment.read_bytes()
    slurm_foreign.wait_until_saved(cluster, 1)
    slurm_clusters.kill(fresh_slurm, daemon)
    receipt = carry_out(cluster, plan, tmp_path)
    assert exit_code(receipt) == 69
    assert "does not answer" in bad(receipt)[0]
    assert {r.status for r in receipt.results} == {Status.FAILED, Status.LEFT}
    assert cluster.fragment.read_bytes() == written
    slurm_clusters.restart(fresh_slurm, daemon)
    save_associations(cluster)
    assert bad(carry_out(cluster, plan, tmp_path)) == []
    assert bad(carry_out(cluster, to_reach(cluster, nothing(wanted(cluster))), tmp_path)) == []


def test_a_partition_goes_after_its_last_job_running_or_pending(cluster: Cluster, tmp_path: Path):
    model = wanted(cluster)
    assert bad(carry_out(cluster, to_reach(cluster, model), tmp_path)) == []
    small = ("-n1", "--mem=50", "-t5", "-o/dev/null")
    ours = {"user": "ska-test-a", "account": "ska-hi", "partition": "ska"}
    running = slurm_foreign.submit(cluster, "sleep 300", *small, **ours)
    pending = slurm_foreign.submit(cluster, "sleep 300", *small, "-H", **ours)
    slurm_foreign.wait_for_state(cluster, running, "RUNNING")
    plan = to_reach(cluster, nothing(model))
    steps = [
        ("partition ska has 1 running and 1 pending jobs", running),
        ("partition ska has 0 running and 1 pending jobs", pending),
    ]
    for text, job in steps:
        receipt = carry_out(cluster, plan, tmp_path)
        assert exit_code(receipt) == 6
        assert any(text in line for line in bad(receipt)), bad(receipt)
        assert "State=DRAIN" in cluster.fragment.read_text()
        assert "State=DRAIN" in ask(cluster, "scontrol", "show", "partition", "ska")
        ask(cluster, "scontrol", "reconfigure")  # anyone's, at any time
        assert "State=DRAIN" in ask(cluster, "scontrol", "show", "partition", "ska")
        with pytest.raises(slurm_clusters.CommandError):
            slurm_foreign.submit(cluster, "true", *small, **ours)
        assert slurm_foreign.state(cluster, job) in ("RUNNING", "PENDING")
        ask(cluster, "scancel", str(job))
        slurm_foreign.wait_for_state(cluster, job, "CANCELLED")
    assert bad(carry_out(cluster, plan, tmp_path)) == []
    assert list(seen(cluster).model.things()) == []
    ended = [slurm_foreign.state(cluster, job) for job in (running, pending)]
    assert ended == ["CANCELLED", "CANCELLED"]


# ── killed ────────────────────────────────────────────────────────────────────────────────────


def halting(folder: Path, word: str) -> tuple[dict[str, str], Path]:
    """Commands among which scontrol hangs the first time it is told this, and says so in a file."""
    folder.mkdir()
    mark = folder / "hangs"
    script = folder / "scontrol"
    script.write_text(
        f'#!/bin/sh\nif [ "$1" = {word} ] && [ ! -e {mark} ]; then : > {mark}; sleep 600; fi\n'
        'exec /usr/bin/scontrol "$@"\n'
    )
    script.chmod(0o755)
    return {"commands": str(folder)}, mark


@pytest.mark.parametrize("step", ["create", "update", "drain", "retire"])
def test_killed_between_the_file_and_the_daemon_it_goes_on_from_there(
    cluster: Cluster, tmp_path: Path, step: str
):
    bare = replace(bounds(cluster), partitions={"ska": Partition("ska", "c1", max_time=7200)})
    wider = replace(bare, partitions={"ska": Partition("ska", "c[1-2]", max_time=3600)})
    if step != "create":
        assert bad(carry_out(cluster, to_reach(cluster, bare), tmp_path / "before")) == []
    model = {"create": bare, "update": wider}.get(step, gone("partition", "ska", cluster))
    plan = to_reach(cluster, model)
    there = seen(cluster).model.partitions
    more, mark = halting(tmp_path / "bin", "update" if step == "drain" else "reconfigure")
    connections = {key: {**value, **more} for key, value in reached(cluster).items()}
    written = cluster.fragment.read_text()

    process = start(plan, tmp_path / "state", connections)
    wait_until(mark.exists, process=None, what="the apply", log=Path(os.devnull), seconds=60)
    below = descendants(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    to_end(process)
    assert survivors(below) == ()

    assert cluster.fragment.read_text() != written
    live = ask(cluster, "scontrol", "-a", "-o", "show", "partition")
    if step in ("create", "update"):
        assert ("PartitionName=ska " in live) == bool(there)
    if step == "update":
        assert seen(cluster).model.partitions == there
    if step == "retire":
        assert "PartitionName=ska " in live
    assert ask(cluster, "scontrol", "ping").endswith("is UP")
    receipt = carry_out(cluster, plan, tmp_path / "state")
    assert bad(receipt) == []
    assert diff.diff(model, seen(cluster)) == ()
    assert [path.name for path in cluster.fragment.parent.iterdir()] == [cluster.fragment.name]
    assert {r.status for r in carry_out(cluster, plan, tmp_path / "state").results} == {
        Status.ALREADY
    }
    end = gone("partition", "ska", cluster)
    assert bad(carry_out(cluster, to_reach(cluster, end), tmp_path / "end")) == []


def test_a_fragment_that_only_the_real_daemon_refuses_is_put_back(cluster: Cluster, tmp_path: Path):
    """The copy cannot know all: here a daemon that says no to whatever is read."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "scontrol").write_text(
        '#!/bin/sh\nif [ "$1" = reconfigure ]; then echo "slurm_reconfigure error: no" >&2; exit 1;'
        ' fi\nexec /usr/bin/scontrol "$@"\n'
    )
    (folder / "scontrol").chmod(0o755)
    written = cluster.fragment.read_bytes()
    connections = {k: {**v, "commands": str(folder)} for k, v in reached(cluster).items()}
    receipt = carry_out(cluster, partition(cluster), tmp_path, connections=connections)
    assert "slurmctld did not take partition ska" in said(receipt)
    assert cluster.fragment.read_bytes() == written

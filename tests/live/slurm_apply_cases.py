"""Plans to be carried out on a real Slurm cluster: what is wanted, and what is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from apply_process import now

from srcnet_compiler.apply.receipt import Receipt, Status
from srcnet_compiler.apply.run import apply_plan
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.change import (
    Action,
    Address,
    Change,
    FieldChange,
    Impact,
    Json,
    SystemName,
    Wait,
)
from srcnet_compiler.demo import slurm_foreign
from srcnet_compiler.demo.slurm_clusters import Cluster, Slurm, ask
from srcnet_compiler.demo.slurm_fingerprint import fingerprint
from srcnet_compiler.plan.build import waves
from srcnet_compiler.plan.file import digest
from srcnet_compiler.plan.model import Binding, Plan
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.slurm import diff
from srcnet_compiler.targets.slurm.live import LocalRunner, here, read
from srcnet_compiler.targets.slurm.model import UNLIMITED, SlurmModel
from srcnet_compiler.targets.slurm.model.things import (
    Account,
    Association,
    Partition,
    Qos,
    Reservation,
)
from srcnet_compiler.targets.slurm.model.tres import MEBI

SKA = "ska"


def bounds(cluster: Cluster) -> SlurmModel:
    """What is ours on a cluster, with nothing wanted of it."""
    return SlurmModel(
        instance=cluster.name,
        cluster=cluster.name,
        prefix=SKA,
        root_account=SKA,
        fragment=str(cluster.fragment),
    )


def wanted(cluster: Cluster) -> SlurmModel:
    """Something of every kind, with every field that the kind has."""
    one, other, *_ = cluster.spec.node_names
    qos = (
        Qos(
            "ska-batch",
            description="batch work of the federation",
            priority=10,
            grace=60,
            preempt=(),
            preempt_mode="requeue",
            flags=("DenyOnLimit", "NoDecay"),
            grp_tres={"cpu": 8, "mem": 4000 * MEBI},
            grp_tres_mins={"cpu": 60_000},
            grp_wall=36_000,
            grp_jobs=20,
            grp_submit=40,
            max_tres={"cpu": 4},
            max_tres_per_user={"cpu": 6},
            max_tres_per_account={"cpu": 7},
            max_wall=5400,
            max_jobs_per_user=5,
            max_submit_per_user=9,
            max_jobs_per_account=6,
            max_submit_per_account=UNLIMITED,
            min_tres={"cpu": 1},
        ),
        Qos("ska-inter", priority=100, preempt=("ska-batch",), flags=()),
    )
    accounts = (
        Account(SKA, "root", "the federation", "skao"),
        Account("ska-hi", SKA, "neutral hydrogen", "skao"),
    )
    associations = (
        Association(SKA, fairshare=60, grp_tres={"cpu": 10}, qos=("normal", "ska-batch")),
        Association("ska-hi", fairshare=7, max_wall=7200, max_jobs=30, max_submit=UNLIMITED),
        Association(
            "ska-hi",
            "ska-test-a",
            fairshare="parent",
            grp_tres={"cpu": 4, "mem": 100 * MEBI},
            grp_tres_mins={"cpu": 1000},
            grp_tres_run_mins={"cpu": 900},
            grp_wall=60_000,
            grp_jobs=3,
            grp_submit=4,
            max_tres={"cpu": 2},
            max_wall=3600,
            max_jobs=2,
            max_submit=3,
            qos=("ska-batch", "ska-inter"),
            default_qos="ska-batch",
        ),
        Association("ska-hi", "ska-test-a", "main", fairshare=2),
    )
    partitions = (
        Partition(
            "ska",
            one,
            allow_accounts=(SKA, "ska-hi"),
            allow_qos=("ska-batch", "ska-inter"),
            qos="ska-inter",
            max_time=7200,
            default_time=600,
            max_nodes=1,
            priority_tier=2,
            hidden=False,
        ),
        Partition("ska-dev", f"{one[0]}[1-2]", allow_accounts=(SKA,), hidden=True),
    )
    window = Reservation(
        "ska_viz",
        "07:30:00",
        5400,
        other,
        accounts=("ska-hi",),
        flags=("DAILY", "FLEX"),
        max_start_delay=300,
        purge_after=600,
    )
    once = Reservation(
        "ska_once", "2031-07-22T07:30:00", 3600, node_count=1, partition="main", accounts=(SKA,)
    )
    return replace(
        bounds(cluster),
        qos={each.name: each for each in qos},
        accounts={each.name: each for each in accounts},
        associations={each.name: each for each in associations},
        partitions={each.name: each for each in partitions},
        reservations={each.name: each for each in (window, once)},
    )


def changed(before: SlurmModel) -> SlurmModel:
    """Every kind with other values: limits that end, lists that are emptied, parents that move."""
    batch, user = before.qos["ska-batch"], before.associations["ska-hi/ska-test-a"]
    ska, viz = before.partitions["ska"], before.reservations["ska_viz"]
    associations = {
        user.name: replace(
            user,
            fairshare=9,
            grp_tres={"cpu": 5},
            grp_tres_mins={},
            grp_wall=UNLIMITED,
            grp_jobs=UNLIMITED,
            max_wall=1800,
            qos=(),
            default_qos="",
        ),
        SKA: replace(before.associations[SKA], qos=(), grp_tres={}, fairshare=61),
    }
    partition = replace(ska, max_time=UNLIMITED, default_time=UNLIMITED, qos="", allow_qos=())
    window = replace(
        viz, start="08:00:00", duration=3600, flags=("IGNORE_JOBS", "WEEKDAY"), purge_after=-1
    )
    return replace(
        before,
        qos={
            **before.qos,
            "ska-batch": replace(
                batch,
                description="other work",
                grace=0,
                preempt_mode="cluster",
                flags=(),
                grp_tres={"mem": 100 * MEBI},
                max_wall=UNLIMITED,
                max_jobs_per_user=UNLIMITED,
                min_tres={},
            ),
            "ska-inter": replace(before.qos["ska-inter"], preempt=()),
        },
        accounts={**before.accounts, "ska-hi": Account("ska-hi", SKA, "hydrogen", "skao")},
        associations={**before.associations, **associations},
        partitions={**before.partitions, "ska": replace(partition, priority_tier=3)},
        reservations={**before.reservations, "ska_viz": window},
    )


def nothing(before: SlurmModel) -> SlurmModel:
    """All of it retired."""
    keys = [(thing.kind, thing.name) for thing in before.things()]
    return replace(
        bounds_of(before), ended=dict.fromkeys(keys, "it is retired"), version=before.version
    )


def bounds_of(model: SlurmModel) -> SlurmModel:
    empty: dict[str, Any] = {}
    return replace(
        model, qos=empty, accounts=empty, associations=empty, partitions=empty, reservations=empty
    )


def seen(cluster: Cluster) -> Reading[SlurmModel]:
    return read(LocalRunner({"SLURM_CONF": str(cluster.slurm_conf)}), bounds(cluster))


def to_reach(cluster: Cluster, model: SlurmModel) -> Plan:
    """The changes from what is there to this."""
    return plan_of(cluster, *diff.diff(model, seen(cluster)))


def plan_of(cluster: Cluster, *changes: Change) -> Plan:
    return Plan(
        (SystemName("slurm", cluster.name),), Binding("specs", "artifacts", "tool"), waves(changes)
    )


def change(
    cluster: Cluster,
    kind: str,
    name: str,
    action: Action,
    *fields: tuple[str, Json, Json],
    waits: tuple[Wait, ...] = (),
) -> Change:
    made = tuple(FieldChange(*field) for field in fields)
    where = Address("slurm", cluster.name, kind, name)
    return Change(where, action, made, Impact.ADDITIVE, waits=waits)


def create(cluster: Cluster, kind: str, name: str, **fields: Json) -> Change:
    made = [(key, None, value) for key, value in fields.items()]
    return change(cluster, kind, name, Action.CREATE, *made)


def reached(cluster: Cluster) -> dict[str, Any]:
    return {f"slurm/{cluster.name}": here(bounds(cluster), str(cluster.slurm_conf))}


def carry_out(cluster: Cluster, plan: Plan, state: Path, **more: Any) -> Receipt:
    options = {"connections": reached(cluster), **more}
    return apply_plan(plan, digest=digest(plan), store=StateStore(state), clock=now, **options)


def bad(receipt: Receipt) -> list[str]:
    """What was neither done nor found done, in words."""
    good = (Status.DONE, Status.ALREADY)
    lines = [
        f"{r.change.action.value} {r.change.address}: {r.status.value} {r.text}"
        for r in receipt.results
        if r.status not in good
    ]
    return [*lines, *receipt.trouble]


def save_associations(cluster: Cluster) -> None:
    """Have the daemon write down what it knows of the database, as it does every five minutes."""
    ask(cluster, "scontrol", "reconfigure")


def lent(slurm: Slurm) -> Iterator[Cluster]:
    """A cluster on which others compute: it is as it was when the test has ended (law 5)."""
    (cluster,) = slurm.clusters
    foreign = slurm_foreign.settle(cluster)
    save_associations(cluster)
    before = fingerprint(cluster)
    yield cluster
    assert slurm_foreign.state(cluster, foreign.job) == "RUNNING"
    assert before.differences(fingerprint(cluster)) == ()

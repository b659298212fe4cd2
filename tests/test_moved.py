"""Another name for a queue or a project: what a plan does on clusters that know the old one."""

from dataclasses import replace

import pytest
from moved_specs import (
    CSCS,
    CYCLE,
    PROJECT,
    PROJECT_ALONE,
    QUEUE,
    QUEUE_ALONE,
    QUEUES,
    renamed,
    said,
)
from specs import GOLDEN, TODAY, compiled

from srcnet_compiler.change import Action, Change, Impact
from srcnet_compiler.diagnostic import Code
from srcnet_compiler.plan.build import waves
from srcnet_compiler.plan.guard import guard
from srcnet_compiler.plan.model import Binding, Plan
from srcnet_compiler.targets import kubernetes, slurm
from srcnet_compiler.targets.kubernetes.model import KubernetesModel
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.slurm.model import Foreign, Job, SlurmModel
from srcnet_compiler.targets.slurm.model.things import Association


def of(result, target, instance):
    return next(
        lowered.model
        for lowered in result.models
        if lowered.target is target and lowered.model.instance == instance
    )


def slurm_of(*edits) -> SlurmModel:
    result = renamed(*edits) if edits else compiled(GOLDEN)
    return of(result, slurm.TARGET, "CHSRC-CSCS.common")


def kubernetes_of(*edits) -> KubernetesModel:
    result = renamed(*edits) if edits else compiled(GOLDEN)
    return of(result, kubernetes.TARGET, "CHSRC-CSCS.services")


def steps(changes: tuple[Change, ...]) -> set[tuple[str, str, str]]:
    return {(c.action.value, c.address.kind, c.address.name) for c in changes}


def job(**of) -> Job:
    there = {"running": False, "account": "ska-eor", "user": "alice", "qos": "ska-batch"}
    return Job("1", **{**there, "partitions": ("ska-batch",), **of})


def people(model: SlurmModel, *users: str) -> SlurmModel:
    """With members of an account, which is their default one."""
    members = {f"ska-eor/{user}": Association("ska-eor", user) for user in users}
    return replace(
        model,
        associations={**model.associations, **members},
        foreign=Foreign(users=dict.fromkeys(users, "ska-eor")),
    )


def without(names, old):
    return tuple(name for name in names if name != old)


def test_a_queue_that_jobs_use_is_closed_and_stays_with_all_that_names_it():
    old, new = slurm_of(), slurm_of(*QUEUE)
    seen = replace(old, jobs=(job(),))
    changes = slurm.diff.diff(new, Reading(seen))
    assert {step for step in steps(changes) if step[0] == "create"} == {
        ("create", "qos", "ska-production"),
        ("create", "partition", "ska-production"),
    }
    closed = {c.address.kind: c.fields for c in changes if c.address.name == "ska-batch"}
    assert {kind: [(f.name, f.after) for f in fields] for kind, fields in closed.items()} == {
        "qos": [("GrpSubmitJobs", 0)],
        "partition": [("State", "DRAIN")],
    }
    assert {f.origin.file for fields in closed.values() for f in fields} == {
        "policies/lifecycle.yaml"
    }
    for change in changes:
        for field in change.fields:
            if change.address.kind == "association" and field.name == "QosLevel":
                assert {"ska-batch", "ska-production"} <= {*field.after}
    assert Action.RETIRE not in {change.action for change in changes}
    assert max(change.impact.rank for change in changes) < Impact.DRAINS_JOBS.rank or closed
    postponed = slurm.diff.postponed(new, Reading(seen))
    assert [what for what, _ in postponed] == [
        "partition `ska-batch`",
        "qos `ska-batch`",
    ]
    assert "0 running and 1 pending" in postponed[0][1]


def test_a_queue_that_nobody_uses_ends_after_all_that_named_it():
    old, new = slurm_of(), slurm_of(*QUEUE)
    changes = slurm.diff.diff(new, Reading(old))
    assert ("retire", "qos", "ska-batch") in steps(changes)
    assert slurm.diff.postponed(new, Reading(old)) == ()
    order = [c for wave in waves(changes) for c in wave]
    at = {(c.action, c.address.kind, c.address.name): n for n, c in enumerate(order)}
    end = at[Action.RETIRE, "qos", "ska-batch"]
    for change in order:
        named = any("ska-batch" in str(field.before) for field in change.fields)
        if named and change.action is Action.UPDATE:
            assert order.index(change) < end
            if change.address.kind == "association":
                assert [wait.kind for wait in change.waits] == ["qos-idle"]
    assert at[Action.UPDATE, "qos", "ska-batch"] < end
    assert {wait.kind for wait in order[end].waits} == {"qos-idle", "qos-unnamed"}


@pytest.mark.parametrize("edits", [QUEUE, PROJECT])
def test_when_the_old_one_is_gone_nothing_is_to_be_done(edits):
    """And the document that stays there means nothing any more."""
    new = slurm_of(*edits)
    assert slurm.diff.diff(new, Reading(new)) == ()
    assert slurm.diff.postponed(new, Reading(new)) == ()
    there = kubernetes_of(*edits)
    assert kubernetes.diff.diff(there, Reading(there)) == ()


def test_without_the_document_the_old_one_is_left_as_it_is():
    """Nothing ends because it is absent, and nobody guesses."""
    changes = slurm.diff.diff(slurm_of(*QUEUE_ALONE), Reading(slurm_of()))
    assert not {step for step in steps(changes) if step[2] == "ska-batch"}


def test_the_people_of_an_account_follow_and_what_it_used_counts():
    old = people(slurm_of(), "alice", "bob")
    seen = replace(old, jobs=(job(),))
    new = slurm_of(*PROJECT)
    changes = slurm.diff.diff(new, Reading(seen))
    by_name = {(c.address.kind, c.address.name): c for c in changes}
    for user in ("alice", "bob"):
        change = by_name["association", f"ska-reionisation/{user}"]
        assert change.action is Action.CREATE
        assert [(f.name, f.after) for f in change.fields] == [
            ("DefaultAccount", "ska-reionisation")
        ]
    parent = by_name["account", "ska-eor"]
    assert [(f.name, f.after) for f in parent.fields] == [("Parent", "ska-reionisation")]
    order = [c.address.name for wave in waves(changes) for c in wave]
    closing = order.index("ska-eor", order.index("ska-reionisation/bob"))
    assert closing > order.index("ska-reionisation/alice")
    for change in changes:
        for field in change.fields:
            if field.name == "AllowAccounts" and "ska-reionisation" in field.after:
                assert "ska-eor" in field.after
    assert Action.RETIRE not in {change.action for change in changes}
    changes = slurm.diff.diff(new, Reading(replace(seen, jobs=())))
    assert {
        ("retire", "account", "ska-eor"),
        ("retire", "association", "ska-eor/alice"),
        ("retire", "association", "ska-eor/bob"),
    } <= steps(changes)
    waves(changes)


def test_who_is_no_member_any_more_does_not_follow():
    """Where the identity provider's export says who belongs to a project, that is what counts."""
    old = people(slurm_of(), "alice")
    new = replace(slurm_of(*PROJECT), complete=frozenset({"ska-reionisation"}))
    made = steps(slurm.diff.diff(new, Reading(old)))
    assert ("create", "association", "ska-reionisation/alice") not in made
    assert ("retire", "association", "ska-eor/alice") in made


def test_a_queue_and_a_project_have_new_names_at_once():
    old = people(slurm_of(), "alice")
    new = slurm_of(
        said(
            "{queue: production, from: batch, to: production}\n---\n"
            "apiVersion: srcnet.skao.int/v1alpha2\nkind: Moved\nmetadata: {name: two}\n"
            "spec: {project: reionisation, from: eor, to: reionisation}"
        ),
        *QUEUE_ALONE,
        (CYCLE, "- name: eor", "- name: reionisation"),
    )
    for jobs in ((), (job(),), (job(qos="ska-interactive", partitions=("ska-interactive",)),)):
        waves(slurm.diff.diff(new, Reading(replace(old, jobs=jobs))))
    # a job of the old account in another queue: its account may ask for the old QOS still
    ends = [" ".join(each) for each in slurm.diff.postponed(new, Reading(replace(old, jobs=jobs)))]
    assert any("account ska-eor may still ask for it" in each for each in ends)


def test_administrators_who_keep_accounting_to_themselves_are_told_the_lines():
    kept = (CSCS, "[accounting, reservations, partitions]", "[reservations]")
    (task,) = [t for t in slurm_of(kept, *QUEUE).tasks if "another name" in t.title]
    assert [*task.lines] == [
        "scontrol update PartitionName=ska-batch State=DRAIN",
        "sacctmgr -i modify qos where name=ska-batch set GrpSubmitJobs=0",
    ]
    (task,) = [t for t in slurm_of(kept, *PROJECT).tasks if "another name" in t.title]
    assert [*task.lines] == [
        "sacctmgr -i modify account where name=ska-eor cluster=common set parent=ska-reionisation",
        "sacctmgr -i modify account where name=ska-eor cluster=common set GrpSubmitJobs=0",
    ]
    assert not [t for t in slurm_of(*QUEUE).tasks if "another name" in t.title]


# ── Kubernetes ────────────────────────────────────────────────────────────────────────────────

OLD = {
    ("LocalQueue", "ska-jobs/batch"),
    ("PriorityClass", "ska-batch"),
    ("WorkloadPriorityClass", "ska-batch"),
}


def seen_by(old: KubernetesModel, *who: str) -> Reading[KubernetesModel]:
    return Reading(replace(old, users=dict.fromkeys(OLD, who)))


def test_a_queue_on_kubernetes_ends_when_no_pod_and_no_job_names_it():
    old, new = kubernetes_of(), kubernetes_of(*QUEUE)
    assert {*new.moved} == OLD
    used = seen_by(old, "Job ska-jobs/a", "Pod ska-jobs/b")
    assert Action.RETIRE not in {c.action for c in kubernetes.diff.diff(new, used)}
    assert {why.partition(": ")[2] for _, why in kubernetes.diff.postponed(new, used)} == {
        "Job ska-jobs/a and 1 more name it"
    }
    changes = kubernetes.diff.diff(new, seen_by(old))
    ends = [c for c in changes if c.action is Action.RETIRE]
    assert {(c.address.kind, c.address.name) for c in ends} == OLD
    assert all([wait.kind for wait in c.waits] == ["unused"] for c in ends)
    order = [(c.action, c.address.kind) for wave in waves(changes) for c in wave]
    assert order.index((Action.UPDATE, "CronJob")) < order.index((Action.RETIRE, "PriorityClass"))


def test_what_nobody_could_look_at_counts_as_used():
    changes = kubernetes.diff.diff(kubernetes_of(*QUEUE), Reading(kubernetes_of()))
    assert Action.RETIRE not in {change.action for change in changes}


def test_administrators_are_told_what_srcnet_must_see_for_it():
    titles = [task.title for task in kubernetes_of(*QUEUE).tasks]
    assert "Let srcnet see who still uses a queue that has another name now" in titles
    assert not [each for each in kubernetes_of().tasks if "another name" in each.title]


# ── the guard ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("edits", [QUEUE, PROJECT])
def test_the_guard_lets_the_old_one_end_by_the_document_alone(edits):
    result = renamed(*edits)
    changes = (
        *slurm.diff.diff(of(result, slurm.TARGET, "CHSRC-CSCS.common"), Reading(slurm_of())),
        *kubernetes.diff.diff(
            of(result, kubernetes.TARGET, "CHSRC-CSCS.services"), seen_by(kubernetes_of())
        ),
    )
    plan = Plan((), Binding("", "", ""), waves(changes))
    refusals = [found.message for found in guard(plan, result.federation, TODAY)]
    assert not [each for each in refusals if "document" in each]
    bare = replace(result.federation, renamed=())
    refusals = [found.message for found in guard(plan, bare, TODAY)]
    assert [each for each in refusals if "would be removed, and no `Retired` document" in each]


# ── likely moves ──────────────────────────────────────────────────────────────────────────────


def likely(target, new, old) -> list:
    found = target.check_seen(new, old)
    return [each for each in found if each.code is Code.LIKELY_MOVE]


def test_what_looks_like_another_name_is_said_with_the_document_to_type():
    (queue,) = likely(slurm.TARGET, slurm_of(*QUEUE_ALONE), slurm_of())
    assert queue.message == (
        "`ska-production` would be made beside `ska-batch`, which no spec describes and which has"
        " the same limits"
    )
    assert "`queue: production, from: batch, to: production`" in queue.help
    assert queue.labels[0].span.file == "policies/compute/queues.yaml"
    (project,) = likely(slurm.TARGET, slurm_of(*PROJECT_ALONE), slurm_of())
    assert "`project: reionisation, from: eor, to: reionisation`" in project.help
    (waiting,) = likely(kubernetes.TARGET, kubernetes_of(*QUEUE_ALONE), kubernetes_of())
    assert "`queue: production, from: batch, to: production`" in waiting.help


@pytest.mark.parametrize(
    "edits",
    [
        (*QUEUE_ALONE, (QUEUES, "walltime: 48 h", "walltime: 47 h")),
        (*PROJECT_ALONE, (CYCLE, "share: 60 %", "share: 59 %")),
    ],
)
def test_what_differs_is_no_likely_move(edits):
    assert likely(slurm.TARGET, slurm_of(*edits), slurm_of()) == []


@pytest.mark.parametrize("edits", [QUEUE, PROJECT])
def test_where_the_document_is_there_nothing_more_is_said(edits):
    assert likely(slurm.TARGET, slurm_of(*edits), slurm_of()) == []
    new = kubernetes_of(*edits)
    found = [each.message for each in kubernetes.TARGET.check_seen(new, kubernetes_of())]
    assert not [each for each in found if "batch" in each]


def test_two_that_are_alike_are_both_named():
    old = slurm_of()
    twin = replace(old.qos["ska-batch"], name="ska-bulk")
    seen = replace(old, qos={**old.qos, "ska-bulk": twin})
    (found,) = likely(slurm.TARGET, slurm_of(*QUEUE_ALONE), seen)
    assert "and so have `ska-bulk`" in found.message

"""A check of jobs when they are submitted, for a site to install: it asks ours who they are."""

from collections.abc import Iterator

from srcnet_compiler.span import Span
from srcnet_compiler.targets.slurm.lower.places import written
from srcnet_compiler.targets.slurm.lower.scope import Scope
from srcnet_compiler.targets.slurm.lower.scratch import GIGABYTE
from srcnet_compiler.targets.slurm.lower.tasks import script
from srcnet_compiler.task import Task

NAME = "job_submit.lua"
_COMMENT = {
    "federated identity": "fed_id=<your federated identity>",
    "image digest": "image=sha256:<the 64 digits of your image>",
}
"""What the comment of a job must have, as a person is told."""


def guard(scope: Scope) -> Iterator[Task]:
    """Where jobs must say something of themselves, or get an amount of scratch that is counted."""
    carries, amount = scope.policy.carries, _amount(scope)
    if not carries and amount is None:
        return
    said = [
        *([f"Every job of the federation carries its {', '.join(carries)}."] if carries else []),
        *(
            [f"One that does not ask for scratch gets {amount} GB of it, so that it is counted."]
            if amount is not None
            else []
        ),
    ]
    yield script(
        scope,
        "Refuse jobs that do not say whose they are" if carries else "Have scratch asked for",
        f"{' '.join(said)} Put this file beside your slurm.conf, which needs"
        " `JobSubmitPlugins=lua`; Slurm reads it anew when it has changed. Jobs of all other"
        " accounts pass as they are, and edits by root pass always. If you have a job_submit.lua,"
        " take all above `slurm_job_submit` into it, and let your own functions return what"
        " `srcnet_submit(job_desc)` and `srcnet_modify(job_desc, job_rec, modify_uid)` return where"
        " that is not `slurm.SUCCESS`.",
        NAME,
        {
            "project": "project" in carries,
            "asked": [word for word in _COMMENT if word in carries],
            "example": " ".join(_COMMENT[word] for word in _COMMENT if word in carries),
            "resource": scope.cluster.scratch_resource,
            "amount": amount,
        },
        *([scope.policy.origin.at("identity", "everyJobCarries")] if carries else []),
        *_amount_places(scope),
    )


def _amount(scope: Scope) -> int | None:
    """The GB of scratch that a job is given; None where Slurm counts none, or none is due."""
    scratch, cluster = scope.policy.scratch, scope.cluster
    due = scratch is not None and scratch.per_job == "required" and scratch.amount
    counted = cluster.scratch_resource is not None and any(g.scratch for g in cluster.nodes)
    return due // GIGABYTE if due and counted else None


def _amount_places(scope: Scope) -> Iterator[Span]:
    scratch, cluster = scope.policy.scratch, scope.cluster
    if scratch is not None:
        yield from written(scratch.origin, "amount", "perJob")
        yield from written(cluster.origin, "scratchResource")
        for group in cluster.nodes:
            yield from written(group.origin, "scratch")

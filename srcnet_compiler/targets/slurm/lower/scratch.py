"""Scratch of jobs on their nodes: counted by Slurm, a directory for each job, and its end."""

from collections.abc import Iterator

from srcnet_compiler.federation.compute import JobScratch
from srcnet_compiler.hostlist import compress
from srcnet_compiler.targets.slurm.lower.places import Spans, written
from srcnet_compiler.targets.slurm.lower.scope import Scope
from srcnet_compiler.targets.slurm.lower.tasks import CONFIG, script, task
from srcnet_compiler.task import SHELL, Task

GIGABYTE = 10**9
UNKNOWN = "<a directory of your local scratch>"
"""Stands where the spec does not say where scratch is: no path, so nothing is made or removed."""
_SCRATCH = "scratch"
_PROLOGS = "/etc/slurm/prolog.d"
_EPILOGS = "/etc/slurm/epilog.d"
_TASK_PROLOG = "/etc/slurm/srcnet-task-prolog"
_OURS = "50-srcnet"


def scratch(scope: Scope) -> Iterator[Task]:
    """What a site does for the scratch of jobs, where the policy wants any."""
    wanted = scope.policy.scratch
    if wanted is not None and wanted.per_job != "none":
        yield from _counted(scope, wanted)
        yield from _installed(scope, wanted)
        yield from _scripts(scope, wanted)
        yield from _emptied(scope, wanted)


def _counted(scope: Scope, wanted: JobScratch) -> Iterator[Task]:
    groups = [group for group in scope.cluster.nodes if group.scratch]
    if scope.cluster.scratch_resource is not None or not groups:
        return
    counts = [(compress(g.names), (g.scratch or 0) // GIGABYTE) for g in groups]
    yield task(
        scope,
        "Have local scratch counted",
        "Jobs of the federation get scratch on their nodes. Slurm shares it out in GB if it is"
        " a resource that is only counted; add `Gres=` to your lines of these nodes. Then write"
        f" `scratchResource: {_SCRATCH}` in the spec of your site.",
        f"{CONFIG} and gres.conf",
        (
            f"GresTypes={_SCRATCH}",
            f"AccountingStorageTRES=gres/{_SCRATCH}",
            *(f"NodeName={names} Gres={_SCRATCH}:{count}" for names, count in counts),
            "# gres.conf",
            *(
                f"NodeName={names} Name={_SCRATCH} Count={count} Flags=CountOnly"
                for names, count in counts
            ),
        ),
        *_wanted_places(wanted),
        *(span for g in groups for span in written(g.origin, "scratch", "names")),
        *written(scope.cluster.origin, "scratchResource"),
    )


def _installed(scope: Scope, wanted: JobScratch) -> Iterator[Task]:
    base = _base(scope)
    spans = (*_wanted_places(wanted), *_base_places(scope))
    ends = "goes with it" if wanted.keep == 0 else "is kept for a while when it ends"
    unknown = (
        ""
        if scope.cluster.scratch_path
        else " The spec of your site does not say where local scratch is: write `scratchPath`"
        " there, and this page and its files are written with it."
    )
    yield task(
        scope,
        "Install what gives each job a directory",
        "Each job of the federation has a directory of its own on local scratch, which"
        f" {ends}; jobs of all other accounts run no further than its first test. To type"
        " on each node, in the folder of this page. Nobody but root may write into the directory"
        f" above those of jobs.{unknown}",
        SHELL,
        (
            f"install -d -m 0755 -o root -g root '{base}' {_PROLOGS} {_EPILOGS}",
            f"install -m 0755 -o root -g root prolog.sh {_PROLOGS}/{_OURS}",
            f"install -m 0755 -o root -g root epilog.sh {_EPILOGS}/{_OURS}",
            f"install -m 0755 -o root -g root task-prolog.sh {_TASK_PROLOG}",
        ),
        *spans,
    )
    yield task(
        scope,
        "Have it run with each job",
        "Once it is installed on all nodes. If you have a prolog or an epilog, put it into the"
        " folder too: Slurm runs all that the pattern finds, the last name first, and takes the"
        " node out of service if one of them fails; ours never fails. If you have a task prolog,"
        f" end it with `exec {_TASK_PROLOG}`, and leave that line as it is.",
        CONFIG,
        (
            f"Prolog={_PROLOGS}/*",
            f"Epilog={_EPILOGS}/*",
            f"TaskProlog={_TASK_PROLOG}",
        ),
        *spans,
    )


def _scripts(scope: Scope, wanted: JobScratch) -> Iterator[Task]:
    values = {
        "base": _base(scope),
        "required": wanted.per_job == "required",
        "keep": wanted.keep,
    }
    for name, title, why in (
        ("prolog.sh", "The prolog", "Makes the directory of a job on a node, as root."),
        ("epilog.sh", "The epilog", "Ends the directory of a job on a node, as root."),
        ("task-prolog.sh", "The task prolog", "Tells tasks where it is, as the user of the job."),
    ):
        spans = (*_wanted_places(wanted), *_base_places(scope))
        yield script(scope, title, f"{why} For you to read; it is installed above.", name, values,
                     *spans)  # fmt: skip


def _emptied(scope: Scope, wanted: JobScratch) -> Iterator[Task]:
    if wanted.keep:
        yield task(
            scope,
            "Have scratch emptied a while after a job",
            "What a job leaves is kept as the policy says. In the crontab of root on each node:",
            "crontab",
            (
                f"17 * * * * find '{_base(scope)}' -mindepth 1 -maxdepth 1 -type d -name 'ended-*'"
                f" -mmin +{wanted.keep // 60} -exec rm -rf --one-file-system -- {{}} +",
            ),
            *_wanted_places(wanted),
            *_base_places(scope),
        )


def _base(scope: Scope) -> str:
    return scope.cluster.scratch_path or UNKNOWN


def _wanted_places(wanted: JobScratch) -> Spans:
    return (wanted.origin.at("perJob"), *written(wanted.origin, "amount", "cleanup"))


def _base_places(scope: Scope) -> Spans:
    return written(scope.cluster.origin, "scratchPath")

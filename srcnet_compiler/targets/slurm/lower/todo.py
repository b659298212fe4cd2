"""What only the administrators of a cluster can do: why, and the exact lines."""

from collections.abc import Iterator

from srcnet_compiler.federation.compute import WEEKDAYS
from srcnet_compiler.hostlist import compress
from srcnet_compiler.span import Span
from srcnet_compiler.targets.slurm.lower.guard import calls, guard
from srcnet_compiler.targets.slurm.lower.places import Spans, all_queues, cluster_places, written
from srcnet_compiler.targets.slurm.lower.scope import RANKS, Scope
from srcnet_compiler.targets.slurm.model import (
    Qos,
    Reservation,
    SlurmModel,
    Thing,
    parents_first,
)
from srcnet_compiler.targets.slurm.model.lines import (
    account_command,
    partition_line,
    qos_command,
    reservation_command,
)
from srcnet_compiler.task import SHELL, Task

_GIGABYTE = 10**9
_SCRATCH = "scratch"
_CONFIG = "slurm.conf"


def todo(scope: Scope, whole: SlurmModel) -> tuple[Task, ...]:
    """In the order in which they are best done; `whole` has what the site does not allow too."""
    if scope.cluster.retired:
        return tuple(_farewell(scope, whole))
    return (
        *_login(scope),
        *_accounting(scope, whole),
        *_enforce(scope, whole),
        *_resources(scope, whole),
        *_partitions(scope, whole),
        *_reservations(scope, whole),
        *_preemption(scope, whole),
        *_hours(scope, whole),
        *_scratch(scope),
        *_guard(scope),
    )


def _task(
    scope: Scope, title: str, why: str, where: str, lines: tuple[str, ...], *spans: Span
) -> Task:
    return Task(title, why, where, lines, tuple(dict.fromkeys((*spans, *cluster_places(scope)))))


def _spans(*things: Thing) -> Spans:
    return tuple(span for thing in things for found in thing.origins.values() for span in found)


# ── what lets us in ───────────────────────────────────────────────────────────────────────────


def _login(scope: Scope) -> Iterator[Task]:
    user = scope.cluster.controller.user
    if user is not None and (scope.allows("accounting") or scope.allows("reservations")):
        yield _task(
            scope,
            "Let srcnet change what you allow",
            f"Slurm lets only operators make QOS, accounts and reservations; `{user}` is the user"
            " that srcnet logs in as. Where Slurm knows this user already, `modify user` with `set"
            " adminlevel=operator` does it.",
            SHELL,
            (f"sacctmgr -i add user name={user} account=root adminlevel=operator",),
            scope.cluster.controller.origin.at("user"),
        )


def _partitions(scope: Scope, whole: SlurmModel) -> Iterator[Task]:
    things = whole.partitions.values()
    names = ", ".join(f"`{thing.name}`" for thing in things)
    if scope.allows("partitions"):
        yield _task(
            scope,
            "Include the federation's partitions",
            "They stand in a file of their own, which holds nothing else; make it before the line"
            f" is read: `mkdir -p {_folder(whole.fragment)} && touch {whole.fragment}`.",
            _CONFIG,
            (f"Include {whole.fragment}",),
            *written(scope.cluster.origin, "fragment", "allows"),
        )
    elif things:
        yield _task(
            scope,
            "Give the federation's jobs partitions",
            f"You keep partitions to yourselves: write {names}, or let the accounts and QOS of"
            " these lines into partitions that you have.",
            _CONFIG,
            tuple(partition_line(thing) for thing in things),
            *_spans(*things),
        )


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _accounting(scope: Scope, whole: SlurmModel) -> Iterator[Task]:
    if not scope.allows("accounting") and whole.accounts:
        yield _task(
            scope,
            "Make the federation's QOS and accounts",
            "You keep accounting to yourselves. What exists already is refused and harmless: change"
            " it with `modify`.",
            SHELL,
            (
                *(qos_command(t) for t in whole.things() if isinstance(t, Qos)),
                *(
                    account_command(whole.accounts[name], whole.associations.get(name))
                    for name in parents_first(whole.accounts)
                ),
            ),
            *_spans(*whole.qos.values(), *whole.accounts.values(), *whole.associations.values()),
        )


def _reservations(scope: Scope, whole: SlurmModel) -> Iterator[Task]:
    things = whole.reservations.values()
    if not scope.allows("reservations") and things:
        yield _task(
            scope,
            "Keep nodes for the windows",
            f"You keep reservations to yourselves. Times are those of {whole.time_zone}; Slurm"
            " refuses nodes that are busy then.",
            SHELL,
            tuple(reservation_command(thing, _first(thing), whole.time_zone) for thing in things),
            scope.federation.sites[scope.cluster.site].origin.at("location", "timezone"),
            *_spans(*things),
        )


def _first(thing: Reservation) -> str:
    """When a window begins first, as scontrol takes it: a weekly one needs a date."""
    day, space, clock = thing.start.rpartition(" ")
    return f"<date of the next {_LONG[day]}>T{clock}" if space else thing.start


_LONG = dict(
    zip(
        (day.capitalize() for day in WEEKDAYS),
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        strict=True,
    )
)


def _farewell(scope: Scope, whole: SlurmModel) -> Iterator[Task]:
    if scope.allows("partitions"):
        yield _task(
            scope,
            "Take the federation's partitions out",
            "The cluster ends for the federation. When nothing stands in that file any more,"
            " take out the line that includes it, reconfigure, and remove the file.",
            _CONFIG,
            (f"Include {whole.fragment}",),
            *written(scope.cluster.origin, "fragment", "allows"),
        )


# ── without which limits do nothing ───────────────────────────────────────────────────────────


def _enforce(scope: Scope, whole: SlurmModel) -> Iterator[Task]:
    if whole.accounts:
        yield _task(
            scope,
            "Have limits enforced",
            "Without `limits` and `qos` the federation's limits are written and do nothing."
            " `limits` holds for everybody: users without an association can submit nothing any"
            " more. Add what is missing to the words that stand there.",
            _CONFIG,
            ("AccountingStorageEnforce=associations,limits,qos",),
            scope.policy.origin.at("queues"),
            *all_queues(scope),
        )


def _resources(scope: Scope, whole: SlurmModel) -> Iterator[Task]:
    things: tuple[Thing, ...] = (*whole.qos.values(), *whole.associations.values())
    limited = [thing for thing in things if _limits(thing, "gres/gpu")]
    if limited:
        yield _task(
            scope,
            "Have GPUs counted",
            "GPUs are limited, and Slurm refuses limits of what it does not count. Add it to what"
            " stands there.",
            _CONFIG,
            ("AccountingStorageTRES=gres/gpu",),
            *_spans(*limited),
        )


def _limits(thing: Thing, name: str) -> bool:
    return any(isinstance(value, dict) and name in value for value in thing.fields().values())


def _preemption(scope: Scope, whole: SlurmModel) -> Iterator[Task]:
    """Where jobs of ours might make way for others of ours, and the site stops none."""
    makes_way = [q for q in scope.queues if q.preemptible]
    least = min((RANKS.index(q.priority) for q in makes_way), default=len(RANKS))
    if scope.cluster.preemption or all(RANKS.index(q.priority) <= least for q in scope.queues):
        return
    yield _task(
        scope,
        "Let jobs make way, if you want it",
        f"Jobs of {', '.join(f'`{scope.name(q.name)}`' for q in makes_way)} may be stopped and"
        " queued again for others of the federation; this cluster stops none. Both keys hold for"
        " all QOS, of which only those with `Preempt` stop others. Then write `preemption: true` in"
        " the spec of your site.",
        _CONFIG,
        ("PreemptType=preempt/qos", "PreemptMode=REQUEUE"),
        *(q.origin.at("preemptible") for q in makes_way),
        *written(scope.cluster.origin, "preemption"),
        *all_queues(scope, "preemptible", "priority"),
    )


def _hours(scope: Scope, whole: SlurmModel) -> Iterator[Task]:
    counted = [each for each in whole.associations.values() if each.grp_tres_mins]
    if not counted:
        return
    grants = {scope.name(grant.project.name): grant for grant in scope.grants}
    periods = [grants[each.account].allocation for each in counted]
    ends = tuple(dict.fromkeys(p.origin.at("period", "until") for p in periods))
    yield _task(
        scope,
        "Begin each period at nothing",
        "Hours hold for a whole period, and Slurm counts from when it was last told to begin anew"
        " (with less and less weight for what is past, where `PriorityDecayHalfLife` is not 0)."
        " On the first day of a period:",
        SHELL,
        tuple(
            f"sacctmgr -i modify account where name={each.account}"
            f" cluster={scope.cluster.cluster} set rawusage=0"
            for each in counted
        ),
        *_spans(*counted),
        scope.cluster.origin.at("cluster"),
        *ends,
    )


# ── scratch and identity ──────────────────────────────────────────────────────────────────────


def _scratch(scope: Scope) -> Iterator[Task]:
    scratch = scope.policy.scratch
    if scratch is None or scratch.per_job == "none":
        return
    place = (scratch.origin.at("perJob"), *written(scratch.origin, "amount", "cleanup"))
    groups = [group for group in scope.cluster.nodes if group.scratch]
    if scope.cluster.scratch_resource is None and groups:
        counts = [(compress(g.names), (g.scratch or 0) // _GIGABYTE) for g in groups]
        yield _task(
            scope,
            "Have local scratch counted",
            "Jobs of the federation get scratch on their nodes. Slurm shares it out in GB if it is"
            " a resource that is only counted; add `Gres=` to your lines of these nodes. Then write"
            f" `scratchResource: {_SCRATCH}` in the spec of your site.",
            f"{_CONFIG} and gres.conf",
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
            *place,
            *(span for g in groups for span in written(g.origin, "scratch", "names")),
            *written(scope.cluster.origin, "scratchResource"),
        )
    if scratch.keep == 0:
        yield _task(
            scope,
            "Have scratch emptied when a job ends",
            "Each job then has a directory of its own, which goes with it. The directory of your"
            " scratch is yours to choose; every job of the cluster gets one.",
            f"{_CONFIG} and job_container.conf",
            (
                "JobContainerType=job_container/tmpfs",
                "PrologFlags=Contain",
                "# job_container.conf",
                "AutoBasePath=true BasePath=<the directory of your scratch>",
            ),
            *place,
        )


def _guard(scope: Scope) -> Iterator[Task]:
    carries = scope.policy.carries
    if carries:
        yield _task(
            scope,
            "Refuse jobs that do not say whose they are",
            f"Every job of the federation carries its {', '.join(carries)}. Needs"
            " `JobSubmitPlugins=lua` in slurm.conf. Jobs of all other accounts pass at once. If you"
            " have a job_submit.lua, take the first three functions and call the last two of them"
            " from your own.",
            "job_submit.lua",
            (*guard(scope.prefix, carries), *calls()),
            scope.policy.origin.at("identity", "everyJobCarries"),
            scope.policy.origin.at("prefix"),
        )

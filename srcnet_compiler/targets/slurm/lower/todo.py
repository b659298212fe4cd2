"""What only the administrators of a cluster can do: why, and the exact lines."""

from collections.abc import Iterator

from srcnet_compiler.federation.compute import WEEKDAYS
from srcnet_compiler.targets.slurm.lower.endings import successors
from srcnet_compiler.targets.slurm.lower.guard import guard
from srcnet_compiler.targets.slurm.lower.places import Spans, all_queues, written
from srcnet_compiler.targets.slurm.lower.scope import RANKS, Scope
from srcnet_compiler.targets.slurm.lower.scratch import scratch
from srcnet_compiler.targets.slurm.lower.tasks import CONFIG, task
from srcnet_compiler.targets.slurm.model import SlurmModel, parents_first
from srcnet_compiler.targets.slurm.model.lines import (
    account_command,
    closing_commands,
    partition_line,
    qos_command,
    reservation_command,
)
from srcnet_compiler.targets.slurm.model.things import Account, Partition, Qos, Reservation, Thing
from srcnet_compiler.task import SHELL, Task


def todo(scope: Scope, whole: SlurmModel) -> tuple[Task, ...]:
    """In the order in which they are best done; `whole` has what the site does not allow too."""
    if scope.cluster.retired:
        return tuple(_farewell(scope, whole))
    return (
        *_login(scope),
        *_accounting(scope, whole),
        *_renamed(scope, whole),
        *_enforce(scope, whole),
        *_resources(scope, whole),
        *_partitions(scope, whole),
        *_reservations(scope, whole),
        *_preemption(scope, whole),
        *_hours(scope, whole),
        *scratch(scope),
        *guard(scope),
    )


def _spans(*things: Thing) -> Spans:
    return tuple(span for thing in things for found in thing.origins.values() for span in found)


# ── what lets us in ───────────────────────────────────────────────────────────────────────────


def _login(scope: Scope) -> Iterator[Task]:
    user = scope.cluster.controller.user
    if user in (None, "root") or not any(map(scope.allows, scope.cluster.allows)):
        return
    only_windows = not scope.allows("accounting") and not scope.allows("partitions")
    level, why = ("operator", "Slurm lets only operators make reservations")
    if not only_windows:
        level = "admin"
        why = "Slurm lets only its administrators make QOS, and have its files read again"
    yield task(
        scope,
        "Let srcnet change what you allow",
        f"{why}; `{user}` is the user that srcnet logs in as. Where Slurm knows this user already,"
        f" `modify user` with `set adminlevel={level}` does it.",
        SHELL,
        (f"sacctmgr -i add user name={user} account=root adminlevel={level}",),
        scope.cluster.controller.origin.at("user"),
        *written(scope.cluster.origin, "allows"),
    )


def _partitions(scope: Scope, whole: SlurmModel) -> Iterator[Task]:
    things = whole.partitions.values()
    names = ", ".join(f"`{thing.name}`" for thing in things)
    if scope.allows("partitions"):
        yield task(
            scope,
            "Include the federation's partitions",
            "They stand in a file of their own, which holds nothing else; make it before the line"
            f" is read: `{_make_fragment(scope, whole.fragment)}`.",
            CONFIG,
            (f"Include {whole.fragment}",),
            *written(scope.cluster.origin, "fragment", "allows"),
            *written(scope.cluster.controller.origin, "user"),
        )
    elif things:
        yield task(
            scope,
            "Give the federation's jobs partitions",
            f"You keep partitions to yourselves: write {names}, or let the accounts and QOS of"
            " these lines into partitions that you have.",
            CONFIG,
            tuple(partition_line(thing) for thing in things),
            *_spans(*things),
        )


def _make_fragment(scope: Scope, path: str) -> str:
    folder, user = _folder(path), scope.cluster.controller.user
    owned = "" if user in (None, "root") else f" && chown {user}: {folder} {path}"
    return f"mkdir -p {folder} && touch {path}{owned}"


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _accounting(scope: Scope, whole: SlurmModel) -> Iterator[Task]:
    if not scope.allows("accounting") and whole.accounts:
        yield task(
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


def _renamed(scope: Scope, whole: SlurmModel) -> Iterator[Task]:
    """What has another name now, of kinds that the site keeps to itself."""
    kinds = {Qos.kind: "accounting", Account.kind: "accounting", Partition.kind: "partitions"}
    theirs = {
        key: after
        for key, after in successors(scope, whole).items()
        if not scope.allows(kinds[key[0]])
    }
    renamed = (move for move in scope.federation.renamed if move.kind != "site")
    moves = (written(move.origin, "queue", "project", "from") for move in renamed)
    if theirs:
        yield task(
            scope,
            "Close what has another name now",
            "Make the new ones first, and let whoever may use them use the old ones too, so that"
            " what waits there comes to run. These take no new jobs then, and those in them go on."
            " When `squeue` shows none of an old one any more, delete it.",
            SHELL,
            tuple(
                line
                for (kind, name), after in sorted(theirs.items())
                for line in closing_commands(kind, name, after.name, scope.cluster.cluster)
            ),
            *(span for found in moves for span in found),
            *_spans(*(t for (k, _), a in theirs.items() if (t := whole.find(k, a.name)))),
        )


def _reservations(scope: Scope, whole: SlurmModel) -> Iterator[Task]:
    things = whole.reservations.values()
    if not scope.allows("reservations") and things:
        yield task(
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
        yield task(
            scope,
            "Take the federation's partitions out",
            "The cluster ends for the federation. When nothing stands in that file any more,"
            " take out the line that includes it, reconfigure, and remove the file.",
            CONFIG,
            (f"Include {whole.fragment}",),
            *written(scope.cluster.origin, "fragment", "allows"),
        )


# ── without which limits do nothing ───────────────────────────────────────────────────────────


def _enforce(scope: Scope, whole: SlurmModel) -> Iterator[Task]:
    if whole.accounts:
        yield task(
            scope,
            "Have limits enforced",
            "Without `limits` and `qos` the federation's limits are written and do nothing."
            " `limits` holds for everybody: users without an association can submit nothing any"
            " more. Add what is missing to the words that stand there.",
            CONFIG,
            ("AccountingStorageEnforce=associations,limits,qos",),
            scope.policy.origin.at("queues"),
            *all_queues(scope),
        )


def _resources(scope: Scope, whole: SlurmModel) -> Iterator[Task]:
    things: tuple[Thing, ...] = (*whole.qos.values(), *whole.associations.values())
    limited = [thing for thing in things if _limits(thing, "gres/gpu")]
    if limited:
        yield task(
            scope,
            "Have GPUs counted",
            "GPUs are limited, and Slurm refuses limits of what it does not count. Add it to what"
            " stands there.",
            CONFIG,
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
    yield task(
        scope,
        "Let jobs make way, if you want it",
        f"Jobs of {', '.join(f'`{scope.name(q.name)}`' for q in makes_way)} may be stopped and"
        " queued again for others of the federation; this cluster stops none. Both keys hold for"
        " all QOS, of which only those with `Preempt` stop others. Then write `preemption: true` in"
        " the spec of your site.",
        CONFIG,
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
    yield task(
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

"""How each kind of change is done on a Slurm cluster: one function for each kind and action.

Each takes the fields that are still to be set, and gives what the commands complained of, which
proves nothing: the caller reads the object back. Only what is ours is ever named in a command.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ansible.module_utils import srcnet_slurm_fragment
from ansible.module_utils.srcnet_gate import ConflictError, FailedError, Seen, Wire

if TYPE_CHECKING:
    from srcnet_compiler.targets.slurm.live import Controller
    from srcnet_compiler.targets.slurm.model import SlurmModel

SACCTMGR = ("sacctmgr", "-i")
LENGTHS = frozenset({"GrpWall", "MaxWall"})
TEXTS = ("Description", "Organization")
FRESH: Mapping[str, Any] = {
    "Fairshare": 1,
    **{key: {} for key in ("GrpTRES", "GrpTRESMins", "GrpTRESRunMins", "MaxTRESPerJob")},
    **dict.fromkeys(("GrpWall", "GrpJobs", "GrpSubmitJobs", "MaxWall", "MaxJobs"), -1),
    "MaxSubmitJobs": -1,
    "QosLevel": [],
    "DefaultQOS": "",
}
"""The limits with which an account comes into being."""
HEARS_WITHIN = 10.0
"""Seconds in which slurmctld hears from the database of what was added to it."""


def act(
    controller: Controller, seen: SlurmModel, change: Wire, todo: Sequence[Wire], before: Seen
) -> str:
    """Carry the change out; `seen` is the cluster as just read, of the change's kind."""
    kind, action, name = change["address"]["kind"], change["action"], change["address"]["name"]
    if action == "adopt":
        return ""
    do = ACTS.get((kind, action))
    if do is None:
        raise FailedError(f"cannot {action} a {kind}")
    _sound(kind, name, todo if action != "retire" else ())
    return do(Doing(controller, seen, name, todo, before or {}))


class Doing:
    """One change while it is done."""

    def __init__(
        self,
        controller: Controller,
        seen: SlurmModel,
        name: str,
        todo: Sequence[Wire],
        before: Mapping[str, Any],
    ) -> None:
        self.controller, self.seen, self.name = controller, seen, name
        self.todo, self.before = todo, before
        self.cluster = f"cluster={controller.bounds.cluster}"

    @property
    def values(self) -> dict[str, Any]:
        return {field["name"]: field["after"] for field in self.todo}

    def run(self, *argv: str) -> str:
        """What the command complained of."""
        from srcnet_compiler.targets.slurm.live import attempt

        return attempt(self.controller.runner, self.controller.bounds, argv)

    def ask(self, *argv: str) -> str:
        """What the command answers."""
        from srcnet_compiler.targets.slurm.live import must

        return must(self.controller.runner, self.controller.bounds, argv).out

    def settings(self) -> list[str]:
        """The fields as sacctmgr takes them."""
        return [*_settings(self.values, self.before)]


def _sound(kind: str, name: str, todo: Sequence[Wire]) -> None:
    """Slurm would take these for something else, or part them where it should not."""
    from srcnet_compiler.targets.slurm.model.words import (
        keeps_name,
        keeps_partition,
        keeps_text,
        keeps_word,
    )

    keeps = keeps_partition if kind == "partition" else keeps_name
    parts = [name] if kind != "association" else name.split("/")[:2]
    if not all(map(keeps, parts)) or not keeps_word(name):
        raise FailedError(f"Slurm takes no {kind} called `{name}`")
    for field in todo:
        value = field["after"]
        words = [*value] if isinstance(value, (list, dict)) else [value]
        keeps_it = keeps_text if field["name"] in TEXTS else keeps_word
        for word in words:
            spaced = field["name"] == "StartTime" and word.replace(" ", "")
            if isinstance(word, str) and word and not keeps_it(spaced or word):
                raise FailedError(f"`{field['name']}` cannot be `{word}`: Slurm would mangle it")


def _settings(values: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    """-1 takes a limit away, of a resource too; an empty list does not."""
    from srcnet_compiler.targets.slurm.model.times import format_length
    from srcnet_compiler.targets.slurm.model.tres import tres_assignment

    for name, value in values.items():
        if isinstance(value, dict):
            if told := tres_assignment(before.get(name) or {}, value):
                yield f"{name}={told}"
        elif isinstance(value, list):
            # a list of flags is taken away like a limit, a list of names by naming none
            yield f"{name}={','.join(value) or ('-1' if name == 'Flags' else '')}"
        elif name == "DefaultQOS" and not value:
            yield f"{name}=-1"
        elif name in LENGTHS and value != -1:
            yield f"{name}={format_length(value)}"
        else:
            yield f"{name}={value}"


# ── the database ──────────────────────────────────────────────────────────────────────────────


def set_account(doing: Doing) -> str:
    bounds, parent = doing.controller.bounds, doing.values.get("Parent")
    is_root = doing.name == bounds.root_account
    if parent is not None and not is_root and parent not in doing.seen.accounts:
        raise ConflictError(f"account {parent} is not ours: nothing of ours can be below it")
    if is_root and parent in doing.seen.accounts:
        raise ConflictError(f"account {doing.name} cannot be below itself")
    if doing.before:
        where = ("where", f"name={doing.name}", doing.cluster, "set")
        return doing.run(*SACCTMGR, "modify", "account", *where, *doing.settings())
    said = doing.run(*SACCTMGR, "add", "account", doing.name, doing.cluster, *doing.settings())
    words = {name: value for name, value in doing.values.items() if name in TEXTS}
    if words:  # the database keeps those that another cluster's account of this name has
        where = ("where", f"name={doing.name}", doing.cluster, "set")
        said += doing.run(*SACCTMGR, "modify", "account", *where, *_settings(words, {}))
    return said


def end_account(doing: Doing) -> str:
    """Alone: sacctmgr would take all below it along."""
    here = doing.ask(
        *("sacctmgr", "-nP", "show", "assoc", "wopl"),
        "format=Cluster,Account,User,ParentName",
    )
    rows = [line.split("|") for line in here.splitlines()]
    ours = doing.controller.bounds.cluster
    below = [
        row for row in rows if row[0] == ours and doing.name in (row[3], row[1] if row[2] else "")
    ]
    if below:
        who = below[0][2] or below[0][1]
        raise FailedError(f"{len(below)} users or accounts are still below it, such as {who}")
    elsewhere = any(row[1] == doing.name and row[0] != ours for row in rows)
    # named with a cluster, the account's name would stay in the database
    where = [doing.cluster] if elsewhere else []
    return doing.run(*SACCTMGR, "delete", "account", f"name={doing.name}", *where)


def set_association(doing: Doing) -> str:
    account, user, partition = (*doing.name.split("/"), "", "")[:3]
    _must_be_ours(doing, account)
    where = ("where", f"name={user or account}", doing.cluster)
    if not user:
        return doing.run(*SACCTMGR, "modify", "account", *where, "set", *doing.settings())
    # without a partition, or an empty one, those of every partition would be meant
    place = (f"account={account}", f"partition={partition}")
    if doing.before:
        return doing.run(*SACCTMGR, "modify", "user", *where, *place, "set", *doing.settings())
    named = [each for each in place if not each.endswith("=")]
    return doing.run(*SACCTMGR, "add", "user", user, *named, doing.cluster, *doing.settings())


def end_association(doing: Doing) -> str:
    account, user, partition = (*doing.name.split("/"), "", "")[:3]
    _must_be_ours(doing, account)
    if not user:  # goes with its account; its limits can go before
        where = ("where", f"name={account}", doing.cluster, "set")
        set_ = {name: v for name, v in FRESH.items() if doing.before.get(name, v) != v}
        settings = _settings(set_, doing.before)
        return doing.run(*SACCTMGR, "modify", "account", *where, *settings)
    place = (f"account={account}", f"partition={partition}", doing.cluster)
    _keep_a_default(doing, account, user)
    return doing.run(*SACCTMGR, "delete", "user", f"name={user}", *place)


def _keep_a_default(doing: Doing, account: str, user: str) -> None:
    """Who loses his default account could submit nothing any more without naming one, for others'
    accounts neither."""
    shown = doing.ask(
        *("sacctmgr", "-nP", "show", "user", user, doing.cluster, "withassoc"),
        "format=DefaultAccount,Account",
    )
    rows = [line.split("|") for line in shown.splitlines()]
    accounts = [row[1] for row in rows]
    others = [name for name in accounts if name != account]
    if others and accounts.count(account) == 1 and rows[0][0] == account:
        ours_first = sorted(others, key=lambda name: (name not in doing.seen.accounts, name))
        where = ("where", f"name={user}", doing.cluster, "set")
        doing.run(*SACCTMGR, "modify", "user", *where, f"DefaultAccount={ours_first[0]}")


def _must_be_ours(doing: Doing, account: str) -> None:
    if account not in doing.seen.accounts:
        raise FailedError(f"there is no account {account} of ours")


def set_qos(doing: Doing) -> str:
    _must_own(doing)
    strangers = [q for q in doing.values.get("Preempt") or () if not _owns(doing, q)]
    if strangers:
        raise ConflictError(f"QOS {strangers[0]} is not ours: no job of it may be stopped for ours")
    settings = doing.settings()
    if not doing.before:
        return doing.run(*SACCTMGR, "add", "qos", doing.name, *settings)
    where = ("where", f"name={doing.name}", "set")
    return doing.run(*SACCTMGR, "modify", "qos", *where, *settings)


def end_qos(doing: Doing) -> str:
    """Unless something names it: lists that others keep would be changed, and slurmctld exits at
    the next reconfigure when a partition names a QOS that is gone."""
    _must_own(doing)
    lines = doing.ask(
        *("sacctmgr", "-nP", "show", "assoc", "wopl"),
        "format=Cluster,Account,User,QOS,DefaultQOS",
    )
    for cluster, account, user, listed, default in (row.split("|") for row in lines.splitlines()):
        if doing.name in (*listed.split(","), default):
            raise FailedError(f"{user or account} on {cluster} may still ask for it")
    for other in doing.ask("sacctmgr", "-nP", "show", "qos", "format=Name,Preempt").splitlines():
        name, _, preempted = other.partition("|")
        if doing.name in preempted.split(","):
            raise FailedError(f"QOS {name} still names it")
    user = srcnet_slurm_fragment.partition_with_qos(doing.controller, doing.name)
    if user:
        raise FailedError(f"partition {user} still names it")
    return doing.run(*SACCTMGR, "delete", "qos", f"name={doing.name}")


def _owns(doing: Doing, name: str) -> bool:
    return bool(doing.controller.bounds.owns_name(name))


def _must_own(doing: Doing) -> None:
    if not _owns(doing, doing.name):
        raise ConflictError(f"{doing.name} is not ours")


# ── windows ───────────────────────────────────────────────────────────────────────────────────


def set_reservation(doing: Doing) -> str:
    _must_own(doing)
    verb = ("create", "reservation") if not doing.before else ("update",)
    argv = ("scontrol", *verb, f"ReservationName={doing.name}", *_window(doing))
    environment = ("env", f"TZ={doing.controller.bounds.time_zone}")
    deadline = time.monotonic() + HEARS_WITHIN
    while (said := doing.run(*environment, *argv)) and time.monotonic() < deadline:
        if "invalid account" not in said.lower() and "invalid user" not in said.lower():
            break
        time.sleep(0.5)  # an account that has just been made
    return said


def _window(doing: Doing) -> Iterator[str]:
    """The fields as scontrol takes them; it has no word for taking one away."""
    from srcnet_compiler.targets.slurm.model.times import format_length

    values, before = doing.values, doing.before
    yield from _flags(values, before)
    for name, value in values.items():
        if name in ("Flags", "PURGE_COMP"):
            continue
        if name == "StartTime":
            flags = values.get("Flags", before.get("Flags")) or ()
            yield f"StartTime={_next_start(value, flags, doing.controller.bounds.time_zone)}"
        elif name in ("Duration", "MaxStartDelay"):
            yield f"{name}={format_length(value)}"
        elif isinstance(value, list):
            if value or before:
                yield f"{name}={','.join(value)}"
        elif value != "" or before:
            yield f"{name}={value}"


def _flags(values: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    """Of a window that exists, flags are only added and taken away."""
    from srcnet_compiler.targets.slurm.model.times import format_length

    had = before.get("Flags") or ()
    wanted = values.get("Flags", had)
    gone = [flag for flag in had if flag not in wanted]
    new = [flag for flag in wanted if flag not in had]
    purge = values.get("PURGE_COMP")
    if purge == -1 and before:
        gone.append("PURGE_COMP")
    elif purge not in (None, -1):
        new.append(f"PURGE_COMP={format_length(purge)}")
    if gone:
        yield f"Flags-={','.join(gone)}"
    if new:
        yield f"{'Flags+=' if before else 'Flags='}{','.join(new)}"


def _next_start(said: str, flags: Sequence[str], zone: str) -> str:
    """When a window begins next, in local time: one that repeats has no date."""
    from srcnet_compiler.targets.slurm.model.times import start_of

    if "T" in said and "-" in said:
        return said
    now = datetime.fromtimestamp(time.time(), ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)
    *_, clock = said.split(" ")
    parts = [int(part) for part in clock.split(":")]
    first = now.replace(minute=parts[0], second=parts[1])
    step = timedelta(hours=1)
    if len(parts) == 3:
        first = now.replace(hour=parts[0], minute=parts[1], second=parts[2])
        step = timedelta(days=1)
    for number in range(9):
        moment = first + number * step
        fits = {"WEEKDAY": moment.weekday() < 5, "WEEKEND": moment.weekday() >= 5}
        on_this_day = all(fits.get(flag, True) for flag in flags)
        if moment > now and on_this_day and start_of(moment, flags) == said:
            return f"{moment:%Y-%m-%dT%H:%M:%S}"
    raise FailedError(f"`{said}` is no start of a window that repeats {', '.join(flags)}")


def end_reservation(doing: Doing) -> str:
    _must_own(doing)
    return doing.run("scontrol", "delete", f"ReservationName={doing.name}")


# ── partitions ────────────────────────────────────────────────────────────────────────────────


def set_partition(doing: Doing) -> str:
    srcnet_slurm_fragment.write(doing.controller, doing.seen, doing.name, doing.values)
    return ""


def end_partition(doing: Doing) -> str:
    srcnet_slurm_fragment.remove(doing.controller, doing.seen, doing.name, doing.before)
    return ""


Act = Callable[[Doing], str]
ACTS: Mapping[tuple[str, str], Act] = {
    ("account", "create"): set_account,
    ("account", "update"): set_account,
    ("account", "retire"): end_account,
    ("association", "create"): set_association,
    ("association", "update"): set_association,
    ("association", "retire"): end_association,
    ("qos", "create"): set_qos,
    ("qos", "update"): set_qos,
    ("qos", "retire"): end_qos,
    ("reservation", "create"): set_reservation,
    ("reservation", "update"): set_reservation,
    ("reservation", "retire"): end_reservation,
    ("partition", "create"): set_partition,
    ("partition", "update"): set_partition,
    ("partition", "retire"): end_partition,
}

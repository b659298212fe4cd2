"""How each kind of change is done on a Slurm cluster: one function for each kind and action.

Each takes the fields that are still to be set, and gives what the commands complained of, which
proves nothing: the caller reads the object back. Only what is ours is ever named in a command.
Objects of the database that are to become alike are named in one command, as a list.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ansible.module_utils import srcnet_slurm_fragment, srcnet_slurm_windows
from ansible.module_utils.srcnet_gate import ConflictError, FailedError, Seen, Step, Wire

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
    return act_alike(controller, seen, [Step(change, todo, before)])


def act_alike(controller: Controller, seen: SlurmModel, steps: Sequence[Step]) -> str:
    """Carry changes out that differ in their names alone (srcnet_slurm_groups.py)."""
    change, todo, before = steps[0]
    kind, action = change["address"]["kind"], change["action"]
    if action == "adopt":
        return ""
    do = ACTS.get((kind, action))
    if do is None:
        raise FailedError(f"cannot {action} a {kind}")
    names = [step.change["address"]["name"] for step in steps]
    for name in names:
        sound(kind, name, todo if action != "retire" else ())
    return do(Doing(controller, seen, names, todo, before or {}))


class Doing:
    """One change while it is done, or several that differ in their names alone."""

    def __init__(
        self,
        controller: Controller,
        seen: SlurmModel,
        names: Sequence[str],
        todo: Sequence[Wire],
        before: Mapping[str, Any],
    ) -> None:
        self.controller, self.seen, self.names = controller, seen, names
        self.todo, self.before = todo, before
        self.cluster = f"cluster={controller.bounds.cluster}"

    @property
    def name(self) -> str:
        """The name, or all of them as sacctmgr takes them."""
        return ",".join(self.names)

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


def sound(kind: str, name: str, todo: Sequence[Wire]) -> None:
    """Raises FailedError for what Slurm would take for something else, or part where it should
    not."""
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
    is_root = bounds.root_account in doing.names
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
    account, users, partition = _place(doing)
    where = ("where", f"name={users or account}", doing.cluster)
    if not users:
        return doing.run(*SACCTMGR, "modify", "account", *where, "set", *doing.settings())
    # without a partition, or an empty one, those of every partition would be meant
    place = (f"account={account}", f"partition={partition}")
    limits = {name: value for name, value in doing.values.items() if name != "DefaultAccount"}
    settings = [*_settings(limits, doing.before)]
    said = ""
    if not doing.before:
        named = [each for each in place if not each.endswith("=")]
        said = doing.run(*SACCTMGR, "add", "user", users, *named, doing.cluster, *settings)
    elif settings:
        said = doing.run(*SACCTMGR, "modify", "user", *where, *place, "set", *settings)
    if default := doing.values.get("DefaultAccount"):
        # only of a new user it is taken while he is added
        said += doing.run(*SACCTMGR, "modify", "user", *where, "set", f"DefaultAccount={default}")
    return said


def end_association(doing: Doing) -> str:
    account, users, partition = _place(doing)
    if not users:  # goes with its account; its limits can go before
        where = ("where", f"name={account}", doing.cluster, "set")
        set_ = {name: v for name, v in FRESH.items() if doing.before.get(name, v) != v}
        settings = _settings(set_, doing.before)
        return doing.run(*SACCTMGR, "modify", "account", *where, *settings)
    place = (f"account={account}", f"partition={partition}", doing.cluster)
    _keep_a_default(doing, account, users)
    return doing.run(*SACCTMGR, "delete", "user", f"name={users}", *place)


def _place(doing: Doing) -> tuple[str, str, str]:
    """Account, user and partition. Of several: one account and partition, and a list of users, or
    a list of accounts."""
    parts = [(*name.split("/"), "", "")[:3] for name in doing.names]
    _must_be_ours(doing, *(account for account, _, _ in parts))
    account, user, partition = parts[0]
    if not user:
        return doing.name, "", ""
    return account, ",".join(user for _, user, _ in parts), partition


def _keep_a_default(doing: Doing, account: str, users: str) -> None:
    """Who loses his default account could submit nothing any more without naming one, for others'
    accounts neither."""
    shown = doing.ask(
        *("sacctmgr", "-nP", "show", "user", users, doing.cluster, "withassoc"),
        "format=User,DefaultAccount,Account",
    )
    accounts: dict[tuple[str, str], list[str]] = {}
    for user, default, name in (line.split("|") for line in shown.splitlines()):
        accounts.setdefault((user, default), []).append(name)
    moving: dict[str, list[str]] = {}
    for (user, default), names in accounts.items():
        others = [name for name in names if name != account]
        if others and names.count(account) == 1 and default == account:
            moving.setdefault(_next_default(doing, others), []).append(user)
    for new, movers in moving.items():
        where = ("where", f"name={','.join(movers)}", doing.cluster, "set")
        if said := doing.run(*SACCTMGR, "modify", "user", *where, f"DefaultAccount={new}"):
            raise FailedError(said)


def _next_default(doing: Doing, accounts: Sequence[str]) -> str:
    """The one that the plan names, if the user is in it; else one of ours."""
    planned = doing.values.get("DefaultAccount")
    return min(accounts, key=lambda n: (n != planned, n not in doing.seen.accounts, n))


def _must_be_ours(doing: Doing, *accounts: str) -> None:
    for account in accounts:
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
    for cluster, who in _who_may_ask(doing.controller, doing.name):
        raise FailedError(f"{who} on {cluster} may still ask for it")
    for other in doing.ask("sacctmgr", "-nP", "show", "qos", "format=Name,Preempt").splitlines():
        name, _, preempted = other.partition("|")
        if doing.name in preempted.split(","):
            raise FailedError(f"QOS {name} still names it")
    user = srcnet_slurm_fragment.partition_with_qos(doing.controller, doing.name)
    if user:
        raise FailedError(f"partition {user} still names it")
    return doing.run(*SACCTMGR, "delete", "qos", f"name={doing.name}")


def asked_for_elsewhere(controller: Controller, qos: str) -> str | None:
    """Who may ask for it on another cluster of the database; None: nobody."""
    ours = controller.bounds.cluster
    elsewhere = [pair for pair in _who_may_ask(controller, qos) if pair[0] != ours]
    return f"{elsewhere[0][1]} on {elsewhere[0][0]} may still ask for it" if elsewhere else None


def _who_may_ask(controller: Controller, qos: str) -> Iterator[tuple[str, str]]:
    """Clusters with the accounts or users there that may ask for a QOS."""
    from srcnet_compiler.targets.slurm.live import must

    argv = (
        *("sacctmgr", "-nP", "show", "assoc", "wopl"),
        "format=Cluster,Account,User,QOS,DefaultQOS",
    )
    lines = must(controller.runner, controller.bounds, argv).out
    for cluster, account, user, listed, default in (row.split("|") for row in lines.splitlines()):
        if qos in (*listed.split(","), default):
            yield cluster, user or account


def _owns(doing: Doing, name: str) -> bool:
    return bool(doing.controller.bounds.owns_name(name))


def _must_own(doing: Doing) -> None:
    for name in doing.names:
        if not _owns(doing, name):
            raise ConflictError(f"{name} is not ours")


# ── windows ───────────────────────────────────────────────────────────────────────────────────


def set_reservation(doing: Doing) -> str:
    _must_own(doing)
    verb = ("create", "reservation") if not doing.before else ("update",)
    zone = doing.controller.bounds.time_zone
    now = datetime.fromtimestamp(time.time(), ZoneInfo(zone))
    window = srcnet_slurm_windows.assignments(doing.values, doing.before, now)
    argv = ("scontrol", *verb, f"ReservationName={doing.name}", *window)
    environment = ("env", f"TZ={zone}")
    deadline = time.monotonic() + HEARS_WITHIN
    while (said := doing.run(*environment, *argv)) and time.monotonic() < deadline:
        if "invalid account" not in said.lower() and "invalid user" not in said.lower():
            break
        time.sleep(0.5)  # an account that has just been made
    return said


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

"""What the commands answer in text, as our model says it: sacctmgr's columns, scontrol's words.

Raises ValueError or KeyError for an answer that makes no sense.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from srcnet_compiler.hostlist import canonical
from srcnet_compiler.targets.slurm.model import UNLIMITED, Job, Node
from srcnet_compiler.targets.slurm.model.things import (
    Association,
    Names,
    Partition,
    Qos,
    Reservation,
)
from srcnet_compiler.targets.slurm.model.times import parse_length, start_of
from srcnet_compiler.targets.slurm.model.tres import MEBI, parse_tres

Row: TypeAlias = Mapping[str, str]

ASSOCIATION = (
    *("Account", "User", "Partition", "ParentName", "Share", "GrpTRES", "GrpTRESMins"),
    *("GrpTRESRunMins", "GrpWall", "GrpJobs", "GrpSubmit", "MaxJobs", "MaxSubmit", "MaxTRES"),
    *("MaxWall", "QOS", "DefaultQOS"),
)
QOS = (
    *("Name", "Description", "Priority", "GraceTime", "Preempt", "PreemptMode", "Flags"),
    *("GrpTRES", "GrpTRESMins", "GrpJobs", "GrpSubmit", "GrpWall", "MaxTRES", "MaxTRESPU"),
    *("MaxTRESPA", "MaxWall", "MaxJobsPU", "MaxSubmitPU", "MaxJobsPA", "MaxSubmitPA", "MinTRES"),
)
ACCOUNT = ("Account", "Descr", "Org")
USER = ("User", "DefaultAccount")
JOB = ("%i", "%T", "%a", "%u", "%q", "%v", "%P")

_ASKED_FOR = frozenset({"SPEC_NODES", "ALL_NODES", "PURGE_COMP"})
"""Flags of a reservation that say again what its other fields say."""
_WORD = re.compile(r"(?:^|\s)([A-Za-z][A-Za-z0-9_:/]*)=")
_GRES = re.compile(r"([^():,]+(?::[^():,]+)?):(\d+)([KMGT]?)(?:\([^)]*\))?")


def rows(text: str, columns: Sequence[str]) -> Iterator[Row]:
    """The lines of an answer by column. A line with more or fewer is a row without columns, but
    for the first one."""
    for line in text.splitlines():
        cells = line.split("|")
        fits = len(cells) == len(columns)
        yield dict(zip(columns, cells, strict=True)) if fits else {columns[0]: cells[0]}


def records(text: str) -> Iterator[Row]:
    """The lines of `scontrol -o` as words; of two with one key the first counts."""
    for line in filter(None, map(str.strip, text.splitlines())):
        marks = list(_WORD.finditer(line))
        found: dict[str, str] = {}
        for mark, following in zip(marks, [*marks[1:], None], strict=True):
            value = line[mark.end() : following.start() if following else len(line)]
            found.setdefault(mark[1], value.strip())
        if found:
            yield found


def settings(text: str) -> dict[str, str]:
    """What `scontrol show config` says, by key."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


# ── the database ──────────────────────────────────────────────────────────────────────────────


def association(row: Row) -> tuple[Association, str]:
    """From a line of `show assoc`, with the account above, empty for a user's."""
    return (
        Association(
            account=row["Account"],
            user=row["User"],
            partition=row["Partition"],
            fairshare=_share(row["Share"]),
            grp_tres=parse_tres(row["GrpTRES"]),
            grp_tres_mins=parse_tres(row["GrpTRESMins"]),
            grp_tres_run_mins=parse_tres(row["GrpTRESRunMins"]),
            grp_wall=_length(row["GrpWall"]),
            grp_jobs=_count(row["GrpJobs"]),
            grp_submit=_count(row["GrpSubmit"]),
            max_tres=parse_tres(row["MaxTRES"]),
            max_wall=_length(row["MaxWall"]),
            max_jobs=_count(row["MaxJobs"]),
            max_submit=_count(row["MaxSubmit"]),
            qos=names(row["QOS"]),
            default_qos=row["DefaultQOS"],
        ),
        row["ParentName"],
    )


def qos(row: Row) -> Qos:
    return Qos(
        name=row["Name"],
        description=row["Description"],
        priority=int(row["Priority"] or 0),
        grace=parse_length(row["GraceTime"]),
        preempt=names(row["Preempt"]),
        preempt_mode=row["PreemptMode"].lower(),
        flags=names(row["Flags"]),
        grp_tres=parse_tres(row["GrpTRES"]),
        grp_tres_mins=parse_tres(row["GrpTRESMins"]),
        grp_wall=_length(row["GrpWall"]),
        grp_jobs=_count(row["GrpJobs"]),
        grp_submit=_count(row["GrpSubmit"]),
        max_tres=parse_tres(row["MaxTRES"]),
        max_tres_per_user=parse_tres(row["MaxTRESPU"]),
        max_tres_per_account=parse_tres(row["MaxTRESPA"]),
        max_wall=_length(row["MaxWall"]),
        max_jobs_per_user=_count(row["MaxJobsPU"]),
        max_submit_per_user=_count(row["MaxSubmitPU"]),
        max_jobs_per_account=_count(row["MaxJobsPA"]),
        max_submit_per_account=_count(row["MaxSubmitPA"]),
        min_tres=parse_tres(row["MinTRES"]),
    )


def _share(text: str) -> int | Literal["parent"]:
    return "parent" if text == "parent" else int(text)


def _count(text: str) -> int:
    return int(text) if text else UNLIMITED


def _length(text: str) -> int:
    return parse_length(text) if text else UNLIMITED


def names(text: str) -> Names:
    """A list with commas; the words for nobody and for everybody are no names."""
    return () if text in ("", "(null)", "N/A", "ALL") else tuple(sorted(text.split(",")))


# ── the controller ────────────────────────────────────────────────────────────────────────────


def partition(record: Row) -> Partition:
    return Partition(
        name=record["PartitionName"],
        nodes=hosts(record["Nodes"]),
        allow_accounts=names(record["AllowAccounts"]),
        allow_qos=names(record["AllowQos"]),
        qos="" if record["QoS"] == "N/A" else record["QoS"],
        max_time=parse_length(record["MaxTime"]),
        default_time=_unless_none(record["DefaultTime"]),
        max_nodes=UNLIMITED if record["MaxNodes"] == "UNLIMITED" else int(record["MaxNodes"]),
        priority_tier=int(record["PriorityTier"]),
        preempt_mode=record["PreemptMode"],
        hidden=record["Hidden"] == "YES",
        over_subscribe=record["OverSubscribe"],
        state=record["State"],
    )


def hosts(text: str) -> str:
    """A hostlist in our own order; what we cannot read stays as it is."""
    try:
        return "" if text == "(null)" else canonical(text)
    except ValueError:
        return text


def _unless_none(text: str) -> int:
    return UNLIMITED if text == "NONE" else parse_length(text)


def node(record: Row) -> Node:
    return Node(
        name=record["NodeName"],
        state=tuple(sorted(re.split(r"[+*]+", record["State"].rstrip("*$~#!%@^-").upper()))),
        cpus=int(record["CPUTot"]),
        memory=int(record["RealMemory"]) * MEBI,
        gres=gres(record["Gres"]),
    )


def gres(text: str) -> dict[str, int]:
    """Counts by name, and type where one is given: ``gpu:a100:2(S:0-1),scratch:100``."""
    if text in ("", "(null)"):
        return {}
    found = {}
    for match in _GRES.finditer(text):
        found[match[1]] = int(match[2]) * 1024 ** " KMGT".index(match[3] or " ")
    return dict(sorted(found.items()))


def reservation(record: Row) -> Reservation:
    flags = tuple(filter(None, record["Flags"].split(",")))
    purge = next((f.partition("=")[2] for f in flags if f.startswith("PURGE_COMP=")), None)
    return make_reservation(
        name=record["ReservationName"],
        start=datetime.strptime(record["StartTime"], "%Y-%m-%dT%H:%M:%S"),
        duration=parse_length(record["Duration"]),
        nodes=record["Nodes"],
        node_count=int(record["NodeCnt"]),
        partition=record["PartitionName"],
        accounts=record["Accounts"],
        users=record["Users"],
        flags=tuple(flag.partition("=")[0] for flag in flags),
        delay=parse_length(record["MaxStartDelay"]) if record["MaxStartDelay"] != "(null)" else 0,
        purge=parse_length(purge) if purge else UNLIMITED,
    )


def make_reservation(
    *,
    name: str,
    start: datetime,
    duration: int,
    nodes: str,
    node_count: int,
    partition: str,
    accounts: str,
    users: str,
    flags: Names,
    delay: int,
    purge: int,
) -> Reservation:
    """A reservation as every version answers; `start` is local."""
    named = "SPEC_NODES" in flags
    return Reservation(
        name=name,
        start=start_of(start, flags),
        duration=duration,
        nodes=hosts(nodes) if named else None,
        node_count=None if named else node_count,
        partition="" if partition == "(null)" else partition,
        accounts=names(accounts),
        users=names(users),
        flags=tuple(sorted(set(flags) - _ASKED_FOR)),
        max_start_delay=delay,
        purge_after=purge,
    )


def job(line: str) -> Job:
    identifier, state, account, user, qos_name, window, partitions = line.split("|")
    return Job(
        id=identifier,
        running=state != "PENDING",
        account=account,
        user=user,
        qos=qos_name,
        partitions=names(partitions),
        reservation="" if window in ("(null)", "N/A") else window,
    )

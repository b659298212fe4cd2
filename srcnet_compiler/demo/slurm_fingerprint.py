"""Everything on a shared cluster that is not the federation's, in a form that can be compared.

Configuration, limits and jobs count; what changes by itself does not: load, use, allocated nodes,
priorities, estimated starts. In doubt a thing is foreign.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from srcnet_compiler.demo.slurm_commands import ask
from srcnet_compiler.demo.slurm_config import Cluster

ASSOCIATION = (
    "cluster,account,user,partition,parentname,id,share,priority,qos,defaultqos,grpjobs,grpjobsaccrue"
    ",grpsubmitjobs,grptres,grptresmins,grptresrunmins,grpwall,maxjobs,maxjobsaccrue,maxsubmitjobs"
    ",maxtres,maxtresmins,maxtrespernode,maxwall"
)
QOS = (
    "name,id,description,priority,gracetime,preempt,preemptmode,preemptexempttime,flags,usagefactor"
    ",usagethreshold,limitfactor,grpjobs,grpjobsaccrue,grpsubmitjobs,grptres,grptresmins"
    ",grptresrunmins,grpwall,maxjobspa,maxjobspu,maxjobsaccruepa,maxjobsaccruepu,maxsubmitjobspa"
    ",maxsubmitjobspu,maxtres,maxtresmins,maxtrespa,maxtrespu,maxtrespernode,maxwall"
    ",minpriothreshold,mintres"
)
NODE = (
    *("NodeName", "NodeAddr", "NodeHostName", "Port", "CPUTot", "Sockets", "Boards"),
    *("CoresPerSocket", "ThreadsPerCore", "RealMemory", "TmpDisk", "Gres", "Weight", "Owner"),
    *("AvailableFeatures", "ActiveFeatures", "Reason", "Comment", "CfgTRES"),
)
OF_USE = {  # states of nodes that come and go with jobs, reservations and late answers
    *("IDLE", "MIXED", "ALLOCATED", "COMPLETING", "RESERVED", "PLANNED", "NOT_RESPONDING"),
}
JOB = (
    *("JobId", "JobName", "UserId", "Account", "QOS", "WCKey", "JobState", "Partition", "Requeue"),
    *("Restarts", "Nice", "Dependency", "TimeLimit", "SubmitTime", "TRES", "Features"),
    *("ReqNodeList", "ExcNodeList", "Reservation", "Comment", "AdminComment", "Command", "WorkDir"),
)
OF_RUNNING_JOBS = ("StartTime", "EndTime", "NodeList")
ENDED = {
    *("COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL"),
    *("DEADLINE", "OUT_OF_MEMORY", "COMPLETING"),
}
OF_THE_MOMENT = ("BOOT_TIME", "NEXT_JOB_ID", "HASH_VAL")  # in `scontrol show config`


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What each foreign object is, by a name such as `partition main`."""

    objects: Mapping[str, str]

    def differences(self, later: Fingerprint) -> tuple[str, ...]:
        """A line for each object that came, went or changed; empty when nothing was touched."""
        names = sorted(self.objects.keys() | later.objects.keys())
        return tuple(
            f"{name}: {self.objects.get(name, 'absent')} -> {later.objects.get(name, 'absent')}"
            for name in names
            if self.objects.get(name) != later.objects.get(name)
        )


def fingerprint(cluster: Cluster, *, ours: str = "ska") -> Fingerprint:
    """All that is foreign on a cluster.

    The federation's are the account `ours` with all below it, and QOS, partitions, reservations and
    WCKeys of that name or with it and `-` or `_` before theirs; of jobs, those of its accounts.
    CommandError when the cluster or its database does not answer: unread is not unchanged.
    """
    assoc, accounts, users, qos, wckeys, partitions, nodes, reservations, jobs, config = _answers(
        cluster,
        _show("assoc", ASSOCIATION),
        _show("account", "account,description,organization"),
        _show("user", "user,defaultaccount,defaultwckey,admin"),
        _show("qos", QOS),
        _show("wckey", "cluster,user,wckey"),
        ("scontrol", "-o", "show", "partition"),
        ("scontrol", "-o", "show", "node"),
        ("scontrol", "-o", "show", "reservation"),
        ("scontrol", "-o", "show", "job"),
        ("scontrol", "show", "config"),
    )
    rows = [line.split("|") for line in assoc]
    our_accounts = _our_accounts(rows, ours)
    our_users = _our_users(rows, our_accounts)
    found: dict[str, str] = {}
    for row in rows:
        if row[0] == cluster.name and row[1] not in our_accounts:
            found[f"association {' '.join(filter(None, row[1:4]))}"] = "|".join(row)
    found |= {f"account {row[0]}": "|".join(row) for row in _but(accounts, our_accounts)}
    found |= {f"user {row[0]}": "|".join(row) for row in _but(users, our_users)}
    for line in qos:
        name = line.partition("|")[0]
        if not _is_named_ours(name, ours):
            found[f"qos {name}"] = line
    for row in (line.split("|") for line in wckeys):
        if row[1] not in our_users and not _is_named_ours(row[2], ours):
            found[f"wckey {'|'.join(row)}"] = "present"
    found |= _partitions(partitions, ours)
    found |= _reservations(reservations, ours)
    found |= dict(_node(_fields(line), ours) for line in nodes)
    found |= dict(_jobs(jobs, our_accounts))
    found |= dict(_configuration(config))
    return Fingerprint(found | dict(_files(cluster)))


def _show(kind: str, columns: str) -> tuple[str, ...]:
    return ("sacctmgr", "-nP", "show", kind, f"format={columns}")


def _answers(cluster: Cluster, *commands: tuple[str, ...]) -> Iterator[list[str]]:
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, cluster, *command) for command in commands]
        for each in asked:
            yield [line for line in each.result().splitlines() if line.strip()]


def _our_accounts(associations: Iterable[list[str]], ours: str) -> set[str]:
    parents = {row[1]: row[4] for row in associations if not row[2] and row[4]}
    found = {ours}
    while below := {name for name, parent in parents.items() if parent in found} - found:
        found |= below
    return found


def _our_users(associations: list[list[str]], our_accounts: set[str]) -> set[str]:
    """Those who have no association but ours."""
    ours = {row[2] for row in associations if row[1] in our_accounts}
    return ours - {row[2] for row in associations if row[1] not in our_accounts}


def _is_named_ours(name: str, ours: str) -> bool:
    return name == ours or name.startswith((f"{ours}-", f"{ours}_"))


def _but(lines: Iterable[str], excluded: set[str]) -> Iterator[list[str]]:
    for row in (line.split("|") for line in lines):
        if row[0] not in excluded:
            yield row


def _fields(line: str) -> dict[str, str]:
    """`Name=value …` with spaces in values: a field begins at a word and `=`."""
    parts = re.split(r"(?:^|\s)([A-Z][\w:/]*)=", line)
    return {name: value.strip() for name, value in zip(parts[1::2], parts[2::2], strict=True)}


def _partitions(lines: Iterable[str], ours: str) -> dict[str, str]:
    named = {_fields(line)["PartitionName"]: line for line in lines if "=" in line}
    return {
        f"partition {name}": line for name, line in named.items() if not _is_named_ours(name, ours)
    }


def _reservations(lines: Iterable[str], ours: str) -> dict[str, str]:
    """Without the state: a reservation begins and ends by itself."""
    named = {_fields(line)["ReservationName"]: _fields(line) for line in lines if "=" in line}
    return {
        f"reservation {name}": _written(fields, (key for key in fields if key != "State"))
        for name, fields in named.items()
        if not _is_named_ours(name, ours)
    }


def _node(fields: Mapping[str, str], ours: str) -> tuple[str, str]:
    states = {state.rstrip("*") for state in fields.get("State", "").split("+")}
    partitions = fields.get("Partitions", "").split(",")
    foreign = ",".join(name for name in partitions if not _is_named_ours(name, ours))
    out_of_use = "+".join(sorted(states - OF_USE))
    return (
        f"node {fields['NodeName']}",
        f"{_written(fields, NODE)} Partitions={foreign} State={out_of_use}",
    )


def _jobs(lines: Iterable[str], our_accounts: set[str]) -> Iterator[tuple[str, str]]:
    """Jobs that wait or run; an estimated start is of the moment, a real one is not."""
    for fields in (_fields(line) for line in lines if "JobId=" in line):
        if fields["Account"] not in our_accounts and fields["JobState"] not in ENDED:
            started = () if fields["JobState"] == "PENDING" else OF_RUNNING_JOBS
            yield f"job {fields['JobId']}", _written(fields, (*JOB, *started))


def _configuration(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, equals, value = line.partition("=")
        if equals and name.strip() not in OF_THE_MOMENT:
            yield f"setting {name.strip()}", value.strip()


def _files(cluster: Cluster) -> Iterator[tuple[str, str]]:
    """Each file of the site's own configuration: its bytes, owner and rights."""
    for path in sorted(cluster.slurm_conf.parent.rglob("*")):
        if path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            kept = path.stat()
            yield f"file {path.name}", f"{digest} {kept.st_uid}:{kept.st_gid} {kept.st_mode:o}"


def _written(fields: Mapping[str, str], names: Iterable[str]) -> str:
    return " ".join(f"{name}={fields[name]}" for name in names if name in fields)

"""What the commands answer in JSON, from 23.11 on, as our model says it.

A number is `{"set": …, "infinite": …, "number": …}`; not set and infinite are both no limit. Walls
are minutes, memory MiB. Raises ValueError, KeyError or TypeError for an answer that makes no sense.
Partitions are missing here: their JSON says neither which is the default nor how one is preempted.
Source: slurm/src/plugins/data_parser/v0.0.42/parsers.c; recordings of 24.11.5.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

from srcnet_compiler.targets.slurm.live.text import gres, make_reservation
from srcnet_compiler.targets.slurm.model import UNLIMITED, Node
from srcnet_compiler.targets.slurm.model.things import Association, Names, Qos, Reservation
from srcnet_compiler.targets.slurm.model.tres import MEBI, Tres, tres_of

Answer: TypeAlias = Mapping[str, Any]

_FROM_PARENT = 0x7FFFFFFF
"""SLURMDB_FS_USE_PARENT, which the text calls `parent`."""
_QOS_FLAGS = {
    "DENY_LIMIT": "DenyOnLimit",
    "ENFORCE_USAGE_THRESHOLD": "EnforceUsageThreshold",
    "NO_DECAY": "NoDecay",
    "NO_RESERVE": "NoReserve",
    "OVERRIDE_PARTITION_QOS": "OverPartQOS",
    "PARTITION_MAXIMUM_NODE": "PartitionMaxNodes",
    "PARTITION_MINIMUM_NODE": "PartitionMinNodes",
    "PARTITION_TIME_LIMIT": "PartitionTimeLimit",
    "RELATIVE": "Relative",
    "REQUIRED_RESERVATION": "RequiresReservation",
    "USAGE_FACTOR_SAFE": "UsageFactorSafe",
}
_RESERVATION_FLAGS = {"NO_HOLD_JOBS_AFTER_END": "NO_HOLD_JOBS_AFTER"}


def listed(text: str, key: str) -> Sequence[Answer]:
    """The objects of an answer. Raises ValueError for one that reports errors, or is none."""
    answer = json.loads(text)
    if answer["errors"]:
        raise ValueError(str(answer["errors"][0].get("description") or answer["errors"][0]))
    found: Sequence[Answer] = answer[key]
    return found


# ── the database ──────────────────────────────────────────────────────────────────────────────


def association(raw: Answer) -> tuple[Association, str]:
    """With the account above, empty for a user's."""
    jobs, tres = raw["max"]["jobs"], raw["max"]["tres"]
    return (
        Association(
            account=raw["account"],
            user=raw["user"],
            partition=raw["partition"] or "",
            fairshare=_share(raw["shares_raw"]),
            grp_tres=_tres(tres["total"]),
            grp_tres_mins=_tres(tres["group"]["minutes"]),
            grp_tres_run_mins=_tres(tres["group"]["active"]),
            grp_wall=_minutes(raw["max"]["per"]["account"]["wall_clock"]),
            grp_jobs=_limit(jobs["per"]["count"]),
            grp_submit=_limit(jobs["per"]["submitted"]),
            max_tres=_tres(tres["per"]["job"]),
            max_wall=_minutes(jobs["per"]["wall_clock"]),
            max_jobs=_limit(jobs["active"]),
            max_submit=_limit(jobs["total"]),
            qos=_names(raw["qos"]),
            default_qos=raw["default"]["qos"] or "",
        ),
        raw["parent_account"] or "",
    )


def qos(raw: Answer) -> Qos:
    largest = raw["limits"]["max"]
    jobs, tres = largest["jobs"], largest["tres"]
    return Qos(
        name=raw["name"],
        description=raw["description"],
        priority=max(_limit(raw["priority"]), 0),
        grace=int(raw["limits"]["grace_time"]),
        preempt=_names(raw["preempt"]["list"]),
        preempt_mode=_preempt_mode(raw["preempt"]["mode"]),
        flags=_names(_QOS_FLAGS.get(flag, flag) for flag in raw["flags"]),
        grp_tres=_tres(tres["total"]),
        grp_tres_mins=_tres(tres["minutes"]["total"]),
        grp_wall=_minutes(largest["wall_clock"]["per"]["qos"]),
        grp_jobs=_limit(largest["active_jobs"]["count"]),
        grp_submit=_limit(jobs["count"]),
        max_tres=_tres(tres["per"]["job"]),
        max_tres_per_user=_tres(tres["per"]["user"]),
        max_tres_per_account=_tres(tres["per"]["account"]),
        max_wall=_minutes(largest["wall_clock"]["per"]["job"]),
        max_jobs_per_user=_limit(jobs["active_jobs"]["per"]["user"]),
        max_submit_per_user=_limit(jobs["per"]["user"]),
        max_jobs_per_account=_limit(jobs["active_jobs"]["per"]["account"]),
        max_submit_per_account=_limit(jobs["per"]["account"]),
        min_tres=_tres(raw["limits"]["min"]["tres"]["per"]["job"]),
    )


def _limit(number: Answer) -> int:
    if number["infinite"] or not number["set"]:
        return UNLIMITED
    return int(number["number"])


def _minutes(number: Answer) -> int:
    found = _limit(number)
    return found if found == UNLIMITED else found * 60


def _share(number: int) -> int | Literal["parent"]:
    return "parent" if number == _FROM_PARENT else int(number)


def _tres(raw: Iterable[Answer]) -> Tres:
    return tres_of(
        (f"{each['type']}/{each['name']}" if each["name"] else each["type"], int(each["count"]))
        for each in raw
    )


def _names(raw: Iterable[str]) -> Names:
    return tuple(sorted(raw))


def _preempt_mode(modes: Sequence[str]) -> str:
    """`cluster` where none of its own is set, which the JSON calls disabled."""
    return ",".join("cluster" if mode == "DISABLED" else mode.lower() for mode in modes)


# ── the controller ────────────────────────────────────────────────────────────────────────────


def node(raw: Answer) -> Node:
    return Node(
        name=raw["name"],
        state=_names(raw["state"]),
        cpus=int(raw["cpus"]),
        memory=int(raw["real_memory"]) * MEBI,
        gres=gres(raw["gres"]),
    )


def reservation(raw: Answer, zone: ZoneInfo) -> Reservation:
    start, end = _limit(raw["start_time"]), _limit(raw["end_time"])
    flags = tuple(_RESERVATION_FLAGS.get(flag, flag) for flag in raw["flags"])
    purged = "PURGE_COMP" in flags
    return make_reservation(
        name=raw["name"],
        start=datetime.fromtimestamp(start, zone),
        duration=end - start,
        nodes=raw["node_list"],
        node_count=int(raw["node_count"]),
        partition=raw["partition"],
        accounts=raw["accounts"],
        users=raw["users"],
        flags=flags,
        delay=int(raw["max_start_delay"]),
        purge=_limit(raw["purge_completed"]["time"]) if purged else UNLIMITED,
    )

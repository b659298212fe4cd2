"""Objects in the words that people type: lines of slurm.conf, commands of a shell."""

import shlex
from collections.abc import Iterator, Mapping

from srcnet_compiler.change import Json
from srcnet_compiler.targets.slurm.model import UNLIMITED
from srcnet_compiler.targets.slurm.model.fragment import KEY
from srcnet_compiler.targets.slurm.model.things import (
    Account,
    Association,
    Partition,
    Qos,
    Reservation,
)
from srcnet_compiler.targets.slurm.model.times import format_length
from srcnet_compiler.targets.slurm.model.tres import format_tres

LENGTHS = {"MaxTime", "DefaultTime", "MaxWall", "GrpWall", "Duration", "MaxStartDelay"} | {
    "PURGE_COMP"
}
"""The fields that are lengths of time."""


def partition_line(partition: Partition) -> str:
    """The line of slurm.conf that describes a partition."""
    words = (f"{key}={value}" for key, value in partition_words(partition))
    return " ".join((f"{KEY}={partition.name}", *words))


def partition_words(partition: Partition) -> Iterator[tuple[str, str]]:
    """The keys of its line; what says no more than Slurm's own default is left out."""
    for key, said in partition_fields(partition.fields()).items():
        if said is not None:
            yield key, said


def partition_fields(fields: Mapping[str, Json]) -> dict[str, str | None]:
    """Fields of a partition as its line says them; None where the line is silent."""
    return {
        key: None
        if (key == "DefaultTime" and value == UNLIMITED) or value == ""
        else word(key, value)
        for key, value in fields.items()
    }


def word(key: str, value: Json) -> str:
    """One value as Slurm writes it."""
    if isinstance(value, bool):
        return "YES" if value else "NO"
    if isinstance(value, list):
        return ",".join(str(each) for each in value) or "ALL"
    if isinstance(value, dict):
        return format_tres(value)
    if value == UNLIMITED:
        return "UNLIMITED"
    if key in LENGTHS and isinstance(value, int):
        return format_length(value)
    return str(value)


def qos_command(qos: Qos) -> str:
    """How a QOS is made."""
    return _join(["sacctmgr", "-i", "add", "qos", qos.name], qos.fields())


def account_command(account: Account, limits: Association | None) -> str:
    """How an account is made, with its own limits."""
    start = ["sacctmgr", "-i", "add", "account", account.name]
    own = {} if limits is None else limits.fields()
    return _join(start, {**account.fields(), **own})


def closing_commands(kind: str, name: str, new: str, cluster: str) -> Iterator[str]:
    """How what is called `new` now takes no more jobs by its old name; those that it has go on."""
    where = ["where", f"name={name}"]
    if kind == Partition.kind:
        yield shlex.join(["scontrol", "update", f"PartitionName={name}", "State=DRAIN"])
    elif kind == Qos.kind:
        yield shlex.join(["sacctmgr", "-i", "modify", "qos", *where, "set", "GrpSubmitJobs=0"])
    else:
        here = ["sacctmgr", "-i", "modify", "account", *where, f"cluster={cluster}"]
        yield shlex.join([*here, "set", f"parent={new}"])
        yield shlex.join([*here, "set", "GrpSubmitJobs=0"])


def reservation_command(reservation: Reservation, start: str, time_zone: str) -> str:
    """How a reservation is made. `start` is when it begins first; scontrol takes it for a time of
    where it runs itself, so it is told the cluster's time zone."""
    words = {**reservation.fields(), "StartTime": start}
    purge = words.pop("PURGE_COMP", None)
    if purge is not None:
        flags = [*reservation.flags, f"PURGE_COMP={word('PURGE_COMP', purge)}"]
        words["Flags"] = list[Json](flags)
    name = f"ReservationName={reservation.name}"
    zone = ["env", f"TZ={time_zone}"]
    return _join([*zone, "scontrol", "create", "reservation", name], words)


def _join(start: list[str], words: Mapping[str, Json]) -> str:
    """What is empty is so already in an object that is new."""
    stated = {key: value for key, value in words.items() if value not in ([], {})}
    return shlex.join([*start, *(f"{key}={word(key, value)}" for key, value in stated.items())])

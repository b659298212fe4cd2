"""Can Slurm say what the specs say? It counts minutes, MiB and whole numbers of 32 bits."""

from collections.abc import Iterator
from typing import NamedTuple

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.federation.compute import PerUser, Resources
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.quantity import format_duration
from srcnet_compiler.span import Origin

MOST = 2**32 - 3
"""The largest count of 32 bits; the two above it mean "not set" and "no limit" (slurm.h)."""
MOST_HOURS = 2**63 - 1
"""Use that adds up is counted in 64 bits."""
_MEBIBYTE, _GIGABYTE, _MINUTE = 2**20, 10**9, 60


class _Amount(NamedTuple):
    """What is written under a key of something, in bytes or seconds, or a plain number."""

    origin: Origin
    key: str
    amount: int | None
    unit: int
    subject: str
    most: int = MOST


def check_expressible(federation: Federation) -> Iterator[Diagnostic]:
    """Amounts that a Slurm cluster would round, or cannot count; nothing where there is none."""
    if federation.compute.clusters:
        for amount in _amounts(federation):
            yield from _check(amount)


def _amounts(federation: Federation) -> Iterator[_Amount]:
    compute = federation.compute
    for cluster in compute.clusters:
        name = cluster.label
        for group in cluster.nodes:
            yield _Amount(group.origin, "cores", group.cores, 1, name)
            yield _Amount(group.origin, "memory", group.memory, _MEBIBYTE, name)
            if cluster.scratch_resource is not None:
                yield _Amount(group.origin, "scratch", group.scratch, _GIGABYTE, name)
            for kind, number in group.gpus.items():
                yield _Amount(group.origin.below("gpus"), kind, number, 1, name)
        if cluster.share is not None:
            yield from _resources(cluster.share.guaranteed, name)
            yield from _resources(cluster.share.ceiling, name)
    if compute.policy is not None:
        for queue in compute.policy.queues.values():
            yield _Amount(queue.origin, "walltime", queue.walltime, _MINUTE, queue.name)
            yield from _resources(queue.per_user, queue.name)
        scratch = compute.policy.scratch
        if scratch is not None and any(c.scratch_resource for c in compute.clusters):
            name = compute.policy.name
            yield _Amount(scratch.origin, "amount", scratch.amount, _GIGABYTE, name)
    for allocation in compute.allocations:
        for project in allocation.projects:
            yield from _resources(project.limits, project.name)
            if project.hours is not None:
                here, hours = project.hours.origin, project.hours
                yield _Amount(here, "cores", hours.cores, _MINUTE, project.name, MOST_HOURS)
                yield _Amount(here, "gpus", hours.gpus, _MINUTE, project.name, MOST_HOURS)


def _resources(resources: Resources | PerUser | None, subject: str) -> Iterator[_Amount]:
    if resources is not None:
        yield _Amount(resources.origin, "cores", resources.cores, 1, subject)
        yield _Amount(resources.origin, "memory", resources.memory, _MEBIBYTE, subject)
        yield _Amount(resources.origin, "gpus", resources.gpus, 1, subject)
    if isinstance(resources, PerUser):
        yield _Amount(resources.origin, "jobs", resources.jobs, 1, subject)


def _check(written: _Amount) -> Iterator[Diagnostic]:
    origin, key, amount, unit, subject, most = written
    if amount is None:
        return
    whole, rest = divmod(amount, unit)
    place = Label(origin.at(key))
    if rest:
        lower, higher = _in_unit(whole, unit), _in_unit(whole + 1, unit)
        yield error(
            Code.SLURM_CANNOT_EXPRESS,
            f"`{key}` lies between {lower} and {higher}, and Slurm counts {_COUNTS[unit]}",
            place,
            help=f"write `{higher}`" if whole == 0 else f"write `{lower}` or `{higher}`",
            subject=subject,
        )
    elif unit != 1 and amount == 0:
        yield error(
            Code.SLURM_CANNOT_EXPRESS,
            f"`{key}` is nothing, which Slurm takes for no limit, or refuses",
            place,
            help=f"leave `{key}` out where there is no limit" if key != "walltime" else None,
            subject=subject,
        )
    elif whole > most:
        yield error(
            Code.SLURM_CANNOT_EXPRESS,
            f"`{key}` is more than Slurm can count",
            place,
            help=f"write at most `{_in_unit(most, unit)}`",
            subject=subject,
        )


def _in_unit(number: int, unit: int) -> str:
    match unit:
        case 1:
            return str(number)
        case 60:
            return format_duration(number * 60) if number else "0 min"
    return f"{number} {'MiB' if unit == _MEBIBYTE else 'GB'}"


_COUNTS = {_MINUTE: "whole minutes", _MEBIBYTE: "whole MiB", _GIGABYTE: "scratch in whole GB"}

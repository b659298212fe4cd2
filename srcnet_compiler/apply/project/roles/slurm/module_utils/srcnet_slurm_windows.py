"""The fields of a window as scontrol takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from ansible.module_utils.srcnet_gate import FailedError


def assignments(
    values: Mapping[str, Any], before: Mapping[str, Any], now: datetime
) -> Iterator[str]:
    """The fields as scontrol takes them; it has no word for taking one away.

    `now` is in the cluster's time zone.
    """
    from srcnet_compiler.targets.slurm.model.times import format_length

    yield from _flags(values, before)
    for name, value in values.items():
        if name in ("Flags", "PURGE_COMP"):
            continue
        if name == "StartTime":
            flags = values.get("Flags", before.get("Flags")) or ()
            yield f"StartTime={_next_start(value, flags, now)}"
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


def _next_start(said: str, flags: Sequence[str], now: datetime) -> str:
    """When a window begins next, in local time: one that repeats has no date.

    Not where clocks are put forward over that time, which Slurm would take for another; and not
    where they are put back over it, if the first of the two is past.
    """
    from srcnet_compiler.targets.slurm.model.times import start_of

    if "T" in said and "-" in said:
        return said
    assert now.tzinfo is not None
    local = now.replace(tzinfo=None, microsecond=0)
    *_, clock = said.split(" ")
    parts = [int(part) for part in clock.split(":")]
    first = local.replace(minute=parts[0], second=parts[1])
    step = timedelta(hours=1)
    if len(parts) == 3:
        first = local.replace(hour=parts[0], minute=parts[1], second=parts[2])
        step = timedelta(days=1)
    for number in range(16):
        moment = first + number * step
        fits = {"WEEKDAY": moment.weekday() < 5, "WEEKEND": moment.weekday() >= 5}
        on_this_day = all(fits.get(flag, True) for flag in flags)
        if on_this_day and start_of(moment, flags) == said and _comes(moment, now, now.tzinfo):
            return f"{moment:%Y-%m-%dT%H:%M:%S}"
    raise FailedError(f"`{said}` is no start of a window that repeats {', '.join(flags)}")


def _comes(moment: datetime, now: datetime, zone: tzinfo) -> bool:
    """Whether clocks will show a local time, and have not shown it yet."""
    both = [moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    shown = both[0].astimezone(zone).replace(tzinfo=None) == moment
    return shown and min(both) > now.astimezone(UTC)

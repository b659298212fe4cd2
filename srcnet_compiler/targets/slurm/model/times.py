"""Slurm's lengths of time as whole seconds, and its moments as local text."""

import re
from collections.abc import Iterable
from datetime import datetime

UNLIMITED = -1
"""No limit: Slurm's own word for it when a limit is taken away."""

REPEATING = frozenset({"HOURLY", "DAILY", "WEEKDAY", "WEEKEND", "WEEKLY"})
"""Flags of a reservation that begins again and again."""

_LENGTH = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")


def parse_length(text: str) -> int:
    """Read seconds from Slurm's ways to write a time limit; UNLIMITED and INFINITE are -1.

    ``90`` are minutes, ``1:30`` minutes and seconds, ``1-12`` days and hours. Raises ValueError.
    """
    if text.upper() in ("UNLIMITED", "INFINITE"):
        return UNLIMITED
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is no length of time")
    days, *parts = match.groups()
    first, *rest = [int(part) for part in parts if part is not None]
    if days is not None:
        hours, minutes, seconds = [first, *rest, 0, 0][:3]
    elif len(rest) == 2:
        hours, (minutes, seconds) = first, rest
    else:
        hours, minutes, seconds = 0, first, (rest or [0])[0]
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds


def format_length(seconds: int) -> str:
    """Write seconds as Slurm shows them, ``1-12:00:00``, for `parse_length` to read."""
    if seconds == UNLIMITED:
        return "UNLIMITED"
    days, rest = divmod(seconds, 86_400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days}-{clock}" if days else clock


def start_of(moment: datetime, flags: Iterable[str]) -> str:
    """When a reservation begins, in local time and without what moves on by itself.

    ``2031-07-22T07:30:00``; daily and on weekdays ``07:30:00``, weekly ``Tue 07:30:00``, hourly
    ``30:00``.
    """
    repeats = REPEATING.intersection(flags)
    if "HOURLY" in repeats:
        return f"{moment:%M:%S}"
    if "WEEKLY" in repeats:
        return f"{_DAYS[moment.weekday()]} {moment:%H:%M:%S}"
    return f"{moment:%H:%M:%S}" if repeats else f"{moment:%Y-%m-%dT%H:%M:%S}"


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

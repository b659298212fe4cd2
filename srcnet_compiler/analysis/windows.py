"""Can the windows of the clusters be kept: at their hours, on their nodes?"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from srcnet_compiler.analysis.clusters import given, severity
from srcnet_compiler.analysis.severity import Report, report
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.federation.compute import WEEKDAYS, SlurmCluster, Window
from srcnet_compiler.federation.model import Federation, Site

HORIZON = 366
"""Days to look ahead: clocks are changed at the same times of each year."""
_DAY = 24 * 60
_WEEK = 7 * _DAY


def check_zones(federation: Federation) -> Iterator[Diagnostic]:
    """Time zones that nobody knows."""
    for site in federation.sites.values():
        if site.timezone is not None and _zone(site.timezone) is None:
            near = get_close_matches(site.timezone, sorted(available_timezones()), 1, 0.6)
            yield error(
                Code.UNKNOWN_NAME,
                f"`{site.timezone}` is not a time zone",
                Label(site.origin.at("location", "timezone")),
                help=f"did you mean `{near[0]}`?" if near else "write one such as `Europe/Zurich`",
                subject=site.name,
            )


def check_windows(federation: Federation, today: date) -> Iterator[Diagnostic]:
    """The windows of each cluster, in the year that begins with `today`."""
    for cluster in federation.compute.clusters:
        if cluster.windows:
            yield from _hours(federation, cluster, today)
            yield from _queues(federation, cluster)
            yield from _too_many_nodes(cluster, severity(federation, cluster))


def _say(federation: Federation, cluster: SlurmCluster, window: Window) -> Report:
    return report(federation, window.drafts, window.name, cluster.label, cluster.site)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


# ── hours ─────────────────────────────────────────────────────────────────────────────────────


def _hours(federation: Federation, cluster: SlurmCluster, today: date) -> Iterator[Diagnostic]:
    site = federation.sites[cluster.site]
    if site.timezone is None:
        yield _no_zone(cluster, site, severity(federation, cluster))
        return
    zone = _zone(site.timezone)
    changes = [] if zone is None else _changes(zone, today)
    for window in cluster.windows:
        met = (_met(window, change) for change in changes)
        first = next((meeting for meeting in met if meeting is not None), None)
        if first is not None:
            yield _say(federation, cluster, window)(
                Code.WINDOW_AT_CHANGE,
                f"`{window.name}` {first.what} at {_clock(first.minute)}, "
                f"which there is {first.change.times} on {first.change.day}",
                Label(window.place),
                Label(site.origin.at("location", "timezone"), "where clocks are changed then"),
                help=f"choose a time before {_clock(first.change.start)} "
                f"or from {_clock(first.change.end)} on",
                subject=cluster.label,
            )


def _no_zone(cluster: SlurmCluster, site: Site, say: Report) -> Diagnostic:
    return say(
        Code.NO_TIME_ZONE,
        f"`{cluster.label}` has windows, but `{site.name}` does not say in which time zone",
        Label(cluster.windows[0].place),
        help="add `timezone:` to the `location` of the site, such as `timezone: Europe/Zurich`",
        subject=cluster.label,
    )


class _Change(NamedTuple):
    """Minutes of a day, from `start` to before `end`, that its clocks show not at all, or twice."""

    day: date
    start: int
    end: int
    times: str


class _Meeting(NamedTuple):
    """A window that begins or ends within a change."""

    change: _Change
    what: str
    minute: int


def _changes(zone: ZoneInfo, today: date) -> list[_Change]:
    days = (today + timedelta(days=number) for number in range(HORIZON))
    return [
        change
        for day in days
        if _offset(zone, day, 0, 0) != _offset(zone, day + timedelta(days=1), 0, 0)
        and (change := _change(zone, day)) is not None
    ]


def _change(zone: ZoneInfo, day: date) -> _Change | None:
    """What a day's clocks leave out or show twice: where the two offsets of a time differ."""
    odd = [
        minute
        for minute in range(_DAY)
        if _offset(zone, day, minute, 0) != _offset(zone, day, minute, 1)
    ]
    if not odd:
        return None
    forward = _offset(zone, day, odd[0], 0) < _offset(zone, day, odd[0], 1)
    return _Change(day, odd[0], odd[-1] + 1, "not" if forward else "twice")


def _offset(zone: ZoneInfo, day: date, minute: int, fold: int) -> timedelta:
    clock = time(*divmod(minute, 60))
    offset = datetime.combine(day, clock, zone).replace(fold=fold).utcoffset()
    return offset if offset is not None else timedelta(0)


def _met(window: Window, change: _Change) -> _Meeting | None:
    day = change.day.weekday()
    if day in window.days and change.start <= window.start < change.end:
        return _Meeting(change, "begins", window.start)
    begun = day if window.end > window.start else (day - 1) % 7
    first = change.start if change.times == "twice" else change.start + 1
    if begun in window.days and first <= window.end < change.end:
        return _Meeting(change, "ends", window.end)
    return None


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


# ── queues and nodes ──────────────────────────────────────────────────────────────────────────


def _queues(federation: Federation, cluster: SlurmCluster) -> Iterator[Diagnostic]:
    for window in cluster.windows:
        if window.queue not in cluster.queues:
            yield _say(federation, cluster, window)(
                Code.WINDOW_FOR_OTHERS,
                f"nodes are kept for `{window.queue}`, which may not run on `{cluster.label}`",
                Label(window.origin.at("queue")),
                Label(cluster.origin.at("queues"), "what may run"),
                help=f"add `{window.queue}` to `queues`, or remove the window",
                subject=cluster.label,
            )


def _too_many_nodes(cluster: SlurmCluster, say: Report) -> Iterator[Diagnostic]:
    """The time of the week at which most nodes are kept, where these are more than there are.

    So too where even the smallest nodes that might be kept have more cores than the site gives.
    """
    most = _fullest(cluster)
    if most is None:
        return
    minute, held = most
    kept, there = sum(window.nodes for window in held), cluster.node_count
    first, *others = sorted(held, key=lambda window: window.origin.at("nodes"), reverse=True)
    labels = (
        Label(first.origin.at("nodes"), f"{first.nodes} here"),
        *(Label(other.origin.at("nodes"), f"{other.nodes} here") for other in others),
    )
    when = f"on {WEEKDAYS[minute // _DAY]} at {_clock(minute % _DAY)} windows keep {kept} nodes"
    cores, gives = _least_cores(cluster, kept), given(cluster, "cores")
    if kept > there:
        yield say(
            Code.WINDOWS_OVER_NODES,
            f"{when}, but `{cluster.label}` has {there}",
            *labels,
            Label(cluster.origin.key("nodes"), "the nodes"),
            help="keep fewer nodes, or at other times",
            subject=cluster.label,
        )
    elif gives.amount is not None and cores > gives.amount:
        yield say(
            Code.WINDOWS_OVER_NODES,
            f"{when} with {cores} cores or more, but `{cluster.label}` gives {gives.amount}",
            *labels,
            Label(gives.place, "what the site gives"),
            help="keep fewer nodes, or at other times",
            subject=cluster.label,
        )


def _fullest(cluster: SlurmCluster) -> tuple[int, list[Window]] | None:
    """The minute of the week at which most nodes are kept, and by which windows."""
    windows = [window for window in cluster.windows if not window.retired]
    minutes = sorted({day * _DAY + window.start for window in windows for day in window.days})
    held = [(minute, [w for w in windows if _holds(w, minute)]) for minute in minutes]
    return max(held, key=lambda each: sum(w.nodes for w in each[1]), default=None)


def _least_cores(cluster: SlurmCluster, count: int) -> int:
    """The cores of this many nodes, the smallest first."""
    sizes = sorted(group.cores for group in cluster.nodes for _ in group.names)
    return sum(sizes[:count])


def _holds(window: Window, minute: int) -> bool:
    """Whether a window is open at a minute of the week."""
    return any((minute - day * _DAY - window.start) % _WEEK < window.minutes for day in window.days)

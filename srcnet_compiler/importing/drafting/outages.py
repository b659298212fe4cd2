"""Times in which something of others is down, as downtimes of what the specs know: by the host, or
by the very name that a spec has for it. What no spec knows is left out and named."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain

from srcnet_compiler.diagnostic import Code, Diagnostic
from srcnet_compiler.importing.downtimes import Register
from srcnet_compiler.importing.drafting.addresses import host_of
from srcnet_compiler.importing.drafting.known import Known, Thing
from srcnet_compiler.importing.drafting.said import LEFT_OUT, Said
from srcnet_compiler.importing.finding import Finding, diagnostics
from srcnet_compiler.importing.writing import Wanted
from srcnet_compiler.source.trouble import shown

_REASON = "they do not say why"


@dataclass(frozen=True, slots=True)
class Outage:
    """What is down from when until when, in UTC."""

    said: Said
    called: str
    """What it is called there."""
    hosts: tuple[str, ...]
    holds_data: bool
    """Whether storage is down."""
    runs: bool
    """Whether something else is down that runs there."""
    period: tuple[datetime, datetime]
    planned: bool
    reason: str
    is_site: bool = False
    """Whether the whole of a site is down, which `called` names."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """What is to be written, how many were over, and what was left out."""

    wanted: tuple[Wanted, ...]
    over: int
    left: tuple[Diagnostic, ...]


def noticed(outages: Iterable[Outage], known: Known, register: Register, today: date) -> Noticed:
    """All that are not over before `today` and that no spec says yet."""
    wanted: list[Wanted] = []
    left: list[Diagnostic] = []
    over = 0
    for each in outages:
        if each.period[1].date() < today:
            over += 1
            continue
        things = list(_things(each, known))
        if not things:
            left += diagnostics(each.said.paper, [_unknown(each)])
        for thing in things:
            if not thing.name:
                left += diagnostics(each.said.paper, [_nameless(each, thing)])
                continue
            reason = each.reason or _REASON
            wanted += register.add(thing.name, thing.site, each.period, each.planned, reason)
    return Noticed(tuple(wanted), over, tuple(left))


def _things(outage: Outage, known: Known) -> Iterator[Thing]:
    if outage.is_site:
        site = known.site(outage.called)
        yield from [Thing(site, site)] if site is not None else ()
        return
    hosts = [host_of(each) for each in outage.hosts]
    areas = [known.areas.get(each, ()) for each in (*hosts, outage.called) if outage.holds_data]
    services = [known.services.get(each, ()) for each in hosts if outage.runs]
    yield from dict.fromkeys(chain.from_iterable((*areas, *services)))


def _unknown(outage: Outage) -> Finding:
    kinds = {"site": outage.is_site, "storage area": outage.holds_data, "service": outage.runs}
    what = " or ".join(kind for kind, is_so in kinds.items() if is_so)
    hosts = ", ".join(map(shown, outage.hosts))
    where = f" on {hosts}" if hosts and outage.called not in outage.hosts else ""
    remedy = "its host in its spec" if hosts else "its name in `alsoKnownAs`"
    return outage.said.left_out(
        None,
        f"{shown(outage.called)}{where} is down, and no spec has a {what} of that name or host",
        f"it is left out; where it is one of yours, say {remedy}",
    )


def _nameless(outage: Outage, thing: Thing) -> Finding:
    return outage.said.left_out(
        None,
        f"{shown(outage.called)} is down, and {shown(thing.site)} has several services of one name",
        "it is left out; give the one on that host a `name` of its own, and import again",
    )


def reversed_period(said: Said, key: str, called: str) -> Finding:
    """A downtime that ends before it begins."""
    return Finding(
        Code.DOWNTIME,
        f"the downtime of {shown(called)} ends before it has begun",
        (said.at(key),),
        LEFT_OUT,
        called,
    )

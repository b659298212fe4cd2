"""Downtime, Moved, Retired and Waiver documents to the model."""

from srcnet_compiler.federation.amounts import Findings
from srcnet_compiler.federation.notices import Downtime, Moved, Renamed, Retired, Waiver
from srcnet_compiler.names import AreaName
from srcnet_compiler.quantity import parse_bytes
from srcnet_compiler.schema import lifecycle as schema
from srcnet_compiler.span import Origin


def read_downtime(document: schema.Downtime, origin: Origin, found: Findings) -> Downtime:
    """When something is not available."""
    spec, here = document.spec, origin.below("spec")
    return Downtime(
        document.metadata.name,
        spec.of,
        found.moment(spec.from_, here, "from"),
        found.moment(spec.to, here, "to"),
        spec.planned,
        spec.reason,
        here,
    )


def read_moved(document: schema.Moved, origin: Origin) -> Moved | Renamed:
    """A rename."""
    spec, here = document.spec, origin.below("spec")
    if spec.area is not None:
        return Moved(AreaName(spec.area), spec.from_, spec.to, here)
    if spec.queue is not None:
        return Renamed("queue", spec.queue, spec.from_, spec.to, here)
    if spec.site is not None:
        return Renamed("site", spec.site, spec.from_, spec.to, here)
    return Renamed("project", spec.project or "", spec.from_, spec.to, here)


def read_retired(document: schema.Retired, origin: Origin, found: Findings) -> Retired:
    """An acknowledged end."""
    spec, here = document.spec, origin.below("spec")
    until = found.date(spec.until, here, "until")
    return Retired(
        spec.area,
        spec.policy,
        spec.reason,
        until,
        here,
        queue=spec.queue,
        project=spec.project,
        window=spec.window,
        cluster=spec.cluster,
        service=spec.service,
        template=spec.template,
    )


def read_waiver(document: schema.Waiver, origin: Origin, found: Findings) -> Waiver:
    """What is set aside."""
    spec, here = document.spec, origin.below("spec")
    aside = spec.setsAside
    if aside.finding is not None:
        kind, what = "finding", aside.finding
    elif aside.limit is not None:
        kind, what = "limit", aside.limit
    else:
        kind, what = "draft", ""
    return Waiver(
        name=document.metadata.name,
        kind=kind,
        what=what,
        up_to=_up_to(aside.upTo, here.below("setsAside"), found),
        of=spec.of,
        reason=spec.reason,
        until=found.date(spec.until, here, "until"),
        origin=here,
    )


def _up_to(text: str | None, origin: Origin, found: Findings) -> int | None:
    number = text is not None and text.isdigit()
    return found.amount(int if number else parse_bytes, text, origin, "upTo")

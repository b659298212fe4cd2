"""DataPolicy documents to the model."""

from collections.abc import Iterable, Iterator

from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.federation.amounts import Findings
from srcnet_compiler.federation.data_policy import (
    Copies,
    DataPolicy,
    Embargo,
    Extra,
    Phase,
    Selector,
    Volume,
)
from srcnet_compiler.federation.notices import Retired
from srcnet_compiler.federation.rates import Recall
from srcnet_compiler.federation.shared import draft
from srcnet_compiler.federation.unique import repeated
from srcnet_compiler.names import Namespace, PolicyName, SiteName, TierName
from srcnet_compiler.quantity import (
    Period,
    Seconds,
    parse_bytes,
    parse_data_rate,
    parse_duration,
    parse_period,
)
from srcnet_compiler.schema import data_policy as schema
from srcnet_compiler.span import Origin


def read_policy(
    document: schema.DataPolicy, origin: Origin, retired: Iterable[Retired], found: Findings
) -> DataPolicy:
    """One data policy; volumes in order of year."""
    spec, here = document.spec, origin.below("spec")
    selects = spec.selects
    volumes = (
        _volume(volume, here.below("volume", index), found)
        for index, volume in enumerate(spec.volume)
    )
    return DataPolicy(
        name=PolicyName(document.metadata.name),
        selector=Selector(
            tuple(Namespace(name) for name in selects.namespaces),
            selects.product,
            tuple(selects.telescope or ()),
            selects.campaign,
        ),
        volumes=tuple(sorted(volumes, key=lambda volume: volume.year)),
        ingest=tuple(spec.arrives.at.countries) if spec.arrives.at else (),
        deadline=found.required(
            parse_duration, spec.arrives.deadline, here.below("arrives"), "deadline", Seconds(0)
        ),
        floor=spec.floor,
        phases=tuple(
            _phase(phase, here.below("phases", index), found)
            for index, phase in enumerate(spec.phases)
        ),
        activity=spec.activity,
        retired=any(end.policy == document.metadata.name for end in retired),
        drafts=draft(spec, here),
        origin=here,
        embargo=_embargo(spec.embargo, here.below("embargo"), found),
        recall=_recall(spec.recall, here.below("recall"), found),
        extras=tuple(
            Extra(
                tuple(SiteName(name) for name in extra.at),
                found.required(
                    parse_duration, extra.for_, here.below("also", index), "for", Seconds(0)
                ),
                here.below("also", index),
            )
            for index, extra in enumerate(spec.also)
        ),
    )


def _recall(recall: schema.Recall | None, origin: Origin, found: Findings) -> Recall | None:
    if recall is None:
        return None
    return Recall(
        TierName(recall.to.tier),
        found.required(parse_duration, recall.keep, origin, "keep", Seconds(0)),
        found.amount(parse_data_rate, recall.expected, origin, "expected"),
        draft(recall, origin),
        origin,
        recall.to.near,
        found.amount(parse_bytes, recall.approvalAbove, origin, "approvalAbove"),
    )


def _embargo(embargo: schema.Embargo | None, origin: Origin, found: Findings) -> Embargo | None:
    if embargo is None:
        return None
    period = found.required(parse_period, embargo.for_, origin, "for", Period(0, "d"))
    return Embargo(period, embargo.readers.group, draft(embargo, origin), origin)


def _volume(volume: schema.Volume, origin: Origin, found: Findings) -> Volume:
    return Volume(
        volume.from_,
        found.amount(parse_data_rate, volume.rate, origin, "rate"),
        found.amount(parse_bytes, volume.amount, origin, "amount"),
        draft(volume, origin),
        origin,
    )


def _phase(phase: schema.Phase, origin: Origin, found: Findings) -> Phase:
    until: Period | None = found.amount(parse_period, phase.until, origin, "until")
    return Phase(
        phase.name,
        until,
        phase.apart,
        tuple(
            Copies(copies.count, TierName(copies.tier), origin.below("copies", index))
            for index, copies in enumerate(phase.copies)
        ),
        origin,
        ends=phase.then is not None,
    )


def check_parts(policies: Iterable[DataPolicy]) -> Iterator[Diagnostic]:
    """Years and phases that a policy describes twice."""
    for policy in policies:
        volumes = (
            (f"what arrives from {volume.year} on", volume.origin.at("from"))
            for volume in policy.volumes
        )
        yield from repeated(volumes, "keep one of them, or begin it in another year")
        phases = ((f"phase `{phase.name}`", phase.origin.at("name")) for phase in policy.phases)
        yield from repeated(phases)

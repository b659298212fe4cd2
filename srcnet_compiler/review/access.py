"""What people may read by the templates that they start, before and after."""

from dataclasses import replace
from typing import NamedTuple

from srcnet_compiler.analysis.placement import PhasePlacement
from srcnet_compiler.analysis.reading import Read, embargoed, reads
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import AreaName, GroupPath
from srcnet_compiler.review.model import Access


class _Key(NamedTuple):
    """What makes something that may be read the same on both sides."""

    template: str
    cluster: str
    area: AreaName
    path: str
    groups: tuple[GroupPath, ...]


class Side(NamedTuple):
    """What is said on one side, and where data are expected then."""

    federation: Federation
    placements: tuple[PhasePlacement, ...]


def access(before: Side, after: Side) -> tuple[Access, ...]:
    """What may be read that could not be, and what no longer; by template, cluster and area."""
    old, new = _by_key(before), _by_key(after)
    lost = (replace(old[key], gained=False) for key in old if key not in new)
    gained = (new[key] for key in new if key not in old or (old[key].draft and not new[key].draft))
    found = (*lost, *gained)
    return tuple(sorted(found, key=lambda each: (each.template, each.cluster, each.area)))


def _by_key(side: Side) -> dict[_Key, Access]:
    found = (_access(side, each) for each in reads(side.federation))
    return {
        _Key(each.template, each.cluster, each.area, each.path, each.groups): each for each in found
    }


def _access(side: Side, read: Read) -> Access:
    template, area = read.template, read.area
    embargoes = embargoed(side.federation, side.placements, area)
    return Access(
        template=template.name,
        runs=template.runs,
        site=read.cluster.site,
        cluster=read.cluster.label,
        area=area.name,
        tier=area.tier,
        capacity=area.capacity,
        path=read.mount.path,
        groups=template.groups,
        queue=template.queue,
        gained=True,
        draft=_is_held(side.federation, read),
        place=read.mount.origin.at(),
        embargoed=tuple(
            f"{each.name} ({each.embargo.period})" for each in embargoes if each.embargo
        ),
    )


def _is_held(federation: Federation, read: Read) -> bool:
    """Whether something that it rests on is not agreed, so that nobody can start it yet."""
    template, cluster, area = read.template, read.cluster, read.area
    image, policy = template.container.image, federation.compute.policy
    queue = policy.queues.get(template.queue) if policy is not None else None
    if image.digest is None or policy is None or queue is None:
        return True
    share = cluster.share.drafts if cluster.share is not None else ()
    return (
        federation.holds_back((*template.drafts, *image.drafts), template.name)
        or federation.holds_back((*cluster.drafts, *share), cluster.label, cluster.site)
        or federation.holds_back(area.drafts, area.name, area.site)
        or federation.holds_back(policy.drafts, policy.name)
        or federation.holds_back(queue.drafts, queue.name, policy.name)
    )

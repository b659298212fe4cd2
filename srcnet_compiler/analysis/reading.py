"""Which storage area a template reads on a cluster: one that the site says may be read there."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from srcnet_compiler.analysis.placement import PhasePlacement
from srcnet_compiler.analysis.platforms import Here, clusters_with, why_not_mountable
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, warning
from srcnet_compiler.federation.data_policy import DataPolicy
from srcnet_compiler.federation.kubernetes import KubernetesCluster
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.federation.services import Mount, Template


@dataclass(frozen=True, slots=True)
class Read:
    """An area that a template reads on a cluster, by one of its mounts."""

    template: Template
    cluster: KubernetesCluster
    mount: Mount
    area: StorageArea


def area_for(
    federation: Federation, cluster: KubernetesCluster, mount: Mount
) -> StorageArea | None:
    """The area that a mount of a template means on a cluster; None where none is readable, or
    several are and the mount does not say which."""
    fitting = [area for area in _readable(federation, cluster) if _fits(mount, area)]
    return fitting[0] if len(fitting) == 1 else None


def reads(federation: Federation) -> Iterator[Read]:
    """What each template reads on each cluster that it may run on, in order of both."""
    for cluster in federation.kubernetes:
        yield from reads_on(federation, cluster)


def reads_on(federation: Federation, cluster: KubernetesCluster) -> Iterator[Read]:
    """What each template reads on one cluster, in order of name."""
    for template in _templates(federation, cluster) if cluster.in_use else ():
        found = [
            Read(template, cluster, mount, area)
            for mount in template.container.of_areas
            if (area := area_for(federation, cluster, mount)) is not None
        ]
        if len(found) == len(template.container.of_areas):
            yield from found


def embargoed(
    federation: Federation, placements: Iterable[PhasePlacement], area: StorageArea
) -> tuple[DataPolicy, ...]:
    """The policies whose data may come to an area, and are not everybody's from the beginning: a
    directory knows nothing of that. In order of name."""
    there = {each.policy for each in placements if each.shares.get(area.name)}
    policies = federation.policies.values()
    return tuple(each for each in policies if each.name in there and each.embargo is not None)


def check_reading(federation: Federation) -> Iterator[Diagnostic]:
    """Every cluster in use: what it lets be read, and each template that would read there."""
    for here in clusters_with(federation):
        yield from _named(federation, here)
        if here.cluster.in_use:
            for template in _templates(federation, here.cluster):
                yield from _template(federation, here.cluster, template)


def _templates(federation: Federation, cluster: KubernetesCluster) -> Iterator[Template]:
    """The templates that see an area, and may run on a cluster."""
    for template in federation.templates.values():
        offered = template.queue in cluster.queues and not template.retired
        if offered and template.container.of_areas:
            yield template


def _readable(federation: Federation, cluster: KubernetesCluster) -> Iterator[StorageArea]:
    for name in cluster.readable:
        area = federation.areas[name]
        if not any(_why_not(cluster, area)):
            yield area


def _why_not(cluster: KubernetesCluster, area: StorageArea) -> Iterator[tuple[str, str]]:
    """Why nothing that people start can read an area: the key that is amiss, and words."""
    yield from why_not_mountable(area)
    if area.role != "data":
        yield "role", f"whose role is {area.role}"
    if area.environment != cluster.environment:
        yield "environment", f"which is for {area.environment}"


# ── what a site lets be read ──────────────────────────────────────────────────────────────────


def _named(federation: Federation, here: Here) -> Iterator[Diagnostic]:
    cluster, first = here.cluster, dict[str, int]()
    for index, name in enumerate(cluster.readable):
        area, place = federation.areas[name], Label(cluster.origin.at("readable", index))
        for key, why in _why_not(cluster, area):
            add = f"add `{key}:` to the area, or name" if key in _CAN_BE_ADDED else "name"
            yield here.say(
                Code.AREA_NOT_MOUNTED,
                f"people are to read `{name}` on `{cluster.label}`, {why}",
                place,
                Label(area.origin.at(key) if area.origin.has(key) else area.origin.at("name")),
                help=f"{add} another",
                subject=cluster.label,
            )
        if first.setdefault(area.tier, index) != index:
            yield here.say(
                Code.AREA_NOT_MOUNTED,
                f"people are to read two areas of tier `{area.tier}` on `{cluster.label}`, and"
                " nothing says which of them a template sees",
                place,
                Label(cluster.origin.at("readable", first[area.tier]), "the other"),
                help="keep one area of each tier",
                subject=cluster.label,
            )


_CAN_BE_ADDED = ("posixMount", "capacity")


# ── what a template would read ────────────────────────────────────────────────────────────────


def _template(
    federation: Federation, cluster: KubernetesCluster, template: Template
) -> Iterator[Diagnostic]:
    """It is not offered where one of its mounts means nothing: that is said, once a cluster. What
    is wrong with an area that the site names for it is said there."""
    readable = [*_readable(federation, cluster)]
    for mount in template.container.of_areas:
        if area_for(federation, cluster, mount) is not None:
            continue
        if len(readable) > 1 and mount.tier is None:
            tiers = " or ".join(f"`tier: {tier}`" for tier in Counter(a.tier for a in readable))
            yield warning(
                Code.AREA_NOT_MOUNTED,
                f"`{template.name}` does not say which area it reads, and `{cluster.label}` has"
                f" {len(readable)} that are readable: nobody can start it there",
                Label(mount.origin.at()),
                Label(cluster.origin.at("readable"), "the areas"),
                help=f"add {tiers} to the mount",
                subject=template.name,
            )
        elif not any(_fits(mount, federation.areas[name]) for name in cluster.readable):
            yield _nothing(federation, cluster, template, mount)
        return


def _fits(mount: Mount, area: StorageArea) -> bool:
    return mount.tier in (None, area.tier)


def _nothing(
    federation: Federation, cluster: KubernetesCluster, template: Template, mount: Mount
) -> Diagnostic:
    sees = "a storage area" if mount.tier is None else f"an area of tier `{mount.tier}`"
    site = federation.sites[cluster.site]
    areas = [federation.areas[name] for name in site.areas]
    of_tier = [area for area in areas if _fits(mount, area)]
    could = [area.name for area in of_tier if not any(_why_not(cluster, area))]
    without = f"leave `{template.queue}` out of the cluster's `queues:`"
    if could:
        add = f"`{could[0]}` to the cluster's `readable:`"
        if not cluster.readable:
            add = f"`readable: [{could[0]}]` to the cluster"
        why = f"`{cluster.label}` lets none be read"
        remedy = f"where the site agrees, add {add}, or {without}"
    elif of_tier:
        why = f"no area of `{cluster.site}` can be mounted on `{cluster.label}`"
        remedy = f"add `posixMount:` to an area that the nodes can mount, or {without}"
    else:
        why = f"`{cluster.site}` has none"
        remedy = f"{without}, or ask for another tier"
    return warning(
        Code.AREA_NOT_MOUNTED,
        f"`{template.name}` sees {sees}, and {why}: nobody can start it there",
        Label(cluster.origin.at("readable" if cluster.origin.has("readable") else "queues")),
        Label(mount.origin.at(), "it is to be seen here"),
        *(Label(area.origin.at("name"), "cannot be mounted") for area in of_tier[:2] if not could),
        help=remedy,
        subject=template.name,
    )

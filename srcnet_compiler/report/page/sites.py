"""Sites as their specs describe them, and what policies put on each of their areas."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from srcnet_compiler.analysis.capacity import pledging
from srcnet_compiler.analysis.reading import reads_on
from srcnet_compiler.federation import model as federation_model
from srcnet_compiler.federation.compute import SlurmCluster
from srcnet_compiler.federation.kubernetes import KubernetesCluster
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.names import AreaName
from srcnet_compiler.quantity import format_bytes, format_duration, round_bytes
from srcnet_compiler.report.page.facts import anchor, counted, follows, listed, written
from srcnet_compiler.report.page.model import Area, Cluster, Fact, Offer, Put, Site
from srcnet_compiler.report.page.tiers import place_of, sizes
from srcnet_compiler.schema import site as schema
from srcnet_compiler.span import Origin
from srcnet_compiler.span import written as places_of

READS = "the area of this tier that the site says is readable there"
FILLED = "what it is expected to hold, as a part of what is pledged"


@dataclass(frozen=True, slots=True)
class Sums:
    """What analysis says of each area: by policy and year, and all agreed together in one year."""

    puts: Mapping[AreaName, tuple[Put, ...]]
    held: Mapping[AreaName, Fact]


def sites(federation: Federation, sums: Sums, specs: Mapping[str, schema.Site]) -> Iterator[Site]:
    """Every site, in order of name; `specs` are the documents by name."""
    pledges = tuple(pledging(federation))
    numbers: dict[str, int] = {name: n for n, name in enumerate(federation.regions)}
    for name, site in federation.sites.items():
        spec, at = specs[name].spec, site.origin
        mine = tuple(area for area in pledges if area.site == name)
        clusters = tuple(_clusters(federation, site, spec))
        yield Site(
            name=name,
            anchor=anchor("site", name),
            src=site.src,
            country=site.country,
            region=numbers.get(site.region) if site.region is not None else None,
            region_name=site.region or "",
            draft=written(spec.source or "not agreed", at.at("status")) if site.drafts else None,
            description=(
                written(spec.description, at.at("description")) if spec.description else None
            ),
            where=_where(site),
            longitude=site.longitude,
            latitude=site.latitude,
            uplink=_rate(spec.network.srcnet if spec.network else None, site, "srcnet"),
            wan=_rate(spec.network.wan if spec.network else None, site, "wan"),
            contacts=tuple(
                (contact.role, written(contact.email, at.at("contacts", number, "email")))
                for number, contact in enumerate(spec.contacts)
            ),
            pledged=sizes(mine, at.at())[0] if mine else None,
            areas=tuple(
                _area(federation, federation.areas[AreaName(said.name)], said, sums, numbers)
                for said in spec.storage
            ),
            clusters=clusters,
            scratch=tuple(_scratch(federation, site)),
            offers=tuple(
                _offer(offer, said)
                for offer, said in zip(site.services, spec.services, strict=True)
            ),
            absent=tuple(_absent(spec)),
        )


def _where(site: federation_model.Site) -> Fact | None:
    if site.latitude is None or site.longitude is None:
        return None
    north = f"{abs(site.latitude):g}° {'N' if site.latitude >= 0 else 'S'}"
    east = f"{abs(site.longitude):g}° {'E' if site.longitude >= 0 else 'W'}"
    city = f"{site.city}, " if site.city else ""
    return written(f"{city}{north} {east}", site.origin.at("location"))


def _rate(text: str | None, site: federation_model.Site, key: str) -> Fact | None:
    if text is None:
        return None
    value = site.uplink if key == "srcnet" else 0
    return written(text, site.origin.at("network", key), value or 0)


def _absent(spec: schema.SiteSpec) -> Iterator[str]:
    """What a site could say of itself and does not."""
    if spec.location is None:
        yield "where it is"
    if spec.network is None or spec.network.srcnet is None:
        yield "its connection"
    if not spec.contacts:
        yield "whom to ask"
    if not spec.storage:
        yield "any storage"
    if not spec.compute:
        yield "any compute"
    if not spec.services:
        yield "any service"


# ── storage ───────────────────────────────────────────────────────────────────────────────────


def _area(
    federation: Federation,
    area: StorageArea,
    said: schema.StorageArea,
    sums: Sums,
    numbers: Mapping[str, int],
) -> Area:
    held = sums.held.get(area.name)
    return Area(
        name=written(area.name, area.origin.at("name")),
        today="" if area.name_today == area.name else area.name_today,
        site=area.site,
        region=numbers.get(area.region) if area.region is not None else None,
        tier=area.tier,
        system=area.system or "",
        environment=area.environment,
        capacity=_size(area, "capacity", said.capacity, area.capacity),
        pledged=_size(area, "pledged", said.pledged, area.pledged),
        held=held,
        filled=_filled(area, held),
        idle=idle(federation, area),
        within=area.within or "",
        puts=sums.puts.get(area.name, ()),
    )


def _size(area: StorageArea, key: str, text: str | None, value: int | None) -> Fact | None:
    return None if text is None else written(text, area.origin.at(key), value or 0)


def _filled(area: StorageArea, held: Fact | None) -> Fact | None:
    if held is None or not area.pledged:
        return None
    part = held.value / area.pledged
    return follows(percent(part), FILLED, (place_of(area), *held.note.places), part)


def percent(part: Fraction) -> str:
    """A part of a whole for people: `4 %`, `less than 1 %`."""
    if 0 < part < Fraction(1, 100):
        return "under 1 %"
    return f"{round(part * 100)} %"


def idle(federation: Federation, area: StorageArea) -> str:
    """Why an area holds no copies that count, in words; empty where it does."""
    tier = federation.tiers.get(area.tier)
    reasons = (
        (area.retired, "it ends"),
        (not area.enabled, "not enabled"),
        (area.environment != "production", f"for {area.environment}"),
        (area.adopted, "adopted as it stood"),
        (area.role != "data", f"its role is {area.role}"),
        (tier is not None and not tier.counts, f"copies on {area.tier} never count"),
        (federation.holds_back(area.drafts, area.name, area.site), "a draft"),
        (not area.pledged, "its size is not said"),
        (not area.endpoints, "no way in is said"),
        (area.region is None, "its country is in no region"),
    )
    return next((why for holds, why in reasons if holds), "")


# ── compute and services ──────────────────────────────────────────────────────────────────────


def _clusters(
    federation: Federation, site: federation_model.Site, spec: schema.SiteSpec
) -> Iterator[Cluster]:
    slurm = {cluster.name: cluster for cluster in federation.compute.at(site.name)}
    kubernetes = {c.name: c for c in federation.kubernetes if c.site == site.name}
    for number, compute in enumerate(spec.compute):
        at = site.origin.below("compute", number)
        kind, facts = _kind(federation, slurm.get(compute.name), kubernetes.get(compute.name))
        said = (
            ("description", compute.description or ""),
            ("hardware", compute.hardware or ""),
            ("capabilities", listed(compute.capabilities) if compute.capabilities else ""),
        )
        plain = ((key, written(text, at.at(key))) for key, text in said if text)
        yield Cluster(
            written(compute.name, at.at("name")),
            kind,
            compute.environment,
            compute.enabled,
            (*facts, *plain),
        )


def _kind(
    federation: Federation, slurm: SlurmCluster | None, kubernetes: KubernetesCluster | None
) -> tuple[str, tuple[tuple[str, Fact], ...]]:
    if slurm is not None:
        return "Slurm", tuple(_slurm(slurm))
    if kubernetes is not None:
        return "Kubernetes", (*_kubernetes(kubernetes), *_read(federation, kubernetes))
    return "not said", ()


def _slurm(cluster: SlurmCluster) -> Iterator[tuple[str, Fact]]:
    at = cluster.origin
    nodes = [group.origin.at() for group in cluster.nodes]
    yield "called", written(cluster.cluster, at.at("cluster"))
    yield "version", written(str(cluster.version), at.at("version"))
    yield "nodes", follows(counted(cluster.node_count, "node"), "nodes of all groups", nodes)
    yield "cores", follows(counted(cluster.cores, "core"), "cores of all nodes, added up", nodes)
    if cluster.gpus:
        yield "GPUs", follows(counted(cluster.gpus, "GPU"), "GPUs of all nodes, added up", nodes)
    if cluster.memory is not None:
        text = round_bytes(cluster.memory)
        yield "memory", follows(text, "memory of all nodes, added up", nodes)
    yield from _common(cluster.shared, cluster.queues, at)
    for window in cluster.windows:
        nodes_kept = counted(window.nodes, "node")
        yield f"window {window.name}", written(f"{nodes_kept} for {window.queue}", window.place)


def _kubernetes(cluster: KubernetesCluster) -> Iterator[tuple[str, Fact]]:
    at = cluster.origin
    yield "version", written(".".join(map(str, cluster.version)), at.at("version"))
    yield "changes", written(cluster.delivery.how, cluster.delivery.origin.at())
    if cluster.operators:
        yield "installed", written(listed(cluster.operators), at.at("operators"))
    if cluster.adopted is not None:
        yield "adopted", written("as it stands, and nothing else yet", at.at("adopted"))
    yield from _common(cluster.shared, cluster.queues, at)


def _read(federation: Federation, cluster: KubernetesCluster) -> Iterator[tuple[str, Fact]]:
    """What people may read here, and by which templates."""
    at = cluster.origin
    if cluster.readable:
        yield "readable", written(listed(cluster.readable), at.at("readable"))
    for read in reads_on(federation, cluster):
        template, mount = read.template, read.mount.origin.at()
        places = (mount, at.at("readable"), *places_of(template.origin, "groups"))
        who = listed(template.groups) if template.groups else f"queue {template.queue}"
        text = f"reads {read.area.name} at {read.mount.path}, for {who}"
        yield f"{template.runs} {template.name}", follows(text, READS, places)


def _common(shared: bool, queues: Sequence[str], at: Origin) -> Iterator[tuple[str, Fact]]:
    yield "used", written("by others too" if shared else "by the federation alone", at.at("shared"))
    if queues:
        yield "queues", written(listed(queues), at.at("queues"))


def _scratch(federation: Federation, site: federation_model.Site) -> Iterator[tuple[str, Fact]]:
    for scratch in federation.compute.scratch:
        if scratch.site == site.name:
            size = format_bytes(scratch.capacity) if scratch.capacity else "size not said"
            keep = (
                f"files stay {format_duration(scratch.keep)}"
                if scratch.keep is not None
                else "files stay until somebody removes them"
            )
            yield scratch.name, written(f"{size}, {keep}", scratch.origin.at())


def _offer(offer: federation_model.SiteService, said: schema.SiteService) -> Offer:
    port = f":{offer.port}" if offer.port else ""
    scheme = f"{offer.scheme}://" if offer.scheme else ""
    return Offer(
        written(said.service, offer.origin.at("service")),
        offer.environment,
        offer.enabled,
        offer.at or "",
        offer.storage or "",
        f"{scheme}{offer.host}{port}{offer.path or ''}" if offer.host else "",
    )

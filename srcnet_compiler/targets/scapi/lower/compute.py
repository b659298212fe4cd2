"""Compute to entries, with the services that a site offers there and the queues it has."""

from collections import Counter
from collections.abc import Iterator, Mapping

from srcnet_compiler.federation.catalogued import CataloguedCompute, CataloguedService
from srcnet_compiler.federation.compute import ComputePolicy, Queue, SlurmCluster
from srcnet_compiler.federation.kubernetes import KubernetesCluster
from srcnet_compiler.federation.model import SiteService, accepted
from srcnet_compiler.scapi_nodes import GLOBAL_SERVICES, LOCAL_SERVICES, Kind, identity
from srcnet_compiler.span import Origin, written
from srcnet_compiler.targets.scapi.lower.places import compute_places, ends, once
from srcnet_compiler.targets.scapi.lower.sites import Place
from srcnet_compiler.targets.scapi.lower.words import Words, places_within
from srcnet_compiler.targets.scapi.model import AREA, DISABLED, Entry


def compute_of(place: Place, areas: Mapping[str, Entry]) -> Iterator[Entry]:
    """Each compute of a site, and behind it its queues and services; `areas` are the site's."""
    numbers: Counter[str] = Counter()
    for compute in place.said.compute:
        names = (f"{place.site.name}/{compute.name}", place.site.name)
        if place.federation.holds_back(compute.drafts, *names):
            continue
        entry = _compute(place, compute)
        yield entry
        yield from _queues(place, compute, entry)
        for offer, said in zip(place.site.services, place.said.services, strict=True):
            held = (offer.label, offer.service, place.site.name)
            if offer.at == compute.name and not place.federation.holds_back(said.drafts, *held):
                yield from _service(place, offer, said, entry, areas, numbers)


def _compute(place: Place, compute: CataloguedCompute) -> Entry:
    site, here, around = place.site, compute.origin, place.around(compute.own)
    exists = once(
        compute_places(place.federation, site, compute),
        tuple(places_within(compute.own, "site")),
        around.origins[""],
    )
    words = Words(exists)
    words.identify(compute.own, identity("compute", site.src, site.known_as, compute.name))
    words.say("name", compute.name, (here.at("name"),))
    words.say("description", compute.description, (here.at("description"),))
    words.say("hardware_type", compute.hardware, (here.at("hardware"),))
    if here.has("capabilities"):
        capabilities = sorted(compute.capabilities, key=repr)
        words.say("hardware_capabilities", capabilities, (here.at("capabilities"),))
    if here.has("enabled"):
        words.say(DISABLED, not compute.enabled, (here.at("enabled"),))
    words.quote(compute.own)
    fields, origins = words.made()
    known = tuple(dict.fromkeys((str(fields["name"]), compute.name)))
    at_first = {"name"} if compute.own.id and "name" not in compute.own.said else set()
    return Entry(
        "compute",
        f"{site.known_as}/{compute.name}",
        site.src,
        fields,
        around.key,
        known_as=known,
        at_first=frozenset(at_first),
        origins=origins,
        drafts=compute.drafts,
    )


# ── queues ────────────────────────────────────────────────────────────────────────────────────


def _queues(place: Place, compute: CataloguedCompute, around: Entry) -> Iterator[Entry]:
    policy = place.federation.compute.policy
    if policy is None:
        return
    label = f"{place.site.name}/{compute.name}"
    clusters: tuple[SlurmCluster | KubernetesCluster, ...] = (
        *place.federation.compute.clusters,
        *place.federation.kubernetes,
    )
    for cluster in (each for each in clusters if each.label == label):
        for name in cluster.queues:
            queue = policy.queues.get(name)
            held = queue is None or place.federation.holds_back(queue.drafts, name, policy.name)
            if queue is not None and not held:
                yield _queue(place, queue, policy, cluster.origin, around)


def _queue(
    place: Place, queue: Queue, policy: ComputePolicy, cluster: Origin, around: Entry
) -> Entry:
    site, stated = place.site, queue.origin.key()
    exists = once(
        (stated, policy.origin.source_map.span(("metadata", "name"))),
        written(cluster, "queues"),
        written(queue.origin, "status"),
        written(policy.origin, "status"),
        accepted(place.federation, queue.name, policy.name),
        ends(place.federation, "queue"),
        around.origins[""],
    )
    words = Words(exists)
    compute = around.name.partition("/")[2]
    words.say("id", identity("queue", site.src, site.known_as, compute, queue.name), ())
    words.say("name", queue.name, (stated,))
    fields, origins = words.made()
    name = f"{around.name}/{queue.name}"
    moves = place.federation.renamed
    before = (m.before for m in moves if (m.kind, m.name) == ("queue", queue.name))
    return Entry(
        "queue",
        name,
        site.src,
        fields,
        around.key,
        known_as=(queue.name, *before),
        origins=origins,
        drafts=queue.drafts,
    )


# ── services ──────────────────────────────────────────────────────────────────────────────────


def _service(
    place: Place,
    offer: SiteService,
    said: CataloguedService,
    around: Entry,
    areas: Mapping[str, Entry],
    numbers: Counter[str],
) -> Iterator[Entry]:
    """None where the catalogue has no word for it."""
    kind: Kind
    if offer.service in LOCAL_SERVICES:
        kind = "local service"
    elif offer.service in GLOBAL_SERVICES:
        kind = "global service"
    else:
        return
    here, site = offer.origin, place.site
    exists = once(
        written(here, "service", "at", "host", "path", "status"),
        accepted(place.federation, offer.label, offer.service, site.name),
        ends(place.federation, "service"),
        around.origins[""],
    )
    words = Words(exists)
    compute = around.name.partition("/")[2]
    where = f"{offer.service}@{offer.host or ''}{offer.path or ''}".rstrip("@")
    numbers[f"{around.name}/{where}"] += 1
    number = numbers[f"{around.name}/{where}"]
    where = where if number == 1 else f"{where}#{number}"
    words.identify(said.own, identity(kind, site.src, site.known_as, compute, where))
    words.say("type", offer.service, (here.at("service"),))
    words.say("name", said.name, (here.at("name"),))
    words.say("version", offer.version, (here.at("version"),))
    words.say("prefix", offer.scheme, (here.at("scheme"),))
    words.say("host", offer.host, (here.at("host"),))
    words.say("port", offer.port, (here.at("port"),))
    words.say("path", offer.path, (here.at("path"),))
    words.say("is_mandatory", said.mandatory, (here.at("mandatory"),))
    if here.has("enabled"):
        words.say(DISABLED, not offer.enabled, (here.at("enabled"),))
    area = areas.get(offer.storage or "")
    if area is not None:
        words.say(AREA, area.id, (here.at("storage"), *area.origins["id"]))
    words.quote(said.own)
    fields, origins = words.made()
    linked = area.key if area is not None and fields[AREA] == area.id else None
    yield Entry(
        kind.replace(" ", "-"),
        f"{around.name}/{where}",
        site.src,
        fields,
        around.key,
        linked,
        known_as=(said.name,) if said.name else (),
        origins=origins,
        drafts=said.drafts,
    )

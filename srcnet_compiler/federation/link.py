"""Specs to one federation: documents by kind, names resolved across files, amounts exact."""

from collections.abc import Iterable, Sequence
from typing import TypeVar, cast

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Outcome, error, has_errors
from srcnet_compiler.federation import lifecycle, policies, shared, sites
from srcnet_compiler.federation.accounts import check_accounts
from srcnet_compiler.federation.amounts import Findings
from srcnet_compiler.federation.cataloguing import (
    check_identities,
    read_catalogued,
    read_site_catalogue,
)
from srcnet_compiler.federation.computing import (
    check_compute,
    ends,
    names_of_drafts,
    read_compute,
    unknown_in_compute,
)
from srcnet_compiler.federation.forges import read_pipelines
from srcnet_compiler.federation.known import known
from srcnet_compiler.federation.model import Federation, Site
from srcnet_compiler.federation.nesting import check_nesting
from srcnet_compiler.federation.notices import Renamed, Waiver
from srcnet_compiler.federation.renames import check_ends, check_moves
from srcnet_compiler.federation.serving import (
    check_serving,
    names_of_drafts_in_serving,
    read_serving,
    unknown_in_serving,
)
from srcnet_compiler.federation.successors import check_renamed
from srcnet_compiler.federation.unique import repeated
from srcnet_compiler.names import SrcName
from srcnet_compiler.schema.common import Document
from srcnet_compiler.schema.data_policy import DataPolicy
from srcnet_compiler.schema.federation import Federation as FederationDocument
from srcnet_compiler.schema.federation import FederationSpec
from srcnet_compiler.schema.lifecycle import Downtime, Moved, Retired
from srcnet_compiler.schema.lifecycle import Waiver as WaiverDocument
from srcnet_compiler.schema.site import Site as SiteDocument
from srcnet_compiler.schema.validate import Located
from srcnet_compiler.span import Origin, Span

D = TypeVar("D", bound=Document)


def link(documents: Iterable[Located[Document]]) -> Outcome[Federation]:
    """One federation from all documents, whatever their order, or every name that does not fit."""
    ordered = sorted(documents, key=lambda d: (d.document.metadata.name, d.origin.at()))
    found = Findings(repeated(_named(ordered)))
    federations = _of(ordered, FederationDocument)
    if len(federations) != 1:
        found.append(_not_one_federation(federations, ordered))
        return Outcome(None, tuple(found))
    federation = _build(ordered, federations[0], found)
    found.extend(_contradictions(federation))
    found.extend(_unknown_names(federation))
    return Outcome(None if has_errors(found) else federation, tuple(found))


def _of(documents: Sequence[Located[Document]], kind: type[D]) -> list[Located[D]]:
    return [cast(Located[D], d) for d in documents if isinstance(d.document, kind)]


def _build(
    documents: Sequence[Located[Document]], head: Located[FederationDocument], found: Findings
) -> Federation:
    spec, origin = head.document.spec, head.origin.below("spec")
    found.extend(_all_draft(spec, origin))
    common = shared.read_shared(spec, origin)
    retired = tuple(
        lifecycle.read_retired(d.document, d.origin, found) for d in _of(documents, Retired)
    )
    renames = [lifecycle.read_moved(d.document, d.origin) for d in _of(documents, Moved)]
    renamed = tuple(move for move in renames if isinstance(move, Renamed))
    read = [
        (d.document, sites.read_site(d.document, d.origin, common, renamed, found))
        for d in _of(documents, SiteDocument)
    ]
    areas = [
        area
        for document, site in read
        for area in sites.read_areas(document, site, common, retired, found)
    ]
    found.extend(repeated((f"storage area `{a.name}`", a.origin.at("name")) for a in areas))
    data_policies = (
        policies.read_policy(d.document, d.origin, retired, found)
        for d in _of(documents, DataPolicy)
    )
    by_name = {area.name: area for area in sorted(areas, key=lambda area: area.name)}
    moves = [move for move in renames if not isinstance(move, Renamed)]
    found.extend(check_moves(moves, by_name))
    compute = read_compute(documents, read, spec, retired, found)
    storage = {name: rule.storage for name, rule in sorted(spec.services.items())}
    ended = {pair for end in retired for pair in ends(end)}
    serving = read_serving(documents, read, compute.policy, storage, ended, found)
    return Federation(
        name=head.document.metadata.name,
        members=tuple(SrcName(member) for member in spec.members),
        aliases={alias: SrcName(name) for alias, name in sorted(spec.aliases.items())},
        regions=common.regions,
        tiers=common.tiers,
        classes=common.classes,
        naming=shared.read_naming(spec, origin),
        data=shared.read_data(spec, origin),
        service_storage=storage,
        token_only=spec.tokenOnly,
        limits=shared.read_limits(spec, origin, found),
        sites={site.name: site for _, site in read},
        areas=by_name,
        policies={policy.name: policy for policy in data_policies},
        compute=compute,
        kubernetes=serving.clusters,
        services=serving.services,
        templates=serving.templates,
        security=serving.security,
        deployed=serving.deployed,
        downtimes=tuple(
            lifecycle.read_downtime(d.document, d.origin, found) for d in _of(documents, Downtime)
        ),
        moved={move.area: move for move in moves},
        retired=retired,
        waivers=tuple(
            lifecycle.read_waiver(d.document, d.origin, found)
            for d in _of(documents, WaiverDocument)
        ),
        pipelines=read_pipelines(spec, origin, documents, read),
        origin=origin,
        links=shared.read_links(spec, origin, found),
        site_catalogue=read_site_catalogue(spec, origin),
        catalogued=read_catalogued(read, retired) if spec.siteCatalogue is not None else (),
        renamed=renamed,
    )


def _all_draft(spec: FederationSpec, origin: Origin) -> Iterable[Diagnostic]:
    for place in shared.draft(spec, origin):
        yield error(
            Code.RESTS_ON_DRAFT,
            "everything rests on the federation, so it cannot be a draft as a whole",
            Label(place),
            help="give `status: draft` to each tier, class, namespace or policy that is not agreed",
        )


def _contradictions(federation: Federation) -> Iterable[Diagnostic]:
    yield from check_accounts(federation.data)
    yield from check_nesting(federation.areas)
    yield from check_ends(federation.retired, federation.areas)
    yield from policies.check_parts(federation.policies.values())
    links = ((f"the link `{x.source}` to `{x.target}`", x.origin.at()) for x in federation.links)
    yield from repeated(links)
    yield from check_compute(federation.compute)
    yield from check_serving(federation)
    yield from check_identities(federation.catalogued)


def _named(documents: Sequence[Located[Document]]) -> Iterable[tuple[str, Span]]:
    for located in documents:
        name, kind = located.document.metadata.name, type(located.document).__name__
        yield f"{kind} `{name}`", located.origin.at("metadata", "name")


def _not_one_federation(
    federations: Sequence[Located[FederationDocument]], documents: Sequence[Located[Document]]
) -> Diagnostic:
    if not federations:
        places = [Label(d.origin.at("kind"), "beside this") for d in documents[:1]]
        return error(
            Code.NO_FEDERATION,
            "no document of kind `Federation` was found",
            *places,
            help="write what the members share in `policies/federation.yaml`",
        )
    labels = [Label(d.origin.at("metadata", "name"), "one here") for d in federations]
    return error(
        Code.NO_FEDERATION,
        f"{len(federations)} documents of kind `Federation` were found; there is exactly one",
        *reversed(labels),
    )


def _unknown_names(federation: Federation) -> Iterable[Diagnostic]:
    now = federation.names_now("site")
    yield from _in_two_regions(federation)
    for site in federation.sites.values():
        yield from known(site.src, federation.members, "member", site.origin, "src")
        if federation.regions and site.region is None:
            yield _in_no_region(federation, site)
        for service in site.services:
            if service.storage is not None:
                yield from known(
                    service.storage,
                    site.areas,
                    f"storage area of `{site.name}`",
                    service.origin,
                    "storage",
                )
            if service.at is not None:
                yield from known(
                    service.at, site.compute, f"compute of `{site.name}`", service.origin, "at"
                )
            if federation.service_storage:
                yield from known(
                    service.service,
                    federation.service_storage,
                    "service of the federation",
                    service.origin,
                    "service",
                )
    for area in federation.areas.values():
        yield from known(area.tier, federation.tiers, "tier", area.origin, "tier")
        if area.within is not None:
            siblings = federation.sites[area.site].areas
            yield from known(
                area.within, siblings, f"storage area of `{area.site}`", area.origin, "within"
            )
    for kind in federation.classes.values():
        yield from known(kind.tier, federation.tiers, "tier", kind.origin, "tier")
    for link in federation.links:
        for name, key in ((link.source, "from"), (link.target, "to")):
            yield from known(name, federation.sites, "site", link.origin, key, now=now)
    yield from _unknown_in_policies(federation)
    yield from unknown_in_compute(federation)
    yield from unknown_in_serving(federation)
    yield from _unknown_in_lifecycle(federation)


def _in_two_regions(federation: Federation) -> Iterable[Diagnostic]:
    first: dict[str, Span] = {}
    for region in federation.regions.values():
        for index, country in enumerate(region.countries):
            here = federation.origin.at("regions", region.name, index)
            if country in first:
                yield error(
                    Code.DUPLICATE_NAME,
                    f"`{country}` lies in two regions, so copies in both might stand in one place",
                    Label(here, "again here"),
                    Label(first[country], "first here"),
                    help="remove it from one of them",
                )
            first.setdefault(country, here)


def _in_no_region(federation: Federation, site: Site) -> Diagnostic:
    return error(
        Code.UNKNOWN_NAME,
        f"`{site.country}` lies in no region of the federation, so no copy can stand there",
        Label(site.origin.at("country")),
        Label(federation.origin.at("regions"), "the regions"),
        help=f"add `{site.country}` to one of {', '.join(f'`{r}`' for r in federation.regions)}",
        subject=site.name,
    )


def _unknown_in_policies(federation: Federation) -> Iterable[Diagnostic]:
    namespaces = [space.name for space in federation.data.namespaces]
    for policy in federation.policies.values():
        for index, name in enumerate(policy.selector.namespaces):
            what = "namespace of the federation"
            yield from known(name, namespaces, what, policy.origin, "selects", "namespaces", index)
        for phase in policy.phases:
            for copies in phase.copies:
                yield from known(copies.tier, federation.tiers, "tier", copies.origin, "tier")
        for extra in policy.extras:
            for index, site in enumerate(extra.sites):
                now = federation.names_now("site")
                yield from known(site, federation.sites, "site", extra.origin, "at", index, now=now)
        if policy.recall is not None:
            recall = policy.recall
            yield from known(recall.tier, federation.tiers, "tier", recall.origin, "to", "tier")
    for alias, member in federation.aliases.items():
        origin = federation.origin
        yield from known(member, federation.members, "member", origin, "aliases", alias)


def _unknown_in_lifecycle(federation: Federation) -> Iterable[Diagnostic]:
    today = {area.name_today for area in federation.areas.values()}
    areas = {*federation.areas, *today}
    services = {
        name
        for site in federation.sites.values()
        for s in site.services
        for name in (s.label, f"{site.name}/{s.service}", f"{site.name}/{s.label}")
    }
    compute = {c for site in federation.sites.values() for c in site.compute}
    there = {*federation.sites, *areas, *services, *compute}
    now, what = federation.names_now("site"), "site, area, compute or service"
    for downtime in federation.downtimes:
        yield from known(downtime.of, there, what, downtime.origin, "of", now=now)
    for move in federation.moved.values():
        yield from known(move.area, federation.areas, "storage area", move.origin, "area")
    yield from check_renamed(federation)
    for end in federation.retired:
        if end.area is not None:
            yield from known(end.area, areas, "storage area", end.origin, "area")
        if end.policy is not None:
            yield from known(end.policy, federation.policies, "data policy", end.origin, "policy")
    for waiver in federation.waivers:
        yield from _unknown_in_waiver(federation, waiver)


def _unknown_in_waiver(federation: Federation, waiver: Waiver) -> Iterable[Diagnostic]:
    """A finding may be of anything, so what its waiver is for is looked at when it is found."""
    if waiver.kind == "draft":
        spaces = [space.name for space in federation.data.namespaces]
        there = {*federation.sites, *federation.areas, *federation.policies, *spaces}
        there |= {*names_of_drafts(federation.compute), *names_of_drafts_in_serving(federation)}
        what = "site, storage area, policy, namespace, cluster, queue, project or service"
        now = federation.names_now("site")
        yield from known(waiver.of, there, what, waiver.origin, "of", now=now)
    elif waiver.kind == "limit" and waiver.what == "recalledData":
        yield from known(waiver.of, federation.policies, "data policy", waiver.origin, "of")
    elif waiver.kind == "limit":
        there = {federation.name, federation.data.name}
        what = "name of the federation or of its system"
        yield from known(waiver.of, there, what, waiver.origin, "of")

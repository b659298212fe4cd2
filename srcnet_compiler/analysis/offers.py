"""Do the sites run the services that they have to, and only such, under hosts of their own?"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from srcnet_compiler.analysis.severity import report
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error, warning
from srcnet_compiler.federation.model import Federation, Site, SiteService
from srcnet_compiler.federation.services import Service
from srcnet_compiler.names import SiteName
from srcnet_compiler.span import Span

_OTHERS = {"dev", "srcdev", "devel", "development", "test", "stage", "staging", "preprod"}
"""Words in a host that speak of another environment than production."""


def check_offers(federation: Federation) -> Iterator[Diagnostic]:
    """Each service for itself, then each site."""
    for service in federation.services.values():
        yield from _contradiction(service)
    asked: dict[SiteName, list[Service]] = defaultdict(list)
    for service in federation.services.values():
        for name in () if service.retired else {*service.must} - {*service.may_not}:
            asked[name].append(service)
    for site in federation.sites.values():
        yield from _missing(federation, site, asked[site.name])
        yield from _unwanted(federation, site)
        yield from _versions(federation, site)
        yield from _hosts(site)


def _contradiction(service: Service) -> Iterator[Diagnostic]:
    """A site that is named on both lists. Where every site has to, the other is the exceptions."""
    for index, name in enumerate(service.may_not):
        if name in service.must and service.origin.has("sites", "must"):
            yield error(
                Code.SERVICE_NOT_WANTED,
                f"`{name}` has to run `{service.name}`, and is not to",
                Label(service.origin.at("sites", "mayNot", index)),
                Label(service.origin.at("sites", "must"), "has to"),
                help="remove it from one of the lists",
                subject=service.name,
            )


def _missing(federation: Federation, site: Site, asked: Sequence[Service]) -> Iterator[Diagnostic]:
    """Nothing is asked of a site of which nobody has said anything yet."""
    if federation.holds_back(site.drafts, site.name):
        return
    there = {each.service for each in site.services if _in_production(each)}
    missing = [service for service in asked if service.name not in there]
    if missing:
        *most, last = (f"`{service.name}`" for service in missing)
        names = f"{', '.join(most)} and {last}" if most else last
        yield warning(
            Code.SERVICE_MISSING,
            f"`{site.name}` has to run {names}, and does not say that it does",
            Label(site.origin.key("services")),
            Label(missing[0].origin.at("sites"), "said here"),
            help=f"add `{{service: {missing[0].name}, host: ...}}` to its `services:`"
            " with what else is known",
            subject=site.name,
        )


def _in_production(service: SiteService) -> bool:
    return service.enabled and service.environment == "production"


def _unwanted(federation: Federation, site: Site) -> Iterator[Diagnostic]:
    for offered in site.services:
        service = federation.services.get(offered.service)
        if service is not None and offered.enabled and site.name in service.may_not:
            index = service.may_not.index(site.name)
            yield report(federation, service.drafts, service.name)(
                Code.SERVICE_NOT_WANTED,
                f"`{site.name}` is not to run `{service.name}`",
                Label(offered.origin.at("service")),
                Label(service.origin.at("sites", "mayNot", index), "said here"),
                help="remove it here, or have the site taken off that list",
                subject=offered.label,
            )


def _versions(federation: Federation, site: Site) -> Iterator[Diagnostic]:
    """Versions that are not the federation's; one that is told less precisely may be."""
    for offered in filter(_in_production, site.services):
        service = federation.services.get(offered.service)
        version = _agreed_version(federation, service) if service is not None else None
        if service is None or version is None or offered.version is None:
            continue
        if not f"{version}.".startswith(f"{offered.version}."):
            yield warning(
                Code.VERSION_DIFFERS,
                f"`{offered.label}` runs version `{offered.version}` of `{service.name}`, and the"
                f" federation `{version}`",
                Label(offered.origin.at("version")),
                Label(service.container.image.origin.at("version"), "the federation's"),
                help="run the same everywhere, and write its version, or none",
                subject=offered.label,
            )


def _agreed_version(federation: Federation, service: Service) -> str | None:
    image = service.container.image
    held = federation.holds_back((*service.drafts, *image.drafts), service.name)
    return None if held else image.version


# ── hosts ─────────────────────────────────────────────────────────────────────────────────────


def _hosts(site: Site) -> Iterator[Diagnostic]:
    """Services in production that lead to another environment.

    A host without a scheme, such as one that measures the network, may serve all of them.
    """
    others = [each for each in site.services if each.enabled and each.environment != "production"]
    for each in filter(_in_production, site.services):
        if each.host is None:
            continue
        same = next((other for other in others if _is_same(each, other)), None)
        words = _OTHERS.intersection(re.split(r"[.-]", each.host.lower()))
        if same is not None:
            place = same.origin.at("host")
            why = f"leads to the same address as in {same.environment}"
            yield _other_host(each, why, place)
        elif words:
            yield _other_host(each, f"leads to a host of `{min(words)}`", None)


def _is_same(service: SiteService, other: SiteService) -> bool:
    """Whether people who open one come to the other."""
    return (
        service.scheme is not None
        and service.service == other.service
        and _address(service) == _address(other)
    )


def _address(service: SiteService) -> tuple[str | None, ...]:
    return (service.scheme, service.host, (service.path or "/").rstrip("/"))


def _other_host(service: SiteService, why: str, other: Span | None) -> Diagnostic:
    return warning(
        Code.HOST_OF_OTHERS,
        f"`{service.label}` is in production, and {why}",
        Label(service.origin.at("host")),
        *([Label(other, "the same here")] if other is not None else []),
        help="write the host of production, or the `environment:` that it belongs to",
        subject=service.label,
    )

"""Do the services of the sites have what they need?"""

from collections import defaultdict
from collections.abc import Iterator

from srcnet_compiler.analysis.storage import is_local
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Severity, warning
from srcnet_compiler.federation.model import Federation, Site, SiteService


def check_services(federation: Federation) -> Iterator[Diagnostic]:
    """Storage that services need, hosts that mean nothing elsewhere, paths that differ."""
    for site in federation.sites.values():
        for service in site.services:
            yield from _storage(federation, service)
            if service.host is not None and is_local(service.host):
                yield Diagnostic(
                    Code.LOCAL_HOST,
                    _severity(service),
                    f"`{service.host}` means another machine for everybody",
                    (Label(service.origin.at("host")),),
                    help="write the name by which others reach it",
                    subject=service.label,
                )
        yield from _mountable(federation, site)
    yield from _paths(federation)


def _severity(service: SiteService) -> Severity:
    in_use = service.enabled and service.environment == "production"
    return Severity.ERROR if in_use else Severity.WARNING


def _storage(federation: Federation, service: SiteService) -> Iterator[Diagnostic]:
    needs = federation.service_storage.get(service.service, "none")
    if needs != "none" and service.storage is None:
        yield Diagnostic(
            Code.SERVICE_WITHOUT_STORAGE,
            _severity(service),
            f"`{service.service}` reads files, but `{service.label}` names no storage area",
            (Label(service.origin.at()),),
            help="add `storage:` with the area whose files it reads",
            subject=service.label,
        )


def _mountable(federation: Federation, site: Site) -> Iterator[Diagnostic]:
    mounting = [
        service
        for service in site.services
        if federation.service_storage.get(service.service) == "mounted"
        and service.enabled
        and service.environment == "production"
    ]
    areas = [federation.areas[name] for name in site.areas]
    if mounting and not any(area.mount for area in areas):
        yield warning(
            Code.NO_MOUNTABLE_AREA,
            f"`{site.name}` offers `{mounting[0].service}`, which mounts an area, "
            "but no area says where it is mounted",
            Label(mounting[0].origin.at("service"), "mounts an area"),
            *(Label(area.origin.at("name"), "has no `posixMount`") for area in areas[:2]),
            help="add `posixMount:` to an area that the site can mount",
            subject=site.name,
        )


def _paths(federation: Federation) -> Iterator[Diagnostic]:
    """Services that clients find by path: one spelling each."""
    by_service: dict[str, dict[str, list[SiteService]]] = defaultdict(lambda: defaultdict(list))
    for site in federation.sites.values():
        for service in site.services:
            reads = federation.service_storage.get(service.service) == "mounted"
            if reads and service.path is not None:
                by_service[service.service][service.path.rstrip("/")].append(service)
    for name, by_path in sorted(by_service.items()):
        if len(by_path) > 1:
            count = sum(len(services) for services in by_path.values())
            spellings = sorted(by_path.items(), key=lambda item: (len(item[1]), item[0]))
            yield warning(
                Code.SERVICE_PATHS_DIFFER,
                f"{count} offers of `{name}` have {len(by_path)} different paths",
                *(
                    Label(services[0].origin.at("path"), f"{len(services)} of {count}")
                    for _, services in spellings
                ),
                help="agree on one path, so that clients need no table",
                subject=name,
            )

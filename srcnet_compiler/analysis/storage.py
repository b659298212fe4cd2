"""Do the storage areas of the sites make sense: names, hosts, systems, pledges?"""

import re
from collections import defaultdict
from collections.abc import Iterator

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error, warning
from srcnet_compiler.federation.model import Endpoint, Federation, StorageArea
from srcnet_compiler.federation.sites import class_in

_SPEAKS = {
    "storm": {"davs", "dav", "https", "http"},
    "xrootd": {"davs", "dav", "https", "http", "root", "roots"},
    "dcache": {"davs", "dav", "https", "http", "root", "roots"},
    "eos": {"davs", "dav", "https", "http", "root", "roots"},
    "ceph": {"s3s", "https", "http"},
    "s3": {"s3s", "https", "http"},
    "posix": {"file"},
}
_SIGNS = (
    ("dcache", re.compile(r"(^|[.-])dcache"), re.compile(r"^/pnfs/"), 2880),
    ("storm", re.compile(r"^storm"), re.compile(r"^/storm/"), None),
    ("xrootd", re.compile(r"^xrootd"), None, 1094),
)
"""What a host, a path or a port says of the system behind it."""
_LOCAL = re.compile(r"localhost(\..*)?|127\..*|0\.0\.0\.0")


def is_local(host: str) -> bool:
    """Whether `host` means something else on every machine."""
    return _LOCAL.fullmatch(host) is not None


def check_storage(federation: Federation) -> Iterator[Diagnostic]:
    """Every storage area for itself, then names that several areas share."""
    for area in federation.areas.values():
        yield from _pledge(area)
        yield from _class(federation, area)
        yield from _reach(federation, area)
        for endpoint in area.endpoints:
            yield from _endpoint(federation, area, endpoint)
    yield from _shared_names(federation)


def _pledge(area: StorageArea) -> Iterator[Diagnostic]:
    for key, amount in (("capacity", area.capacity), ("pledged", area.pledged)):
        if amount == 0 and area.origin.has(key):
            yield error(
                Code.QUANTITY,
                f"`{area.name}` holds nothing",
                Label(area.origin.at(key)),
                help=f"leave `{key}` out where it is not known",
                subject=area.name,
            )
    if area.capacity is not None and (area.pledged or 0) > area.capacity:
        yield error(
            Code.PLEDGE_OVER_CAPACITY,
            f"`{area.name}` pledges more than it has",
            Label(area.origin.at("pledged"), "pledged"),
            Label(area.origin.at("capacity"), "capacity"),
            help="lower `pledged`, or raise `capacity`",
            subject=area.name,
        )


def _class(federation: Federation, area: StorageArea) -> Iterator[Diagnostic]:
    kind = federation.classes.get(class_in(area.name, federation.classes) or "")
    if kind is None:
        return
    for key, here, there in (("tier", area.tier, kind.tier), ("role", area.role, kind.role)):
        if here != there:
            yield error(
                Code.TIER_AGAINST_CLASS,
                f"`{area.name}` has {key} `{here}`, but class `{kind.name}` means {key} `{there}`",
                Label(area.origin.at(key) if area.origin.has(key) else area.origin.at("name")),
                Label(
                    kind.origin.at(key) if kind.origin.has(key) else kind.origin.at(), "the class"
                ),
                help=f"write `{key}: {there}`, or choose another class for the name",
                subject=area.name,
            )


def _reach(federation: Federation, area: StorageArea) -> Iterator[Diagnostic]:
    held = federation.holds_back(area.drafts, area.name, area.site)
    if area.enabled and not area.endpoints and not held:
        yield warning(
            Code.AREA_WITHOUT_ENDPOINTS,
            f"`{area.name}` is described, but nothing can reach it, so it is left alone",
            Label(area.origin.at("name")),
            help="add `endpoints:`, or `enabled: false` until there are some",
            subject=area.name,
        )


def _endpoint(
    federation: Federation, area: StorageArea, endpoint: Endpoint
) -> Iterator[Diagnostic]:
    if endpoint.protocol not in _SPEAKS[area.system]:
        yield error(
            Code.SYSTEM_CONTRADICTED,
            f"`{area.system}` does not speak `{endpoint.protocol}`",
            Label(endpoint.origin.at("protocol")),
            Label(area.origin.at("system"), "the system"),
            help=f"one of {', '.join(sorted(_SPEAKS[area.system]))}, or another `system`",
            subject=area.name,
        )
    elif endpoint.protocol != "file":
        yield from _signs(area, endpoint)
    if federation.token_only and endpoint.protocol in ("http", "dav"):
        yield error(
            Code.PLAIN_HTTP,
            f"`{area.name}` is reached by plain {endpoint.protocol}, which shows tokens to all",
            Label(endpoint.origin.at("protocol")),
            Label(federation.origin.at("tokenOnly"), "access is by tokens alone"),
            help="offer `davs` or `https`, or set this aside by a `Waiver` until then",
            subject=area.name,
        )
    if endpoint.protocol != "file" and is_local(endpoint.host):
        yield error(
            Code.LOCAL_HOST,
            f"`{endpoint.host}` means another machine for everybody",
            Label(endpoint.origin.at("host")),
            help="write the name by which others reach it",
            subject=area.name,
        )


def signs(host: str, path: str, port: int | None) -> tuple[str, str] | None:
    """The system that an address shows, and what of it shows it: host, path or port."""
    for system, of_host, of_path, of_port in _SIGNS:
        if of_host.search(host):
            return system, "host"
        if of_path is not None and of_path.search(path):
            return system, "path"
        if of_port is not None and of_port == port:
            return system, "port"
    return None


def _signs(area: StorageArea, endpoint: Endpoint) -> Iterator[Diagnostic]:
    found = signs(endpoint.host, endpoint.path, endpoint.port)
    if found is None or found[0] == area.system:
        return
    system, key = found
    yield error(
        Code.SYSTEM_CONTRADICTED,
        f"`{area.name}` is called `{area.system}`, but its {key} is that of `{system}`",
        Label(area.origin.at("system")),
        Label(endpoint.origin.at(key), f"a {key} of {system}"),
        help=f"write `system: {system}`",
        subject=area.name,
    )


def _shared_names(federation: Federation) -> Iterator[Diagnostic]:
    by_name: dict[str, list[StorageArea]] = defaultdict(list)
    for area in federation.areas.values():
        by_name[area.name_today].append(area)
    for name, areas in sorted(by_name.items()):
        if len(areas) > 1:
            hosts = sorted({e.host for area in areas for e in area.endpoints})
            labels = [
                Label(area.origin.at("nameToday" if area.origin.has("nameToday") else "name"))
                for area in areas
            ]
            yield error(
                Code.ONE_NAME_SEVERAL_HOSTS,
                f"{len(areas)} areas are `{name}` today, on {len(hosts)} hosts: {', '.join(hosts)}",
                *labels,
                help="one name is one area: keep `nameToday` where the data are, remove the others",
                subject=name,
            )


def check_reach(federation: Federation) -> Iterator[Diagnostic]:
    """Regions in which nothing can be kept online."""
    tiers = [t for t in federation.tiers.values() if t.counts and not t.archive]
    for region in federation.regions.values():
        held = [a for a in federation.areas.values() if a.region == region.name and a.counts]
        if tiers and not any(a.tier == t.name for a in held for t in tiers):
            yield warning(
                Code.NO_COPY_REGION,
                f"no area in region `{region.name}` can keep data online",
                Label(federation.origin.key("regions", region.name)),
                help="until a site there offers one, no copy can stand in this region",
                subject=region.name,
            )
